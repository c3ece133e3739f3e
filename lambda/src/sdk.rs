//! The SDK's clients, one for each store, which send by the one HTTP client ([`crate::http`]).

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient,
};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use cloakroom_core::store::{Addressing, S3Store};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::sync::Mutex;

use crate::http;
use crate::store::TIMEOUT;

/// Clients by the names of stores, made when they are first needed.
#[derive(Default)]
pub(crate) struct Clients(Mutex<HashMap<String, Client>>);

impl Clients {
    /// The client of a store.
    pub(crate) async fn of(&self, store: &S3Store) -> Client {
        let mut clients = self.0.lock().await;
        clients.entry(store.name.clone()).or_insert_with(|| connect(store)).clone()
    }
}

fn connect(store: &S3Store) -> Client {
    let credentials = &store.credentials;
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client())
        .endpoint_url(store.endpoint.to_string())
        .region(Region::new(store.region.clone()))
        .force_path_style(store.addressing == Addressing::Path)
        .credentials_provider(Credentials::new(
            credentials.access_key_id.clone(),
            credentials.secret_access_key.secret().expose(),
            credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "policy",
        ))
        // Browsers send parts without checksums, so none is promised for them.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
        .build();
    Client::from_conf(config)
}

fn http_client() -> SharedHttpClient {
    http_client_fn(|_, _| SharedHttpConnector::new(Connector))
}

/// The one HTTP client, as the SDK calls it.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(exchange(request))
    }
}

async fn exchange(request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    // INVARIANT: none of the bodies is a stream.
    let body = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
    let request = hyper::Request::from_parts(parts, Full::new(body));
    // Whatever it is, the SDK tries it again.
    let answer = http::send(request).await.map_err(ConnectorError::io)?;
    HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
}
