//! Stores of several kinds, a fallback, and what becomes of each of their answers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::time::Duration;

use cloakroom_core::desk::Desk;
use cloakroom_core::gate::{Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::origin::FORWARDED_HEADERS;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_core::response::ViewerResponse;
use cloakroom_core::retrieval::{Next, Retrieval, TRIES};
use cloakroom_core::store::{StoreAnswer, StoreError, Unanswered};
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_435_200);

fn policy() -> Value {
    let credentials = json!({ "access_key_id": "S3_ID", "secret_access_key": "S3_SECRET" });
    let routes = json!({
        "s3": { "path": "/s3/", "store": "new", "bucket": "media" },
        "swift": { "path": "/swift/", "store": "old", "bucket": "Alte Bilder" },
        "moving": {
            "path": "/moving/", "store": "new", "bucket": "media", "location": "site/",
            "fallback": { "store": "old", "bucket": "media-2013" }
        },
        "by_tenant": {
            "path": "/t/{tenant}/", "store": "new", "bucket": "media-{tenant}",
            "fallback": { "store": "old", "bucket": "{tenant}" }
        }
    });
    let mut policy = json!({
        "version": 1,
        "stores": {
            "new": {
                "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
                "addressing": "path", "timeout": 5, "credentials": credentials
            },
            "old": {
                "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_shop",
                "keys": ["SWIFT_KEY_1", "SWIFT_KEY_2"], "digest": "sha1"
            }
        },
        "routes": routes
    });
    for route in policy["routes"].as_object_mut().unwrap().values_mut() {
        route["access"] = json!([{ "keys": "*", "acl": "public-read" }]);
    }
    policy
}

fn gate() -> Gate {
    let policy = Policy::parse(&policy().to_string()).unwrap();
    Gate::new(policy.read_side(), &|name| Some(format!("the value of {name}"))).unwrap()
}

fn retrieval(target: &str, headers: &[(&str, &str)]) -> Retrieval {
    retrieval_by("GET", target, headers)
}

fn retrieval_by(method: &str, target: &str, headers: &[(&str, &str)]) -> Retrieval {
    let headers = [("host", "h")].into_iter().chain(headers.iter().copied());
    let request = Request::parse(method, target, headers).unwrap();
    let gate = gate();
    let Step::Decided(decision) = gate.decide(&request, NOW) else { panic!("no public key") };
    match decision.outcome {
        Outcome::Allow(retrieval) => retrieval,
        other => panic!("{other:?}"),
    }
}

/// What a store says: a status and headers, or nothing.
type Said<'a> = Result<(u16, &'a [(&'a str, &'a str)]), Unanswered>;

/// What was asked, and what came of it.
#[derive(Debug)]
struct Story {
    asked: Vec<String>,
    pauses: Vec<u128>,
    end: Result<ViewerResponse, String>,
}

