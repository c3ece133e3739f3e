//! Of what is stored the app is told: when a client confirms it, and when the store says so.

use cloakroom_core::desk::inspection::{Finding, Inspecting, StoreEvent};
use cloakroom_core::store::Unanswered;
use cloakroom_core::webhook::Delivery;

use super::*;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0";
const HOOK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The policy, with three rules of which two tell the app.
fn policy() -> Value {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    let notify = json!({ "url": "https://app.example/hooks", "secrets": ["HOOK_1", "HOOK_2"] });
    policy["uploads"]["default"]["notify"] = notify.clone();
    policy["uploads"]["large"]["notify"] = notify;
    policy
}

fn hooked(name: &str) -> Option<String> {
    if name.starts_with("HOOK") { Some(HOOK.to_owned()) } else { secret(name) }
}

fn desk_of(policy: &Value) -> Desk {
    Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &hooked).unwrap()
}

fn desk() -> Desk {
    desk_of(&policy())
}

fn head(size: u64, content_type: Option<&str>) -> StoredHead {
    StoredHead {
        size,
        etag: "\"e\"".to_owned(),
        content_type: content_type.map(str::to_owned),
        ..StoredHead::default()
    }
}

fn bucket(key: &str, head: StoredHead, bytes: &[u8]) -> Bucket {
    let objects = [(key.to_owned(), head)].into();
    Bucket { objects, bytes: bytes.to_vec(), ..Bucket::default() }
}

fn key() -> String {
    format!("users/alice/{}/a b.jpg", "ab".repeat(16))
}

fn event(key: &str) -> StoreEvent {
    let text = |text: &str| Some(text.to_owned());
    StoreEvent {
        name: "ObjectCreated:Put".to_owned(),
        bucket: "bucket".to_owned(),
        key: key.to_owned(),
        etag: text("e"),
        version_id: text("v1"),
        sequencer: text("0055"),
    }
}

/// What comes of an event.
fn look(desk: &Desk, store: &mut Bucket, event: &StoreEvent) -> Finding {
    let mut all = desk.inspect(event);
    let mut inspecting = all.pop().unwrap();
    assert!(all.is_empty(), "one store has such a bucket");
    loop {
        inspecting = match inspecting {
            Inspecting::Done(finding) => return finding,
            Inspecting::Ask(inspection) => {
                let reply = store.ask(&inspection.call());
                inspection.settle(reply)
            }
            Inspecting::Tell(news) => {
                let answer = store.tell(news.delivery(now()));
                news.settle(answer)
            }
        };
    }
}

fn reason(finding: &Finding) -> (&'static str, bool) {
    (finding.log.verdict.reason(), finding.again)
}

fn id(delivery: &Delivery) -> &str {
    let (_, id) = delivery.headers.iter().find(|(name, _)| *name == "webhook-id").unwrap();
    id
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
}

fn confirm(desk: &Desk, store: &mut Bucket) -> Answer {
    let ask = |store: &mut Bucket, path: &str, body: &str| {
        ask_of(desk, store, now(), ("POST", path), signed_in("alice"), body)
    };
    let ticket = json_of(&ask(store, "/uploads", &order(&[("rule", json!("default"))])));
    ask(store, &format!("/uploads/{}/confirm", text(&ticket, "id")), "")
}

#[test]
fn a_confirmation_tells_the_app_first() {
    let desk = desk();
    let mut store = bucket(&key(), head(1000, Some("image/jpeg")), JPEG);
    for _ in 0..2 {
        assert_eq!(confirm(&desk, &mut store).status, 200);
    }
    let [first, second] = store.told.as_slice() else { panic!("{:?}", store.told) };
    assert_eq!(first.url.as_str(), "https://app.example/hooks");
    assert_eq!(
        body(first),
        json!({
            "type": "upload.stored", "timestamp": "2026-11-23T12:00:00Z",
            "data": {
                "rule": "default", "store": "main", "bucket": "bucket", "key": key(),
                "size": 1000, "etag": "\"e\"", "content_type": "image/jpeg", "principal": "alice"
            }
        })
    );
    assert_eq!(id(first), id(second));
    let (_, signatures) = first.headers.iter().find(|(n, _)| *n == "webhook-signature").unwrap();
    assert_eq!(signatures.split(' ').count(), 2);
}

#[test]
fn a_confirmation_fails_until_the_app_knows() {
    let desk = desk();
    let mut store = bucket(&key(), head(1000, Some("image/jpeg")), JPEG);
    for answer in [
        Ok(500),
        Ok(404),
        Ok(302),
        Ok(199),
        Err(Unanswered::TimedOut),
        Err(Unanswered::Unreachable),
    ] {
        store.app = Some(answer);
        let answer = confirm(&desk, &mut store);
        assert_eq!((answer.status, answer.log.verdict.reason()), (502, "app_not_told"));
    }
    store.app = None;
    assert_eq!(confirm(&desk, &mut store).status, 200);
    assert!(store.told.iter().all(|told| id(told) == id(&store.told[0])));
}

