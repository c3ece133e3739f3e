//! Keys for Swift TempURLs.

use crate::crypto::Hash;
use crate::key::{Principal, TempUrlKey};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret};

use super::{place, read_principal};

#[derive(Clone, Debug)]
pub(in crate::policy) struct TempUrlSpec {
    id: String,
    secret: String,
    path: String,
    digests: Vec<Hash>,
    principal: Principal,
}

const DIGESTS: [(&str, Hash); 3] =
    [("sha1", Hash::Sha1), ("sha256", Hash::Sha256), ("sha512", Hash::Sha512)];

/// What Swift itself takes by default.
const DEFAULT_DIGESTS: [Hash; 2] = [Hash::Sha256, Hash::Sha512];

impl TempUrlSpec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "secret", "path", "digests", "principal"])?;
        let path = fields.required("path")?;
        let text = path.string()?;
        if !text.starts_with('/') || !text.ends_with('/') {
            return path.error(format!(
                "must begin and end with `/`, as in `/v1/AUTH_shop/photos/`; found `{text}`"
            ));
        }
        let digests = match fields.optional("digests") {
            None => DEFAULT_DIGESTS.to_vec(),
            Some(node) => node.each(|node| node.one_of(&DIGESTS))?,
        };
        if digests.is_empty() {
            return node.error("needs at least one of `digests`");
        }
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            path: text.to_owned(),
            digests,
            principal: read_principal(&fields.required("principal")?)?,
        })
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn resolve(&self, secrets: &Secrets<'_>) -> Result<TempUrlKey, PolicyError> {
        Ok(TempUrlKey {
            id: self.id.clone(),
            // Swift has the key, too, and says how long it is.
            secret: resolve_secret(secrets, &self.secret, place(&self.id, "secret"))?,
            path: self.path.clone(),
            digests: self.digests.clone(),
            principal: self.principal.clone(),
        })
    }

    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        vec![(self.secret.clone(), place(&self.id, "secret"))]
    }
}
