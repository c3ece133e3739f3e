//! Swift's authentication: a token is what was sealed and nothing else, and whoever has the key
//! gets one.
//!
//! Lines: a token, the id of a key, a user, a key, a life.

#![no_main]

use cloakroom_core::gate::{Outcome, Service, Step};
use cloakroom_core::request::Request;
use cloakroom_core::secret::Secret;
use cloakroom_core::swift_auth::token::{MAX_LENGTH, Token, seal};
use cloakroom_fuzz::{NOW, gate, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let unknown = Secret::new("a secret that the input does not know");
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (token, id) = (line(), line());
    if let Some(token) = Token::parse(token) {
        assert!(!token.is_sealed_with(&unknown), "forged");
    }
    let sealed = seal(id, NOW, &unknown);
    let sealed = sealed.expose();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    assert!(sealed.bytes().all(plain), "more than a header can hold");
    match Token::parse(sealed) {
        Some(read) => {
            assert_eq!((read.key_id(), read.until()), (id, NOW));
            assert!(read.is_sealed_with(&unknown));
            assert!(!read.is_sealed_with(&Secret::new("another")));
        }
        None => assert!(sealed.len() > MAX_LENGTH),
    }
    let (user, key, life) = (line(), line(), line());
    let headers = [
        ("host", "h"),
        ("x-auth-user", user),
        ("x-auth-key", key),
        ("x-auth-token-lifetime", life),
    ];
    let Ok(request) = Request::parse("GET", "/auth/v1.0", headers) else { return };
    let Step::Decided(decision) = gate().decide::<Service>(&request, NOW) else { return };
    let right = secret("SWIFT_KEY").expect("every secret");
    let is_right = user == "acme:alice" && key == right;
    match decision.outcome {
        Outcome::Allow(Service::Token(_)) => assert!(is_right, "a token for {user}"),
        Outcome::Reject { rejection, .. } => {
            assert_eq!(rejection.row().status, if is_right { 400 } else { 401 }, "{rejection}");
            assert!(!rejection.to_string().contains(&right), "the key is told");
        }
        other => panic!("{other:?}"),
    }
});
