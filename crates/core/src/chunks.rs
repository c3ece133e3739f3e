//! Objects that are too large to be kept whole, kept in chunks.
//!
//! Of such an object an outline is kept: its size, its ETag, its headers. While that is fresh,
//! a part of the object is put together of chunks: parts of one size, each kept under the
//! object's ETag, so that none of another version slips in between.
//!
//! ```text
//! bytes=6000000-   ├── 0 ──┼── 1 ──┼── 2 ──┼─ … ─┼── 8 ──┼───────────────────────┤
//!                              [===|=======|= … =|=======|======================]
//!                              chunks, kept or to be kept   the rest, from the store
//! ```
//!
//! A viewer whose first chunk is not there is served by the store as if there were none of all
//! this, and without waiting: meanwhile that chunk is fetched for the next viewer. Of those that
//! follow, what is there is taken, and what is not is fetched and kept on its way.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{CacheRule, Copy, CopyKey, KEPT, Keep, kept_headers, time_to_live};
use crate::health::Health;
use crate::origin::{OriginRequest, Wanted};
use crate::route::Source;
use crate::store::r2::Part;
use crate::store::{KeyChoice, StoreAnswer, Unanswered};
use crate::time::UnixTime;

/// So many chunks at most are in one answer: each costs the platform some subrequests, and of
/// those it allows few.
pub const MAX_CHUNKS: u64 = 8;

/// For how long chunks are kept. Nothing leads to them but an outline.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// The size of the whole object, in bytes; the outline has no body.
const SIZE: &str = "x-cloakroom-size";

/// What is known of a large object.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) copy: Copy,
    size: u64,
    etag: String,
}

impl Outline {
    /// What to keep of a store's answer with an object, or with a part of it, that is not kept
    /// whole; nothing, when a part of it could not be told from one of another version.
    pub(crate) fn keep(
        answer: StoreAnswer<'_>,
        key: &CopyKey,
        rule: &CacheRule,
        now: UnixTime,
    ) -> Option<Keep> {
        rule.chunk_size?;
        let size = match answer.status {
            206 => answer.header("content-range")?.rsplit_once('/')?.1,
            200 => answer.header("content-length")?,
            _ => return None,
        };
        let size: u64 = size.parse().ok()?;
        let is_strong = answer.validators().etag.is_some_and(|etag| !etag.starts_with("W/"));
        if size <= rule.max_size || !is_strong || answer.header("content-encoding").is_some() {
            return None;
        }
        let ttl = time_to_live(answer, rule.ttl, now)?;
        if ttl.is_zero() {
            return None;
        }
        let mut headers = kept_headers(answer, ttl, ttl, now);
        headers.retain(|(name, _)| !matches!(*name, "content-length" | "content-range"));
        headers.push((SIZE, size.to_string()));
        Some(Keep { key: key.outline(), headers })
    }

    /// Reads one; none when it is not one.
    pub(crate) fn read(found: StoreAnswer<'_>) -> Option<Self> {
        let copy = Copy::read(found).filter(|_| found.status == 200)?;
        let etag = copy.validators().etag?.to_owned();
        Some(Self { size: found.header(SIZE)?.parse().ok()?, etag, copy })
    }

    /// The first and the last byte of a part; none when the store has to say what that is.
    pub(crate) fn part(&self, range: &str) -> Option<(u64, u64)> {
        let end = self.size.checked_sub(1)?;
        match Part::parse(range)? {
            Part::From { first, last } if first <= end => {
                Some((first, last.unwrap_or(end).min(end)))
            }
            Part::Last(count) if count > 0 => Some((self.size.saturating_sub(count), end)),
            Part::From { .. } | Part::Last(_) => None,
        }
    }

    /// The headers of an answer with a part.
    pub(crate) fn headers(&self, (first, last): (u64, u64)) -> Vec<(String, String)> {
        let length = last.saturating_sub(first).saturating_add(1);
        let mut headers = self.copy.answer().headers.to_vec();
        // A cache may have added that there is no body.
        headers.retain(|(name, _)| name != "content-length");
        headers.push(("content-length".to_owned(), length.to_string()));
        headers.push(("content-range".to_owned(), format!("bytes {first}-{last}/{}", self.size)));
        headers
    }
}

/// Where an object is, and where its chunks are.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where the whole would be.
    pub(crate) copy: CopyKey,
    /// The store, the bucket, the key.
    pub(crate) source: Source,
    /// The version, where it is not the newest.
    pub(crate) version: Option<String>,
    /// The key that the store is asked with first.
    pub(crate) key: KeyChoice,
}

/// An object that has chunks.
#[derive(Debug)]
struct Large {
    place: Place,
    size: u64,
    etag: String,
    chunk_size: u64,
}

/// What is still to be sent of a part.
#[derive(Clone, Debug)]
pub struct Pieces {
    object: Arc<Large>,
    length: u64,
    first: u64,
    last: u64,
    chunks_left: u64,
}

