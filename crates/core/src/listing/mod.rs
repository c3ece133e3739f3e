//! Listing a bucket: read-only, as clients of S3 and of Swift ask for it.
//!
//! ```text
//! Grant ──locate_bucket──▶ LocatedBucket ──authorize──▶ Listing ─▶ Ask ──(the adapter sends)──┐
//!                                                                   ▲                        │
//!                                          Respond, Reject ◀────────┴──────── settle ◀───────┘
//! ```
//!
//! | module | concept |
//! |---|---|
//! | [`query`] | what is asked |
//! | `authorize` | who may list, and from where on |
//! | [`answer`] | what the store says |
//! | `walk` | what the store is asked, and what of its answers is shown |
//! | `token` | how a listing goes on |
//! | `page` | the documents |
//! | `swift` | the same for clients of Swift |
//!
//! A listing never shows what its viewer may not read: of each key that the store names, the
//! access rule must allow `LIST` and `READ`, and its path must lead to it.

pub mod answer;
pub mod query;
pub mod swift;

mod authorize;
mod error;
mod page;
mod token;
mod walk;

use std::time::Duration;

use crate::acl::scope::{Scope, Viewer};
use crate::disclosure::Disclosure;
use crate::health::{Health, is_failure};
use crate::origin::OriginRequest;
use crate::rejection::Rejection;
use crate::retrieval::{FIRST_PAUSE, TRIES};
use crate::route::RouteBucket;
use crate::store::{ListCall, Store, StoreAnswer, StoreError, Unanswered};
use crate::time::UnixTime;

pub use self::error::ListError;

use self::answer::{Item, StorePage};
use self::authorize::Seer;
use self::page::Page;
use self::query::{ObjectsQuery, Version};
use self::swift::query::ContainerQuery;
use self::token::Sealer;
use self::walk::{Onward, Question, Sight, Step, Walk};

/// Begins a marker of ListObjects that is a token.
const TOKEN_MARKER: &str = "cloakroom-token:";

/// A store's answer to a listing's request.
#[derive(Clone, Copy, Debug)]
pub struct ListAnswer<'a> {
    /// The head.
    pub head: StoreAnswer<'a>,
    /// The body; when it is longer than [`answer::MAX_LENGTH`], one byte more is enough of it.
    pub body: &'a [u8],
}

/// The answer to the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListResponse {
    /// The status: 200, or 204 when there is nothing to say.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body; none for HEAD.
    pub body: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Next {
    /// Wait, then send this, and [settle](Listing::settle) what comes.
    Ask {
        /// Who waits for the answer.
        listing: Box<Listing>,
        /// What to wait for first.
        pause: Duration,
    },
    /// Answer with this.
    Respond(ListResponse),
    /// Answer no.
    Reject(Rejection),
}

/// A listing of what its viewer may see: made by
/// [`LocatedBucket::authorize`](crate::route::LocatedBucket::authorize) and
/// [`Listing::of_buckets`] alone.
///
/// ```
/// # use cloakroom_core::{listing::{Listing, ListError}, route::LocatedBucket};
/// fn list(bucket: LocatedBucket<'_>) -> Result<Listing, ListError> {
///     bucket.authorize()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Listing {
    task: Task,
    viewer: Seer,
    region: Option<String>,
    cors: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
enum Task {
    /// Answers that there is the bucket.
    Head,
    /// Answers where it is.
    Location,
    /// Answers which buckets there are.
    Buckets(Vec<String>),
    /// Answers which containers there are.
    Containers(Answer),
    /// Asks the store.
    Objects(Box<Objects>),
}

#[derive(Clone, Debug)]
struct Objects {
    bucket: RouteBucket,
    asked: Asked,
    walk: Walk,
    /// What the store is being asked.
    question: Option<Question>,
    tries: u32,
}

/// In which form a listing is asked for.
#[derive(Clone, Debug)]
enum Asked {
    S3(ObjectsQuery),
    Swift(ContainerQuery),
}

/// An answer before the headers that all have.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Answer {
    fn xml(body: Option<String>) -> Self {
        Self { status: 200, content_type: "application/xml", headers: Vec::new(), body }
    }
}

/// What tokens are bound to. None of its parts can hold a control character.
fn place(bucket: &RouteBucket, query: &ObjectsQuery) -> String {
    let ObjectsQuery { prefix, delimiter, .. } = query;
    format!("{}\n{}\n{prefix}\n{delimiter}", bucket.store_bucket(), bucket.location())
}

