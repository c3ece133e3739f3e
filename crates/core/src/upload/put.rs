//! The signed PUT, and the link by which the object is read afterwards.
//!
//! To S3, what the rule says is signed as headers, so that the store refuses a body of
//! another size, type or hash, and a second one. An unsigned `x-amz-*` header that a client
//! adds (`x-amz-acl`, `x-amz-copy-source`) is refused by S3 as not signed; not every store does so
//! ([`Clause::SignedHeaders`](crate::upload::kind::Clause::SignedHeaders)).

use crate::object::ObjectKey;
use crate::request::Method;
use crate::secret::Secret;
use crate::sigv4::sign::{Signer, Unsigned};
use crate::store::{S3Store, Store};
use crate::time::UnixTime;
use crate::upload::receipt::Receipt;
use crate::upload::rule::{Admitted, UploadRule};
use crate::upload::stored_as::Provenance;

/// A permission to store one object.
#[derive(Clone, Debug)]
pub struct SignedPut {
    /// Where to PUT the body.
    pub url: Secret,
    /// The headers to send with it, exactly so. Browsers add length and host themselves.
    pub headers: Vec<(String, String)>,
    /// When the permission ends.
    pub expires_at: UnixTime,
}

impl Admitted<'_> {
    /// Signs the PUT.
    pub fn sign_put(&self, now: UnixTime) -> SignedPut {
        let rule = self.rule();
        let expires_at = now.saturating_add(rule.expires_in.duration());
        let headers = self.headers();
        let url = match &rule.destination.store {
            Store::S3(store) => self.sign_s3(store, &headers, now),
            // Swift signs no headers: what they say is checked when the upload is confirmed.
            Store::Swift(store) => {
                store.upload_url(&rule.destination.bucket, self.key(), expires_at)
            }
            // INVARIANT: the policy has no rules for a binding, which has no URL.
            Store::R2(_) => Secret::new(String::new()),
        };
        SignedPut { url, headers, expires_at }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let (rule, order) = (self.rule(), self.order());
        let content_type = order.content_type.header().to_owned();
        let mut headers = vec![("content-type".to_owned(), content_type)];
        if rule.create_only {
            // Who has the URL can neither replace the object nor store it twice.
            headers.push(("if-none-match".to_owned(), "*".to_owned()));
        }
        if let Store::S3(_) = rule.destination.store {
            if let Some(checksum) = &order.checksum {
                headers.push((checksum.algorithm.header().to_owned(), checksum.value.clone()));
            }
            headers.extend(rule.stored_as.headers(self.provenance()));
        }
        headers
    }

    /// The headers with which an upload in parts is begun. That the key is free is seen when it is
    /// completed. Swift is told nothing before [that](Receipt::manifest_headers).
    pub(crate) fn create_headers(&self) -> Vec<(String, String)> {
        let (rule, order) = (self.rule(), self.order());
        if !matches!(rule.destination.store, Store::S3(_)) {
            return Vec::new();
        }
        let mut headers = vec![("content-type".to_owned(), order.content_type.to_string())];
        headers.extend(rule.stored_as.headers(self.provenance()));
        headers
    }

    fn sign_s3(&self, store: &S3Store, headers: &[(String, String)], now: UnixTime) -> Secret {
        let rule = self.rule();
        let (endpoint, path) = store.address(&rule.destination.bucket, self.key());
        // INVARIANT: a rule admits no PUT without a size.
        let length = self.order().size.unwrap_or_default().to_string();
        let mut signed: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        signed.push(("content-length", &length));
        let request = Unsigned {
            method: Method::Put,
            endpoint: &endpoint,
            path: &path,
            query: &[],
            headers: &signed,
        };
        store.signer(now).presign(&request, rule.expires_in)
    }
}

impl Receipt {
    /// The headers of a manifest; none where the store was told them before.
    pub(crate) fn manifest_headers(&self, rule: &UploadRule) -> Vec<(String, String)> {
        let Store::Swift(_) = rule.destination.store else { return Vec::new() };
        let mut headers = vec![("content-type".to_owned(), self.content_type.to_string())];
        headers.extend(rule.stored_as.swift_headers(Provenance {
            principal: self.principal.as_deref().unwrap_or("anonymous"),
            filename: self.filename.as_deref().unwrap_or_default(),
        }));
        headers
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
