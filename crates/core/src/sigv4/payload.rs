//! The payload hash: what the last line of a canonical request says of the body.
//!
//! Source: *Authenticating Requests: Using the Authorization Header* and *Signature
//! Calculations … Transferring Payload in Multiple Chunks* in the Amazon S3 API reference.

use crate::encoding::is_lower_hex;

/// The SHA-256 of no bytes.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What is signed of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Any body: `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// A body with this SHA-256, in lower-case hexadecimal.
    Sha256(&'a str),
    /// A body in chunks that are signed one by one: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    StreamingSigned,
    /// The same with a signed trailer: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    StreamingSignedTrailer,
    /// A body in chunks that are not signed, with a checksum in the trailer:
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    StreamingUnsignedTrailer,
}

impl<'a> Payload<'a> {
    /// No body.
    pub const EMPTY: Payload<'static> = Payload::Sha256(EMPTY_SHA256);

    const WORDS: [Payload<'static>; 4] = [
        Payload::Unsigned,
        Payload::StreamingSigned,
        Payload::StreamingSignedTrailer,
        Payload::StreamingUnsignedTrailer,
    ];

    /// Reads the value of `x-amz-content-sha256`; case counts.
    ///
    /// ```
    /// # use cloakroom_core::sigv4::payload::Payload;
    /// assert_eq!(Payload::parse("UNSIGNED-PAYLOAD"), Some(Payload::Unsigned));
    /// assert_eq!(Payload::parse("unsigned-payload"), None);
    /// assert_eq!(Payload::parse("e3b0"), None);
    /// ```
    pub fn parse(text: &'a str) -> Option<Self> {
        if is_lower_hex::<64>(text) {
            return Some(Self::Sha256(text));
        }
        Self::WORDS.into_iter().find(|word| word.as_str() == text)
    }

    /// The value of `x-amz-content-sha256`.
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Unsigned => "UNSIGNED-PAYLOAD",
            Self::Sha256(hash) => hash,
            Self::StreamingSigned => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::StreamingSignedTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Self::StreamingUnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    /// Whether a request without a body can have been signed so. The words say how a body would
    /// be checked, and hold where there is none.
    pub fn allows_no_body(self) -> bool {
        match self {
            Self::Sha256(hash) => hash == EMPTY_SHA256,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256;

    #[test]
    fn reads_what_it_writes() {
        for payload in Payload::WORDS.into_iter().chain([Payload::EMPTY]) {
            assert_eq!(Payload::parse(payload.as_str()), Some(payload));
            assert!(payload.allows_no_body());
        }
        let welcome = hex::encode(sha256(b"Welcome to Amazon S3."));
        assert_eq!(Payload::parse(&welcome), Some(Payload::Sha256(&welcome)));
        assert!(!Payload::Sha256(&welcome).allows_no_body());
        assert_eq!(EMPTY_SHA256, hex::encode(sha256(b"")));
    }

    #[test]
    fn refuses_other_texts() {
        let upper = EMPTY_SHA256.to_ascii_uppercase();
        let ecdsa = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";
        for text in ["", "x", &upper, ecdsa, " UNSIGNED-PAYLOAD", &format!("{EMPTY_SHA256}0")] {
            assert_eq!(Payload::parse(text), None, "{text}");
        }
    }
}
