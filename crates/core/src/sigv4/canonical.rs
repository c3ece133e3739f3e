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

use crate::crypto::{Digest32, Sha256Sink};
use crate::encoding::{Sink, Slash, encode};
use crate::request::Method;

use super::settings::{PathEncoding, PathNormalization, Settings};

/// All that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct CanonicalRequest<'a> {
    /// The method.
    pub method: Method,
    /// The path.
    pub uri: &'a CanonicalUri,
    /// The query without the signature.
    pub query: &'a CanonicalQuery,
    /// The headers that are signed.
    pub headers: &'a CanonicalHeaders,
    /// The payload hash in hexadecimal, or a word such as `UNSIGNED-PAYLOAD`.
    pub payload: &'a str,
}

impl CanonicalRequest<'_> {
    /// Writes the canonical request.
    pub fn write(&self, out: &mut impl Sink) {
        out.put(self.method.as_str().as_bytes());
        out.put(b"\n");
        out.put(self.uri.as_str().as_bytes());
        out.put(b"\n");
        out.put(self.query.as_str().as_bytes());
        out.put(b"\n");
        for (name, value) in &self.headers.0 {
            out.put(name.as_bytes());
            out.put(b":");
            out.put(value.as_bytes());
            out.put(b"\n");
        }
        out.put(b"\n");
        self.headers.write_names(out);
        out.put(b"\n");
        out.put(self.payload.as_bytes());
    }

    /// The SHA-256 of the canonical request.
    pub fn hash(&self) -> Digest32 {
        let mut sink = Sha256Sink::default();
        self.write(&mut sink);
        sink.finish()
    }

    /// The canonical request as text, for `explain` and for tests.
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// A path as signatures cover it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalUri(String);

impl CanonicalUri {
    /// Brings a decoded path into the form that the service computes.
    ///
    /// ```
    /// # use cloakroom_core::sigv4::{canonical::CanonicalUri, settings::Settings};
    /// let uri = |settings| CanonicalUri::new(b"/a//b c/../d", &settings).as_str().to_owned();
    /// assert_eq!(uri(Settings::S3), "/a//b%20c/../d");
    /// assert_eq!(uri(Settings::GENERAL), "/a/d");
    /// assert_eq!(CanonicalUri::new(b"/b c", &Settings::GENERAL).as_str(), "/b%2520c");
    /// ```
    pub fn new(path: &[u8], settings: &Settings) -> Self {
        let sent = match settings.path_normalization {
            PathNormalization::AsSent => encode(path, Slash::Keep),
            // Encoding leaves dots and slashes alone, so either may come first.
            PathNormalization::Normalized => normalize(&encode(path, Slash::Keep)),
        };
        Self(match settings.path_encoding {
            PathEncoding::Once => sent,
            PathEncoding::Twice => encode(sent, Slash::Keep),
        })
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
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

/// A query, encoded and sorted. The same text is signed and sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanonicalQuery(String);

impl CanonicalQuery {
    /// Encodes and sorts decoded parameters.
    pub fn new<'p>(pairs: impl IntoIterator<Item = (&'p [u8], &'p [u8])>) -> Self {
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| (encode(name, Slash::Encode), encode(value, Slash::Encode)))
            .collect();
        // AWS sorts by encoded name, then by encoded value.
        pairs.sort_unstable();
        let mut query = String::new();
        for (name, value) in pairs {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&name);
            query.push('=');
            query.push_str(&value);
        }
        Self(query)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The signed headers: names in lower case, values trimmed with inner white space folded,
/// sorted by name, several of one name joined by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanonicalHeaders(Vec<(String, String)>);

impl CanonicalHeaders {
    /// Brings headers into canonical form.
    pub fn new<'h>(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        let mut sorted: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), fold_white_space(value)))
            .collect();
        // Stable, so that several values of one name keep the order they were sent in.
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        sorted.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1.push(',');
                first.1.push_str(&later.1);
            }
            same
        });
        Self(sorted)
    }

    /// `host;range;x-amz-date`: the value of `X-Amz-SignedHeaders`.
    pub fn names(&self) -> String {
        let mut out = Vec::new();
        self.write_names(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    fn write_names(&self, out: &mut impl Sink) {
        for (n, (name, _)) in self.0.iter().enumerate() {
            if n > 0 {
                out.put(b";");
            }
            out.put(name.as_bytes());
        }
    }
}

fn fold_white_space(value: &str) -> String {
    let mut folded = String::with_capacity(value.len());
    for word in value.split_ascii_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn paths_are_encoded_once_or_twice() {
        let uri = |settings| CanonicalUri::new("/é%2F$/".as_bytes(), &settings).0;
        assert_eq!(uri(Settings::S3), "/%C3%A9%252F%24/");
        assert_eq!(uri(Settings::GENERAL), "/%25C3%25A9%25252F%2524/");
    }

    #[test]
    fn query_is_encoded_then_sorted() {
        let pairs = [("b", ""), ("a", "2"), ("a", "1"), ("a b", "/"), ("A", "+"), ("é", "~")];
        let query = CanonicalQuery::new(pairs.map(|(n, v)| (n.as_bytes(), v.as_bytes())));
        assert_eq!(query.as_str(), "%C3%A9=~&A=%2B&a=1&a=2&a%20b=%2F&b=");
    }

    #[test]
    fn headers_are_folded_sorted_and_joined() {
        let headers = CanonicalHeaders::new([("X-B", " 1   2\t3 "), ("host", "h"), ("x-b", "4")]);
        assert_eq!(headers.0, [("host".into(), "h".into()), ("x-b".into(), "1 2 3,4".into())]);
        assert_eq!(headers.names(), "host;x-b");
    }
}
