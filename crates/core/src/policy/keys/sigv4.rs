//! Keys for AWS Signature Version 4.

use crate::key::{Principal, Sigv4Key};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret, resolve_signing_secret};

use super::{place, read_principal};

#[derive(Clone, Debug)]
pub(in crate::policy) struct Sigv4Spec {
    id: String,
    secret: String,
    session_token: Option<String>,
    regions: Vec<String>,
    pub(in crate::policy) principal: Principal,
}

impl Sigv4Spec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "secret", "principal", "session_token", "region"])?;
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            session_token: fields.optional("session_token").map(|n| n.secret_name()).transpose()?,
            regions: fields.optional("region").map(read_regions).transpose()?.unwrap_or_default(),
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
            )?
            .into(),
            session_token: token.transpose()?,
            regions: self.regions.clone(),
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

/// `"us-east-1"`, or several: R2 takes both `["auto", "us-east-1"]`.
fn read_regions(node: Node<'_>) -> Result<Vec<String>, PolicyError> {
    if node.is_string() {
        return Ok(vec![node.string()?.to_owned()]);
    }
    let regions = node.each(|node| node.string().map(str::to_owned))?;
    if regions.is_empty() {
        return node.error("needs at least one region");
    }
    Ok(regions)
}
