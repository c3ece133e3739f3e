//! Public keys and signatures in DER: what is read is what was written, and no key panics.

#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_core::public_key::{
    Algorithm, PublicKey, SignatureCheck, der_from_p1363, p1363_from_der,
};
use libfuzzer_sys::fuzz_target;

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RsaSha1,
    Algorithm::RsaSha256,
    Algorithm::EcdsaSha1,
    Algorithm::EcdsaSha256,
    Algorithm::Ed25519,
];

fuzz_target!(|data: &[u8]| {
    if let Some(signature) = p1363_from_der(data) {
        let signature: [u8; 64] = signature.try_into().expect("two numbers of 32 bytes");
        assert_eq!(der_from_p1363(&signature), data, "a signature has one form");
    }
    if let Ok(text) = str::from_utf8(data) {
        let _ = PublicKey::from_pem(Algorithm::RsaSha256, text);
    }
    // What is not read is no key; what is read may still be none.
    let (spki, signature) = data.split_at(data.len() * 2 / 3);
    for der in [data, spki] {
        let body = BASE64_STANDARD.encode(der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        for algorithm in ALGORITHMS {
            let Ok(key) = PublicKey::from_pem(algorithm, &pem) else { continue };
            assert_eq!(key.spki(), der);
            let check =
                SignatureCheck { key, message: b"message".to_vec(), signature: signature.to_vec() };
            let _ = cloakroom_asymmetric::holds(&check);
        }
    }
});
