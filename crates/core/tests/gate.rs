//! Requests through the whole gate: what is decided, for which reason, and what goes out.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::gate::{Gate, Outcome};
use cloakroom_core::jwt;
use cloakroom_core::origin::OriginRequest;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;
use proptest::prelude::*;

const POLICY: &str = r#"{
  "version": 1,
  "stores": {
    "main": {
      "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1", "addressing": "path",
      "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET", "session_token": "STORE_TOKEN" }
    }
  },
  "keys": {
    "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" },
    "AKALICE": { "dialect": "sigv4", "secret": "ALICE_SECRET", "principal": { "user": "alice" }, "region": "us-east-1" },
    "AKTEMP": { "dialect": "sigv4", "secret": "TEMP_SECRET", "principal": "every-owner", "session_token": "TEMP_TOKEN" },
    "users": { "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET", "principal": { "claim": "sub" } }
  },
  "routes": {
    "media": {
      "path": "/media/", "store": "main", "bucket": "bucket",
      "access": [
        { "keys": "public/*", "acl": "public-read" },
        { "keys": "members/*", "acl": "authenticated-read" },
        { "keys": "users/{owner}/*", "acl": "private" }
      ],
      "cors": { "allow_origins": ["https://app.example"] }
    },
    "archive": { "host": "archive.example", "path": "/media/", "store": "main", "bucket": "archive" },
    "deep": { "path": "/media/deep/", "store": "main", "bucket": "deep" }
  }
}"#;

const HOST: &str = "media.example";

fn secret(name: &str) -> Option<String> {
    Some(format!("{name} of more than thirty-two bytes"))
}

fn gate() -> Gate {
    Gate::new(&Policy::parse(POLICY).unwrap(), &secret).unwrap()
}

fn now() -> UnixTime {
    UnixTime::parse_amz_date("20261123T120000Z").unwrap()
}

fn credentials(id: &str) -> Credentials {
    let name = format!("{}_SECRET", id.strip_prefix("AK").unwrap());
    let token = (id == "AKTEMP").then(|| Secret::new(secret("TEMP_TOKEN").unwrap()));
    Credentials {
        access_key_id: id.into(),
        secret_access_key: Secret::new(secret(&name).unwrap()),
        session_token: token,
    }
}

/// A ticket in the making; each field has a sound value.
#[derive(Clone)]
struct Ticket<'a> {
    key: &'a str,
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    signed_at: UnixTime,
    expires_in: u64,
}

fn ticket(key: &str) -> Ticket<'_> {
    Ticket {
        key,
        method: Method::Get,
        path: "/media/users/alice/a.jpg",
        query: &[],
        signed_at: now(),
        expires_in: 600,
    }
}

impl Ticket<'_> {
    fn signed<T>(&self, sign: impl FnOnce(&Signer<'_>, &Unsigned<'_>) -> T) -> T {
        let credentials = credentials(self.key);
        let endpoint = Endpoint::parse(&format!("https://{HOST}")).unwrap();
        let signer = Signer {
            credentials: &credentials,
            region: "us-east-1",
            service: "s3",
            time: self.signed_at,
        };
        let (method, path, query) = (self.method, self.path, self.query);
        sign(&signer, &Unsigned { method, endpoint: &endpoint, path, query, headers: &[] })
    }

    /// The target of the presigned URL.
    fn target(&self) -> String {
        let expires_in = ExpiresIn::from_secs(self.expires_in).unwrap();
        let url = self.signed(|signer, request| signer.presign(request, expires_in));
        url.expose().strip_prefix(&format!("https://{HOST}")).unwrap().to_owned()
    }

    /// The headers of the signed request.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let signed = self.signed(|signer, request| signer.sign_headers(request, Payload::Unsigned));
        signed.headers.into_iter().map(|(name, value)| (name, value.into_exposed())).collect()
    }
}

fn bearer(user: &str, exp: u64) -> String {
    let secret = Secret::new(secret("JWT_SECRET").unwrap());
    let claims = serde_json::json!({ "sub": user, "exp": exp });
    format!("Bearer {}", jwt::sign("users", &secret, &claims).expose())
}

fn decide(method: &str, target: &str, headers: &[(&str, &str)]) -> Outcome {
    let headers = [("host", HOST)].into_iter().chain(headers.iter().copied());
    match Request::parse(method, target, headers) {
        Ok(request) => gate().decide(&request, now()).outcome,
        Err(error) => Outcome::Reject { rejection: error.into(), cors: Vec::new() },
    }
}

/// The reason of a rejection, or `fetch`.
fn reason(method: &str, target: &str, headers: &[(&str, &str)]) -> &'static str {
    match decide(method, target, headers) {
        Outcome::Fetch(_) => "fetch",
        Outcome::Preflight(_) => "preflight",
        Outcome::Reject { rejection, .. } => rejection.row().reason,
    }
}

