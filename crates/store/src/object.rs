//! PutObject, CopyObject, DeleteObject and DeleteObjects.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput,
    DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    MetadataDirective, PutObjectInput, PutObjectOutput, ServerSideEncryption,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, TrailingHeaders, s3_error};

use crate::checksum::{Algorithm, Declared, set_checksum};
use crate::conditional::{WriteCondition, evaluate_copy_source};
use crate::error::{not_implemented, storage};
use crate::index::Index;
use crate::meta::{ObjectMeta, now, object_headers, timestamp};
use crate::read::refuse_version;
use crate::receive::{Received, Size, copy, declared_size, receive, streamed};

/// The largest body of one request: 5 GiB.
pub(crate) const MAX_BODY: u64 = 5 << 30;

/// The most keys of one DeleteObjects.
const MAX_DELETES: usize = 1000;

/// Runs what waits for the disk on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    index: &Arc<Index>,
    work: impl FnOnce(&Index) -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    let index = Arc::clone(index);
    tokio::task::spawn_blocking(move || work(&index)).await.map_err(S3Error::internal_error)?
}

/// An object whose body is still to come.
#[derive(Debug)]
pub(crate) struct NewObject {
    bucket: String,
    key: String,
    headers: BTreeMap<String, String>,
    declared: Declared,
    condition: WriteCondition,
}

impl NewObject {
    /// Reads what a request says of it.
    pub(crate) fn parse(
        bucket: String,
        key: String,
        headers: &HeaderMap,
        condition: WriteCondition,
    ) -> S3Result<Self> {
        let declared = Declared::parse(headers)?;
        Ok(Self { bucket, key, headers: object_headers(headers)?, declared, condition })
    }

    /// Receives the body.
    pub(crate) async fn receive(
        &self,
        index: &Arc<Index>,
        body: impl Stream<Item = S3Result<Bytes>> + Unpin,
        size: &Size,
    ) -> S3Result<Received> {
        check_early(index, &self.bucket, &self.key, &self.condition)?;
        let algorithm = self.declared.algorithm().unwrap_or(Algorithm::Crc64Nvme);
        receive(index, body, size, algorithm).await
    }

