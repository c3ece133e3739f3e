//! What is kept about an object beside its bytes.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, StatusCode};
use s3s::dto::Timestamp;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::checksum::StoredChecksum;
use crate::error::{custom, not_implemented};
use crate::request::Query;

/// The account that owns every bucket and object of this store.
pub(crate) const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

/// The system headers kept with an object and sent with every read of it.
pub(crate) const KEPT: [&str; 6] = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "expires",
];

/// S3's limit on the names and values of `x-amz-meta-*` together.
const MAX_USER_METADATA: usize = 2048;

/// The one metadata file of an object; it names the one data file it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ObjectMeta {
    pub(crate) key: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Seconds since 1970.
    pub(crate) modified: i64,
    /// The name of the data file.
    pub(crate) data: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) checksum: StoredChecksum,
    /// The sizes of the parts of a multipart upload, in order; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<u64>,
}

/// The headers of a request that belong to the object it creates.
pub(crate) fn object_headers(request: &HeaderMap) -> S3Result<BTreeMap<String, String>> {
    let mut kept = BTreeMap::new();
    let mut user_metadata = 0;
    for (name, value) in request {
        let name = name.as_str();
        let user_name = name.strip_prefix("x-amz-meta-");
        if user_name.is_none() && !KEPT.contains(&name) {
            continue;
        }
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            s3_error!(InvalidArgument, "the value of the header `{name}` is not UTF-8")
        })?;
        if let Some(user_name) = user_name {
            user_metadata += user_name.len() + value.len();
        }
        let value =
            if name == "content-encoding" { without_aws_chunked(value) } else { value.to_owned() };
        // An empty one is none: S3 says what it says of objects without.
        if matches!(name, "content-encoding" | "content-type") && value.is_empty() {
            continue;
        }
        kept.entry(name.to_owned())
            .and_modify(|first: &mut String| {
                first.push(',');
                first.push_str(&value);
            })
            .or_insert(value);
    }
    if user_metadata > MAX_USER_METADATA {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size"
        ));
    }
    kept.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    Ok(kept)
}

/// Refuses what a request asks for and this store would otherwise drop in silence. S3 honours
/// some of it in the query of a presigned URL too, so both places count.
pub(crate) fn refuse_unsupported(headers: &HeaderMap, query: &Query) -> S3Result<()> {
    for (name, value) in headers {
        refuse_parameter(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    for (name, value) in query.pairs() {
        refuse_parameter(name, value)?;
    }
    Ok(())
}

fn refuse_parameter(name: &str, value: &str) -> S3Result<()> {
    match name {
        // A bucket of today has its ACLs switched off.
        "x-amz-acl" if value == "bucket-owner-full-control" => Ok(()),
        "x-amz-acl" => Err(no_acls()),
        _ if name.starts_with("x-amz-grant-") => Err(no_acls()),
        "x-amz-server-side-encryption" if value == "AES256" => Ok(()),
        "x-amz-storage-class" if value == "STANDARD" => Ok(()),
        "x-amz-storage-class" => {
            Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid"))
        }
        "x-amz-expected-bucket-owner" | "x-amz-source-expected-bucket-owner" if value == OWNER => {
            Ok(())
        }
        "x-amz-expected-bucket-owner" | "x-amz-source-expected-bucket-owner" => {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
        "x-amz-tagging"
        | "x-amz-tagging-directive"
        | "x-amz-website-redirect-location"
        | "x-amz-write-offset-bytes"
        | "x-amz-mfa" => Err(not_implemented(name)),
        _ if name.starts_with("x-amz-server-side-encryption")
            || name.starts_with("x-amz-copy-source-server-side-encryption")
            || name.starts_with("x-amz-object-lock-") =>
        {
            Err(not_implemented(name))
        }
        _ => Ok(()),
    }
}

/// Now, in the seconds that object dates are kept in.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A date as the documents of S3 write it.
pub(crate) fn timestamp(seconds: i64) -> Timestamp {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH).into()
}

fn no_acls() -> s3s::S3Error {
    custom(
        "AccessControlListNotSupported",
        StatusCode::BAD_REQUEST,
        "The bucket does not allow ACLs",
    )
}

/// `aws-chunked` is how a body travelled, not what it is.
fn without_aws_chunked(value: &str) -> String {
    let codings: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|c| !c.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    codings.join(",")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::checksum::Algorithm;

    pub(crate) fn object(key: &str) -> ObjectMeta {
        ObjectMeta {
            key: key.to_owned(),
            size: 10,
            etag: "abc".to_owned(),
            modified: 784_111_777,
            data: String::new(),
            headers: BTreeMap::new(),
            checksum: StoredChecksum::full(Algorithm::Crc64Nvme, &[0; 8]),
            parts: Vec::new(),
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_belongs_to_the_object_is_kept() {
        let request = headers(&[
            ("content-type", "image/png"),
            ("content-encoding", "gzip, aws-chunked"),
            ("x-amz-meta-a", "1"),
            ("x-amz-date", "20260101T000000Z"),
            ("authorization", "secret"),
        ]);
        let kept: Vec<_> = object_headers(&request).unwrap().into_iter().collect();
        let expected =
            [("content-encoding", "gzip"), ("content-type", "image/png"), ("x-amz-meta-a", "1")];
        assert_eq!(kept, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let bare = headers(&[("content-encoding", "aws-chunked"), ("content-type", "")]);
        let bare = object_headers(&bare).unwrap();
        assert_eq!(
            bare.into_iter().collect::<Vec<_>>(),
            [("content-type".to_owned(), "binary/octet-stream".to_owned())]
        );
        let large = "x".repeat(2048);
        assert!(object_headers(&headers(&[("x-amz-meta-a", &large)])).is_err());
    }

    #[test]
    fn unsupported_features_are_refused_by_name() {
        let cases = [
            ("x-amz-acl", "public-read", "AccessControlListNotSupported"),
            ("x-amz-grant-read", "id=1", "AccessControlListNotSupported"),
            ("x-amz-tagging", "a=b", "NotImplemented"),
            ("x-amz-storage-class", "GLACIER", "InvalidStorageClass"),
            ("x-amz-server-side-encryption", "aws:kms", "NotImplemented"),
            ("x-amz-server-side-encryption-customer-key", "k", "NotImplemented"),
            ("x-amz-object-lock-mode", "GOVERNANCE", "NotImplemented"),
            ("x-amz-expected-bucket-owner", "123456789012", "AccessDenied"),
        ];
        for (name, value, code) in cases {
            let error =
                refuse_unsupported(&headers(&[(name, value)]), &Query::default()).unwrap_err();
            assert_eq!(error.code().as_str(), code, "{name}");
        }
        let fine =
            [("x-amz-acl", "bucket-owner-full-control"), ("x-amz-storage-class", "STANDARD")];
        assert!(refuse_unsupported(&headers(&fine), &Query::default()).is_ok());
    }
}
