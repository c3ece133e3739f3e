//! S3 and S3-compatible stores, asked with SigV4 headers.

use std::time::Duration;

use crate::disposition::ContentDisposition;
use crate::endpoint::Endpoint;
use crate::object::{Bucket, BucketError, ObjectKey};
use crate::request::Method;
use crate::secret::Secret;
use crate::sigv4::sign::{Payload, Signer, Unsigned};
use crate::sigv4::{Credentials, ExpiresIn};
use crate::time::UnixTime;

use super::{Link, ListCall, ObjectCall, OriginCall};

/// Where the bucket stands in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// `https://endpoint/bucket/key`
    Path,
    /// `https://bucket.endpoint/key`
    VirtualHosted,
}

impl Addressing {
    /// Reads the name of a bucket. One with a dot makes a host that the certificate of
    /// virtual-hosted addressing does not cover.
    ///
    /// # Errors
    /// [`BucketError`] when it is none, or cannot be addressed.
    pub fn bucket(self, name: &str) -> Result<Bucket, BucketError> {
        let bucket = Bucket::new(name)?;
        match self {
            Self::VirtualHosted if name.contains('.') => Err(BucketError::Dotted),
            Self::VirtualHosted | Self::Path => Ok(bucket),
        }
    }
}

/// An S3 or S3-compatible store.
#[derive(Clone, Debug)]
pub struct S3Store {
    /// Its name in the policy.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The region that signatures name.
    pub region: String,
    /// How buckets are addressed.
    pub addressing: Addressing,
    /// What requests to it are signed with.
    pub credentials: Credentials,
    /// How long it may take until its answer begins.
    pub timeout: Duration,
}

impl S3Store {
    /// What signs a request to it at the time `now`.
    pub fn signer(&self, now: UnixTime) -> Signer<'_> {
        Signer { credentials: &self.credentials, region: &self.region, service: "s3", time: now }
    }

    /// Where an object is: the endpoint to call and the path on it, decoded.
    pub fn address(&self, bucket: &Bucket, key: &ObjectKey) -> (Endpoint, String) {
        let (endpoint, root) = self.root(bucket);
        (endpoint, format!("{root}/{key}"))
    }

    /// The URL of a bucket, to which forms go.
    pub fn bucket_url(&self, bucket: &Bucket) -> String {
        let (endpoint, root) = self.root(bucket);
        format!("{endpoint}{root}/")
    }

    /// Where a bucket is: the endpoint to call, and what paths of its objects have before the
    /// slash of the key.
    fn root(&self, bucket: &Bucket) -> (Endpoint, String) {
        match self.addressing {
            Addressing::Path => (self.endpoint.clone(), format!("/{bucket}")),
            Addressing::VirtualHosted => {
                (self.endpoint.with_subdomain(bucket.as_str()), String::new())
            }
        }
    }

    /// A signed call without a body.
    fn signed(
        &self,
        method: Method,
        (endpoint, path): (Endpoint, String),
        query: &[(&str, &str)],
        now: UnixTime,
    ) -> OriginCall {
        let unsigned = Unsigned { method, endpoint: &endpoint, path: &path, query, headers: &[] };
        // Range and conditions are not signed: S3 does not ask for it, and the platform
        // between here and the store may rewrite them.
        let signed = self.signer(now).sign_headers(&unsigned, Payload::Unsigned);
        OriginCall { headers: signed.headers, ..OriginCall::shown_as(signed.url) }
    }

    pub(super) fn call(&self, call: &ObjectCall<'_>, now: UnixTime) -> OriginCall {
        let version = call.version.map(|version| ("versionId", version));
        let address = self.address(call.bucket, call.key);
        self.signed(call.method, address, version.as_slice(), now)
    }

    /// Signs a call of ListObjectsV2. Keys come percent-encoded: XML cannot hold all of them.
    pub fn list(&self, call: &ListCall<'_>, now: UnixTime) -> OriginCall {
        let max_keys = call.max_keys.to_string();
        let mut query = vec![
            ("list-type", "2"),
            ("encoding-type", "url"),
            ("max-keys", &max_keys),
            ("prefix", call.prefix),
        ];
        if !call.delimiter.is_empty() {
            query.push(("delimiter", call.delimiter));
        }
        query.extend(call.after.map(|after| ("start-after", after)));
        let (endpoint, mut path) = self.root(call.bucket);
        if path.is_empty() {
            path.push('/');
        }
        self.signed(Method::Get, (endpoint, path), &query, now)
    }

    pub(super) fn link(&self, link: &Link<'_>, now: UnixTime) -> Secret {
        let Link { call, headers, disposition, life } = link;
        let asked = disposition.map(|asked| ContentDisposition::new(asked, call.key.as_str()));
        // S3 would put it in the place of what is stored, so what would give way is left out.
        let asked = asked.and_then(ContentDisposition::chosen);
        let asked = asked.map(|value| ("content-disposition", value));
        let (endpoint, path) = self.address(call.bucket, call.key);
        let names: Vec<_> = headers
            .iter()
            .chain(&asked)
            .map(|(n, value)| (format!("response-{n}"), value))
            .collect();
        let overrides = names.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let query: Vec<_> =
            overrides.chain(call.version.map(|version| ("versionId", version))).collect();
        let unsigned = Unsigned {
            method: call.method,
            endpoint: &endpoint,
            path: &path,
            query: &query,
            headers: &[],
        };
        let expires_in = ExpiresIn::from_secs(life.as_secs()).unwrap_or(ExpiresIn::MIN);
        self.signer(now).presign(&unsigned, expires_in)
    }
}
