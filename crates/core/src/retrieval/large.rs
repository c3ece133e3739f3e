//! Parts of objects that are kept in chunks: what is looked for after the whole copy.

use std::sync::Arc;

use crate::cache::CopyKey;
use crate::chunks::{Outline, Piece, Pieces, Place};
use crate::conditions::is_for;
use crate::health::Health;
use crate::response::ViewerResponse;
use crate::store::StoreAnswer;
use crate::time::UnixTime;

use super::{Body, CacheStatus, Copies, Next, Response, Retrieval};

/// Which copy is being looked for.
#[derive(Clone, Debug)]
pub(super) enum Looking {
    /// The whole one.
    Whole,
    /// The outline of an object that is kept in chunks.
    Outline,
    /// The first chunk of the part that is wanted.
    Chunk(Arc<Part>),
}

/// A part that is put together of chunks.
#[derive(Clone, Debug)]
pub(super) struct Part {
    outline: Outline,
    range: (u64, u64),
    first: Piece,
    rest: Pieces,
}

impl Looking {
    /// Where to look, and for which part of what is there.
    pub(super) fn place(&self, key: &CopyKey, range: Option<&str>) -> (CopyKey, Option<String>) {
        match self {
            Self::Whole => (key.clone(), range.map(str::to_owned)),
            Self::Outline => (key.outline(), None),
            Self::Chunk(part) => match part.first.copy() {
                Some((key, range)) => (key, Some(range)),
                None => (key.outline(), None),
            },
        }
    }

    /// Whether a store's answer says something new of a large object.
    pub(super) fn learns_from(&self, answer: StoreAnswer<'_>) -> bool {
        match self {
            Self::Whole | Self::Outline => true,
            Self::Chunk(part) => part.outline.copy.validators().etag != answer.validators().etag,
        }
    }

    /// The chunk that was looked for and not found.
    pub(super) fn missed(&self) -> Option<Piece> {
        match self {
            Self::Whole | Self::Outline => None,
            Self::Chunk(part) => Some(part.first.chunk().unwrap_or_else(|| part.first.clone())),
        }
    }
}

impl Retrieval {
    /// Whether there may be chunks of what is wanted: then the outline is to be looked for.
    pub(super) fn look_for_outline(&mut self) -> bool {
        let is_for_a_part = self.wanted.is_for_a_part();
        let copies = self.copies.as_mut().filter(|copies| copies.rule.chunk_size.is_some());
        let Some(copies) = copies.filter(|_| is_for_a_part) else { return false };
        copies.looking = Looking::Outline;
        true
    }

    /// Goes on with the outline: by the first chunk, or by the store.
    pub(super) fn found_outline(
        mut self,
        found: Option<StoreAnswer<'_>>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        match found.and_then(|found| self.plan(found, health, now)) {
            Some(part) => {
                if let Some(copies) = &mut self.copies {
                    copies.looking = Looking::Chunk(Arc::new(part));
                }
                Next::Look(Box::new(self))
            }
            None => self.ask(health, now),
        }
    }

    /// How a part is put together, if the outline is fresh and it can be.
    fn plan(&self, found: StoreAnswer<'_>, health: &Health, now: UnixTime) -> Option<Part> {
        let Copies { key, rule, purged_until, .. } = self.copies.as_ref()?;
        let outline = Outline::read(found)?;
        if !outline.copy.counts(*purged_until, now) || !outline.copy.is_fresh(now) {
            return None;
        }
        // The whole of another version is not kept.
        let validators = outline.copy.validators();
        if self.wanted.header("if-range").is_some_and(|validator| !is_for(validator, validators)) {
            return None;
        }
        let range = outline.part(self.wanted.header("range")?)?;
        let place = Place {
            copy: key.clone(),
            source: self.source.clone(),
            version: self.wanted.version.clone(),
            key: health.key(self.store()),
        };
        let mut rest = Pieces::new(&outline, range, place, rule.chunk_size?);
        let first = rest.next()?;
        Some(Part { outline, range, first, rest })
    }

    /// Goes on with the first chunk: it is there, or the store has to answer.
    pub(super) fn found_chunk(
        self,
        part: &Part,
        found: Option<StoreAnswer<'_>>,
        health: &mut Health,
        now: UnixTime,
    ) -> Next {
        if !found.is_some_and(|found| part.first.is_in(found)) {
            return self.ask(health, now);
        }
        let headers = part.outline.headers(part.range);
        let answer = StoreAnswer { status: 206, headers: &headers };
        let Some(status) = self.status_for_viewer(answer) else { return self.ask(health, now) };
        let answer = StoreAnswer { status, ..answer };
        let age = part.outline.copy.age(now);
        let head = ViewerResponse::from_copy(&self.delivery, &answer, age, now);
        let body = self.wanted.body_of(&head, Body::Copy);
        let rest = Some(part.rest.clone()).filter(|rest| body == Body::Copy && !rest.is_empty());
        let response = Response::new(head, body, CacheStatus::Hit);
        Next::Respond(Box::new(Response { rest, ..response }))
    }
}
