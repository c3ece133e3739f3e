//! Objects: bucket and key.

use std::fmt;

use crate::encoding::{MalformedEscape, decode};

/// A key longer than this many bytes is refused, as S3 does.
pub const MAX_KEY_LENGTH: usize = 1024;

/// Why something is not a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It is empty.
    Empty,
    /// It has more than 1024 bytes.
    TooLong {
        /// How many.
        length: usize,
    },
    /// It is not UTF-8.
    NotUtf8,
    /// It holds a control character.
    ControlCharacter,
    /// A segment is `.` or `..`.
    DotSegment,
    /// A `/` is written `%2F`.
    EncodedSlash,
    /// A `%` without two digits behind it.
    MalformedEscape(MalformedEscape),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the key is empty"),
            Self::TooLong { length } => {
                write!(f, "the key has {length} bytes; at most {MAX_KEY_LENGTH} are allowed")
            }
            Self::NotUtf8 => f.write_str("the key is not UTF-8"),
            Self::ControlCharacter => f.write_str("the key holds a control character"),
            Self::DotSegment => {
                f.write_str("the key has a segment `.` or `..`, which URLs cannot carry")
            }
            Self::EncodedSlash => f.write_str("the path holds `%2F`; a slash must be sent as `/`"),
            Self::MalformedEscape(escape) => escape.fmt(f),
        }
    }
}

/// The key of an object.
///
/// - 1 to 1024 bytes of UTF-8, without control characters
/// - no segment is `.` or `..`: a URL parser on the way would remove it
/// - otherwise byte for byte what was said: `//`, a leading dot or `+` mean themselves
///
/// ```
/// # use cloakroom_core::object::{KeyError, ObjectKey};
/// let key = ObjectKey::from_path("users//%C3%A9t%C3%A9+%25.jpg").unwrap();
/// assert_eq!(key.as_str(), "users//été+%.jpg");
/// assert_eq!(ObjectKey::from_path("a/%2e%2E/b"), Err(KeyError::DotSegment));
/// assert_eq!(ObjectKey::from_path("a%2Fb"), Err(KeyError::EncodedSlash));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Takes a key as it is.
    ///
    /// # Errors
    /// [`KeyError`] when an invariant does not hold.
    pub fn new(key: impl Into<String>) -> Result<Self, KeyError> {
        let key = key.into();
        if key.is_empty() {
            return Err(KeyError::Empty);
        }
        if key.len() > MAX_KEY_LENGTH {
            return Err(KeyError::TooLong { length: key.len() });
        }
        if key.chars().any(char::is_control) {
            return Err(KeyError::ControlCharacter);
        }
        if key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(KeyError::DotSegment);
        }
        Ok(Self(key))
    }

    /// Reads a key from a raw path.
    ///
    /// # Errors
    /// [`KeyError`] when it is not one, or could be read in two ways.
    pub fn from_path(raw: &str) -> Result<Self, KeyError> {
        Self::new(decode_path(raw)?)
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Decodes a raw path. Signatures cover decoded paths, so routes and keys are read from what
/// this returns and from nothing else: two spellings of one path are one object.
///
/// # Errors
/// [`KeyError`] when it could be read in two ways.
pub fn decode_path(raw: &str) -> Result<String, KeyError> {
    let decoded = decode(raw).map_err(KeyError::MalformedEscape)?;
    let slashes = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'/').count();
    if slashes(&decoded) != slashes(raw.as_bytes()) {
        return Err(KeyError::EncodedSlash);
    }
    String::from_utf8(decoded.into_owned()).map_err(|_| KeyError::NotUtf8)
}

/// Why a store has no bucket of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketError {
    /// It is not the name of a bucket of S3.
    NotAName,
    /// It is not the name of a container of Swift.
    NotAContainer,
    /// It is not the name of a binding of a Worker.
    NotABinding,
    /// It has a dot, which the certificate of virtual-hosted addressing does not cover.
    Dotted,
}

impl fmt::Display for BucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAName => {
                "must be a bucket's name: 3 to 63 of `a`-`z`, `0`-`9`, `.` and `-`, beginning and \
                 ending with a letter or digit"
            }
            Self::NotAContainer => {
                "must be a container's name: 1 to 256 bytes without `/` and control characters"
            }
            Self::NotABinding => {
                "must be the name of a binding: letters, digits and `_`, beginning with a letter"
            }
            Self::Dotted => {
                "has a dot, which virtual-hosted addressing cannot carry over HTTPS; set \
                 `addressing` of the store to `path`"
            }
        })
    }
}

