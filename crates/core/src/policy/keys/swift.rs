//! Keys for Swift's authentication.

use crate::key::{Principal, SwiftKey};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_signing_secret};
use crate::route::PathPattern;

use super::{place, read_principal};

#[derive(Clone, Debug)]
pub(in crate::policy) struct SwiftSpec {
    id: String,
    secret: String,
    path: String,
    principal: Principal,
}

/// Longer names of users are refused, in bytes, as Swift refuses those of accounts.
const MAX_ID_LENGTH: usize = 256;

impl SwiftSpec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "secret", "path", "principal"])?;
        let is_name = (1..=MAX_ID_LENGTH).contains(&id.len());
        // What clients send in a header arrives as it is.
        if !is_name || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return node.error(
                "has a name that no client can send: a user is of 1 to 256 printable ASCII \
                 characters without spaces, as in `acme:bob`",
            );
        }
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            path: read_account(&fields.required("path")?)?,
            principal: read_principal(&fields.required("principal")?)?,
        })
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(super) fn resolve(&self, secrets: &Secrets<'_>) -> Result<SwiftKey, PolicyError> {
        Ok(SwiftKey {
            id: self.id.clone(),
            // It seals tokens, so it can be tried against guesses.
            secret: resolve_signing_secret(secrets, &self.secret, place(&self.id, "secret"))?,
            path: self.path.clone(),
            principal: self.principal.clone(),
        })
    }

    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        vec![(self.secret.clone(), place(&self.id, "secret"))]
    }
}

/// `/v1/AUTH_acme/`: clients look for the version, and add a container.
fn read_account(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = node.string()?;
    let path = PathPattern::parse(text).ok().filter(|path| path.names().next().is_none());
    let account = text.strip_prefix("/v1/").and_then(|rest| rest.strip_suffix('/'));
    match (path, account) {
        (Some(_), Some(account)) if !account.is_empty() && !account.contains('/') => {
            Ok(text.to_owned())
        }
        _ => {
            node.error(format!("must be an account's path, as in `/v1/AUTH_acme/`; found `{text}`"))
        }
    }
}
