//! The signed form: S3's POST policy, and Swift's FormPost.
//!
//! A form names the object itself. In S3 the field `key` has to be what was signed; in Swift the
//! object's name is the path and then the name that the browser gives the file, so a form is for
//! one folder that no other upload gets.

use std::ops::RangeInclusive;

use crate::form::SignedForm;
use crate::formpost::FormPost;
use crate::secret::Secret;
use crate::sigv4::post::{Condition, PostPolicy};
use crate::store::{S3Store, Store, SwiftStore};
use crate::time::UnixTime;
use crate::upload::rule::Admitted;

/// A signed form and where it goes.
#[derive(Clone, Debug)]
pub struct UploadForm {
    /// Where to POST it, as `multipart/form-data` with the file as its last field.
    pub url: String,
    /// Its fields.
    pub form: SignedForm,
}

/// Without it S3 answers 204 and nothing else; with it, 201 and where the object is.
const CREATED: (&str, &str) = ("success_action_status", "201");

impl Admitted<'_> {
    /// Signs the form.
    pub fn sign_form(&self, now: UnixTime) -> UploadForm {
        match &self.rule().destination.store {
            Store::S3(store) => self.s3_form(store, now),
            Store::Swift(store) => self.swift_form(store, now),
            // INVARIANT: the policy has no rules for a binding, which has no URL.
            Store::R2(_) => {
                let form = SignedForm { fields: Vec::new(), expires_at: now };
                UploadForm { url: String::new(), form }
            }
        }
    }

    /// The sizes that the form allows: the one that was announced, or those of the rule.
    fn sizes(&self) -> RangeInclusive<u64> {
        self.order().size.map_or_else(|| self.rule().size.clone(), |size| size..=size)
    }

    fn s3_form(&self, store: &S3Store, now: UnixTime) -> UploadForm {
        let (rule, bucket) = (self.rule(), &self.rule().destination.bucket);
        let content_type = self.order().content_type.to_string();
        let stored_as = rule.stored_as.form_fields(self.provenance());
        let fields = [("content-type", content_type.as_str()), CREATED];
        let more = stored_as.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut conditions: Vec<_> =
            fields.into_iter().chain(more).map(|(n, v)| Condition::Field(n, v)).collect();
        conditions.push(Condition::ContentLength(self.sizes()));
        let policy = PostPolicy {
            bucket: bucket.as_str(),
            key: self.key().as_str(),
            conditions: &conditions,
            expires_in: rule.expires_in,
        };
        UploadForm { url: store.bucket_url(bucket), form: store.signer(now).sign_form(&policy) }
    }

    fn swift_form(&self, store: &SwiftStore, now: UnixTime) -> UploadForm {
        let (rule, key) = (self.rule(), self.key().as_str());
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let bucket = &rule.destination.bucket;
        let path = format!("/v1/{}/{bucket}/{folder}/", store.account);
        let form = FormPost {
            path: &path,
            redirect: None,
            max_file_size: *self.sizes().end(),
            max_file_count: 1,
            expires_at: now.saturating_add(rule.expires_in.duration()),
            digest: store.digest,
        };
        // INVARIANT: the policy has a key at least, a digest that Swift knows, and keys below a
        // folder. Where it does not hold, Swift refuses what is not signed.
        let signed = store.keys.first().and_then(|key| form.sign(key).ok());
        let form = signed.unwrap_or_else(|| SignedForm {
            fields: vec![("signature".to_owned(), Secret::new(""))],
            expires_at: now,
        });
        UploadForm { url: store.url_of(&path), form }
    }
}
