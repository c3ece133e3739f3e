//! The permissions that the function's role needs at AWS to serve a policy, and no others.
//!
//! What the function signs can do no more than the role whose credentials sign it:
//!
//! | the function | the store asks for | on |
//! |---|---|---|
//! | signs an upload | `s3:PutObject` | keys of the upload rule |
//! | sends one in parts | `s3:AbortMultipartUpload`, `s3:ListMultipartUploadParts` | the same |
//! | sweeps up what nobody completes | `s3:ListBucketMultipartUploads` | the bucket, if a rule sends in parts |
//! | gives it an ACL, or tags | `s3:PutObjectAcl`, `s3:PutObjectTagging` | the same |
//! | encrypts it with a KMS key that the rule names by its ARN | `kms:GenerateDataKey`, `kms:Decrypt` | the key |
//! | confirms one, or looks at one of which an event says that it is there | `s3:GetObject`, by which S3 means HEAD as well | the same |
//! | sends a reader to the store | `s3:GetObject`; `s3:GetObjectVersion`, where a ticket names a version | keys of the rule's route |
//! | is told that an object is absent, not forbidden | `s3:ListBucket`, where `s3:prefix` is the key | the same |
//!
//! Source: *Required permissions for Amazon S3 API operations* in the S3 user guide, and *IAM JSON
//! policy elements reference* in the IAM user guide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::policy::Policy;
use crate::store::{S3Store, Store};
use crate::upload::kind::Kind;
use crate::upload::rule::UploadRule;
use crate::upload::stored_as::Encryption;

/// What reads do, of the newest version of an object and of another.
const READ: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];

/// What is done with a key that encrypts: to put parts together, S3 reads them again.
const ENCRYPT: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// The permissions of a function's role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// By bucket.
    buckets: BTreeMap<String, OnBucket>,
    /// The ARNs of keys of KMS.
    kms_keys: BTreeSet<String>,
    /// The stores that are not at AWS, where its roles mean nothing.
    pub elsewhere: BTreeSet<String>,
}

/// The permissions on one bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OnBucket {
    /// What keys begin with that are read.
    read: BTreeSet<String>,
    /// What keys begin with that an action is for.
    written: BTreeMap<&'static str, BTreeSet<String>>,
    /// Whether uploads in parts go there.
    takes_parts: bool,
}

impl Policy {
    /// The permissions that the function's role needs.
    pub fn permissions(&self) -> Permissions {
        // Nothing is signed here, so any text serves in place of the secrets.
        let secret = |_: &str| Some(format!("whsec_{:A<44}", ""));
        // INVARIANT: nothing but a missing secret fails, and none is missing.
        let rules = self.upload_rules(&secret).unwrap_or_default();
        let (mut buckets, mut elsewhere) = (BTreeMap::new(), BTreeSet::new());
        let mut kms_keys = BTreeSet::new();
        for rule in rules.iter() {
            let (place, store) = (&rule.destination, &rule.destination.store);
            let partition = match store {
                Store::S3(store) => partition(store),
                Store::Swift(_) | Store::R2(_) => None,
            };
            let Some(partition) = partition else {
                elsewhere.insert(store.name().to_owned());
                continue;
            };
            if let Some(Encryption::Kms(Some(key))) = &rule.stored_as.encryption
                && key.starts_with("arn:")
            {
                kms_keys.insert(key.clone());
            }
            let arn = format!("arn:{partition}:s3:::{}", place.bucket);
            let bucket: &mut OnBucket = buckets.entry(arn).or_default();
            bucket.read.insert(place.location.clone());
            bucket.takes_parts |= rule.kinds.contains(&Kind::Multipart);
            for action in writes(rule) {
                bucket.written.entry(action).or_default().insert(rule.key.prefix());
            }
        }
        Permissions { buckets, kms_keys, elsewhere }
    }
}

/// What an upload by this rule does at the store.
fn writes(rule: &UploadRule) -> impl Iterator<Item = &'static str> {
    let (is_in_parts, stored_as) = (rule.kinds.contains(&Kind::Multipart), &rule.stored_as);
    let actions = [
        ("s3:PutObject", true),
        ("s3:AbortMultipartUpload", is_in_parts),
        ("s3:ListMultipartUploadParts", is_in_parts),
        ("s3:PutObjectAcl", stored_as.acl.is_some() || !stored_as.grants.is_empty()),
        ("s3:PutObjectTagging", !stored_as.tags.is_empty()),
    ];
    actions.into_iter().filter(|(_, is_needed)| *is_needed).map(|(action, _)| action)
}

/// The partition of AWS that a store is in; none when it is not at AWS.
fn partition(store: &S3Store) -> Option<&'static str> {
    let host = store.endpoint.host();
    if host.ends_with(".amazonaws.com.cn") {
        Some("aws-cn")
    } else if !host.ends_with(".amazonaws.com") {
        None
    } else if store.region.starts_with("us-gov-") {
        Some("aws-us-gov")
    } else {
        Some("aws")
    }
}

impl Permissions {
    /// Whether the role needs none.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The permissions as an IAM policy document.
    pub fn to_document(&self) -> Value {
        let mut statements = Vec::new();
        let mut allow = |mut statement: Value| {
            if let Some(fields) = statement.as_object_mut() {
                fields.insert("Effect".to_owned(), json!("Allow"));
            }
            statements.push(statement);
        };
        for (arn, bucket) in &self.buckets {
            let objects = |prefixes: &BTreeSet<String>| -> Vec<String> {
                prefixes.iter().map(|prefix| format!("{arn}/{}*", literally(prefix))).collect()
            };
            let below: Vec<_> =
                bucket.read.iter().map(|prefix| format!("{}?*", literally(prefix))).collect();
            allow(json!({ "Action": READ, "Resource": objects(&bucket.read) }));
            allow(json!({
                "Action": "s3:ListBucket", "Resource": arn,
                "Condition": { "StringLike": { "s3:prefix": below } },
            }));
            if bucket.takes_parts {
                allow(json!({ "Action": "s3:ListBucketMultipartUploads", "Resource": arn }));
            }
            for (prefixes, actions) in by_prefixes(&bucket.written) {
                allow(json!({ "Action": actions, "Resource": objects(prefixes) }));
            }
        }
        if !self.kms_keys.is_empty() {
            allow(json!({ "Action": ENCRYPT, "Resource": self.kms_keys }));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// Actions that are for the same keys stand together.
fn by_prefixes<'w>(
    written: &'w BTreeMap<&'static str, BTreeSet<String>>,
) -> BTreeMap<&'w BTreeSet<String>, Vec<&'static str>> {
    let mut together: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (action, prefixes) in written {
        together.entry(prefixes).or_default().push(*action);
    }
    together
}

/// A text in which IAM sees no wildcard and no variable.
fn literally(text: &str) -> String {
    let escaped = |c: char| match c {
        '*' | '?' | '$' => format!("${{{c}}}"),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}
