//! Orders through the desk: what is signed, for whom, and what a confirmation finds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod events;
mod forms;
mod multipart;
mod names;
mod protocols;
mod rules;
mod segments;
mod signing;
mod store;
mod sweep;
mod types;

use cloakroom_core::desk::answer::Answer;
use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::gate::{self, Gate, Outcome};
use cloakroom_core::jwt;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_core::retrieval::Retrieval;
use cloakroom_core::secret::Secret;
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, MadeOf, Reply, StoredHead, What};
use cloakroom_core::upload::checksum::{Checksum, ChecksumAlgorithm};
use proptest::prelude::*;
use serde_json::{Value, json};

use self::store::Bucket;

const POLICY: &str = r#"{
  "version": 1,
  "stores": {
    "main": {
      "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
      "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET" }
    }
  },
  "keys": {
    "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" },
    "users": { "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET", "principal": { "claim": "sub" } }
  },
  "routes": {
    "media": {
      "path": "/media/", "store": "main", "bucket": "bucket",
      "access": [{ "keys": "users/{owner}/*", "acl": "private" }]
    }
  },
  "uploads": {
    "default": {
      "route": "media", "key": "users/{principal}/{random}/{filename}",
      "content_types": ["image/*"], "size": { "min": 1, "max": 1000 }, "expires_in": 300,
      "read": { "url": "https://media.example", "key": "AKAPP", "expires_in": 3600 },
      "seal_secret": "SEAL_SECRET", "cors": { "allow_origins": ["https://app.example"] }
    },
    "other": {
      "route": "media", "key": "users/{principal}/{random}",
      "content_types": ["*/*"], "size": { "max": 10 },
      "read": { "url": "https://media.example", "key": "AKAPP" },
      "seal_secret": "OTHER_SEAL_SECRET"
    },
    "large": {
      "route": "media", "key": "users/{principal}/{random}/{filename}",
      "kinds": ["multipart", "form", "put"], "create_only": true, "unenforced": ["create_only"],
      "content_types": ["video/*"], "size": { "min": 1, "max": 30000000 }, "part_size": 5242880,
      "read": { "url": "https://media.example", "key": "AKAPP" },
      "seal_secret": "SEAL_SECRET", "cors": { "allow_origins": ["https://app.example"] }
    }
  }
}"#;

const RANDOM: [u8; 16] = [0xab; 16];

fn secret(name: &str) -> Option<String> {
    Some(format!("{name} of more than thirty-two bytes"))
}

fn desk() -> Desk {
    Desk::new(&Policy::parse(POLICY).unwrap(), &secret).unwrap()
}

fn now() -> UnixTime {
    UnixTime::parse_amz_date("20261123T120000Z").unwrap()
}

fn later(secs: u64) -> UnixTime {
    UnixTime::from_secs(now().as_secs() + secs)
}

fn bearer(user: &str) -> String {
    let secret = Secret::new(secret("JWT_SECRET").unwrap());
    let claims = json!({ "sub": user, "exp": later(1_000_000).as_secs() });
    format!("Bearer {}", jwt::sign("users", &secret, &claims).expose())
}

/// What a client sends beside method, path and body.
#[derive(Clone, Copy, Default)]
struct Sent<'a> {
    user: Option<&'a str>,
    headers: &'a [(&'a str, &'a str)],
}

fn signed_in(user: &str) -> Sent<'_> {
    Sent { user: Some(user), headers: &[] }
}

/// The answer of a desk to a request, with `store` behind it.
fn ask_of(
    desk: &Desk,
    store: &mut Bucket,
    time: UnixTime,
    (method, path): (&str, &str),
    sent: Sent<'_>,
    body: &str,
) -> Answer {
    let authorization = sent.user.map(bearer);
    let mut headers = vec![("host", "uploads.example"), ("origin", "https://app.example")];
    headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
    headers.extend(sent.headers);
    let request = Request::parse(method, path, headers).unwrap();
    let mut step = desk.handle(&request, body.as_bytes(), time, RANDOM);
    loop {
        step = match step {
            Step::Answer(answer) => return answer,
            Step::Ask(pending) => {
                let reply = store.ask(&pending.call());
                pending.settle(reply, time)
            }
            Step::Tell(telling) => {
                let answer = store.tell(telling.delivery(time));
                telling.settle(answer, time)
            }
            Step::Check(_) | Step::Sign(_) => panic!("an HMAC does not wait"),
        };
    }
}

/// The answer of the desk, which has no need of its store.
fn answer(method: &str, path: &str, user: Option<&str>, body: &str) -> Answer {
    let sent = Sent { user, headers: &[] };
    ask_of(&desk(), &mut Bucket::untouched(), now(), (method, path), sent, body)
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body)
        .unwrap_or_else(|_| panic!("{} {}", answer.status, answer.body))
}

