//! Preconditions of reads and writes.
//!
//! Reads follow RFC 9110 13.2.2: If-Match decides before If-Unmodified-Since, If-None-Match
//! before If-Modified-Since. Writes know `If-None-Match: *` and If-Match.
//! <https://www.rfc-editor.org/rfc/rfc9110#section-13>

use http::{HeaderMap, HeaderName};
use s3s::dto::{Timestamp, TimestampFormat};
use s3s::{S3Result, s3_error};
use time::OffsetDateTime;

use crate::error::not_implemented;
use crate::meta::ObjectMeta;

/// What the preconditions of a read come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// They hold.
    Proceed,
    /// The client has this version: 304.
    NotModified,
    /// The named one does not hold: 412.
    Failed(&'static str),
}

/// Evaluates the preconditions of a read of an object.
pub(crate) fn evaluate_read(headers: &HeaderMap, object: &ObjectMeta) -> Outcome {
    evaluate(
        headers,
        object,
        ["if-match", "if-unmodified-since", "if-none-match", "if-modified-since"],
    )
}

/// Evaluates the preconditions that a copy puts on its source, where nothing is a 304.
pub(crate) fn evaluate_copy_source(headers: &HeaderMap, source: &ObjectMeta) -> S3Result<()> {
    let names = [
        "x-amz-copy-source-if-match",
        "x-amz-copy-source-if-unmodified-since",
        "x-amz-copy-source-if-none-match",
        "x-amz-copy-source-if-modified-since",
    ];
    match evaluate(headers, source, names) {
        Outcome::Proceed => Ok(()),
        Outcome::NotModified => Err(failed("x-amz-copy-source-If-None-Match")),
        Outcome::Failed(name) => Err(failed(name)),
    }
}

/// The error of a precondition that does not hold.
pub(crate) fn failed(name: &str) -> s3s::S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold: {name}"
    )
}

/// Whether `If-Range` lets a range stand: absent, or naming exactly this version.
pub(crate) fn range_applies(headers: &HeaderMap, object: &ObjectMeta) -> bool {
    match text(headers, "if-range") {
        None => true,
        Some(value) => match date(value) {
            Some(date) => date.unix_timestamp() == object.modified,
            None => matches_strongly(value, &object.etag),
        },
    }
}

/// The precondition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WriteCondition {
    /// None.
    Unconditional,
    /// `If-None-Match: *`: the key must be free.
    MustNotExist,
    /// `If-Match: <etag>`: the key must hold this version.
    MustMatch(String),
}

impl WriteCondition {
    /// Reads the precondition of a request.
    pub(crate) fn parse(headers: &HeaderMap) -> S3Result<Self> {
        match (text(headers, "if-none-match"), text(headers, "if-match")) {
            (None, None) => Ok(Self::Unconditional),
            (Some("*"), None) => Ok(Self::MustNotExist),
            (None, Some(etags)) => Ok(Self::MustMatch(etags.to_owned())),
            (Some(_), None) => {
                Err(not_implemented("If-None-Match with an ETag; only `*` is taken on writes"))
            }
            (Some(_), Some(_)) => Err(not_implemented("If-Match together with If-None-Match")),
        }
    }

    /// Compares with what the key holds now.
    pub(crate) fn check(&self, current: Option<&ObjectMeta>) -> S3Result<()> {
        match (self, current) {
            (Self::Unconditional, _) | (Self::MustNotExist, None) => Ok(()),
            (Self::MustNotExist, Some(_)) => Err(failed("If-None-Match")),
            (Self::MustMatch(_), None) => {
                Err(s3_error!(NoSuchKey, "The specified key does not exist."))
            }
            (Self::MustMatch(etags), Some(object)) if matches_strongly(etags, &object.etag) => {
                Ok(())
            }
            (Self::MustMatch(_), Some(_)) => Err(failed("If-Match")),
        }
    }
}

