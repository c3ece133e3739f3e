//! The signatures that the specifications print.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use cloakroom_asymmetric::holds;
use cloakroom_core::public_key::{Algorithm, PublicKey, SignatureCheck};

/// DER of a SubjectPublicKeyInfo before the 64 bytes of a P-256 point's coordinates.
const P256_HEAD: &str = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
/// DER of a SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key.
const ED25519_HEAD: &str = "302a300506032b6570032100";

fn key(algorithm: Algorithm, head: &str, key: &[u8]) -> PublicKey {
    let der = [hex::decode(head).unwrap(), key.to_vec()].concat();
    let base64 = BASE64_STANDARD.encode(der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    PublicKey::from_pem(algorithm, &pem).unwrap()
}

fn base64url(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[test]
fn rfc_6979_appendix_a_2_5() {
    let point = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                 7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    let sample_sha1 = "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32\
                       6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb";
    let sample_sha256 = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                         f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    for (algorithm, signature) in
        [(Algorithm::EcdsaSha1, sample_sha1), (Algorithm::EcdsaSha256, sample_sha256)]
    {
        let check = SignatureCheck {
            key: key(algorithm, P256_HEAD, &hex::decode(point).unwrap()),
            message: b"sample".to_vec(),
            signature: hex::decode(signature).unwrap(),
        };
        assert!(holds(&check), "{algorithm:?}");
        assert!(!holds(&SignatureCheck { message: b"test".to_vec(), ..check }), "{algorithm:?}");
    }
}

#[test]
fn rfc_7515_appendix_a_3() {
    let x = base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let y = base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(holds(&SignatureCheck {
        key: key(Algorithm::EcdsaSha256, P256_HEAD, &[x, y].concat()),
        message: message.into(),
        signature: base64url(signature),
    }));
}

#[test]
fn rfc_8032_section_7_1() {
    for (public, message, signature) in [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let check = SignatureCheck {
            key: key(Algorithm::Ed25519, ED25519_HEAD, &hex::decode(public).unwrap()),
            message: hex::decode(message).unwrap(),
            signature: hex::decode(signature).unwrap(),
        };
        assert!(holds(&check), "{public}");
        assert!(!holds(&SignatureCheck { message: b"other".to_vec(), ..check }), "{public}");
    }
}

#[test]
fn rfc_8037_appendix_a_4() {
    let public = base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(holds(&SignatureCheck {
        key: key(Algorithm::Ed25519, ED25519_HEAD, &public),
        message: b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_vec(),
        signature: base64url(signature),
    }));
}

/// The neutral element as a key. Without strictness this one signature would hold for every
/// message.
#[test]
fn a_weak_ed25519_key_holds_nothing() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let key = key(Algorithm::Ed25519, ED25519_HEAD, &identity);
    let mut signature = vec![0; 64];
    signature[0] = 1;
    assert!(!holds(&SignatureCheck { key, message: b"any".to_vec(), signature }));
}