fn text<'v>(json: &'v Value, name: &str) -> &'v str {
    json[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {json}"))
}

fn order(change: &[(&str, Value)]) -> String {
    let mut order = json!({ "filename": "a b.jpg", "content_type": "image/jpeg", "size": 1000 });
    for (name, value) in change {
        order[name] = value.clone();
    }
    order.to_string()
}

fn issued(user: &str, change: &[(&str, Value)]) -> Value {
    let answer = answer("POST", "/uploads", Some(user), &order(change));
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn an_order_becomes_a_signed_put() {
    let checksum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let ticket = issued("alice", &[("checksum_sha256", json!(checksum))]);
    let random = "ab".repeat(16);
    assert_eq!(ticket["method"], "PUT");
    assert_eq!(ticket["key"], format!("users/alice/{random}/a b.jpg"));
    assert_eq!(ticket["expires_at"], "2026-11-23T12:05:00Z");
    assert_eq!(
        ticket["headers"],
        json!({
            "content-type": "image/jpeg",
            "if-none-match": "*",
            "x-amz-checksum-sha256": checksum,
        })
    );
    let url = ticket["url"].as_str().unwrap();
    let path = format!("https://bucket.s3.example/users/alice/{random}/a%20b.jpg?");
    assert!(url.starts_with(&path), "{url}");
    let signed = "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3B\
                  x-amz-checksum-sha256&";
    assert!(url.contains(signed), "{url}");
    assert!(url.contains("X-Amz-Expires=300&"), "{url}");
}

#[test]
fn the_read_link_opens_the_object_at_the_edge() {
    let ticket = issued("alice", &[("filename", json!("été+%?#.jpg"))]);
    let read = ticket["read"].as_str().unwrap();
    let target = read.strip_prefix("https://media.example").unwrap();
    let gate = Gate::new(Policy::parse(POLICY).unwrap().read_side(), &secret).unwrap();
    let request = Request::parse("GET", target, [("host", "media.example")]).unwrap();
    let gate::Step::Decided(decision) = gate.decide::<Retrieval>(&request, later(3600)) else {
        panic!("an HMAC does not wait");
    };
    assert!(matches!(decision.outcome, Outcome::Allow(_)), "{decision:?}");
    assert_eq!(decision.trail.key.as_deref(), ticket["key"].as_str());
}

#[test]
fn every_bad_order_has_its_answer() {
    for (change, status, message) in [
        (("size", json!(0)), 403, "The file has 0 bytes; from 1 to 1000 are allowed."),
        (("size", json!(1001)), 403, "The file has 1001 bytes; from 1 to 1000 are allowed."),
        (
            ("size", json!("10")),
            400,
            "`size` must be the file's size in bytes, a whole number from 0.",
        ),
        (
            ("content_type", json!("text/html")),
            403,
            "Files of type `text/html` are not taken here; these are: image/*.",
        ),
        (
            ("filename", json!("../a.jpg")),
            400,
            "`filename` must be a name without folders, so without `/`.",
        ),
        (
            ("filename", json!("a/b.jpg")),
            400,
            "`filename` must be a name without folders, so without `/`.",
        ),
        (("filename", json!("..")), 400, "`filename` must not be `.` or `..`."),
        (("filename", json!("a\nb")), 400, "`filename` must not hold control characters."),
        (
            ("filename", json!("x\u{202e}gpj.exe")),
            400,
            "`filename` must not hold characters that change the direction of text.",
        ),
        (("filename", json!("a\u{0}b")), 400, "`filename` must not hold control characters."),
        (
            ("filename", json!("x".repeat(1024))),
            400,
            "`filename` is too long: the key would exceed 1024 bytes.",
        ),
        (("rule", json!("nothing")), 400, "There is no upload rule `nothing`."),
        (
            ("acl", json!("public-read")),
            400,
            "There is no field `acl`; the fields are `filename`, `content_type`, `size`, `rule`, `kind`, `checksum_sha256`, `checksum_crc32c`, `checksum_crc64nvme`, `content_md5`.",
        ),
    ] {
        let (name, _) = &change;
        let answer =
            answer("POST", "/uploads", Some("alice"), &order(std::slice::from_ref(&change)));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, body["message"].as_str().unwrap()), (status, message), "{name}");
    }
}

