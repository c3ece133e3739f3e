//! Copies: who gets one, how long it lives, and what becomes of it when the object changes.
//!
//! The cache and the store are played by the test. The cache does what the platform's does: it
//! gives back what was kept, and of a whole copy the part that `Range` asks for.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use cloakroom_core::control::Control;
use cloakroom_core::gate::{Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_core::retrieval::{Body, Next, Response, Retrieval};
use cloakroom_core::store::{StoreAnswer, Unanswered};
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

const START: u64 = 1_795_435_200;
const OLD: &str = "Thu, 26 Nov 2026 11:00:00 GMT";
const NEW: &str = "Thu, 26 Nov 2026 12:00:00 GMT";

fn gate(cache: Value, fallback: Option<Value>) -> Gate {
    let mut policy = json!({
        "version": 1,
        "stores": {
            "main": {
                "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
                "addressing": "path",
                "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
            },
            "old": {
                "kind": "s3", "endpoint": "https://old.example", "region": "us-east-1",
                "addressing": "path",
                "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
            }
        },
        "keys": {
            "swift": {
                "dialect": "tempurl", "secret": "KEY", "path": "/v1/a/c/",
                "principal": "every-owner"
            },
            "AKAPP": { "dialect": "sigv4", "secret": "KEY", "principal": "every-owner" }
        },
        "routes": { "media": {
            "path": "/v1/a/c/", "store": "main", "bucket": "media",
            "access": [{ "keys": "public/*", "acl": "public-read" }]
        } }
    });
    policy["routes"]["media"]["cache"] = cache;
    if let Some(fallback) = fallback {
        policy["routes"]["media"]["fallback"] = fallback;
    }
    let policy = Policy::parse(&policy.to_string()).unwrap();
    Gate::new(policy.read_side(), &|name| {
        Some(format!("the value of {name}, which is long enough"))
    })
    .unwrap()
}

type Headers = Vec<(String, String)>;

fn headers(of: &[(&str, &str)]) -> Headers {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn owned(of: &[(&'static str, String)]) -> Headers {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Cache, store and clock.
struct World {
    gate: Gate,
    copies: BTreeMap<String, (Headers, usize)>,
    health: Health,
    now: u64,
    /// What the store has: size and headers, or that it fails.
    object: Result<(usize, Headers), Result<u16, Unanswered>>,
    /// That the first store fails, whatever the other does.
    main: Option<Result<u16, Unanswered>>,
    /// The conditions and ranges that the store was asked with.
    asked: Vec<String>,
}

impl World {
    fn new(cache: Value) -> Self {
        let object = Ok((10, headers(&[("etag", "\"1\""), ("last-modified", OLD)])));
        let (copies, health) = (BTreeMap::new(), Health::default());
        let (gate, asked) = (gate(cache, None), Vec::new());
        Self { gate, copies, health, now: START, object, main: None, asked }
    }

    /// The route has a fallback, which has the same object.
    fn backed_up(cache: Value) -> Self {
        let fallback = json!({ "store": "old", "bucket": "media-2013" });
        Self { gate: gate(cache.clone(), Some(fallback)), ..Self::new(cache) }
    }

    fn time(&self) -> UnixTime {
        UnixTime::from_secs(self.now)
    }

    fn has(&mut self, size: usize, of: &[(&str, &str)]) {
        self.object = Ok((size, headers(of)));
    }

    /// As S3 answers: RFC 9110 for entity tags and single ranges.
    fn store(&mut self, retrieval: &Retrieval) -> Result<(u16, Headers), Unanswered> {
        let request = retrieval.request(self.time());
        let sent = |name: &str| {
            let mut all = request.headers().iter().filter(|(known, _)| *known == name);
            all.next().map(|(_, value)| value.expose().to_owned())
        };
        let conditions = ["if-none-match", "if-modified-since", "if-match", "if-range", "range"];
        let shown =
            conditions.into_iter().filter_map(|name| Some(format!("{name} {}", sent(name)?)));
        self.asked.push(shown.collect::<Vec<_>>().join(", "));
        if let Some(failure) = self.main.filter(|_| retrieval.store() == "main") {
            return failure.map(|status| (status, Headers::new()));
        }
        let (size, mut object) = match self.object.clone() {
            Ok(object) => object,
            Err(failure) => return failure.map(|status| (status, Headers::new())),
        };
        let etag = object.iter().find(|(name, _)| name == "etag").map(|(_, etag)| etag.clone());
        if sent("if-none-match").is_some() && sent("if-none-match") == etag {
            return Ok((304, object));
        }
        let (status, range) = part(sent("range").as_deref(), size);
        object.extend(range.iter().map(|range| ("content-range".to_owned(), range.clone())));
        object.push(("content-length".to_owned(), size.to_string()));
        Ok((status, object))
    }

    fn find(&self, retrieval: &Retrieval) -> Option<(u16, Headers)> {
        let (key, range) = retrieval.copy()?;
        let (kept, size) = self.copies.get(key.as_str())?;
        let (status, range) = part(range.as_deref(), *size);
        let mut kept = kept.clone();
        kept.extend(range.map(|range| ("content-range".to_owned(), range)));
        Some((status, kept))
    }

    /// What the viewer gets, and the reason when that is a no.
    fn get(&mut self, target: &str, sent: &[(&str, &str)]) -> Result<Response, &'static str> {
        self.send("GET", target, sent)
    }

    fn send(
        &mut self,
        method: &str,
        target: &str,
        sent: &[(&str, &str)],
    ) -> Result<Response, &'static str> {
        let named = sent.iter().any(|(name, _)| *name == "host");
        let host = (!named).then_some(("host", "media.example"));
        let sent = host.into_iter().chain(sent.iter().copied());
        let request = Request::parse(method, target, sent).unwrap();
        let gate = self.gate.clone();
        let Step::Decided(decision) = gate.decide(&request, self.time()) else { panic!("a key") };
        let retrieval: Retrieval = match decision.outcome {
            Outcome::Allow(retrieval) => retrieval,
            Outcome::Reject { rejection, .. } => return Err(rejection.row().reason),
            Outcome::Preflight(_) => panic!("a preflight"),
        };
        let mut next = retrieval.begin(&mut self.health, UnixTime::from_secs(self.now));
        loop {
            next = match next {
                Next::Look(retrieval) => {
                    let found = self.find(&retrieval);
                    let found = found.as_ref();
                    let found =
                        found.map(|(status, headers)| StoreAnswer { status: *status, headers });
                    retrieval.found(found, &mut self.health, UnixTime::from_secs(self.now))
                }
                Next::Ask { retrieval, .. } => {
                    let answer = self.store(&retrieval);
                    let answer = answer.as_ref().map_err(|unanswered| *unanswered);
                    let answer =
                        answer.map(|(status, headers)| StoreAnswer { status: *status, headers });
                    let now = self.time();
                    retrieval.settle(answer, &mut self.health, now)
                }
                Next::Respond(response) => {
                    self.keep(&response);
                    return Ok(*response);
                }
                Next::Reject { rejection, forget } => {
                    if let Some(key) = forget {
                        self.copies.remove(key.as_str());
                    }
                    return Err(rejection.row().reason);
                }
            };
        }
    }

    fn keep(&mut self, response: &Response) {
        if let Some(renewal) = response.renewal.clone() {
            assert_eq!(response.keep, None, "a part");
            let (kept, size) = self.copies.get(renewal.key.as_str()).cloned().unwrap();
            let keep = renewal.keep(StoreAnswer { status: 200, headers: &kept }, self.time());
            let keep = keep.unwrap();
            self.copies.insert(keep.key.as_str().to_owned(), (owned(&keep.headers), size));
        }
        let Some(keep) = &response.keep else { return };
        assert_ne!(response.body, Body::None, "there is nothing to keep");
        let kept = owned(&keep.headers);
        let size = kept.iter().find(|(name, _)| name == "content-length").unwrap().1.parse();
        self.copies.insert(keep.key.as_str().to_owned(), (kept, size.unwrap()));
    }
}

/// The status and the `Content-Range` of `bytes=A-`, `bytes=A-B` and `bytes=-N`. As the cache of
/// workerd does, it sends a whole for a suffix that is no shorter.
fn part(range: Option<&str>, size: usize) -> (u16, Option<String>) {
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return (200, None);
    };
    let (first, last) = range.split_once('-').unwrap();
    if first.is_empty() {
        let from = size.saturating_sub(last.parse().unwrap());
        if from == 0 {
            return (200, None);
        }
        return (206, Some(format!("bytes {from}-{}/{size}", size - 1)));
    }
    let last = last.parse().unwrap_or(size - 1).min(size - 1);
    (206, Some(format!("bytes {first}-{last}/{size}")))
}

/// Status, what the cache did, and what the store was asked.
fn seen(world: &mut World, response: Result<Response, &'static str>) -> String {
    let asked = std::mem::take(&mut world.asked);
    let asked = if asked.is_empty() { String::new() } else { format!("; asked {asked:?}") };
    match response {
        Ok(response) => {
            format!(
                "{} {} {:?}{asked}",
                response.head.status,
                response.cache.as_str(),
                response.body
            )
        }
        Err(reason) => format!("{reason}{asked}"),
    }
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let mut named = response.head.headers.iter().filter(|(known, _)| *known == name);
    named.next().map(|(_, value)| value.as_str())
}

const PUBLIC: &str = "/v1/a/c/public/a.jpg";

#[test]
fn a_purged_copy_does_not_count() {
    let mut world = World::new(json!({ "ttl": 300, "stale_if_error": 300 }));
    let control = |objects: Value, at: u64| {
        let mut purge = objects;
        purge["route"] = json!("media");
        purge["at"] = json!(UnixTime::from_secs(at).to_rfc3339());
        Control::parse(&json!({ "version": 1, "purges": [purge] }).to_string()).unwrap()
    };
    let gate = world.gate.clone();
    let look = |world: &mut World, control: Control| {
        world.gate = gate.clone().under(control);
        let response = world.get(PUBLIC, &[]);
        seen(world, response)
    };
    assert_eq!(look(&mut world, Control::default()), r#"200 miss Store; asked [""]"#);
    world.now = START + 10;
    for others in [json!({ "key": "public/b.jpg" }), json!({ "prefix": "private/" })] {
        assert_eq!(look(&mut world, control(others, START + 5)), "200 hit Copy");
    }
    let before = control(json!({ "key": "public/a.jpg" }), START - 1);
    assert_eq!(look(&mut world, before), "200 hit Copy");
    // Asked for anew, without a word of the copy; and what is kept then counts.
    for purge in [json!({ "key": "public/a.jpg" }), json!({ "prefix": "pub" })] {
        let now = world.now;
        let purged = control(purge, now);
        assert_eq!(look(&mut world, purged.clone()), r#"200 miss Store; asked [""]"#);
        world.now += 1;
        assert_eq!(look(&mut world, purged.clone()), r#"200 miss Store; asked [""]"#);
        assert_eq!(look(&mut world, purged), "200 hit Copy");
    }
    // Not even while the store fails.
    world.object = Err(Ok(500));
    let now = world.now;
    let failed = look(&mut world, control(json!({ "prefix": "" }), now));
    assert!(failed.starts_with("store_failed"), "{failed}");
}

/// A TempURL for a private object.
fn ticket(lives: u64) -> String {
    use cloakroom_core::crypto::Hash;
    use cloakroom_core::request::Method;
    use cloakroom_core::secret::Secret;
    use cloakroom_core::tempurl::{message::Resource, sign::ExpiryNotation, sign::TempUrl};
    let url = TempUrl {
        method: Method::Get,
        resource: Resource::Object("/v1/a/c/private/a.jpg"),
        expires_at: UnixTime::from_secs(START + lives),
        notation: ExpiryNotation::Epoch,
        ip_range: None,
        digest: Hash::Sha256,
    };
    url.sign(&Secret::new("the value of KEY, which is long enough"))
        .unwrap()
        .encoded()
        .into_exposed()
}

/// A SigV4 URL of the public object, with a parameter.
fn presigned(name: &str, value: &str) -> String {
    use cloakroom_core::endpoint::Endpoint;
    use cloakroom_core::request::Method;
    use cloakroom_core::sigv4::sign::{Signer, Unsigned};
    use cloakroom_core::sigv4::signing_key::SecretAccessKey;
    use cloakroom_core::sigv4::{Credentials, ExpiresIn};
    let credentials = Credentials {
        access_key_id: "AKAPP".into(),
        secret_access_key: SecretAccessKey::new("the value of KEY, which is long enough"),
        session_token: None,
    };
    let endpoint = Endpoint::parse("https://media.example").unwrap();
    let time = UnixTime::from_secs(START);
    let signer = Signer { credentials: &credentials, region: "us-east-1", service: "s3", time };
    let query = &[(name, value)];
    let method = Method::Get;
    let request = Unsigned { method, endpoint: &endpoint, path: PUBLIC, query, headers: &[] };
    let url = signer.presign(&request, ExpiresIn::from_secs(600).unwrap());
    url.expose().strip_prefix("https://media.example").unwrap().to_owned()
}

#[test]
fn two_tickets_share_one_copy_and_neither_outlives_its_own() {
    let mut world = World::new(json!({ "ttl": 300 }));
    let (first, second) = (ticket(60), ticket(100));
    assert_ne!(first, second);
    let response = world.get(&first, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "cache-control"), Some("private, max-age=60"));
    assert_eq!(seen(&mut world, response), "200 miss Store; asked [\"\"]");
    world.now += 10;
    let response = world.get(&second, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "cache-control"), Some("private, max-age=90"));
    assert_eq!(header(response.as_ref().unwrap(), "etag"), Some("\"1\""));
    assert_eq!(seen(&mut world, response), "200 hit Copy");
    // A ticket that has ended opens no copy, and neither does none at all.
    world.now += 51;
    assert_eq!(world.get(&first, &[]).err(), Some("expired"));
    assert_eq!(world.get("/v1/a/c/private/a.jpg", &[]).err(), Some("no_credential"));
    let response = world.get(&second, &[]);
    assert_eq!(seen(&mut world, response), "200 hit Copy");
    assert_eq!(world.copies.len(), 1);
}

#[test]
fn a_stale_copy_is_asked_about() {
    let mut world = World::new(json!({ "ttl": 300 }));
    world.get(PUBLIC, &[]).unwrap();
    world.asked.clear();
    world.now += 300;
    let response = world.get(PUBLIC, &[]);
    assert_eq!(
        seen(&mut world, response),
        "200 revalidated Copy; asked [\"if-none-match \\\"1\\\"\"]"
    );
    // It is fresh again.
    world.now += 299;
    let response = world.get(PUBLIC, &[]);
    assert_eq!(seen(&mut world, response), "200 hit Copy");
    world.now += 1;
    world.has(20, &[("etag", "\"2\""), ("last-modified", NEW)]);
    let response = world.get(PUBLIC, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "etag"), Some("\"2\""));
    assert_eq!(
        seen(&mut world, response),
        "200 expired Store; asked [\"if-none-match \\\"1\\\"\"]"
    );
    let response = world.get(PUBLIC, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "etag"), Some("\"2\""));
    assert_eq!(seen(&mut world, response), "200 hit Copy");
    // Gone from the store, gone from the cache.
    world.now += 300;
    world.object = Err(Ok(404));
    assert_eq!(world.get(PUBLIC, &[]).err(), Some("object_not_found"));
    assert!(world.copies.is_empty());
}

#[test]
fn with_no_time_to_live_it_is_asked_about_each_time() {
    let mut world = World::new(json!({ "ttl": 0 }));
    world.get(PUBLIC, &[]).unwrap();
    world.asked.clear();
    let response = world.get(PUBLIC, &[]);
    assert_eq!(
        seen(&mut world, response),
        "200 revalidated Copy; asked [\"if-none-match \\\"1\\\"\"]"
    );
    world.has(10, &[("etag", "\"2\"")]);
    let response = world.get(PUBLIC, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "etag"), Some("\"2\""));
}

