//! Objects that a store says it has, looked at without a receipt: what comes of a store's events.
//!
//! ```text
//! event ─ rules that can have made the key ─▶ Head ─ FirstBytes ─▶ tell the app ─▶ finding
//!            none                             gone                                └ again, if the
//!             └──────────── nothing to do ─────┘                                    app or the store
//!                                                                                   does not answer
//! ```
//!
//! An event names a bucket and a key, and nothing of who uploaded by which rule. Where several rules
//! can have made the key, it is what the first of them allows; so an object is refused only when
//! none of them allows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::log::Verdict;
use crate::object::{Bucket, ObjectKey};
use crate::rejection::Rejection;
use crate::store::{Store, Unanswered};
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::call::{CallError, Reply, StoreCall, StoredHead, What};
use crate::upload::inspect::inspect_bytes;
use crate::upload::key_template::Owner;
use crate::upload::notice::{Notice, Stored};
use crate::upload::rule::{Destination, UploadRule};
use crate::upload::sniff::FIRST_BYTES;
use crate::webhook::Delivery;

use super::Desk;
use super::answer::LogEntry;

/// What a store says has happened (*Event message structure* in the Amazon S3 user guide).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreEvent {
    /// What: `ObjectCreated:Put`, or `Object Created` where EventBridge says it.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// The key of the object, decoded.
    pub key: String,
    /// Its ETag, perhaps without quotes.
    pub etag: Option<String>,
    /// Its version.
    pub version_id: Option<String>,
    /// What brings events about one key into their order.
    pub sequencer: Option<String>,
}

/// What is to be done about an event.
#[derive(Clone, Debug)]
pub enum Inspecting {
    /// Nothing more: this was found.
    Done(Finding),
    /// Ask the store, then [`Inspection::settle`].
    Ask(Box<Inspection>),
    /// Tell the app, then [`News::settle`].
    Tell(Box<News>),
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// For the log.
    pub log: Box<LogEntry>,
    /// Whether the event has to come again: a store or an app did not answer.
    pub again: bool,
}

/// An object of which a store has to say something.
#[derive(Clone, Debug)]
pub struct Inspection {
    event: StoreEvent,
    store: Store,
    bucket: Bucket,
    key: ObjectKey,
    /// The rules that can have made the key there.
    rules: Vec<Arc<UploadRule>>,
    trail: Trail,
    head: Option<StoredHead>,
}

/// An object of which an app is to be told.
#[derive(Clone, Debug)]
pub struct News {
    notice: Notice,
    verdict: Result<(), UploadError>,
    trail: Trail,
}

impl Desk {
    /// What is to be done about an event: for each store that it can be of.
    pub fn inspect(&self, event: &StoreEvent) -> Vec<Inspecting> {
        let trail = Trail {
            bucket: Some(event.bucket.clone()),
            key: Some(event.key.clone()),
            ..Trail::default()
        };
        let is_creation = event.name.trim_start_matches("s3:").starts_with("ObjectCreated:")
            || event.name == "Object Created";
        if !is_creation {
            return vec![Inspecting::nothing("other_event", trail)];
        }
        let Ok(key) = ObjectKey::new(event.key.as_str()) else {
            return vec![Inspecting::nothing("no_rule", trail)];
        };
        let mut found: BTreeMap<&str, Inspection> = BTreeMap::new();
        for rule in self.rules.iter() {
            let Destination { store, bucket, .. } = &rule.destination;
            let is_place = matches!(store, Store::S3(_)) && bucket.as_str() == event.bucket;
            if !is_place || rule.key.read(&key).is_none() {
                continue;
            }
            let inspection = found.entry(store.name()).or_insert_with(|| Inspection {
                event: event.clone(),
                store: store.clone(),
                bucket: bucket.clone(),
                key: key.clone(),
                rules: Vec::new(),
                trail: Trail { store: Some(store.name().to_owned()), ..trail.clone() },
                head: None,
            });
            inspection.rules.push(Arc::clone(rule));
        }
        // An object of which nobody is told is not looked at.
        found.retain(|_, it| it.rules.iter().any(|rule| rule.notify.is_some()));
        if found.is_empty() {
            return vec![Inspecting::nothing("no_rule", trail)];
        }
        found.into_values().map(|inspection| Inspecting::Ask(Box::new(inspection))).collect()
    }
}

