//! Parts of large objects: whatever of their chunks is there, the bytes are the right ones, and
//! none of another version.
//!
//! The test plays the adapter, with a cache and a store that hold bytes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use cloakroom_core::cache::Keep;
use cloakroom_core::chunks::{MAX_CHUNKS, Piece, Settled};
use cloakroom_core::gate::{Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::origin::OriginRequest;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_core::retrieval::{Body, CacheStatus, Next, Response, Retrieval};
use cloakroom_core::store::{StoreAnswer, Unanswered};
use cloakroom_core::time::UnixTime;
use proptest::prelude::*;
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;
const START: u64 = 1_795_435_200;

fn gate(chunk_size: &Value, swift: bool) -> Gate {
    let s3 = json!({
        "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
        "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
    });
    let swift_store = json!({
        "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_a",
        "keys": ["FIRST", "SECOND"]
    });
    let policy = json!({
        "version": 1,
        "stores": { "main": if swift { swift_store } else { s3 } },
        "routes": { "media": {
            "path": "/media/", "store": "main", "bucket": "media",
            "access": [{ "keys": "*", "acl": "public-read" }],
            "cache": { "ttl": 300, "max_size": 1000, "chunk_size": chunk_size }
        } }
    });
    let policy = Policy::parse(&policy.to_string()).unwrap();
    Gate::new(policy.read_side(), &|name| Some(name.to_owned())).unwrap()
}

type Headers = Vec<(String, String)>;

/// What a cache or a store answers: status, headers, body.
type Answer = (u16, Headers, Vec<u8>);

struct World {
    gate: Gate,
    copies: BTreeMap<String, (Headers, Vec<u8>)>,
    object: Vec<u8>,
    etag: &'static str,
    health: Health,
    now: u64,
    /// The ranges that the store was asked for.
    asked: Vec<String>,
    /// What it answers next in place of the object.
    refusals: Vec<u16>,
}

impl World {
    fn new(size: usize) -> Self {
        Self {
            gate: gate(&json!(MIB), false),
            copies: BTreeMap::new(),
            object: content(size, 1),
            etag: "\"1\"",
            health: Health::default(),
            now: START,
            asked: Vec::new(),
            refusals: Vec::new(),
        }
    }

    fn time(&self) -> UnixTime {
        UnixTime::from_secs(self.now)
    }

    fn store(&mut self, request: &OriginRequest) -> Answer {
        let range = request.header("range").map(str::to_owned);
        self.asked.push(range.clone().unwrap_or_else(|| "all".to_owned()));
        if let Some(status) = self.refusals.pop() {
            return (status, Headers::new(), Vec::new());
        }
        let (status, mut headers, body) = cut(range.as_deref(), Headers::new(), &self.object);
        headers.push(("etag".to_owned(), self.etag.to_owned()));
        headers.push(("content-type".to_owned(), "video/mp4".to_owned()));
        (status, headers, body)
    }

    fn find(&self, key: &str, range: Option<&str>) -> Option<Answer> {
        let (headers, body) = self.copies.get(key)?;
        Some(cut(range, headers.clone(), body))
    }

    fn keep(&mut self, keep: Keep, body: &[u8]) {
        let headers = keep.headers.iter().map(|(n, v)| ((*n).to_owned(), v.clone()));
        // The platform has the length of the body for itself.
        let headers = headers.filter(|(name, _)| name != "content-length").collect();
        self.copies.insert(keep.key.as_str().to_owned(), (headers, body.to_vec()));
    }

    /// What the viewer gets, to its end or to where it breaks off.
    fn get(&mut self, sent: &[(&str, &str)]) -> (Response, Vec<u8>) {
        let sent = [("host", "media.example")].into_iter().chain(sent.iter().copied());
        let request = Request::parse("GET", "/media/film.mp4", sent).unwrap();
        let gate = self.gate.clone();
        let Step::Decided(decision) = gate.decide(&request, self.time()) else { panic!("a key") };
        let retrieval: Retrieval = match decision.outcome {
            Outcome::Allow(retrieval) => retrieval,
            other => panic!("{other:?}"),
        };
        let now = self.time();
        let (mut copy, mut answer): (Option<Answer>, Option<Answer>) = (None, None);
        let mut next = retrieval.begin(&mut self.health, now);
        loop {
            next = match next {
                Next::Look(retrieval) => {
                    let (key, range) = retrieval.copy().unwrap();
                    copy = self.find(key.as_str(), range.as_deref());
                    retrieval.found(copy.as_ref().map(head), &mut self.health, now)
                }
                Next::Ask { retrieval, .. } => {
                    answer = Some(self.store(&retrieval.request(now)));
                    let head = head(answer.as_ref().unwrap());
                    retrieval.settle(Ok(head), &mut self.health, now)
                }
                Next::Respond(response) => {
                    let (_, _, mut body) = match response.body {
                        Body::Copy => copy.unwrap(),
                        Body::Store => answer.unwrap(),
                        Body::None => (0, Headers::new(), Vec::new()),
                    };
                    self.afterwards(&response, &mut body);
                    return (*response, body);
                }
                Next::Reject { rejection, .. } => panic!("{rejection}"),
            };
        }
    }

    fn afterwards(&mut self, response: &Response, body: &mut Vec<u8>) {
        if let Some(keep) = response.keep.clone() {
            self.keep(keep, body);
        }
        if let Some(outline) = response.outline.clone() {
            self.keep(outline, &[]);
        }
        if let Some(missed) = response.missed.clone() {
            self.ask(missed);
        }
        for piece in response.rest.clone().into_iter().flatten() {
            let found = piece.copy().and_then(|(key, range)| self.find(key.as_str(), Some(&range)));
            let found = found.filter(|found| piece.is_in(head(found))).map(|(_, _, body)| body);
            match found.or_else(|| self.ask(piece)) {
                Some(piece) => body.extend(piece),
                None => return,
            }
        }
    }

    fn ask(&mut self, mut piece: Piece) -> Option<Vec<u8>> {
        loop {
            let answer = self.store(&piece.request(self.time()));
            let now = self.time();
            match piece.settle(Ok(head(&answer)), &mut self.health, now) {
                Settled::There(keep) => {
                    keep.into_iter().for_each(|keep| self.keep(keep, &answer.2));
                    return Some(answer.2);
                }
                Settled::Again(next) => piece = next,
                Settled::Gone => return None,
            }
        }
    }

    /// The range that was answered and what the store was asked; the bytes are the right ones.
    fn part(&mut self, range: &str) -> (CacheStatus, Vec<String>) {
        self.asked.clear();
        let (response, body) = self.get(&[("range", range)]);
        let (status, headers, expected) = cut(Some(range), Headers::new(), &self.object);
        assert_eq!(response.head.status, status, "{range}");
        for name in ["content-range", "content-length"] {
            let expected = headers.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
            assert_eq!(header(&response, name), expected, "{range} {name}");
        }
        assert!(body == expected, "{range}: other bytes");
        (response.cache, self.asked.clone())
    }
}

fn content(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at / 7 + at * seed) % 251).unwrap()).collect()
}

