//! TempURLs: Swift's own examples, each thing that makes one invalid with its reason, and what
//! the answer says about the file's name.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use cloakroom_core::crypto::Hash;
use cloakroom_core::gate::{Decision, Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::retrieval::{Next, Retrieval};
use cloakroom_core::secret::Secret;
use cloakroom_core::store::StoreAnswer;
use cloakroom_core::tempurl::ip_range::IpRange;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl, UnsignableError};
use cloakroom_core::time::UnixTime;
use proptest::prelude::*;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const END: u64 = 1_800_000_600;
const ADDRESS: &str = "1.2.3.4";

const POLICY: &str = r#"{
  "version": 1,
  "stores": {
    "main": {
      "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
      "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET" }
    }
  },
  "keys": {
    "account": { "dialect": "tempurl", "secret": "ACCOUNT_KEY", "path": "/v1/a/", "principal": "every-owner" },
    "old": { "dialect": "tempurl", "secret": "OLD_KEY", "path": "/v1/a/c/", "principal": { "user": "alice" } },
    "new": { "dialect": "tempurl", "secret": "NEW_KEY", "path": "/v1/a/c/", "principal": { "user": "alice" } },
    "sha1": { "dialect": "tempurl", "secret": "SHA1_KEY", "path": "/v1/b/", "digests": ["sha1"], "principal": "every-owner" }
  },
  "routes": {
    "c": {
      "path": "/v1/a/c/", "store": "main", "bucket": "bucket",
      "access": [{ "keys": "public/*", "acl": "public-read" }, { "keys": "{owner}/*", "acl": "private" }]
    },
    "rest": { "path": "/", "store": "main", "bucket": "bucket" }
  }
}"#;

fn gate() -> Gate {
    Gate::new(Policy::parse(POLICY).unwrap().read_side(), &|name| Some(name.to_owned())).unwrap()
}

