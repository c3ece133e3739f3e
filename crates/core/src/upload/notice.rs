//! What an app is told of an upload: one webhook, whether a client confirmed it or the store said
//! that there is an object.
//!
//! ```json
//! { "type": "upload.stored", "timestamp": "2026-11-26T12:00:00Z",
//!   "data": { "rule": "media", "store": "main", "bucket": "…", "key": "users/alice/…/a.jpg",
//!     "size": 3, "etag": "\"…\"", "content_type": "image/jpeg", "checksums": { "crc64nvme": "…" },
//!     "principal": "alice", "version_id": "…", "sequencer": "…" } }
//! ```
//!
//! What is not known is not there. With the type `upload.refused` there is a `problem` besides: the
//! object is in the store, and is not what the rule allows.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::crypto::sha256;
use crate::object::ObjectKey;
use crate::store::Unanswered;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::call::StoredHead;
use crate::upload::checksum::Checksum;
use crate::upload::rule::UploadRule;
use crate::webhook::{Delivery, SigningSecret, WebhookUrl};

/// Who is told of uploads.
#[derive(Clone, Debug)]
pub struct Notify {
    /// Where webhooks go.
    pub url: WebhookUrl,
    /// What they are signed with: by each of these.
    pub secrets: Vec<SigningSecret>,
}

/// An object that a store has.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its key.
    pub key: ObjectKey,
    /// What the store says of it.
    pub head: StoredHead,
    /// Whose it is.
    pub principal: Option<String>,
    /// Its version, where a store's event names it.
    pub version_id: Option<String>,
    /// What brings events about one key into their order.
    pub sequencer: Option<String>,
}

/// What an app is told.
#[derive(Clone, Debug)]
pub struct Notice {
    notify: Notify,
    rule: Arc<UploadRule>,
    stored: Stored,
    verdict: Result<(), UploadError>,
}

impl Notice {
    /// News of an object; none when the rule tells nobody.
    pub fn new(
        rule: &Arc<UploadRule>,
        stored: Stored,
        verdict: Result<(), UploadError>,
    ) -> Option<Self> {
        let notify = rule.notify.clone()?;
        Some(Self { notify, rule: Arc::clone(rule), stored, verdict })
    }

    /// The webhook, signed at the time `now`.
    pub fn delivery(&self, now: UnixTime) -> Delivery {
        let Notify { url, secrets } = &self.notify;
        let body = json!({
            "type": self.kind(),
            "timestamp": now.to_rfc3339(),
            "data": self.data(),
        });
        Delivery::sign(url, secrets, &self.id(), now, body.to_string())
    }

    /// Reads what the app answered.
    ///
    /// # Errors
    /// [`UploadError::NotTold`] unless it took the news, by a status of 200 to 299.
    pub fn told(answer: Result<u16, Unanswered>) -> Result<(), UploadError> {
        match answer {
            Ok(200..=299) => Ok(()),
            _ => Err(UploadError::NotTold { answer }),
        }
    }

    /// The same for one object whoever says that it is there, however often. Another object by the
    /// same key has another ETag, and another verdict is other news.
    fn id(&self) -> String {
        let (place, stored) = (&self.rule.destination, &self.stored);
        let (store, bucket) = (place.store.name(), place.bucket.as_str());
        let parts =
            json!([self.kind(), store, bucket, stored.key.as_str(), stored.head.etag.as_str()]);
        let digest = hex::encode(sha256(parts.to_string().as_bytes()));
        format!("upl_{}", digest.get(..32).unwrap_or_default())
    }

    fn kind(&self) -> &'static str {
        match self.verdict {
            Ok(()) => "upload.stored",
            Err(_) => "upload.refused",
        }
    }

    fn data(&self) -> Value {
        let (place, Stored { head, .. }) = (&self.rule.destination, &self.stored);
        let checksum =
            |it: &Checksum| (it.algorithm.as_str().to_owned(), Value::from(it.value.as_str()));
        let checksums: Map<_, _> = head.checksums.iter().map(checksum).collect();
        let known = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| (name.to_owned(), Value::from(value.as_str())))
        };
        let problem = self.verdict.as_ref().err().map(ToString::to_string);
        let mut data = json!({
            "rule": self.rule.name,
            "store": place.store.name(),
            "bucket": place.bucket.as_str(),
            "key": self.stored.key.as_str(),
            "size": head.size,
            "etag": head.etag,
        });
        if let Some(data) = data.as_object_mut() {
            data.extend(known("content_type", &head.content_type));
            if !checksums.is_empty() {
                data.insert("checksums".to_owned(), checksums.into());
            }
            data.extend(known("principal", &self.stored.principal));
            data.extend(known("version_id", &self.stored.version_id));
            data.extend(known("sequencer", &self.stored.sequencer));
            data.extend(known("problem", &problem));
        }
        data
    }
}
