//! The canonical request: the one form of a request that both sides hash.
//!
//! ```text
//! GET                                     method
//! /test.txt                               canonical URI: encoded once, or twice
//! max-keys=2&prefix=J                     canonical query: encoded, then sorted
//! host:examplebucket.s3.amazonaws.com     canonical headers: lower case, trimmed, sorted
//! x-amz-date:20130524T000000Z
//!
//! host;x-amz-date                         signed headers
//! UNSIGNED-PAYLOAD                        payload hash
//! ```
//!
//! Hashing takes most of the time that signing needs, so all else is encoded once: the URL is made
//! of parts of the canonical request.

mod headers;
mod query;

use std::borrow::Cow;
use std::ops::Range;

use crate::crypto::{Digest32, sha256};
use crate::encoding::{Slash, encode, encode_alike, write_encoded};
use crate::request::{Method, Request};

use super::payload::Payload;
use super::settings::{PathEncoding, PathNormalization, Settings};
use super::sign::Unsigned;

pub use headers::CanonicalHeaders;
pub(super) use query::QueryWriter;

/// Most requests have this length at most, in bytes.
const USUAL: usize = 512;

/// All that a signature covers.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    uri: Range<usize>,
    query: Range<usize>,
    signed_headers: Range<usize>,
}

impl CanonicalRequest {
    /// That of a request that is to be signed.
    ///
    /// ```
    /// # use cloakroom_core::{endpoint::Endpoint, request::Method};
    /// # use cloakroom_core::sigv4::{canonical::*, payload::Payload, settings::Settings, sign::*};
    /// # let endpoint = Endpoint::parse("https://s3.us-east-1.amazonaws.com").unwrap();
    /// let request = Unsigned {
    ///     method: Method::Get,
    ///     endpoint: &endpoint,
    ///     path: "/a//b c/../d",
    ///     query: &[("b", "/"), ("a", "~")],
    ///     headers: &[],
    /// };
    /// let canonical = |settings| {
    ///     CanonicalRequest::new(&request, &settings, &CanonicalHeaders::default(), Payload::Unsigned)
    /// };
    /// assert_eq!(canonical(Settings::S3).uri(), "/a//b%20c/../d");
    /// assert_eq!(canonical(Settings::GENERAL).uri(), "/a/d");
    /// assert_eq!(canonical(Settings::S3).query(), "a=~&b=%2F");
    /// ```
    pub fn new(
        request: &Unsigned<'_>,
        settings: &Settings,
        headers: &CanonicalHeaders<'_>,
        payload: Payload<'_>,
    ) -> Self {
        Self::write(request, settings, |_| {}, headers, payload)
    }

    /// The same, with the parameters of the signature, which are written in their order.
    pub(super) fn write(
        request: &Unsigned<'_>,
        settings: &Settings,
        own: impl FnOnce(&mut QueryWriter<'_>),
        headers: &CanonicalHeaders<'_>,
        payload: Payload<'_>,
    ) -> Self {
        let uri = |text: &mut String| {
            if settings.signs_path_as_sent() {
                write_encoded(request.path, Slash::Keep, text);
            } else {
                let sent = encode(request.path, Slash::Keep);
                text.push_str(&canonical_uri(sent.into(), settings));
            }
        };
        let query = |mut query: QueryWriter<'_>| {
            own(&mut query);
            // Those of a signature are in their order.
            if !request.query.is_empty() {
                for (name, value) in request.query {
                    query.pair(name, value);
                }
                query.sort();
            }
        };
        Self::assemble(request.method, uri, query, headers, payload.as_str())
    }

    /// That of a request to S3 as it was sent, without one of its parameters.
    pub(super) fn sent(
        request: &Request<'_>,
        method: Method,
        left_out: &str,
        headers: &CanonicalHeaders<'_>,
        payload: &str,
    ) -> Self {
        let path = encode_alike(request.path(), Slash::Keep).unwrap_or_default();
        let uri = |text: &mut String| text.push_str(&canonical_uri(path, &Settings::S3));
        let query = |query: QueryWriter<'_>| query.sent(request.query(), left_out);
        Self::assemble(method, uri, query, headers, payload)
    }

