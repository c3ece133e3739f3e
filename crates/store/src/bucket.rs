//! CreateBucket, HeadBucket, GetBucketLocation and ListBuckets.

use std::sync::Arc;

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
    GetBucketLocationOutput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput, Owner,
};
use s3s::path::check_bucket_name;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::error::{not_implemented, storage};
use crate::index::Index;
use crate::meta::{OWNER, timestamp};
use crate::object::blocking;

/// The region whose buckets have no location constraint.
const CLASSIC_REGION: &str = "us-east-1";

/// Whether S3 would let a bucket have this name.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(crate) fn is_valid_name(name: &str) -> bool {
    const PREFIXES: [&str; 4] = ["xn--", "sthree-", "amzn-s3-demo-", "arn:"];
    const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    check_bucket_name(name)
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
pub(crate) async fn create(
    index: &Arc<Index>,
    region: &str,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    if !is_valid_name(&input.bucket) {
        return Err(s3_error!(InvalidBucketName, "The specified bucket is not valid."));
    }
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(not_implemented("x-amz-bucket-object-lock-enabled"));
    }
    let constraint = input.create_bucket_configuration.and_then(|c| c.location_constraint);
    match constraint.as_ref().map(BucketLocationConstraint::as_str) {
        None | Some("") if region == CLASSIC_REGION => {}
        Some(constraint) if constraint == region && region != CLASSIC_REGION => {}
        constraint => {
            return Err(s3_error!(
                IllegalLocationConstraintException,
                "The {} location constraint is incompatible for the region specific endpoint this request was sent to \
                 ({region}).",
                constraint.filter(|c| !c.is_empty()).unwrap_or("unspecified")
            ));
        }
    }
    let location = format!("/{}", input.bucket);
    let bucket = input.bucket;
    let created = blocking(index, move |index| {
        index.create_bucket(&bucket).map_err(storage("creating a bucket"))
    })
    .await?;
    if !created {
        return Err(s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ));
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(location) }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
pub(crate) fn head(
    index: &Index,
    region: &str,
    bucket: &str,
) -> S3Result<S3Response<HeadBucketOutput>> {
    index.read().bucket(bucket)?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(region.to_owned()),
        ..HeadBucketOutput::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
pub(crate) fn location(
    index: &Index,
    region: &str,
    bucket: &str,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    index.read().bucket(bucket)?;
    let constraint = if region == CLASSIC_REGION { String::new() } else { region.to_owned() };
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint: Some(constraint.into()) }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
pub(crate) fn list(
    index: &Index,
    region: &str,
    input: &ListBucketsInput,
) -> S3Result<S3Response<ListBucketsOutput>> {
    if input.max_buckets.is_some() || input.continuation_token.is_some() {
        return Err(not_implemented("max-buckets and continuation-token"));
    }
    let prefix = input.prefix.clone().unwrap_or_default();
    let here = input.bucket_region.as_ref().is_none_or(|wanted| wanted == region);
    let buckets = index
        .read()
        .buckets()
        .iter()
        .filter(|(name, _)| here && name.starts_with(&prefix))
        .map(|(name, bucket)| Bucket {
            bucket_region: Some(region.to_owned()),
            creation_date: Some(timestamp(bucket.created)),
            name: Some(name.clone()),
        })
        .collect();
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets),
        continuation_token: None,
        owner: Some(owner()),
        prefix: input.prefix.clone(),
    }))
}

/// The owner in documents.
pub(crate) fn owner() -> Owner {
    Owner { display_name: None, id: Some(OWNER.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for name in ["media", "my.bucket-1", "a1b", &"a".repeat(63)] {
            assert!(is_valid_name(name), "{name}");
        }
        let refused = [
            "",
            "ab",
            "Media",
            "a_b",
            "-ab",
            "ab-",
            "a..b",
            "..",
            "../x",
            "192.168.0.1",
            "xn--a",
            "a-s3alias",
            &"a".repeat(64),
        ];
        for name in refused {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}
