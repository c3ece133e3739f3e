//! Tokens signed with private keys, from the policy to the grant, and those that RFC 7515 prints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use cloakroom_asymmetric::{PrivateKey, holds};
use cloakroom_core::grant::Verified;
use cloakroom_core::jwt::{JwtAlgorithm, UnsignedJwt};
use cloakroom_core::key::Keyring;
use cloakroom_core::policy::Policy;
use cloakroom_core::presented::Presented;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::Request;
use cloakroom_core::time::UnixTime;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// Keys as a policy has them.
fn keyring(keys: &Value) -> Keyring {
    let policy = json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
        } },
        "routes": { "all": { "path": "/", "store": "main", "bucket": "media" } },
        "keys": keys,
    });
    Policy::parse(&policy.to_string()).unwrap().read_side().keyring(&|_| None).unwrap()
}

/// The key that the request's credential was proven with, or the log's reason.
fn prove(keyring: &Keyring, header: (&str, &str), now: UnixTime) -> Result<String, &'static str> {
    let request = Request::parse("GET", "/", [("host", "h"), header]).unwrap();
    let prove = || -> Result<String, Rejection> {
        let grant = match Presented::parse(&request, keyring)?.verify(keyring, now)? {
            Verified::Granted(grant) => grant,
            Verified::Pending(pending) => {
                let holds = holds(pending.check());
                pending.answer(holds)?
            }
        };
        Ok(grant.key_id().unwrap_or("nobody").to_owned())
    };
    prove().map_err(|rejection| rejection.row().reason)
}

fn bearer(keyring: &Keyring, token: &str) -> Result<String, &'static str> {
    prove(keyring, ("authorization", &format!("Bearer {token}")), NOW)
}

