//! The desk of the write side: an order for an upload in, a signed URL to the store out.
//!
//! ```text
//! request ─ Presented ─▶ Grant ─▶ order ─▶ rule (who, type, size) ─▶ key ─▶ signed PUT
//! upload id ─ unseal ─▶ receipt ─▶ HEAD by the adapter ─▶ size, ETag ─▶ read ticket
//! ```
//!
//! [`order`] reads what is asked for, [`rule`] decides, [`key_template`] names the object,
//! [`put`] signs, [`receipt`] seals the id that a later confirmation needs, and [`desk`] is
//! the whole of it as an HTTP API.

pub mod content_type;
pub mod desk;
pub mod key_template;
pub mod order;
pub mod put;
pub mod receipt;
pub mod rule;

use std::borrow::Cow;
use std::fmt;

use crate::rejection::Row;

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

impl UploadError {
    pub(crate) fn row(&self) -> Row {
        let (status, code, reason, text): (_, _, _, Cow<'static, str>) = match self {
            Self::NoSuchPath => (
                404,
                "NotFound",
                "no_such_path",
                "There is `POST /uploads` and `POST /uploads/{id}/confirm`.".into(),
            ),
            Self::SignIn => (
                401,
                "Unauthorized",
                "no_credential",
                "Sign in first: send `Authorization: Bearer <token>`.".into(),
            ),
            Self::NotAUser => {
                (403, "AccessDenied", "not_a_user", "Only users of the app can upload.".into())
            }
            Self::Order { problem } => {
                (400, "InvalidRequest", "malformed_order", problem.clone().into())
            }
            Self::NotAllowed { problem } => {
                (403, "AccessDenied", "not_allowed_by_rule", problem.clone().into())
            }
            Self::UnknownUpload => {
                (404, "NoSuchUpload", "unknown_upload", "There is no such upload of yours.".into())
            }
            Self::TooLate => (
                410,
                "NoSuchUpload",
                "upload_too_old",
                "This upload is too old to be confirmed. Start again.".into(),
            ),
            Self::NotStored => (
                409,
                "NotUploaded",
                "not_stored",
                "The file is not in the store. Send it to the upload URL first.".into(),
            ),
            Self::Mismatch { problem } => {
                (409, "UploadMismatch", "stored_differs", problem.clone().into())
            }
            Self::StoreUnavailable => (
                502,
                "BadGateway",
                "store_unavailable",
                "The store cannot be reached at the moment. Try again soon.".into(),
            ),
        };
        Row { status, code, reason, text }
    }
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.row().text)
    }
}
