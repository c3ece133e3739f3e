//! How media get to browsers: shown or saved, streamed or redirected, with tickets or cookies.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::net::IpAddr;

use cloakroom_core::crypto::Hash;
use cloakroom_core::edgeauth::sign::{Opens, Unsigned as EdgeAuth};
use cloakroom_core::edgeauth::{Escaping, Signer};
use cloakroom_core::gate::{Decision, Gate, Outcome, Service, Step};
use cloakroom_core::policy::Policy;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::secret::Secret;
use cloakroom_core::tempurl::ip_range::IpRange;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

mod cookie;
mod disposition;
mod redirect;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const ADDRESS: &str = "192.0.2.7";
const HOST: &str = "media.example";

/// A policy with one route, `/v1/AUTH_a/c/`, whose fields are the usual ones and `fields`.
fn gate(fields: &Value) -> Gate {
    let mut route = json!({
        "path": "/v1/AUTH_a/c/", "store": "s3", "bucket": "films",
        "access": [
            { "keys": "public/*", "acl": "public-read" },
            { "keys": "pages/*", "swift": { "read": ".r:.example.com" } }
        ]
    });
    route.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let policy = json!({
        "version": 1,
        "stores": {
            "s3": {
                "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
                "addressing": "path",
                "credentials": { "access_key_id": "ID", "secret_access_key": "KEY" }
            },
            "swift": {
                "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_a",
                "keys": ["SWIFT_KEY"]
            }
        },
        "keys": {
            "temp": {
                "dialect": "tempurl", "secret": "TEMP_KEY", "path": "/v1/AUTH_a/",
                "principal": "every-owner"
            },
            "AKAPP": { "dialect": "sigv4", "secret": "APP_KEY", "principal": "every-owner" },
            "edge": { "dialect": "edgeauth", "secret": "EDGE_KEY", "principal": "every-owner" }
        },
        "routes": { "media": route }
    });
    Gate::new(Policy::parse(&policy.to_string()).unwrap().read_side(), &secret).unwrap()
}

fn secret(name: &str) -> Option<String> {
    Some(match name {
        "EDGE_KEY" => "ab".repeat(32),
        name => format!("{name} of more than thirty-two bytes"),
    })
}

/// The target of a TempURL that lives for ten minutes.
fn tempurl(path: &str, range: Option<&str>) -> String {
    let url = TempUrl {
        method: Method::Get,
        resource: Resource::Object(path),
        expires_at: UnixTime::from_secs(NOW.as_secs() + 600),
        notation: ExpiryNotation::Epoch,
        ip_range: range.map(|range| IpRange::parse(range).unwrap()),
        digest: Hash::Sha256,
    };
    url.sign(&Secret::new(secret("TEMP_KEY").unwrap())).unwrap().encoded().into_exposed()
}

/// The same with an EdgeAuth token for some paths.
fn edgeauth(path: &str, acl: &[&str], address: Option<IpAddr>) -> String {
    let key = Secret::new(secret("EDGE_KEY").unwrap());
    let signer =
        Signer { secret: &key, salt: None, algorithm: Hash::Sha256, escaping: Escaping::None };
    let token = EdgeAuth {
        opens: Opens::Acl(acl),
        starts_at: None,
        expires_at: UnixTime::from_secs(NOW.as_secs() + 600),
        address,
        id: None,
        data: None,
    };
    format!("{path}?__token__={}", signer.sign(&token).unwrap().expose())
}

fn decide(gate: &Gate, target: &str, headers: &[(&str, &str)]) -> Decision<Service> {
    let headers = [("host", HOST)].into_iter().chain(headers.iter().copied());
    let request = Request::parse("GET", target, headers).unwrap();
    let request = request.from_address(Some(ADDRESS.parse().unwrap()));
    match gate.decide(&request, NOW) {
        Step::Decided(decision) => decision,
        Step::Check(_) => panic!("an HMAC does not wait"),
    }
}

fn allowed(gate: &Gate, target: &str, headers: &[(&str, &str)]) -> Service {
    match decide(gate, target, headers).outcome {
        Outcome::Allow(handout) => handout,
        other => panic!("{target}: {other:?}"),
    }
}

fn value<'h>(headers: &'h [(&'static str, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
}
