//! Keys for AWS Signature Version 4.

use crate::key::{Principal, Sigv4Key};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret, resolve_signing_secret};

use super::{optional_string, place, read_principal};

#[derive(Clone, Debug)]
pub(in crate::policy) struct Sigv4Spec {
    id: String,
    secret: String,
    session_token: Option<String>,
    region: Option<String>,
    pub(in crate::policy) principal: Principal,
}

impl Sigv4Spec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "secret", "principal", "session_token", "region"])?;
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            session_token: fields.optional("session_token").map(|n| n.secret_name()).transpose()?,
            region: optional_string(fields.optional("region"))?,
            principal: read_principal(&fields.required("principal")?)?,
        })
    }

    pub(in crate::policy) fn resolve(
        &self,
        secrets: &Secrets<'_>,
    ) -> Result<Sigv4Key, PolicyError> {
        let token = self.session_token.as_ref();
        let token =
            token.map(|name| resolve_secret(secrets, name, place(&self.id, "session_token")));
        Ok(Sigv4Key {
            id: self.id.clone(),
            secret_access_key: resolve_signing_secret(
                secrets,
                &self.secret,
                place(&self.id, "secret"),
            )?,
            session_token: token.transpose()?,
            region: self.region.clone(),
            principal: self.principal.clone(),
        })
    }

    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        let secret = (self.secret.clone(), place(&self.id, "secret"));
        let token = self.session_token.clone();
        let token = token.map(|name| (name, place(&self.id, "session_token")));
        [secret].into_iter().chain(token).collect()
    }
}