#[test]
fn the_app_is_told_of_what_was_not_announced() {
    let desk = desk();
    let mut store = bucket(&key(), head(999, Some("image/jpeg")), JPEG);
    let answer = confirm(&desk, &mut store);
    assert_eq!((answer.status, answer.log.verdict.reason()), (409, "stored_differs"));
    let told = body(&store.told[0]);
    assert_eq!(told["type"], "upload.refused");
    assert_eq!(told["data"]["problem"], "The store has 999 bytes; 1000 were announced.");
    // Where nothing is there, there is nothing to tell.
    let mut empty = Bucket::untouched();
    assert_eq!(confirm(&desk, &mut empty).status, 409);
    assert!(empty.told.is_empty());
}

#[test]
fn an_event_and_a_confirmation_are_the_same_news() {
    let desk = desk();
    let mut store = bucket(&key(), head(1000, Some("image/jpeg")), JPEG);
    assert_eq!(confirm(&desk, &mut store).status, 200);
    for name in ["ObjectCreated:Put", "s3:ObjectCreated:Post", "Object Created"] {
        let event = StoreEvent { name: name.to_owned(), ..event(&key()) };
        let finding = look(&desk, &mut store, &event);
        assert_eq!(reason(&finding), ("told", false));
        assert_eq!(finding.log.trail.pattern.as_deref(), Some("default"));
    }
    assert!(store.told.iter().all(|told| id(told) == id(&store.told[0])));
    let said = body(&store.told[1]);
    assert_eq!(
        (&said["data"]["version_id"], &said["data"]["sequencer"]),
        (&json!("v1"), &json!("0055"))
    );
    assert_eq!(said["data"]["principal"], "alice");
}

#[test]
fn other_objects_are_other_news() {
    let desk = desk();
    let tell = |key: &str, head: StoredHead| {
        let mut store = bucket(key, head, JPEG);
        look(&desk, &mut store, &event(key));
        store.told.pop().unwrap()
    };
    let fine = || head(1000, Some("image/jpeg"));
    let first = tell(&key(), fine());
    let other_key = tell(&key().replace("alice", "bob"), fine());
    let other_etag = tell(&key(), StoredHead { etag: "\"f\"".to_owned(), ..fine() });
    let refused = tell(&key(), head(1001, Some("image/jpeg")));
    let ids = [&first, &other_key, &other_etag, &refused].map(id);
    for (n, one) in ids.iter().enumerate() {
        assert!(ids[..n].iter().all(|other| other != one), "{ids:?}");
    }
    assert_eq!(body(&other_key)["data"]["principal"], "bob");
    // Its version and place are those of the object that was there then.
    assert_eq!(body(&other_etag)["data"].get("version_id"), None);
    assert_eq!(body(&other_etag)["data"].get("sequencer"), None);
}

#[test]
fn what_no_rule_allows_is_refused_and_told() {
    let desk = desk();
    let check = |head: StoredHead, bytes: &[u8], problem: &str| {
        let mut store = bucket(&key(), head, bytes);
        let finding = look(&desk, &mut store, &event(&key()));
        assert_eq!(reason(&finding), ("stored_differs", false), "{problem}");
        let told = body(&store.told[0]);
        assert_eq!(
            (&told["type"], &told["data"]["problem"]),
            (&json!("upload.refused"), &json!(problem))
        );
    };
    let jpeg = Some("image/jpeg");
    let sizes = |size: u64| format!("The store has {size} bytes; from 1 to 1000 are allowed.");
    check(head(0, jpeg), b"", &sizes(0));
    check(head(1001, jpeg), JPEG, &sizes(1001));
    let types = |said: &str| format!("The store has a file of {said}; these are allowed: image/*.");
    check(head(9, Some("text/html")), JPEG, &types("type `text/html`"));
    check(head(9, Some("image")), JPEG, &types("type `image`"));
    check(head(9, None), JPEG, &types("no type"));
    check(
        head(9, jpeg),
        b"%PDF-1.7",
        "The file was stored as `image/jpeg`; its bytes are those of `application/pdf`.",
    );
    check(
        head(9, jpeg),
        b"hello",
        "The file was stored as `image/jpeg`; its bytes are not those of one.",
    );
}

#[test]
fn events_that_concern_nobody() {
    let desk = desk();
    let check = |event: StoreEvent, expected: &'static str| {
        let mut store = Bucket::untouched();
        let finding = look(&desk, &mut store, &event);
        assert_eq!(reason(&finding), (expected, false), "{event:?}");
        assert_eq!(finding.log.trail.key.as_deref(), Some(event.key.as_str()));
        assert!(store.told.is_empty());
        store.asked
    };
    for name in ["ObjectRemoved:Delete", "LifecycleExpiration:Delete", "Object Deleted", ""] {
        let asked = check(StoreEvent { name: name.to_owned(), ..event(&key()) }, "other_event");
        assert!(asked.is_empty());
    }
    let random = "ab".repeat(16);
    for other in [
        "public/a.jpg".to_owned(),
        format!("users/alice/{random}/a/b.jpg"),
        format!("users/alice/{}/a.jpg", "AB".repeat(16)),
        "users/alice/1/a.jpg".to_owned(),
        // A rule that tells nobody.
        format!("users/alice/{random}"),
        "a\nb".to_owned(),
        "..".to_owned(),
        String::new(),
    ] {
        assert!(check(event(&other), "no_rule").is_empty(), "{other}");
    }
    let elsewhere = StoreEvent { bucket: "other-bucket".to_owned(), ..event(&key()) };
    assert!(check(elsewhere, "no_rule").is_empty());
    assert_eq!(check(event(&key()), "gone"), ["head"]);
}

