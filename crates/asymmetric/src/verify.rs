//! Whether a signature is the one of a key on a message.

use cloakroom_core::public_key::{Algorithm, SignatureCheck};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use sha1::{Digest, Sha1};

/// Whether a signature holds. A key that cannot be read holds nothing.
///
/// Keys are read each time: with ring that takes next to nothing of the time of a proof.
pub fn holds(check: &SignatureCheck) -> bool {
    match check.key.algorithm() {
        Algorithm::RsaSha1 => ring_holds(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, check),
        Algorithm::RsaSha256 => ring_holds(&RSA_PKCS1_2048_8192_SHA256, check),
        Algorithm::EcdsaSha1 => ecdsa_sha1_holds(check),
        Algorithm::EcdsaSha256 => ring_holds(&ECDSA_P256_SHA256_FIXED, check),
        Algorithm::Ed25519 => ed25519_holds(check),
    }
}

fn ring_holds(algorithm: &'static dyn VerificationAlgorithm, check: &SignatureCheck) -> bool {
    let key = UnparsedPublicKey::new(algorithm, check.key.subject_public_key());
    key.verify(&check.message, &check.signature).is_ok()
}

/// ring has no ECDSA with SHA-1.
fn ecdsa_sha1_holds(check: &SignatureCheck) -> bool {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(check.key.subject_public_key());
    let signature = p256::ecdsa::Signature::from_slice(&check.signature);
    let digest = Sha1::digest(&check.message);
    key.ok()
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify_prehash(&digest, &signature).is_ok())
}

/// Strictly, which ring is not: a weak key, under which one signature holds for many messages,
/// holds nothing.
fn ed25519_holds(check: &SignatureCheck) -> bool {
    let key = ed25519_dalek::VerifyingKey::try_from(check.key.subject_public_key());
    let signature = ed25519_dalek::Signature::from_slice(&check.signature);
    key.ok()
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify_strict(&check.message, &signature).is_ok())
}
