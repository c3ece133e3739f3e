//! CORS, as a bucket with one rule for all its origins answers it.
//!
//! Preflights come without credentials and are answered before authentication; the headers go
//! on every actual answer too, errors included, so that a page can read why it was refused.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use s3s::{Body, S3Result, s3_error};

use crate::error::custom;

const METHODS: [&str; 5] = ["GET", "HEAD", "PUT", "POST", "DELETE"];

const EXPOSED: &str = "ETag, Content-Range, Content-Length, Accept-Ranges, Last-Modified, Location, \
     x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha1, \
     x-amz-checksum-sha256, x-amz-checksum-type, x-amz-mp-parts-count, x-amz-request-id, x-amz-id-2";

/// An origin as browsers send it: `scheme://host` or `scheme://host:port`, or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Reads an origin; anything that no browser would send is an error that says what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let uri = text.parse::<http::Uri>().ok();
        let scheme = uri.as_ref().and_then(|u| u.scheme_str());
        let authority = uri.as_ref().and_then(|u| u.authority());
        let exact = match (scheme, authority) {
            (Some(scheme), Some(authority)) => Some(format!("{scheme}://{authority}")),
            _ => None,
        };
        if text == "*"
            || (exact.as_deref() == Some(text)
                && !text.contains('@')
                && text == text.to_ascii_lowercase())
        {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` is not an origin; write it as a browser sends it, such as `http://127.0.0.1:8000`"
        ))
    }
}

/// The origins whose pages may use the store.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<Origin>,
}

impl Cors {
    /// Answers a preflight.
    pub(crate) fn preflight(&self, headers: &HeaderMap) -> S3Result<Response<Body>> {
        if !headers.contains_key(ORIGIN) {
            return Err(custom(
                "BadRequest",
                StatusCode::BAD_REQUEST,
                "Insufficient information. Origin request header needed.",
            ));
        }
        let Some(method) = headers.get(ACCESS_CONTROL_REQUEST_METHOD) else {
            return Err(custom(
                "BadRequest",
                StatusCode::BAD_REQUEST,
                "Invalid Access-Control-Request-Method: null",
            ));
        };
        if self.origins.is_empty() {
            return Err(forbidden("CORSResponse: CORS is not enabled for this bucket."));
        }
        if self.allowed(headers).is_none()
            || !METHODS.iter().any(|m| m.as_bytes() == method.as_bytes())
        {
            return Err(forbidden(
                "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, \
                 request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted \
                 by the resource's CORS spec.",
            ));
        }
        let mut response = Response::new(Body::empty());
        let answer = response.headers_mut();
        if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked_names(asked)?);
        }
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3000"));
        Ok(response)
    }

    /// Puts the headers on an answer to the request that had `request` headers.
    pub(crate) fn decorate(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        answer.insert(
            VARY,
            HeaderValue::from_static(
                "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
            ),
        );
        let Some(origin) = self.allowed(request) else {
            return;
        };
        if origin != "*" {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE"),
        );
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }

    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return None;
        };
        self.origins.iter().find_map(|allowed| match allowed.0.as_str() {
            "*" => Some(HeaderValue::from_static("*")),
            allowed if allowed.as_bytes() == origin.as_bytes() => Some(origin.clone()),
            _ => None,
        })
    }
}

/// The names asked for, sent back if they are header names at all.
fn asked_names(asked: &HeaderValue) -> S3Result<HeaderValue> {
    let names: Option<Vec<String>> = asked.to_str().ok().map(|names| {
        names
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect()
    });
    let names = names.filter(|names| names.iter().all(|name| HeaderName::try_from(name).is_ok()));
    names.and_then(|names| HeaderValue::try_from(names.join(", ")).ok()).ok_or_else(|| {
        s3_error!(InvalidRequest, "Access-Control-Request-Headers is not a list of header names")
    })
}

fn forbidden(message: &str) -> s3s::S3Error {
    custom("AccessForbidden", StatusCode::FORBIDDEN, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for origin in [
            "http://127.0.0.1:8000",
            "http://localhost:8000",
            "https://app.example",
            "http://[::1]:80",
            "*",
        ] {
            assert!(Origin::parse(origin).is_ok(), "{origin}");
        }
        for origin in [
            "",
            "localhost:8000",
            "http://a/",
            "http://a/b",
            "http://A",
            "http://u@a",
            "http://",
            "null",
            "http://*.a?",
        ] {
            assert!(Origin::parse(origin).is_err(), "{origin}");
        }
    }
}
