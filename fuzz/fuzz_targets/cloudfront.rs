//! CloudFront's custom policies: who gets in has a time left, whatever the JSON.
//!
//! Two lines: the path, and the policy.

#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_core::request::Request;
use cloakroom_fuzz::{NOW, gate, opens, seconds};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let (path, policy) = text.split_once('\n').unwrap_or(("a", text));
    let encoded = BASE64_STANDARD.encode(policy).replace('+', "-").replace('=', "_");
    let encoded = encoded.replace('/', "~");
    let custom = format!("Policy={encoded}&Signature=AAAA&Key-Pair-Id=KRSA");
    // The same text as the expiry of a canned one, and raw. The signature is one in DER.
    let canned =
        format!("Expires={policy}&Signature=MAYCAQECAQE_&Key-Pair-Id=KEC&Hash-Algorithm=SHA256");
    for query in [&custom, &canned, policy] {
        let target = format!("/media/{path}?{query}");
        let Ok(request) = Request::parse("GET", &target, [("host", "media.example")]) else {
            continue;
        };
        let request = request.from_address("192.0.2.7".parse().ok());
        if opens(gate(), &request) && query == &custom {
            assert_has_time_left(policy);
        }
    }
    let cookies = format!(
        "CloudFront-Policy={encoded}; CloudFront-Signature=AAAA; CloudFront-Key-Pair-Id=KRSA"
    );
    let target = format!("/media/{path}");
    let headers = [("host", "media.example"), ("cookie", cookies.as_str())];
    let Ok(request) = Request::parse("GET", &target, headers) else { return };
    if !path.starts_with("public/") && opens(gate(), &request) {
        assert_has_time_left(policy);
    }
});

fn assert_has_time_left(policy: &str) {
    let policy: Value = serde_json::from_str(policy).expect("what opens is JSON");
    let before = policy.pointer("/Statement/0/Condition/DateLessThan/AWS:EpochTime");
    assert!(seconds(before).expect("what opens has a time") >= NOW.as_secs() as f64, "{policy}");
}
