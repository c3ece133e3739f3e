//! Signed URLs and cookies through the desk: what is issued opens what was asked for at the edge,
//! and nothing that the caller could not read.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod callers;
mod cookies;
mod laws;
mod urls;

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::desk::answer::Answer;
use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::gate::{self, Gate, Outcome, Service};
use cloakroom_core::jwt;
use cloakroom_core::policy::Policy;
use cloakroom_core::public_key::SignatureCheck;
use cloakroom_core::request::Request;
use cloakroom_core::secret::Secret;
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

/// 2026-11-23T12:00:00Z, the beginning of a bucket of ten minutes.
const NOW: u64 = 1_795_435_200;

const PAGE: &str = "https://app.example";

/// Every issuer of URLs, and a route that all of them sign for.
const URL_ISSUERS: [&str; 4] = ["default", "tempurl", "cloudfront", "edgeauth"];

fn policy() -> Value {
    let public_key = private_key().public_pem().to_owned();
    let s3 = |bucket: &str, access: Value| json!({ "store": "main", "bucket": bucket, "access": access });
    let with = |mut route: Value, more: Value| {
        route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        route
    };
    let owned = || json!([{ "keys": "users/{owner}/*", "acl": "private" }]);
    let media = json!([
        { "keys": "public/*", "acl": "public-read" },
        { "keys": "members/*", "acl": "authenticated-read" },
        { "keys": "members/board/*", "acl": "private" },
        { "keys": "users/{owner}/*", "acl": "private" },
        { "keys": "shared/*", "grants": [{ "to": { "user": "bob" }, "permission": "READ" }] },
        { "keys": "pages/*", "swift": { "read": ".r:.shop.example" } },
        { "keys": "groups/*", "swift": { "read": "acme" } }
    ]);
    json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
            "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET" }
        } },
        "keys": {
            "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" },
            "temp": {
                "dialect": "tempurl", "secret": "TEMPURL_SECRET", "path": "/v1/AUTH_shop/box/",
                "principal": "every-owner"
            },
            "KCF": {
                "dialect": "cloudfront", "algorithm": "ECDSA-SHA256", "public_key": public_key,
                "principal": "every-owner"
            },
            "akamai": {
                "dialect": "edgeauth", "secret": "EDGEAUTH_SECRET", "token_name": "hdnts",
                "principal": "every-owner"
            },
            "users": { "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET", "principal": { "claim": "sub" } },
            "idp": { "dialect": "jwt", "algorithm": "ES256", "public_key": public_key, "principal": { "claim": "sub" } },
            "app": { "dialect": "jwt", "algorithm": "HS256", "secret": "APP_JWT_SECRET", "principal": "every-owner" },
            "session": {
                "dialect": "jwt", "algorithm": "HS256", "secret": "SESSION_SECRET", "issuer": "desk",
                "audience": "edge", "cookie": "session", "principal": { "claim": "user" }
            },
            "session-es": {
                "dialect": "jwt", "algorithm": "ES256", "public_key": public_key,
                "cookie": "session_es", "principal": { "claim": "sub" }
            }
        },
        "routes": {
            "media": with(s3("media", media), json!({ "host": "media.example", "path": "/media/" })),
            "vault": with(s3("vault", json!([])), json!({ "host": "media.example", "path": "/media/public/vault/" })),
            "hidden": with(s3("hidden", owned()), json!({ "path": "/hidden/", "hide": "not-found" })),
            "box": with(
                s3("box", owned()),
                json!({ "path": "/v1/AUTH_shop/box/", "location": "in/a/", "index": "index.html",
                        "access": [{ "keys": "in/a/users/{owner}/*", "acl": "private" }] })
            ),
            "other": with(
                s3("other", json!([{ "keys": "users/{owner}/*", "acl": "private" }])),
                json!({ "host": "other.example", "path": "/media/" })
            ),
            "tenants": with(
                s3("t-{host}", owned()),
                json!({ "host": "*.tenants.example", "path": "/hosted/" })
            )
        },
        "signed_urls": {
            "default": {
                "url": "https://media.example", "key": "AKAPP", "max_expires_in": 86400,
                "stable_for": 600, "cors": { "allow_origins": [PAGE], "allow_credentials": true }
            },
            "tempurl": { "url": "https://media.example", "key": "temp", "stable_for": 600 },
            "cloudfront": {
                "url": "https://media.example", "key": "KCF", "private_key": "CF_PRIVATE_KEY",
                "stable_for": 600, "cookies": {}
            },
            "edgeauth": {
                "url": "https://media.example", "key": "akamai", "stable_for": 600,
                "cookies": { "domain": "media.example" }
            },
            "session": { "url": "https://media.example", "key": "session", "cookies": {} },
            "session-es": {
                "url": "https://media.example", "key": "session-es", "private_key": "CF_PRIVATE_KEY",
                "cookies": {}
            },
            "tenant": { "url": "https://acme.tenants.example", "key": "akamai" },
            "tenant-sigv4": { "url": "https://acme.tenants.example", "key": "AKAPP" }
        }
    })
}