fn evaluate(headers: &HeaderMap, object: &ObjectMeta, names: [&'static str; 4]) -> Outcome {
    let [if_match, if_unmodified_since, if_none_match, if_modified_since] = names;
    if let Some(etags) = text(headers, if_match) {
        if !matches_strongly(etags, &object.etag) {
            return Outcome::Failed(if_match);
        }
    } else if text(headers, if_unmodified_since)
        .and_then(date)
        .is_some_and(|d| object.modified > d.unix_timestamp())
    {
        return Outcome::Failed(if_unmodified_since);
    }
    if let Some(etags) = text(headers, if_none_match) {
        if matches_weakly(etags, &object.etag) {
            return Outcome::NotModified;
        }
    } else if text(headers, if_modified_since)
        .and_then(date)
        .is_some_and(|d| object.modified <= d.unix_timestamp())
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

fn matches_strongly(list: &str, etag: &str) -> bool {
    list.trim() == "*" || list.split(',').any(|tag| opaque(tag.trim()) == etag)
}

fn matches_weakly(list: &str, etag: &str) -> bool {
    list.trim() == "*"
        || list
            .split(',')
            .map(str::trim)
            .any(|tag| opaque(tag.strip_prefix("W/").unwrap_or(tag)) == etag)
}

/// The tag without its quotes, which S3 lets clients leave out. ETags of S3 hold no comma.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag)
}

/// An unreadable date is no precondition.
fn date(value: &str) -> Option<OffsetDateTime> {
    Timestamp::parse(TimestampFormat::HttpDate, value).ok().map(OffsetDateTime::from)
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name)).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::tests::object;

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    /// `modified` of the sample object is 1994-11-06T08:49:37Z, its ETag `abc`.
    #[test]
    fn reads_follow_the_precedence_of_rfc_9110() {
        let cases: [(&[(&'static str, &str)], Outcome); 15] = [
            (&[], Outcome::Proceed),
            (&[("if-match", "\"abc\"")], Outcome::Proceed),
            (&[("if-match", "\"x\", \"abc\"")], Outcome::Proceed),
            (&[("if-match", "*")], Outcome::Proceed),
            (&[("if-match", "\"x\"")], Outcome::Failed("if-match")),
            (&[("if-match", "W/\"abc\"")], Outcome::Failed("if-match")),
            (&[("if-none-match", "abc")], Outcome::NotModified),
            (&[("if-none-match", "\"x\",W/\"abc\"")], Outcome::NotModified),
            (&[("if-none-match", "\"x\""), ("if-modified-since", LATER)], Outcome::Proceed),
            (&[("if-modified-since", THEN)], Outcome::NotModified),
            (&[("if-modified-since", EARLIER)], Outcome::Proceed),
            (&[("if-modified-since", "yesterday")], Outcome::Proceed),
            (&[("if-unmodified-since", EARLIER)], Outcome::Failed("if-unmodified-since")),
            (&[("if-match", "\"abc\""), ("if-unmodified-since", EARLIER)], Outcome::Proceed),
            (&[("if-match", "\"abc\""), ("if-none-match", "\"abc\"")], Outcome::NotModified),
        ];
        for (pairs, expected) in cases {
            assert_eq!(evaluate_read(&headers(pairs), &object("k")), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_range_stands_for_the_same_version_only() {
        let cases = [
            ("\"abc\"", true),
            ("\"x\"", false),
            ("W/\"abc\"", false),
            (THEN, true),
            (LATER, false),
        ];
        for (value, expected) in cases {
            assert_eq!(
                range_applies(&headers(&[("if-range", value)]), &object("k")),
                expected,
                "{value}"
            );
        }
        assert!(range_applies(&headers(&[]), &object("k")));
    }

    #[test]
    fn writes_know_two_preconditions() {
        let held = object("k");
        let free = WriteCondition::parse(&headers(&[("if-none-match", "*")])).unwrap();
        assert!(free.check(None).is_ok());
        assert_eq!(free.check(Some(&held)).unwrap_err().code().as_str(), "PreconditionFailed");
        let same = WriteCondition::parse(&headers(&[("if-match", "\"abc\"")])).unwrap();
        assert!(same.check(Some(&held)).is_ok());
        assert_eq!(same.check(None).unwrap_err().code().as_str(), "NoSuchKey");
        let other = WriteCondition::parse(&headers(&[("if-match", "\"x\"")])).unwrap();
        assert_eq!(other.check(Some(&held)).unwrap_err().code().as_str(), "PreconditionFailed");
        assert!(WriteCondition::parse(&headers(&[("if-none-match", "\"abc\"")])).is_err());
    }
}
