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
use super::signing_key::{BegunSignature, Signature, SigningKey};

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

    /// The same as a line of its own, with the ends of both lines around it.
    pub(super) fn to_line(&self) -> String {
        format!("\n{}\n", self.to_text())
    }

    /// What is signed for a canonical request with this hash, as text.
    pub fn string_to_sign(&self, canonical_request: &Digest32) -> String {
        let line = self.to_line();
        let [algorithm, end, date, line] = self.parts_to_sign(&line);
        let parts = [algorithm, end, date, line, &hex_digits(canonical_request)].concat();
        String::from_utf8(parts).unwrap_or_default()
    }

    /// The signature of a request in this scope by the key that was derived for it, when its
    /// canonical form has this hash.
    pub fn sign(&self, key: &SigningKey, canonical_request: &Digest32) -> Signature {
        self.begin(key).finish(canonical_request)
    }

    /// The same, as far as it goes without the canonical request. A processor that is given both
    /// hashes before it needs one of them works at both at once.
    pub(super) fn begin(&self, key: &SigningKey) -> BegunSignature {
        key.begin(&self.parts_to_sign(key.scope_line()))
    }

    /// All but the hash at the end.
    fn parts_to_sign<'p>(&'p self, scope_line: &'p str) -> [&'p [u8]; 4] {
        [ALGORITHM.as_bytes(), b"\n", self.signed_at.as_bytes(), scope_line.as_bytes()]
    }
}