#[test]
fn conditions_are_held_against_the_copy() {
    let mut world = World::new(json!({ "ttl": 300 }));
    world.get(PUBLIC, &[]).unwrap();
    world.asked.clear();
    for (name, value, expected) in [
        ("if-none-match", "\"1\"", "304 hit None"),
        ("if-none-match", "W/\"1\", \"0\"", "304 hit None"),
        ("if-none-match", "\"0\"", "200 hit Copy"),
        ("if-modified-since", OLD, "304 hit None"),
        ("if-match", "\"1\"", "200 hit Copy"),
        ("if-match", "\"0\"", "412 hit None"),
        // A date in an old form is the store's to read.
        (
            "if-modified-since",
            "Thursday, 26-Nov-26 11:00:00 GMT",
            "200 bypass Store; asked [\"if-modified-since Thursday, 26-Nov-26 11:00:00 GMT\"]",
        ),
    ] {
        let response = world.get(PUBLIC, &[(name, value)]);
        assert_eq!(seen(&mut world, response), expected, "{name}: {value}");
    }
    let response = world.send("HEAD", PUBLIC, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "content-length"), Some("10"));
    assert_eq!(seen(&mut world, response), "200 hit None");
    // The viewer has what the copy was, and the store has another object by now.
    world.now += 300;
    world.has(10, &[("etag", "\"2\"")]);
    let response = world.get(PUBLIC, &[("if-none-match", "\"1\"")]);
    assert_eq!(header(response.as_ref().unwrap(), "etag"), Some("\"2\""));
    assert_eq!(
        seen(&mut world, response),
        "200 expired Store; asked [\"if-none-match \\\"1\\\"\"]"
    );
    world.now += 300;
    world.has(10, &[("etag", "\"3\"")]);
    let response = world.get(PUBLIC, &[("if-none-match", "\"3\"")]);
    assert_eq!(seen(&mut world, response), "304 expired None; asked [\"if-none-match \\\"2\\\"\"]");
}

