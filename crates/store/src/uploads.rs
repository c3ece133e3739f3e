//! ListMultipartUploads and ListParts.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>

use s3s::dto::{
    ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part, StorageClass,
};
use s3s::{S3Response, S3Result};

use crate::bucket::owner;
use crate::checksum::{Coverage, StoredChecksum, set_checksum};
use crate::index::{Index, Upload};
use crate::list::{Encoding, common_prefixes, max_keys, usize_of};
use crate::meta::timestamp;

/// Lists the uploads in progress by key and id.
pub(crate) fn list_uploads(
    index: &Index,
    input: &ListMultipartUploadsInput,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let max = max_keys(input.max_uploads)?;
    let encode = Encoding::parse(input.encoding_type.as_ref())?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|d| !d.is_empty());
    let key_marker = input.key_marker.as_deref().filter(|m| !m.is_empty());
    let id_marker = input.upload_id_marker.as_deref().filter(|m| !m.is_empty());

    let (mut uploads, mut prefixes, mut last, mut truncated) =
        (Vec::new(), Vec::<String>::new(), None, false);
    let reading = index.read();
    for ((key, id), upload) in &reading.bucket(&input.bucket)?.uploads {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        let seen = match (key_marker, id_marker) {
            (None, _) => false,
            (Some(marker), None) => key.as_str() <= marker,
            (Some(marker), Some(id_marker)) => (key.as_str(), id.as_str()) <= (marker, id_marker),
        };
        let group = delimiter
            .and_then(|d| rest.split_once(d).map(|(head, _)| format!("{prefix}{head}{d}")));
        let grouped = group
            .as_ref()
            .is_some_and(|g| prefixes.last() == Some(g) || key_marker == Some(g.as_str()));
        if seen || grouped {
            continue;
        }
        if uploads.len() + prefixes.len() == usize_of(max) {
            truncated = max > 0;
            break;
        }
        match group {
            Some(group) => {
                last = Some((group.clone(), String::new()));
                prefixes.push(group);
            }
            None => {
                last = Some((key.clone(), id.clone()));
                uploads.push(entry(upload, encode));
            }
        }
    }
    let (next_key, next_id) = last.filter(|_| truncated).unzip();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        common_prefixes: Some(common_prefixes(&prefixes, encode)),
        delimiter: delimiter.map(|d| encode.text(d)),
        encoding_type: input.encoding_type.clone(),
        is_truncated: Some(truncated),
        key_marker: Some(encode.text(key_marker.unwrap_or_default())),
        max_uploads: Some(max),
        next_key_marker: next_key.map(|key: String| encode.text(&key)),
        next_upload_id_marker: next_id,
        prefix: Some(encode.text(prefix)),
        upload_id_marker: Some(id_marker.unwrap_or_default().to_owned()),
        uploads: Some(uploads),
        ..ListMultipartUploadsOutput::default()
    }))
}

/// Lists the parts of an upload by number.
pub(crate) fn list_parts(
    index: &Index,
    input: &ListPartsInput,
) -> S3Result<S3Response<ListPartsOutput>> {
    let max = max_keys(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or_default();
    let reading = index.read();
    let upload = reading.upload(&input.bucket, &input.key, &input.upload_id)?;
    let mut after = upload.parts.values().filter(|part| i32::from(part.number) > marker);
    let listed: Vec<_> = after.by_ref().take(usize_of(max)).collect();
    let truncated = max > 0 && after.next().is_some();
    let named = upload.algorithm_named;
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        checksum_algorithm: named.then(|| upload.algorithm.name().to_owned().into()),
        checksum_type: named.then(|| upload.coverage.name().to_owned().into()),
        initiator: None,
        is_truncated: Some(truncated),
        max_parts: Some(max),
        next_part_number_marker: listed.last().map(|part| i32::from(part.number)),
        owner: Some(owner()),
        part_number_marker: Some(marker),
        parts: Some(
            listed
                .into_iter()
                .map(|part| {
                    let mut output = Part {
                        e_tag: Some(ETag::Strong(part.etag.clone())),
                        last_modified: Some(timestamp(part.modified)),
                        part_number: Some(i32::from(part.number)),
                        size: i64::try_from(part.size).ok(),
                        ..Part::default()
                    };
                    set_checksum!(
                        output,
                        StoredChecksum {
                            algorithm: upload.algorithm,
                            coverage: Coverage::FullObject,
                            value: part.checksum.clone(),
                        }
                    );
                    output
                })
                .collect(),
        ),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..ListPartsOutput::default()
    }))
}

fn entry(upload: &Upload, encode: Encoding) -> MultipartUpload {
    MultipartUpload {
        checksum_algorithm: upload
            .algorithm_named
            .then(|| upload.algorithm.name().to_owned().into()),
        checksum_type: upload.algorithm_named.then(|| upload.coverage.name().to_owned().into()),
        initiated: Some(timestamp(upload.initiated)),
        initiator: None,
        key: Some(encode.text(&upload.key)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(upload.id.clone()),
    }
}
