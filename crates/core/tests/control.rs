//! The control document: what it revokes and purges, and what it may not say.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cloakroom_core::control::Control;
use cloakroom_core::crypto::Hash;
use cloakroom_core::gate::{Decision, Gate, Outcome, Service, Step};
use cloakroom_core::policy::Policy;
use cloakroom_core::purge::{MAX_RETENTION, Objects, Purge};
use cloakroom_core::request::{Method, Request};
use cloakroom_core::secret::Secret;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::ticket_id::TicketId;
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_435_200);

fn gate(control: &Value) -> Gate {
    let key = |name: &str| {
        json!({
            "dialect": "tempurl", "secret": name, "path": "/v1/a/c/", "principal": "every-owner"
        })
    };
    let policy = json!({
        "version": 1,
        "stores": { "r2": { "kind": "r2" } },
        "keys": { "old": key("OLD"), "new": key("NEW") },
        "routes": { "media": { "path": "/v1/a/c/", "store": "r2", "bucket": "MEDIA" } }
    });
    let gate = Gate::new(Policy::parse(&policy.to_string()).unwrap().read_side(), &|name| {
        Some(name.into())
    });
    gate.unwrap().under(Control::parse(&control.to_string()).unwrap())
}

fn ticket(secret: &str, method: Method, digest: Hash) -> String {
    let url = TempUrl {
        method,
        resource: Resource::Object("/v1/a/c/a.jpg"),
        expires_at: UnixTime::from_secs(NOW.as_secs() + 600),
        notation: ExpiryNotation::Epoch,
        ip_range: None,
        digest,
    };
    url.sign(&Secret::new(secret)).unwrap().encoded().into_exposed()
}

fn decide(gate: &Gate, method: &str, target: &str) -> Decision<Service> {
    let request = Request::parse(method, target, [("host", "media.example")]).unwrap();
    match gate.decide(&request, NOW) {
        Step::Decided(decision) => decision,
        Step::Check(_) => panic!("an HMAC does not wait"),
    }
}

fn reason(decision: &Decision<Service>) -> &'static str {
    decision.outcome.verdict().reason()
}

#[test]
fn a_key_is_revoked_and_its_successor_is_not() {
    let control = json!({ "version": 1, "revoked_keys": ["old"] });
    let (open, closed) = (gate(&json!({ "version": 1 })), gate(&control));
    for (secret, expected) in [("OLD", "key_revoked"), ("NEW", "allowed")] {
        let ticket = ticket(secret, Method::Get, Hash::Sha256);
        assert_eq!(reason(&decide(&open, "GET", &ticket)), "allowed");
        assert_eq!(reason(&decide(&closed, "GET", &ticket)), expected);
    }
    let Outcome::Reject { rejection, .. } =
        decide(&closed, "GET", &ticket("OLD", Method::Get, Hash::Sha256)).outcome
    else {
        panic!("allowed")
    };
    assert_eq!((rejection.row().status, rejection.row().code), (403, "AccessDenied"));
    assert_eq!(rejection.to_string(), "its key was revoked");
}

#[test]
fn a_ticket_is_revoked_however_it_is_spelled_and_no_other() {
    let target = ticket("OLD", Method::Get, Hash::Sha256);
    let id = decide(&gate(&json!({ "version": 1 })), "GET", &target).trail.ticket.unwrap();
    let mut revoked = serde_json::Map::new();
    revoked.insert(id.to_string(), Value::Null);
    let gate = gate(&json!({ "version": 1, "revoked_tickets": revoked }));
    assert_eq!(reason(&decide(&gate, "GET", &target)), "ticket_revoked");
    // HEAD by the same signature, and the signature in base64.
    assert_eq!(reason(&decide(&gate, "HEAD", &target)), "ticket_revoked");
    let (before, rest) = target.split_once("temp_url_sig=").unwrap();
    let (signature, after) = rest.split_at(64);
    let base64 = BASE64_URL_SAFE_NO_PAD.encode(hex::decode(signature).unwrap());
    let base64 = format!("{before}temp_url_sig=sha256:{base64}{after}");
    assert_eq!(reason(&decide(&gate, "GET", &base64)), "ticket_revoked");
    let more = format!("{target}&filename=b.jpg");
    assert_eq!(reason(&decide(&gate, "GET", &more)), "ticket_revoked");
    for other in
        [ticket("NEW", Method::Get, Hash::Sha256), ticket("OLD", Method::Get, Hash::Sha512)]
    {
        assert_eq!(reason(&decide(&gate, "GET", &other)), "allowed");
    }
    // What does not hold is wrong, and not revoked.
    let wrong = format!("{before}temp_url_sig={}{after}", "0".repeat(64));
    assert_eq!(reason(&decide(&gate, "GET", &wrong)), "signature_mismatch");
}

