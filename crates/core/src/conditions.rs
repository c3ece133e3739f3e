//! The conditions of a request, held against a representation (RFC 9110, section 13.2.2).
//!
//! Stores know the simple ones, and are asked to. All others, and those about a copy that is kept
//! here, the gate holds against the validators itself.

use crate::time::UnixTime;

/// What identifies a representation, as its headers say it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validators<'a> {
    /// `ETag`.
    pub etag: Option<&'a str>,
    /// `Last-Modified`.
    pub last_modified: Option<&'a str>,
}

/// What the conditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// The representation is to be sent.
    Yes,
    /// The client has it: 304.
    NotModified,
    /// It is another than the client meant: 412.
    Failed,
    /// A date is written in one of the old forms, so somebody else has to tell.
    Unknown,
}

/// The conditions of a GET or HEAD, by the names of their headers.
pub fn evaluate<'h>(header: impl Fn(&str) -> Option<&'h str>, of: Validators<'_>) -> Met {
    let modified = of.last_modified.and_then(UnixTime::parse_http_date);
    // Step 1, and 2 without it.
    if let Some(list) = header("if-match") {
        if !matches(list, of.etag, Comparison::Strong) {
            return Met::Failed;
        }
    } else if let (Some(date), Some(modified)) = (header("if-unmodified-since"), modified) {
        match UnixTime::parse_http_date(date) {
            Some(date) if modified > date => return Met::Failed,
            Some(_) => {}
            None => return Met::Unknown,
        }
    }
    // Step 3, and 4 without it.
    if let Some(list) = header("if-none-match") {
        if matches(list, of.etag, Comparison::Weak) {
            return Met::NotModified;
        }
    } else if let (Some(date), Some(modified)) = (header("if-modified-since"), modified) {
        match UnixTime::parse_http_date(date) {
            Some(date) if modified <= date => return Met::NotModified,
            Some(_) => {}
            None => return Met::Unknown,
        }
    }
    Met::Yes
}

/// Whether the validator of an If-Range is that of the representation (section 13.1.5): a strong
/// entity tag, or the date exactly. Step 5; without it a part would be put together with what the
/// client has of another version.
pub fn is_for(if_range: &str, of: Validators<'_>) -> bool {
    if if_range.starts_with('"') || if_range.starts_with("W/") {
        matches(if_range, of.etag, Comparison::Strong)
    } else {
        of.last_modified == Some(if_range)
    }
}

/// The tag of a list that has one, and nothing else.
pub(crate) fn only_tag(list: &str) -> Option<&str> {
    let tag = tags(list).next()?;
    (list.trim() == tag && tag.trim_start_matches("W/").starts_with('"')).then_some(tag)
}

/// Whether a Range asks for one range of bytes (RFC 9110, section 14.1.2): `bytes=0-9`,
/// `bytes=9-`, `bytes=-9`.
pub(crate) fn is_one_range(value: &str) -> bool {
    let Some((first, last)) = value.strip_prefix("bytes=").and_then(|it| it.split_once('-')) else {
        return false;
    };
    let number = |text: &str| -> Option<u64> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) => first <= last,
        (Some(_), None) => last.is_empty(),
        (None, Some(_)) => first.is_empty(),
        (None, None) => false,
    }
}

/// How entity tags are compared (section 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// A weak tag is like none.
    Strong,
    /// `W/` makes no difference.
    Weak,
}

/// Whether `*` or a list of entity tags names this one.
fn matches(list: &str, etag: Option<&str>, comparison: Comparison) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let Some(etag) = etag.and_then(|etag| opaque(etag, comparison)) else { return false };
    tags(list).any(|tag| opaque(tag, comparison) == Some(etag))
}

/// The part that is compared; none when it is never equal to another.
fn opaque(tag: &str, comparison: Comparison) -> Option<&str> {
    match tag.strip_prefix("W/") {
        Some(_) if comparison == Comparison::Strong => None,
        Some(tag) => Some(tag),
        None => Some(tag),
    }
}

