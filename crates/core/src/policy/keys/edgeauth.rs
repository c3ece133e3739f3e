//! Keys for Akamai EdgeAuth tokens.

use crate::crypto::Hash;
use crate::key::{EdgeAuthKey, Principal};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret};

use super::{place, read_principal};

#[derive(Clone, Debug)]
pub(in crate::policy) struct EdgeAuthSpec {
    id: String,
    secret: String,
    salt: Option<String>,
    token_name: String,
    algorithm: Hash,
    escape_early: bool,
    principal: Principal,
}

const ALGORITHMS: [(&str, Hash); 3] =
    [("sha256", Hash::Sha256), ("sha1", Hash::Sha1), ("md5", Hash::Md5)];

impl EdgeAuthSpec {
    pub(super) fn token_name(&self) -> &str {
        &self.token_name
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&[
            "dialect",
            "secret",
            "salt",
            "token_name",
            "algorithm",
            "escape_early",
            "principal",
        ])?;
        let token_name = match fields.optional("token_name") {
            Some(node) => read_token_name(&node)?,
            None => "__token__".to_owned(),
        };
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            salt: fields.optional("salt").map(|node| node.secret_name()).transpose()?,
            token_name,
            algorithm: match fields.optional("algorithm") {
                Some(node) => node.one_of(&ALGORITHMS)?,
                None => Hash::Sha256,
            },
            escape_early: match fields.optional("escape_early") {
                Some(node) => node.boolean()?,
                None => false,
            },
            principal: read_principal(&fields.required("principal")?)?,
        })
    }

    pub(super) fn resolve(&self, secrets: &Secrets<'_>) -> Result<EdgeAuthKey, PolicyError> {
        let place = |field| place(&self.id, field);
        let secret = resolve_secret(secrets, &self.secret, place("secret"))?;
        if hex::decode(secret.expose()).is_err() {
            let problem = format!(
                "secret `{}` must be an even number of hexadecimal digits, as Akamai hands keys out",
                self.secret
            );
            return Err(PolicyError::new(place("secret"), problem));
        }
        let salt = self.salt.as_ref().map(|name| resolve_secret(secrets, name, place("salt")));
        Ok(EdgeAuthKey {
            id: self.id.clone(),
            token_name: self.token_name.clone(),
            secret,
            salt: salt.transpose()?,
            algorithm: self.algorithm,
            escape_early: self.escape_early,
            principal: self.principal.clone(),
        })
    }

    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        let salt = self.salt.clone().map(|name| (name, place(&self.id, "salt")));
        [(self.secret.clone(), place(&self.id, "secret"))].into_iter().chain(salt).collect()
    }
}

/// A name that is not a header's with a meaning of its own: every request that has the header
/// would present a token.
fn read_token_name(node: &Node<'_>) -> Result<String, PolicyError> {
    const BEGINNINGS: [&str; 8] =
        ["accept", "access-control-", "cf-", "content-", "if-", "sec-", "x-amz-", "x-forwarded-"];
    const NAMES: [&str; 12] = [
        "authorization",
        "cache-control",
        "connection",
        "cookie",
        "date",
        "host",
        "origin",
        "range",
        "referer",
        "te",
        "user-agent",
        "via",
    ];
    let name = node.token_name()?;
    if NAMES.contains(&name.as_str()) || BEGINNINGS.iter().any(|begin| name.starts_with(begin)) {
        return node.error(format!(
            "must not be `{name}`, a header with a meaning of its own; Akamai's names are \
             `__token__`, `hdnts` and `hdntl`"
        ));
    }
    Ok(name)
}
