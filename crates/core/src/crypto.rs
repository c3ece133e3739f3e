//! The primitives, and the one comparison that every signature goes through.

use std::fmt;
use std::ops::BitAnd;

use hmac::digest::Key;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// Thirty-two bytes that came out of SHA-256 or HMAC-SHA256.
pub type Digest32 = [u8; 32];

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest32 {
    Sha256::digest(bytes).into()
}

/// HMAC-SHA256 (RFC 2104) of the concatenated `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Digest32 {
    mac::<Sha256>(key, parts).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

/// A key of HMAC-SHA256 that is used more than once: its two blocks are hashed already.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Takes a key.
    pub fn new(key: &Digest32) -> Self {
        let mut block = Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        Self(Hmac::new(&block))
    }

    /// HMAC-SHA256 of the concatenated `parts`.
    pub fn mac(&self, parts: &[&[u8]]) -> Digest32 {
        self.begin(parts).finish(&[])
    }

    /// HMAC-SHA256 of a message that begins with the concatenated `parts`.
    pub fn begin(&self, parts: &[&[u8]]) -> BegunMac {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        BegunMac(mac)
    }
}

/// HMAC-SHA256 of a message whose end is not known yet.
pub struct BegunMac(Hmac<Sha256>);

impl BegunMac {
    /// That of the message with this end.
    pub fn finish(mut self, end: &[u8]) -> Digest32 {
        self.0.update(end);
        self.0.finalize().into_bytes().into()
    }
}

/// A hash of those that HMAC credentials are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    /// MD5 (RFC 1321). HMAC-MD5 is not broken, but no new key should ask for it.
    Md5,
    /// SHA-1 (RFC 3174). HMAC-SHA1 is not broken, but no new key should ask for it.
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl Hash {
    /// Its name in policies and on command lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of a digest in bytes.
    pub const fn digest_length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// HMAC (RFC 2104) with this hash of the concatenated `parts`.
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        fn bytes<D: EagerHash>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
            mac::<D>(key, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
        }
        match self {
            Self::Md5 => bytes::<Md5>(key, parts),
            Self::Sha1 => bytes::<Sha1>(key, parts),
            Self::Sha256 => bytes::<Sha256>(key, parts),
            Self::Sha512 => bytes::<Sha512>(key, parts),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// INVARIANT: HMAC takes keys of any length, so there always is one.
fn mac<D: EagerHash>(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<D>> {
    let mut mac = Hmac::<D>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// Whether two byte strings are equal, in time that depends on their lengths alone.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    if a_words.len() != b_words.len() {
        return false;
    }
    // `subtle` keeps the compiler from looking into each comparison, so there are few of them.
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let words = a_words.iter().zip(b_words).map(|(a, b)| word(a).ct_eq(&word(b)));
    words.fold(a_rest.ct_eq(b_rest), BitAnd::bitand).into()
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
    fn a_key_that_is_kept_signs_alike() {
        let key = sha256(b"key");
        let kept = HmacKey::new(&key);
        for text in [&b""[..], b"text", &[7; 200]] {
            assert_eq!(kept.mac(&[text]), hmac_sha256(&key, &[text]));
            assert_eq!(kept.begin(&[text]).finish(b"end"), hmac_sha256(&key, &[text, b"end"]));
        }
    }

    #[test]
    fn compares_whole_strings() {
        assert!(constant_time_eq(b"abc", b"abc"));
        assert!(!constant_time_eq(b"abc", b"abd"));
        assert!(!constant_time_eq(b"abc", b"ab"));
        let text = *b"twenty-one bytes long";
        assert!(constant_time_eq(&text, &text));
        for at in 0..text.len() {
            let mut other = text;
            other[at] ^= 1;
            assert!(!constant_time_eq(&text, &other), "byte {at}");
            assert!(!constant_time_eq(&text, &text[..at]), "{at} bytes");
        }
    }
}