fn head((status, headers, _): &Answer) -> StoreAnswer<'_> {
    StoreAnswer { status: *status, headers }
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let mut named = response.head.headers.iter().filter(|(known, _)| *known == name);
    named.next().map(|(_, value)| value.as_str())
}

/// The part of a body, with the headers that it has then.
fn cut(range: Option<&str>, mut headers: Headers, body: &[u8]) -> Answer {
    let size = body.len();
    let numbers = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let (first, end) = match numbers {
        None => (0, size),
        Some(("", last)) => (size.saturating_sub(last.parse().unwrap()), size),
        Some((first, "")) => (first.parse().unwrap(), size),
        Some((first, last)) => {
            (first.parse().unwrap(), (last.parse::<usize>().unwrap() + 1).min(size))
        }
    };
    if range.is_some() {
        headers.push(("content-range".to_owned(), format!("bytes {first}-{}/{size}", end - 1)));
    }
    headers.push(("content-length".to_owned(), (end - first).to_string()));
    (if range.is_some() { 206 } else { 200 }, headers, body[first..end].to_vec())
}

fn asked(ranges: &[&str]) -> Vec<String> {
    ranges.iter().map(|range| (*range).to_owned()).collect()
}

#[test]
fn the_first_viewers_fetch_and_the_next_ones_share() {
    let mut world = World::new(3 * MIB + 5);
    let range = "bytes=1000000-2200000";
    // The store's own answer; from now on it is known how large the object is.
    assert_eq!(world.part(range), (CacheStatus::Miss, asked(&[range])));
    // The store's own answer again, and the first chunk for the next viewer.
    let both = asked(&[range, "bytes=0-1048575"]);
    assert_eq!(world.part(range), (CacheStatus::Miss, both));
    // A whole chunk is kept on its way, a part of one is not.
    let rest = asked(&["bytes=1048576-2097151", "bytes=2097152-2200000"]);
    assert_eq!(world.part(range), (CacheStatus::Hit, rest));
    assert_eq!(world.part(range), (CacheStatus::Hit, asked(&["bytes=2097152-2200000"])));
    assert_eq!(world.part("bytes=1048570-1048580"), (CacheStatus::Hit, asked(&[])));
    // The last chunk is shorter than the others.
    for (range, expected) in [
        ("bytes=-3", asked(&["bytes=-3", "bytes=3145728-3145732"])),
        ("bytes=-3", asked(&[])),
        ("bytes=3145730-", asked(&[])),
        ("bytes=3145728-99999999", asked(&[])),
    ] {
        assert_eq!(world.part(range).1, expected, "{range}");
    }
}