impl Pieces {
    pub(crate) fn new(
        outline: &Outline,
        (first, last): (u64, u64),
        place: Place,
        chunk_size: u64,
    ) -> Self {
        let object = Large { place, size: outline.size, etag: outline.etag.clone(), chunk_size };
        let length = last.saturating_sub(first).saturating_add(1);
        Self { object: Arc::new(object), length, first, last, chunks_left: MAX_CHUNKS }
    }

    /// How many bytes the part has, with what of it was sent already.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.first > self.last
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.is_empty() {
            return None;
        }
        let (object, first) = (Arc::clone(&self.object), self.first);
        let key = object.place.key;
        let (chunk, last) = match self.chunks_left.checked_sub(1) {
            Some(left) => {
                self.chunks_left = left;
                let number = first.checked_div(object.chunk_size)?;
                (Some(number), object.end_of(number).min(self.last))
            }
            None => (None, self.last),
        };
        self.first = last.saturating_add(1);
        Some(Piece { object, first, last, chunk, key })
    }
}

impl Large {
    fn start_of(&self, chunk: u64) -> u64 {
        chunk.saturating_mul(self.chunk_size)
    }

    fn end_of(&self, chunk: u64) -> u64 {
        let next = self.start_of(chunk.saturating_add(1));
        next.min(self.size).saturating_sub(1)
    }
}

/// A piece of a part: of one chunk, or the rest.
#[derive(Clone, Debug)]
pub struct Piece {
    object: Arc<Large>,
    first: u64,
    last: u64,
    chunk: Option<u64>,
    key: KeyChoice,
}

/// What a store's answer to a question for a piece means.
#[derive(Debug)]
pub enum Settled {
    /// The piece is there. When it is a whole chunk, it is to be kept.
    There(Option<Keep>),
    /// This is to be asked for in its place.
    Again(Piece),
    /// It cannot be had, so the answer to the viewer breaks off.
    Gone,
}

impl Piece {
    /// Where its chunk is kept, and which part of that it is, as `Range` says it; none for the
    /// rest.
    pub fn copy(&self) -> Option<(CopyKey, String)> {
        let chunk = self.chunk?;
        let key = self.object.place.copy.chunk(chunk, self.object.chunk_size, &self.object.etag);
        let from = |byte: u64| byte.saturating_sub(self.object.start_of(chunk));
        Some((key, format!("bytes={}-{}", from(self.first), from(self.last))))
    }

    /// Whether what was found there is it, and not more or less.
    pub fn is_in(&self, found: StoreAnswer<'_>) -> bool {
        let is_whole = found.status == 200 && self.chunk().is_none();
        let length = found.header("content-length").and_then(|length| length.parse().ok());
        (found.status == 206 || is_whole) && length == Some(self.length())
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// All of its chunk, to be kept; none when it is that itself, or the rest.
    pub fn chunk(&self) -> Option<Self> {
        let chunk = self.chunk?;
        let (first, last) = (self.object.start_of(chunk), self.object.end_of(chunk));
        let is_part = (first, last) != (self.first, self.last);
        is_part.then(|| Self { first, last, ..self.clone() })
    }

    /// The store that is asked for it.
    pub fn store(&self) -> &str {
        self.object.place.source.store.name()
    }

    /// The request for it, signed at the time `now`.
    pub fn request(&self, now: UnixTime) -> OriginRequest {
        let range = format!("bytes={}-{}", self.first, self.last);
        let Place { source, version, .. } = &self.object.place;
        OriginRequest::sign(&Wanted::part(&range, version.clone()), source, self.key, now)
    }

    /// What the store's answer means. Nothing but this part of this very object will do.
    pub fn settle(
        self,
        answer: Result<StoreAnswer<'_>, Unanswered>,
        health: &mut Health,
        now: UnixTime,
    ) -> Settled {
        health.heard(self.store(), answer.map(|answer| answer.status), now);
        let Ok(answer) = answer else { return Settled::Gone };
        let Large { place: Place { source, .. }, size, etag, .. } = &*self.object;
        if let Some(key) = source.store.next_key(self.key, answer.status) {
            return Settled::Again(Self { key, ..self });
        }
        health.key_was(self.store(), self.key, answer.status);
        let range = format!("bytes {}-{}/{size}", self.first, self.last);
        let headers = source.stored_headers(answer.headers);
        let answer = StoreAnswer { status: answer.status, headers: &headers };
        let is_it = answer.status == 206
            && answer.header("content-range") == Some(range.as_str())
            && answer.validators().etag == Some(etag)
            && answer.header("content-encoding").is_none();
        if is_it { Settled::There(self.keep(now)) } else { Settled::Gone }
    }

    fn keep(&self, now: UnixTime) -> Option<Keep> {
        let (key, _) = self.copy()?;
        self.chunk().is_none().then(|| Keep {
            key,
            headers: vec![
                ("content-length", self.length().to_string()),
                ("cache-control", format!("public, max-age={}", RETENTION.as_secs())),
                (KEPT, format!("{} {}", now.as_secs(), RETENTION.as_secs())),
            ],
        })
    }
}