#[test]
fn parts_come_from_a_whole_copy() {
    let mut world = World::new(json!({ "ttl": 300 }));
    // What is only a part is passed on, and not kept.
    let response = world.get(PUBLIC, &[("range", "bytes=5-")]);
    assert_eq!(seen(&mut world, response), "206 miss Store; asked [\"range bytes=5-\"]");
    assert!(world.copies.is_empty());
    // What is all of it is asked for as a whole, and kept.
    let response = world.get(PUBLIC, &[("range", "bytes=0-")]);
    assert_eq!(header(response.as_ref().unwrap(), "content-range"), Some("bytes 0-9/10"));
    assert_eq!(seen(&mut world, response), "206 miss Store; asked [\"\"]");
    for (range, expected) in [("bytes=5-", "bytes 5-9/10"), ("bytes=0-", "bytes 0-9/10")] {
        let response = world.get(PUBLIC, &[("range", range)]);
        assert_eq!(header(response.as_ref().unwrap(), "content-range"), Some(expected));
        assert_eq!(seen(&mut world, response), "206 hit Copy");
    }
    for (range, expected) in
        [("bytes=-9", "bytes 1-9/10"), ("bytes=-10", "bytes 0-9/10"), ("bytes=-99", "bytes 0-9/10")]
    {
        let response = world.get(PUBLIC, &[("range", range)]);
        assert_eq!(header(response.as_ref().unwrap(), "content-range"), Some(expected));
        assert_eq!(seen(&mut world, response), "206 hit Copy");
        let response = world.get(PUBLIC, &[("range", range), ("if-range", "\"0\"")]);
        assert_eq!(header(response.as_ref().unwrap(), "content-range"), None);
        assert_eq!(seen(&mut world, response), "200 hit Copy");
    }
    for (validator, expected) in [("\"1\"", "206 hit Copy"), ("\"0\"", "200 hit Copy")] {
        let response = world.get(PUBLIC, &[("range", "bytes=5-"), ("if-range", validator)]);
        assert_eq!(seen(&mut world, response), expected, "{validator}");
    }
    world.now += 300;
    let response = world.get(PUBLIC, &[("range", "bytes=5-")]);
    let asked = "asked [\"if-none-match \\\"1\\\", range bytes=5-\"]";
    assert_eq!(seen(&mut world, response), format!("206 revalidated Copy; {asked}"));
    // The whole is fresh again.
    world.now += 299;
    let response = world.get(PUBLIC, &[("range", "bytes=5-")]);
    assert_eq!(seen(&mut world, response), "206 hit Copy");
    world.now += 1;
    world.has(10, &[("etag", "\"2\"")]);
    let response = world.get(PUBLIC, &[("range", "bytes=5-")]);
    assert_eq!(seen(&mut world, response), format!("206 expired Store; {asked}"));
    // With a part of the new one a player that has parts of the old one can do nothing.
    let response = world.get(PUBLIC, &[("range", "bytes=5-"), ("if-range", "\"1\"")]);
    assert_eq!(response.unwrap().head.status, 200);
}

