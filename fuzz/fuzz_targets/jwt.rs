//! Any header and any claims, rightly signed: who gets in has a time left and a name.
//!
//! Two lines: the header and the claims.

#![no_main]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cloakroom_core::crypto::Hash;
use cloakroom_core::grant::Verified;
use cloakroom_core::key::Principal;
use cloakroom_core::presented::Presented;
use cloakroom_core::request::Request;
use cloakroom_fuzz::{NOW, keyring, seconds, secret};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let (header, claims) = text.split_once('\n').unwrap_or((text, "{}"));
    let input = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
    let key = secret("JWT_SECRET").expect("every secret");
    let mac = Hash::Sha256.hmac(key.as_bytes(), &[input.as_bytes()]);
    let token = format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
    let _ = user(&format!("Bearer {text}"));
    let Some(user) = user(&format!("Bearer {token}")) else { return };
    let header: Value = serde_json::from_str(header).expect("the header is JSON");
    let claims: Value = serde_json::from_str(claims).expect("the claims are JSON");
    assert_eq!(header["alg"], "HS256");
    assert_eq!(claims["sub"], user.as_str());
    assert!(!user.is_empty());
    let now = NOW.as_secs() as f64;
    assert!(seconds(claims.get("exp")).expect("a time") > now - 1.0, "{claims}");
    assert!(seconds(claims.get("nbf")).unwrap_or(0.0) < now + 61.0, "{claims}");
});

fn user(authorization: &str) -> Option<String> {
    let headers = [("host", "media.example"), ("authorization", authorization)];
    let request = Request::parse("GET", "/media/a", headers).ok()?;
    match Presented::parse(&request, keyring()).ok()?.verify(keyring(), NOW).ok()? {
        Verified::Granted(grant) => match grant.principal() {
            Principal::User(user) => Some(user.clone()),
            other => panic!("{other:?}"),
        },
        Verified::Pending(pending) => {
            assert!(pending.answer(false).is_err());
            None
        }
    }
}