#[test]
fn what_stands_in_an_answer_of_chunks() {
    let mut world = World::new(2 * MIB);
    for _ in 0..2 {
        world.part("bytes=5-9");
    }
    world.now += 7;
    let (response, body) = world.get(&[("range", "bytes=5-9")]);
    assert_eq!((response.cache, response.head.status, body.len()), (CacheStatus::Hit, 206, 5));
    for (name, expected) in [
        ("etag", Some("\"1\"")),
        ("content-type", Some("video/mp4")),
        ("content-range", Some("bytes 5-9/2097152")),
        ("content-length", Some("5")),
        ("age", Some("7")),
        ("x-cloakroom-size", None),
    ] {
        assert_eq!(header(&response, name), expected, "{name}");
    }
    let get = |world: &mut World, header: (&str, &str)| {
        world.asked.clear();
        let (response, body) = world.get(&[("range", "bytes=5-9"), header]);
        (response.head.status, body.len(), world.asked.clone())
    };
    assert_eq!(get(&mut world, ("if-none-match", "\"1\"")), (304, 0, asked(&[])));
    assert_eq!(get(&mut world, ("if-match", "\"2\"")), (412, 0, asked(&[])));
    assert_eq!(get(&mut world, ("if-range", "\"1\"")), (206, 5, asked(&[])));
    // Of another version than the viewer has, the whole comes, from the store.
    let (status, length, _) = get(&mut world, ("if-range", "\"2\""));
    assert_eq!((status, length), (200, 2 * MIB));
}