#[test]
fn all_of_another_version_is_sent_whole() {
    let mut world = World::new(json!({ "ttl": 300 }));
    let sent = |validator| [("range", "bytes=0-"), ("if-range", validator)];
    let response = world.get(PUBLIC, &sent("\"0\""));
    assert_eq!(header(response.as_ref().unwrap(), "content-range"), None);
    assert_eq!(seen(&mut world, response), "200 miss Store; asked [\"\"]");
    let response = world.get(PUBLIC, &sent("\"1\""));
    assert_eq!(seen(&mut world, response), "206 hit Copy");
}

#[test]
fn a_copy_serves_on_while_the_store_is_down_where_the_route_says_so() {
    for (cache, expected) in [
        (json!({ "ttl": 300, "stale_if_error": 60 }), "200 stale Copy"),
        (json!({ "ttl": 300 }), "store_unreachable"),
    ] {
        let mut world = World::new(cache);
        world.get(PUBLIC, &[]).unwrap();
        world.now += 301;
        world.object = Err(Err(Unanswered::Unreachable));
        let response = world.get(PUBLIC, &[]);
        world.asked.clear();
        assert_eq!(seen(&mut world, response), expected);
        world.now += 60;
        assert!(world.get(PUBLIC, &[]).is_err());
        // A denial is none of the store's failures.
        world.object = Err(Ok(403));
        world.now += 10;
        assert_eq!(world.get(PUBLIC, &[]).err(), Some("store_denied"));
    }
}

