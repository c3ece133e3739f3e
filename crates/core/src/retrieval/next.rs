//! What is to be done about an object on its way.

use std::time::Duration;

use crate::cache::{CopyKey, Keep, Renewal};
use crate::chunks::{Piece, Pieces};
use crate::rejection::Rejection;
use crate::response::ViewerResponse;

use super::Retrieval;

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Next {
    /// Look for a copy, and say what was [found](Retrieval::found).
    Look(Box<Retrieval>),
    /// Wait, then send the [request](Retrieval::request), and [settle](Retrieval::settle) what
    /// comes.
    Ask {
        /// Who waits for the answer.
        retrieval: Box<Retrieval>,
        /// What to wait for first.
        pause: Duration,
    },
    /// Answer.
    Respond(Box<Response>),
    /// Answer no.
    Reject {
        /// Why.
        rejection: Rejection,
        /// A copy of what is no longer there.
        forget: Option<CopyKey>,
    },
}

/// An answer to the viewer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its head.
    pub head: ViewerResponse,
    /// Where its body is.
    pub body: Body,
    /// What to keep of that body for the next viewer.
    pub keep: Option<Keep>,
    /// What to keep again though only a part of it is served.
    pub renewal: Option<Renewal>,
    /// What follows the body where it is one piece of a part.
    pub rest: Option<Pieces>,
    /// The outline of a large object, to be kept without a body.
    pub outline: Option<Keep>,
    /// A chunk that was not there, to be fetched for the next viewer.
    pub missed: Option<Piece>,
    /// What the cache had to do with it.
    pub cache: CacheStatus,
}

impl Response {
    pub(super) fn new(head: ViewerResponse, body: Body, cache: CacheStatus) -> Self {
        let (keep, renewal, rest, outline, missed) = (None, None, None, None, None);
        Self { head, body, keep, renewal, rest, outline, missed, cache }
    }
}

/// Where the body of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// In the store's last answer.
    Store,
    /// In the copy that was found.
    Copy,
}

/// What the cache had to do with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheStatus {
    /// The route keeps no copies, or the request is none that has one.
    Bypass,
    /// There was no copy.
    Miss,
    /// There was a fresh one.
    Hit,
    /// The store said that the one that was there is still right.
    Revalidated,
    /// The store failed, and the one that was there had to do.
    Stale,
    /// The store had another object by now.
    Expired,
}

impl CacheStatus {
    /// The name that logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Miss => "miss",
            Self::Hit => "hit",
            Self::Revalidated => "revalidated",
            Self::Stale => "stale",
            Self::Expired => "expired",
        }
    }
}