/// The tags of a list. A comma may stand in a tag, so quotes are looked at.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let begin = rest.find('"')?;
        let (_, inside) = rest.split_at_checked(begin + 1)?;
        let end = begin + 1 + inside.find('"')? + 1;
        let (tag, tail) = rest.split_at_checked(end)?;
        rest = tail;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const NEW: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn met(headers: &[(&str, &str)], etag: &str) -> Met {
        let header =
            |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        evaluate(header, Validators { etag: Some(etag), last_modified: Some(DATE) })
    }

    #[test]
    fn each_condition_by_itself() {
        for (name, value, expected) in [
            ("if-match", "\"a\"", Met::Yes),
            ("if-match", "*", Met::Yes),
            ("if-match", "\"b\", \"a\"", Met::Yes),
            ("if-match", "\"b\"", Met::Failed),
            ("if-match", "W/\"a\"", Met::Failed),
            ("if-match", "a", Met::Failed),
            ("if-match", "", Met::Failed),
            ("if-none-match", "\"a\"", Met::NotModified),
            ("if-none-match", "W/\"a\"", Met::NotModified),
            ("if-none-match", "*", Met::NotModified),
            ("if-none-match", "\"b\",W/\"c\", \"a\"", Met::NotModified),
            ("if-none-match", "\"b\"", Met::Yes),
            ("if-none-match", "\"b,\\\"a\\\"", Met::Yes),
            ("if-modified-since", OLD, Met::Yes),
            ("if-modified-since", DATE, Met::NotModified),
            ("if-modified-since", NEW, Met::NotModified),
            ("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT", Met::Unknown),
            ("if-unmodified-since", OLD, Met::Failed),
            ("if-unmodified-since", DATE, Met::Yes),
            ("if-unmodified-since", "yesterday", Met::Unknown),
        ] {
            assert_eq!(met(&[(name, value)], "\"a\""), expected, "{name}: {value}");
        }
    }

    #[test]
    fn tags_come_before_dates_and_match_before_none_match() {
        let of = |headers: &[(&str, &str)]| met(headers, "\"a\"");
        assert_eq!(of(&[("if-none-match", "\"b\""), ("if-modified-since", NEW)]), Met::Yes);
        assert_eq!(of(&[("if-match", "\"a\""), ("if-unmodified-since", OLD)]), Met::Yes);
        assert_eq!(of(&[("if-match", "\"b\""), ("if-none-match", "\"a\"")]), Met::Failed);
        assert_eq!(of(&[("if-match", "\"a\""), ("if-none-match", "\"a\"")]), Met::NotModified);
    }

    #[test]
    fn weak_tags_and_missing_ones() {
        assert_eq!(met(&[("if-none-match", "\"a\"")], "W/\"a\""), Met::NotModified);
        assert_eq!(met(&[("if-match", "\"a\"")], "W/\"a\""), Met::Failed);
        let nothing = Validators::default();
        let with = |name: &'static str| move |asked: &str| (asked == name).then_some(DATE);
        for name in ["if-modified-since", "if-unmodified-since", "if-none-match"] {
            assert_eq!(evaluate(with(name), nothing), Met::Yes, "{name}");
        }
    }

    #[test]
    fn a_part_belongs_to_one_version() {
        let of = Validators { etag: Some("\"a\""), last_modified: Some(DATE) };
        for (validator, fits) in
            [("\"a\"", true), (DATE, true), ("\"b\"", false), ("W/\"a\"", false), (NEW, false)]
        {
            assert_eq!(is_for(validator, of), fits, "{validator}");
        }
        let weak = Validators { etag: Some("W/\"a\""), last_modified: None };
        assert!(!is_for("\"a\"", weak) && !is_for("W/\"a\"", weak) && !is_for(DATE, weak));
    }

    #[test]
    fn one_tag_alone() {
        for (list, tag) in [
            (" \"a\" ", Some("\"a\"")),
            ("W/\"a\"", Some("W/\"a\"")),
            ("\"a,b\"", Some("\"a,b\"")),
            ("\"a\", \"b\"", None),
            ("\"a\",", None),
            ("x\"a\"", None),
            ("*", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(only_tag(list), tag, "{list}");
        }
    }

    #[test]
    fn one_range_alone() {
        for range in ["bytes=0-0", "bytes=2-5", "bytes=30-", "bytes=-5", "bytes=-0"] {
            assert!(is_one_range(range), "{range}");
        }
        for other in [
            "",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,4-5",
            "bytes=x-y",
            "bytes=+1-2",
            "bytes=0-99999999999999999999",
            "lines=1-2",
            "2-5",
        ] {
            assert!(!is_one_range(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_list_names_what_it_is_made_of(names in prop::collection::vec("[!#-~]{0,6}", 1..5)) {
            let list: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
            let list = list.join(", ");
            for name in &names {
                let etag = format!("\"{name}\"");
                prop_assert_eq!(met(&[("if-none-match", &list)], &etag), Met::NotModified);
            }
            let other = met(&[("if-none-match", &list)], "\"another one\"");
            prop_assert_eq!(other, Met::Yes);
        }

        #[test]
        fn nothing_panics(list in "(W/|\"|,| |\\PC){0,20}", etag in "\\PC{0,6}") {
            let _ = met(&[("if-match", &list), ("if-none-match", &list)], &etag);
        }
    }
}
