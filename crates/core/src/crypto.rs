//! The primitives, and the one comparison that every signature goes through.

use std::fmt;
use std::ops::BitAnd;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::block_api::compress256;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

/// Thirty-two bytes that came out of SHA-256 or HMAC-SHA256.
pub type Digest32 = [u8; 32];

/// The SHA-256 of `bytes`.
///
/// SHA-256 is given its blocks here, and in [`HmacKey`]: short texts take a quarter longer through
/// the buffers of a hash that does not know what comes next.
pub fn sha256(bytes: &[u8]) -> Digest32 {
    finish(INITIAL, 0, bytes)
}

/// HMAC-SHA256 (RFC 2104) of the concatenated `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Digest32 {
    mac::<Sha256>(key, parts).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

/// A key of HMAC-SHA256 that is used more than once: its two blocks are hashed already.
#[derive(Clone)]
pub struct HmacKey {
    inner: State,
    outer: State,
}

/// What SHA-256 knows between two blocks.
type State = [u32; 8];

/// What it begins with (FIPS 180-4, section 5.3.3).
const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

const BLOCK: usize = 64;

impl HmacKey {
    /// Takes a key.
    pub fn new(key: &Digest32) -> Self {
        let keyed = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (to, from) in block.iter_mut().zip(key) {
                *to ^= from;
            }
            let mut state = INITIAL;
            compress256(&mut state, &[block]);
            state
        };
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    /// HMAC-SHA256 of a message.
    pub fn mac(&self, message: &[u8]) -> Digest32 {
        finish(self.outer, BLOCK, &finish(self.inner, BLOCK, message))
    }
}

/// The SHA-256 of so many bytes in whole blocks, after which it is in `state`, and of `rest`.
fn finish(mut state: State, before: usize, rest: &[u8]) -> Digest32 {
    let (blocks, end) = rest.as_chunks::<BLOCK>();
    // FIPS 180-4, section 5.1.1: a bit, zeros, and how many bits there are.
    let bits = u64::try_from(before + rest.len()).unwrap_or_default() * 8;
    let mut last = [0; 2 * BLOCK];
    let (message, padding) = last.split_at_mut(end.len());
    message.copy_from_slice(end);
    let length = if end.len() < BLOCK - 8 { BLOCK } else { 2 * BLOCK };
    if let Some(bit) = padding.first_mut() {
        *bit = 0x80;
    }
    let (last, _) = last.split_at_mut(length);
    if let Some(count) = last.last_chunk_mut() {
        *count = bits.to_be_bytes();
    }
    // Only now, for the CPU does what is above while it is still busy with the hash before.
    compress256(&mut state, blocks);
    compress256(&mut state, last.as_chunks().0);
    let mut digest = Digest32::default();
    for (to, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *to = word.to_be_bytes();
    }
    digest
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
    use sha2::Digest as _;

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
    fn blocks_are_those_of_the_specification() {
        let key = sha256(b"key");
        let kept = HmacKey::new(&key);
        let message: [u8; 200] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        for length in 0..=message.len() {
            let message = &message[..length];
            assert_eq!(sha256(message), *Sha256::digest(message), "{length} bytes");
            assert_eq!(kept.mac(message), hmac_sha256(&key, &[message]), "{length} bytes");
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
