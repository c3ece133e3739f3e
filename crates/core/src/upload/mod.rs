//! The write side: an order for an upload in, a signed URL or form to the store out.
//!
//! ```text
//! order ─ rule (who, kind, type, size) ─▶ key ─▶ signed PUT | signed form | multipart ─▶ id
//! id ─ unseal ─▶ receipt ─▶ calls of the adapter (parts, HEAD, first bytes) ─▶ confirmed
//! ```
//!
//! [`order`] reads what is asked for, [`uploader`] says who asks, [`rule`] decides,
//! [`key_template`] names the object, and [`stored_as`] says what it is stored as. [`kind`] knows
//! what each way of sending makes a store enforce; [`put`], [`form`] and [`multipart`] sign.
//! [`segments`] is what parts are to Swift.
//! [`receipt`] seals the id that all later steps need, [`call`] is what an adapter has to ask of
//! the store, and [`confirm`] compares what is there with what was agreed; [`inspect`] does it where
//! nothing is known but the rule. [`notice`] is what the app is told of it.
//! [`Desk`](crate::desk::Desk) is the whole of it as an HTTP API.

pub mod call;
pub mod checksum;
pub mod confirm;
pub mod content_type;
pub mod form;
pub mod inspect;
pub mod key_template;
pub mod kind;
pub mod multipart;
pub mod notice;
pub mod order;
pub mod put;
pub mod receipt;
pub mod rule;
mod seal;
pub mod segments;
pub mod sniff;
pub mod step;
pub mod stored_as;
pub mod uploader;

use std::fmt;

use crate::store::Unanswered;

/// Why there is no upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadError {
    /// The path is none of this API's.
    NoSuchPath,
    /// No bearer token was sent.
    SignIn,
    /// The credential is not a user's.
    NotAUser,
    /// The credential is a cookie, and a page of another host asks.
    OtherOrigin,
    /// The order is not well formed.
    Order {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The rule does not allow it.
    NotAllowed {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The upload id is not one of this desk's, or is another user's.
    UnknownUpload,
    /// The upload can no longer be confirmed.
    TooLate,
    /// It is sent in another way, which has no such step.
    OtherKind {
        /// What would be right.
        problem: &'static str,
    },
    /// The store does not know of the parts any more.
    NoParts,
    /// The store did not take what the rule says.
    StoreRefused,
    /// Nothing was stored yet.
    NotStored,
    /// What is stored is not what was announced.
    Mismatch {
        /// What differs.
        problem: String,
    },
    /// The store did not say.
    StoreUnavailable,
    /// It is stored, but the app did not take the news.
    NotTold {
        /// What the app answered.
        answer: Result<u16, Unanswered>,
    },
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTold { answer: Ok(status) } => {
                return write!(f, "the app answered {status} to the webhook");
            }
            Self::NotTold { answer: Err(Unanswered::TimedOut) } => {
                "the app did not answer the webhook in time"
            }
            Self::NotTold { answer: Err(_) } => "the app could not be reached by the webhook",
            Self::NoSuchPath => "the path is none of this API's",
            Self::SignIn => "no bearer token was sent",
            Self::NotAUser => "the credential is not a user's token",
            Self::OtherOrigin => "a page of another host asked with the user's cookie",
            Self::Order { problem } | Self::NotAllowed { problem } | Self::Mismatch { problem } => {
                problem
            }
            Self::OtherKind { problem } => problem,
            Self::UnknownUpload => "the upload id is forged, or another user's",
            Self::TooLate => "the upload was signed over a day ago",
            Self::NoParts => "the store has no such upload: it was completed or aborted",
            Self::StoreRefused => "the store refused what the rule asks of it",
            Self::NotStored => "the store has no such object",
            Self::StoreUnavailable => "the store did not answer, or refused",
        })
    }
}
