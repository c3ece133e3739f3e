//! Multipart uploads: create, upload and copy parts, complete, abort.
//!
//! Completing verifies number, order, ETag and size of every part, joins them into one data
//! file and puts the object in place like any other write.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ServerSideEncryption, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::checksum::{Algorithm, Coverage, Declared, Digests, set_checksum};
use crate::conditional::{WriteCondition, evaluate_copy_source};
use crate::error::storage;
use crate::index::{Index, Part, Upload};
use crate::layout::unique_name;
use crate::meta::{ObjectMeta, now, object_headers, timestamp};
use crate::object::{algorithm_named, blocking, body_size, copy_source};
use crate::parts::{composite, declared_object_checksum, multipart_etag, named_parts, part_number};
use crate::receive::{Received, Size, copy, receive, streamed};

/// The largest object: 5 TiB.
const MAX_OBJECT: u64 = 5 << 40;

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
pub(crate) async fn create(
    index: &Arc<Index>,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let S3Request { input, headers, .. } = request;
    let named = match &input.checksum_algorithm {
        None => None,
        Some(name) => Some(algorithm_named(name.as_str())?),
    };
    let algorithm = named.unwrap_or(Algorithm::Crc64Nvme);
    let coverage = coverage(algorithm, input.checksum_type.as_ref().map(|c| c.as_str()))?;
    let upload = Upload {
        id: unique_name().map_err(storage("creating an upload"))?,
        key: input.key.clone(),
        initiated: now(),
        headers: object_headers(&headers)?,
        algorithm,
        algorithm_named: named.is_some(),
        coverage,
        parts: Default::default(),
    };
    let id = upload.id.clone();
    let bucket = input.bucket.clone();
    blocking(index, move |index| index.create_upload(&bucket, upload)).await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: named.map(|a| a.name().to_owned().into()),
        checksum_type: named.map(|_| coverage.name().to_owned().into()),
        server_side_encryption: Some(ServerSideEncryption::from_static(
            ServerSideEncryption::AES256,
        )),
        ..CreateMultipartUploadOutput::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
pub(crate) async fn upload_part(
    index: &Arc<Index>,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    let number = part_number(input.part_number)?;
    let declared = Declared::parse(&headers)?;
    let size = body_size(&headers)?;
    let algorithm = {
        let reading = index.read();
        let upload = reading.upload(&input.bucket, &input.key, &input.upload_id)?;
        same_algorithm(upload, declared.algorithm())?;
        upload.algorithm
    };
    let Received { staged, size, digests } =
        receive(index, streamed(input.body), &Size::Declared(size), algorithm).await?;
    declared.verify(&digests, trailing_headers.as_ref())?;

    let part = part(number, size, &digests);
    let etag = part.etag.clone();
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    blocking(index, move |index| index.commit_part(&bucket, &key, &id, part, staged)).await?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        server_side_encryption: Some(ServerSideEncryption::from_static(
            ServerSideEncryption::AES256,
        )),
        ..UploadPartOutput::default()
    };
    set_checksum!(output, &digests.stored());
    Ok(S3Response::new(output))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>
pub(crate) async fn upload_part_copy(
    index: &Arc<Index>,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let S3Request { input, headers, .. } = request;
    let number = part_number(input.part_number)?;
    let (source_bucket, source_key) = copy_source(&input.copy_source)?;
    let (etag, digests) = blocking(index, move |index| {
        let algorithm = index.read().upload(&input.bucket, &input.key, &input.upload_id)?.algorithm;
        let (source, mut file) = index.open_object(&source_bucket, &source_key)?;
        evaluate_copy_source(&headers, &source)?;
        let (first, length) = match &input.copy_source_range {
            None => (0, source.size),
            Some(range) => copy_range(range, source.size)?,
        };
        file.seek(SeekFrom::Start(first)).map_err(storage("copying a part"))?;
        let copied =
            copy(index, [Ok(file.take(length))], algorithm).map_err(storage("copying a part"))?;
        let part = part(number, copied.size, &copied.digests);
        let etag = part.etag.clone();
        index.commit_part(&input.bucket, &input.key, &input.upload_id, part, copied.staged)?;
        Ok((etag, copied.digests))
    })
    .await?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(now())),
        ..CopyPartResult::default()
    };
    set_checksum!(result, &digests.stored());
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..UploadPartCopyOutput::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
pub(crate) async fn complete(
    index: &Arc<Index>,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let S3Request { input, headers, .. } = request;
    let condition = WriteCondition::parse(&headers)?;
    let host = headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let location =
        format!("http://{host}/{}/{}", input.bucket, crate::list::Encoding::Url.text(&input.key));
    // The work goes on when the client has gone, so that an upload is never half completed.
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let object = blocking(index, move |index| {
        let upload = index.take_upload(&input.bucket, &input.key, &input.upload_id)?;
        match join(index, &upload, &input, &headers, &condition) {
            Ok(object) => {
                index.remove_upload(&input.bucket, &upload)?;
                Ok(object)
            }
            Err(error) => {
                index.restore_upload(&input.bucket, upload);
                Err(error)
            }
        }
    })
    .await?;
    let mut output = CompleteMultipartUploadOutput {
        bucket: Some(bucket),
        key: Some(key),
        location: Some(location),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        checksum_type: Some(object.checksum.coverage.name().to_owned().into()),
        server_side_encryption: Some(ServerSideEncryption::from_static(
            ServerSideEncryption::AES256,
        )),
        ..CompleteMultipartUploadOutput::default()
    };
    set_checksum!(output, &object.checksum);
    Ok(S3Response::new(output))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
pub(crate) async fn abort(
    index: &Arc<Index>,
    input: AbortMultipartUploadInput,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    blocking(index, move |index| {
        let upload = index.take_upload(&input.bucket, &input.key, &input.upload_id)?;
        index.remove_upload(&input.bucket, &upload)
    })
    .await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

/// Verifies the list of parts, joins them and commits the object.
fn join(
    index: &Index,
    upload: &Upload,
    input: &CompleteMultipartUploadInput,
    headers: &HeaderMap,
    condition: &WriteCondition,
) -> S3Result<Arc<ObjectMeta>> {
    let listed =
        input.multipart_upload.as_ref().and_then(|m| m.parts.as_deref()).unwrap_or_default();
    let parts = named_parts(upload, listed)?;
    let size = parts.iter().map(|part| part.size).sum();
    if size > MAX_OBJECT {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed object size."
        ));
    }
    if input.mpu_object_size.is_some_and(|expected| u64::try_from(expected) != Ok(size)) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header value does not match what was computed: {size}."
        ));
    }
    // Joining takes time; a precondition that fails now will not hold later either way.
    {
        let reading = index.read();
        condition
            .check(reading.bucket(&input.bucket)?.objects.get(&upload.key).map(AsRef::as_ref))?;
    }
    let sources = parts.iter().map(|part| index.layout.open_data(&input.bucket, &part.data));
    let joined = copy(index, sources, upload.algorithm).map_err(storage("joining parts"))?;
    let checksum = match upload.coverage {
        Coverage::FullObject => joined.digests.stored(),
        Coverage::Composite => {
            let sums: Vec<String> = parts.iter().map(|part| part.checksum.clone()).collect();
            composite(upload.algorithm, &sums)
        }
    };
    declared_object_checksum(headers, &checksum)?;
    let etags: Vec<String> = parts.iter().map(|part| part.etag.clone()).collect();
    let object = ObjectMeta {
        key: upload.key.clone(),
        size: joined.size,
        etag: multipart_etag(&etags),
        modified: now(),
        data: String::new(),
        headers: upload.headers.clone(),
        checksum,
        parts: parts.iter().map(|part| part.size).collect(),
    };
    index.commit_object(&input.bucket, object, joined.staged, condition)
}