    fn assemble(
        method: Method,
        uri: impl FnOnce(&mut String),
        query: impl FnOnce(QueryWriter<'_>),
        headers: &CanonicalHeaders<'_>,
        payload: &str,
    ) -> Self {
        let mut text = String::with_capacity(USUAL);
        text.push_str(method.as_str());
        text.push('\n');
        let uri_at = text.len();
        uri(&mut text);
        let uri = uri_at..text.len();
        text.push('\n');
        let query_at = text.len();
        query(QueryWriter::new(&mut text));
        let query = query_at..text.len();
        text.push('\n');
        headers.write_lines(&mut text);
        text.push('\n');
        let names_at = text.len();
        headers.write_names(&mut text);
        let signed_headers = names_at..text.len();
        text.push('\n');
        text.push_str(payload);
        Self { text, uri, query, signed_headers }
    }

    /// All of it, for `explain` and for tests.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path.
    pub fn uri(&self) -> &str {
        self.text.get(self.uri.clone()).unwrap_or_default()
    }

    /// The query without the signature.
    pub fn query(&self) -> &str {
        self.text.get(self.query.clone()).unwrap_or_default()
    }

    /// The names of the headers, `host;range;x-amz-date`.
    pub fn signed_headers(&self) -> &str {
        self.text.get(self.signed_headers.clone()).unwrap_or_default()
    }

    /// Its SHA-256.
    pub fn hash(&self) -> Digest32 {
        sha256(self.text.as_bytes())
    }

    /// Where the request goes; with another path than its own, if there is one.
    pub(super) fn url(&self, origin: &str, path: Option<&str>) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        let mut url = String::with_capacity(USUAL);
        for part in [origin, path.unwrap_or(self.uri()), mark, self.query()] {
            url.push_str(part);
        }
        url
    }
}

/// Brings a path, encoded as SigV4 demands, into the form that the service computes.
fn canonical_uri<'p>(path: Cow<'p, str>, settings: &Settings) -> Cow<'p, str> {
    let normal = match settings.path_normalization {
        PathNormalization::AsSent => path,
        // Encoding leaves dots and slashes alone, so either may come first.
        PathNormalization::Normalized => Cow::Owned(normalize(&path)),
    };
    match settings.path_encoding {
        PathEncoding::Once => normal,
        PathEncoding::Twice => Cow::Owned(encode(normal.as_bytes(), Slash::Keep)),
    }
}

/// Removes `.`, `..` and empty segments. Unlike RFC 3986, section 5.2.4, `/a/b/..` becomes
/// `/a`: signers of AWS keep a slash at the end only where the path as sent has one.
fn normalize(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Endpoint;

    use super::*;

    #[test]
    fn paths_are_normalized_as_other_signers_do() {
        for (path, normalized) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("//a//b//", "/a/b/"),
            ("/a/.", "/a"),
            ("/a/./", "/a/"),
            ("/a/b/..", "/a"),
            ("/a/b/../", "/a/"),
            ("/..", "/"),
            ("/../../a", "/a"),
            ("/a/../..", "/"),
            ("/.../..a/b.", "/.../..a/b."),
        ] {
            assert_eq!(normalize(path), normalized, "{path}");
        }
    }

    fn canonical(
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        settings: &Settings,
    ) -> CanonicalRequest {
        let endpoint = Endpoint::parse("https://h").unwrap();
        let method = Method::Get;
        let request = Unsigned { method, endpoint: &endpoint, path, query, headers };
        let headers = CanonicalHeaders::new(headers.iter().copied());
        CanonicalRequest::new(&request, settings, &headers, Payload::Unsigned)
    }

    #[test]
    fn paths_are_encoded_once_or_twice() {
        assert_eq!(canonical("/é%2F$/", &[], &[], &Settings::S3).uri(), "/%C3%A9%252F%24/");
        assert_eq!(
            canonical("/é%2F$/", &[], &[], &Settings::GENERAL).uri(),
            "/%25C3%25A9%25252F%2524/"
        );
    }

    #[test]
    fn what_was_sent_is_spelled_as_what_is_signed() {
        let target = "/%c3%a9%2f%7e+$?b&a=2&a=%31&s=?&a+b=/&&A=%2b&%c3%a9=%7E";
        let request = Request::parse("PUT", target, [("host", "h")]).unwrap();
        let headers = CanonicalHeaders::new([("Host", "h")]);
        let payload = Payload::Unsigned.as_str();
        let sent = CanonicalRequest::sent(&request, Method::Get, "s", &headers, payload);
        let pairs = [("b", ""), ("a", "2"), ("a", "1"), ("a b", "/"), ("A", "+"), ("é", "~")];
        let signed = canonical("/é/~+$", &pairs, &[("Host", "h")], &Settings::S3);
        assert_eq!(sent.as_str(), signed.as_str());
        assert_eq!(
            sent.as_str(),
            "GET\n/%C3%A9/~%2B%24\n%C3%A9=~&A=%2B&a=1&a=2&a%20b=%2F&b=\nhost:h\n\n\
             host\nUNSIGNED-PAYLOAD"
        );
    }
}
