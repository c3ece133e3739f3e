//! What Swift says when it is asked about an upload, by TempURLs that the core signs.

use std::time::Duration;

use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_types::body::SdkBody;
use cloakroom_core::request::Method;
use cloakroom_core::store::{KeyChoice, ObjectCall};
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, Reply, StoreCall, StoredHead, What};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client of any cluster.
pub(crate) struct Swift(Connector);

impl Swift {
    pub(crate) fn new() -> Self {
        let tls = Provider::Rustls(CryptoMode::Ring);
        Self(Connector::builder().tls_provider(tls).build())
    }

    /// Asks a store, with one of its keys after the other.
    pub(crate) async fn ask(&self, call: &StoreCall, now: UnixTime) -> Result<Reply, CallError> {
        let (method, range) = match &call.what {
            What::Head => (Method::Head, None),
            What::FirstBytes(length) => {
                (Method::Get, Some(format!("bytes=0-{}", length.saturating_sub(1))))
            }
            // INVARIANT: the policy has no uploads in parts to Swift.
            _ => return Err(CallError::Unavailable),
        };
        let object = ObjectCall { method, bucket: &call.bucket, key: &call.key, version: None };
        let mut key = KeyChoice::default();
        loop {
            let url = call.store.call(&object, key, now).url;
            let answer = self.send(method, url.expose(), range.as_deref()).await?;
            match answer.status().as_u16() {
                200 | 206 if method == Method::Head => return head(&answer).map(Reply::Head),
                200 | 206 => return first_bytes(answer, &call.what).await,
                404 => return Err(CallError::NotFound),
                status => match call.store.next_key(key, status) {
                    Some(next) => key = next,
                    None if status == 401 => return Err(CallError::Refused),
                    None => return Err(CallError::Unavailable),
                },
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        range: Option<&str>,
    ) -> Result<HttpResponse, CallError> {
        let mut request = HttpRequest::new(SdkBody::empty());
        let made = request.set_method(method.as_str()).is_ok() && request.set_uri(url).is_ok();
        if !made {
            return Err(CallError::Unavailable);
        }
        if let Some(range) = range {
            request.headers_mut().insert("range", range.to_owned());
        }
        match tokio::time::timeout(TIMEOUT, self.0.call(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(CallError::Unavailable),
        }
    }
}

fn head(answer: &HttpResponse) -> Result<StoredHead, CallError> {
    let header = |name: &str| answer.headers().get(name);
    let size = header("content-length").and_then(|size| size.parse().ok());
    Ok(StoredHead {
        size: size.ok_or(CallError::Unavailable)?,
        etag: header("etag")
            .map(|etag| format!("\"{}\"", etag.trim_matches('"')))
            .unwrap_or_default(),
        content_type: header("content-type").map(str::to_owned),
        is_manifest: header("x-static-large-object").is_some()
            || header("x-object-manifest").is_some(),
        ..StoredHead::default()
    })
}

async fn first_bytes(answer: HttpResponse, what: &What) -> Result<Reply, CallError> {
    let What::FirstBytes(length) = what else { return Err(CallError::Unavailable) };
    crate::store::first_of(answer.into_body().into(), *length).await
}
