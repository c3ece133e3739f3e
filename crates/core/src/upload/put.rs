//! The signed PUT, and the link by which the object is read afterwards.
//!
//! What the rule says is signed as headers, so that the store refuses a body of
//! another size, type or hash, and a second one. An unsigned `x-amz-*` header that a client
//! adds (`x-amz-acl`, `x-amz-copy-source`) is refused by the store as not signed.

use crate::object::ObjectKey;
use crate::request::Method;
use crate::secret::Secret;
use crate::sigv4::sign::{Signer, Unsigned};
use crate::time::UnixTime;
use crate::upload::rule::{Admitted, UploadRule};

/// A permission to store one object.
#[derive(Clone, Debug)]
pub struct SignedPut {
    /// Where to PUT the body.
    pub url: Secret,
    /// The headers to send with it, exactly so. Browsers add length and host themselves.
    pub headers: Vec<(&'static str, String)>,
    /// When the permission ends.
    pub expires_at: UnixTime,
}

impl Admitted<'_> {
    /// Signs the PUT.
    pub fn sign(&self, now: UnixTime) -> SignedPut {
        let rule = self.rule();
        let store = &rule.destination.store;
        let (endpoint, path) = store.address(&rule.destination.bucket, self.key());
        let mut headers = vec![
            ("content-type", self.order().content_type.to_string()),
            // Create-only: who has the URL can neither replace the object nor store it twice.
            ("if-none-match", "*".to_owned()),
        ];
        if let Some(checksum) = &self.order().checksum_sha256 {
            headers.push(("x-amz-checksum-sha256", checksum.clone()));
        }
        let length = self.order().size.to_string();
        let mut signed: Vec<_> = headers.iter().map(|(n, value)| (*n, value.as_str())).collect();
        signed.push(("content-length", &length));
        let request = Unsigned {
            method: Method::Put,
            endpoint: &endpoint,
            path: &path,
            query: &[],
            headers: &signed,
        };
        SignedPut {
            url: store.signer(now).presign(&request, rule.expires_in),
            headers,
            expires_at: now.saturating_add(rule.expires_in.duration()),
        }
    }
}

impl UploadRule {
    /// The link by which the edge serves an object of this rule.
    pub(crate) fn read_url(&self, key: &ObjectKey, now: UnixTime) -> Secret {
        // INVARIANT: rule and receipt alike hold keys below the location alone.
        let path = self.destination.read_path(key).unwrap_or_default();
        let signer = Signer {
            credentials: &self.read.credentials,
            region: &self.read.region,
            service: "s3",
            time: now,
        };
        let request = Unsigned {
            method: Method::Get,
            endpoint: &self.read.url,
            path: &path,
            query: &[],
            headers: &[],
        };
        signer.presign(&request, self.read.expires_in)
    }
}
