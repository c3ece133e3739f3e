//! Private keys in each form that tools write them in, made anew for each run.

use std::sync::LazyLock;

use cloakroom_asymmetric::{PrivateKey, holds};
use cloakroom_core::public_key::{Algorithm, KeyType, PublicKey, SignatureCheck};
use getrandom::SysRng;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

static RSA: LazyLock<rsa::PrivateKey> = LazyLock::new(|| rsa_of(2048));

fn rsa_of(bits: usize) -> rsa::PrivateKey {
    rsa::PrivateKey::new(&mut SysRng, bits).unwrap()
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn p256() -> p256::SecretKey {
    // One number in 2³² lies beyond the curve's order, and none that begins with 0 does.
    let mut bytes = random();
    bytes[0] = 0;
    p256::SecretKey::from_slice(&bytes).unwrap()
}

fn ed25519() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&random())
}

/// One text of each form, with the type of its key.
fn texts() -> Vec<(KeyType, String)> {
    let p256 = p256();
    let sec1 = p256.to_sec1_pem(LineEnding::LF).unwrap().to_string();
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----";
    vec![
        (KeyType::Rsa, RSA.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()),
        (KeyType::Rsa, RSA.to_pkcs1_pem(LineEnding::CRLF).unwrap().to_string()),
        (KeyType::P256, p256.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()),
        (KeyType::P256, format!("{parameters}\n{sec1}")),
        (KeyType::P256, sec1),
        // On one line, as some secret stores keep it.
        (KeyType::Rsa, RSA.to_pkcs8_pem(LineEnding::LF).unwrap().replace('\n', " ")),
        (KeyType::Ed25519, ed25519().to_pkcs8_pem(LineEnding::LF).unwrap().to_string()),
    ]
}

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RsaSha1,
    Algorithm::RsaSha256,
    Algorithm::EcdsaSha1,
    Algorithm::EcdsaSha256,
    Algorithm::Ed25519,
];

#[test]
fn what_is_signed_holds_and_nothing_else() {
    for (key_type, text) in texts() {
        let key = PrivateKey::from_pem(&text).unwrap();
        assert_eq!(key.key_type(), key_type);
        for algorithm in ALGORITHMS {
            if algorithm.key_type() != key_type {
                let error = key.sign(algorithm, b"message").unwrap_err();
                assert!(error.contains(&key_type.to_string()), "{error}");
                continue;
            }
            let check = SignatureCheck {
                key: PublicKey::from_pem(algorithm, key.public_pem()).unwrap(),
                message: b"message".to_vec(),
                signature: key.sign(algorithm, b"message").unwrap(),
            };
            assert!(holds(&check), "{algorithm:?}");
            let mut changed = check.clone();
            changed.signature[20] ^= 1;
            assert!(!holds(&changed), "{algorithm:?}");
            assert!(!holds(&SignatureCheck { message: b"massage".to_vec(), ..check }));
        }
    }
}

#[test]
fn ecdsa_signatures_are_64_bytes() {
    let pem = p256().to_sec1_pem(LineEnding::LF).unwrap();
    let key = PrivateKey::from_pem(&pem).unwrap();
    for number in 0_u32..300 {
        let signature = key.sign(Algorithm::EcdsaSha256, &number.to_be_bytes()).unwrap();
        assert_eq!(signature.len(), 64);
    }
}

/// What is cached by its URL or token stays so.
#[test]
fn a_signature_is_the_same_each_time() {
    for (key_type, text) in texts() {
        let key = PrivateKey::from_pem(&text).unwrap();
        for algorithm in ALGORITHMS.into_iter().filter(|one| one.key_type() == key_type) {
            let sign = || key.sign(algorithm, b"message").unwrap();
            assert_eq!(sign(), sign(), "{algorithm:?}");
        }
    }
}

/// ring signs with keys of some sizes and exponents only, and here all are taken that CloudFront
/// and WebCrypto take.
#[test]
fn rsa_keys_of_other_sizes_and_exponents_sign() {
    for (bits, exponent) in [(2048, 3_u32), (2080, 65537), (3072, 65537)] {
        let key = rsa::PrivateKey::new_with_exp(&mut SysRng, bits, exponent.into()).unwrap();
        let key = PrivateKey::from_pem(&key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
        for algorithm in [Algorithm::RsaSha1, Algorithm::RsaSha256] {
            let check = SignatureCheck {
                key: PublicKey::from_pem(algorithm, key.public_pem()).unwrap(),
                message: b"message".to_vec(),
                signature: key.sign(algorithm, b"message").unwrap(),
            };
            assert!(holds(&check), "{algorithm:?}, {bits} bits, {exponent}");
        }
    }
}

#[test]
fn a_short_rsa_key_is_refused() {
    let pem = rsa_of(1024).to_pkcs8_pem(LineEnding::LF).unwrap();
    let error = PrivateKey::from_pem(&pem).unwrap_err();
    assert!(error.contains("2048") && error.contains("1024"), "{error}");
}

#[test]
fn errors_name_the_problem_and_nothing_of_the_key() {
    let whole = RSA.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let body = "c2VjcmV0";
    for (text, why) in [
        (String::new(), "in PEM"),
        ("c2VjcmV0".to_owned(), "in PEM"),
        (RSA_PUBLIC.to_owned(), "in PEM"),
        (whole.replace("-----END", "----- END"), "in PEM"),
        (block("PRIVATE KEY", body), "RSA, P-256 or Ed25519"),
        (block("PRIVATE KEY", "!secret!"), "base64"),
        (block("RSA PRIVATE KEY", body), "RSA"),
        (block("EC PRIVATE KEY", body), "P-256"),
        (block("ENCRYPTED PRIVATE KEY", body), "openssl pkey"),
        (block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"), "openssl pkey"),
        (block("OPENSSH PRIVATE KEY", body), "OPENSSH PRIVATE KEY"),
    ] {
        let error = PrivateKey::from_pem(&text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
        assert!(!error.contains("secret") && !error.contains(body), "{error}");
    }
}

const RSA_PUBLIC: &str = include_str!("openssl/rsa-2048.pem");

#[test]
fn debug_shows_the_type_only() {
    let key = PrivateKey::from_pem(&ed25519().to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(Ed25519)");
}
