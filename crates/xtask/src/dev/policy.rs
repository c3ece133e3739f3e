//! The policy document of development, for the ports that were chosen.

use serde_json::{Value, json};

use super::ports::Ports;
use super::{BUCKET, REGION};

/// The access key ids of development. They are public; the secrets are made for each data folder.
pub(super) const STORE_KEY: &str = "CLOAKROOMDEVSTORE";
pub(super) const EDGE_KEY: &str = "CLOAKROOMDEVEDGE";
pub(super) const ALICE_KEY: &str = "CLOAKROOMDEVALICE";
pub(super) const BOB_KEY: &str = "CLOAKROOMDEVBOB";

/// The id of the users' JWT key, and who the tokens are for.
pub(super) const JWT_KID: &str = "users";
pub(super) const JWT_AUDIENCE: &str = "cloakroom";

/// The document, for the Worker and for the function alike.
pub(super) fn document(ports: &Ports) -> Value {
    let sigv4 = |secret: &str, principal: Value| json!({ "dialect": "sigv4", "secret": secret, "principal": principal });
    let cors = json!({ "allow_origins": ports.app_origins() });
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
            "media": {
                "route": "media",
                "key": "users/{principal}/{random}/{filename}",
                "content_types": ["*/*"],
                "size": { "min": 0, "max": 5_368_709_120_u64 },
                "expires_in": 300,
                "read": { "url": ports.edge_url(), "key": EDGE_KEY, "expires_in": 3600 },
                "seal_secret": "UPLOADS_SEAL_SECRET",
                "cors": cors
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use cloakroom_core::policy::Policy;

    use super::*;

    #[test]
    fn the_core_reads_it() {
        let ports = Ports { edge: 8787, uploads: 9001, store: 9000, app: 8000 };
        Policy::parse(&document(&ports).to_string()).unwrap();
    }

    /// The document that operators start from.
    #[test]
    fn the_core_reads_the_example() {
        Policy::parse(include_str!("../../../../policy.json")).unwrap();
    }
}
