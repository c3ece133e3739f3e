//! Orders and receipts: what is issued can be confirmed by who ordered it, and by nobody else.
//!
//! Lines: the user, the order; or a path of the desk's, and a body.

#![no_main]

use std::sync::LazyLock;

use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_fuzz::{NOW, POLICY, bearer, secret};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    Desk::new(&Policy::parse(POLICY).expect("a sound policy"), &secret).expect("its secrets")
});

/// Paths of all protocols, some of which go on.
const PROTOCOLS: [&str; 8] = [
    "/uploads/",
    "/companion/s3/multipart",
    "/companion/s3/params?",
    "/companion/",
    "/sign-request",
    "/rails/active_storage/direct_uploads",
    "/better-upload",
    "/upload-steps/",
];

fuzz_target!(|text: &str| {
    let (user, order) = text.split_once('\n').unwrap_or(("alice", text));
    let _ = answer(&format!("/uploads/{user}/confirm"), "alice", order);
    for path in PROTOCOLS {
        let _ = answer(path, "alice", order);
        let _ = answer(&format!("{path}{user}"), "alice", order);
    }
    let Some((200, body)) = answer("/uploads", user, order) else { return };
    let issued: Value = serde_json::from_str(&body).expect("answers are JSON");
    let key = issued["key"].as_str().expect("an upload has a key");
    assert!(key.starts_with(&format!("users/{user}/")), "{key}");
    let id = issued["id"].as_str().expect("an upload has an id");
    let confirm = format!("/uploads/{id}/confirm");
    assert!(answer(&confirm, user, "").is_none(), "the store is asked");
    assert!(answer(&confirm, &format!("{user}2"), "").is_some_and(|(status, _)| status >= 400));
    let forged = format!("/uploads/{}x/confirm", id);
    assert!(answer(&forged, user, "").is_some_and(|(status, _)| status >= 400));
});

/// Status and body; nothing when the store is to be asked.
fn answer(path: &str, user: &str, body: &str) -> Option<(u16, String)> {
    let authorization = bearer(user);
    let headers = [("host", "uploads.example"), ("authorization", authorization.as_str())];
    let Ok(request) = Request::parse("POST", path, headers) else {
        return Some((400, String::new()));
    };
    match DESK.handle(&request, body.as_bytes(), NOW, [7; 16]) {
        Step::Answer(answer) => Some((answer.status, answer.body)),
        Step::Check(_) | Step::Sign(_) => panic!("an HMAC does not wait"),
        Step::Ask(_) | Step::Tell(_) => None,
    }
}
