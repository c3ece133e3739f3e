//! Buckets of Cloudflare R2, asked through a binding of the Worker.
//!
//! There is no HTTP between Worker and bucket and nothing to sign: whoever has the binding may
//! read. So the part of HTTP that other stores do is done here: the conditions, the part that
//! `Range` asks for, and the status. The adapter tells what the bucket has, and this says what
//! that means.
//!
//! Source: *R2 Workers API reference* in Cloudflare's documentation.

use std::time::Duration;

use crate::conditions::{Met, Validators, evaluate};
use crate::origin::OriginRequest;
use crate::time::UnixTime;

use super::{ObjectCall, OriginCall};

/// The buckets that a Worker is bound to.
#[derive(Clone, Debug)]
pub struct R2Store {
    /// Its name in the policy.
    pub name: String,
    /// How long it may take until its answer begins.
    pub timeout: Duration,
}

/// What is asked of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2Call {
    /// The name of the binding.
    pub binding: String,
    /// The key of the object.
    pub key: String,
}

/// An object as the binding describes it.
#[derive(Clone, Debug, Default)]
pub struct R2Object {
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, in quotes.
    pub etag: String,
    /// When it was stored.
    pub uploaded: UnixTime,
    /// The headers that were stored with it.
    pub headers: Vec<(String, String)>,
}

/// A part of an object (RFC 9110, section 14.1.2): one range. Where several are asked for, or
/// none that can be read, the whole is the answer, as the RFC allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From a byte on, to another one and with it, or to the end.
    From {
        /// The first byte.
        first: u64,
        /// The last one.
        last: Option<u64>,
    },
    /// So many bytes at the end.
    Last(u64),
}

impl Part {
    /// Reads the value of `Range`.
    pub fn parse(range: &str) -> Option<Self> {
        let (unit, set) = range.split_once('=')?;
        let (first, last) = set.trim().split_once('-')?;
        let number = |text: &str| -> Option<u64> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let part = match (first, last) {
            ("", last) => Self::Last(number(last)?),
            (first, "") => Self::From { first: number(first)?, last: None },
            (first, last) => Self::From { first: number(first)?, last: Some(number(last)?) },
        };
        let is_sound = match part {
            Self::From { first, last: Some(last) } => first <= last,
            Self::From { .. } | Self::Last(_) => true,
        };
        (unit.eq_ignore_ascii_case("bytes") && is_sound).then_some(part)
    }

    /// The first and the last byte of an object of `size` bytes; none when it has none of them.
    fn of(self, size: u64) -> Option<(u64, u64)> {
        let end = size.checked_sub(1)?;
        match self {
            Self::From { first, last } => {
                (first <= end).then(|| (first, last.unwrap_or(end).min(end)))
            }
            Self::Last(0) => None,
            Self::Last(count) => Some((size.saturating_sub(count), end)),
        }
    }
}

impl R2Store {
    pub(super) fn call(&self, call: &ObjectCall<'_>) -> OriginCall {
        let shown = format!("r2://{}/{}", call.bucket, call.key);
        let r2 = R2Call { binding: call.bucket.to_string(), key: call.key.to_string() };
        OriginCall { r2: Some(r2), ..OriginCall::shown_as(shown) }
    }
}

/// What the answer of a store is that has this object, or none: its status and headers.
pub fn answer(request: &OriginRequest, object: Option<R2Object>) -> (u16, Vec<(String, String)>) {
    let Some(object) = object else { return (404, Vec::new()) };
    let modified = object.uploaded.to_http_date();
    let mut headers = object.headers;
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    add("etag", object.etag.clone());
    add("last-modified", modified.clone());
    add("accept-ranges", "bytes".to_owned());
    let validators = Validators { etag: Some(&object.etag), last_modified: Some(&modified) };
    match evaluate(|name| request.header(name), validators) {
        Met::NotModified => return (304, headers),
        Met::Failed => return (412, headers),
        Met::Yes | Met::Unknown => {}
    }
    let Some(part) = request.part() else {
        add("content-length", object.size.to_string());
        return (200, headers);
    };
    match part.of(object.size) {
        Some((first, last)) => {
            add("content-range", format!("bytes {first}-{last}/{}", object.size));
            add("content-length", last.saturating_sub(first).saturating_add(1).to_string());
            (206, headers)
        }
        None => {
            add("content-range", format!("bytes */{}", object.size));
            (416, headers)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_range() {
        let from = |first, last| Some(Part::From { first, last });
        for (range, expected) in [
            ("bytes=0-", from(0, None)),
            ("bytes=5-9", from(5, Some(9))),
            ("Bytes=5-5", from(5, Some(5))),
            ("bytes=-3", Some(Part::Last(3))),
            ("bytes=-0", Some(Part::Last(0))),
            ("bytes=0-99999999999999999999", from(0, Some(u64::MAX))),
            ("bytes=9-5", None),
            ("bytes=0-1,5-6", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("bytes=+1-", None),
            ("bytes=", None),
            ("lines=0-1", None),
            ("bytes", None),
            ("", None),
        ] {
            assert_eq!(Part::parse(range), expected, "{range}");
        }
    }

    #[test]
    fn of_an_object_it_is_what_there_is() {
        let part = |range, size| Part::parse(range).and_then(|part| part.of(size));
        assert_eq!(part("bytes=0-", 10), Some((0, 9)));
        assert_eq!(part("bytes=5-99", 10), Some((5, 9)));
        assert_eq!(part("bytes=9-9", 10), Some((9, 9)));
        assert_eq!(part("bytes=10-", 10), None);
        assert_eq!(part("bytes=-3", 10), Some((7, 9)));
        assert_eq!(part("bytes=-99", 10), Some((0, 9)));
        assert_eq!(part("bytes=-0", 10), None);
        assert_eq!(part("bytes=0-", 0), None);
        assert_eq!(part("bytes=-1", 0), None);
    }
}
