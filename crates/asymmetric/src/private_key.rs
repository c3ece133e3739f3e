//! Private keys, for apps that issue tickets and for the command line.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_core::public_key::{Algorithm, KeyType, PublicKey};
use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::spki::Error as PublicKeyError;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::rsa_key::RsaKey;

/// A private key: RSA of 2048 to 4096 bits, P-256 or Ed25519.
pub struct PrivateKey {
    key: Key,
    public_pem: String,
}

enum Key {
    Rsa(Box<RsaKey>),
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// Reads the first private key of a PEM text (RFC 7468): PKCS #8 (`PRIVATE KEY`), PKCS #1
    /// (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`).
    ///
    /// # Errors
    /// Says what is wrong and what would be right, and nothing of the key.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let (label, body) = private_block(text)
            .ok_or("must be a private key in PEM, as `openssl genpkey` writes it")?;
        if label == "ENCRYPTED PRIVATE KEY" || body.contains("ENCRYPTED") {
            return Err("is encrypted; decrypt it with `openssl pkey -in key.pem`".to_owned());
        }
        let base64: String = body.split_ascii_whitespace().collect();
        let der = BASE64_STANDARD
            .decode(base64)
            .map_err(|_| "has something else than base64 between its two lines")?;
        let key = match label {
            "PRIVATE KEY" => read_pkcs8(&der)
                .ok_or("must be a key for RSA, P-256 or Ed25519, whole and not changed")?,
            "RSA PRIVATE KEY" => rsa::PrivateKey::from_pkcs1_der(&der)
                .map(Key::rsa)
                .map_err(|_| "must be an RSA key, whole and not changed")?,
            "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(&der)
                .map(|key| Key::P256(key.into()))
                .map_err(|_| "must be a key on the curve P-256, whole and not changed")?,
            label => return Err(format!("is of a kind that is not read here: `{label}`")),
        };
        let public_pem = key.public_pem().map_err(|_| "has no public key that can be written")?;
        // A key whose signatures nobody would take is of no use.
        PublicKey::from_pem(key.some_algorithm(), &public_pem)?;
        Ok(Self { key, public_pem })
    }

    /// What it is for.
    pub fn key_type(&self) -> KeyType {
        self.key.some_algorithm().key_type()
    }

    /// Its public key in PEM, as policies hold it.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The signature on `message`, in the form that a
    /// [`SignatureCheck`](cloakroom_core::public_key::SignatureCheck) holds: for ECDSA the two
    /// numbers side by side, 64 bytes.
    ///
    /// # Errors
    /// When `algorithm` takes keys of another type.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String> {
        let signature = match (&self.key, algorithm) {
            (Key::Rsa(key), Algorithm::RsaSha1) => key.sign_sha1(message),
            (Key::Rsa(key), Algorithm::RsaSha256) => key.sign_sha256(message),
            (Key::P256(key), Algorithm::EcdsaSha1) => sign_ecdsa(key, &Sha1::digest(message)),
            (Key::P256(key), Algorithm::EcdsaSha256) => sign_ecdsa(key, &Sha256::digest(message)),
            (Key::Ed25519(key), Algorithm::Ed25519) => Some(key.sign(message).to_bytes().to_vec()),
            _ => {
                let (found, wanted) = (self.key_type(), algorithm.key_type());
                return Err(format!(
                    "is a key for {found}, and the algorithm takes one for {wanted}"
                ));
            }
        };
        signature.ok_or_else(|| "the key cannot sign".to_owned())
    }
}

impl Key {
    fn rsa(key: rsa::PrivateKey) -> Self {
        Self::Rsa(Box::new(RsaKey::new(key)))
    }

    /// An algorithm that takes it.
    fn some_algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RsaSha256,
            Self::P256(_) => Algorithm::EcdsaSha256,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    fn public_pem(&self) -> Result<String, PublicKeyError> {
        match self {
            Self::Rsa(key) => key.public_key().to_public_key_pem(LineEnding::LF),
            Self::P256(key) => key.verifying_key().to_public_key_pem(LineEnding::LF),
            Self::Ed25519(key) => key.verifying_key().to_public_key_pem(LineEnding::LF),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.key_type())
    }
}

/// The same signature each time (RFC 6979), so that what is cached by its URL stays so.
fn sign_ecdsa(key: &p256::ecdsa::SigningKey, digest: &[u8]) -> Option<Vec<u8>> {
    let signature: p256::ecdsa::Signature = key.sign_prehash(digest).ok()?;
    Some(signature.to_vec())
}

fn read_pkcs8(der: &[u8]) -> Option<Key> {
    let rsa = || Some(Key::rsa(rsa::PrivateKey::from_pkcs8_der(der).ok()?));
    let p256 = || Some(Key::P256(p256::ecdsa::SigningKey::from_pkcs8_der(der).ok()?));
    let ed25519 = || Some(Key::Ed25519(ed25519_dalek::SigningKey::from_pkcs8_der(der).ok()?));
    rsa().or_else(p256).or_else(ed25519)
}

/// The first block whose label says that it is a private key: label and body. Others may stand
/// around it: `openssl ecparam -genkey` writes the curve before the key.
fn private_block(text: &str) -> Option<(&str, &str)> {
    text.split("-----BEGIN ").skip(1).find_map(|block| {
        let (label, rest) = block.split_once("-----")?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        label.ends_with("PRIVATE KEY").then_some((label, body))
    })
}
