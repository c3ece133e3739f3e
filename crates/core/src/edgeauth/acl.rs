//! What the ACL of a token opens.
//!
//! An ACL is one pattern of a path or several joined by `!`, with `*` for any bytes, `/` among
//! them, and `?` for one byte. Patterns are written as paths are sent, so a file `what?.jpg` is
//! `/what%3F.jpg` in an ACL, too.
//!
//! What is compared are paths without escapes, on both sides: the path of the request decoded
//! once, which is also what locates the object; and the pattern, whose escapes stand for the
//! bytes they name, never for wildcards. Two spellings of a path are one object, so an ACL covers
//! both or neither, and a wildcard cannot cover a part of an escape. `/u/???` thus does not
//! open `/u/%41`, which is `/u/A`; on paths as they were sent, it would. (Akamai does not publish
//! which of the two its servers compare.)

use crate::encoding::decode;
use crate::wildcard::{Pattern, Token};

/// Stands between two patterns.
pub(super) const DELIMITER: char = '!';

/// A token's ACL, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl(Vec<Pattern>);

impl Acl {
    /// Reads an ACL. None when it is empty, when a `%` in it begins no escape, or when it holds
    /// an escaped slash: that is data to whoever wrote it, and a separator once it is decoded.
    ///
    /// ```
    /// # use cloakroom_core::edgeauth::acl::Acl;
    /// let acl = Acl::parse("/hls/*!/art/%2A.jpg").unwrap();
    /// assert!(acl.covers("/hls/a/b.ts") && acl.covers("/art/*.jpg") && acl.covers("/art/%2a.jpg"));
    /// assert!(!acl.covers("/hls") && !acl.covers("/art/a.jpg"));
    /// assert_eq!(Acl::parse("/users/bob%2Fphotos/*"), None);
    /// ```
    pub fn parse(acl: &str) -> Option<Self> {
        if acl.is_empty() {
            return None;
        }
        acl.split(DELIMITER).map(read_pattern).collect::<Option<_>>().map(Self)
    }

    /// Whether it opens `path`, given as it was sent.
    pub fn covers(&self, path: &str) -> bool {
        // A path that cannot be decoded has no object either.
        decode(path).is_ok_and(|path| self.0.iter().any(|pattern| pattern.covers(&path)))
    }

    /// Whether one of its patterns opens every path that begins with `folder`, given as it was
    /// sent.
    pub fn covers_all_below(&self, folder: &str) -> bool {
        decode(folder).is_ok_and(|folder| self.0.iter().any(|p| p.covers_all_below(&folder)))
    }
}

/// Reads a pattern: what stands before the first `%` as it is, then escape by escape.
fn read_pattern(pattern: &str) -> Option<Pattern> {
    let mut parts = pattern.split('%');
    let mut tokens: Vec<Token> = parts.next()?.bytes().map(Token::read).collect();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let byte = match hex::decode(digits).ok()?.as_slice() {
            [byte] if *byte != b'/' => *byte,
            _ => return None,
        };
        tokens.push(Token::Byte(byte));
        tokens.extend(rest.bytes().map(Token::read));
    }
    Some(tokens.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::{Slash, encode};

    fn covers(acl: &str, path: &str) -> bool {
        Acl::parse(acl).unwrap().covers(path)
    }

    #[test]
    fn opens_what_one_of_its_patterns_covers() {
        for (acl, path, expected) in [
            ("/a", "/a", true),
            ("/a", "/A", false),
            ("/a", "/a/", false),
            ("/*", "/a/b", true),
            ("/a/*!/b/*", "/b/x", true),
            ("/a/*!/b/*", "/c/x", false),
            ("/a/?.ts", "/a/1.ts", true),
            ("/a/?.ts", "/a/12.ts", false),
            // Nothing stands between two delimiters, and no path is empty.
            ("/a!", "/b", false),
            ("!", "/", false),
        ] {
            assert_eq!(covers(acl, path), expected, "{acl} {path}");
        }
    }

    #[test]
    fn opens_a_folder_when_a_pattern_ends_in_a_run() {
        for (acl, folder, expected) in [
            ("/hls/*", "/hls/film/", true),
            ("/hls/*", "/hls/", true),
            ("/hls/film*", "/hls/film/", true),
            ("/hls/film/*", "/hls/", false),
            ("/hls/u1/*", "/hls/u10/", false),
            ("/hls/*.ts", "/hls/film/", false),
            ("/hls/film/", "/hls/film/", false),
            ("/hls/film/?", "/hls/film/", false),
            ("/hls/film/%2A", "/hls/film/", false),
            ("/a!/hls/*", "/hls/film/", true),
            ("/%68ls/*", "/hl%73/film/", true),
        ] {
            let acl_read = Acl::parse(acl).unwrap();
            assert_eq!(acl_read.covers_all_below(folder), expected, "{acl} {folder}");
        }
    }

    #[test]
    fn an_escape_is_the_byte_that_it_names() {
        for (acl, path, expected) in [
            ("/é", "/%C3%A9", true),
            ("/%c3%A9/*", "/%C3%a9/x", true),
            ("/a%20b", "/a%20b", true),
            ("/a+b", "/a+b", true),
            ("/a+b", "/a%20b", false),
            ("/%41", "/A", true),
            // Decoded once.
            ("/%41", "/%2541", false),
            ("/%2541", "/%2541", true),
            ("/%2541", "/%41", false),
            // A wildcard does not cover a part of an escape.
            ("/u/???", "/u/%41", false),
            ("/u/???", "/u/%41%42C", true),
            ("/u/*41", "/u/%41", false),
            ("/u/%?1", "/u/%41", false),
            // An escaped wildcard or delimiter is none.
            ("/%2A", "/a", false),
            ("/%2a", "/*", true),
            ("/%3F", "/a", false),
            ("/%3F", "/%3f", true),
            ("/a%21/b", "/a!/b", true),
            ("/a%21/b", "/a", false),
        ] {
            let opened = Acl::parse(acl).is_some_and(|acl| acl.covers(path));
            assert_eq!(opened, expected, "{acl} {path}");
        }
    }

    #[test]
    fn refuses_what_can_be_read_in_two_ways() {
        for acl in ["", "/100%", "/100%/*", "/%4", "/%zz", "/%é", "/a%2Fb", "/a%2f*", "/ok!/%"] {
            assert_eq!(Acl::parse(acl), None, "{acl}");
        }
    }

    proptest! {
        #[test]
        fn covers_objects_not_spellings(pattern in "/[ab%*?é!]{0,8}", key in "[ab%*?é!+ ]{0,8}") {
            let path = format!("/{key}");
            let encoded = encode(&path, Slash::Keep);
            let bytes = path.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
            if let Some(acl) = Acl::parse(&pattern) {
                prop_assert_eq!(acl.covers(&encoded), acl.covers(&bytes));
            }
        }

        #[test]
        fn an_encoded_path_opens_itself_alone(key in "[ab%*?é!+ ]{0,8}", other in "[ab*?]{0,8}") {
            let (path, other) = (format!("/{key}"), format!("/{other}"));
            let encoded = encode(&path, Slash::Keep);
            let acl = Acl::parse(&encoded).unwrap();
            prop_assert!(acl.covers(&encoded));
            prop_assert_eq!(acl.covers(&encode(&other, Slash::Keep)), path == other);
        }

        #[test]
        fn nothing_panics(acl in "\\PC*", path in "\\PC*") {
            let _ = Acl::parse(&acl).map(|acl| acl.covers(&path));
        }
    }
}
