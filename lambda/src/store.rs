//! What a store says when it is asked about an upload, through the AWS SDK.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::client::customize::CustomizableOperation;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, CompletedMultipartUpload, CompletedPart, MultipartUpload};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cloakroom_core::store::{Addressing, S3Store, Store};
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{
    CallError, MadeOf, OpenUpload, OpenUploads, Reply, StoreCall, StoredHead, UploadsCall, What,
};
use cloakroom_core::upload::checksum::{Checksum, ChecksumAlgorithm};
use cloakroom_core::upload::multipart::Part;
use tokio::sync::Mutex;

use crate::http::TLS;
use crate::swift::Swift;

/// How long a store may take, retries and all.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How many uploads are listed at once.
const PAGE: i32 = 100;

/// One client for each store, made when it is first needed: issuing uploads needs none, so a
/// cold start does not pay for TLS.
#[derive(Default)]
pub(crate) struct Stores {
    s3: Mutex<HashMap<String, Client>>,
    swift: Swift,
}

impl Stores {
    /// Asks a store.
    pub(crate) async fn ask(&self, call: &StoreCall, now: UnixTime) -> Result<Reply, CallError> {
        let store = match &call.store {
            Store::S3(store) => store,
            Store::Swift(_) => return self.swift.ask(call, now).await,
            // INVARIANT: the policy has no uploads to a binding.
            Store::R2(_) => return Err(CallError::Unavailable),
        };
        let client = self.client(store).await;
        let (bucket, key) = (call.bucket.as_str(), call.key.as_str());
        match &call.what {
            What::Head => head(&client, bucket, key).await,
            What::FirstBytes(length) => first_bytes(&client, bucket, key, *length).await,
            What::CreateMultipart(headers) => create(&client, bucket, key, headers).await,
            What::ListParts { upload_id } => list_parts(&client, bucket, key, upload_id).await,
            What::CompleteMultipart { upload_id, parts, create_only, .. } => {
                complete(&client, (bucket, key), upload_id, parts, *create_only).await
            }
            What::AbortMultipart { upload_id } => {
                let abort = client.abort_multipart_upload().bucket(bucket).key(key);
                abort.upload_id(upload_id).send().await.map_err(refusal)?;
                Ok(Reply::Done)
            }
        }
    }

    /// Asks for the uploads in parts that are not at their end.
    pub(crate) async fn list(&self, call: &UploadsCall) -> Result<OpenUploads, CallError> {
        let client = self.client(&call.store).await;
        let (key, id) = call.after.clone().map(|it| (it.key, it.upload_id)).unzip();
        let list = client.list_multipart_uploads().bucket(call.bucket.as_str());
        let list = list.prefix(&call.prefix).max_uploads(PAGE);
        let list = list.set_key_marker(key).set_upload_id_marker(id);
        let page = list.send().await.map_err(refusal)?;
        let uploads: Option<_> = page.uploads().iter().map(read_upload).collect();
        let next = page.next_key_marker().zip(page.next_upload_id_marker());
        let next = next.filter(|_| page.is_truncated() == Some(true));
        Ok(OpenUploads {
            uploads: uploads.ok_or(CallError::Unavailable)?,
            next: next.map(|(key, upload_id)| OpenUpload {
                key: key.to_owned(),
                upload_id: upload_id.to_owned(),
            }),
        })
    }

    async fn client(&self, store: &S3Store) -> Client {
        let mut clients = self.s3.lock().await;
        clients.entry(store.name.clone()).or_insert_with(|| connect(store)).clone()
    }
}

async fn head(client: &Client, bucket: &str, key: &str) -> Result<Reply, CallError> {
    let answer = client
        .head_object()
        .bucket(bucket)
        .key(key)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .map_err(refusal)?;
    let size = answer.content_length().and_then(|size| u64::try_from(size).ok());
    let checksums = [
        (ChecksumAlgorithm::Sha256, answer.checksum_sha256()),
        (ChecksumAlgorithm::Crc32c, answer.checksum_crc32_c()),
        (ChecksumAlgorithm::Crc64Nvme, answer.checksum_crc64_nvme()),
    ];
    Ok(Reply::Head(StoredHead {
        size: size.ok_or(CallError::Unavailable)?,
        etag: answer.e_tag().unwrap_or_default().to_owned(),
        content_type: answer.content_type().map(str::to_owned),
        // That of several parts is one of their checksums, and is not read.
        checksums: checksums
            .into_iter()
            .filter_map(|(algorithm, value)| Checksum::parse(algorithm, value?))
            .collect(),
        made_of: MadeOf::Bytes,
    }))
}

