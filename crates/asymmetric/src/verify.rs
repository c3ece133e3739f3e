//! Whether a signature is the one of a key on a message.

use cloakroom_core::public_key::{Algorithm, SignatureCheck};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs8::DecodePublicKey;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Whether a signature holds. A key that cannot be read holds nothing.
pub fn holds(check: &SignatureCheck) -> bool {
    let SignatureCheck { key, message, signature } = check;
    let rsa = || rsa::PublicKey::from_public_key_der(key.spki()).ok();
    match key.algorithm() {
        Algorithm::RsaSha1 => {
            rsa().is_some_and(|key| key.pkcs1v15_verify::<Sha1>(message, signature).is_ok())
        }
        Algorithm::RsaSha256 => {
            rsa().is_some_and(|key| key.pkcs1v15_verify::<Sha256>(message, signature).is_ok())
        }
        Algorithm::EcdsaSha1 => ecdsa_holds(key.spki(), &Sha1::digest(message), signature),
        Algorithm::EcdsaSha256 => ecdsa_holds(key.spki(), &Sha256::digest(message), signature),
        Algorithm::Ed25519 => ed25519_holds(key.spki(), message, signature),
    }
}

fn ecdsa_holds(spki: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(spki);
    let signature = p256::ecdsa::Signature::from_slice(signature);
    key.ok()
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify_prehash(digest, &signature).is_ok())
}

fn ed25519_holds(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = ed25519_dalek::VerifyingKey::from_public_key_der(spki);
    let signature = ed25519_dalek::Signature::from_slice(signature);
    // Strictly: a weak key, under which one signature holds for many messages, holds nothing.
    key.ok()
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
}