#[test]
fn an_object_can_forbid_that_it_is_served_stale() {
    for (forbids, expected) in [
        ("max-age=300", Ok("200 stale Copy")),
        ("max-age=300, must-revalidate", Err("store_unreachable")),
        ("max-age=300, proxy-revalidate", Err("store_unreachable")),
        ("no-cache", Err("store_unreachable")),
    ] {
        let mut world = World::new(json!({ "ttl": 300, "stale_if_error": 60 }));
        world.has(10, &[("etag", "\"1\""), ("cache-control", forbids)]);
        world.get(PUBLIC, &[]).unwrap();
        world.now += 301;
        world.object = Err(Err(Unanswered::Unreachable));
        let response = world.get(PUBLIC, &[]);
        world.asked.clear();
        let expected = expected.unwrap_or_else(|reason| reason);
        assert_eq!(seen(&mut world, response), expected, "{forbids}");
    }
}

#[test]
fn a_stale_copy_comes_before_the_fallback() {
    let mut world = World::backed_up(json!({ "ttl": 300, "stale_if_error": 60 }));
    world.get(PUBLIC, &[]).unwrap();
    world.asked.clear();
    world.main = Some(Ok(500));
    world.now += 301;
    let response = world.get(PUBLIC, &[]);
    world.asked.clear();
    assert_eq!(seen(&mut world, response), "200 stale Copy");
    world.now += 60;
    let response = world.get(PUBLIC, &[]);
    assert_eq!(response.unwrap().head.status, 200);
}

