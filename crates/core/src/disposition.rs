//! What an answer says about the file's name (RFC 6266), as Swift says it to TempURLs.
//!
//! ```text
//! Content-Disposition: attachment; filename="my photo.jpg"; filename*=UTF-8''my%20photo.jpg
//! ```
//!
//! Neither `filename` nor `inline` is signed: whoever holds the URL chooses them. The name is
//! percent-encoded in both places, so that no byte of it can end the value.

use crate::encoding::{Slash, encode};

/// How a browser is to take a file: what TempURL's `inline` and `filename` ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// To be shown; otherwise to be saved.
    pub inline: bool,
    /// The name to save it under.
    pub filename: Option<String>,
}

/// The `Content-Disposition` of an answer that has the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ContentDisposition {
    /// The viewer chose it.
    Chosen(String),
    /// The object has one of its own, or else this one.
    Default(String),
}

impl ContentDisposition {
    /// For the object with this key.
    pub(crate) fn new(asked: &Disposition, key: &str) -> Self {
        match (asked.inline, &asked.filename) {
            (true, None) => Self::Chosen("inline".to_owned()),
            (true, Some(name)) => Self::Chosen(with_name("inline", name)),
            (false, Some(name)) => Self::Chosen(with_name("attachment", name)),
            (false, None) => Self::Default(attachment(key)),
        }
    }

    /// The header's value, for an object that is stored with the value `stored`.
    pub(crate) fn value(&self, stored: Option<String>) -> String {
        match self {
            Self::Chosen(value) => value.clone(),
            Self::Default(value) => stored.unwrap_or_else(|| value.clone()),
        }
    }
}

/// What Swift says of an object that says nothing itself.
pub(crate) fn attachment(key: &str) -> String {
    let name = key.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    with_name("attachment", name)
}

fn with_name(kind: &str, name: &str) -> String {
    let encoded = encode(name, Slash::Keep);
    // In `filename` Swift lets spaces stand. A `%` of the name is `%25` by now.
    let readable = encoded.replace("%20", " ");
    format!("{kind}; filename=\"{readable}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(inline: bool, filename: Option<&str>, key: &str, stored: Option<&str>) -> String {
        let asked = Disposition { inline, filename: filename.map(str::to_owned) };
        ContentDisposition::new(&asked, key).value(stored.map(str::to_owned))
    }

    #[test]
    fn the_viewer_then_the_object_then_its_name() {
        for (inline, filename, stored, expected) in [
            (false, None, None, r#"attachment; filename="o k.jpg"; filename*=UTF-8''o%20k.jpg"#),
            (false, None, Some("inline"), "inline"),
            (false, Some("a"), Some("x"), r#"attachment; filename="a"; filename*=UTF-8''a"#),
            (true, None, Some("x"), "inline"),
            (true, Some("a"), Some("x"), r#"inline; filename="a"; filename*=UTF-8''a"#),
        ] {
            assert_eq!(value(inline, filename, "a/o k.jpg", stored), expected);
        }
        let folder = value(false, None, "a/b//", None);
        assert_eq!(folder, r#"attachment; filename="b"; filename*=UTF-8''b"#);
    }

    #[test]
    fn nothing_ends_the_value() {
        assert_eq!(
            value(false, Some("a\"\r\nSet-Cookie: é/%20;\\"), "k", None),
            "attachment; filename=\"a%22%0D%0ASet-Cookie%3A %C3%A9/%2520%3B%5C\"; \
             filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20%C3%A9/%2520%3B%5C"
        );
    }

    proptest! {
        #[test]
        fn whatever_the_name_it_stays_inside_its_quotes(name in any::<String>(), inline: bool) {
            let name = Some(name.as_str()).filter(|name| !name.is_empty());
            let value = value(inline, name, "k", None);
            prop_assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
            prop_assert!(matches!(value.matches('"').count(), 0 | 2));
            prop_assert!(matches!(value.matches(';').count(), 0 | 2));
        }
    }
}
