//! Patterns and ACLs: none panics, and a literal pattern opens one key and no other.
//!
//! Lines: pattern, key, user, Swift's read ACL, Referer.

#![no_main]

use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::gate::Gate;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_fuzz::{bearer, opens, secret};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(5, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (pattern, key, user, swift, referer) = (line(), line(), line(), line(), line());
    let target = format!("/media/{}", encode(key, Slash::Keep));
    let authorization = bearer(user);
    let anonymous = [("host", "media.example"), ("referer", referer)];
    let with_user = [anonymous[0], anonymous[1], ("authorization", &authorization)];
    let (Ok(anonymous), Ok(with_user)) =
        (Request::parse("GET", &target, anonymous), Request::parse("GET", &target, with_user))
    else {
        return;
    };
    if let Some(gate) = gate_with(json!([{ "keys": pattern, "acl": "public-read" }])) {
        let opens = opens(&gate, &anonymous);
        if !pattern.contains(['*', '{']) {
            assert!(!opens || key == pattern, "{pattern} opens {key}");
        }
    }
    if let Some(gate) = gate_with(json!([{ "keys": pattern, "acl": "private" }])) {
        assert!(!opens(&gate, &anonymous), "{pattern} opens {key} to nobody");
        let owns = opens(&gate, &with_user);
        assert!(!owns || key.split('/').any(|segment| segment == user), "{key} is not of {user}");
    }
    if let Some(gate) = gate_with(json!([{ "keys": "*", "swift": { "read": swift } }])) {
        let opens = opens(&gate, &anonymous);
        assert!(!opens || swift.contains(".r"), "{swift} opens to nobody");
    }
});

/// The gate of a policy with these rules, when they are sound.
fn gate_with(access: Value) -> Option<Gate> {
    let policy = json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
            "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET" }
        } },
        "keys": { "users": {
            "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET", "principal": { "claim": "sub" }
        } },
        "routes": { "media": {
            "path": "/media/", "store": "main", "bucket": "bucket", "access": access
        } }
    });
    Gate::new(Policy::parse(&policy.to_string()).ok()?.read_side(), &secret).ok()
}
