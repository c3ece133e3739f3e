//! Who may, and what the others are told.

use crate::*;

#[test]
fn acls_decide_for_each_principal() {
    let exp = now().as_secs() + 60;
    let (alice, bob) = (bearer("alice", exp), bearer("bob", exp));
    let as_alice = [("authorization", alice.as_str())];
    let as_bob = [("authorization", bob.as_str())];
    for (target, anonymous, by_bob, by_alice) in [
        ("/media/public/a.jpg", "fetch", "fetch", "fetch"),
        ("/media/members/a.jpg", "no_credential", "fetch", "fetch"),
        ("/media/users/alice/a.jpg", "no_credential", "principal_may_not", "fetch"),
        ("/media/users/bob/a.jpg", "no_credential", "fetch", "principal_may_not"),
        ("/media/users//a.jpg", "no_credential", "principal_may_not", "principal_may_not"),
        ("/media/other.jpg", "no_credential", "principal_may_not", "principal_may_not"),
        ("/media/deep/public/a.jpg", "no_credential", "principal_may_not", "principal_may_not"),
        ("/nowhere", "no_route", "no_route", "no_route"),
        ("/media", "no_route", "no_route", "no_route"),
        ("/media/", "malformed_key", "malformed_key", "malformed_key"),
    ] {
        assert_eq!(reason("GET", target, &[]), anonymous, "{target}");
        assert_eq!(reason("GET", target, &as_bob), by_bob, "{target}");
        assert_eq!(reason("GET", target, &as_alice), by_alice, "{target}");
    }
}

#[test]
fn a_denial_tells_the_viewer_one_thing_and_nothing_else() {
    let rejected = |target: &str, headers: &[(&str, &str)]| match decide("GET", target, headers) {
        Outcome::Reject { rejection, .. } => (rejection.row().status, rejection.body()),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        rejected("/media/users/alice/a.jpg", &[]),
        (403, r#"{"code":"AccessDenied","message":"This file is private. Open it from the site that it belongs to."}"#.into())
    );
    let expired = Ticket {
        signed_at: now().saturating_sub(std::time::Duration::from_secs(3600)),
        ..ticket("AKAPP")
    };
    assert_eq!(
        rejected(&expired.target(), &[]),
        (403, r#"{"code":"AccessDenied","message":"This link has expired. Ask for a new one where you got it."}"#.into())
    );
    let stale = bearer("alice", now().as_secs());
    assert_eq!(
        rejected("/media/users/alice/a.jpg", &[("authorization", &stale)]),
        (
            401,
            r#"{"code":"InvalidToken","message":"Your sign-in is not valid. Sign in again."}"#
                .into()
        )
    );
}

#[test]
fn pages_of_allowed_origins_may_read_answers_and_denials() {
    let origin = ("origin", "https://app.example");
    let allowed = |headers: &[(&'static str, String)]| {
        headers.iter().any(|(name, value)| {
            *name == "access-control-allow-origin" && value == "https://app.example"
        })
    };
    let Outcome::Reject { cors, .. } = decide("GET", "/media/users/alice/a.jpg", &[origin]) else {
        panic!("allowed");
    };
    assert!(allowed(&cors));
    let answer = fetched("/media/public/a.jpg", &[origin]).respond(200, [], now()).unwrap();
    assert!(allowed(&answer.headers));
    let Outcome::Preflight(headers) = decide("OPTIONS", "/media/users/alice/a.jpg", &[origin])
    else {
        panic!("not a preflight");
    };
    assert!(allowed(&headers));
    assert!(
        headers.iter().any(|(n, v)| *n == "access-control-allow-headers" && v.contains("range"))
    );
}
