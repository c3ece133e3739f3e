//! Getting an allowed object: which store is asked, what its answer means, who is asked next.
//!
//! ```text
//! retrieve ─▶ Ask ──(the adapter sends)──▶ settle ─┬─▶ Respond
//!              ▲                                   ├─▶ Reject
//!              └──────── after a while ────────────┘
//! ```
//!
//! | the store | what is done |
//! |---|---|
//! | answers with the object, 304, 412, 416 | the viewer gets it |
//! | says 404, or 403 for its own reasons | the fallback is asked, if there is one |
//! | refuses the key of a TempURL | its other key is tried |
//! | says 429, 500, 502, 503, 504, or cannot be reached | it is asked again, [`TRIES`] times in all; then the fallback |
//! | does not answer in time | the fallback is asked: the viewer has waited enough |
//! | says anything else | the viewer is told that it failed |
//!
//! An object that one store does not have is absent only if no other store failed: where it may
//! be, nobody knows.

use std::fmt;
use std::time::Duration;

use crate::access::Access;
use crate::acl::decision::AllowedBy;
use crate::disclosure::Disclosure;
use crate::disposition::ContentDisposition;
use crate::health::Health;
use crate::origin::{OriginRequest, Wanted};
use crate::rejection::Rejection;
use crate::response::{Delivery, Sharing, ViewerResponse};
use crate::route::{Located, Source};
use crate::store::KeyChoice;
use crate::ticket_cookie::exchange::Exchange;
use crate::time::UnixTime;

/// How often one store is asked.
pub const TRIES: u32 = 3;

/// How long to wait before a store is asked again: twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The store did not answer with the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// 404: there is no such object.
    NotFound,
    /// 403: S3 says so for a missing object, too, when the credentials may not list the bucket.
    Denied,
    /// 401: it does not know the keys, or none of them is for this container.
    KeyRefused,
    /// The bucket is in another region than the policy says.
    OtherRegion {
        /// The one that the store names.
        region: String,
    },
    /// Any other status that has no meaning for the viewer.
    Unexpected {
        /// The status.
        status: u16,
    },
    /// No answer came.
    Unreachable,
    /// None came in time.
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
    /// None was waited for: the store has failed too often.
    Resting {
        /// For how long it is left alone.
        rest: Duration,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("the store has no such object"),
            Self::Denied => f.write_str(
                "the store refused the gate's own request: the object is missing and the store's \
                 credentials may not list the bucket, or the credentials are wrong",
            ),
            Self::KeyRefused => {
                f.write_str("the store refused the gate's keys: are they the ones that it has?")
            }
            Self::OtherRegion { region } => write!(
                f,
                "the store says that the bucket is in `{}`; set the store's `region` to that",
                region.escape_debug()
            ),
            Self::Unexpected { status } => write!(f, "the store answered {status}"),
            Self::Unreachable => f.write_str("the store did not answer"),
            Self::TimedOut { after } => {
                write!(f, "the store did not answer within {} s", after.as_secs())
            }
            Self::Resting { rest } => write!(
                f,
                "the store has failed again and again, and is left alone for {} s",
                rest.as_secs()
            ),
        }
    }
}

/// The head of a store's answer.
#[derive(Clone, Copy, Debug)]
pub struct StoreAnswer<'a> {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: &'a [(String, String)],
}

impl<'a> StoreAnswer<'a> {
    /// The first value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut named = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The connection could not be made, or broke.
    Unreachable,
    /// The time was over.
    TimedOut,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Next {
    /// Wait, then send this, and [settle](Retrieval::settle) what comes.
    Ask {
        /// Who waits for the answer.
        retrieval: Box<Retrieval>,
        /// What to wait for first.
        pause: Duration,
    },
    /// Answer with this head, and the body of the store's last answer.
    Respond(ViewerResponse),
    /// Answer no.
    Reject(Rejection),
}

/// An allowed object on its way: made by [`Access::retrieve`] alone.
///
/// ```
/// # use cloakroom_core::{access::Access, retrieval::Retrieval, ticket_cookie::exchange::Exchange};
/// fn retrieve(access: Access<'_, '_>) -> Retrieval {
///     access.retrieve(Exchange::NotAsked)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Retrieval {
    wanted: Wanted,
    source: Source,
    fallback: Option<Source>,
    key: KeyChoice,
    tries: u32,
    /// What kept a store from saying whether it has the object.
    trouble: Option<StoreError>,
    delivery: Delivery,
    disclosure: Disclosure,
}

impl Access<'_, '_> {
    /// Sets out to get the object, and perhaps a cookie for the viewer.
    pub fn retrieve(self, exchange: Exchange) -> Retrieval {
        let located = self.located();
        let (route, request) = (located.route(), located.grant().request());
        let source = located.source().clone();
        Retrieval {
            wanted: Wanted::new(request, located.view().version.clone()),
            delivery: Delivery {
                sharing: match &exchange {
                    // Another viewer must not be given the cookie.
                    Exchange::Set(_) => Sharing::Nobody,
                    _ => sharing(located, self.allowed().by),
                },
                cookie: match exchange {
                    Exchange::Set(cookie) => Some(cookie),
                    Exchange::NotAsked | Exchange::Refused(_) => None,
                },
                expires_at: located.grant().expires_at(),
                cors: route.cors.headers(request),
                headers: located.view().headers.clone(),
                disposition: self
                    .disposition()
                    .map(|asked| ContentDisposition::new(&asked, source.key.as_str())),
            },
            disclosure: route.disclosure,
            source,
            fallback: located.place().fallback.clone(),
            key: KeyChoice::default(),
            tries: 0,
            trouble: None,
        }
    }
}

