//! Swift's authentication, version 1: a user and a key, exchanged for a token.
//!
//! <https://docs.openstack.org/swift/latest/overview_auth.html>,
//! <https://docs.openstack.org/api-ref/object-store/#endpoints>
//!
//! ```text
//! GET /auth/v1.0                            200
//! X-Auth-User: acme:bob                     X-Storage-Url: https://media.example/v1/AUTH_acme
//! X-Auth-Key: 7f1c…                         X-Auth-Token: AUTH_tk1.YWNtZTpib2I.1795521600.qL3…
//!
//! GET /v1/AUTH_acme/photos/a.jpg
//! X-Auth-Token: AUTH_tk1.YWNtZTpib2I.1795521600.qL3…
//! ```
//!
//! The [`token`] is sealed with the user's key, so nothing is remembered: it ends at its time, when
//! the key changes, and when the user leaves the policy. [`issue`] makes it, [`present`] and
//! `verify` read it.
//!
//! Whoever has a token can try guesses of the key against it for as long as they like. Swift's own
//! tokens are random and its keys may be short; a key here is at least 32 bytes.

pub mod issue;
pub mod present;
pub mod token;

mod verify;

use std::fmt;

use crate::time::UnixTime;

/// The headers that carry a token, in lower case.
pub const TOKEN_HEADERS: [&str; 2] = ["x-auth-token", "x-storage-token"];

/// Why there is no token, or why one does not hold. Nothing that was sent is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwiftAuthError {
    /// A token is asked for without a user and a key, each given once.
    Incomplete,
    /// A token is asked for with a life that is none.
    Lifetime,
    /// A token is asked for by a user that no key has as its id.
    UnknownUser,
    /// A token is asked for with another key than the user's.
    WrongKey {
        /// The user, who is in the policy.
        key_id: String,
    },
    /// It has not the form of a token.
    Malformed,
    /// No live key has the id that it names.
    UnknownKey,
    /// That key has not sealed it.
    SignatureMismatch,
    /// It has expired.
    Expired {
        /// When the request came.
        now: UnixTime,
        /// The last second at which it was valid.
        not_after: UnixTime,
    },
}

impl fmt::Display for SwiftAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => {
                "a token is asked for with `X-Auth-User` and `X-Auth-Key`, each given once"
            }
            Self::Lifetime => "`X-Auth-Token-Lifetime` must be a number of seconds, at least 1",
            Self::UnknownUser => "no live key has the id that `X-Auth-User` says",
            Self::WrongKey { key_id } => {
                return write!(f, "`X-Auth-Key` is not the key of `{key_id}`");
            }
            Self::Malformed => "not a token that was given here",
            Self::UnknownKey => "no live key has the id that the token names",
            Self::SignatureMismatch => {
                "the token was not sealed with the key's secret, which may have changed since"
            }
            Self::Expired { now, not_after } => {
                return write!(f, "the token expired {} s ago", now.since(*not_after).as_secs());
            }
        })
    }
}
