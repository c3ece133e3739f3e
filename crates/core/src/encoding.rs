//! Percent-encoding as signatures need it.
//!
//! RFC 3986, section 2.3 names the unreserved characters; SigV4 demands that exactly those
//! stay as they are and that escapes are upper case. Every signed byte passes through here,
//! whether it goes into a canonical request or into the URL that is sent.

use std::borrow::Cow;
use std::fmt;

/// What happens to `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slash {
    /// It separates segments, as in a path.
    Keep,
    /// It is data, as in a query.
    Encode,
}

impl Slash {
    fn stays(self, byte: u8) -> bool {
        self.staying().get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// How many bytes at the beginning stay as they are: mostly all, so they are looked at by
    /// eight, with one branch for all of them.
    pub(crate) fn staying_prefix(self, bytes: &[u8]) -> usize {
        let (eights, _) = bytes.as_chunks::<8>();
        let all_stay = |eight: &&[u8; 8]| eight.iter().fold(true, |all, b| all & self.stays(*b));
        let sure = eights.iter().take_while(all_stay).count() * 8;
        let rest = bytes.get(sure..).unwrap_or_default();
        sure + rest.iter().position(|b| !self.stays(*b)).unwrap_or(rest.len())
    }

    /// How many bytes at the beginning have exactly the escapes that [`encode`] writes.
    pub(crate) fn encoded_prefix(self, bytes: &[u8]) -> usize {
        let mut encoded = 0;
        loop {
            encoded += self.staying_prefix(bytes.get(encoded..).unwrap_or_default());
            match bytes.get(encoded..) {
                Some([b'%', high, low, ..]) if is_needed_escape(*high, *low, self) => encoded += 3,
                _ => return encoded,
            }
        }
    }

    /// For each byte, whether it stays as it is: every signed byte is looked up.
    const fn staying(self) -> &'static [bool; 256] {
        const STAYS_IN_PATH: [bool; 256] = staying(b"-._~/");
        const STAYS_IN_QUERY: [bool; 256] = staying(b"-._~");
        match self {
            Self::Keep => &STAYS_IN_PATH,
            Self::Encode => &STAYS_IN_QUERY,
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
#[expect(clippy::as_conversions, reason = "`usize::from` is not const")]
const fn staying(marks: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
}

/// Writes `text` percent-encoded.
pub fn write_encoded(text: &str, slash: Slash, out: &mut String) {
    let mut rest = text;
    loop {
        // INVARIANT: what stays is ASCII, so a character begins behind it.
        let plain = slash.staying_prefix(rest.as_bytes());
        let (run, tail) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        out.push_str(run);
        let mut characters = tail.chars();
        let Some(character) = characters.next() else { return };
        escape(character.encode_utf8(&mut [0; 4]).as_bytes(), out);
        rest = characters.as_str();
    }
}

fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.extend(['%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
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
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        write_encoded(chunk.valid(), slash, &mut out);
        escape(chunk.invalid(), &mut out);
    }
    out
}

/// Percent-encoded text with exactly the escapes that [`encode`] writes: itself, mostly.
///
/// ```
/// # use cloakroom_core::encoding::{encode_alike, Slash};
/// assert_eq!(encode_alike("/a%20b", Slash::Keep).unwrap(), "/a%20b");
/// assert_eq!(encode_alike("/%61 b%2fc", Slash::Keep).unwrap(), "/a%20b/c");
/// ```
///
/// # Errors
/// [`MalformedEscape`] when a `%` does not begin an escape.
pub fn encode_alike(text: &str, slash: Slash) -> Result<Cow<'_, str>, MalformedEscape> {
    if slash.encoded_prefix(text.as_bytes()) == text.len() {
        return Ok(Cow::Borrowed(text));
    }
    decode(text).map(|bytes| Cow::Owned(encode(bytes, slash)))
}

fn is_needed_escape(high: u8, low: u8, slash: Slash) -> bool {
    let is_upper = |digit: u8| !digit.is_ascii_lowercase();
    match (hex_value(high), hex_value(low)) {
        (Some(h), Some(l)) => is_upper(high) && is_upper(low) && !slash.stays(h << 4 | l),
        _ => false,
    }
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

/// Whether every `%` of `text` begins an escape.
///
/// # Errors
/// [`MalformedEscape`] when one does not.
pub(crate) fn check_escapes(text: &str) -> Result<(), MalformedEscape> {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut escapes = text.match_indices('%').map(|(at, _)| at);
    let malformed = escapes.find(|at| !is_digit(at + 1) || !is_digit(at + 2));
    malformed.map_or(Ok(()), |at| Err(MalformedEscape { at }))
}

/// Undoes percent-encoding. `+` stays `+`.
///
/// # Errors
/// [`MalformedEscape`] when a `%` does not begin an escape.
pub fn decode(text: &str) -> Result<Cow<'_, [u8]>, MalformedEscape> {
    let mut pieces = text.as_bytes().split(|byte| *byte == b'%');
    let first = pieces.next().unwrap_or_default();
    if first.len() == text.len() {
        return Ok(Cow::Borrowed(first));
    }
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(first);
    let mut at = first.len();
    for piece in pieces {
        let (byte, run) = match piece {
            [high, low, run @ ..] => (hex_value(*high).zip(hex_value(*low)), run),
            _ => (None, piece),
        };
        let (high, low) = byte.ok_or(MalformedEscape { at })?;
        out.push(high << 4 | low);
        out.extend_from_slice(run);
        at += "%".len() + piece.len();
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

/// Hexadecimal digits in lower case, two for each byte of a digest.
pub(crate) fn hex_digits(digest: &[u8; 32]) -> [u8; 64] {
    // No look-up and no branch: the compiler then writes many at a time.
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let mut digits = [0; 64];
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(digest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    digits
}

/// Whether `text` is made of hexadecimal digits in lower case, and of so many.
pub(crate) fn is_lower_hex<const COUNT: usize>(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() | (b'a'..=b'f').contains(&byte);
    <&[u8; COUNT]>::try_from(text.as_bytes())
        .is_ok_and(|digits| digits.iter().fold(true, |all, byte| all & is_digit(*byte)))
}

fn upper_hex(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + (nibble - 10) })
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

    #[test]
    fn digits_are_in_lower_case() {
        let bytes = std::array::from_fn(|n| u8::try_from(n * 7).unwrap());
        let digits = hex_digits(&bytes);
        let digits = str::from_utf8(&digits).unwrap();
        assert_eq!(digits, hex::encode(bytes));
        assert!(is_lower_hex::<64>(digits));
        for other in ["a9", &digits.to_uppercase(), &digits.replace('a', "g"), ""] {
            assert!(!is_lower_hex::<64>(other), "{other}");
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
        fn encoding_alike_is_decoding_and_encoding(text in "[ -~é]{0,4}(%[0-9a-fA-F]{2}[a/ ~+]?){0,8}") {
            for slash in [Slash::Keep, Slash::Encode] {
                let twice = decode(&text).map(|bytes| encode(bytes, slash));
                prop_assert_eq!(encode_alike(&text, slash).map(Cow::into_owned), twice);
            }
        }

        #[test]
        fn any_bytes_are_encoded(bytes in any::<Vec<u8>>()) {
            let encoded = encode(&bytes, Slash::Encode);
            let decoded = decode(&encoded).unwrap();
            prop_assert_eq!(decoded.as_ref(), bytes);
        }

        #[test]
        fn what_can_be_decoded_has_no_other_percent_signs(text in "(%[0-9a-fA-Z]{1,3}|%|é|a){0,6}") {
            prop_assert_eq!(check_escapes(&text), decode(&text).map(|_| ()));
        }

        #[test]
        fn decoding_never_panics(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