/// The name of a bucket or a container. Of a bucket: 3 to 63 of `a-z 0-9 . -`, beginning and ending with a letter or digit
/// (*Bucket naming rules* in the Amazon S3 user guide).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(String);

impl Bucket {
    /// Takes the name of a bucket of S3.
    ///
    /// ```
    /// # use cloakroom_core::object::Bucket;
    /// assert!(Bucket::new("my.photos-2").is_ok());
    /// assert!(Bucket::new("My_Photos").is_err());
    /// assert!(Bucket::new("a..b").is_err());
    /// assert!(Bucket::new("xn--a").is_err());
    /// ```
    ///
    /// # Errors
    /// [`BucketError::NotAName`].
    pub fn new(name: &str) -> Result<Self, BucketError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fine = (3..=63).contains(&name.len())
            && name.bytes().all(|b| plain(b) || matches!(b, b'.' | b'-'))
            && name.bytes().next().is_some_and(plain)
            && name.bytes().next_back().is_some_and(plain)
            && !name.contains("..")
            // S3 has none, and no URL can be made of what looks like a name of another alphabet.
            && !name.starts_with("xn--");
        if fine { Ok(Self(name.to_owned())) } else { Err(BucketError::NotAName) }
    }

    /// Takes the name of a container of Swift: 1 to 256 bytes of UTF-8 without `/` and control
    /// characters (*Containers* in the Object Storage API).
    ///
    /// ```
    /// # use cloakroom_core::object::Bucket;
    /// assert!(Bucket::container("Photos of 2026").is_ok());
    /// assert!(Bucket::container("a/b").is_err());
    /// assert!(Bucket::container("..").is_err());
    /// ```
    ///
    /// # Errors
    /// [`BucketError::NotAContainer`].
    pub fn container(name: &str) -> Result<Self, BucketError> {
        let fine = (1..=256).contains(&name.len())
            && !name.chars().any(|c| c == '/' || c.is_control())
            && !matches!(name, "." | "..");
        if fine { Ok(Self(name.to_owned())) } else { Err(BucketError::NotAContainer) }
    }

    /// Takes the name of a binding to a bucket, as a Worker's configuration has it: letters,
    /// digits and `_`, beginning with a letter.
    ///
    /// ```
    /// # use cloakroom_core::object::Bucket;
    /// assert!(Bucket::binding("MEDIA").is_ok());
    /// assert!(Bucket::binding("my-media").is_err());
    /// ```
    ///
    /// # Errors
    /// [`BucketError::NotABinding`].
    pub fn binding(name: &str) -> Result<Self, BucketError> {
        let fine = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if fine { Ok(Self(name.to_owned())) } else { Err(BucketError::NotABinding) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::{Slash, encode};

    #[test]
    fn refuses_what_cannot_be_a_key() {
        for (raw, error) in [
            ("", KeyError::Empty),
            ("a/./b", KeyError::DotSegment),
            ("..", KeyError::DotSegment),
            ("a/%2E", KeyError::DotSegment),
            ("a%2fb", KeyError::EncodedSlash),
            ("a%00b", KeyError::ControlCharacter),
            ("a%0A", KeyError::ControlCharacter),
            ("%C2%85", KeyError::ControlCharacter),
            ("%ff", KeyError::NotUtf8),
        ] {
            assert_eq!(ObjectKey::from_path(raw), Err(error), "{raw}");
        }
        let error = ObjectKey::from_path(&"a".repeat(1025)).unwrap_err();
        assert_eq!(error, KeyError::TooLong { length: 1025 });
        assert!(ObjectKey::from_path(&"a".repeat(1024)).is_ok());
    }

    proptest! {
        #[test]
        fn distinct_keys_have_distinct_paths(a in "\\PC{1,40}", b in "\\PC{1,40}") {
            if let (Ok(a), Ok(b)) = (ObjectKey::new(a), ObjectKey::new(b)) {
                let path = |key: &ObjectKey| encode(key.as_str(), Slash::Keep);
                prop_assert_eq!(path(&a) == path(&b), a == b);
                prop_assert_eq!(ObjectKey::from_path(&path(&a)), Ok(a));
            }
        }
    }
}