fn fetched(target: &str, headers: &[(&str, &str)]) -> OriginRequest {
    match decide("GET", target, headers) {
        Outcome::Fetch(origin_request) => origin_request,
        other => panic!("{target}: {other:?}"),
    }
}

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
fn presigned_urls_act_as_their_key() {
    let of = |key, path| Ticket { path, ..ticket(key) }.target();
    for (key, path, expected) in [
        ("AKAPP", "/media/users/alice/a.jpg", "fetch"),
        ("AKAPP", "/media/anything at all", "fetch"),
        ("AKTEMP", "/media/users/bob/a.jpg", "fetch"),
        ("AKALICE", "/media/users/alice/a.jpg", "fetch"),
        ("AKALICE", "/media/members/a.jpg", "fetch"),
        ("AKALICE", "/media/users/bob/a.jpg", "principal_may_not"),
    ] {
        assert_eq!(reason("GET", &of(key, path), &[]), expected, "{key} {path}");
    }
    let head = Ticket { method: Method::Head, ..ticket("AKAPP") }.target();
    assert_eq!(reason("HEAD", &head, &[]), "fetch");
}

#[test]
fn every_bad_ticket_has_its_reason() {
    let good = ticket("AKAPP").target();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let last = good.chars().last().unwrap();
    let flipped = if last == '0' { "1" } else { "0" };
    let minutes = |n: u64| std::time::Duration::from_secs(n * 60);
    let aged = |n| now().saturating_sub(minutes(n));
    let ahead = |n| now().saturating_add(minutes(n));
    let exp = now().as_secs() + 60;
    let alice = bearer("alice", exp);
    for (what, target, expected) in [
        ("as it was made", good.clone(), "fetch"),
        (
            "signature",
            format!("{}{flipped}", &good.strip_suffix(last).unwrap()),
            "signature_mismatch",
        ),
        ("path", with("a.jpg", "b.jpg"), "signature_mismatch"),
        ("expiry", with("Expires=600", "Expires=601"), "signature_mismatch"),
        ("expiry", with("Expires=600", "Expires=604801"), "expiry_out_of_range"),
        ("expiry", with("Expires=600", "Expires=99999999999999999999"), "expiry_out_of_range"),
        ("expiry", with("Expires=600", "Expires=0"), "expiry_out_of_range"),
        ("expiry", with("Expires=600", "Expires=%2B60"), "malformed_credential"),
        ("expiry", with("&X-Amz-Expires=600", ""), "malformed_credential"),
        ("parameter added", format!("{good}&x=1"), "signature_mismatch"),
        ("parameter twice", format!("{good}&X-Amz-Expires=600"), "duplicate_parameter"),
        ("parameter twice, escaped", format!("{good}&X-Amz-%45xpires=600"), "duplicate_parameter"),
        (
            "parameter twice, other case",
            format!("{good}&x-amz-expires=600"),
            "malformed_credential",
        ),
        ("any parameter twice", format!("{good}&x=1&x=2"), "duplicate_parameter"),
        ("key", with("AKAPP", "AKOTHER"), "unknown_key"),
        ("another's key", with("AKAPP", "AKALICE"), "signature_mismatch"),
        ("token missing", with("AKAPP", "AKTEMP"), "session_token"),
        ("token added", format!("{good}&X-Amz-Security-Token=x"), "session_token"),
        ("algorithm", with("HMAC-SHA256", "HMAC-SHA1"), "malformed_credential"),
        ("service", with("%2Fs3%2F", "%2Fec2%2F"), "malformed_credential"),
        ("day of the scope", with("20261123%2F", "20261122%2F"), "malformed_credential"),
        (
            "host unsigned",
            with("SignedHeaders=host", "SignedHeaders=range"),
            "malformed_credential",
        ),
        (
            "header missing",
            with("SignedHeaders=host", "SignedHeaders=host%3Brange"),
            "signed_header_missing",
        ),
        (
            "signature missing",
            good.split("&X-Amz-Signature").next().unwrap().into(),
            "malformed_credential",
        ),
        (
            "one parameter alone",
            "/media/users/alice/a.jpg?X-Amz-Signature=0".into(),
            "malformed_credential",
        ),
        (
            "for HEAD",
            Ticket { method: Method::Head, ..ticket("AKAPP") }.target(),
            "method_mismatch",
        ),
        ("for PUT", Ticket { method: Method::Put, ..ticket("AKAPP") }.target(), "method_mismatch"),
        ("expired", Ticket { signed_at: aged(11), ..ticket("AKAPP") }.target(), "expired"),
        ("in its last second", Ticket { signed_at: aged(10), ..ticket("AKAPP") }.target(), "fetch"),
        (
            "from 20 minutes ahead",
            Ticket { signed_at: ahead(20), ..ticket("AKAPP") }.target(),
            "not_yet_valid",
        ),
        (
            "from 15 minutes ahead",
            Ticket { signed_at: ahead(15), ..ticket("AKAPP") }.target(),
            "fetch",
        ),
        (
            "sub-resource",
            Ticket { query: &[("acl", "")], ..ticket("AKAPP") }.target(),
            "sub_resource",
        ),
    ] {
        assert_eq!(reason("GET", &target, &[]), expected, "{what}: {target}");
    }
    let both = [("authorization", alice.as_str())];
    assert_eq!(reason("GET", &good, &both), "several_credentials");
    assert_eq!(reason("HEAD", &good, &[]), "method_mismatch");
    for method in ["PUT", "POST", "DELETE"] {
        assert_eq!(reason(method, &good, &[]), "method_not_allowed");
    }
    assert_eq!(reason("PATCH", &good, &[]), "malformed_request");
    let version_2 = "/media/users/alice/a.jpg?AWSAccessKeyId=AKAPP&Signature=x&Expires=1";
    assert_eq!(reason("GET", version_2, &[]), "signature_version_2");
    let version_2 = [("authorization", "AWS AKAPP:x")];
    assert_eq!(reason("GET", "/media/a.jpg", &version_2), "signature_version_2");
    let unsigned = [("x-amz-copy-source", "/bucket/secret")];
    assert_eq!(reason("GET", &good, &unsigned), "header_not_signed");
    let elsewhere = [("host", HOST), ("host", "evil.example")];
    assert_eq!(reason("GET", &good, &elsewhere[1..]), "malformed_request");
}

