//! Getting an allowed object: which store is asked, what its answer means, who is asked next.
//!
//! ```text
//! retrieve ─▶ Look ──(the adapter looks)──▶ found ──┬─▶ Respond
//!                                    ┌───────────────┘      ▲
//!                                    ▼                      │
//!                                   Ask ──(it sends)──▶ settle ─▶ Reject
//!                                    ▲                      │
//!                                    └──── after a while ───┘
//! ```
//!
//! | the store | what is done |
//! |---|---|
//! | answers with the object, 304, 412, 416 | the viewer gets it |
//! | says 404, or 403 for its own reasons | the fallback is asked, if there is one |
//! | refuses the key of a TempURL | its other key is tried |
//! | says 429, 500, 502, 503, 504, or cannot be reached | it is asked again, [`TRIES`] times in all; then the fallback |
//! | does not answer in time | the fallback is asked: the viewer has waited enough |
//! | says anything else | the fallback is asked; without one the viewer is told that it failed |
//!
//! Where the route keeps copies, one is looked for first ([`cache`](crate::cache)): a fresh one is
//! the answer, and a stale one is asked about. Where a store fails, a stale copy comes before the
//! fallback, which may have an older object; and of what a fallback says meanwhile nothing is kept.
//!
//! An object that one store does not have is absent only if no other store failed: where it may
//! be, nobody knows.

mod large;
mod next;
mod serve;

use std::time::Duration;

use crate::access::Access;
use crate::acl::decision::AllowedBy;
use crate::cache::{CacheRule, Copy, CopyKey};
use crate::conditions::is_for;
use crate::disclosure::Disclosure;
use crate::disposition::ContentDisposition;
use crate::health::{Health, is_failure};
use crate::origin::{OriginRequest, Wanted};
use crate::purge::Purges;
use crate::rejection::Rejection;
use crate::request::Method;
use crate::response::{Delivery, EntityTags, Sharing};
use crate::route::{Located, Source};
use crate::store::{KeyChoice, StoreAnswer, StoreError, Unanswered};
use crate::ticket_cookie::exchange::Exchange;
use crate::time::UnixTime;

use self::large::Looking;
pub use self::next::{Body, CacheStatus, Next, Response};

/// How often one store is asked.
pub const TRIES: u32 = 3;

/// How long to wait before a store is asked again: twice as long each time.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// An allowed object on its way: made by [`Access::retrieve`] alone.
///
/// ```
/// # use cloakroom_core::{access::Access, purge::Purges, retrieval::Retrieval};
/// # use cloakroom_core::ticket_cookie::exchange::Exchange;
/// fn retrieve(access: Access<'_, '_>) -> Retrieval {
///     access.retrieve(Exchange::NotAsked, &Purges::default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Retrieval {
    wanted: Wanted,
    source: Source,
    fallback: Option<Source>,
    at_fallback: bool,
    key: KeyChoice,
    tries: u32,
    /// What kept a store from saying whether it has the object.
    trouble: Option<StoreError>,
    copies: Option<Copies>,
    delivery: Delivery,
    disclosure: Disclosure,
}

/// Where copies are kept, and what was found there.
#[derive(Clone, Debug)]
struct Copies {
    key: CopyKey,
    rule: CacheRule,
    /// Those that were kept up to then do not count.
    purged_until: Option<UnixTime>,
    looking: Looking,
    /// One that is to be asked about.
    stale: Option<Copy>,
}

impl Access<'_, '_> {
    /// Sets out to get the object, and perhaps a cookie for the viewer. Copies that were purged
    /// do not count.
    pub fn retrieve(self, exchange: Exchange, purges: &Purges) -> Retrieval {
        let located = self.located();
        let (route, request, view) = (located.route(), located.grant().request(), located.view());
        let source = located.source().clone();
        let copies = route.cache.as_ref().and_then(|rule| {
            let version = view.version.as_deref();
            let key = CopyKey::new(request.host(), (&route.name, rule), &source, version)?;
            let purged_until = purges.latest(&route.name, source.key.as_str());
            let looking = Looking::Whole;
            Some(Copies { key, rule: rule.clone(), purged_until, looking, stale: None })
        });
        Retrieval {
            wanted: Wanted::new(request, view.version.clone()),
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
                tags: match located.grant().dialect().is_auth_token() {
                    true => EntityTags::OfMd5,
                    false => EntityTags::AsStored,
                },
                headers: view.headers.clone(),
                disposition: self
                    .disposition()
                    .map(|asked| ContentDisposition::new(&asked, source.key.as_str())),
            },
            disclosure: route.disclosure,
            source,
            // A version is one of the store that it was asked of.
            fallback: located.place().fallback.clone().filter(|_| view.version.is_none()),
            at_fallback: false,
            key: KeyChoice::default(),
            tries: 0,
            trouble: None,
            copies,
        }
    }
}

