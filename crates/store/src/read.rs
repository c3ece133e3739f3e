//! GetObject and HeadObject.
//!
//! They are a route of their own because the request types of `s3s` refuse headers that S3
//! ignores, such as a malformed or multiple Range, and lists of ETags. The route is entered
//! after `s3s` has verified the signature.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>

use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use s3s::route::S3Route;
use s3s::{Body, S3Error, S3Request, S3Response, S3Result, s3_error};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::conditional::{Outcome, evaluate_read, failed, range_applies};
use crate::error::storage;
use crate::index::Index;
use crate::meta::{ObjectMeta, refuse_unsupported};
use crate::range::Selection;
use crate::request::{Query, Target};

/// How much of a file is read at a time.
const READ_BUFFER: usize = 256 * 1024;

/// The query parameters that make a GET of an object something else.
const SUBRESOURCES: [&str; 9] = [
    "acl",
    "attributes",
    "legal-hold",
    "restore",
    "retention",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
];

/// The query parameters that override a header of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", header::CACHE_CONTROL),
    ("response-content-disposition", header::CONTENT_DISPOSITION),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-content-type", header::CONTENT_TYPE),
    ("response-expires", header::EXPIRES),
];

/// The route of object reads.
#[derive(Clone, Debug)]
pub(crate) struct ReadRoute {
    pub(crate) index: Arc<Index>,
}

#[async_trait::async_trait]
impl S3Route for ReadRoute {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        _headers: &HeaderMap,
        _extensions: &mut Extensions,
    ) -> bool {
        let query = Query::parse(uri);
        matches!(*method, Method::GET | Method::HEAD)
            && Target::parse(uri).is_ok_and(|target| !target.key.is_empty())
            && !SUBRESOURCES.iter().any(|name| query.has(name))
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let target = Target::parse(&request.uri)?;
        let query = Query::parse(&request.uri);
        refuse_unsupported(&request.headers, &query)?;
        refuse_version(query.get("versionId"))?;

        let index = Arc::clone(&self.index);
        let opened =
            tokio::task::spawn_blocking(move || index.open_object(&target.bucket, &target.key));
        let (object, file) = opened.await.map_err(S3Error::internal_error)??;

        match evaluate_read(&request.headers, &object) {
            Outcome::Failed(name) => return Err(failed(name)),
            Outcome::NotModified => return not_modified(&object),
            Outcome::Proceed => {}
        }

        let mut headers = object_response_headers(&object, &query)?;
        let selection = select(&request.headers, &query, &object)?;
        let (status, first, length) = match selection {
            Selection::Whole => (StatusCode::OK, 0, object.size),
            Selection::Part { first, last } => {
                let range = format!("bytes {first}-{last}/{}", object.size);
                headers.insert(header::CONTENT_RANGE, value(&range)?);
                (StatusCode::PARTIAL_CONTENT, first, (last - first).saturating_add(1))
            }
            Selection::Unsatisfiable => return Err(unsatisfiable(object.size)),
        };
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if selection == Selection::Whole && asks_for_checksum(&request.headers) {
            let checksum = &object.checksum;
            headers.insert(
                HeaderName::from_static(checksum.algorithm.header()),
                value(&checksum.value)?,
            );
            headers
                .insert("x-amz-checksum-type", HeaderValue::from_static(checksum.coverage.name()));
        }

        let body = if request.method == Method::HEAD {
            Body::empty()
        } else {
            let mut file = tokio::fs::File::from_std(file);
            if first > 0 {
                file.seek(SeekFrom::Start(first)).await.map_err(storage("reading an object"))?;
            }
            let stream = ReaderStream::with_capacity(file.take(length), READ_BUFFER);
            Body::http_body_unsync(StreamBody::new(stream.map_ok(Frame::data)))
        };
        let mut response = S3Response::with_headers(body, headers);
        response.status = Some(status);
        Ok(response)
    }
}

/// Buckets here have no versions, so only the null version can be named.
pub(crate) fn refuse_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}

fn select(headers: &HeaderMap, query: &Query, object: &ObjectMeta) -> S3Result<Selection> {
    let range = headers.get(header::RANGE).map(|value| value.to_str().unwrap_or_default());
    let Some(part) = query.get("partNumber") else {
        return Ok(match range {
            Some(range) if range_applies(headers, object) => Selection::parse(range, object.size),
            _ => Selection::Whole,
        });
    };
    if range.is_some() {
        return Err(s3_error!(
            InvalidRequest,
            "Cannot specify both Range header and partNumber query parameter."
        ));
    }
    let number: usize =
        part.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            )
        })?;
    let whole = [object.size];
    let sizes = if object.parts.is_empty() { whole.as_slice() } else { object.parts.as_slice() };
    let size = sizes.get(number - 1).ok_or_else(|| {
        let mut error = s3_error!(InvalidPart, "The requested partnumber is not satisfiable");
        error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
        error
    })?;
    let first: u64 = sizes.iter().take(number - 1).sum();
    Ok(match (first + size).checked_sub(1) {
        Some(last) if first <= last => Selection::Part { first, last },
        _ => Selection::Whole,
    })
}

fn object_response_headers(object: &ObjectMeta, query: &Query) -> S3Result<HeaderMap> {
    let mut headers = validators(object)?;
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert("x-amz-server-side-encryption", HeaderValue::from_static("AES256"));
    insert_kept(&mut headers, &object.headers)?;
    for (name, header) in OVERRIDES {
        if let Some(text) = query.get(name) {
            let text = HeaderValue::from_str(text).map_err(|_| {
                s3_error!(InvalidArgument, "the value of `{name}` cannot be sent as a header")
            })?;
            headers.insert(header, text);
        }
    }
    if query.has("partNumber") && !object.parts.is_empty() {
        headers.insert("x-amz-mp-parts-count", HeaderValue::from(object.parts.len()));
    }
    Ok(headers)
}

fn insert_kept(headers: &mut HeaderMap, kept: &BTreeMap<String, String>) -> S3Result<()> {
    for (name, text) in kept {
        let name = HeaderName::try_from(name).map_err(S3Error::internal_error)?;
        headers.insert(name, value(text)?);
    }
    Ok(())
}

fn validators(object: &ObjectMeta) -> S3Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, value(&format!("\"{}\"", object.etag))?);
    headers.insert(header::LAST_MODIFIED, value(&http_date(object.modified))?);
    Ok(headers)
}

fn not_modified(object: &ObjectMeta) -> S3Result<S3Response<Body>> {
    let mut headers = validators(object)?;
    for name in ["cache-control", "expires"] {
        if let Some(text) = object.headers.get(name) {
            headers.insert(HeaderName::from_static(name), value(text)?);
        }
    }
    let mut response = S3Response::with_headers(Body::empty(), headers);
    response.status = Some(StatusCode::NOT_MODIFIED);
    Ok(response)
}

fn unsatisfiable(size: u64) -> S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    error.set_headers(headers);
    error
}

fn asks_for_checksum(headers: &HeaderMap) -> bool {
    headers
        .get("x-amz-checksum-mode")
        .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"enabled"))
}

fn value(text: &str) -> S3Result<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(S3Error::internal_error)
}

/// An IMF-fixdate of RFC 9110.
fn http_date(seconds: i64) -> String {
    let mut buffer = Vec::new();
    // Writing into memory cannot fail for a date that `timestamp` has made.
    let _ =
        crate::meta::timestamp(seconds).format(s3s::dto::TimestampFormat::HttpDate, &mut buffer);
    String::from_utf8_lossy(&buffer).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_whole_seconds_in_gmt() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
