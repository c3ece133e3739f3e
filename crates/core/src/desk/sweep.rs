//! Uploads in parts that nobody completes, ended: for stores that have no lifecycle rules.
//!
//! The store lists what is under way below what a rule's keys begin with; ended is what the rule
//! can have made and can no longer be completed.
//!
//! Source: *ListMultipartUploads* and *AbortMultipartUpload* in the Amazon S3 API reference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::log::Verdict;
use crate::object::ObjectKey;
use crate::rejection::Rejection;
use crate::store::Store;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::call::{
    CallError, OpenUpload, OpenUploads, Reply, StoreCall, UploadsCall, What,
};
use crate::upload::kind::Kind;
use crate::upload::rule::UploadRule;
use crate::upload::{receipt, step};

use super::Desk;
use super::answer::LogEntry;

/// How old an upload is when it is ended: 26 hours. It can be completed for as long as its receipt
/// holds, and by a step that was signed in the last moment for a while more; an hour is to spare.
pub const AGE: Duration =
    Duration::from_secs(receipt::LIFETIME.as_secs() + step::LIFETIME.as_secs() + 3600);

/// How long uploads are ended at once: the next sweep goes on.
const TIME: Duration = Duration::from_secs(20);

/// The uploads at one place.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Those whose keys begin so, all of one bucket.
    rules: Vec<Arc<UploadRule>>,
    prefix: String,
    before: UnixTime,
    until: UnixTime,
    /// Where the next page begins; none when there is none.
    page: Option<Option<OpenUpload>>,
    aborted: u64,
    failure: Option<UploadError>,
}

/// What a sweep did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// For the log.
    pub log: LogEntry,
    /// How many uploads were ended.
    pub aborted: u64,
    /// Whether the store did not do what was asked.
    pub failed: bool,
}

impl Desk {
    /// The places to sweep. Ended is what is too old at the time `at`; what is asked for begins at
    /// the time `now`.
    pub fn sweeps(&self, at: UnixTime, now: UnixTime) -> Vec<Sweep> {
        let mut places: BTreeMap<_, Vec<Arc<UploadRule>>> = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| rule.kinds.contains(&Kind::Multipart)) {
            let (place, prefix) = (&rule.destination, rule.key.prefix());
            if matches!(place.store, Store::S3(_)) {
                let at = (place.store.name(), place.bucket.as_str(), prefix);
                places.entry(at).or_default().push(Arc::clone(rule));
            }
        }
        let sweep = |((_, _, prefix), rules)| Sweep {
            rules,
            prefix,
            before: at.saturating_sub(AGE),
            until: now.saturating_add(TIME),
            page: Some(None),
            aborted: 0,
            failure: None,
        };
        places.into_iter().map(sweep).collect()
    }
}

impl Sweep {
    /// What the store is to be asked next, at the time `now`; nothing when it is done.
    pub fn list(&self, now: UnixTime) -> Option<UploadsCall> {
        let after = self.page.as_ref().filter(|_| now <= self.until && self.failure.is_none())?;
        let place = &self.rules.first()?.destination;
        let Store::S3(store) = &place.store else { return None };
        Some(UploadsCall {
            store: store.clone(),
            bucket: place.bucket.clone(),
            prefix: self.prefix.clone(),
            after: after.clone(),
        })
    }

    /// Which of those that are under way have to be ended.
    pub fn listed(&mut self, page: Result<OpenUploads, CallError>) -> Vec<StoreCall> {
        let OpenUploads { uploads, next } = match page {
            Ok(page) => page,
            Err(error) => {
                self.failure = Some(match error {
                    // There is no such bucket.
                    CallError::NotFound => UploadError::StoreUnavailable,
                    error => error.into(),
                });
                return Vec::new();
            }
        };
        self.page = next.map(Some);
        let stale = |upload: &OpenUpload, initiated: UnixTime| {
            let key = ObjectKey::new(upload.key.as_str()).ok()?;
            let rule = self.rules.iter().find(|rule| rule.key.read(&key).is_some())?;
            (initiated < self.before).then(|| StoreCall {
                store: rule.destination.store.clone(),
                bucket: rule.destination.bucket.clone(),
                key,
                segments: rule.destination.segments.clone(),
                what: What::AbortMultipart { upload_id: upload.upload_id.clone() },
            })
        };
        uploads.iter().filter_map(|(upload, initiated)| stale(upload, *initiated)).collect()
    }

    /// Whether one was ended.
    pub fn aborted(&mut self, reply: Result<Reply, CallError>) {
        match reply {
            Ok(_) => self.aborted = self.aborted.saturating_add(1),
            // Somebody else was faster.
            Err(CallError::NotFound) => {}
            Err(error) => self.failure = Some(error.into()),
        }
    }

    /// What was done.
    pub fn finish(self) -> Swept {
        let place = self.rules.first().map(|rule| &rule.destination);
        let trail = Trail {
            store: place.map(|place| place.store.name().to_owned()),
            bucket: place.map(|place| place.bucket.to_string()),
            location: Some(self.prefix).filter(|prefix| !prefix.is_empty()),
            ..Trail::default()
        };
        let failed = self.failure.is_some();
        let verdict = match (self.failure, self.page) {
            (Some(error), _) => Verdict::from(&Rejection::from(error)),
            (None, None) => Verdict::Allow("swept"),
            (None, Some(_)) => Verdict::Allow("swept_in_part"),
        };
        Swept { log: LogEntry { verdict, trail }, aborted: self.aborted, failed }
    }
}