#[test]
fn only_users_may_upload() {
    let anonymous = answer("POST", "/uploads", None, &order(&[]));
    assert_eq!((anonymous.status, anonymous.log.verdict.reason()), (401, "no_credential"));
    for user in ["a/b", "..", "a\u{7}"] {
        let answer = answer("POST", "/uploads", Some(user), &order(&[]));
        assert_eq!(answer.status, 400, "{user:?}");
        assert!(answer.body.contains("The user's id cannot"), "{user:?}: {}", answer.body);
    }
    for (method, path, status) in [
        ("GET", "/uploads", 405),
        ("PUT", "/uploads", 405),
        ("POST", "/uploads/", 404),
        ("POST", "/uploadsx", 404),
        ("POST", "/other", 404),
        ("POST", "/uploads/x/y", 404),
        ("OPTIONS", "/uploads", 204),
        ("OPTIONS", "/uploads/x/confirm", 204),
    ] {
        let answer = answer(method, path, Some("alice"), &order(&[]));
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

#[test]
fn a_confirmation_compares_what_is_stored_with_what_was_announced() {
    let checksum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let ticket = issued("alice", &[("checksum_sha256", json!(checksum))]);
    let path = format!("/uploads/{}/confirm", text(&ticket, "id"));
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0";
    let head = |size, content_type: Option<&str>, checksum: Option<&str>| StoredHead {
        size,
        etag: "\"e\"".to_owned(),
        content_type: content_type.map(str::to_owned),
        checksums: checksum
            .map(|value| Checksum { algorithm: ChecksumAlgorithm::Sha256, value: value.to_owned() })
            .into_iter()
            .collect(),
        made_of: MadeOf::Bytes,
    };
    let settle = |head: Result<StoredHead, CallError>, bytes: &[u8]| {
        let authorization = bearer("alice");
        let headers = [
            ("host", "uploads.example"),
            ("origin", "https://app.example"),
            ("authorization", authorization.as_str()),
        ];
        let request = Request::parse("POST", &path, headers).unwrap();
        let desk = desk();
        let mut step = desk.handle(&request, b"", later(60), RANDOM);
        loop {
            step = match step {
                Step::Answer(answer) => return answer,
                Step::Ask(pending) => {
                    let call = pending.call();
                    assert_eq!(call.key.as_str(), text(&ticket, "key"));
                    assert_eq!(call.bucket.as_str(), "bucket");
                    let reply = match call.what {
                        What::Head => head.clone().map(Reply::Head),
                        What::FirstBytes(8192) => Ok(Reply::FirstBytes(bytes.to_vec())),
                        other => panic!("{other:?}"),
                    };
                    pending.settle(reply, later(60))
                }
                other => panic!("{other:?}"),
            };
        }
    };
    let jpeg = Some("image/jpeg");
    let confirmed = settle(Ok(head(1000, jpeg, Some(checksum))), JPEG);
    assert_eq!((confirmed.status, confirmed.log.verdict.reason()), (200, "confirmed"));
    let body = json_of(&confirmed);
    assert_eq!(
        (&body["key"], &body["size"], &body["etag"]),
        (&ticket["key"], &json!(1000), &json!("\"e\""))
    );
    assert!(text(&body, "read").starts_with("https://media.example/media/users/alice/"));
    for (head, bytes, status, reason) in [
        (Ok(head(1000, jpeg, None)), JPEG, 200, "confirmed"),
        (Ok(head(1000, Some("IMAGE/JPEG; q=1"), None)), JPEG, 200, "confirmed"),
        (Ok(head(1000, None, None)), JPEG, 200, "confirmed"),
        (Ok(head(999, jpeg, Some(checksum))), JPEG, 409, "stored_differs"),
        (Ok(head(1000, Some("image/png"), None)), JPEG, 409, "stored_differs"),
        (Ok(head(1000, jpeg, Some("other"))), JPEG, 409, "stored_differs"),
        // In the place of a file, a manifest shows objects that are somebody else's.
        (
            Ok(StoredHead { made_of: MadeOf::Listed, ..head(1000, jpeg, None) }),
            JPEG,
            409,
            "stored_differs",
        ),
        (
            Ok(StoredHead { made_of: MadeOf::Found, ..head(1000, jpeg, None) }),
            JPEG,
            409,
            "stored_differs",
        ),
        (Ok(head(1000, jpeg, None)), b"<html><script>", 409, "stored_differs"),
        (Ok(head(1000, jpeg, None)), b"hello", 409, "stored_differs"),
        (Err(CallError::NotFound), JPEG, 409, "not_stored"),
        (Err(CallError::Refused), JPEG, 502, "store_refused"),
        (Err(CallError::Unavailable), JPEG, 502, "store_unavailable"),
    ] {
        let answer = settle(head, bytes);
        assert_eq!((answer.status, answer.log.verdict.reason()), (status, reason));
        assert!(answer.headers.iter().any(|(name, _)| *name == "access-control-allow-origin"));
    }
}

#[test]
fn an_upload_id_is_its_users_alone_and_cannot_be_changed() {
    let id = issued("alice", &[])["id"].as_str().unwrap().to_owned();
    let confirm = |time, user: &str, id: &str| {
        let path = format!("/uploads/{id}/confirm");
        let mut bucket = Bucket::untouched();
        let answer = ask_of(&desk(), &mut bucket, time, ("POST", &path), signed_in(user), "");
        // The store is asked, and has nothing.
        match answer.log.verdict.reason() {
            "not_stored" => "head",
            reason => reason,
        }
    };
    assert_eq!(confirm(now(), "alice", &id), "head");
    assert_eq!(confirm(now(), "bob", &id), "unknown_upload");
    assert_eq!(confirm(later(24 * 3600), "alice", &id), "head");
    assert_eq!(confirm(later(24 * 3600 + 1), "alice", &id), "upload_too_old");
    for at in (0..id.len()).step_by(7) {
        let mut bytes = id.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(confirm(now(), "alice", &changed), "unknown_upload", "{changed}");
    }
    // Sealed for one rule, an id does not open as one of another.
    let other = issued("alice", &[("rule", json!("other")), ("size", json!(10))]);
    let other = other["id"].as_str().unwrap();
    let (body, _) = id.split_once('.').unwrap();
    let (_, seal) = other.split_once('.').unwrap();
    assert_eq!(confirm(now(), "alice", &format!("{body}.{seal}")), "unknown_upload");
    assert_eq!(confirm(now(), "alice", other), "head");
}

proptest! {
    #[test]
    fn no_body_and_no_path_panics(path in ".{0,60}", body in ".{0,120}") {
        let token = bearer("alice");
        let headers = [("host", "h"), ("authorization", token.as_str())];
        for path in [path.clone(), format!("/uploads/{path}/confirm"), "/uploads".into()] {
            if let Ok(request) = Request::parse("POST", &path, headers) {
                let _ = desk().handle(&request, body.as_bytes(), now(), RANDOM);
            }
        }
    }
}

#[test]
fn a_read_is_sent_to_the_store() {
    let ticket = issued("alice", &[]);
    let read = ticket["read"].as_str().unwrap();
    let target = read.strip_prefix("https://media.example").unwrap();
    let answer = |method: &str, target: &str| {
        let request = Request::parse(method, target, [("host", "media.example")]).unwrap();
        match desk().handle(&request, b"", later(60), RANDOM) {
            Step::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    };
    let allowed = answer("GET", target);
    assert_eq!((allowed.status, allowed.log.verdict.reason()), (302, "redirected"));
    assert_eq!(allowed.log.trail.key.as_deref(), ticket["key"].as_str());
    let header = |name: &str| {
        let found = allowed.headers.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.as_str()).unwrap()
    };
    assert_eq!(header("cache-control"), "no-store");
    // The link lives for an hour, of which a minute is over.
    let location = header("location");
    assert!(location.starts_with("https://bucket.s3.example/users/alice/"), "{location}");
    assert!(location.contains("&X-Amz-Expires=3540&"), "{location}");
    for (method, target, status, reason) in [
        ("HEAD", target, 403, "method_mismatch"),
        ("GET", "/media/users/alice/a.jpg", 403, "no_credential"),
        ("GET", "/nowhere", 404, "no_route"),
        ("GET", "/uploads", 405, "method_not_allowed"),
        ("DELETE", "/media/a.jpg", 405, "method_not_allowed"),
        ("POST", "/media/a.jpg", 404, "no_such_path"),
    ] {
        let answer = answer(method, target);
        assert_eq!(
            (answer.status, answer.log.verdict.reason()),
            (status, reason),
            "{method} {target}"
        );
        assert!(!answer.headers.iter().any(|(name, _)| *name == "location"));
    }
    assert_eq!(answer("OPTIONS", "/media/a.jpg").log.verdict.reason(), "preflight");
}

#[test]
fn a_route_that_the_function_does_not_serve_keeps_its_place() {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    let routes = policy["routes"].as_object_mut().unwrap();
    let mut around = routes["media"].clone();
    around["access"] = json!([{ "keys": "*", "acl": "public-read" }]);
    let mut within = around.clone();
    within["path"] = json!("/media/members/");
    within["location"] = json!("members/");
    within["access"] = json!([{ "keys": "members/{owner}/*", "acl": "private" }]);
    within["hide"] = json!("forbidden");
    routes.insert("media".into(), around);
    routes.insert("members".into(), within);
    let desk = Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap();
    for (target, status, reason) in [
        ("/media/a.jpg", 302, "redirected"),
        ("/media/members/alice/a.jpg", 403, "no_route"),
        ("/media/members%2Falice/a.jpg", 403, "malformed_key"),
    ] {
        let request = Request::parse("GET", target, [("host", "media.example")]).unwrap();
        let Step::Answer(answer) = desk.handle(&request, b"", now(), RANDOM) else {
            panic!("{target}");
        };
        assert_eq!((answer.status, answer.log.verdict.reason()), (status, reason), "{target}");
    }
}
