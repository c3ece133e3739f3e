//! What a store says, or why there is nothing to be had of it.

use std::fmt;
use std::time::Duration;

use crate::conditions::Validators;

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
    /// What identifies the object, as far as the store says.
    pub fn validators(&self) -> Validators<'a> {
        Validators { etag: self.header("etag"), last_modified: self.header("last-modified") }
    }

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
    /// It could not even be asked: there is no such URL.
    NotSent,
}