async fn first_bytes(
    client: &Client,
    bucket: &str,
    key: &str,
    length: u64,
) -> Result<Reply, CallError> {
    let range = format!("bytes=0-{}", length.saturating_sub(1));
    let answer =
        client.get_object().bucket(bucket).key(key).range(range).send().await.map_err(refusal)?;
    first_of(answer.body, length).await.map(Reply::FirstBytes)
}

/// The first bytes of a body.
pub(crate) async fn first_of(mut body: ByteStream, length: u64) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    // A store that knows no ranges sends everything, of which no more is read than was wanted.
    let wanted = usize::try_from(length).unwrap_or(usize::MAX);
    while bytes.len() < wanted {
        match body.next().await {
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Err(_)) => return Err(CallError::Unavailable),
            None => break,
        }
    }
    bytes.truncate(wanted);
    Ok(bytes)
}

async fn create(
    client: &Client,
    bucket: &str,
    key: &str,
    headers: &[(String, String)],
) -> Result<Reply, CallError> {
    let operation = client.create_multipart_upload().bucket(bucket).key(key).customize();
    let answer = with_headers(operation, headers).send().await.map_err(refusal)?;
    answer.upload_id().map(|id| Reply::Created(id.to_owned())).ok_or(CallError::Unavailable)
}

async fn list_parts(
    client: &Client,
    bucket: &str,
    key: &str,
    upload_id: &str,
) -> Result<Reply, CallError> {
    let list = client.list_parts().bucket(bucket).key(key).upload_id(upload_id);
    let mut pages = list.into_paginator().send();
    let mut parts = Vec::new();
    while let Some(page) = pages.next().await {
        for part in page.map_err(refusal)?.parts() {
            parts.push(read_part(part).ok_or(CallError::Unavailable)?);
        }
    }
    Ok(Reply::Parts(parts))
}

fn read_upload(upload: &MultipartUpload) -> Option<(OpenUpload, UnixTime)> {
    let (key, upload_id) = (upload.key()?.to_owned(), upload.upload_id()?.to_owned());
    let initiated = UnixTime::from_secs(u64::try_from(upload.initiated()?.secs()).ok()?);
    Some((OpenUpload { key, upload_id }, initiated))
}

fn read_part(part: &aws_sdk_s3::types::Part) -> Option<Part> {
    Some(Part {
        number: u16::try_from(part.part_number()?).ok()?,
        size: u64::try_from(part.size()?).ok()?,
        etag: part.e_tag()?.to_owned(),
    })
}

async fn complete(
    client: &Client,
    (bucket, key): (&str, &str),
    upload_id: &str,
    parts: &[Part],
    create_only: bool,
) -> Result<Reply, CallError> {
    let part = |part: &Part| {
        let number = i32::from(part.number);
        CompletedPart::builder().part_number(number).e_tag(&part.etag).build()
    };
    let parts = CompletedMultipartUpload::builder()
        .set_parts(Some(parts.iter().map(part).collect()))
        .build();
    let complete = client.complete_multipart_upload().bucket(bucket).key(key).upload_id(upload_id);
    let complete =
        complete.multipart_upload(parts).set_if_none_match(create_only.then(|| "*".to_owned()));
    complete.send().await.map_err(refusal)?;
    Ok(Reply::Done)
}

/// The operation with these headers, which are then signed.
fn with_headers<T, E, B>(
    operation: CustomizableOperation<T, E, B>,
    headers: &[(String, String)],
) -> CustomizableOperation<T, E, B> {
    let headers = headers.to_vec();
    operation.mutate_request(move |request| {
        for (name, value) in &headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
    })
}

/// What a failed call says.
fn refusal<E>(error: SdkError<E, HttpResponse>) -> CallError {
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => CallError::NotFound,
        Some(412) => CallError::Exists,
        Some(400 | 403) => CallError::Refused,
        _ => CallError::Unavailable,
    }
}

fn connect(store: &S3Store) -> Client {
    let credentials = &store.credentials;
    let http = aws_smithy_http_client::Builder::new().tls_provider(TLS).build_https();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
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
