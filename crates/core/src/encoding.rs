//! Percent-encoding as signatures need it.
//!
//! RFC 3986, section 2.3 names the unreserved characters; SigV4 demands that exactly those
//! stay as they are and that escapes are upper case. Every signed byte passes through here,
//! whether it goes into a canonical request or into the URL that is sent.

use std::borrow::Cow;
use std::fmt;

/// Where bytes of a canonical form go: into text that a person reads, or into a hash.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// What happens to `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slash {
    /// It separates segments, as in a path.
    Keep,
    /// It is data, as in a query.
    Encode,
}

/// Writes `bytes` percent-encoded.
pub fn write_encoded(bytes: &[u8], slash: Slash, out: &mut impl Sink) {
    let stays = |byte: &u8| is_unreserved(*byte) || (*byte == b'/' && slash == Slash::Keep);
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = rest.iter().position(|b| !stays(b)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.put(run);
        let Some((byte, tail)) = tail.split_first() else { return };
        out.put(&[b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        rest = tail;
    }
}

/// `bytes` percent-encoded.
///
/// ```
/// # use cloakroom_core::encoding::{encode, Slash};
/// assert_eq!(encode("été/a b+c~", Slash::Keep), "%C3%A9t%C3%A9/a%20b%2Bc~");
/// assert_eq!(encode("a/b", Slash::Encode), "a%2Fb");
/// ```
pub fn encode(bytes: impl AsRef<[u8]>, slash: Slash) -> String {
    let bytes = bytes.as_ref();
    let mut out = Vec::with_capacity(bytes.len());
    write_encoded(bytes, slash, &mut out);
    // INVARIANT: what stays and what escapes are made of is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// A `%` that two hexadecimal digits do not follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedEscape {
    /// Byte offset of the `%`.
    pub at: usize,
}

impl fmt::Display for MalformedEscape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`%` at byte {} is not followed by two hexadecimal digits", self.at)
    }
}

/// Undoes percent-encoding. `+` stays `+`.
///
/// # Errors
/// [`MalformedEscape`] when a `%` does not begin an escape.
pub fn decode(text: &str) -> Result<Cow<'_, [u8]>, MalformedEscape> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        if *byte != b'%' {
            out.push(*byte);
            rest = tail;
            continue;
        }
        let escape = || match tail {
            [high, low, ..] => Some(hex_value(*high)? << 4 | hex_value(*low)?),
            _ => None,
        };
        out.push(escape().ok_or(MalformedEscape { at: bytes.len() - rest.len() })?);
        rest = tail.get(2..).unwrap_or_default();
    }
    Ok(Cow::Owned(out))
}

/// Every prefix of `path` that ends in `/`, the longest first.
///
/// ```
/// # use cloakroom_core::encoding::prefixes_of;
/// let prefixes: Vec<_> = prefixes_of("/media/a//b").collect();
/// assert_eq!(prefixes, ["/media/a//", "/media/a/", "/media/", "/"]);
/// ```
pub fn prefixes_of(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.rmatch_indices('/').map(|(at, slash)| at + slash.len());
    ends.filter_map(|end| path.get(..end))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn upper_hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + (nibble - 10) }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_the_broken_escape() {
        for (text, at) in [("%", 0), ("a%2", 1), ("%41%zz", 3), ("%+1", 0)] {
            assert_eq!(decode(text), Err(MalformedEscape { at }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in "\\PC*") {
            for slash in [Slash::Keep, Slash::Encode] {
                let encoded = encode(&text, slash);
                prop_assert!(encoded.is_ascii());
                let decoded = decode(&encoded).unwrap();
                prop_assert_eq!(decoded.as_ref(), text.as_bytes());
            }
        }

        #[test]
        fn decoding_never_panics(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