fn same_algorithm(upload: &Upload, sent: Option<Algorithm>) -> S3Result<()> {
    let expected = upload.algorithm_named.then_some(upload.algorithm);
    if sent == expected {
        return Ok(());
    }
    let name = |algorithm: Option<Algorithm>| {
        algorithm.map_or("null".to_owned(), |a| a.name().to_ascii_lowercase())
    };
    Err(s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        name(expected),
        name(sent)
    ))
}

fn coverage(algorithm: Algorithm, asked: Option<&str>) -> S3Result<Coverage> {
    let allowed = match asked {
        None if algorithm == Algorithm::Crc64Nvme => Some(Coverage::FullObject),
        None => Some(Coverage::Composite),
        Some("FULL_OBJECT") if algorithm.is_crc() => Some(Coverage::FullObject),
        Some("COMPOSITE") if algorithm != Algorithm::Crc64Nvme => Some(Coverage::Composite),
        Some(_) => None,
    };
    allowed.ok_or_else(|| {
        s3_error!(
            InvalidRequest,
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            asked.unwrap_or_default(),
            algorithm.name().to_ascii_lowercase()
        )
    })
}

fn part(number: u16, size: u64, digests: &Digests) -> Part {
    Part {
        number,
        size,
        etag: hex::encode(digests.md5),
        checksum: digests.encoded(),
        modified: now(),
        data: String::new(),
    }
}

/// First byte and length of `bytes=first-last`, which must lie within the source.
fn copy_range(range: &str, size: u64) -> S3Result<(u64, u64)> {
    let bounds = range.strip_prefix("bytes=").and_then(|r| r.split_once('-'));
    let bounds = bounds
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match bounds {
        Some((first, last)) if first <= last && last < size => Ok((first, last - first + 1)),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
        None => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_range_lies_within_its_source() {
        assert_eq!(copy_range("bytes=0-9", 10).unwrap(), (0, 10));
        assert_eq!(copy_range("bytes=3-3", 10).unwrap(), (3, 1));
        for range in ["bytes=0-10", "bytes=5-4", "bytes=5-", "bytes=-5", "0-9", "bytes=a-b"] {
            assert!(copy_range(range, 10).is_err(), "{range}");
        }
    }

    #[test]
    fn each_algorithm_knows_what_it_may_cover() {
        let cases = [
            (Algorithm::Crc32, None, Some(Coverage::Composite)),
            (Algorithm::Crc64Nvme, None, Some(Coverage::FullObject)),
            (Algorithm::Crc32c, Some("FULL_OBJECT"), Some(Coverage::FullObject)),
            (Algorithm::Sha256, Some("FULL_OBJECT"), None),
            (Algorithm::Crc64Nvme, Some("COMPOSITE"), None),
            (Algorithm::Sha1, Some("HALF"), None),
        ];
        for (algorithm, asked, expected) in cases {
            assert_eq!(coverage(algorithm, asked).ok(), expected, "{algorithm:?} {asked:?}");
        }
    }
}
