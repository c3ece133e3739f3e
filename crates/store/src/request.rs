//! The request line as S3 reads it: bucket, key and query, each decoded exactly once.
//!
//! Path style only: `/<bucket>/<key>`. Nothing is normalised, so `..`, `//` and a leading or
//! trailing slash are part of the key.

use http::Uri;
use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::{S3Result, s3_error};

/// What SigV4 leaves unencoded in a path: the unreserved characters and the slash.
const CANONICAL_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Bucket and key of a request, empty where the path names none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Target {
    /// Reads the target from the raw path.
    pub(crate) fn parse(uri: &Uri) -> S3Result<Self> {
        let path = decode_path(uri)?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// The same request with its path in the canonical encoding.
///
/// AWS verifies a signature over the canonical path alone. The verifier of `s3s` would also take
/// one made over the path as sent, which a real bucket refuses.
pub(crate) fn canonical_uri(uri: &Uri) -> S3Result<Uri> {
    let path = decode_path(uri)?;
    let mut line = utf8_percent_encode(&path, CANONICAL_PATH).to_string();
    if let Some(query) = uri.query() {
        line.push('?');
        line.push_str(query);
    }
    let line = PathAndQuery::try_from(line).map_err(|_| invalid_uri())?;
    Ok(Uri::from(line))
}

/// The decoded query parameters in the order sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a URI.
    pub(crate) fn parse(uri: &Uri) -> Self {
        let raw = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// Whether a parameter of this name is there, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// How often a parameter of this name is there.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(n, _)| n == name).count()
    }

    /// Every parameter in the order sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The value of the first parameter of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn decode_path(uri: &Uri) -> S3Result<String> {
    Ok(percent_decode_str(uri.path()).decode_utf8().map_err(|_| invalid_uri())?.into_owned())
}

fn invalid_uri() -> s3s::S3Error {
    s3_error!(InvalidURI, "the path is not percent-encoded UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &'static str) -> (String, String) {
        let target = Target::parse(&Uri::from_static(path)).unwrap();
        (target.bucket, target.key)
    }

    #[test]
    fn keys_are_decoded_once_and_never_normalised() {
        let cases = [
            ("/", "", ""),
            ("/b", "b", ""),
            ("/b/", "b", ""),
            ("/b/k", "b", "k"),
            ("/b//k", "b", "/k"),
            ("/b/..", "b", ".."),
            ("/b/a%2F..%2Fb/", "b", "a/../b/"),
            ("/b/%2525", "b", "%25"),
            ("/b/a+b%20c", "b", "a+b c"),
            ("/b/%C3%A9", "b", "é"),
        ];
        for (path, bucket, key) in cases {
            assert_eq!(target(path), (bucket.to_owned(), key.to_owned()), "{path}");
        }
        assert!(Target::parse(&Uri::from_static("/b/%FF")).is_err());
    }

    #[test]
    fn the_canonical_path_has_one_spelling() {
        for path in ["/b/a=b%20c", "/b/a%3db%20c", "/b/a%3Db%20c"] {
            let uri = canonical_uri(&Uri::from_static(path)).unwrap();
            assert_eq!(uri.path(), "/b/a%3Db%20c");
        }
        let uri = canonical_uri(&Uri::from_static("/b/k?prefix=a%2Fb&acl")).unwrap();
        assert_eq!(uri.query(), Some("prefix=a%2Fb&acl"));
    }
}
