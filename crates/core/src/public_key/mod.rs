//! Signatures with public keys, which the core never checks itself.
//!
//! RSA, ECDSA and Ed25519 are the adapter's: WebCrypto at the edge, a crate elsewhere. The core
//! says what to check ([`SignatureCheck`]), the adapter says whether it holds, and until then
//! there is no grant ([`PendingGrant`](crate::grant::PendingGrant)).
//!
//! Nor does it sign with private keys: it says which messages are to be signed with which
//! [`SigningKey`], and the adapter hands back the signatures.
//!
//! Keys are SubjectPublicKeyInfo (RFC 5280, section 4.1) in PEM (RFC 7468), what
//! `openssl pkey -pubout` writes. Signatures are in the form that WebCrypto takes: PKCS #1 v1.5
//! for RSA, `r` and `s` side by side for ECDSA (IEEE P1363), 64 bytes for Ed25519 (RFC 8032).

mod der;
mod ecdsa;
mod spki;

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

pub use self::ecdsa::{der_from_p1363, p1363_from_der};
use crate::secret::Secret;

/// An algorithm, fixed by the key and never by what was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1, which CloudFront's signers use to this day.
    RsaSha1,
    /// RSASSA-PKCS1-v1_5 with SHA-256; `RS256` of RFC 7518.
    RsaSha256,
    /// ECDSA over P-256 with SHA-1.
    EcdsaSha1,
    /// ECDSA over P-256 with SHA-256; `ES256` of RFC 7518.
    EcdsaSha256,
    /// Ed25519; `EdDSA` of RFC 8037.
    Ed25519,
}

/// What a key is for, told by the identifiers in its SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `rsaEncryption`
    Rsa,
    /// `id-ecPublicKey` on `prime256v1`
    P256,
    /// `id-Ed25519`
    Ed25519,
}

impl Algorithm {
    /// The type of the keys it takes.
    pub const fn key_type(self) -> KeyType {
        match self {
            Self::RsaSha1 | Self::RsaSha256 => KeyType::Rsa,
            Self::EcdsaSha1 | Self::EcdsaSha256 => KeyType::P256,
            Self::Ed25519 => KeyType::Ed25519,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::P256 => "P-256",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// A public key and the one algorithm it is used with.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    spki: Vec<u8>,
    /// Where the key inside begins, which ends with it.
    start: usize,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`: RSA of 2048 to 4096 bits with the exponent 65537 or 3,
    /// P-256 with its point uncompressed, or Ed25519. Whether the point lies on the curve is for
    /// the adapter to find out.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, String> {
        let body = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or(
                "must be a public key in PEM, as `openssl pkey -in key.pem -pubout` writes it",
            )?;
        let base64: String = body.split_ascii_whitespace().collect();
        let spki = BASE64_STANDARD
            .decode(base64)
            .map_err(|_| "has something else than base64 between its two lines".to_owned())?;
        let key = spki::subject_public_key(algorithm.key_type(), &spki)?;
        let start = spki.len() - key.len();
        Ok(Self { algorithm, spki, start })
    }

    /// The algorithm that it is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The DER of its SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key inside, `subjectPublicKey`: for RSA the DER of an RSAPublicKey (RFC 8017, appendix
    /// A.1.1), for P-256 the point uncompressed (SEC 1, section 2.3.3), for Ed25519 its 32 bytes.
    pub fn subject_public_key(&self) -> &[u8] {
        self.spki.get(self.start..).unwrap_or_default()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {} bytes)", self.algorithm, self.spki.len())
    }
}

/// A question to the adapter: is this the signature of that key on that message?
#[derive(Clone)]
pub struct SignatureCheck {
    /// The key, with its algorithm.
    pub key: PublicKey,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature in WebCrypto's form.
    pub signature: Vec<u8>,
}

impl fmt::Debug for SignatureCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureCheck({:?})", self.key)
    }
}

/// A private key that an adapter signs with, as the core knows it: unread.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The place in the policy that names its secret.
    pub place: String,
    /// The secret: the key in PEM.
    pub pem: Secret,
    /// The public key that proves its signatures.
    pub public_key: PublicKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

    #[test]
    fn a_key_fits_its_algorithm() {
        assert_eq!(PublicKey::from_pem(Algorithm::Ed25519, ED25519).unwrap().spki().len(), 44);
        let error = PublicKey::from_pem(Algorithm::RsaSha256, ED25519).unwrap_err();
        assert!(error.contains("RSA"), "{error}");
        for (text, why) in [
            ("", "in PEM"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----", "in PEM"),
            ("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----", "base64"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "Ed25519"),
        ] {
            let error = PublicKey::from_pem(Algorithm::Ed25519, text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
