//! The private keys with which signed URLs and cookies are signed.

use std::collections::BTreeMap;

use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::desk::Desk;
use cloakroom_core::desk::signed_urls::Signing;
use cloakroom_core::public_key::{PublicKey, SigningKey};

/// All of them, read once, by the place that names each.
pub(crate) struct PrivateKeys(BTreeMap<String, PrivateKey>);

impl PrivateKeys {
    /// Reads the keys of `desk`.
    ///
    /// # Errors
    /// Says which key cannot be read, or is not the one that the policy has the public half of.
    pub(crate) fn read(desk: &Desk) -> Result<Self, String> {
        let read = |key: &SigningKey| {
            let private = read_one(key).map_err(|why| format!("policy: at `{}`: {why}", key.place));
            Ok((key.place.clone(), private?))
        };
        desk.signing_keys().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The signatures that an order waits for; none where the key does not sign.
    pub(crate) fn sign(&self, signing: &Signing) -> Vec<Vec<u8>> {
        let Some(key) = signing.key() else { return Vec::new() };
        let Some(private) = self.0.get(&key.place) else { return Vec::new() };
        let sign = |message| private.sign(key.public_key.algorithm(), message);
        signing.messages().map(sign).collect::<Result<_, _>>().unwrap_or_default()
    }
}

fn read_one(key: &SigningKey) -> Result<PrivateKey, String> {
    let private = PrivateKey::from_pem(key.pem.expose()).map_err(|why| format!("secret {why}"))?;
    let public = PublicKey::from_pem(key.public_key.algorithm(), private.public_pem());
    match public {
        Ok(public) if public == key.public_key => Ok(private),
        _ => Err("the private key is another than the key's `public_key`".to_owned()),
    }
}
