//! Credential scope and string to sign.
//!
//! ```text
//! AWS4-HMAC-SHA256
//! 20130524T000000Z
//! 20130524/us-east-1/s3/aws4_request
//! 7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972
//! ```

use crate::crypto::Digest32;
use crate::encoding::hex_digits;
use crate::time::{AmzDate, UnixTime};

use super::ALGORITHM;
use super::signing_key::{Signature, SigningKey};

/// Most strings to sign have this length at most, in bytes.
const USUAL: usize = 192;

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
        Self::at(time.to_amz_date(), region, service)
    }

    /// The same, of a time that is written already.
    pub(super) fn at(signed_at: AmzDate, region: &'a str, service: &'a str) -> Self {
        Self { signed_at, region, service }
    }

    /// The time of signing, `YYYYMMDDTHHMMSSZ`.
    pub fn amz_date(&self) -> &str {
        self.signed_at.as_str()
    }

    /// The day of signing, `YYYYMMDD`.
    pub fn date(&self) -> [u8; 8] {
        self.signed_at.date()
    }

    /// `20130524/us-east-1/s3/aws4_request`
    pub fn to_text(&self) -> String {
        let day = self.amz_date().get(..8).unwrap_or_default();
        format!("{day}/{}/{}/aws4_request", self.region, self.service)
    }

    /// What is signed for a canonical request with this hash, as text.
    pub fn string_to_sign(&self, canonical_request: &Digest32) -> String {
        let text = self.bytes_to_sign(&self.to_text(), canonical_request);
        String::from_utf8(text).unwrap_or_default()
    }

    /// The signature of a request in this scope by the key that was derived for it, when its
    /// canonical form has this hash.
    pub fn sign(&self, key: &SigningKey, canonical_request: &Digest32) -> Signature {
        key.sign(self.bytes_to_sign(key.scope(), canonical_request))
    }

    fn bytes_to_sign(&self, scope: &str, canonical_request: &Digest32) -> Vec<u8> {
        let (time, digits) = (self.signed_at.as_bytes(), hex_digits(canonical_request));
        let mut bytes = Vec::with_capacity(USUAL);
        for part in [ALGORITHM.as_bytes(), b"\n", time, b"\n", scope.as_bytes(), b"\n", &digits] {
            bytes.extend_from_slice(part);
        }
        bytes
    }
}