/// Lets the stores say one thing after the other.
fn tell(retrieval: Retrieval, health: &mut Health, said: &[Said<'_>]) -> Story {
    let (mut asked, mut pauses) = (Vec::new(), Vec::new());
    let mut said = said.iter();
    let mut next = retrieval.begin(health, NOW);
    let end = loop {
        next = match next {
            Next::Ask { retrieval, pause } => {
                asked.push(retrieval.request(NOW).shown().to_owned());
                pauses.push(pause.as_millis());
                let Some(said) = said.next() else { panic!("asked too often: {asked:?}") };
                let headers = said.iter().flat_map(|(_, headers)| *headers);
                let headers: Vec<_> =
                    headers.map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
                let answer = said.map(|(status, _)| StoreAnswer { status, headers: &headers });
                retrieval.settle(answer, health, NOW)
            }
            Next::Respond(response) => break Ok(response.head),
            Next::Look(_) => panic!("no copies are kept"),
            Next::Reject { rejection, .. } => break Err(rejection.row().reason.to_owned()),
        };
    };
    assert_eq!(said.next(), None, "not everything was asked for: {asked:?}");
    Story { asked, pauses, end }
}

fn story(target: &str, headers: &[(&str, &str)], said: &[Said<'_>]) -> Story {
    tell(retrieval(target, headers), &mut Health::default(), said)
}

fn status(story: &Story) -> Result<u16, &str> {
    story.end.as_ref().map(|response| response.status).map_err(String::as_str)
}

const S3: &str = "https://s3.example/media/site/a.jpg";
const SWIFT: &str = "https://swift.example/v1/AUTH_shop/media-2013/a.jpg?temp_url_sig=(redacted)";

#[test]
fn swift_is_asked_with_a_tempurl() {
    let retrieval = retrieval("/swift/%C3%A9t%C3%A9/a%20b+%3F.jpg", &[("range", "bytes=0-9")]);
    let request = retrieval.request(NOW);
    let (url, query) = request.url().expose().split_once('?').unwrap();
    assert_eq!(
        url,
        "https://swift.example/v1/AUTH_shop/Alte%20Bilder/%C3%A9t%C3%A9/a%20b%2B%3F.jpg"
    );
    let (signature, expires) = query.split_once('&').unwrap();
    assert_eq!(signature.len(), "temp_url_sig=".len() + 40, "SHA-1");
    assert_eq!(expires, format!("temp_url_expires={}", NOW.as_secs() + 300));
    let names: Vec<_> = request.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["range"]);
    assert_eq!(request.timeout(), Duration::from_secs(10));
    for text in [format!("{request:?}"), request.to_string()] {
        assert!(!text.contains(signature) && !text.contains("SWIFT_KEY"), "{text}");
    }
}

#[test]
fn a_refused_key_is_followed_by_the_other() {
    let of = |said: &[Said<'_>]| status(&story("/swift/a.jpg", &[], said)).map_err(str::to_owned);
    assert_eq!(of(&[Ok((401, &[])), Ok((200, &[]))]), Ok(200));
    assert_eq!(of(&[Ok((401, &[])), Ok((401, &[]))]), Err("store_key_refused".to_owned()));
    let mut retrieval = retrieval("/swift/a.jpg", &[]);
    let first = retrieval.request(NOW).url().expose().to_owned();
    let answer = StoreAnswer { status: 401, headers: &[] };
    let Next::Ask { retrieval: next, pause } =
        retrieval.clone().settle(Ok(answer), &mut Health::default(), NOW)
    else {
        panic!("the other key was not tried");
    };
    assert_eq!(pause, Duration::ZERO);
    retrieval = *next;
    assert_ne!(retrieval.request(NOW).url().expose(), first);
}

#[test]
fn the_key_that_was_taken_comes_first_the_next_time() {
    let mut health = Health::default();
    let mut ask = |answers: &[u16]| {
        let mut next = retrieval("/swift/a.jpg", &[]).begin(&mut health, NOW);
        let mut urls = Vec::new();
        for status in answers {
            let Next::Ask { retrieval, .. } = next else { panic!("asked {urls:?}") };
            urls.push(retrieval.request(NOW).url().expose().to_owned());
            let answer = StoreAnswer { status: *status, headers: &[] };
            next = retrieval.settle(Ok(answer), &mut health, NOW);
        }
        assert!(!matches!(next, Next::Ask { .. }), "another key");
        urls
    };
    let urls = ask(&[401, 200]);
    let (first, second) = (&urls[0], &urls[1]);
    assert_eq!(ask(&[200]), [second.as_str()]);
    assert_eq!(ask(&[404]), [second.as_str()]);
    // The keys were changed again, and then both were.
    assert_eq!(ask(&[401, 200]), [second.as_str(), first.as_str()]);
    assert_eq!(ask(&[401, 401]), [first.as_str(), second.as_str()]);
    assert_eq!(ask(&[200]), [first.as_str()]);
}

#[test]
fn what_swift_adds_is_not_the_objects() {
    let of = |said: &[(&str, &str)]| {
        let response = story("/swift/a/my%20photo.jpg", &[], &[Ok((200, said))]).end.unwrap();
        let named =
            |name| response.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
        ["etag", "expires", "content-disposition"].map(named)
    };
    let by_swift = r#"attachment; filename="my photo.jpg"; filename*=UTF-8''my%20photo.jpg"#;
    assert_eq!(
        of(&[
            ("Etag", "d41d8cd98f00b204e9800998ecf8427e"),
            ("Expires", "Thu, 26 Nov 2026 12:05:00 GMT"),
            ("Content-Disposition", by_swift),
        ]),
        [Some("\"d41d8cd98f00b204e9800998ecf8427e\"".to_owned()), None, None]
    );
    let stored = "attachment; filename=\"x\"";
    let quoted = [("etag", "\"e\""), ("content-disposition", stored)];
    assert_eq!(of(&quoted), [Some("\"e\"".to_owned()), None, Some(stored.to_owned())]);
}

#[test]
fn what_is_not_in_the_new_store_may_be_in_the_old_one() {
    for first in [404, 403] {
        let found = story("/moving/a.jpg", &[], &[Ok((first, &[])), Ok((200, &[]))]);
        assert_eq!(
            (found.asked.as_slice(), status(&found)),
            (&[S3, SWIFT].map(str::to_owned)[..], Ok(200))
        );
    }
    let moved = story("/moving/a.jpg", &[], &[Ok((200, &[]))]);
    assert_eq!(moved.asked, [S3]);
    let absent = story("/moving/a.jpg", &[], &[Ok((404, &[])), Ok((404, &[]))]);
    assert_eq!(status(&absent), Err("object_not_found"));
    let tenant = story("/t/acme/a.jpg", &[], &[Ok((404, &[])), Ok((304, &[]))]);
    assert_eq!(status(&tenant), Err("store_failed"), "a 304 that nobody asked for");
    assert_eq!(
        tenant.asked,
        [
            "https://s3.example/media-acme/a.jpg",
            "https://swift.example/v1/AUTH_shop/acme/a.jpg?temp_url_sig=(redacted)",
        ]
    );
}

#[test]
fn where_a_store_is_down_nobody_knows_what_is_absent() {
    let down = || Err(Unanswered::Unreachable);
    let of = |said: &[Said<'_>]| status(&story("/moving/a.jpg", &[], said)).map_err(str::to_owned);
    assert_eq!(of(&[down(), down(), down(), Ok((200, &[]))]), Ok(200));
    let absent = of(&[down(), down(), down(), Ok((404, &[]))]);
    assert_eq!(absent, Err("store_unreachable".to_owned()));
    let slow = of(&[Err(Unanswered::TimedOut), Ok((404, &[]))]);
    assert_eq!(slow, Err("store_timed_out".to_owned()));
    let other = of(&[Ok((404, &[])), Ok((500, &[])), Ok((503, &[])), Ok((500, &[]))]);
    assert_eq!(other, Err("store_failed".to_owned()));
}

#[test]
fn a_store_in_trouble_is_asked_again_with_longer_pauses() {
    for trouble in [500, 502, 503, 504, 429] {
        let story =
            story("/s3/a.jpg", &[], &[Ok((trouble, &[])), Ok((trouble, &[])), Ok((206, &[]))]);
        assert_eq!(story.pauses, [0, 100, 200]);
        assert_eq!(status(&story), Err("store_failed"), "206 without a range");
    }
    for answer in [400, 302, 405, 418] {
        let story = story("/s3/a.jpg", &[], &[Ok((answer, &[]))]);
        assert_eq!((story.asked.len(), status(&story)), (1, Err("store_failed")), "{answer}");
    }
    assert_eq!(TRIES, 3);
}

#[test]
fn a_bucket_in_another_region_is_named() {
    let headers = [("x-amz-bucket-region", "eu-west-1")];
    for answer in [301, 307, 400] {
        let story = story("/s3/a.jpg", &[], &[Ok((answer, &headers))]);
        assert_eq!(status(&story), Err("store_other_region"));
    }
    let error = StoreError::OtherRegion { region: "eu-west-1".to_owned() };
    assert!(error.to_string().contains("is in `eu-west-1`; set the store's `region`"));
}

#[test]
fn a_dead_store_is_left_alone() {
    let mut health = Health::default();
    let down: [Said<'_>; 3] = [Err(Unanswered::Unreachable); 3];
    let first = tell(retrieval("/s3/a.jpg", &[]), &mut health, &down);
    assert_eq!(status(&first), Err("store_unreachable"));
    // The fifth failure in a row is the last one.
    let second = tell(retrieval("/s3/a.jpg", &[]), &mut health, down.get(..2).unwrap());
    assert_eq!(status(&second), Err("store_unreachable"));
    let third = tell(retrieval("/s3/a.jpg", &[]), &mut health, &[]);
    assert_eq!(status(&third), Err("store_resting"));
    let elsewhere = tell(retrieval("/moving/a.jpg", &[]), &mut health, &[Ok((200, &[]))]);
    assert_eq!(
        (elsewhere.asked.as_slice(), status(&elsewhere)),
        (&[SWIFT.to_owned()][..], Ok(200))
    );
    let Next::Reject { rejection, .. } = retrieval("/s3/a.jpg", &[]).begin(&mut health, NOW) else {
        panic!("it was asked");
    };
    assert_eq!(rejection.row().status, 503);
    assert!(rejection.headers().contains(&("retry-after", "10".to_owned())));
}

#[test]
fn a_part_of_another_version_is_not_passed_on() {
    let with = |validator| [("range", "bytes=5-"), ("if-range", validator)];
    let date = "Thu, 26 Nov 2026 12:00:00 GMT";
    let stored = [("etag", "\"2\""), ("last-modified", date)];
    for fits in ["\"2\"", date] {
        let story = story("/s3/a.jpg", &with(fits), &[Ok((206, &stored))]);
        assert_eq!(status(&story), Ok(206), "{fits}");
    }
    for other in ["\"1\"", "Thu, 26 Nov 2026 12:00:01 GMT"] {
        let told = story("/s3/a.jpg", &with(other), &[Ok((206, &stored)), Ok((200, &stored))]);
        assert_eq!(status(&told), Ok(200), "{other}");
    }
    let unquoted = [("etag", "2")];
    let story = story("/swift/a.jpg", &with("\"2\""), &[Ok((206, &unquoted))]);
    assert_eq!(status(&story), Ok(206));
}

#[test]
fn a_head_is_of_the_whole() {
    let sent = [("range", "bytes=5-"), ("if-range", "\"1\""), ("if-none-match", "\"2\"")];
    let asked = retrieval_by("HEAD", "/s3/a.jpg", &sent).request(NOW);
    let names = asked.headers().iter().map(|(name, _)| *name);
    let forwarded: Vec<_> = names.filter(|name| FORWARDED_HEADERS.contains(name)).collect();
    assert_eq!(forwarded, ["if-none-match"]);
}

#[test]
fn a_binding_is_one_bucket_without_a_url() {
    let mut policy = policy();
    policy["stores"]["r2"] = json!({ "kind": "r2" });
    policy["routes"]["r2"] = json!({ "path": "/r2/", "store": "r2", "bucket": "MEDIA" });
    let checked = |route: Value| {
        let mut policy = policy.clone();
        for (name, value) in route.as_object().unwrap() {
            policy["routes"]["r2"][name] = value.clone();
        }
        Policy::parse(&policy.to_string()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(checked(json!({})), Ok(()));
    for (route, expected) in [
        (
            json!({ "bucket": "my-media" }),
            "bucket`: must be the name of a binding: letters, digits and `_`, beginning with a letter",
        ),
        (
            json!({ "path": "/r2/{x}/", "bucket": "{x}" }),
            "bucket`: must be the name of one binding, without placeholders",
        ),
        (
            json!({ "deliver": "redirect" }),
            "deliver`: must be `stream` where the store is a binding: it has no URL to send a viewer to",
        ),
    ] {
        assert_eq!(checked(route), Err(format!("policy: at `routes.r2.{expected}")));
    }
}

#[test]
fn the_function_needs_no_secret_of_a_fallback() {
    let mut policy = policy();
    policy["keys"] = json!({ "app": {
        "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner"
    } });
    policy["uploads"] = json!({ "photos": {
        "route": "moving", "key": "{random}/{filename}", "content_types": ["*/*"],
        "size": { "max": 9 }, "seal_secret": "SEAL",
        "read": { "url": "https://media.example", "key": "app" }
    } });
    let policy = Policy::parse(&policy.to_string()).unwrap();
    let known = |name: &str| {
        let long = format!("the value of {name}, which is long enough to sign with");
        (!name.starts_with("SWIFT")).then_some(long)
    };
    Desk::new(&policy, &known).unwrap();
    let error = Gate::new(policy.read_side(), &known).unwrap_err();
    assert_eq!(error.problem(), "secret `SWIFT_KEY_1` is not set");
}

#[test]
fn a_store_is_told_what_all_stores_understand() {
    let date = "Thu, 26 Nov 2026 12:00:00 GMT";
    let list = "\"1\", \"2\"";
    for (sent, told) in [
        (&[("if-none-match", "\"1\"")][..], &[("if-none-match", "\"1\"")][..]),
        (&[("if-none-match", "W/\"1\"")], &[("if-none-match", "\"1\"")]),
        (&[("if-none-match", list)], &[]),
        (&[("if-none-match", "*")], &[]),
        (&[("if-match", "\"1\"")], &[("if-match", "\"1\"")]),
        (&[("if-match", "W/\"1\"")], &[]),
        (&[("if-match", "*")], &[]),
        (&[("if-modified-since", date)], &[("if-modified-since", date)]),
        (&[("if-modified-since", "yesterday")], &[]),
        (&[("if-unmodified-since", "yesterday")], &[]),
        // One condition at a time: the one that counts first.
        (&[("if-none-match", "\"1\""), ("if-modified-since", date)], &[("if-none-match", "\"1\"")]),
        (&[("if-match", "\"1\""), ("if-none-match", "\"2\"")], &[("if-match", "\"1\"")]),
        (&[("if-match", list), ("if-none-match", "\"2\"")], &[]),
        (&[("range", "bytes=2-5")], &[("range", "bytes=2-5")]),
        (&[("range", "bytes=0-1,4-5")], &[]),
        (&[("range", "bytes=x-y"), ("if-range", "\"1\"")], &[]),
        (&[("range", "bytes=2-5"), ("if-range", "W/\"1\"")], &[]),
    ] {
        let request = retrieval("/swift/a.jpg", sent).request(NOW);
        let headers: Vec<_> =
            request.headers().iter().map(|(name, value)| (*name, value.expose())).collect();
        assert_eq!(headers, told, "{sent:?}");
    }
}

#[test]
fn the_gate_decides_what_a_store_is_not_told() {
    let stored = [("etag", "\"2\""), ("last-modified", "Thu, 26 Nov 2026 12:00:00 GMT")];
    let list = "\"1\", \"2\"";
    for (sent, answered, status) in [
        (&[("if-none-match", list)][..], 200, 304),
        (&[("if-none-match", "*")], 200, 304),
        (&[("if-match", list)], 200, 200),
        (&[("if-match", "*")], 200, 200),
        (&[("if-match", "W/\"2\"")], 200, 412),
        (&[("if-match", "\"2\""), ("if-none-match", "\"2\"")], 200, 304),
        (&[("if-none-match", list), ("range", "bytes=2-5")], 206, 304),
        (&[("if-none-match", "\"3\", \"4\""), ("range", "bytes=2-5")], 206, 206),
    ] {
        let told = story("/s3/a.jpg", sent, &[Ok((answered, &stored))]);
        let response = told.end.unwrap();
        assert_eq!(response.status, status, "{sent:?}");
        assert_eq!(response.has_body, matches!(status, 200 | 206), "{sent:?}");
    }
    // A store that refuses the part may not say of which version.
    for sent in [("if-none-match", list), ("if-range", "\"2\"")] {
        let told = [Ok((416, &[][..])), Ok((200, &stored[..]))];
        let told = story("/s3/a.jpg", &[("range", "bytes=99-"), sent], &told);
        assert_eq!(told.asked.len(), 2);
    }
    let told = [Ok((416, &stored[..]))];
    let known = story("/s3/a.jpg", &[("range", "bytes=99-"), ("if-range", "\"2\"")], &told);
    assert_eq!(status(&known), Ok(416));
}

#[test]
fn a_304_names_its_version() {
    for sent in ["\"2\"", "W/\"2\""] {
        let told = story("/s3/a.jpg", &[("if-none-match", sent)], &[Ok((304, &[]))]);
        let headers = told.end.unwrap().headers;
        assert!(headers.contains(&("etag", "\"2\"".to_owned())), "{sent}");
    }
}

/// Replaces the value at a JSON pointer, and expects this error.
fn check(pointer: &str, value: Value, expected: &str) {
    let mut policy = policy();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
    parent.insert(name.to_owned(), value);
    let error = Policy::parse(&policy.to_string()).unwrap_err();
    assert_eq!(error.to_string(), format!("policy: at `{expected}"), "{pointer}");
}

#[test]
fn each_error_of_the_policy_names_its_place() {
    check(
        "/stores/old/account",
        json!("a/b"),
        "stores.old.account`: must be an account such as `AUTH_shop`",
    );
    for keys in [json!([]), json!(["A", "B", "C"])] {
        let why =
            "must name one TempURL key or two; the second is tried where the first is refused";
        check("/stores/old/keys", keys, &format!("stores.old.keys`: {why}"));
    }
    check(
        "/stores/old/digest",
        json!("md5"),
        "stores.old.digest`: must be `sha1`, `sha256` or `sha512`, not `md5`",
    );
    check(
        "/stores/new/timeout",
        json!(61),
        "stores.new.timeout`: must be a whole number of seconds from 1 to 60",
    );
    check(
        "/routes/swift/bucket",
        json!("a/b"),
        "routes.swift.bucket`: must be a container's name: 1 to 256 bytes without `/` and control characters",
    );
    check(
        "/routes/moving/fallback/store",
        json!("other"),
        "routes.moving.fallback.store`: must be the name of a store: `new` or `old`",
    );
    check(
        "/routes/moving/fallback/location",
        json!("/x"),
        "routes.moving.fallback.location`: must end with `/`, as in `site/`, and not begin with `/` or hold `//`",
    );
    check(
        "/routes/moving/fallback",
        json!({ "store": "new", "bucket": "media", "location": "site/" }),
        "routes.moving.fallback`: must be another place than the route's own",
    );
    check(
        "/routes/by_tenant/fallback",
        json!({ "store": "old", "bucket": "all" }),
        "routes.by_tenant.fallback`: has a placeholder `{tenant}` of `path` in neither `bucket` nor `location`: paths that differ in it would be one object",
    );
    check(
        "/routes/by_tenant/fallback",
        json!({ "store": "old", "bucket": "{other}" }),
        "routes.by_tenant.fallback.bucket`: has a placeholder `{other}` that `path` does not have",
    );
    check(
        "/routes/swift/fallback",
        json!({ "store": "new", "bucket": "Alte Bilder" }),
        "routes.swift.fallback.bucket`: must be a bucket's name: 3 to 63 of `a`-`z`, `0`-`9`, `.` \
         and `-`, beginning and ending with a letter or digit",
    );
}
