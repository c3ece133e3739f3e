//! Swift's authentication: who gets a token, and what it opens for how long.

use cloakroom_core::gate::Service;
use cloakroom_core::grant::Dialect;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::swift_auth::token::seal;
use cloakroom_core::trail::Trail;
use serde_json::{Value, json};

use crate::*;

const BOB_KEY: &str = "BOB_KEY of more than thirty-two bytes";
const DAY: u64 = 86_400;

type Headers = Vec<(&'static str, String)>;

fn policy() -> Value {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    let mut add = |section: &str, name: &str, value: Value| {
        let section = policy.get_mut(section).and_then(Value::as_object_mut).unwrap();
        section.insert(name.to_owned(), value);
    };
    let bob = json!({
        "dialect": "swift", "secret": "BOB_KEY", "path": "/v1/AUTH_acme/",
        "principal": { "user": "bob" }
    });
    add("keys", "acme:bob", bob);
    let hidden =
        json!({ "path": "/auth/", "store": "main", "bucket": "bucket", "hide": "not-found" });
    add("routes", "hidden", hidden);
    policy
}

fn gate_of(policy: &Value) -> Gate {
    Gate::new(Policy::parse(&policy.to_string()).unwrap().read_side(), &secret).unwrap()
}

fn ask(
    gate: &Gate,
    (method, target): (&str, &str),
    headers: &[(&str, &str)],
    now: UnixTime,
) -> Decision<Service> {
    let headers = [("host", HOST)].into_iter().chain(headers.iter().copied());
    let request = Request::parse(method, target, headers).unwrap();
    let Step::Decided(decision) = gate.decide(&request, now) else { panic!("no public key") };
    decision
}

fn authenticate(headers: &[(&str, &str)]) -> (Result<Headers, Rejection>, Trail) {
    let Decision { outcome, trail } =
        ask(&gate_of(&policy()), ("GET", "/auth/v1.0"), headers, now());
    let answer = match outcome {
        Outcome::Allow(Service::Token(answer)) => {
            assert!(!format!("{answer:?}").contains("AUTH_tk"), "the token is shown");
            Ok(answer.headers())
        }
        Outcome::Reject { rejection, .. } => Err(rejection),
        other => panic!("{other:?}"),
    };
    (answer, trail)
}

fn token() -> String {
    let (answer, _) = authenticate(&[("x-auth-user", "acme:bob"), ("x-auth-key", BOB_KEY)]);
    answer.unwrap().into_iter().find(|(name, _)| *name == "x-auth-token").unwrap().1
}

/// What is said of a request for an object of bob's.
fn reason_with(policy: &Value, headers: &[(&str, &str)], now: UnixTime) -> (u16, &'static str) {
    match ask(&gate_of(policy), ("GET", "/media/users/bob/a.jpg"), headers, now).outcome {
        Outcome::Allow(_) => (200, "fetch"),
        Outcome::Reject { rejection, .. } => (rejection.row().status, rejection.row().reason),
        Outcome::Preflight(_) => panic!("no preflight"),
    }
}

#[test]
fn a_user_with_its_key_gets_a_token() {
    for (user, key) in [("x-auth-user", "x-auth-key"), ("x-storage-user", "x-storage-pass")] {
        let (answer, trail) = authenticate(&[(user, "acme:bob"), (key, BOB_KEY)]);
        let answer = answer.unwrap();
        let value = |name: &str| {
            let mut named = answer.iter().filter(|(known, _)| *known == name);
            named.next().map(|(_, value)| value.as_str()).unwrap()
        };
        assert_eq!(value("x-storage-url"), "https://media.example/v1/AUTH_acme");
        assert_eq!(value("x-auth-token"), value("x-storage-token"));
        assert!(value("x-auth-token").starts_with("AUTH_tk"));
        assert_eq!(value("x-auth-token-expires"), "86400");
        assert_eq!(value("cache-control"), "no-store");
        assert_eq!(trail.key_id.as_deref(), Some("acme:bob"));
        assert_eq!(trail.expires_at.unwrap().since(now()).as_secs(), DAY);
    }
    let good = [("x-auth-user", "acme:bob"), ("x-auth-key", BOB_KEY)];
    for target in ["/auth/v1.0/", "/auth/v1.0?x=1"] {
        let outcome = ask(&gate_of(&policy()), ("HEAD", target), &good, now()).outcome;
        assert!(matches!(outcome, Outcome::Allow(Service::Token(_))), "{target}: {outcome:?}");
    }
    let Outcome::Reject { rejection, .. } =
        ask(&gate_of(&policy()), ("POST", "/auth/v1.0"), &good, now()).outcome
    else {
        panic!("POST is served")
    };
    assert_eq!(rejection.row().status, 405);
}

#[test]
fn nobody_else_gets_one_and_all_read_the_same() {
    let (user, key) = (("x-auth-user", "acme:bob"), ("x-auth-key", BOB_KEY));
    let mut texts = Vec::new();
    for (headers, expected, key_id) in [
        (vec![user, ("x-auth-key", "wrong")], "swift_auth_wrong_key", None),
        (
            vec![user, ("x-auth-key", "BOB_KEY of more than thirty-two byte")],
            "swift_auth_wrong_key",
            None,
        ),
        (vec![("x-auth-user", "acme:eve"), key], "swift_auth_unknown_user", None),
        (vec![("x-auth-user", "AKAPP"), key], "swift_auth_unknown_user", None),
        (vec![("x-auth-user", "ACME:BOB"), key], "swift_auth_unknown_user", None),
        (vec![user], "swift_auth_incomplete", None),
        (vec![key], "swift_auth_incomplete", None),
        (vec![], "swift_auth_incomplete", None),
        (vec![user, ("x-auth-key", "")], "swift_auth_incomplete", None),
        (vec![("x-auth-user", ""), ("x-auth-key", "")], "swift_auth_incomplete", None),
        (vec![user, user, key], "swift_auth_incomplete", None),
        (vec![user, key, ("x-storage-pass", BOB_KEY)], "swift_auth_incomplete", None),
        (vec![user, ("x-storage-user", "acme:bob"), key], "swift_auth_incomplete", None),
    ] {
        let (answer, trail) = authenticate(&headers);
        let rejection = answer.unwrap_err();
        assert_eq!(rejection.row().reason, expected, "{headers:?}");
        assert_eq!(trail.key_id, key_id);
        let detail = format!("{rejection} {rejection:?}");
        assert!(!detail.contains("thirty-two") && !detail.contains("wrong\""), "{detail}");
        let row = rejection.row();
        texts.push((row.status, row.code, row.text, rejection.headers()));
    }
    texts.dedup();
    let [(401, "Unauthorized", text, headers)] = texts.as_slice() else { panic!("{texts:?}") };
    assert_eq!(text, "The user or the key is wrong.");
    assert!(headers.contains(&("www-authenticate", "Swift realm=\"cloakroom\"".to_owned())));
}

#[test]
fn a_token_opens_what_its_user_may_read() {
    let (policy, token) = (policy(), token());
    for header in ["x-auth-token", "x-storage-token"] {
        assert_eq!(reason_with(&policy, &[(header, &token)], now()), (200, "fetch"), "{header}");
    }
    let Decision { outcome, trail } = ask(
        &gate_of(&policy),
        ("GET", "/media/users/alice/a.jpg"),
        &[("x-auth-token", &token)],
        now(),
    );
    assert_eq!(outcome.verdict().reason(), "principal_may_not");
    assert_eq!(
        (trail.dialect, trail.key_id.as_deref()),
        (Some(Dialect::SwiftToken), Some("acme:bob"))
    );
    // Whoever streams gives no copy to another.
    let decision = decision(
        &gate_of(&policy),
        &Request::parse(
            "GET",
            "/media/users/bob/a.jpg",
            [("host", HOST), ("x-auth-token", &token)],
        )
        .unwrap(),
        now(),
    );
    let Outcome::Allow(retrieval) = decision.outcome else { panic!() };
    let head = respond(retrieval, 200, &[("cache-control", "max-age=60")]);
    assert!(head.headers.contains(&("cache-control", "private, no-cache".to_owned())));
}

#[test]
fn every_bad_token_has_its_reason() {
    let (sound, token) = (policy(), token());
    let mut another = sound.clone();
    another["keys"]["acme:bob"]["secret"] = json!("NEW_KEY");
    let mut gone = sound.clone();
    gone["keys"].as_object_mut().unwrap().remove("acme:bob");
    let later = |seconds: u64| now().saturating_add(std::time::Duration::from_secs(seconds));
    let with = |policy, token: &str, now| reason_with(policy, &[("x-auth-token", token)], now);
    assert_eq!(with(&sound, &token, later(DAY)), (200, "fetch"));
    assert_eq!(with(&sound, &token, later(DAY + 1)), (401, "swift_token_expired"));
    assert_eq!(with(&another, &token, now()), (401, "swift_token_mismatch"));
    assert_eq!(with(&gone, &token, now()), (401, "swift_token_unknown_key"));
    assert_eq!(with(&sound, "AUTH_tk0123456789abcdef", now()), (401, "swift_token_malformed"));
    // What is none of ours may be a user's.
    assert_eq!(with(&sound, "gAAAAABl", now()), (401, "malformed_token"));
    assert_eq!(with(&sound, "", now()), (401, "malformed_token"));
    let of_another = seal("AKALICE", later(60), &Secret::new(secret("ALICE_SECRET").unwrap()));
    assert_eq!(with(&sound, of_another.expose(), now()), (401, "swift_token_unknown_key"));
}

#[test]
fn a_life_that_is_asked_for_is_a_day_at_most() {
    let life = |text: &str| {
        let headers =
            [("x-auth-user", "acme:bob"), ("x-auth-key", BOB_KEY), ("x-auth-token-lifetime", text)];
        let (answer, trail) = authenticate(&headers);
        let rest = trail.expires_at.map(|until| until.since(now()).as_secs());
        answer.map(|_| rest.unwrap()).map_err(|rejection| rejection.row().reason)
    };
    for (text, expected) in [
        ("60", Ok(60)),
        ("86400", Ok(DAY)),
        ("86401", Ok(DAY)),
        ("18446744073709551615", Ok(DAY)),
        ("0", Err("swift_auth_lifetime")),
        ("-1", Err("swift_auth_lifetime")),
        ("1h", Err("swift_auth_lifetime")),
        ("", Err("swift_auth_lifetime")),
    ] {
        assert_eq!(life(text), expected, "{text}");
    }
}

#[test]
fn a_users_own_token_stands_there_too() {
    let jwt = bearer("bob", now().as_secs() + 60);
    let jwt = jwt.strip_prefix("Bearer ").unwrap();
    let headers = [("x-auth-token", jwt)];
    // With and without a key of Swift.
    for policy in [policy(), serde_json::from_str(POLICY).unwrap()] {
        assert_eq!(reason_with(&policy, &headers, now()), (200, "fetch"));
        let trail =
            ask(&gate_of(&policy), ("GET", "/media/users/bob/a.jpg"), &headers, now()).trail;
        assert_eq!(trail.dialect, Some(Dialect::JwtAuthToken));
    }
    let expired = bearer("bob", now().as_secs() - 1);
    let expired = expired.strip_prefix("Bearer ").unwrap();
    let headers = [("x-auth-token", expired)];
    assert_eq!(reason_with(&policy(), &headers, now()), (401, "token_expired"));
}

#[test]
fn two_credentials_are_one_too_many() {
    let (policy, token) = (policy(), token());
    let alice = bearer("alice", now().as_secs() + 60);
    let (mine, bearer) = (("x-auth-token", token.as_str()), ("authorization", alice.as_str()));
    for headers in [[mine, bearer], [mine, mine], [mine, ("x-storage-token", &token)]] {
        assert_eq!(reason_with(&policy, &headers, now()), (400, "several_credentials"));
    }
    let target = ticket("AKAPP").target();
    let outcome = ask(&gate_of(&policy), ("GET", &target), &[mine], now()).outcome;
    assert_eq!(outcome.verdict().reason(), "several_credentials");
}

#[test]
fn where_no_key_speaks_swift_nothing_is_special() {
    let mut policy = policy();
    policy["keys"].as_object_mut().unwrap().retain(|id, _| id.starts_with("AK"));
    let gate = gate_of(&policy);
    let good = [("x-auth-user", "acme:bob"), ("x-auth-key", BOB_KEY)];
    let Outcome::Reject { rejection, .. } = ask(&gate, ("GET", "/auth/v1.0"), &good, now()).outcome
    else {
        panic!("a token")
    };
    assert_eq!((rejection.row().status, rejection.row().reason), (404, "no_credential"));
    let foreign = [("x-auth-token", "somebody else's")];
    assert_eq!(reason_with(&policy, &foreign, now()), (403, "no_credential"));
}

/// As `swift download --skip-identical` asks.
#[test]
fn an_md5_without_quotes_is_a_tag() {
    let (md5, other) = ("d41d8cd98f00b204e9800998ecf8427e", "00000000000000000000000000000000");
    for (name, tag, status) in [
        ("if-none-match", md5, 304),
        ("if-none-match", other, 200),
        ("if-match", md5, 200),
        ("if-match", other, 412),
    ] {
        let headers = [(name, tag)];
        let sent = fetched("/media/public/a.jpg", &headers);
        let mut sent = sent.headers().iter().filter(|(known, _)| *known == name);
        assert_eq!(sent.next().unwrap().1.expose(), format!("\"{tag}\""));
        let etag = [("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")];
        let response = respond(retrieved("/media/public/a.jpg", &headers), 200, &etag);
        assert_eq!(response.status, status, "{name} {tag}");
    }
}

#[test]
fn pages_may_send_a_token() {
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "x-auth-token"),
    ];
    let outcome = decide("OPTIONS", "/media/users/bob/a.jpg", &preflight);
    let Outcome::Preflight(headers) = outcome else { panic!("{outcome:?}") };
    let allowed = headers.iter().find(|(name, _)| *name == "access-control-allow-headers");
    assert!(allowed.is_some_and(|(_, value)| value.contains("x-auth-token")), "{headers:?}");
}