#[test]
fn signed_headers_are_verified_too() {
    let send = |headers: &[(&str, String)], target: &str| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        reason("GET", target, &headers)
    };
    let target = "/media/users/alice/a.jpg";
    let good = ticket("AKAPP").headers();
    assert_eq!(send(&good, target), "fetch");
    assert_eq!(send(&good, "/media/users/alice/b.jpg"), "signature_mismatch");
    assert_eq!(send(&good, &format!("{target}?versionId=1")), "signature_mismatch");
    assert_eq!(send(&ticket("AKTEMP").headers(), target), "fetch");
    for minutes in [15, 20] {
        let expected = if minutes == 15 { "fetch" } else { "clock_skew" };
        let skew = std::time::Duration::from_secs(minutes * 60);
        for signed_at in [now().saturating_sub(skew), now().saturating_add(skew)] {
            let headers = Ticket { signed_at, ..ticket("AKAPP") }.headers();
            assert_eq!(send(&headers, target), expected, "{minutes} minutes");
        }
    }
    let mut added = good.clone();
    added.push(("x-amz-acl", "public-read".into()));
    assert_eq!(send(&added, target), "header_not_signed");
    let without = |name: &str| -> Vec<_> {
        good.iter().filter(|(header, _)| *header != name).cloned().collect()
    };
    assert_eq!(send(&without("x-amz-date"), target), "malformed_credential");
    assert_eq!(send(&without("x-amz-content-sha256"), target), "malformed_credential");
    assert_eq!(
        reason("GET", target, &[("authorization", "Basic YTpi")]),
        "unsupported_authorization"
    );
    for value in
        ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a, Credential=b", "AWS4-HMAC-SHA256 x=y"]
    {
        let expected = if value.contains("b") && value.contains("Credential=b") {
            "duplicate_parameter"
        } else {
            "malformed_credential"
        };
        assert_eq!(reason("GET", target, &[("authorization", value)]), expected, "{value}");
    }
}

#[test]
fn routes_go_by_host_and_longest_prefix() {
    let url = |host: &str, path: &str| {
        let token = bearer("alice", now().as_secs() + 60);
        let headers = [("host", host), ("authorization", token.as_str())];
        let request = Request::parse("GET", path, headers).unwrap();
        gate().decide(&request, now()).trail.bucket
    };
    assert_eq!(url("media.example", "/media/a").as_deref(), Some("bucket"));
    assert_eq!(url("media.example", "/media/deep/a").as_deref(), Some("deep"));
    assert_eq!(url("archive.example", "/media/a").as_deref(), Some("archive"));
    assert_eq!(url("ARCHIVE.example", "/media/deep/a").as_deref(), Some("archive"));
    assert_eq!(url("media.example", "/medias/a"), None);
    // A signature covers the decoded path, so its spelling must not choose the route.
    assert_eq!(url("media.example", "/media/%64eep/a").as_deref(), Some("deep"));
    assert_eq!(url("media.example", "/%6dedia/deep/a").as_deref(), Some("deep"));
    assert_eq!(url("media.example", "/media%2Fdeep/a"), None);
    for host in ["archive.example.", "archive.example:443", "archive.example:80"] {
        assert_eq!(url(host, "/media/a").as_deref(), Some("archive"), "{host}");
    }
}

