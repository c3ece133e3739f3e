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

/// How a browser is to take the files of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispositionType {
    /// To be shown, as far as it can.
    Inline,
    /// To be saved, under the last part of the key.
    Attachment,
}

impl DispositionType {
    /// For the object with this key.
    pub fn of(self, key: &str) -> Disposition {
        match self {
            Self::Inline => Disposition { inline: true, filename: None },
            Self::Attachment => {
                Disposition { inline: false, filename: Some(last_part(key).to_owned()) }
            }
        }
    }
}

impl Disposition {
    /// Whether anything was chosen. A TempURL that says nothing leaves it to the object.
    pub fn is_chosen(&self) -> bool {
        self.inline || self.filename.is_some()
    }
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

    /// The header's value, when the object has no say in it.
    pub(crate) fn chosen(self) -> Option<String> {
        match self {
            Self::Chosen(value) => Some(value),
            Self::Default(_) => None,
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
    with_name("attachment", last_part(key))
}

fn last_part(key: &str) -> &str {
    key.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
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
    fn a_route_chooses_whatever_is_stored() {
        for (kind, key, expected) in [
            (DispositionType::Inline, "a/b.svg", "inline"),
            (
                DispositionType::Attachment,
                "a/\u{e9}t\u{e9}.jpg",
                r#"attachment; filename="%C3%A9t%C3%A9.jpg"; filename*=UTF-8''%C3%A9t%C3%A9.jpg"#,
            ),
        ] {
            let chosen = ContentDisposition::new(&kind.of(key), key);
            assert_eq!(chosen.value(Some("stored".to_owned())), expected);
        }
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
