//! The write side: an order for an upload in, a signed URL to the store out.
//!
//! ```text
//! request ─ Presented ─▶ Grant ─▶ order ─▶ rule (who, type, size) ─▶ key ─▶ signed PUT
//! upload id ─ unseal ─▶ receipt ─▶ HEAD by the adapter ─▶ size, ETag ─▶ read ticket
//! ```
//!
//! [`order`] reads what is asked for, [`rule`] decides, [`key_template`] names the object,
//! [`put`] signs, and [`receipt`] seals the id that a later confirmation needs.
//! [`Desk`](crate::desk::Desk) is the whole of it as an HTTP API.

pub mod content_type;
pub mod key_template;
pub mod order;
pub mod put;
pub mod receipt;
pub mod rule;

use std::fmt;

/// Why there is no upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadError {
    /// The path is none of this API's.
    NoSuchPath,
    /// No bearer token was sent.
    SignIn,
    /// The credential is not a user's.
    NotAUser,
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
    /// Nothing was stored yet.
    NotStored,
    /// What is stored is not what was announced.
    Mismatch {
        /// What differs.
        problem: String,
    },
    /// The store did not say.
    StoreUnavailable,
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchPath => "the path is none of this API's",
            Self::SignIn => "no bearer token was sent",
            Self::NotAUser => "the credential is not a user's token",
            Self::Order { problem } | Self::NotAllowed { problem } | Self::Mismatch { problem } => {
                problem
            }
            Self::UnknownUpload => "the upload id is forged, or another user's",
            Self::TooLate => "the upload was signed over a day ago",
            Self::NotStored => "the store has no such object",
            Self::StoreUnavailable => "the store did not answer, or refused",
        })
    }
}
