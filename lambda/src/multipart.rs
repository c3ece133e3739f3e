//! Uploads in parts to S3, through the AWS SDK.

use aws_sdk_s3::Client;
use aws_sdk_s3::client::customize::CustomizableOperation;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MultipartUpload};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{
    CallError, OpenUpload, OpenUploads, Reply, StoreCall, UploadsCall, What,
};
use cloakroom_core::upload::multipart::Part;

use crate::store::refusal;

/// How many uploads are listed at once.
const PAGE: i32 = 100;

/// Asks for an upload in parts.
pub(crate) async fn ask(client: &Client, call: &StoreCall) -> Result<Reply, CallError> {
    let (bucket, key) = (call.bucket.as_str(), call.key.as_str());
    match &call.what {
        // INVARIANT: these are no questions about uploads in parts.
        What::Head | What::FirstBytes(_) => Err(CallError::Unavailable),
        What::CreateMultipart(headers) => create(client, bucket, key, headers).await,
        What::ListParts { upload_id } => list_parts(client, bucket, key, upload_id).await,
        What::CompleteMultipart { upload_id, parts, create_only, .. } => {
            complete(client, (bucket, key), upload_id, parts, *create_only).await
        }
        What::AbortMultipart { upload_id } => {
            let abort = client.abort_multipart_upload().bucket(bucket).key(key);
            abort.upload_id(upload_id).send().await.map_err(failure)?;
            Ok(Reply::Done)
        }
    }
}

/// Asks for the uploads in parts that are not at their end.
pub(crate) async fn list(client: &Client, call: &UploadsCall) -> Result<OpenUploads, CallError> {
    let (key, id) = call.after.clone().map(|it| (it.key, it.upload_id)).unzip();
    let list = client.list_multipart_uploads().bucket(call.bucket.as_str());
    let list = list.prefix(&call.prefix).max_uploads(PAGE);
    let list = list.set_key_marker(key).set_upload_id_marker(id);
    let page = list.send().await.map_err(failure)?;
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

async fn create(
    client: &Client,
    bucket: &str,
    key: &str,
    headers: &[(String, String)],
) -> Result<Reply, CallError> {
    let operation = client.create_multipart_upload().bucket(bucket).key(key).customize();
    let answer = with_headers(operation, headers).send().await.map_err(failure)?;
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
        for part in page.map_err(failure)?.parts() {
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
    complete.send().await.map_err(failure)?;
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
fn failure<E>(error: SdkError<E, HttpResponse>) -> CallError {
    error.raw_response().map_or(CallError::Unavailable, |answer| refusal(answer.status().as_u16()))
}
