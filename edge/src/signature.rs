//! Signatures with public keys, checked by WebCrypto.

use cloakroom_core::public_key::{Algorithm, SignatureCheck};

use crate::platform;

/// Whether a signature holds. A key that cannot be imported holds nothing.
pub(crate) async fn holds(check: &SignatureCheck) -> bool {
    let algorithm = parameters(check.key.algorithm());
    platform::verify(algorithm, check.key.spki(), &check.signature, &check.message).await
}

/// The algorithm as `importKey` and `verify` name it (W3C Web Cryptography Level 2, sections 20,
/// 23 and 25), in JSON. RSA wants the hash when a key is imported, ECDSA when a signature is
/// verified; what is not wanted is not read.
const fn parameters(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RsaSha1 => r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-1"}"#,
        Algorithm::RsaSha256 => r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#,
        Algorithm::EcdsaSha1 => r#"{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-1"}"#,
        Algorithm::EcdsaSha256 => r#"{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-256"}"#,
        Algorithm::Ed25519 => r#"{"name":"Ed25519"}"#,
    }
}