impl Retrieval {
    /// The request to send, signed at the time `now`.
    pub fn request(&self, now: UnixTime) -> OriginRequest {
        OriginRequest::sign(&self.wanted, &self.source, self.key, now)
    }

    /// The store that it goes to.
    pub fn store(&self) -> &str {
        self.source.store.name()
    }

    /// The headers by which a page of another origin may read the answer, whatever it is.
    pub fn cors(&self) -> &[(&'static str, String)] {
        &self.delivery.cors
    }

    /// Begins: asks the first store that is not known to be dead.
    pub fn begin(self, health: &Health, now: UnixTime) -> Next {
        match health.rests_until(self.store(), now) {
            Some(until) => {
                self.elsewhere(StoreError::Resting { rest: until.since(now) }, health, now)
            }
            None => Next::Ask { retrieval: Box::new(self), pause: Duration::ZERO },
        }
    }

    /// Goes on, now that the store has answered, or has not.
    pub fn settle(
        mut self,
        answer: Result<StoreAnswer<'_>, Unanswered>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        self.tries = self.tries.saturating_add(1);
        let error = match answer {
            Ok(answer) => {
                if is_failure(answer.status) {
                    health.failed(self.store(), now);
                } else {
                    health.succeeded(self.store());
                }
                if let Some(key) = self.source.store.next_key(self.key, answer.status) {
                    return Self { key, tries: 0, ..self }.again(Duration::ZERO);
                }
                match self.read(answer) {
                    Reading::Object => {
                        let key = &self.source.key;
                        let store = &self.source.store;
                        let response =
                            ViewerResponse::from_store(&self.delivery, store, key, &answer, now);
                        return Next::Respond(response);
                    }
                    Reading::OtherVersion => {
                        let wanted = self.wanted.whole();
                        return Self { wanted, tries: 0, ..self }.again(Duration::ZERO);
                    }
                    Reading::Error(error) => error,
                }
            }
            Err(unanswered) => {
                health.failed(self.store(), now);
                match unanswered {
                    Unanswered::Unreachable => StoreError::Unreachable,
                    Unanswered::TimedOut => {
                        StoreError::TimedOut { after: self.source.store.timeout() }
                    }
                }
            }
        };
        let may_pass = match &error {
            StoreError::Unreachable => true,
            StoreError::Unexpected { status } => *status == 429 || is_failure(*status),
            _ => false,
        };
        if may_pass && self.tries < TRIES && health.rests_until(self.store(), now).is_none() {
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.tries - 1));
            return self.again(pause);
        }
        self.elsewhere(error, health, now)
    }

    fn again(self, pause: Duration) -> Next {
        Next::Ask { retrieval: Box::new(self), pause }
    }

    /// What a status means for what was asked.
    fn read(&self, answer: StoreAnswer<'_>) -> Reading {
        match answer.status {
            200 => Reading::Object,
            206 if self.wanted.is_for_a_part() => match self.wanted.header("if-range") {
                // Not every store knows If-Range; a part of another version would be put
                // together with what the viewer has of this one.
                Some(validator) if !is_validator_of(validator, answer) => Reading::OtherVersion,
                _ => Reading::Object,
            },
            416 if self.wanted.is_for_a_part() => Reading::Object,
            304 | 412 if self.wanted.is_conditional() => Reading::Object,
            401 => Reading::Error(StoreError::KeyRefused),
            404 => Reading::Error(StoreError::NotFound),
            403 => Reading::Error(StoreError::Denied),
            status => Reading::Error(match answer.header("x-amz-bucket-region") {
                Some(region) if matches!(status, 301 | 307 | 400) => {
                    StoreError::OtherRegion { region: region.to_owned() }
                }
                _ => StoreError::Unexpected { status },
            }),
        }
    }

    /// Asks the fallback, or answers no.
    fn elsewhere(self, error: StoreError, health: &Health, now: UnixTime) -> Next {
        let is_absent = matches!(error, StoreError::NotFound | StoreError::Denied);
        let trouble = self.trouble.or((!is_absent).then(|| error.clone()));
        match self.fallback {
            Some(source) => {
                let key = KeyChoice::default();
                let next = Self { source, fallback: None, key, tries: 0, trouble, ..self };
                next.begin(health, now)
            }
            None => {
                let rejection = Rejection::Store(trouble.unwrap_or(error));
                Next::Reject(rejection.disclosed(self.disclosure))
            }
        }
    }
}

/// What a store's answer is.
enum Reading {
    /// What was asked for.
    Object,
    /// A part of another version than the viewer has.
    OtherVersion,
    /// Nothing that the viewer could use.
    Error(StoreError),
}

/// Whether a store that says so is in trouble.
fn is_failure(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// Whether the validator of an If-Range is that of the answer (RFC 9110, section 13.1.5): a
/// strong entity tag, or the date exactly.
fn is_validator_of(validator: &str, answer: StoreAnswer<'_>) -> bool {
    if validator.starts_with("W/") {
        false
    } else if validator.starts_with('"') {
        // Swift leaves out the quotes.
        let strong = answer.header("etag").filter(|tag| !tag.starts_with("W/"));
        strong.is_some_and(|tag| tag.trim_matches('"') == validator.trim_matches('"'))
    } else {
        answer.header("last-modified") == Some(validator)
    }
}

/// Who else may be given the same answer for the same URL.
fn sharing(located: &Located<'_, '_>, by: AllowedBy) -> Sharing {
    // A version or a header that a signature asked for is not everyone's to have.
    if by == AllowedBy::Everyone && located.view().is_plain() {
        Sharing::Everyone
    } else if located.grant().dialect().is_in_url() && by != AllowedBy::Referrer {
        Sharing::UrlHolders
    } else {
        Sharing::Nobody
    }
}