struct Eyes<'a> {
    bucket: &'a RouteBucket,
    viewer: Viewer<'a>,
}

impl Sight for Eyes<'_> {
    fn shows(&self, key: &str) -> bool {
        self.bucket.shows(key, self.viewer)
    }

    fn scopes(&self, prefix: &str) -> Vec<Scope> {
        self.bucket.scopes(prefix, self.viewer)
    }
}

impl Listing {
    /// The headers by which a page of another origin may read the answer, whatever it is.
    pub fn cors(&self) -> &[(&'static str, String)] {
        &self.cors
    }

    /// Begins: answers at once, or asks the store.
    pub fn begin(self, health: &mut Health, now: UnixTime) -> Next {
        let answer = match &self.task {
            Task::Head => Answer::xml(None),
            Task::Location => Answer::xml(Some(page::location(self.region.as_deref()))),
            Task::Buckets(names) => {
                Answer::xml(Some(page::buckets(names.iter().map(String::as_str))))
            }
            Task::Containers(answer) => answer.clone(),
            Task::Objects(_) => return self.go_on(health, now),
        };
        Next::Respond(self.response(answer))
    }

    /// The request to send, signed at the time `now`. None before the listing
    /// [has begun](Listing::begin), and for what is answered without one.
    pub fn request(&self, now: UnixTime) -> Option<OriginRequest> {
        let Task::Objects(objects) = &self.task else { return None };
        let Store::S3(store) = objects.bucket.store() else { return None };
        let question = objects.question.as_ref()?;
        let call = ListCall {
            bucket: objects.bucket.store_bucket(),
            prefix: &question.prefix,
            delimiter: &question.delimiter,
            after: question.after.as_deref(),
            max_keys: question.max_keys,
        };
        Some(OriginRequest::of_list(store.list(&call, now), store.timeout))
    }

    /// The store that it goes to.
    pub fn store(&self) -> Option<&str> {
        match &self.task {
            Task::Objects(objects) => Some(objects.bucket.store().name()),
            Task::Head | Task::Location | Task::Buckets(_) | Task::Containers(_) => None,
        }
    }

    /// Goes on, now that the store has answered, or has not.
    pub fn settle(
        mut self,
        answer: Result<ListAnswer<'_>, Unanswered>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        let Task::Objects(objects) = &mut self.task else { return self.begin(health, now) };
        let eyes = Eyes { bucket: &objects.bucket, viewer: self.viewer.viewer() };
        let store = objects.bucket.store();
        objects.tries = objects.tries.saturating_add(1);
        health.heard(store.name(), answer.map(|answer| answer.head.status), now);
        let was_sent = !matches!(answer, Err(Unanswered::NotSent));
        let rejection = match answer {
            Ok(ListAnswer { head, body }) if head.status == 200 => {
                let heard = StorePage::parse(body).map_err(ListError::Answer).and_then(|page| {
                    let question = objects.question.take().ok_or(ListError::Astray)?;
                    let heard = objects.walk.hear(&question, page, &eyes);
                    heard.map_err(|walk::Astray| ListError::Astray)
                });
                match heard {
                    Ok(()) => {
                        objects.tries = 0;
                        return self.go_on(health, now);
                    }
                    Err(error) => Rejection::List(error),
                }
            }
            Ok(ListAnswer { head, .. }) => refusal(head),
            Err(Unanswered::Unreachable | Unanswered::NotSent) => {
                Rejection::Store(StoreError::Unreachable)
            }
            Err(Unanswered::TimedOut) => {
                Rejection::Store(StoreError::TimedOut { after: store.timeout() })
            }
        };
        let may_pass = match &rejection {
            Rejection::Store(StoreError::Unreachable) => was_sent,
            Rejection::Store(StoreError::Unexpected { status }) => {
                *status == 429 || is_failure(*status)
            }
            _ => false,
        };
        let rests = health.rests_until(store.name(), now).is_some();
        if may_pass && objects.tries < TRIES && !rests {
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(objects.tries - 1));
            return Next::Ask { listing: Box::new(self), pause };
        }
        let disclosure = self.disclosure();
        Next::Reject(rejection.disclosed(disclosure))
    }

    fn disclosure(&self) -> Disclosure {
        match &self.task {
            Task::Objects(objects) => objects.bucket.route().disclosure,
            Task::Head | Task::Location | Task::Buckets(_) | Task::Containers(_) => {
                Disclosure::Full
            }
        }
    }