impl Inspecting {
    fn nothing(reason: &'static str, trail: Trail) -> Self {
        Self::done(Verdict::Allow(reason), trail, false)
    }

    fn again(error: UploadError, trail: Trail) -> Self {
        Self::done(Verdict::from(&Rejection::from(error)), trail, true)
    }

    fn done(verdict: Verdict, trail: Trail, again: bool) -> Self {
        Self::Done(Finding { log: Box::new(LogEntry { verdict, trail }), again })
    }
}

impl Inspection {
    /// What the store is to be asked.
    pub fn call(&self) -> StoreCall {
        StoreCall {
            store: self.store.clone(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            segments: None,
            what: match self.head {
                None => What::Head,
                Some(_) => What::FirstBytes(FIRST_BYTES),
            },
        }
    }

    /// Goes on, now that the store has answered, or has not.
    pub fn settle(mut self, reply: Result<Reply, CallError>) -> Inspecting {
        match (self.head.take(), reply) {
            (None, Ok(Reply::Head(head))) => {
                let mut allowing = self.rules.iter().filter(|rule| rule.inspect(&head).is_ok());
                if allowing.any(|rule| rule.wants_bytes(&head)) {
                    return Inspecting::Ask(Box::new(Self { head: Some(head), ..self }));
                }
                self.conclude(head, &[])
            }
            (Some(head), Ok(Reply::FirstBytes(bytes))) => self.conclude(head, &bytes),
            (_, Err(CallError::NotFound)) => Inspecting::nothing("gone", self.trail),
            (_, Err(error)) => Inspecting::again(error.into(), self.trail),
            (_, Ok(_)) => Inspecting::again(UploadError::StoreUnavailable, self.trail),
        }
    }

    /// Tells by the first rule that allows the object and tells somebody; what none of them allows,
    /// by the one that it comes closest to.
    fn conclude(self, head: StoredHead, first: &[u8]) -> Inspecting {
        let Self { event, key, rules, mut trail, .. } = self;
        let look = |rule: &UploadRule| {
            rule.inspect(&head)?;
            if rule.wants_bytes(&head) { inspect_bytes(&head, first) } else { Ok(()) }
        };
        let looked: Vec<_> = rules.iter().map(|rule| (rule, look(rule))).collect();
        let mut telling = looked.iter().filter(|(rule, _)| rule.notify.is_some());
        let found = if looked.iter().any(|(_, verdict)| verdict.is_ok()) {
            telling.find(|(_, verdict)| verdict.is_ok())
        } else {
            telling.clone().find(|(rule, _)| rule.inspect(&head).is_ok()).or_else(|| telling.next())
        };
        let Some((rule, verdict)) = found.cloned() else {
            // It is what another rule allows, which tells nobody.
            return Inspecting::nothing("no_rule", trail);
        };
        let principal = match rule.key.read(&key) {
            Some(Owner::User(user)) => Some(user.to_owned()),
            Some(Owner::Unnamed) | None => None,
        };
        trail.ruled(rule, &key);
        // By now there may be another object, of which there is another event.
        let bare = |etag: &str| etag.trim_matches('"').to_owned();
        let is_same = event.etag.as_deref().is_some_and(|etag| bare(etag) == bare(&head.etag));
        let stored = Stored {
            key,
            head,
            principal,
            version_id: event.version_id.filter(|_| is_same),
            sequencer: event.sequencer.filter(|_| is_same),
        };
        match Notice::new(rule, stored, verdict.clone()) {
            Some(notice) => Inspecting::Tell(Box::new(News { notice, verdict, trail })),
            None => Inspecting::nothing("no_rule", trail),
        }
    }
}

impl News {
    /// What is to be sent to the app.
    pub fn delivery(&self, now: UnixTime) -> Delivery {
        self.notice.delivery(now)
    }

    /// Goes on, now that the app has answered, or has not.
    pub fn settle(self, answer: Result<u16, Unanswered>) -> Inspecting {
        if let Err(error) = Notice::told(answer) {
            return Inspecting::again(error, self.trail);
        }
        let verdict = match self.verdict {
            Ok(()) => Verdict::Allow("told"),
            Err(error) => Verdict::from(&Rejection::from(error)),
        };
        Inspecting::done(verdict, self.trail, false)
    }
}