#[test]
fn nothing_is_kept_of_what_a_fallback_says_while_the_store_fails() {
    for (main, is_kept) in [(Ok(404), true), (Ok(500), false), (Err(Unanswered::TimedOut), false)] {
        let mut world = World::backed_up(json!({ "ttl": 300 }));
        world.main = Some(main);
        assert_eq!(world.get(PUBLIC, &[]).unwrap().head.status, 200);
        assert_eq!(world.copies.len() == 1, is_kept, "{main:?}");
    }
}

#[test]
fn a_version_is_not_one_of_the_fallback() {
    let mut world = World::backed_up(json!({ "ttl": 300 }));
    world.main = Some(Ok(404));
    assert_eq!(world.get(PUBLIC, &[]).unwrap().head.status, 200);
    let url = presigned("versionId", "v1");
    world.main = Some(Ok(404));
    assert_eq!(world.get(&url, &[]).err(), Some("object_not_found"));
    world.main = None;
    assert_eq!(world.get(&url, &[]).unwrap().head.status, 200);
}

#[test]
fn what_could_not_be_sent_says_nothing_of_the_store() {
    let mut world = World::new(json!({ "ttl": 300 }));
    world.main = Some(Err(Unanswered::NotSent));
    for _ in 0..9 {
        world.asked.clear();
        let response = world.get(PUBLIC, &[]);
        assert_eq!(seen(&mut world, response), "store_unreachable; asked [\"\"]");
    }
    world.main = None;
    assert_eq!(world.get(PUBLIC, &[]).unwrap().head.status, 200);
}