#[test]
fn no_part_of_another_version_slips_in() {
    let mut world = World::new(3 * MIB);
    let range = "bytes=0-2999999";
    for _ in 0..2 {
        world.part("bytes=0-9");
    }
    let old = world.object.clone();
    world.object = content(3 * MIB, 5);
    world.etag = "\"2\"";
    // The first chunk is fresh, and what should follow is not to be had: so it breaks off there.
    let (response, body) = world.get(&[("range", range)]);
    assert_eq!(header(&response, "content-length"), Some("3000000"));
    assert!(body == old[..MIB], "what there is of the old version");
    // Whoever is answered by the store makes the new version known.
    world.part("bytes=1048576-1048577");
    assert_eq!(world.part("bytes=0-9").0, CacheStatus::Miss);
    assert_eq!(world.part("bytes=0-9").0, CacheStatus::Hit);
    assert_eq!(world.part(range).0, CacheStatus::Hit);
    // And when it is no longer fresh, the store is asked.
    world.object = content(3 * MIB, 9);
    world.etag = "\"3\"";
    world.now += 300;
    assert_eq!(world.part("bytes=0-9").0, CacheStatus::Miss);
}

#[test]
fn what_has_no_chunks() {
    for (etag, chunk_size) in [("W/\"1\"", json!(MIB)), ("\"1\"", json!(false))] {
        let mut world = World { etag, gate: gate(&chunk_size, false), ..World::new(2 * MIB) };
        for _ in 0..3 {
            assert_eq!(world.part("bytes=5-9"), (CacheStatus::Miss, asked(&["bytes=5-9"])));
        }
        assert!(world.copies.is_empty(), "{etag}");
    }
    let mut world = World::new(1000);
    for _ in 0..3 {
        assert_eq!(world.part("bytes=5-9"), (CacheStatus::Miss, asked(&["bytes=5-9"])));
    }
    assert!(world.copies.is_empty(), "small enough to be kept whole");
}

#[test]
fn a_long_answer_has_few_chunks() {
    let mut world = World::new(12 * MIB);
    for _ in 0..2 {
        world.part("bytes=1-9");
    }
    let (_, asked) = world.part("bytes=1-");
    assert_eq!(asked.len(), usize::try_from(MAX_CHUNKS).unwrap());
    assert_eq!(asked.last().unwrap(), &format!("bytes={}-{}", 8 * MIB, 12 * MIB - 1));
    assert_eq!(world.part("bytes=1-").1.len(), 1);
}

#[test]
fn the_other_key_of_a_store_is_tried_for_chunks_too() {
    let mut world = World { gate: gate(&json!(MIB), true), ..World::new(3 * MIB) };
    for _ in 0..2 {
        world.part("bytes=0-9");
    }
    world.refusals = vec![401];
    let (_, body) = world.get(&[("range", "bytes=0-2097151")]);
    assert!(body == world.object[..2 * MIB]);
    world.refusals = vec![401, 401];
    let (_, body) = world.get(&[("range", "bytes=0-2999999")]);
    assert_eq!(body.len(), 2 * MIB, "both keys are refused for the third chunk");
}

#[test]
fn a_store_that_fails_breaks_it_off() {
    let mut world = World::new(3 * MIB);
    for _ in 0..2 {
        world.part("bytes=0-9");
    }
    for status in [200, 404, 416, 500] {
        world.refusals = vec![status];
        let (_, body) = world.get(&[("range", "bytes=0-2999999")]);
        assert_eq!(body.len(), MIB, "{status}");
    }
    let (response, _) = world.get(&[("range", "bytes=0-2999999")]);
    let piece = response.rest.unwrap().next().unwrap();
    let now = world.time();
    let settled = piece.settle(Err(Unanswered::TimedOut), &mut world.health, now);
    assert!(matches!(settled, Settled::Gone));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_part_is_the_right_bytes(
        size in 1001..5 * MIB,
        ranges in prop::collection::vec((any::<prop::sample::Index>(), 0..3 * MIB, 0..3_u8), 1..8),
    ) {
        let mut world = World::new(size);
        for (at, length, kind) in ranges {
            let first = at.index(size);
            let range = match kind {
                0 => format!("bytes={first}-{}", first + length),
                1 => format!("bytes={first}-"),
                _ => format!("bytes=-{}", length + 1),
            };
            world.part(&range);
        }
    }
}
