//! OpenStack Swift and Rackspace Cloud Files.

use std::time::Duration;

use crate::crypto::Hash;
use crate::endpoint::Endpoint;
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret};
use crate::store::{SwiftAuth, SwiftStore};

use super::auth::AuthSpec;
use super::read_timeout;

#[derive(Clone, Debug)]
pub(in crate::policy) struct SwiftSpec {
    endpoint: Endpoint,
    account: String,
    keys: Vec<String>,
    digest: Hash,
    timeout: Duration,
    auth: Option<AuthSpec>,
}

const DIGESTS: [(&str, Hash); 3] =
    [("sha1", Hash::Sha1), ("sha256", Hash::Sha256), ("sha512", Hash::Sha512)];

/// An account or a container has two keys (*TempURL* in the documentation of Swift).
const MAX_KEYS: usize = 2;

impl SwiftSpec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields =
            node.object(&["kind", "endpoint", "account", "keys", "digest", "timeout", "auth"])?;
        let endpoint = fields.required("endpoint")?;
        let account = fields.required("account")?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        let name = account.string()?;
        if name.is_empty() || !name.bytes().all(plain) {
            return account.error("must be an account such as `AUTH_shop`");
        }
        let keys = fields.required("keys")?;
        let names = keys.each(|node| node.secret_name())?;
        if names.is_empty() || names.len() > MAX_KEYS {
            return keys.error(
                "must name one TempURL key or two; the second is tried where the first is refused",
            );
        }
        Ok(Self {
            endpoint: Endpoint::parse(endpoint.string()?).or_else(|why| endpoint.error(why))?,
            account: name.to_owned(),
            keys: names,
            digest: match fields.optional("digest") {
                Some(node) => node.one_of(&DIGESTS)?,
                None => Hash::Sha256,
            },
            timeout: read_timeout(&fields)?,
            auth: fields.optional("auth").map(|node| AuthSpec::read(&node)).transpose()?,
        })
    }

    /// What gives tokens of the account; none where the policy does not say.
    pub(in crate::policy) fn resolve_auth(
        &self,
        name: &str,
        secrets: &Secrets<'_>,
    ) -> Result<Option<SwiftAuth>, PolicyError> {
        self.auth.as_ref().map(|auth| auth.resolve(name, secrets)).transpose()
    }

    /// Whether tokens of the account can be had.
    pub(in crate::policy) fn has_auth(&self) -> bool {
        self.auth.is_some()
    }

    pub(super) fn resolve(
        &self,
        name: &str,
        secrets: &Secrets<'_>,
    ) -> Result<SwiftStore, PolicyError> {
        let key = |(secret, place): (String, String)| resolve_secret(secrets, &secret, place);
        Ok(SwiftStore {
            name: name.to_owned(),
            endpoint: self.endpoint.clone(),
            account: self.account.clone(),
            keys: self.key_names(name).map(key).collect::<Result<_, _>>()?,
            digest: self.digest,
            timeout: self.timeout,
        })
    }

    pub(super) fn secret_names(&self, name: &str) -> Vec<(String, String)> {
        let auth = self.auth.as_ref().map(|auth| auth.secret_names(name));
        self.key_names(name).chain(auth.into_iter().flatten()).collect()
    }

    fn key_names(&self, name: &str) -> impl Iterator<Item = (String, String)> {
        let keys = self.keys.iter().enumerate();
        keys.map(move |(n, key)| (key.clone(), format!("stores.{name}.keys[{n}]")))
    }
}
