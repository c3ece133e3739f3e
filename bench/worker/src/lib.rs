//! Presigned GETs by the core, for a Worker in JavaScript to call.

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::sign::{Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;
use wasm_bindgen::prelude::wasm_bindgen;

/// What all URLs of a Worker are signed with.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Presigner {
    credentials: Credentials,
    region: String,
    endpoint: Endpoint,
    time: UnixTime,
    expires_in: ExpiresIn,
}

#[wasm_bindgen]
impl Presigner {
    /// Seconds since the epoch are the `time`, and seconds is what URLs live.
    #[wasm_bindgen(constructor)]
    pub fn new(
        access_key_id: String,
        secret_access_key: String,
        region: String,
        endpoint: &str,
        time: u32,
        expires_in: u32,
    ) -> Result<Presigner, String> {
        Ok(Self {
            credentials: Credentials {
                access_key_id,
                secret_access_key: SecretAccessKey::new(secret_access_key),
                session_token: None,
            },
            region,
            endpoint: Endpoint::parse(endpoint)?,
            time: UnixTime::from_secs(time.into()),
            expires_in: ExpiresIn::from_secs(expires_in.into())
                .ok_or("a URL lives for a second at least, and for a week at most")?,
        })
    }

    /// The URL that reads `path`.
    pub fn sign(&self, path: &str) -> String {
        let Self { credentials, region, endpoint, time, expires_in } = self;
        let signer = Signer { credentials, region, service: "s3", time: *time };
        let (method, query, headers) = (Method::Get, &[], &[]);
        let request = Unsigned { method, endpoint, path, query, headers };
        signer.presign(&request, *expires_in).into_exposed()
    }

    /// The same so many times over, of which the last is handed out: what it costs without the
    /// way there and back.
    pub fn sign_repeatedly(&self, path: &str, times: u32) -> String {
        let mut url = String::new();
        for _ in 0..times {
            url = self.sign(std::hint::black_box(path));
        }
        url
    }
}
