//! Keys and signatures that OpenSSL made, and what must not hold with them.
//!
//! Made with OpenSSL 3.0: `openssl genpkey`, `openssl dgst -sha256 -sign` (ECDSA in DER) and, for
//! Ed25519, `openssl pkeyutl -sign -rawin`. The private keys were thrown away.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_asymmetric::holds;
use cloakroom_core::public_key::{Algorithm, PublicKey, SignatureCheck, p1363_from_der};

const MESSAGE: &[u8] = b"a message of the tests";

/// Algorithm, public key, signature.
const MADE: [(Algorithm, &str, &str); 7] = [
    (
        Algorithm::RsaSha1,
        include_str!("openssl/rsa-2048.pem"),
        include_str!("openssl/rsa-2048-sha1.base64"),
    ),
    (
        Algorithm::RsaSha256,
        include_str!("openssl/rsa-2048.pem"),
        include_str!("openssl/rsa-2048-sha256.base64"),
    ),
    (
        Algorithm::RsaSha1,
        include_str!("openssl/rsa-4096.pem"),
        include_str!("openssl/rsa-4096-sha1.base64"),
    ),
    (
        Algorithm::RsaSha256,
        include_str!("openssl/rsa-4096.pem"),
        include_str!("openssl/rsa-4096-sha256.base64"),
    ),
    (
        Algorithm::EcdsaSha1,
        include_str!("openssl/p256.pem"),
        include_str!("openssl/p256-sha1.base64"),
    ),
    (
        Algorithm::EcdsaSha256,
        include_str!("openssl/p256.pem"),
        include_str!("openssl/p256-sha256.base64"),
    ),
    (
        Algorithm::Ed25519,
        include_str!("openssl/ed25519.pem"),
        include_str!("openssl/ed25519.base64"),
    ),
];

fn check((algorithm, pem, signature): (Algorithm, &str, &str)) -> SignatureCheck {
    let signature = BASE64_STANDARD.decode(signature.replace('\n', "")).unwrap();
    let is_ecdsa = matches!(algorithm, Algorithm::EcdsaSha1 | Algorithm::EcdsaSha256);
    SignatureCheck {
        key: PublicKey::from_pem(algorithm, pem).unwrap(),
        message: MESSAGE.to_vec(),
        signature: if is_ecdsa { p1363_from_der(&signature).unwrap() } else { signature },
    }
}

#[test]
fn they_hold() {
    for made in MADE {
        assert!(holds(&check(made)), "{:?}", check(made));
    }
}

#[test]
fn no_changed_bit_of_a_signature_holds() {
    for made in MADE {
        let check = check(made);
        for at in 0..check.signature.len() {
            let mut changed = check.clone();
            changed.signature[at] ^= 1 << (at % 8);
            assert!(!holds(&changed), "{check:?} at byte {at}");
        }
    }
}

#[test]
fn no_signature_of_another_length_holds() {
    for made in MADE {
        let check = check(made);
        let last = check.signature.len() - 1;
        let signatures = [
            Vec::new(),
            check.signature[..last].to_vec(),
            check.signature[1..].to_vec(),
            [&check.signature[..], &[0]].concat(),
            [&[0], &check.signature[..]].concat(),
        ];
        for signature in signatures {
            let length = signature.len();
            assert!(!holds(&SignatureCheck { signature, ..check.clone() }), "{check:?}, {length}");
        }
    }
}

#[test]
fn no_other_message_holds() {
    for made in MADE {
        let check = check(made);
        for message in [&b""[..], b"a message of the test", b"A message of the tests"] {
            assert!(!holds(&SignatureCheck { message: message.to_vec(), ..check.clone() }));
        }
    }
}

#[test]
fn no_other_hash_holds() {
    for (algorithm, pem, signature) in MADE {
        let other = match algorithm {
            Algorithm::RsaSha1 => Algorithm::RsaSha256,
            Algorithm::RsaSha256 => Algorithm::RsaSha1,
            Algorithm::EcdsaSha1 => Algorithm::EcdsaSha256,
            Algorithm::EcdsaSha256 => Algorithm::EcdsaSha1,
            Algorithm::Ed25519 => continue,
        };
        assert!(!holds(&check((other, pem, signature))), "{algorithm:?}");
    }
}

#[test]
fn no_other_key_holds() {
    let (algorithm, _, signature) = MADE[1];
    let (_, other, _) = MADE[3];
    assert!(!holds(&check((algorithm, other, signature))));
}

#[test]
fn a_short_rsa_key_is_refused() {
    let pem = include_str!("openssl/rsa-1024.pem");
    let error = PublicKey::from_pem(Algorithm::RsaSha256, pem).unwrap_err();
    assert_eq!(error, "must be an RSA key of 2048 to 4096 bits, and has 1024");
}

#[test]
fn an_ecdsa_signature_of_zeros_holds_for_nothing() {
    for made in [MADE[4], MADE[5]] {
        assert!(!holds(&SignatureCheck { signature: vec![0; 64], ..check(made) }));
    }
}
