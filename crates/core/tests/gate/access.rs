//! Who may, and what the others are told.

use cloakroom_core::client::{Client, Told};

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

/// A gate whose route has this access rule for every key, and what it says to a request.
fn gate_with(rule: &str) -> Gate {
    let access = r#"{ "keys": "public/*", "acl": "public-read" },"#;
    assert!(POLICY.contains(access));
    let policy = POLICY.replace(access, &format!("{rule},"));
    Gate::new(Policy::parse(&policy).unwrap().read_side(), &secret).unwrap()
}

#[test]
fn the_page_that_embeds_an_object_decides() {
    let gate = gate_with(
        r#"{ "keys": "press/*", "swift": { "read": ".r:.example.com,.r:-bad.example.com,acme" } }"#,
    );
    let exp = now().as_secs() + 60;
    let (bob, sue) = (bearer("acme:bob", exp), bearer("globex:sue", exp));
    let [good, bad, other] = ["www.example.com", "bad.example.com", "thief.example"]
        .map(|host| format!("https://{host}/page"));
    for (headers, reason, allowed_by) in [
        (vec![("referer", good.as_str())], "fetch", Some("referrer")),
        (vec![("Referer", bad.as_str())], "referrer_may_not", None),
        (vec![("referer", other.as_str())], "referrer_may_not", None),
        (vec![], "referrer_may_not", None),
        (vec![("referer", good.as_str()), ("referer", bad.as_str())], "referrer_may_not", None),
        (vec![("authorization", bob.as_str())], "fetch", Some("swift_group")),
        (vec![("authorization", sue.as_str())], "principal_may_not", None),
        (
            vec![("authorization", sue.as_str()), ("referer", good.as_str())],
            "fetch",
            Some("referrer"),
        ),
    ] {
        let sent = [("host", HOST)].into_iter().chain(headers.clone());
        let request = Request::parse("GET", "/media/press/a.jpg", sent).unwrap();
        let decision = decision(&gate, &request, now());
        assert_eq!(decision.trail.allowed_by, allowed_by, "{headers:?}");
        match decision.outcome {
            Outcome::Allow(origin) => {
                assert_eq!(reason, "fetch", "{headers:?}");
                // The same URL may be denied to the next page, so nobody else gets this answer.
                let answer = respond(origin, 200, &[]);
                let cache = answer.headers.iter().find(|(name, _)| *name == "cache-control");
                assert!(cache.unwrap().1.starts_with("private"), "{headers:?}");
            }
            Outcome::Reject { rejection, .. } => assert_eq!(rejection.row().reason, reason),
            Outcome::Preflight(_) => panic!("a preflight"),
        }
    }
}

#[test]
fn a_decision_says_which_clause_it_stands_on() {
    let gate = gate_with(
        r#"{ "keys": "shared/*", "grants": [
            { "to": { "user": "bob" }, "permission": "READ" },
            { "to": { "user": "sue" }, "permission": "WRITE" } ] }"#,
    );
    let exp = now().as_secs() + 60;
    let decide_as = |user: &str| {
        let bearer = bearer(user, exp);
        let headers = [("host", HOST), ("authorization", bearer.as_str())];
        let request = Request::parse("GET", "/media/shared/a.jpg", headers).unwrap();
        decision(&gate, &request, now())
    };
    let trail = decide_as("bob").trail;
    assert_eq!(trail.pattern.as_deref(), Some("shared/*"));
    assert_eq!(trail.acl.as_deref(), Some("grants READ to user bob, WRITE to user sue"));
    assert_eq!(trail.allowed_by, Some("grant"));
    assert_eq!(trail.clause.as_deref(), Some("READ to user bob"));
    let denied = decide_as("sue");
    assert_eq!((denied.trail.allowed_by, denied.trail.clause), (None, None));
    let Outcome::Reject { rejection, .. } = denied.outcome else { panic!("allowed") };
    assert_eq!(
        rejection.to_string(),
        "the principal of the credential may not read the object; it may be read by user bob, \
         the app"
    );
    assert!(!rejection.row().text.contains("bob"), "{}", rejection.row().text);
}

#[test]
fn a_denial_tells_the_viewer_one_thing_and_nothing_else() {
    let rejected = |target: &str, headers: &[(&str, &str)]| match decide("GET", target, headers) {
        Outcome::Reject { rejection, .. } => {
            let Told { status, body, .. } = Client::default().tell(&rejection, Vec::new());
            (status, body)
        }
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
    let answer = respond(retrieved("/media/public/a.jpg", &[origin]), 200, &[]);
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