    /// Publishes it, if the body is what was declared.
    pub(crate) async fn commit(
        self,
        index: &Arc<Index>,
        received: Received,
        trailer: Option<&TrailingHeaders>,
    ) -> S3Result<Arc<ObjectMeta>> {
        let Received { staged, size, digests } = received;
        self.declared.verify(&digests, trailer)?;
        let object = ObjectMeta {
            key: self.key,
            size,
            etag: hex::encode(digests.md5),
            modified: now(),
            data: String::new(),
            headers: self.headers,
            checksum: digests.stored(),
            parts: Vec::new(),
        };
        let (bucket, condition) = (self.bucket, self.condition);
        blocking(index, move |index| index.commit_object(&bucket, object, staged, &condition)).await
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub(crate) async fn put(
    index: &Arc<Index>,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    let condition = WriteCondition::parse(&headers)?;
    let new = NewObject::parse(input.bucket, input.key, &headers, condition)?;
    let size = Size::Declared(body_size(&headers)?);
    let received = new.receive(index, streamed(input.body), &size).await?;
    let object = new.commit(index, received, trailing_headers.as_ref()).await?;

    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        server_side_encryption: Some(ServerSideEncryption::from_static(
            ServerSideEncryption::AES256,
        )),
        checksum_type: Some(object.checksum.coverage.name().to_owned().into()),
        ..PutObjectOutput::default()
    };
    set_checksum!(output, &object.checksum);
    Ok(S3Response::new(output))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
pub(crate) async fn copy_object(
    index: &Arc<Index>,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let S3Request { input, headers, .. } = request;
    let condition = WriteCondition::parse(&headers)?;
    let (source_bucket, source_key) = copy_source(&input.copy_source)?;
    let replace = match &input.metadata_directive {
        None => false,
        Some(directive) if directive.as_str() == MetadataDirective::COPY => false,
        Some(directive) if directive.as_str() == MetadataDirective::REPLACE => true,
        Some(_) => return Err(s3_error!(InvalidArgument, "Unknown metadata directive.")),
    };
    if !replace && (&source_bucket, &source_key) == (&input.bucket, &input.key) {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    let algorithm = match headers.get("x-amz-checksum-algorithm") {
        None => None,
        Some(name) => Some(algorithm_named(name.to_str().unwrap_or_default())?),
    };
    check_early(index, &input.bucket, &input.key, &condition)?;

    let object = blocking(index, move |index| {
        let (source, file) = index.open_object(&source_bucket, &source_key)?;
        evaluate_copy_source(&headers, &source)?;
        if source.size > MAX_BODY {
            return Err(s3_error!(
                InvalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_BODY}"
            ));
        }
        let kept = if replace { object_headers(&headers)? } else { source.headers.clone() };
        let algorithm = algorithm.unwrap_or(source.checksum.algorithm);
        let copied = copy(index, [Ok(file.take(source.size))], algorithm).map_err(storage("copying an object"))?;
        let object = ObjectMeta {
            key: input.key,
            size: copied.size,
            etag: hex::encode(copied.digests.md5),
            modified: now(),
            data: String::new(),
            headers: kept,
            checksum: copied.digests.stored(),
            parts: Vec::new(),
        };
        index.commit_object(&input.bucket, object, copied.staged, &condition)
    })
    .await?;

    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(timestamp(object.modified)),
        checksum_type: Some(object.checksum.coverage.name().to_owned().into()),
        ..CopyObjectResult::default()
    };
    set_checksum!(result, &object.checksum);
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: Some(ServerSideEncryption::from_static(
            ServerSideEncryption::AES256,
        )),
        ..CopyObjectOutput::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
pub(crate) async fn delete(
    index: &Arc<Index>,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let condition = WriteCondition::parse(&request.headers)?;
    let input = request.input;
    refuse_version(input.version_id.as_deref())?;
    if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
        return Err(not_implemented("x-amz-if-match-*"));
    }
    blocking(index, move |index| index.remove_object(&input.bucket, &input.key, &condition))
        .await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
pub(crate) async fn delete_many(
    index: &Arc<Index>,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    if Declared::parse(&request.headers)?.is_empty() {
        return Err(s3_error!(
            InvalidRequest,
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        ));
    }
    let input = request.input;
    let quiet = input.delete.quiet.unwrap_or(false);
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > MAX_DELETES {
        return Err(s3_error!(
            MalformedXML,
            "DeleteObjects takes between 1 and {MAX_DELETES} keys"
        ));
    }
    let bucket = input.bucket;
    let output = blocking(index, move |index| {
        index.read().bucket(&bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in objects {
            let condition = match &object.e_tag {
                Some(etag) => WriteCondition::MustMatch(etag.value().to_owned()),
                None => WriteCondition::Unconditional,
            };
            let removed = refuse_version(object.version_id.as_deref())
                .and_then(|()| index.remove_object(&bucket, &object.key, &condition));
            match removed {
                Ok(()) if quiet => {}
                Ok(()) => deleted
                    .push(DeletedObject { key: Some(object.key), ..DeletedObject::default() }),
                Err(error) => errors.push(s3s::dto::Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key),
                    message: error.message().map(str::to_owned),
                    version_id: object.version_id,
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            request_charged: None,
        })
    })
    .await?;
    Ok(S3Response::new(output))
}

/// Bucket and key of a copy source.
pub(crate) fn copy_source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            refuse_version(version_id.as_deref())?;
            Ok((bucket.to_string(), key.to_string()))
        }
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(not_implemented("x-amz-copy-source of an access point"))
        }
    }
}

/// The algorithm that a request names.
pub(crate) fn algorithm_named(name: &str) -> S3Result<Algorithm> {
    Algorithm::parse(name).ok_or_else(|| {
        s3_error!(
            InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, \
             CRC64NVME, SHA1, SHA256]"
        )
    })
}

/// The size that a body declares, if it is small enough.
pub(crate) fn body_size(headers: &HeaderMap) -> S3Result<u64> {
    let size = declared_size(headers)?;
    if size > MAX_BODY {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size: {size} of {MAX_BODY} bytes"
        ));
    }
    Ok(size)
}

/// Refuses before the body is read what would be refused after it.
fn check_early(index: &Index, bucket: &str, key: &str, condition: &WriteCondition) -> S3Result<()> {
    let reading = index.read();
    condition.check(reading.bucket(bucket)?.objects.get(key).map(AsRef::as_ref))
}