impl Retrieval {
    /// The request to send, signed at the time `now`.
    pub fn request(&self, now: UnixTime) -> OriginRequest {
        let wanted = match self.copies.as_ref().and_then(|copies| copies.stale.as_ref()) {
            Some(copy) => self.wanted.clone().unless(copy.validators()),
            None if self.asks_for_whole() => self.wanted.clone().whole(),
            None => self.wanted.clone(),
        };
        OriginRequest::sign(&wanted, &self.source, self.key, now)
    }

    /// Whether the part that is wanted is all of the object, of which a copy could be kept.
    /// Players of videos begin so.
    fn asks_for_whole(&self) -> bool {
        let all = self.wanted.is_for_a_part() && self.wanted.header("range") == Some("bytes=0-");
        all && self.copies.as_ref().is_some_and(|copies| copies.stale.is_none())
    }

    /// The store that it goes to.
    pub fn store(&self) -> &str {
        self.source.store.name()
    }

    /// The headers by which a page of another origin may read the answer, whatever it is.
    pub fn cors(&self) -> &[(&'static str, String)] {
        &self.delivery.cors
    }

    /// The copy to look for, and the part of it that is wanted, as `Range` says it.
    pub fn copy(&self) -> Option<(CopyKey, Option<String>)> {
        let part = self.wanted.header("range").filter(|_| self.wanted.is_for_a_part());
        self.copies.as_ref().map(|copies| copies.looking.place(&copies.key, part))
    }

    /// Whether what a store answers may become a copy, for which others can wait.
    pub fn may_keep(&self) -> bool {
        let is_for_all = !self.wanted.is_for_a_part() || self.asks_for_whole();
        let is_whole = |copies: &Copies| matches!(copies.looking, Looking::Whole);
        self.copies.as_ref().is_some_and(is_whole)
            && is_for_all
            && self.wanted.method == Method::Get
            && !self.wanted.is_conditional()
    }

    /// Begins: with a copy, or with the first store that is not known to be dead.
    pub fn begin(self, health: &mut Health, now: UnixTime) -> Next {
        if self.copies.is_some() { Next::Look(Box::new(self)) } else { self.ask(health, now) }
    }

    /// Goes on, now that a copy has been looked for.
    pub fn found(
        mut self,
        copy: Option<StoreAnswer<'_>>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        match self.copies.as_ref().map(|copies| copies.looking.clone()) {
            Some(Looking::Outline) => return self.found_outline(copy, health, now),
            Some(Looking::Chunk(part)) => return self.found_chunk(&part, copy, health, now),
            Some(Looking::Whole) | None => {}
        }
        let purged_until = self.copies.as_ref().and_then(|copies| copies.purged_until);
        let copy = copy.and_then(Copy::read).filter(|copy| copy.counts(purged_until, now));
        let Some(copy) = copy else {
            return if self.look_for_outline() {
                Next::Look(Box::new(self))
            } else {
                self.ask(health, now)
            };
        };
        if copy.is_fresh(now) {
            return match self.serve_copy(&copy, CacheStatus::Hit, now) {
                Ok(response) => Next::Respond(Box::new(response)),
                Err(next) => next.unwrap_or_else(|| self.without_copies().ask(health, now)),
            };
        }
        if let Some(copies) = &mut self.copies {
            copies.stale = Some(copy);
        }
        self.ask(health, now)
    }

