//! The policy document that Worker and function run, and the secrets that it names.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cloakroom_core::policy::Policy;
use serde_json::{Value, json};

use super::ports::Ports;
use super::secrets::Secrets;
use super::{BUCKET, REGION};

/// The access key ids of development. They are public; the secrets are made for each data folder.
pub(super) const STORE_KEY: &str = "CLOAKROOMDEVSTORE";
pub(super) const EDGE_KEY: &str = "CLOAKROOMDEVEDGE";
pub(super) const ALICE_KEY: &str = "CLOAKROOMDEVALICE";
pub(super) const BOB_KEY: &str = "CLOAKROOMDEVBOB";

/// The id of the users' JWT key, and who the tokens are for.
pub(super) const JWT_KID: &str = "users";
pub(super) const JWT_AUDIENCE: &str = "cloakroom";

/// A document with the value of each secret that it names.
#[derive(Clone)]
pub(super) struct RunPolicy {
    pub(super) text: String,
    pub(super) secrets: Vec<(String, String)>,
}

impl fmt::Debug for RunPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunPolicy(…)")
    }
}

impl RunPolicy {
    /// That of development, for the ports that were chosen.
    pub(super) fn of_development(ports: &Ports, secrets: &Secrets) -> Self {
        Self { text: document(ports).to_string(), secrets: secrets.named() }
    }

    /// Somebody's own. Of its secrets the store's and those that the data folder has are known
    /// here; the others come from the environment.
    pub(super) fn read(file: &Path, known: &Secrets) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the policy `{}` cannot be read", file.display()))?;
        let policy = match Policy::parse(&text) {
            Ok(policy) => policy,
            Err(error) => bail!("{}: {error}", file.display()),
        };
        let mut secrets = known.named();
        for (name, place) in policy.secret_names() {
            if secrets.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let value = std::env::var(&name).with_context(|| {
                format!("set {name} in the environment: the policy names it at `{place}`")
            })?;
            secrets.push((name, value));
        }
        Ok(Self { text, secrets })
    }
}

/// The document, for the Worker and for the function alike.
fn document(ports: &Ports) -> Value {
    let sigv4 = |secret: &str, principal: Value| json!({ "dialect": "sigv4", "secret": secret, "principal": principal });
    let cors = json!({ "allow_origins": ports.app_origins() });
    let rule = |kinds: &[&str]| {
        json!({
            "route": "media",
            "kinds": kinds,
            // A form cannot say so; its key is one that nobody else gets.
            "unenforced": ["create_only"],
            "key": "users/{principal}/{random}/{filename}",
            "content_types": ["*/*"],
            "size": { "min": 0, "max": 5_368_709_120_u64 },
            "expires_in": 300,
            "read": { "url": ports.edge_url(), "key": EDGE_KEY, "expires_in": 3600 },
            "seal_secret": "UPLOADS_SEAL_SECRET",
            "cors": cors
        })
    };
    json!({
        "version": 1,
        "stores": {
            "main": {
                "kind": "s3",
                "endpoint": ports.store_url(),
                "region": REGION,
                "addressing": "path",
                "credentials": {
                    "access_key_id": "STORE_ACCESS_KEY_ID",
                    "secret_access_key": "STORE_SECRET_ACCESS_KEY"
                }
            }
        },
        "keys": {
            EDGE_KEY: sigv4("EDGE_SECRET_ACCESS_KEY", json!("every-owner")),
            ALICE_KEY: sigv4("ALICE_SECRET_ACCESS_KEY", json!({ "user": "alice" })),
            BOB_KEY: sigv4("BOB_SECRET_ACCESS_KEY", json!({ "user": "bob" })),
            JWT_KID: {
                "dialect": "jwt",
                "algorithm": "HS256",
                "secret": "USERS_JWT_SECRET",
                "issuer": ports.app_url(),
                "audience": JWT_AUDIENCE,
                "principal": { "claim": "sub" }
            }
        },
        "routes": {
            "media": {
                "path": "/media/",
                "store": "main",
                "bucket": BUCKET,
                "access": [
                    { "keys": "public/*", "acl": "public-read" },
                    { "keys": "members/*", "acl": "authenticated-read" },
                    { "keys": "users/{owner}/*", "acl": "private" }
                ],
                "cors": cors
            }
        },
        "uploads": {
            "default": rule(&["put", "form", "multipart"]),
            "large": rule(&["multipart", "form"])
        },
        "signed_urls": {
            "media": {
                "url": ports.edge_url(),
                "key": EDGE_KEY,
                "expires_in": 600,
                "max_expires_in": 3600,
                "stable_for": 3600,
                "cors": cors
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_reads_it() {
        let ports = Ports { edge: 8787, uploads: 9001, invoke: 9002, store: 9000, app: 8000 };
        Policy::parse(&document(&ports).to_string()).unwrap();
    }

    /// The document that operators start from.
    #[test]
    fn the_core_reads_the_example() {
        Policy::parse(include_str!("../../../../policy.json")).unwrap();
    }
}
