//! EdgeAuth tokens whose MAC is right: what they open has not expired.
//!
//! Two lines: the path, and the token without its MAC.

#![no_main]

use cloakroom_core::crypto::Hash;
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::request::Request;
use cloakroom_fuzz::{NOW, gate, hmac, opens, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (path, fields) = text.split_once('\n').unwrap_or(("a", text));
    let path = format!("/media/{path}");
    let key = hex::decode(secret("EDGEAUTH_SECRET").expect("every secret")).expect("digits");
    // With an ACL the path is not signed; without one it is.
    for signed in [fields.to_owned(), format!("{fields}~url={path}")] {
        for (name, hash) in [("__token__", Hash::Sha256), ("hdnts", Hash::Sha1)] {
            let token = format!("{fields}~hmac={}", hmac(hash, &key, &signed));
            let target = format!("{path}?{name}={}", encode(&token, Slash::Encode));
            check(&target, None, fields);
            let cookie = format!("{name}={token}");
            check(&path, Some(("cookie", &cookie)), fields);
            check(&path, Some((name, &token)), fields);
        }
    }
});

fn check(target: &str, header: Option<(&str, &str)>, fields: &str) {
    let headers = [("host", "media.example")].into_iter().chain(header);
    let Ok(request) = Request::parse("GET", target, headers) else { return };
    let request = request.from_address("192.0.2.7".parse().ok());
    if opens(gate(), &request) && !target.starts_with("/media/public/") {
        let exp = fields.split('~').find_map(|field| field.strip_prefix("exp="));
        let exp: u64 = exp.and_then(|exp| exp.parse().ok()).expect("what opens has a time");
        assert!(exp >= NOW.as_secs(), "{fields}");
    }
}
