//! Listings through the gate, with a store that is asked by URL and answers in XML.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that cannot go on fails"
)]

use std::collections::{BTreeMap, BTreeSet};

use cloakroom_core::crypto::Hash;
use cloakroom_core::encoding::{Slash, decode, encode};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::gate::{Decision, Gate, Outcome, Service, Step};
use cloakroom_core::health::{FAILURES, Health};
use cloakroom_core::jwt;
use cloakroom_core::listing::{ListAnswer, ListResponse, Listing, Next, answer::MAX_LENGTH};
use cloakroom_core::policy::Policy;
use cloakroom_core::query::Query;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::retrieval::TRIES;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::sign::{Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::store::{StoreAnswer, Unanswered};
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

mod swift;

const NOW: UnixTime = UnixTime::from_secs(1_795_435_200);

fn secret(name: &str) -> Option<String> {
    Some(format!("{name} of more than thirty-two bytes"))
}

fn policy() -> Value {
    let access = json!([
        { "keys": "site/public/*", "acl": "public-read", "list": ["all-users"] },
        { "keys": "site/unlisted/*", "acl": "public-read" },
        { "keys": "site/users/{owner}/*", "acl": "private", "list": ["owner"] },
        { "keys": "site/teams/{owner}/*", "acl": "private", "list": ["owner"] },
        { "keys": "site/teams/{owner}/open/*", "acl": "public-read", "list": ["all-users"] }
    ]);
    let route = |path: &str, more: Value| {
        let mut route = json!({
            "path": path, "store": "main", "bucket": "real", "location": "site/", "access": access
        });
        let more = more.as_object().unwrap().clone();
        route.as_object_mut().unwrap().extend(more);
        route
    };
    json!({
        "version": 1,
        "stores": {
            "main": {
                "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
                "addressing": "path",
                "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
            },
            "swift": {
                "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_a",
                "keys": ["KEY"]
            }
        },
        "keys": {
            "users": {
                "dialect": "jwt", "algorithm": "HS256", "secret": "JWT", "cookie": "session",
                "principal": { "claim": "sub" }
            },
            "app": {
                "dialect": "jwt", "algorithm": "HS256", "secret": "JWT",
                "principal": "every-owner"
            },
            "acme:alice": {
                "dialect": "swift", "secret": "ALICE", "path": "/v1/a/",
                "principal": { "user": "alice" }
            },
            "acme:app": {
                "dialect": "swift", "secret": "ALL", "path": "/v1/a/", "principal": "every-owner"
            },
            "temp": {
                "dialect": "tempurl", "secret": "TEMP", "path": "/v1/a/",
                "principal": "every-owner"
            }
        },
        "routes": {
            "media": route("/media/", json!({})),
            "inner": route("/media/public/inner/", json!({ "location": "elsewhere/", "access": [] })),
            "hidden": route("/hidden/", json!({ "hide": "not-found" })),
            "web": route("/web/", json!({ "index": "index.html" })),
            "container": route("/v1/a/c/", json!({})),
            "empty": route("/v1/a/empty/", json!({ "access": [] })),
            "box": route("/v1/a/box/", json!({ "store": "swift", "bucket": "box" })),
            "photos": route("/v1/a/photos/", json!({ "index": "index.html", "hide": "not-found" })),
            "others": route("/v1/b/{container}/", json!({ "bucket": "real-{container}" })),
            "swift": route("/swift/", json!({ "store": "swift", "bucket": "box" })),
            "tenants": route("/t/{tenant}/", json!({ "bucket": "real-{tenant}" })),
            "own": route("/", json!({ "host": "own.example:8787" })),
            "veiled": route("/", json!({ "host": "two.example", "hide": "not-found" })),
            "plain": route("/shown/", json!({ "host": "two.example", "access": [] }))
        }
    })
}

fn gate() -> Gate {
    Gate::new(Policy::parse(&policy().to_string()).unwrap().read_side(), &secret).unwrap()
}

fn bearer(key: &str, user: &str) -> String {
    let claims = json!({ "sub": user, "exp": NOW.as_secs() + 60 });
    let secret = Secret::new(secret("JWT").unwrap());
    format!("Bearer {}", jwt::sign(key, &secret, &claims).expose())
}

const STORED: [&str; 12] = [
    "elsewhere/1",
    "site/public/1",
    "site/public/a & b/é+%.txt",
    "site/public/inner/1",
    "site/secret/1",
    "site/teams/bob/1",
    "site/teams/carol/open/1",
    "site/unlisted/1",
    "site/users/alice/1",
    "site/users/alice/2",
    "site/users/bob/1",
    "other/1",
];

/// What S3 would say about these keys.
fn answer(stored: &[String], url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let pairs: BTreeMap<_, _> = Query::new(query)
        .pairs()
        .map(|(name, value)| (name, String::from_utf8(decode(value).unwrap().into()).unwrap()))
        .collect();
    let text = |name: &str| pairs.get(name).cloned().unwrap_or_default();
    let (prefix, delimiter, after) = (text("prefix"), text("delimiter"), text("start-after"));
    let mut entries: BTreeSet<(String, bool)> = BTreeSet::new();
    for key in stored.iter().filter(|key| key.starts_with(&prefix) && **key > after) {
        let rest = &key[prefix.len()..];
        match rest.find(&delimiter).filter(|_| !delimiter.is_empty()) {
            Some(at) => {
                entries.insert((key[..prefix.len() + at + delimiter.len()].to_owned(), true))
            }
            None => entries.insert((key.clone(), false)),
        };
    }
    let max: usize = text("max-keys").parse().unwrap();
    let mut xml = format!(
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{}</IsTruncated>",
        entries.len() > max
    );
    for (entry, is_group) in entries.into_iter().take(max) {
        let entry = encode(entry, Slash::Keep);
        xml += &if is_group {
            format!("<CommonPrefixes><Prefix>{entry}</Prefix></CommonPrefixes>")
        } else {
            format!(
                "<Contents><Key>{entry}</Key><Size>1</Size>\
                 <LastModified>2026-11-26T06:00:00.000Z</LastModified></Contents>"
            )
        };
    }
    xml + "</ListBucketResult>"
}

fn decide(method: &str, target: &str, headers: &[(&str, &str)]) -> Decision<Service> {
    let (gate, host) = (gate(), ("host", "media.example"));
    let has_host = headers.iter().any(|(name, _)| *name == "host");
    let headers = headers.iter().copied().chain((!has_host).then_some(host));
    let request = Request::parse(method, target, headers).unwrap();
    let Step::Decided(decision) = gate.decide::<Service>(&request, NOW) else {
        panic!("no public key")
    };
    decision
}

fn listing(target: &str, user: Option<&str>) -> Result<Listing, Rejection> {
    let token = user.map(|user| bearer(if user == "app" { "app" } else { "users" }, user));
    let headers: Vec<_> = token.iter().map(|token| ("authorization", token.as_str())).collect();
    match decide("GET", target, &headers).outcome {
        Outcome::Allow(Service::Listing(listing)) => Ok(*listing),
        Outcome::Reject { rejection, .. } => Err(rejection),
        other => panic!("{target}: {other:?}"),
    }
}

/// Runs a listing to its end, and what the store was asked.
fn run(listing: Listing, stored: &[String]) -> (ListResponse, Vec<String>) {
    let (mut health, mut urls) = (Health::default(), Vec::new());
    let mut next = listing.begin(&mut health, NOW);
    loop {
        match next {
            Next::Ask { listing, .. } => {
                let request = listing.request(NOW).unwrap();
                let body = answer(stored, request.url().expose());
                urls.push(request.url().expose().to_owned());
                let head = StoreAnswer { status: 200, headers: &[] };
                let answer = ListAnswer { head, body: body.as_bytes() };
                next = listing.settle(Ok(answer), &mut health, NOW);
            }
            Next::Respond(response) => return (response, urls),
            Next::Reject(rejection) => panic!("{rejection}"),
        }
    }
}

fn stored() -> Vec<String> {
    STORED.iter().map(|key| (*key).to_owned()).collect()
}

fn all<'x>(xml: &'x str, element: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

fn keys(target: &str, user: Option<&str>) -> Vec<String> {
    let (response, _) = run(listing(target, user).unwrap(), &stored());
    let xml = response.body.unwrap();
    assert!(!xml.contains("site/"), "the location is told: {xml}");
    all(&xml, "Key").into_iter().chain(all(&xml, "CommonPrefixes")).map(str::to_owned).collect()
}

#[test]
fn each_sees_what_it_may_list_and_read() {
    let public = ["public/1", "public/a &amp; b/é+%.txt"];
    let open = "teams/carol/open/1";
    let expected = |own: &[&str]| -> Vec<String> {
        public.iter().chain([&open]).chain(own).map(|key| (*key).to_owned()).collect()
    };
    for path in ["/media?list-type=2", "/media/?list-type=2", "/media", "/media/"] {
        assert_eq!(keys(path, None), expected(&[]), "{path}");
    }
    let own = ["users/alice/1", "users/alice/2"];
    assert_eq!(keys("/media?list-type=2", Some("alice")), expected(&own));
    assert_eq!(keys("/media?list-type=2", Some("bob")), {
        let mut keys = expected(&["users/bob/1"]);
        keys.insert(2, "teams/bob/1".to_owned());
        keys
    });
    let all = keys("/media?list-type=2", Some("app"));
    // What another route is for, its listing shows.
    assert_eq!(all.len(), 9, "{all:?}");
    assert!(!all.iter().any(|key| key.contains("inner")), "{all:?}");
    assert_eq!(keys("/media/public/inner?list-type=2", Some("app")), ["1"]);
}

#[test]
fn folders_are_named_only_for_what_is_seen_in_them() {
    let prefix = |prefix: &str| format!("<Prefix>{prefix}</Prefix>");
    let listed = |at: &str, user| keys(&format!("/media?delimiter=/&prefix={at}"), user);
    assert_eq!(listed("", None), [prefix("public/"), prefix("teams/")]);
    assert_eq!(listed("", Some("alice")), ["public/", "teams/", "users/"].map(prefix));
    assert_eq!(listed("users/", Some("alice")), [prefix("users/alice/")]);
    assert_eq!(listed("users/bob/", Some("alice")), [""; 0]);
    assert_eq!(listed("teams/", Some("alice")), [prefix("teams/carol/")]);
    assert_eq!(listed("public/", None), ["public/1", &prefix("public/a &amp; b/")]);
}

#[test]
fn the_store_is_asked_for_what_may_be_seen() {
    let asked = |target: &str| run(listing(target, Some("alice")).unwrap(), &stored()).1;
    assert_eq!(
        asked("/media?list-type=2&prefix=users/&delimiter=/"),
        ["https://s3.example/real?encoding-type=url&list-type=2&max-keys=10\
          &prefix=site%2Fusers%2Falice%2F"]
    );
    assert_eq!(
        asked("/t/acme?max-keys=1&marker=users/alice/1&prefix=users/alice/"),
        ["https://s3.example/real-acme?encoding-type=url&list-type=2&max-keys=2\
          &prefix=site%2Fusers%2Falice%2F&start-after=site%2Fusers%2Falice%2F1"]
    );
    assert_eq!(asked("/media?prefix=users/bob/"), [""; 0]);
    assert_eq!(asked("/media?max-keys=0"), [""; 0]);
}

#[test]
fn pages_go_on_in_both_versions() {
    for (first, name, next) in [
        ("/media?list-type=2&max-keys=1", "NextContinuationToken", "continuation-token"),
        ("/media?max-keys=1", "NextMarker", "marker"),
    ] {
        let (mut target, mut keys) = (first.to_owned(), Vec::new());
        loop {
            let (response, _) = run(listing(&target, Some("alice")).unwrap(), &stored());
            let xml = response.body.unwrap();
            keys.extend(all(&xml, "Key").into_iter().map(str::to_owned));
            let on = all(&xml, name).first().map(|next| next.replace("&amp;", "&"));
            assert_eq!(all(&xml, "IsTruncated"), [if on.is_some() { "true" } else { "false" }]);
            let Some(on) = on else { break };
            target = format!("{first}&{next}={}", encode(on, Slash::Encode));
        }
        assert_eq!(keys, self::keys("/media", Some("alice")), "{first}");
    }
}

#[test]
fn a_listing_stops_among_hidden_keys_without_naming_them() {
    let mut stored: Vec<_> = (0..20_000).map(|n| format!("site/teams/bob/{n:05}")).collect();
    stored.push("site/teams/zoe/open/1".to_owned());
    for (first, name, next) in [
        ("/media?list-type=2&prefix=teams/", "NextContinuationToken", "continuation-token"),
        ("/media?prefix=teams/", "NextMarker", "marker"),
    ] {
        let (mut target, mut pages) = (first.to_owned(), Vec::new());
        loop {
            let (response, urls) = run(listing(&target, Some("alice")).unwrap(), &stored);
            assert!(urls.len() <= 8, "{}", urls.len());
            let xml = response.body.unwrap();
            assert!(!xml.contains("bob"), "{xml}");
            pages.push(all(&xml, "Key").len());
            let Some(on) = all(&xml, name).first().map(|on| (*on).to_owned()) else { break };
            target = format!("{first}&{next}={}", encode(on, Slash::Encode));
        }
        assert_eq!(pages, [0, 0, 1], "{first}");
    }
}

fn reason(target: &str, headers: &[(&str, &str)]) -> (u16, &'static str) {
    match decide("GET", target, headers).outcome {
        Outcome::Reject { rejection, .. } => (rejection.row().status, rejection.row().reason),
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn refuses_what_cannot_list() {
    let alice = bearer("users", "alice");
    let cookie = format!("session={}", alice.trim_start_matches("Bearer "));
    let bearer = [("authorization", alice.as_str())];
    let temp = TempUrl {
        method: Method::Get,
        resource: Resource::Prefix("/v1/a/c/"),
        expires_at: UnixTime::from_secs(NOW.as_secs() + 60),
        notation: ExpiryNotation::Epoch,
        ip_range: None,
        digest: Hash::Sha256,
    };
    let temp = temp.sign(&Secret::new(secret("TEMP").unwrap())).unwrap().encoded();
    let query = temp.expose().split_once('?').unwrap().1.to_owned();
    for (target, headers, expected) in [
        ("/media?acl", &bearer[..], (501, "sub_resource")),
        ("/media?list-type=2&max-keys=x", &bearer, (400, "listing_argument")),
        ("/media?list-type=2&continuation-token=x", &bearer, (400, "listing_argument")),
        ("/swift?list-type=2", &bearer, (501, "listing_unsupported")),
        ("/media?list-type=2", &[("cookie", cookie.as_str())], (403, "listing_not_granted")),
        (&format!("/v1/a/c/?{query}"), &[], (403, "listing_not_granted")),
        ("/hidden?acl", &[], (404, "sub_resource")),
        ("/nowhere?list-type=2", &[], (404, "no_route")),
        ("/?list-type=2", &[], (404, "no_route")),
    ] {
        assert_eq!(reason(target, headers), expected, "{target}");
    }
}

#[test]
fn who_may_list_nothing_is_told_so_or_not() {
    let mut policy = policy();
    for route in policy["routes"].as_object_mut().unwrap().values_mut() {
        for rule in route["access"].as_array_mut().unwrap() {
            rule.as_object_mut().unwrap().remove("list");
        }
    }
    let gate = Gate::new(Policy::parse(&policy.to_string()).unwrap().read_side(), &secret).unwrap();
    let (alice, app) = (bearer("users", "alice"), bearer("app", "app"));
    for (target, token, expected) in [
        ("/media?list-type=2", None, Some((403, "listing_no_credential"))),
        ("/media?list-type=2", Some(&alice), Some((403, "listing_principal_may_not"))),
        ("/hidden?list-type=2", Some(&alice), Some((404, "listing_principal_may_not"))),
        ("/hidden?list-type=2", None, Some((404, "listing_no_credential"))),
        ("/media?list-type=2", Some(&app), None),
    ] {
        let headers = [("host", "h")].into_iter();
        let headers = headers.chain(token.map(|token| ("authorization", token.as_str())));
        let request = Request::parse("GET", target, headers).unwrap();
        let Step::Decided(decision) = gate.decide::<Service>(&request, NOW) else { panic!() };
        let row = match decision.outcome {
            Outcome::Reject { rejection, .. } => {
                Some((rejection.row().status, rejection.row().reason))
            }
            _ => None,
        };
        assert_eq!(row, expected, "{target}");
    }
}

#[test]
fn an_index_stands_for_its_folder_unless_a_listing_is_asked() {
    for (target, is_listing) in [
        ("/web/", false),
        ("/web/?prefix=a&location=b", false),
        ("/web/?list-type=2", true),
        ("/web?list-type=2", true),
        ("/own.txt?list-type=2", false),
    ] {
        let host = if target.starts_with("/own") { "own.example:8787" } else { "media.example" };
        let outcome = decide("GET", target, &[("host", host)]).outcome;
        let found = matches!(outcome, Outcome::Allow(Service::Listing(_)));
        assert_eq!(found, is_listing, "{target}: {outcome:?}");
    }
    let outcome = decide("GET", "/?delimiter=/", &[("host", "own.example:8787")]).outcome;
    let Outcome::Allow(Service::Listing(listing)) = outcome else { panic!("{outcome:?}") };
    let xml = run(*listing, &stored()).0.body.unwrap();
    assert_eq!(all(&xml, "Name"), ["own.example"]);
}

/// Where a route hides what it has, the name of a parameter that nobody has signed does not show
/// it in the manner of a bucket beside it.
#[test]
fn what_is_hidden_stays_hidden_whatever_is_asked_for() {
    let status = |target| match decide("GET", target, &[("host", "two.example")]).outcome {
        Outcome::Reject { rejection, .. } => rejection.row().status,
        other => panic!("{target}: {other:?}"),
    };
    assert_eq!(status("/users/alice/1"), 404);
    assert_eq!(status("/shown"), 404);
    assert_eq!(status("/shown?prefix=a"), 404);
    assert_eq!(status("/shown?list-type=2"), 403);
    assert_eq!(status("/shown/1"), 403);
}

#[test]
fn heads_and_places_are_answered_at_once() {
    let outcome = decide("HEAD", "/media", &[]).outcome;
    let Outcome::Allow(Service::Listing(head)) = outcome else { panic!("{outcome:?}") };
    let (response, urls) = run(*head, &[]);
    assert_eq!((response.body, urls.len()), (None, 0));
    let (response, urls) = run(listing("/media?location", None).unwrap(), &[]);
    assert!(response.body.unwrap().ends_with("></LocationConstraint>"));
    assert!(urls.is_empty());
}

fn settle(listing: Listing, status: u16, body: &[u8], health: &mut Health) -> Next {
    let head = StoreAnswer { status, headers: &[] };
    listing.settle(Ok(ListAnswer { head, body }), health, NOW)
}

#[test]
fn a_store_that_fails_is_asked_again_and_then_no_more() {
    let begin =
        || match listing("/media?prefix=public/", None).unwrap().begin(&mut Health::default(), NOW)
        {
            Next::Ask { listing, .. } => *listing,
            other => panic!("{other:?}"),
        };
    let mut health = Health::default();
    let mut listing = begin();
    for tries in 1..=TRIES {
        match settle(listing, 503, b"", &mut health) {
            Next::Ask { listing: next, .. } => listing = *next,
            Next::Reject(rejection) => {
                assert_eq!((tries, rejection.row().reason), (TRIES, "store_failed"));
                break;
            }
            Next::Respond(_) => panic!("503 is an answer"),
        }
    }
    let long = vec![b' '; MAX_LENGTH + 1];
    for (status, body, expected) in [
        (404, &b""[..], (404, "bucket_not_found")),
        (403, b"", (502, "listing_refused")),
        (302, b"", (502, "store_failed")),
        (200, b"<html>", (502, "listing_malformed")),
        (200, &long, (502, "listing_malformed")),
        (
            200,
            b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            (502, "listing_astray"),
        ),
    ] {
        let Next::Reject(rejection) = settle(begin(), status, body, &mut health) else { panic!() };
        assert_eq!((rejection.row().status, rejection.row().reason), expected);
    }
    for _ in 0..FAILURES {
        begin().settle(Err(Unanswered::TimedOut), &mut health, NOW);
    }
    let next = self::listing("/media?prefix=public/", None).unwrap().begin(&mut health, NOW);
    let Next::Reject(rejection) = next else { panic!() };
    assert_eq!(rejection.row().reason, "store_resting");
}

#[test]
fn buckets_are_those_in_which_something_may_be_listed() {
    let credentials = Credentials {
        access_key_id: "AKAPP".to_owned(),
        secret_access_key: SecretAccessKey::new(secret("APP").unwrap()),
        session_token: None,
    };
    let mut policy = policy();
    policy["keys"]["AKAPP"] =
        json!({ "dialect": "sigv4", "secret": "APP", "principal": { "user": "alice" } });
    policy["routes"]["unlisted"] =
        json!({ "path": "/unlisted/", "store": "main", "bucket": "b-b" });
    let gate = Gate::new(Policy::parse(&policy.to_string()).unwrap().read_side(), &secret).unwrap();
    let endpoint = Endpoint::parse("https://media.example").unwrap();
    let signer =
        Signer { credentials: &credentials, region: "eu-west-1", service: "s3", time: NOW };
    let ask = |path: &str, query: &[(&str, &str)]| {
        let unsigned =
            Unsigned { method: Method::Get, endpoint: &endpoint, path, query, headers: &[] };
        let url = signer.presign(&unsigned, ExpiresIn::from_secs(60).unwrap()).into_exposed();
        let target = url.strip_prefix("https://media.example").unwrap();
        let request = Request::parse("GET", target, [("host", "media.example")]).unwrap();
        match gate.decide::<Service>(&request, NOW) {
            Step::Decided(Decision { outcome: Outcome::Allow(Service::Listing(all)), .. }) => {
                Ok(run(*all, &stored()).0.body.unwrap())
            }
            Step::Decided(Decision { outcome: Outcome::Reject { rejection, .. }, .. }) => {
                Err(rejection.row().reason)
            }
            other => panic!("{other:?}"),
        }
    };
    let names = ask("/", &[]);
    let names = names.as_deref().map(|xml| all(xml, "Name"));
    assert_eq!(names, Ok(vec!["hidden", "media", "swift", "web"]));
    assert_eq!(ask("/", &[("list-type", "2")]), Err("no_route"));
    assert_eq!(ask("/", &[("policy", "")]), Err("sub_resource"));
    assert_eq!(ask("/unlisted", &[]), Err("listing_principal_may_not"));
    assert!(ask("/media", &[("location", "")]).unwrap().contains(">eu-west-1<"));
    assert!(ask("/web/", &[("prefix", "users/")]).unwrap().contains("<Key>users/alice/1</Key>"));
}
