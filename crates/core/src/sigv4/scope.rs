//! Credential scope and string to sign.
//!
//! ```text
//! AWS4-HMAC-SHA256
//! 20130524T000000Z
//! 20130524/us-east-1/s3/aws4_request
//! 7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972
//! ```

use crate::crypto::Digest32;
use crate::time::{AmzDate, UnixTime};

use super::ALGORITHM;
use super::signing_key::{Signature, SigningKey, hex_digits};

/// The scope of a signature: one day, one region, one service.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    signed_at: AmzDate,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
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

    /// The day of signing, `YYYYMMDD`.
    pub fn date(&self) -> &str {
        self.signed_at.date()
    }

    /// `20130524/us-east-1/s3/aws4_request`
    pub fn to_text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date(), self.region, self.service)
    }

    /// What is signed for a canonical request with this hash, as text.
    pub fn string_to_sign(&self, canonical_request: &Digest32) -> String {
        let digits = hex_digits(canonical_request);
        let parts = self.parts_to_sign(&self.to_text(), &digits).concat();
        String::from_utf8(parts).unwrap_or_default()
    }

    /// The signature of a request in this scope by the key that was derived for it, when its
    /// canonical form has this hash.
    pub fn sign(&self, key: &SigningKey, canonical_request: &Digest32) -> Signature {
        Signature::of(&self.mac(key, canonical_request))
    }

    /// The bytes of that signature.
    pub(super) fn mac(&self, key: &SigningKey, canonical_request: &Digest32) -> Digest32 {
        key.mac(&self.parts_to_sign(key.scope(), &hex_digits(canonical_request)))
    }

    fn parts_to_sign<'p>(&'p self, scope: &'p str, hash: &'p [u8; 64]) -> [&'p [u8]; 7] {
        let (algorithm, date) = (ALGORITHM.as_bytes(), self.amz_date().as_bytes());
        [algorithm, b"\n", date, b"\n", scope.as_bytes(), b"\n", hash]
    }
}