#[test]
fn a_copy_whose_object_is_described_anew_is_fetched_again() {
    let mut world = World::new(json!({ "ttl": 300 }));
    world.get(PUBLIC, &[]).unwrap();
    world.asked.clear();
    world.now += 300;
    world.has(10, &[("etag", "\"1\""), ("last-modified", NEW), ("content-language", "fr")]);
    let response = world.get(PUBLIC, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "content-language"), Some("fr"));
    assert_eq!(world.asked, ["if-none-match \"1\"", ""]);
    let response = world.get(PUBLIC, &[]);
    assert_eq!(header(response.as_ref().unwrap(), "last-modified"), Some(NEW));
}

#[test]
fn what_is_not_kept() {
    for (size, of) in [
        (10, vec![("cache-control", "no-store")]),
        (10, vec![("cache-control", "private, max-age=9")]),
        (101, vec![]),
    ] {
        let mut world = World::new(json!({ "ttl": 300, "max_size": 100 }));
        world.has(size, &of);
        for _ in 0..2 {
            let response = world.get(PUBLIC, &[]);
            assert_eq!(seen(&mut world, response), "200 miss Store; asked [\"\"]", "{of:?}");
        }
    }
    for failure in [404, 403, 500, 301] {
        let mut world = World::new(json!({ "ttl": 300 }));
        world.object = Err(Ok(failure));
        assert!(world.get(PUBLIC, &[]).is_err());
        assert!(world.copies.is_empty());
    }
}

#[test]
fn copies_are_named_by_what_they_are() {
    let mut world = World::new(json!({ "ttl": 300, "generation": 7 }));
    world.get("/v1/a/c/public/a%20b+%C3%A9//c.jpg", &[]).unwrap();
    let names: Vec<_> = world.copies.keys().cloned().collect();
    let name =
        "https://media.example/.cloakroom/7/r-media/s-main/media/public/a%20b%2B%C3%A9//c.jpg";
    assert_eq!(names, [name]);
}

#[test]
fn no_host_makes_the_name_of_another_object() {
    let mut world = World::new(json!({ "ttl": 300 }));
    world.get(&ticket(60), &[]).unwrap();
    let name = world.copies.keys().next().unwrap().strip_prefix("https://").unwrap().to_owned();
    world.asked.clear();
    for end in ["#", "?", "/../../", "\\", "%23", " ", "@media.example"] {
        let response = world.get(PUBLIC, &[("host", &format!("{name}{end}"))]);
        assert_eq!(seen(&mut world, response), "200 bypass Store; asked [\"\"]", "{end}");
    }
    for host in ["MEDIA.example", "media.example:443"] {
        world.get(PUBLIC, &[("host", host)]).unwrap();
    }
    assert_eq!(world.copies.len(), 2, "{:?}", world.copies.keys());
}

#[test]
fn each_error_of_the_policy_names_its_place() {
    for (cache, expected) in [
        (json!({}), "routes.media.cache`: needs a field `ttl`"),
        (
            json!({ "ttl": -1 }),
            "routes.media.cache.ttl`: must be a whole number of seconds from 0 to 2592000",
        ),
        (
            json!({ "ttl": 1, "max_size": 536_870_913 }),
            "routes.media.cache.max_size`: must be a whole number of bytes from 0 to 536870912",
        ),
    ] {
        let policy = json!({
            "version": 1,
            "stores": { "main": { "kind": "s3", "endpoint": "https://s3.example", "region": "r",
                "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" } } },
            "routes": { "media": { "path": "/", "store": "main", "bucket": "media", "cache": cache } }
        });
        let error = Policy::parse(&policy.to_string()).unwrap_err();
        assert_eq!(error.to_string(), format!("policy: at `{expected}"));
    }
}
