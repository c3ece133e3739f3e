//! Credential scope, signing key and string to sign.
//!
//! ```text
//! AWS4-HMAC-SHA256
//! 20130524T000000Z
//! 20130524/us-east-1/s3/aws4_request
//! 7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972
//! ```

use crate::crypto::{Digest32, hmac_sha256};
use crate::secret::Secret;
use crate::time::{AmzDate, UnixTime};

use super::ALGORITHM;

/// The scope of a signature: one day, one region, one service.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    signed_at: AmzDate,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    /// The scope of a request signed at `time`.
    pub fn new(time: UnixTime, region: &'a str, service: &'a str) -> Self {
        Self { signed_at: time.to_amz_date(), region, service }
    }

    /// The time of signing, `YYYYMMDDTHHMMSSZ`.
    pub fn amz_date(&self) -> &str {
        self.signed_at.as_str()
    }

    /// `20130524/us-east-1/s3/aws4_request`
    pub fn to_text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.signed_at.date(), self.region, self.service)
    }

    /// What is signed for a canonical request with this hash.
    pub fn string_to_sign(&self, canonical_request: &Digest32) -> String {
        format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            self.amz_date(),
            self.to_text(),
            hex::encode(canonical_request)
        )
    }

    /// The key that signs within this scope.
    pub fn signing_key(&self, secret_access_key: &Secret) -> SigningKey {
        let first = format!("AWS4{}", secret_access_key.expose());
        let date = hmac_sha256(first.as_bytes(), &[self.signed_at.date().as_bytes()]);
        let region = hmac_sha256(&date, &[self.region.as_bytes()]);
        let service = hmac_sha256(&region, &[self.service.as_bytes()]);
        SigningKey(hmac_sha256(&service, &[b"aws4_request"]))
    }
}

/// A key derived for one scope.
#[derive(Clone)]
pub struct SigningKey(Digest32);

impl SigningKey {
    /// The signature of `string_to_sign` in lower-case hexadecimal. The base64 of a POST
    /// policy is signed the same way.
    pub fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(hmac_sha256(&self.0, &[string_to_sign.as_bytes()]))
    }
}