#[test]
fn what_is_written_is_read_back() {
    let text = json!({
        "version": 1,
        "revoked_keys": ["AKIAOLD"],
        "revoked_tickets": {
            "00112233445566778899aabbccddeeff": "2026-12-01T00:00:00Z",
            "ffeeddccbbaa99887766554433221100": null
        },
        "purges": [
            { "route": "media", "key": "a*b.jpg", "at": "2026-11-23T12:00:00Z" },
            { "route": "media", "prefix": "", "at": "2026-11-23T12:00:01Z" }
        ]
    });
    let control = Control::parse(&text.to_string()).unwrap();
    assert_eq!(control.to_json(), text);
    let id = TicketId::parse("00112233445566778899aabbccddeeff").unwrap();
    let ends = UnixTime::parse_rfc3339("2026-12-01T00:00:00Z").unwrap();
    let tickets: Vec<_> = control.revocations.tickets().collect();
    assert_eq!(tickets.first(), Some(&(id.to_string().as_str(), Some(ends))));
    let at = UnixTime::parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
    let objects = Objects::Key("a*b.jpg".to_owned());
    let purge = Purge { route: "media".to_owned(), objects, at };
    assert_eq!(control.purges.iter().next(), Some(&purge));
    assert_eq!(Control::parse(r#"{"version":1}"#).unwrap(), Control::default());
}

#[test]
fn what_has_passed_is_dropped() {
    let mut control = Control::parse(
        r#"{"version": 1, "revoked_keys": ["k"],
            "revoked_tickets": {"00000000000000000000000000000001": "2026-11-23T12:00:00Z",
                                "00000000000000000000000000000002": null},
            "purges": [{"route": "media", "key": "a", "at": "2026-11-23T12:00:00Z"}]}"#,
    )
    .unwrap();
    let whole = control.clone();
    let at = UnixTime::parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
    control.forget_past(at);
    assert_eq!(control, whole);
    control.forget_past(at.saturating_add(MAX_RETENTION));
    assert_eq!(control.revocations.tickets().count(), 1);
    assert_eq!(control.purges.iter().count(), 1);
    control.forget_past(UnixTime::MAX);
    assert_eq!(control.revocations.keys().count(), 1);
    assert_eq!(control.revocations.tickets().count(), 1);
    assert_eq!(control.purges.iter().count(), 0);
}

#[test]
fn what_it_may_not_say() {
    let ticket = "is no ticket: its name is 32 hexadecimal digits in lower case, as the log and \
                  `cloakroom explain` write them";
    let time = "must be a time in UTC such as `2026-11-23T12:00:00Z`";
    for (text, expected) in [
        ("", "is not JSON: "),
        ("[]", "must be an object"),
        ("{}", "needs a field `version`"),
        (r#"{"version": 2}"#, "at `version`: must be 1"),
        (r#"{"version": 1, "keys": []}"#, "has no field `keys`"),
        (r#"{"version": 1, "revoked_keys": {}}"#, "at `revoked_keys`: must be an array"),
        (r#"{"version": 1, "revoked_keys": [""]}"#, "at `revoked_keys.0`: must not be empty"),
        (
            r#"{"version": 1, "revoked_tickets": {"0": null}}"#,
            &format!("at `revoked_tickets.0`: {ticket}"),
        ),
        (
            r#"{"version": 1, "revoked_tickets": {"00112233445566778899aabbccddeeff": "soon"}}"#,
            &format!("at `revoked_tickets.00112233445566778899aabbccddeeff`: {time}"),
        ),
        (
            r#"{"version": 1, "purges": [{"key": "a", "prefix": "b"}]}"#,
            "at `purges.0`: needs one of",
        ),
        (r#"{"version": 1, "purges": [{"key": ""}]}"#, "at `purges.0.key`: must not be empty"),
        (r#"{"version": 1, "purges": [{"key": "a"}]}"#, "at `purges.0`: needs a field `route`"),
        (
            r#"{"version": 1, "purges": [{"key": "a", "route": "m", "at": "2026"}]}"#,
            &format!("at `purges.0.at`: {time}"),
        ),
    ] {
        let error = Control::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("control: {expected}")), "{text}: {error}");
    }
}
