//! The list of parts in CompleteMultipartUpload: what the client claims, held against what is there.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::CompletedPart;
use s3s::{S3Result, s3_error};

use crate::checksum::{Algorithm, Coverage, Hasher, StoredChecksum};
use crate::index::{Part, Upload};

/// The smallest part but the last: 5 MiB.
const MIN_PART: u64 = 5 << 20;

/// A part number, if it is one.
pub(crate) fn part_number(number: i32) -> S3Result<u16> {
    u16::try_from(number).ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
        s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
    })
}

/// The checksum of the parts' checksums, in the algorithm that made them.
pub(crate) fn composite(algorithm: Algorithm, parts: &[String]) -> StoredChecksum {
    let mut hasher = Hasher::new(algorithm);
    for part in parts {
        hasher.update(&STANDARD.decode(part).unwrap_or_default());
    }
    let value = format!("{}-{}", hasher.finish().encoded(), parts.len());
    StoredChecksum { algorithm, coverage: Coverage::Composite, value }
}

/// The ETag of a multipart object: the MD5 of the parts' MD5s, and their number.
pub(crate) fn multipart_etag(parts: &[String]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(&hex::decode(part).unwrap_or_default());
    }
    format!("{}-{}", hex::encode(md5.finalize()), parts.len())
}

/// The parts that the client lists, each proven to be the one that the store has.
pub(crate) fn named_parts<'a>(
    upload: &'a Upload,
    listed: &[CompletedPart],
) -> S3Result<Vec<&'a Part>> {
    if listed.is_empty() {
        return Err(s3_error!(MalformedXML, "You must specify at least one part"));
    }
    let mut parts: Vec<&Part> = Vec::with_capacity(listed.len());
    for claim in listed {
        let number = part_number(claim.part_number.unwrap_or_default())?;
        if parts.last().is_some_and(|before| before.number >= number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            ));
        }
        let part =
            upload.parts.get(&number).filter(|part| claim_holds(claim, part, upload.algorithm));
        let part = part.ok_or_else(|| {
            s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the \
                 specified entity tag or checksum may not match the part's: part {number}."
            )
        })?;
        if upload.algorithm_named
            && upload.coverage == Coverage::Composite
            && claimed_checksums(claim).iter().all(|(_, c)| c.is_none())
        {
            return Err(s3_error!(
                InvalidRequest,
                "The upload was created using a {} checksum. The complete request must include the checksum for each \
                 part. It was missing for part {number} in the request.",
                upload.algorithm.name().to_ascii_lowercase()
            ));
        }
        parts.push(part);
    }
    let but_last = parts.split_last().map(|(_, rest)| rest).unwrap_or_default();
    if let Some(small) = but_last.iter().find(|part| part.size < MIN_PART) {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size: part {} has {} bytes, {MIN_PART} are needed",
            small.number,
            small.size
        ));
    }
    Ok(parts)
}

fn claim_holds(claim: &CompletedPart, part: &Part, algorithm: Algorithm) -> bool {
    claim.e_tag.as_ref().is_some_and(|etag| etag.value() == part.etag)
        && claimed_checksums(claim).into_iter().all(|(claimed, value)| {
            value.is_none_or(|value| claimed == algorithm && *value == part.checksum)
        })
}

fn claimed_checksums(claim: &CompletedPart) -> [(Algorithm, Option<&String>); 5] {
    [
        (Algorithm::Crc32, claim.checksum_crc32.as_ref()),
        (Algorithm::Crc32c, claim.checksum_crc32c.as_ref()),
        (Algorithm::Crc64Nvme, claim.checksum_crc64nvme.as_ref()),
        (Algorithm::Sha1, claim.checksum_sha1.as_ref()),
        (Algorithm::Sha256, claim.checksum_sha256.as_ref()),
    ]
}

/// Compares the checksum that CompleteMultipartUpload may declare for the whole object.
pub(crate) fn declared_object_checksum(
    headers: &HeaderMap,
    actual: &StoredChecksum,
) -> S3Result<()> {
    let Some(declared) = headers.get(actual.algorithm.header()) else {
        return Ok(());
    };
    if declared.as_bytes() == actual.value.as_bytes() {
        return Ok(());
    }
    Err(s3_error!(
        BadDigest,
        "The {} you specified did not match the calculated checksum.",
        actual.algorithm.name()
    ))
}
