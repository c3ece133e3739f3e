//! The layer before `s3s`: it sees the request as it arrived and the answer as it leaves.
//!
//! ```text
//! request ─ preflight? ─ framing ─ access rules ─ documents verified ─ s3s ─ answer completed ─▶
//!                       ╰─ form ─────────────────────────────────────────╯
//! ```
//!
//! Small documents (lists of keys or parts) are read and verified here, where the digests of a
//! whole body can be compared with its headers; objects stream through. Forms never get to `s3s`,
//! which holds a file in memory before it looks at it.

use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use s3s::crypto::{Checksum as _, Sha256};
use s3s::service::S3Service;
use s3s::{Body, S3Error, S3Result, StdError, s3_error};
use time::OffsetDateTime;

use crate::access::Rules;
use crate::body::{Download, Upload};
use crate::checksum::{Algorithm, Declared, Hasher};
use crate::cors::Cors;
use crate::error::{complete_document, not_implemented};
use crate::form::is_form;
use crate::layout::unique_name;
use crate::log::Line;
use crate::post::{Forms, Stored};
use crate::receive::payload_mismatch;
use crate::request::{Query, Target, canonical_uri};

/// The largest document: 10,000 parts with their checksums stay below it.
const MAX_DOCUMENT: usize = 4 << 20;

/// Answers requests.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(crate) s3: S3Service,
    pub(crate) rules: Rules,
    pub(crate) forms: Forms,
    pub(crate) cors: Cors,
    pub(crate) log: bool,
}

impl Front {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Download> {
        let started = Instant::now();
        let (parts, incoming) = request.into_parts();
        let upload = Upload::new(incoming);
        let request_id = unique_name().unwrap_or_default().to_ascii_uppercase();
        let headers = parts.headers.clone();
        let method = parts.method.clone();
        let path = parts.uri.path().to_owned();
        let mut target = Target::parse(&parts.uri).unwrap_or_default();

        let answered = self.route(parts, &target, &upload).await;
        let mut response =
            answered.or_else(S3Error::to_http_response).unwrap_or_else(|_| internal_error());
        let mut code = None;
        if !response.status().is_success() && response.status() != StatusCode::NOT_MODIFIED {
            let waits_for_continue = headers.contains_key(EXPECT);
            upload.clone().drain(waits_for_continue).await;
            code = complete(&mut response, &path, &request_id);
        }
        if let Some(Stored(key)) = response.extensions_mut().remove() {
            target.key = key;
        }
        self.cors.decorate(&headers, response.headers_mut());
        if let Ok(id) = HeaderValue::try_from(&request_id) {
            response.headers_mut().insert("x-amz-request-id", id.clone());
            response.headers_mut().insert("x-amz-id-2", id);
        }
        let line = self.log.then(|| Line {
            request_id,
            method: method.to_string(),
            target,
            status: response.status().as_u16(),
            code,
            upload,
            bytes_out: 0,
            started,
        });
        response.map(|body| Download::new(body, line))
    }

    async fn route(
        &self,
        mut parts: Parts,
        target: &Target,
        upload: &Upload,
    ) -> S3Result<Response<Body>> {
        if parts.method == Method::OPTIONS {
            return self.cors.preflight(&parts.headers);
        }
        one_host(&parts.headers)?;
        Target::parse(&parts.uri)?;
        let query = Query::parse(&parts.uri);
        if parts.method == Method::POST && is_form(&parts.headers) {
            self.rules.admit_form_request(&parts, target, &query)?;
            framing(&parts.headers, true)?;
            return self.forms.post(&self.rules, &parts.headers, &target.bucket, upload).await;
        }
        self.rules.admit(&parts, &query, OffsetDateTime::now_utc())?;
        let is_object_body = parts.method == Method::PUT && !target.key.is_empty();
        framing(
            &parts.headers,
            is_object_body && !parts.headers.contains_key("x-amz-copy-source"),
        )?;

        let (body, fault) =
            if is_object_body || parts.method == Method::GET || parts.method == Method::HEAD {
                (Body::http_body(upload.clone()), None)
            } else {
                read_document(&parts, &query, upload).await?
            };
        parts.uri = canonical_uri(&parts.uri)?;
        let answer = self.s3.call(Request::from_parts(parts, body)).await;
        let answer = answer
            .map_err(|error| S3Error::with_source(s3s::S3ErrorCode::InternalError, error.into()))?;
        match fault {
            // `s3s` saw only that the document could not be read; this is why.
            Some(fault) if answer.status().is_server_error() => Err(fault),
            _ => Ok(answer),
        }
    }
}

fn one_host(headers: &HeaderMap) -> S3Result<()> {
    match headers.get_all(HOST).iter().count() {
        1 => Ok(()),
        _ => Err(s3_error!(InvalidRequest, "A request needs exactly one Host header.")),
    }
}

/// The bytes of an object have to say how many they are before they come.
fn framing(headers: &HeaderMap, carries_object: bool) -> S3Result<()> {
    let aws_chunked = headers
        .get("x-amz-content-sha256")
        .is_some_and(|value| value.as_bytes().starts_with(b"STREAMING-"));
    if headers.contains_key(TRANSFER_ENCODING) && !aws_chunked {
        return Err(not_implemented("Transfer-Encoding"));
    }
    if carries_object && !aws_chunked && !headers.contains_key(CONTENT_LENGTH) {
        return Err(s3_error!(
            MissingContentLength,
            "You must provide the Content-Length HTTP header."
        ));
    }
    Ok(())
}

/// Reads a document whole. One that is not what its headers declare becomes a body that fails,
/// so that its signature is still verified first, and nothing is done with it.
async fn read_document(
    parts: &Parts,
    query: &Query,
    upload: &Upload,
) -> S3Result<(Body, Option<S3Error>)> {
    let bytes = match Limited::new(upload.clone(), MAX_DOCUMENT).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(s3_error!(MaxMessageLengthExceeded, "Your request was too big."));
        }
        Err(_) => {
            return Err(s3_error!(IncompleteBody, "The request ended before its Content-Length."));
        }
    };
    match verify_document(&parts.headers, query, &bytes) {
        Ok(()) => Ok((Body::from(bytes), None)),
        Err(fault) => {
            let unreadable = futures_util::stream::iter([Err(StdError::from(
                "the document is not what was declared",
            ))]);
            Ok((Body::http_body_unsync(http_body_util::StreamBody::new(unreadable)), Some(fault)))
        }
    }
}

fn verify_document(headers: &HeaderMap, query: &Query, bytes: &Bytes) -> S3Result<()> {
    let declared_hash = headers.get("x-amz-content-sha256").filter(|value| value.len() == 64);
    if declared_hash
        .is_some_and(|hash| hash.as_bytes() != hex::encode(Sha256::checksum(bytes)).as_bytes())
    {
        return Err(payload_mismatch());
    }
    // In CompleteMultipartUpload the checksum headers speak of the object, not of the document.
    if query.has("uploadId") {
        return Ok(());
    }
    let declared = Declared::parse(headers)?;
    let mut hasher = Hasher::new(declared.algorithm().unwrap_or(Algorithm::Crc64Nvme));
    hasher.update(bytes);
    declared.verify(&hasher.finish(), None)
}

/// Completes an error document in place; returns its code.
fn complete(response: &mut Response<Body>, path: &str, request_id: &str) -> Option<String> {
    let (document, code) = complete_document(&response.body().bytes()?, path, request_id)?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/xml"));
    *response.body_mut() = Body::from(document);
    Some(code)
}

fn internal_error() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