    /// Goes on, now that the store has answered, or has not.
    pub fn settle(
        mut self,
        answer: Result<StoreAnswer<'_>, Unanswered>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        self.tries = self.tries.saturating_add(1);
        health.heard(self.store(), answer.map(|answer| answer.status), now);
        let error = match answer {
            Ok(answer) => {
                if let Some(key) = self.source.store.next_key(self.key, answer.status) {
                    return Self { key, tries: 0, ..self }.again(Duration::ZERO);
                }
                health.key_was(self.source.store.name(), self.key, answer.status);
                let headers = self.source.stored_headers(answer.headers);
                let answer = StoreAnswer { status: answer.status, headers: &headers };
                match self.read(answer) {
                    Reading::Object => return self.serve_from_store(answer, now),
                    Reading::SameAsCopy => return self.serve_renewed_copy(answer, health, now),
                    Reading::OtherVersion => {
                        let wanted = self.wanted.whole();
                        return Self { wanted, tries: 0, ..self }.again(Duration::ZERO);
                    }
                    Reading::Error(error) => error,
                }
            }
            // Which would be the same the next time.
            Err(Unanswered::NotSent) => {
                return self.elsewhere(StoreError::Unreachable, health, now);
            }
            Err(Unanswered::Unreachable) => StoreError::Unreachable,
            Err(Unanswered::TimedOut) => {
                StoreError::TimedOut { after: self.source.store.timeout() }
            }
        };
        let may_pass = match &error {
            StoreError::Unreachable => true,
            StoreError::Unexpected { status } => *status == 429 || is_failure(*status),
            _ => false,
        };
        if may_pass && self.tries < TRIES && health.rests_until(self.store(), now).is_none() {
            let doublings = self.tries.saturating_sub(1);
            return self.again(FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)));
        }
        self.elsewhere(error, health, now)
    }

    fn ask(self, health: &mut Health, now: UnixTime) -> Next {
        match health.admit(self.store(), now) {
            Err(until) => {
                self.elsewhere(StoreError::Resting { rest: until.since(now) }, health, now)
            }
            Ok(()) => Self { key: health.key(self.store()), ..self }.again(Duration::ZERO),
        }
    }

    fn again(self, pause: Duration) -> Next {
        Next::Ask { retrieval: Box::new(self), pause }
    }

    fn without_copies(self) -> Self {
        Self { copies: None, ..self }
    }

    /// What a status means for what was asked.
    fn read(&self, answer: StoreAnswer<'_>) -> Reading {
        let asks_about_copy = self.copies.as_ref().is_some_and(|copies| copies.stale.is_some());
        match answer.status {
            200 => Reading::Object,
            206 if self.wanted.is_for_a_part() => match self.wanted.header("if-range") {
                // Not every store knows If-Range.
                Some(validator) if !is_for(validator, answer.validators()) => Reading::OtherVersion,
                _ => Reading::Object,
            },
            416 if self.wanted.is_for_a_part() => match self.wanted.header("if-range") {
                // Without the part it can be told whether the conditions are met.
                _ if self.wanted.has_conditions_of_its_own() => Reading::OtherVersion,
                Some(validator) if !is_for(validator, answer.validators()) => Reading::OtherVersion,
                _ => Reading::Object,
            },
            304 if asks_about_copy => Reading::SameAsCopy,
            304 | 412 if self.wanted.is_conditional() => Reading::Object,
            401 => Reading::Error(StoreError::KeyRefused),
            403 => Reading::Error(StoreError::Denied),
            404 => Reading::Error(StoreError::NotFound),
            status => Reading::Error(match answer.header("x-amz-bucket-region") {
                Some(region) if matches!(status, 301 | 307 | 400) => {
                    StoreError::OtherRegion { region: region.to_owned() }
                }
                _ => StoreError::Unexpected { status },
            }),
        }
    }

    /// Serves a copy that is not fresh, asks the fallback, or answers no.
    fn elsewhere(self, error: StoreError, health: &mut Health, now: UnixTime) -> Next {
        let is_absent = matches!(error, StoreError::NotFound | StoreError::Denied);
        let trouble = self.trouble.clone().or((!is_absent).then(|| error.clone()));
        let stale = self.copies.as_ref().and_then(|copies| {
            let copy = copies.stale.as_ref()?;
            copy.may_serve_stale(&copies.rule, now).then_some(copy)
        });
        if let (Some(copy), Some(_)) = (stale, &trouble) {
            match self.serve_copy(copy, CacheStatus::Stale, now) {
                Ok(response) => return Next::Respond(Box::new(response)),
                Err(Some(next)) => return next,
                Err(None) => {}
            }
        }
        if let Some(source) = self.fallback.clone() {
            let next =
                Self { source, fallback: None, at_fallback: true, tries: 0, trouble, ..self };
            return next.ask(health, now);
        }
        // A 403 may be about the gate's own credentials, so only a 404 is the end of a copy.
        let is_gone = trouble.is_none() && error == StoreError::NotFound;
        let forget = self.copies.filter(|copies| is_gone && copies.stale.is_some());
        let rejection = Rejection::Store(trouble.unwrap_or(error));
        Next::Reject {
            rejection: rejection.disclosed(self.disclosure),
            forget: forget.map(|copies| copies.key),
        }
    }
}

/// What a store's answer is.
enum Reading {
    /// What was asked for.
    Object,
    /// The word that the copy is still right.
    SameAsCopy,
    /// A part of another version than the viewer has, perhaps.
    OtherVersion,
    /// Nothing that the viewer could use.
    Error(StoreError),
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