/// The key of RFC 6979, appendix A.2.5, in the form of RFC 5915.
fn private_pem() -> String {
    let der = "30310201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721\
               a00a06082a8648ce3d030107";
    let base64 = BASE64_STANDARD.encode(hex::decode(der).unwrap());
    let (line, rest) = base64.split_at(64);
    let label = "EC PRIVATE KEY";
    format!("-----BEGIN {label}-----\n{line}\n{rest}\n-----END {label}-----\n")
}

fn private_key() -> PrivateKey {
    PrivateKey::from_pem(&private_pem()).unwrap()
}

fn secret(name: &str) -> Option<String> {
    Some(match name {
        "EDGEAUTH_SECRET" => "52a152a152a152a152a152a152a1".to_owned(),
        "CF_PRIVATE_KEY" => private_pem(),
        _ => format!("{name} of more than thirty-two bytes"),
    })
}

/// The function has no secret of a store: signing needs none.
fn desk() -> &'static Desk {
    static DESK: LazyLock<Desk> = LazyLock::new(|| {
        let policy = Policy::parse(&policy().to_string()).unwrap();
        Desk::new(&policy, &|name| secret(name).filter(|_| !name.starts_with("STORE"))).unwrap()
    });
    &DESK
}

/// The gate of the edge.
fn gate() -> &'static Gate {
    static GATE: LazyLock<Gate> = LazyLock::new(|| {
        Gate::new(Policy::parse(&policy().to_string()).unwrap().read_side(), &secret).unwrap()
    });
    &GATE
}

fn token(kid: &str, secret_name: &str, claims: &Value) -> String {
    let secret = Secret::new(secret(secret_name).unwrap());
    jwt::sign(kid, &secret, claims).into_exposed()
}

/// A user's token lives for 1,000 s.
fn bearer(user: &str) -> String {
    let claims = json!({ "sub": user, "exp": NOW + 1000 });
    format!("Bearer {}", token("users", "JWT_SECRET", &claims))
}

fn ask(now: u64, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let all = [("host", "desk.example"), ("origin", PAGE)];
    let request = Request::parse(method, "/signed-urls", all.iter().chain(headers).copied());
    let request = request.unwrap();
    match desk().handle(&request, body, UnixTime::from_secs(now), [7; 16]) {
        Step::Answer(answer) => answer,
        Step::Sign(signing) => {
            let key = signing.key().unwrap();
            assert_eq!(key.pem.expose(), private_pem());
            let sign = |message| private_key().sign(key.public_key.algorithm(), message);
            let signatures: Vec<_> = signing.messages().map(|m| sign(m).unwrap()).collect();
            signing.settle(&signatures)
        }
        Step::Check(_) | Step::Ask(_) | Step::Tell(_) => panic!("nobody is asked"),
    }
}

fn order_at(now: u64, user: &str, order: &Value) -> (u16, Value) {
    let authorization = bearer(user);
    let answer =
        ask(now, "POST", &[("authorization", &authorization)], order.to_string().as_bytes());
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// The entries of an answer to an order for URLs.
fn urls(user: &str, order: &Value) -> Vec<Value> {
    let (status, body) = order_at(NOW, user, order);
    assert_eq!(status, 200, "{body}");
    body["urls"].as_array().unwrap().clone()
}

/// The one URL of an answer.
fn url(user: &str, order: &Value) -> String {
    let entries = urls(user, order);
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    entry["url"].as_str().unwrap_or_else(|| panic!("{order} {entry}")).to_owned()
}

/// What comes of a request at the edge: the route and the key of an object that may be had, `?` for
/// anything else that may be had, and nothing otherwise.
fn opened_at(now: u64, method: &str, url: &str, headers: &[(&str, &str)]) -> Option<String> {
    decide(now, method, url, headers, cloakroom_asymmetric::holds)
}

fn decide(
    now: u64,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    holds: fn(&SignatureCheck) -> bool,
) -> Option<String> {
    let (host, target) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let target = format!("/{target}");
    let all = [("host", host)];
    let request = Request::parse(method, &target, all.iter().chain(headers).copied()).ok()?;
    let decision = match gate().decide::<Service>(&request, UnixTime::from_secs(now)) {
        gate::Step::Decided(decision) => decision,
        gate::Step::Check(checking) => {
            let holds = holds(checking.check());
            checking.answer(holds)
        }
    };
    match decision.outcome {
        Outcome::Allow(Service::Object(_)) => {
            Some(format!("{} {}", decision.trail.route.unwrap(), decision.trail.key.unwrap()))
        }
        Outcome::Allow(_) => Some("?".to_owned()),
        Outcome::Preflight(_) | Outcome::Reject { .. } => None,
    }
}

fn opened(url: &str) -> Option<String> {
    opened_at(NOW, "GET", url, &[])
}