    /// Asks the next question, or answers the viewer.
    fn go_on(mut self, health: &mut Health, now: UnixTime) -> Next {
        let Task::Objects(objects) = &mut self.task else { return self.begin(health, now) };
        let eyes = Eyes { bucket: &objects.bucket, viewer: self.viewer.viewer() };
        match objects.walk.next(&eyes) {
            Step::Ask(question) => {
                objects.question = Some(question);
                if let Err(until) = health.admit(objects.bucket.store().name(), now) {
                    let rest = until.since(now);
                    return Next::Reject(Rejection::Store(StoreError::Resting { rest }));
                }
                Next::Ask { listing: Box::new(self), pause: Duration::ZERO }
            }
            Step::Done { shown, next } => {
                let items = objects.relative(shown);
                let answer = match &objects.asked {
                    Asked::S3(query) => {
                        let occasion = occasion(query, &self.viewer, now);
                        Ok(Answer::xml(Some(objects.document(query, &items, next, &occasion))))
                    }
                    Asked::Swift(query) => swift::answer(query, &items, next.as_ref()),
                };
                match answer {
                    Ok(answer) => Next::Respond(self.response(answer)),
                    Err(error) => Next::Reject(Rejection::List(error)),
                }
            }
        }
    }

    fn response(self, answer: Answer) -> ListResponse {
        let Answer { status, content_type, headers: more, body } = answer;
        let mut headers = vec![
            ("content-type", content_type.to_owned()),
            // Another viewer would see another listing, and so would this one tomorrow.
            ("cache-control", "private, no-store".to_owned()),
            ("content-security-policy", "sandbox; default-src 'none'".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        headers.extend(more);
        headers.extend(self.region.map(|region| ("x-amz-bucket-region", region)));
        headers.extend(self.cors);
        ListResponse { status, headers, body }
    }
}

/// What an answer means that is no listing.
fn refusal(head: StoreAnswer<'_>) -> Rejection {
    match (head.status, head.header("x-amz-bucket-region")) {
        (404, _) => Rejection::List(ListError::NoBucket),
        (301 | 307 | 400, Some(region)) => {
            Rejection::Store(StoreError::OtherRegion { region: region.to_owned() })
        }
        (401 | 403, _) => Rejection::List(ListError::Refused),
        (status, _) => Rejection::Store(StoreError::Unexpected { status }),
    }
}

impl Objects {
    /// What is shown as the viewer sees it, without the location.
    fn relative(&self, shown: Vec<Item>) -> Vec<Item> {
        let relative = |key: String| self.bucket.relative(&key).map(str::to_owned);
        // INVARIANT: whatever is shown begins with the prefix, and that with the location.
        let items = shown.into_iter().filter_map(|item| {
            Some(match item {
                Item::Object(object) => {
                    Item::Object(answer::Object { key: relative(object.key)?, ..object })
                }
                Item::Group(prefix) => Item::Group(relative(prefix)?),
            })
        });
        items.collect()
    }

    /// The document for a client of S3.
    fn document(
        &self,
        query: &ObjectsQuery,
        items: &[Item],
        next: Option<Onward>,
        occasion: &str,
    ) -> String {
        let seal = |position: &str| self.seal(query, position, occasion);
        let relative = |key: String| self.bucket.relative(&key).map(str::to_owned);
        let next = next.map(|next| match (query.version, next.shown.and_then(relative)) {
            (Version::V1, Some(shown)) => shown,
            (Version::V1, None) => format!("{TOKEN_MARKER}{}", seal(&next.position)),
            (Version::V2, _) => seal(&next.position),
        });
        Page { name: self.bucket.name(), query, items, next: next.as_deref() }.to_xml()
    }

    fn seal(&self, query: &ObjectsQuery, position: &str, occasion: &str) -> String {
        // INVARIANT: no listing of another store is authorized.
        let Store::S3(store) = self.bucket.store() else { return String::new() };
        let secret = store.credentials.secret_access_key.secret();
        Sealer { secret, place: &place(&self.bucket, query) }.seal(position, occasion)
    }
}

/// What makes one token different from another of the same position.
fn occasion(query: &ObjectsQuery, viewer: &Seer, now: UnixTime) -> String {
    format!("{viewer:?}\n{query:?}\n{}", now.as_secs())
}
