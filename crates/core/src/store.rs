//! An object store: where it is, how its buckets are addressed, what signs for it.

use crate::endpoint::Endpoint;
use crate::object::{Bucket, ObjectKey};
use crate::sigv4::Credentials;
use crate::sigv4::sign::Signer;
use crate::time::UnixTime;

/// Where the bucket stands in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// `https://endpoint/bucket/key`
    Path,
    /// `https://bucket.endpoint/key`
    VirtualHosted,
}

/// An S3 or S3-compatible store.
#[derive(Clone, Debug)]
pub struct Store {
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
}

impl Store {
    /// What signs a request to it at the time `now`.
    pub fn signer(&self, now: UnixTime) -> Signer<'_> {
        Signer { credentials: &self.credentials, region: &self.region, service: "s3", time: now }
    }

    /// Whether a bucket can be addressed: a dot in its name makes a host that the certificate of
    /// virtual-hosted addressing does not cover.
    pub fn can_address(&self, bucket: &Bucket) -> bool {
        self.addressing == Addressing::Path || !bucket.as_str().contains('.')
    }

    /// Where an object is: the endpoint to call and the path on it, decoded.
    pub fn address(&self, bucket: &Bucket, key: &ObjectKey) -> (Endpoint, String) {
        match self.addressing {
            Addressing::Path => (self.endpoint.clone(), format!("/{bucket}/{key}")),
            Addressing::VirtualHosted => {
                (self.endpoint.with_subdomain(bucket.as_str()), format!("/{key}"))
            }
        }
    }
}
