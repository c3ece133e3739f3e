//! From hosts and paths to objects: tables, laws, broken policies, hidden denials, uploads.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use cloakroom_core::policy::Policy;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::route::Routes;
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

mod hide;
mod laws;
mod objects;
mod policy;
mod uploads;

/// A policy with these routes, a store for either addressing, and one key of each kind.
fn document(routes: &Value) -> Value {
    let store = |addressing: &str| {
        json!({
            "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
            "addressing": addressing,
            "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET" }
        })
    };
    json!({
        "version": 1,
        "stores": { "paths": store("path"), "hosts": store("virtual-hosted") },
        "keys": {
            "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" },
            "users": {
                "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET",
                "principal": { "claim": "sub" }
            }
        },
        "routes": routes
    })
}

fn secret(name: &str) -> Option<String> {
    Some(format!("{name} of more than thirty-two bytes"))
}

fn routes(routes: &Value) -> Routes {
    Policy::parse(&document(routes).to_string()).unwrap().read_side().routes(&secret).unwrap()
}

/// Route, bucket and key to which a path leads, or the reason why to none.
fn place(routes: &Routes, host: &str, path: &str) -> Result<[String; 3], &'static str> {
    match routes.place(host, path) {
        Ok(place) => Ok([
            place.route.name.clone(),
            place.source.bucket.to_string(),
            place.source.key.to_string(),
        ]),
        Err(error) => Err(Rejection::Locate(error).row().reason),
    }
}

fn now() -> UnixTime {
    UnixTime::parse_amz_date("20261123T120000Z").unwrap()
}
