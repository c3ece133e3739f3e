//! What the store says of an object, asked through the AWS SDK.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use cloakroom_core::desk::{Confirmation, HeadError, StoredHead};
use cloakroom_core::store::{Addressing, S3Store};
use tokio::sync::Mutex;

/// How long a store may take, retries and all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One client for each store, made when it is first needed: issuing uploads needs none, so a
/// cold start does not pay for TLS.
#[derive(Default)]
pub(crate) struct Stores(Mutex<HashMap<String, Client>>);

impl Stores {
    /// The head of the object that `confirmation` is about.
    pub(crate) async fn head(&self, confirmation: &Confirmation) -> Result<StoredHead, HeadError> {
        let answer = self
            .client(confirmation.store())
            .await
            .head_object()
            .bucket(confirmation.bucket().as_str())
            .key(confirmation.key().as_str())
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(error) if error.is_not_found() => HeadError::NotFound,
                _ => HeadError::Unavailable,
            })?;
        let size = answer.content_length().and_then(|size| u64::try_from(size).ok());
        Ok(StoredHead {
            size: size.ok_or(HeadError::Unavailable)?,
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            checksum_sha256: answer.checksum_sha256().map(str::to_owned),
        })
    }

    async fn client(&self, store: &S3Store) -> Client {
        let mut clients = self.0.lock().await;
        clients.entry(store.name.clone()).or_insert_with(|| connect(store)).clone()
    }
}

fn connect(store: &S3Store) -> Client {
    let credentials = &store.credentials;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(store.endpoint.to_string())
        .region(Region::new(store.region.clone()))
        .force_path_style(store.addressing == Addressing::Path)
        .credentials_provider(Credentials::new(
            credentials.access_key_id.clone(),
            credentials.secret_access_key.expose(),
            credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "policy",
        ))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
        .build();
    Client::from_conf(config)
}