fn ticket(resource: Resource<'_>) -> TempUrl<'_> {
    TempUrl {
        method: Method::Get,
        resource,
        expires_at: UnixTime::from_secs(END),
        notation: ExpiryNotation::Epoch,
        ip_range: None,
        digest: Hash::Sha256,
    }
}

/// The target of `url`, signed with the key of this id.
fn signed(url: &TempUrl<'_>, key: &str) -> String {
    let secret = Secret::new(format!("{}_KEY", key.to_uppercase()));
    url.sign(&secret).unwrap().encoded().into_exposed()
}

fn decide(method: &str, target: &str) -> Decision<Retrieval> {
    let request = Request::parse(method, target, [("host", "h")]).unwrap();
    let request = request.from_address(Some(ADDRESS.parse().unwrap()));
    let gate = gate();
    match gate.decide::<Retrieval>(&request, NOW) {
        Step::Decided(decision) => decision,
        Step::Check(_) => panic!("an HMAC does not wait"),
    }
}

/// The reason of a rejection, or the id of the key that proved the request.
fn verdict(method: &str, target: &str) -> String {
    let decision = decide(method, target);
    match decision.outcome {
        Outcome::Allow(_) => decision.trail.key_id.unwrap(),
        Outcome::Preflight(_) => "preflight".into(),
        Outcome::Reject { rejection, .. } => rejection.row().reason.into(),
    }
}

#[test]
fn known_answers_of_swift() {
    let check = |secret: &str, path, expires, range: Option<&str>, digest, signature: &str| {
        let url = TempUrl {
            expires_at: UnixTime::from_secs(expires),
            ip_range: range.map(|range| IpRange::parse(range).unwrap()),
            digest,
            ..ticket(Resource::Object(path))
        };
        let range = range.map(|range| format!("&temp_url_ip_range={range}")).unwrap_or_default();
        assert_eq!(
            url.sign(&Secret::new(secret)).unwrap().unencoded().expose(),
            format!("{path}?temp_url_sig={signature}&temp_url_expires={expires}{range}")
        );
    };
    let object = "/v1/AUTH_account/container/object";
    check(
        "mykey",
        object,
        1_512_508_563,
        None,
        Hash::Sha256,
        "732fcac368abb10c78a4cbe95c3fab7f311584532bf779abd5074e13cbe8b88b",
    );
    check(
        "mykey",
        object,
        1_648_082_711,
        Some("1.2.3.4"),
        Hash::Sha256,
        "3f48476acaf5ec272acd8e99f7b5bad96c52ddba53ed27c60613711774a06f0c",
    );
    check(
        "mykey",
        object,
        1_648_082_711,
        Some("1.2.3.0/24"),
        Hash::Sha256,
        "6ff81256b8a3ba11d239da51a703b9c06a56ffddeb8caab74ca83af8f73c9c83",
    );
    check("abc", "/v1/a/c/o", 1, None, Hash::Sha1, "026d7f7cc25256450423c7ad03fc9f5ffc1dab6d");
}

#[test]
fn each_live_key_opens_its_part() {
    let of = |path, key| verdict("GET", &signed(&ticket(Resource::Object(path)), key));
    assert_eq!(of("/v1/a/c/alice/o", "old"), "old");
    assert_eq!(of("/v1/a/c/alice/o", "new"), "new");
    assert_eq!(of("/v1/a/c/alice/o", "account"), "account");
    assert_eq!(of("/v1/a/other/o", "account"), "account");
    // A key of a container is none in the next one.
    assert_eq!(of("/v1/a/other/o", "new"), "signature_mismatch");
    assert_eq!(of("/v1/a/c/bob/o", "new"), "principal_may_not");
    assert_eq!(of("/v1/x/c/o", "new"), "unknown_key");
    assert_eq!(of("/v1/b/c/o", "sha1"), "wrong_algorithm");
}

#[test]
fn every_bad_ticket_has_its_reason() {
    let object = Resource::Object("/v1/a/c/alice/o");
    let range = IpRange::parse("1.2.3.0/24");
    let good = signed(&TempUrl { ip_range: range, ..ticket(object) }, "new");
    let prefix = signed(&ticket(Resource::Prefix("/v1/a/c/alice/")), "new");
    let change = |target: &str, from: &str, to: &str| {
        assert!(target.contains(from), "{from}");
        target.replacen(from, to, 1)
    };
    let with = |from: &str, to: &str| change(&good, from, to);
    let other_digit = |digit: &str| if digit == "0" { "1" } else { "0" };
    let (head, rest) = good.split_once("sig=").unwrap();
    let (digit, rest) = rest.split_at(1);
    for (what, target, expected) in [
        ("as it was made", good.clone(), "new"),
        ("unsigned parameters", format!("{good}&x=1&filename=a&inline"), "new"),
        ("path", with("alice/o?", "alice/p?"), "signature_mismatch"),
        ("path, escaped", with("alice/o?", "%61lice/%6F?"), "new"),
        ("path, slash escaped", with("alice/o?", "alice%2Fo?"), "malformed_credential"),
        ("path, not UTF-8", with("alice/o?", "alice/%FF?"), "malformed_credential"),
        ("signature", format!("{head}sig={}{rest}", other_digit(digit)), "signature_mismatch"),
        ("signature, short", with("sig=", "sig=0&x="), "malformed_credential"),
        ("signature, missing", with("temp_url_sig=", "x="), "malformed_credential"),
        ("signature, twice", format!("{good}&temp_url_sig=0"), "duplicate_parameter"),
        ("signature, escaped", with("temp_url_sig", "temp%5Furl_sig"), "malformed_credential"),
        ("signature, upper case", with("temp_url_sig", "Temp_Url_Sig"), "malformed_credential"),
        ("expiry", with("1800000600", "1800000601"), "signature_mismatch"),
        ("expiry, other notation", with("1800000600", "2027-01-15T08:10:00Z"), "new"),
        ("expiry, past", with("1800000600", "1799999999"), "expired"),
        ("expiry, this second", with("1800000600", "1800000000"), "signature_mismatch"),
        ("expiry, no number", with("1800000600", "soon"), "malformed_credential"),
        ("expiry, missing", with("temp_url_expires=", "x="), "malformed_credential"),
        ("expiry, twice", format!("{good}&temp_url_expires=1800000600"), "duplicate_parameter"),
        ("range, away", with("&temp_url_ip_range=1.2.3.0/24", ""), "signature_mismatch"),
        ("range, wider", with("1.2.3.0/24", "1.2.0.0/16"), "signature_mismatch"),
        ("range, elsewhere", with("1.2.3.0/24", "1.2.4.0/24"), "wrong_address"),
        ("range, empty", with("1.2.3.0/24", ""), "malformed_credential"),
        ("range, none", with("1.2.3.0/24", "here"), "malformed_credential"),
        ("range, other case", with("temp_url_ip", "temp_url_IP"), "malformed_credential"),
        ("prefix added", format!("{good}&temp_url_prefix=alice/"), "signature_mismatch"),
        ("prefix added, of others", format!("{good}&temp_url_prefix=bob/"), "wrong_resource"),
        ("filename twice", format!("{good}&filename=a&filename=b"), "duplicate_parameter"),
        ("filename, escaped", format!("{good}&%66ilename=a"), "malformed_credential"),
        ("filename, not UTF-8", format!("{good}&filename=%FF"), "malformed_credential"),
        ("inline twice", format!("{good}&inline&inline"), "duplicate_parameter"),
        (
            "nothing but a parameter",
            "/v1/a/c/alice/o?temp_url_prefix=".into(),
            "malformed_credential",
        ),
        ("another case", "/v1/a/c/public/o?TEMP_URL_SIG=".into(), "malformed_credential"),
        ("a prefix, as it was made", change(&prefix, "/alice/", "/alice/a//b"), "new"),
        ("a prefix, the folder itself", prefix.clone(), "new"),
        ("a prefix, outside", change(&prefix, "/c/alice/", "/c/bob/o"), "wrong_resource"),
        ("a prefix, inside a name", change(&prefix, "prefix=a", "prefix="), "wrong_resource"),
        ("a prefix, no container", change(&prefix, "/c/alice/", "/c"), "wrong_resource"),
        (
            "a prefix, other container",
            change(&prefix, "/c/alice/", "/d/alice/o"),
            "signature_mismatch",
        ),
        ("a prefix, shortened", change(&prefix, "prefix=alice/", "prefix=a"), "signature_mismatch"),
        ("a prefix, away", change(&prefix, "&temp_url_prefix=alice/", ""), "signature_mismatch"),
        ("a prefix, climbing out", change(&prefix, "/alice/", "/alice/../bob/o"), "malformed_key"),
    ] {
        assert_eq!(verdict("GET", &target), expected, "{what}: {target}");
    }
}

#[test]
fn head_comes_with_read_and_write() {
    for (signed_for, get, head) in [
        (Method::Get, "new", "new"),
        (Method::Head, "method_mismatch", "new"),
        (Method::Put, "method_mismatch", "new"),
        (Method::Post, "method_mismatch", "new"),
        (Method::Delete, "method_mismatch", "method_mismatch"),
    ] {
        let resource = Resource::Object("/v1/a/c/alice/o");
        let target = signed(&TempUrl { method: signed_for, ..ticket(resource) }, "new");
        assert_eq!(verdict("GET", &target), get, "GET with {signed_for}");
        assert_eq!(verdict("HEAD", &target), head, "HEAD with {signed_for}");
    }
}

#[test]
fn a_range_needs_an_address() {
    let url = TempUrl {
        ip_range: IpRange::parse("0.0.0.0/0"),
        ..ticket(Resource::Object("/v1/a/c/alice/o"))
    };
    let target = signed(&url, "new");
    assert_eq!(verdict("GET", &target), "new");
    let request = Request::parse("GET", &target, [("host", "h")]).unwrap();
    let gate = gate();
    let Step::Decided(decision) = gate.decide::<Retrieval>(&request, NOW) else {
        panic!("no public key")
    };
    let Outcome::Reject { rejection, .. } = decision.outcome else { panic!("nobody is there") };
    assert_eq!(rejection.row().reason, "wrong_address");
    assert_eq!(decision.trail.key_id, None);
}

#[test]
fn what_swift_does_not_take_is_not_signed() {
    let refusal = |url: &TempUrl<'_>| url.sign(&Secret::new("k")).unwrap_err();
    for path in ["/v1/a/c/", "/v1/a/c", "/v1//c/o", "v1/a/c/o", ""] {
        assert_eq!(
            refusal(&ticket(Resource::Object(path))),
            UnsignableError::NotAnObject,
            "{path}"
        );
    }
    for path in ["/v1/a/c", "/v1/a//o", "v1/a/c/"] {
        assert_eq!(refusal(&ticket(Resource::Prefix(path))), UnsignableError::NotAPrefix, "{path}");
    }
    let md5 = TempUrl { digest: Hash::Md5, ..ticket(Resource::Object("/v1/a/c/o")) };
    assert_eq!(refusal(&md5), UnsignableError::UnsupportedDigest(Hash::Md5));
}

#[test]
fn a_signed_url_is_a_secret() {
    let signed = ticket(Resource::Object("/v1/a/c/o")).sign(&Secret::new("k")).unwrap();
    assert_eq!(format!("{signed:?}"), "SignedTempUrl(…)");
}

/// The answer to the viewer, whom the store gives these headers.
fn answer(
    path: &str,
    wish: &str,
    status: u16,
    stored: &[(&'static str, &'static str)],
) -> Vec<(&'static str, String)> {
    let target = signed(&ticket(Resource::Object(path)), "account") + wish;
    let request = Request::parse(
        "GET",
        &target,
        [
            ("host", "h"),
            // What a store must be asked to answer 206 or 304.
            ("range", "bytes=0-1"),
            ("if-none-match", "\"e\""),
        ],
    );
    let request = request.unwrap().from_address(Some(ADDRESS.parse().unwrap()));
    let gate = gate();
    let Step::Decided(decision) = gate.decide::<Retrieval>(&request, NOW) else {
        panic!("an HMAC does not wait")
    };
    let Outcome::Allow(retrieval) = decision.outcome else { panic!("{target}") };
    let headers: Vec<_> = stored.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let answer = StoreAnswer { status, headers: &headers };
    match retrieval.settle(Ok(answer), &mut Health::default(), NOW) {
        Next::Respond(response) => response.head.headers,
        other => panic!("{status}: {other:?}"),
    }
}

fn header<'h>(headers: &'h [(&'static str, String)], name: &str) -> Vec<&'h str> {
    headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn the_answer_names_the_file() {
    let of = |wish, status, stored: &[_]| {
        let headers = answer("/v1/a/c/alice/my photo.jpg", wish, status, stored);
        header(&headers, "content-disposition").join("|")
    };
    let by_name = r#"attachment; filename="my photo.jpg"; filename*=UTF-8''my%20photo.jpg"#;
    let stored = [("Content-Disposition", "x")];
    assert_eq!(of("", 200, &[]), by_name);
    assert_eq!(of("", 206, &[]), by_name);
    assert_eq!(of("", 200, &stored), "x");
    assert_eq!(of("&filename=", 200, &stored), "x");
    assert_eq!(of("&inline", 200, &stored), "inline");
    assert_eq!(of("&inline=false", 200, &[stored[0], stored[0]]), "inline");
    let asked = r#"inline; filename="a b%22"; filename*=UTF-8''a%20b%22"#;
    assert_eq!(of("&filename=a+b%22&inline", 200, &stored), asked);
    assert_eq!(of("&filename=a+b", 304, &stored), "");
}

#[test]
fn active_content_stays_in_its_sandbox_when_shown_inline() {
    let stored = [("content-type", "text/html")];
    for wish in ["&inline", "&inline&filename=a.html", ""] {
        let headers = answer("/v1/a/c/alice/page", wish, 200, &stored);
        let policy = header(&headers, "content-security-policy");
        assert!(policy.first().is_some_and(|policy| policy.starts_with("sandbox;")), "{wish}");
    }
}

#[test]
fn a_browser_keeps_the_object_no_longer_than_the_ticket_works() {
    let headers = answer("/v1/a/c/alice/o", "", 200, &[("cache-control", "max-age=99999")]);
    assert_eq!(header(&headers, "cache-control"), ["private, max-age=600"]);
    assert_eq!(header(&headers, "expires"), Vec::<&str>::new());
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 +%?#&='\"/é日\u{301}~;:,]{1,20}"
}

fn digest() -> impl Strategy<Value = Hash> {
    prop_oneof![Just(Hash::Sha256), Just(Hash::Sha512)]
}

proptest! {
    #[test]
    fn what_is_signed_verifies(name in name(), digest in digest(), iso: bool, expires in 0..10_000_u64) {
        let path = format!("/v1/a/c/alice/{name}");
        let resource = Resource::Object(&path);
        let notation = if iso { ExpiryNotation::Iso8601 } else { ExpiryNotation::Epoch };
        let expires_at = UnixTime::from_secs(NOW.as_secs() + expires);
        let url = TempUrl { notation, expires_at, digest, ..ticket(resource) };
        prop_assert_eq!(verdict("GET", &signed(&url, "new")), "new");
    }

    #[test]
    fn a_prefix_opens_what_begins_with_it(prefix in name(), name in name()) {
        let path = format!("/v1/a/c/alice/{prefix}");
        let target = signed(&ticket(Resource::Prefix(&path)), "new");
        let (folder, query) = target.split_once('?').unwrap();
        let more = cloakroom_core::encoding::encode(&name, cloakroom_core::encoding::Slash::Keep);
        prop_assert_eq!(verdict("GET", &format!("{folder}{more}?{query}")), "new");
        let outside = format!("/v1/a/c/bob/{more}?{query}");
        prop_assert_eq!(verdict("GET", &outside), "wrong_resource");
    }

    #[test]
    fn a_changed_byte_of_the_path_is_refused(name in "[a-z]{1,20}", at in 0..20_usize, by in 1..26_u8) {
        let path = format!("/v1/a/c/alice/{name}");
        let target = signed(&ticket(Resource::Object(&path)), "new");
        let mut bytes = target.into_bytes();
        let byte = &mut bytes["/v1/a/c/alice/".len() + at % name.len()];
        *byte = b'a' + (*byte - b'a' + by) % 26;
        let target = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(verdict("GET", &target), "signature_mismatch");
    }

    #[test]
    fn nothing_a_viewer_writes_panics(query in "[a-z_=&%0-9A-F:/.-]{0,80}", path in "[a-zA-Z0-9/.-]{0,20}") {
        let target = format!("/{path}?temp_url_sig={query}");
        if let Ok(request) = Request::parse("GET", &target, [("host", "h")]) {
            let gate = gate();
            let Step::Decided(decision) = gate.decide::<Retrieval>(&request, NOW) else { panic!("no public key") };
            let refused = matches!(decision.outcome, Outcome::Reject { .. });
            prop_assert!(refused);
        }
    }
}