#[test]
fn only_what_is_listed_goes_to_the_store() {
    let headers = [
        ("range", "bytes=0-9"),
        ("if-none-match", "\"e\""),
        ("cookie", "session=1"),
        ("referer", "https://app.example/"),
        ("accept-encoding", "gzip"),
        ("x-forwarded-for", "1.2.3.4"),
    ];
    let view = [("response-content-type", "text/plain"), ("x-id", "GetObject"), ("versionId", "3")];
    let target = Ticket { query: &view, ..ticket("AKAPP") }.target();
    let origin = fetched(&target, &headers);
    assert_eq!(
        origin.url(),
        "https://s3.example/bucket/users/alice/a.jpg?response-content-type=text%2Fplain&versionId=3"
    );
    let names: Vec<_> = origin.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "authorization",
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
            "if-none-match",
            "range",
        ]
    );
    let debug = format!("{origin:?}");
    assert!(!debug.contains("Signature=") && !debug.contains("STORE_TOKEN"), "{debug}");
}

#[test]
fn what_is_unsigned_cannot_choose_a_version_or_override_headers() {
    for parameter in ["response-content-type=text/html", "versionId=1", "acl", "uploads"] {
        let target = format!("/media/public/a.jpg?{parameter}");
        assert_eq!(reason("GET", &target, &[]), "sub_resource", "{parameter}");
    }
    assert_eq!(
        fetched("/media/public/a.jpg?v=2", &[]).url(),
        "https://s3.example/bucket/public/a.jpg"
    );
}

#[test]
fn keys_travel_byte_for_byte() {
    for (path, url) in [
        ("a%20b+c%2Bd", "a%20b%2Bc%2Bd"),
        ("%25", "%25"),
        ("%3F%23", "%3F%23"),
        ("a//b", "a//b"),
        ("/a", "/a"),
        (".hidden", ".hidden"),
        ("%C3%A9e%CC%81", "%C3%A9e%CC%81"),
        ("a%5Cb", "a%5Cb"),
        ("(a)'!*", "%28a%29%27%21%2A"),
        ("a%2e%2eb", "a..b"),
    ] {
        let origin = fetched(&format!("/media/public/{path}"), &[]);
        assert_eq!(origin.url(), format!("https://s3.example/bucket/public/{url}"), "{path}");
    }
    for path in ["..", "../a", "a/%2E%2e/b", ".", "%2e", "a%2Fb", "a%00", "%80", "a%0d%0a"] {
        let target = format!("/media/public/{path}");
        assert_eq!(reason("GET", &target, &[]), "malformed_key", "{path}");
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

proptest! {
    #[test]
    fn what_is_signed_is_served_and_any_changed_byte_is_not(
        key in "[ -~é]{1,30}",
        at in any::<prop::sample::Index>(),
        byte in 0x21_u8..0x7f,
    ) {
        let path = format!("/media/x{key}");
        let target = Ticket { path: &path, ..ticket("AKAPP") }.target();
        prop_assume!(reason("GET", &target, &[]) != "malformed_key");
        prop_assert_eq!(reason("GET", &target, &[]), "fetch", "{}", target);
        let mut bytes = target.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        // The case of an escape's digits carries no meaning, so it is not signed.
        prop_assume!(!same_bytes(&changed, &target));
        prop_assert_ne!(reason("GET", &changed, &[]), "fetch", "{}", changed);
    }

    #[test]
    fn no_request_panics(method in ".{0,8}", target in ".{0,200}", value in ".{0,200}") {
        for name in ["authorization", "x-amz-date", "range", "origin"] {
            let _ = reason(&method, &target, &[(name, &value)]);
            let _ = reason("GET", &format!("/media/{target}"), &[(name, &value)]);
        }
    }
}

/// Whether two targets mean the same bytes: escapes and `&` apart, nothing is left to choose.
fn same_bytes(a: &str, b: &str) -> bool {
    let decoded = |text: &str| -> Option<(Vec<u8>, Vec<_>)> {
        let (path, query) = text.split_once('?')?;
        let path = cloakroom_core::encoding::decode(path).ok()?.into_owned();
        let mut pairs = cloakroom_core::request::Query::new(query).decoded().ok()?;
        pairs.sort();
        Some((path, pairs))
    };
    decoded(a).is_some() && decoded(a) == decoded(b)
}