/// The private keys that RFC 8037, appendix A.1 and RFC 7515, appendix A.3 print.
fn private_key(algorithm: JwtAlgorithm) -> PrivateKey {
    let (head, number): (&[u8], _) = match algorithm {
        JwtAlgorithm::EdDsa => (
            b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
            "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        ),
        _ => (
            b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\
              \xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
            "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        ),
    };
    let der = [head, &BASE64_URL_SAFE_NO_PAD.decode(number).unwrap()].concat();
    PrivateKey::from_pem(&pem("PRIVATE KEY", &der)).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", BASE64_STANDARD.encode(der))
}

fn token(algorithm: JwtAlgorithm, kid: &str, claims: &Value) -> String {
    let unsigned = UnsignedJwt::new(algorithm, kid, claims);
    let key = private_key(algorithm);
    let message = unsigned.signing_input().as_bytes();
    let signature = key.sign(algorithm.public_key().unwrap(), message).unwrap();
    unsigned.with_signature(&signature).into_exposed()
}

/// An ES256 key and an EdDSA key, each with a cookie of its own.
fn two_keys() -> Keyring {
    let key = |algorithm: JwtAlgorithm, cookie: &str| {
        json!({
            "dialect": "jwt", "algorithm": algorithm.as_str(),
            "public_key": private_key(algorithm).public_pem(),
            "cookie": cookie, "principal": { "claim": "sub" },
        })
    };
    keyring(&json!({
        "es": key(JwtAlgorithm::Es256, "session_es"),
        "ed": key(JwtAlgorithm::EdDsa, "session_ed"),
    }))
}

fn claims() -> Value {
    json!({ "sub": "alice", "exp": NOW.as_secs() + 1 })
}

#[test]
fn each_key_proves_its_own_tokens_in_its_own_places() {
    let keyring = two_keys();
    for (algorithm, kid, cookie, other_kid, other_cookie) in [
        (JwtAlgorithm::Es256, "es", "session_es", "ed", "session_ed"),
        (JwtAlgorithm::EdDsa, "ed", "session_ed", "es", "session_es"),
    ] {
        let whole = token(algorithm, kid, &claims());
        assert_eq!(bearer(&keyring, &whole), Ok(kid.into()));
        let in_cookie = |name| prove(&keyring, ("cookie", &format!("{name}={whole}")), NOW);
        assert_eq!(in_cookie(cookie), Ok(kid.into()));
        assert_eq!(in_cookie(other_cookie), Err("token_wrong_cookie"));
        assert_eq!(in_cookie("session"), Ok("nobody".into()));
        let other = token(algorithm, other_kid, &claims());
        assert_eq!(bearer(&keyring, &other), Err("token_algorithm"));
        let unknown = token(algorithm, "nobody", &claims());
        assert_eq!(bearer(&keyring, &unknown), Err("token_unknown_key"));
        let late = token(algorithm, kid, &json!({ "sub": "alice", "exp": NOW.as_secs() }));
        assert_eq!(bearer(&keyring, &late), Err("token_expired"));
    }
}

/// What JWS wants for ES256 is two numbers side by side; what OpenSSL writes is DER.
#[test]
fn an_es256_signature_in_der_is_refused() {
    let whole = token(JwtAlgorithm::Es256, "es", &claims());
    let (signing_input, signature) = whole.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let der = cloakroom_core::public_key::der_from_p1363(&signature.try_into().unwrap());
    let token = format!("{signing_input}.{}", BASE64_URL_SAFE_NO_PAD.encode(der));
    assert_eq!(bearer(&two_keys(), &token), Err("token_signature_mismatch"));
}

#[test]
fn rfc_7515_appendices_a_2_and_a_3() {
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rs256 = format!(
        "eyJhbGciOiJSUzI1NiJ9.{claims}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let modulus = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let rsa = [
        &b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\
           \x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00"[..],
        &BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap(),
        b"\x02\x03\x01\x00\x01",
    ]
    .concat();
    let es256 = format!(
        "eyJhbGciOiJFUzI1NiJ9.{claims}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let p256 = private_key(JwtAlgorithm::Es256).public_pem().to_owned();
    for (algorithm, public_key, token) in
        [("RS256", pem("PUBLIC KEY", &rsa), rs256), ("ES256", p256, es256)]
    {
        let keyring = keyring(&json!({ "joe": {
            "dialect": "jwt", "algorithm": algorithm, "public_key": public_key,
            "issuer": "joe", "principal": "every-owner",
        } }));
        let at = |token: &str, now| {
            prove(&keyring, ("authorization", &format!("Bearer {token}")), UnixTime::from_secs(now))
        };
        assert_eq!(at(&token, 1_300_819_379), Ok("joe".into()), "{algorithm}");
        assert_eq!(at(&token, 1_300_819_380), Err("token_expired"), "{algorithm}");
        let changed = token.replacen("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2UI", 1);
        assert_eq!(at(&changed, 1_300_819_379), Err("malformed_token"), "{algorithm}");
        let stolen = token.replacen("DQogImh0dHA6", "DQogImh0dHB6", 1);
        assert_eq!(at(&stolen, 1_300_819_379), Err("token_signature_mismatch"), "{algorithm}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_holds_until_a_character_changes(
        user in "\\PC{1,20}",
        at in any::<prop::sample::Index>(),
        to in "[A-Za-z0-9_-]",
        algorithm in prop::sample::select(vec![JwtAlgorithm::Es256, JwtAlgorithm::EdDsa]),
    ) {
        let keyring = two_keys();
        let kid = if algorithm == JwtAlgorithm::Es256 { "es" } else { "ed" };
        let claims = json!({ "sub": user, "exp": NOW.as_secs() + 1 });
        let whole = token(algorithm, kid, &claims);
        prop_assert_eq!(bearer(&keyring, &whole), Ok(kid.into()));
        let at = at.index(whole.len());
        let mut changed = whole.clone();
        changed.replace_range(at..=at, &to);
        if changed != whole {
            prop_assert!(bearer(&keyring, &changed).is_err(), "{}", changed);
        }
    }
}
