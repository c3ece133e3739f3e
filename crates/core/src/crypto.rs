//! The two primitives, and the one comparison that every signature goes through.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::encoding::Sink;

/// Thirty-two bytes that came out of SHA-256 or HMAC-SHA256.
pub type Digest32 = [u8; 32];

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest32 {
    Sha256::digest(bytes).into()
}

/// A SHA-256 that a canonical form is written into.
#[derive(Default)]
pub struct Sha256Sink(Sha256);

impl Sha256Sink {
    /// The digest of everything written.
    pub fn finish(self) -> Digest32 {
        self.0.finalize().into()
    }
}

impl Sink for Sha256Sink {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// HMAC-SHA256 (RFC 2104) of the concatenated `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Digest32 {
    // INVARIANT: HMAC takes keys of any length, so the default is never used.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Digest32::default();
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether two byte strings are equal, in time that depends on their lengths alone.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4231_case_2() {
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            hex::encode(mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn compares_whole_strings() {
        assert!(constant_time_eq(b"abc", b"abc"));
        assert!(!constant_time_eq(b"abc", b"abd"));
        assert!(!constant_time_eq(b"abc", b"ab"));
    }
}
