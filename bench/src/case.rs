//! What is signed: `case.json`, which the contestants in JavaScript and Python read, too.

use std::path::PathBuf;

use cloakroom_core::time::UnixTime;
use serde::Deserialize;
use serde_json::Value;

/// The one case.
#[derive(Deserialize)]
pub struct Case {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub region: String,
    pub endpoint: String,
    pub bucket: String,
    pub key: String,
    /// Seconds since the epoch: when presigned URLs are signed.
    pub time: u64,
    /// Seconds: how long presigned URLs live.
    pub expires_in: u64,
    /// Seconds since the epoch: when everything else ends. Some libraries look at the clock of
    /// the machine, so it is far away.
    pub expires_at: u64,
    pub secret: String,
    pub hex_key: String,
    pub swift_path: String,
    pub edgeauth_acl: String,
    pub media_url: String,
    pub key_id: String,
    pub claims: Value,
}

impl Case {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("../case.json")).expect("`case.json` has all fields")
    }

    pub fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.time)
    }

    pub fn end(&self) -> UnixTime {
        UnixTime::from_secs(self.expires_at)
    }
}

/// A private key in PEM: `rsa`, `p256` or `ed25519`. `cargo xtask bench` makes them; one run has
/// the same ones for all.
pub fn private_key(name: &str) -> String {
    let folder = std::env::var_os("CLOAKROOM_BENCH_KEYS").expect("CLOAKROOM_BENCH_KEYS is set");
    let file = PathBuf::from(folder).join(format!("{name}.pem"));
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("`{}` cannot be read: {error}", file.display()))
}
