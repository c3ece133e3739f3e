//! Private keys of RSA: RustCrypto reads and has them, and ring signs faster where it can.

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1::EncodeRsaPrivateKey;
use sha1::Sha1;
use sha2::Sha256;

pub(crate) struct RsaKey {
    key: rsa::PrivateKey,
    /// None for the few keys that ring does not sign with: those whose public exponent is 3, and
    /// those of an unusual size.
    in_ring: Option<RsaKeyPair>,
}

impl RsaKey {
    pub(crate) fn new(key: rsa::PrivateKey) -> Self {
        let der = key.to_pkcs1_der().ok();
        let in_ring = der.and_then(|der| RsaKeyPair::from_der(der.as_bytes()).ok());
        Self { key, in_ring }
    }

    pub(crate) fn public_key(&self) -> rsa::PublicKey {
        self.key.to_public_key()
    }

    /// For CloudFront alone, and so not in ring.
    pub(crate) fn sign_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.key.pkcs1v15_sign::<Sha1>(message).ok()
    }

    pub(crate) fn sign_sha256(&self, message: &[u8]) -> Option<Vec<u8>> {
        let Some(key) = &self.in_ring else {
            return self.key.pkcs1v15_sign::<Sha256>(message).ok();
        };
        let mut signature = vec![0; key.public().modulus_len()];
        // PKCS #1 v1.5 signs with no random bytes, but ring asks for their source.
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }
}
