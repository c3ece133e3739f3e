//! Making answers to the viewer, of what a store says and of copies.

use std::time::Duration;

use crate::cache::{Copy, keep};
use crate::chunks::Outline;
use crate::conditions::{Met, evaluate, is_for};
use crate::health::Health;
use crate::origin::Wanted;
use crate::request::Method;
use crate::response::ViewerResponse;
use crate::store::StoreAnswer;
use crate::time::UnixTime;

use super::{Body, CacheStatus, Copies, Next, Response, Retrieval};

impl Retrieval {
    /// The store's answer, for the viewer and to keep.
    pub(super) fn serve_from_store(self, answer: StoreAnswer<'_>, now: UnixTime) -> Next {
        let part = self.wanted.part_that_is_all(answer);
        let cache = match &self.copies {
            None => CacheStatus::Bypass,
            Some(Copies { stale: None, .. }) => CacheStatus::Miss,
            Some(Copies { stale: Some(_), .. }) => CacheStatus::Expired,
        };
        // The store was not told all of the viewer's conditions.
        let status = match answer.status {
            200 | 206 => self.status_for_viewer(answer).unwrap_or(answer.status),
            status => status,
        };
        let is_whole = status == 200 && self.wanted.method == Method::Get;
        // While the route's own store fails, the fallback may have an older object.
        let may_keep = is_whole && self.trouble.is_none();
        let copies = self.copies.as_ref();
        let keep = copies
            .filter(|_| may_keep)
            .and_then(|copies| keep(answer, copies.key.clone(), &copies.rule, now));
        let is_own = self.trouble.is_none() && !self.at_fallback;
        let outline = copies
            .filter(|copies| is_own && copies.looking.learns_from(answer))
            .and_then(|copies| Outline::keep(answer, &copies.key, &copies.rule, now));
        let missed = copies.filter(|_| is_own).and_then(|copies| copies.looking.missed());
        let answer = match &part {
            Some(headers) if status == 200 => StoreAnswer { status: 206, headers },
            _ => StoreAnswer { status, ..answer },
        };
        let mut head = ViewerResponse::from_store(&self.delivery, &answer, now);
        if status == 304
            && answer.header("etag").is_none()
            && let Some(tag) = self.wanted.confirmed_tag()
        {
            // Ceph leaves out what RFC 9110, section 15.4.5, demands.
            head.headers.push(("etag", tag.to_owned()));
        }
        let body = self.wanted.body_of(&head, Body::Store);
        let response = Response::new(head, body, cache);
        Next::Respond(Box::new(Response { keep, outline, missed, ..response }))
    }

    /// The copy, of which the store says that it is still the object.
    pub(super) fn serve_renewed_copy(
        mut self,
        unchanged: StoreAnswer<'_>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        let stale = self.copies.as_mut().and_then(|copies| {
            let copy = copies.stale.take()?;
            let keep = copy.renewed(copies.key.clone(), &copies.rule, now);
            let renewal = copy.renewal(copies.key.clone(), &copies.rule);
            Some((copy, keep, renewal))
        });
        // INVARIANT: it was asked about a copy.
        let Some((copy, keep, renewal)) = stale else { return self.ask(health, now) };
        if copy.is_described_anew(unchanged) {
            // RFC 9111, section 4.3.4; what else has changed, a 304 need not say.
            return self.ask(health, now);
        }
        match self.serve_copy(&copy, CacheStatus::Revalidated, now) {
            Ok(response) => {
                // Of a body that nobody is sent, nothing can be kept.
                let keep = keep.filter(|_| response.body != Body::None);
                Next::Respond(Box::new(Response { keep, renewal, ..response }))
            }
            Err(next) => next.unwrap_or_else(|| self.without_copies().ask(health, now)),
        }
    }

    /// The copy as an answer. Otherwise what is to be done first, or nothing when somebody else
    /// has to answer.
    pub(super) fn serve_copy(
        &self,
        copy: &Copy,
        cache: CacheStatus,
        now: UnixTime,
    ) -> Result<Response, Option<Next>> {
        let answer = copy.answer();
        let part_of_other = answer.status == 206
            && self.wanted.header("if-range").is_some_and(|it| !is_for(it, answer.validators()));
        let Some(status) = self.status_for_viewer(answer) else { return Err(None) };
        if part_of_other && status == 206 {
            // The whole of the copy is wanted.
            let wanted = self.wanted.clone().whole();
            return Err(Some(Next::Look(Box::new(Self { wanted, ..self.clone() }))));
        }
        let part = self.wanted.part_that_is_all(answer);
        let answer = match &part {
            Some(headers) if status == 200 => StoreAnswer { status: 206, headers },
            _ => StoreAnswer { status, ..answer },
        };
        // What the store has just confirmed is as new as its answer.
        let age = if cache == CacheStatus::Revalidated { Duration::ZERO } else { copy.age(now) };
        let head = ViewerResponse::from_copy(&self.delivery, &answer, age, now);
        let body = self.wanted.body_of(&head, Body::Copy);
        Ok(Response::new(head, body, cache))
    }

    /// The status that the viewer's conditions make of an answer; none when they cannot be read.
    pub(super) fn status_for_viewer(&self, answer: StoreAnswer<'_>) -> Option<u16> {
        match evaluate(|name| self.wanted.header(name), answer.validators()) {
            Met::Yes => Some(answer.status),
            Met::NotModified => Some(304),
            Met::Failed => Some(412),
            Met::Unknown => None,
        }
    }
}

impl Wanted {
    /// The headers of a whole as the part of it that is wanted, when that is all of it. A store
    /// is asked for the whole when it may be kept, and the platform's cache says 200 to a suffix
    /// that is no shorter than the copy.
    fn part_that_is_all(&self, answer: StoreAnswer<'_>) -> Option<Vec<(String, String)>> {
        let range = self.header("range").filter(|_| self.is_for_a_part())?;
        if !self.header("if-range").is_none_or(|it| is_for(it, answer.validators())) {
            return None;
        }
        let length: u64 = answer.header("content-length")?.parse().ok()?;
        let last = length.checked_sub(1)?;
        let is_all = match range.strip_prefix("bytes=-") {
            Some(suffix) => suffix.parse::<u64>().is_ok_and(|suffix| suffix >= length),
            None => range == "bytes=0-",
        };
        is_all.then(|| {
            let mut headers = answer.headers.to_vec();
            headers.push(("content-range".to_owned(), format!("bytes 0-{last}/{length}")));
            headers
        })
    }

    /// Where the body of an answer is that would be in `place`.
    pub(super) fn body_of(&self, head: &ViewerResponse, place: Body) -> Body {
        if head.has_body && self.method == Method::Get { place } else { Body::None }
    }
}