#[test]
fn an_event_comes_again_while_somebody_does_not_answer() {
    let desk = desk();
    for (error, expected) in
        [(CallError::Unavailable, "store_unavailable"), (CallError::Refused, "store_refused")]
    {
        let Some(Inspecting::Ask(inspection)) = desk.inspect(&event(&key())).pop() else {
            panic!("the store has to be asked");
        };
        let Inspecting::Done(finding) = inspection.settle(Err(error)) else {
            panic!("{error:?} ends it");
        };
        assert_eq!(reason(&finding), (expected, true));
    }
    for app in [Ok(503), Err(Unanswered::TimedOut)] {
        let mut store = bucket(&key(), head(1000, Some("image/jpeg")), JPEG);
        store.app = Some(app);
        assert_eq!(reason(&look(&desk, &mut store, &event(&key()))), ("app_not_told", true));
    }
}

#[test]
fn an_object_is_what_one_of_its_rules_allows() {
    // `default` and `large` make the same keys: the one takes pictures, the other videos.
    let desk = desk();
    let rule_of = |desk: &Desk, size, content_type: &str, bytes: &[u8]| {
        let mut store = bucket(&key(), head(size, Some(content_type)), bytes);
        let finding = look(desk, &mut store, &event(&key()));
        (
            reason(&finding).0,
            store.told.pop().map(|told| text(&body(&told)["data"], "rule").to_owned()),
        )
    };
    let rule = |name: &str| Some(name.to_owned());
    const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    assert_eq!(rule_of(&desk, 1000, "image/jpeg", JPEG), ("told", rule("default")));
    assert_eq!(rule_of(&desk, 20_000_000, "video/mp4", MP4), ("told", rule("large")));
    assert_eq!(rule_of(&desk, 20_000_000, "image/jpeg", JPEG), ("stored_differs", rule("default")));
    assert_eq!(rule_of(&desk, 9, "video/mp4", b"%PDF-1.7"), ("stored_differs", rule("large")));
    // What is right for a rule that tells nobody is nobody's news, and never refused.
    let mut policy = policy();
    policy["uploads"]["large"].as_object_mut().unwrap().remove("notify");
    let desk = desk_of(&policy);
    assert_eq!(rule_of(&desk, 20_000_000, "video/mp4", MP4), ("no_rule", None));
    assert_eq!(rule_of(&desk, 20_000_000, "text/html", MP4), ("stored_differs", rule("default")));
    assert_eq!(rule_of(&desk, 9, "video/mp4", b"%PDF-1.7"), ("stored_differs", rule("default")));
}

#[test]
fn a_policy_names_its_webhooks_well() {
    let check = |notify: Value, place: &str, expected: &str| {
        let mut policy = policy();
        policy["uploads"]["default"]["notify"] = notify;
        let error = Policy::parse(&policy.to_string()).unwrap_err();
        let place = format!("uploads.default.notify{place}");
        assert_eq!((error.place(), error.problem().contains(expected)), (&*place, true), "{error}");
    };
    let url = "https://app.example/hooks";
    check(json!({ "secrets": ["HOOK"] }), "", "needs a field `url`");
    check(json!({ "url": url }), "", "needs a field `secrets`");
    check(json!({ "url": url, "secrets": [] }), ".secrets", "at least one secret");
    check(json!({ "url": url, "secrets": ["HOOK", "HOOK"] }), ".secrets.1", "named twice");
    check(json!({ "url": url, "secrets": [HOOK] }), ".secrets.0", "never stands in a policy");
    check(json!({ "url": url, "secrets": ["HOOK"], "token": 1 }), "", "has no field `token`");
    let http = json!({ "url": "http://app.example/hooks", "secrets": ["HOOK"] });
    check(http, ".url", "must begin with `https://`");

    let parsed = Policy::parse(&policy().to_string()).unwrap();
    let names: Vec<_> = parsed.secret_names();
    for n in [0, 1] {
        let place = format!("uploads.default.notify.secrets[{n}]");
        assert!(names.contains(&(format!("HOOK_{}", n + 1), place)), "{names:?}");
    }
    let error = Desk::new(&parsed, &secret).unwrap_err();
    assert_eq!(error.place(), "uploads.default.notify.secrets[0]");
    assert!(error.problem().starts_with("secret `HOOK_1` must be `whsec_`"), "{error}");
}
