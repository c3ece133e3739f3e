//! Upload rules on routes with locations, hosts, placeholders and default documents.

use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::gate::{self, Gate, Outcome};
use cloakroom_core::jwt;
use cloakroom_core::request::Request;
use cloakroom_core::retrieval::Retrieval;
use cloakroom_core::secret::Secret;
use cloakroom_core::upload::call::{Reply, StoredHead, What};

use crate::*;

fn with_rule(media: &Value, key: &str, url: &str) -> Value {
    let second = json!({ "path": "/media/deep/", "store": "paths", "bucket": "deep" });
    let mut policy = document(&json!({ "media": media, "deep": second }));
    let rule = json!({
        "route": "media", "key": key, "content_types": ["*/*"], "size": { "max": 10 },
        "read": { "url": url, "key": "AKAPP" }, "seal_secret": "SEAL_SECRET"
    });
    policy.as_object_mut().unwrap().insert("uploads".to_owned(), json!({ "rule": rule }));
    policy
}

fn media(change: &Value) -> Value {
    let mut route = json!({ "path": "/media/", "store": "paths", "bucket": "bucket" });
    for (name, value) in change.as_object().unwrap() {
        route.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    route
}

const KEY: &str = "users/{principal}/{random}/{filename}";
const URL: &str = "https://acme.media.example";

#[test]
fn a_rule_needs_a_route_that_leads_to_one_place() {
    let open = "must be a route without placeholders, so that bucket and key are known when an \
                upload is signed";
    let elsewhere = "is below the path of route `deep`, so the rule's own route would not read \
                     what was uploaded";
    for (change, key, place, problem) in [
        (json!({ "path": "/{t}/", "bucket": "m-{t}" }), KEY, "route", open),
        (json!({ "path": "/{t}/", "location": "{t}/" }), KEY, "route", open),
        (json!({ "host": "*.media.example", "location": "{host}/" }), KEY, "route", open),
        (json!({}), "deep/{random}", "key", elsewhere),
        (
            json!({ "index": "index.html" }),
            "{random}/",
            "key",
            "must not end in `/`, where the route's `index` would be read",
        ),
        (
            json!({ "location": format!("{}/", "a".repeat(1000)) }),
            KEY,
            "key",
            &format!("makes keys that are too long below `{}/`", "a".repeat(1000)),
        ),
        (
            json!({ "host": ["media.example", "*.cdn.example"] }),
            KEY,
            "read.url",
            "must be at `media.example` or `*.cdn.example`, the host that the rule's route is for",
        ),
    ] {
        let policy = with_rule(&media(&change), key, URL);
        let error = Policy::parse(&policy.to_string()).unwrap_err().to_string();
        assert_eq!(error, format!("policy: at `uploads.rule.{place}`: {problem}"), "{change}");
    }
}

#[test]
fn what_is_uploaded_lies_below_the_location_and_its_link_opens_it() {
    for (change, location) in [
        (json!({}), ""),
        (json!({ "location": "site/a b/" }), "site/a b/"),
        (json!({ "location": "site/", "index": "index.html", "hide": "not-found" }), "site/"),
        (json!({ "host": ["x.example", "*.media.example"], "location": "site/" }), "site/"),
    ] {
        let policy = Policy::parse(&with_rule(&media(&change), KEY, URL).to_string()).unwrap();
        let desk = Desk::new(&policy, &secret).unwrap();
        let ask = |path: &str, body: &str| {
            let claims = json!({ "sub": "alice", "exp": now().as_secs() + 60 });
            let token = jwt::sign("users", &Secret::new(secret("JWT_SECRET").unwrap()), &claims);
            let authorization = format!("Bearer {}", token.expose());
            let headers = [("host", "uploads.example"), ("authorization", authorization.as_str())];
            let request = Request::parse("POST", path, headers).unwrap();
            let mut step = desk.handle(&request, body.as_bytes(), now(), [0xab; 16]);
            let answer = loop {
                step = match step {
                    Step::Answer(answer) => break answer,
                    Step::Ask(pending) => {
                        let reply = match pending.call().what {
                            What::Head => {
                                let etag = "\"e\"".to_owned();
                                Reply::Head(StoredHead { size: 3, etag, ..StoredHead::default() })
                            }
                            What::FirstBytes(_) => Reply::FirstBytes(b"abc".to_vec()),
                            other => panic!("{other:?}"),
                        };
                        pending.settle(Ok(reply), now())
                    }
                    Step::Check(_) | Step::Sign(_) | Step::Tell(_) => {
                        panic!("nobody else is asked")
                    }
                };
            };
            assert_eq!(answer.status, 200, "{}", answer.body);
            serde_json::from_str::<Value>(&answer.body).unwrap()
        };
        let text = |answer: &Value, name: &str| {
            answer.get(name).and_then(Value::as_str).unwrap().to_owned()
        };
        let issued = ask("/uploads", r#"{"filename": "é+.jpg", "size": 3}"#);
        let key = format!("{location}users/alice/{}/é+.jpg", "ab".repeat(16));
        assert_eq!(text(&issued, "key"), key);
        let stored = format!("https://s3.example/bucket/{}", location.replace(' ', "%20"));
        assert!(text(&issued, "url").starts_with(&format!("{stored}users/alice/")), "{issued}");

        let confirmed = ask(&format!("/uploads/{}/confirm", text(&issued, "id")), "");
        assert_eq!(text(&confirmed, "key"), key);
        let gate = Gate::new(policy.read_side(), &secret).unwrap();
        for answer in [issued, confirmed] {
            let read = text(&answer, "read");
            let target = read.strip_prefix(URL).unwrap();
            assert!(target.starts_with("/media/users/alice/"), "{target}");
            let headers = [("host", "acme.media.example")];
            let request = Request::parse("GET", target, headers).unwrap();
            let gate::Step::Decided(decision) = gate.decide::<Retrieval>(&request, now()) else {
                panic!("an HMAC does not wait");
            };
            assert!(matches!(decision.outcome, Outcome::Allow(_)), "{decision:?}");
            assert_eq!(decision.trail.key.as_deref(), Some(key.as_str()));
            assert_eq!(decision.trail.bucket.as_deref(), Some("bucket"));
        }
    }
}

#[test]
fn an_upload_cannot_be_confirmed_at_another_location() {
    let desk = |location: &str| {
        let policy = with_rule(&media(&json!({ "location": location })), KEY, URL);
        Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap()
    };
    let claims = json!({ "sub": "alice", "exp": now().as_secs() + 60 });
    let token = jwt::sign("users", &Secret::new(secret("JWT_SECRET").unwrap()), &claims);
    let authorization = format!("Bearer {}", token.expose());
    let headers = [("host", "uploads.example"), ("authorization", authorization.as_str())];
    let order = Request::parse("POST", "/uploads", headers).unwrap();
    let body = br#"{"filename": "a", "size": 3}"#;
    let Step::Answer(issued) = desk("old/").handle(&order, body, now(), [1; 16]) else {
        panic!("no answer");
    };
    let issued: Value = serde_json::from_str(&issued.body).unwrap();
    let path = format!("/uploads/{}/confirm", issued.get("id").and_then(Value::as_str).unwrap());
    let confirm = Request::parse("POST", &path, headers).unwrap();
    assert!(matches!(desk("old/").handle(&confirm, b"", now(), [2; 16]), Step::Ask(_)));
    let Step::Answer(answer) = desk("new/").handle(&confirm, b"", now(), [2; 16]) else {
        panic!("confirmed");
    };
    assert_eq!((answer.status, answer.log.verdict.reason()), (404, "unknown_upload"));
}
