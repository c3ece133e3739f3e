//! The part of the table that is about uploads and signed URLs.

use std::borrow::Cow;
use std::fmt;

use crate::signed_urls::error::SignedUrlError;
use crate::upload::UploadError;

use super::{Rejection, Row};

/// What a desk refuses. Row and text are made with it, and not when they are asked for, so that an
/// edge, which has no desk, has none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    row: Row,
    said: String,
    is_denial: bool,
}

impl Refused {
    /// What the viewer is told.
    pub(super) fn row(&self) -> &Row {
        &self.row
    }

    /// Whether it says that somebody may not read.
    pub(super) fn is_denial(&self) -> bool {
        self.is_denial
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl From<UploadError> for Rejection {
    fn from(error: UploadError) -> Self {
        let (row, said) = (upload_row(&error), error.to_string());
        Self::Desk(Box::new(Refused { row, said, is_denial: false }))
    }
}

impl From<SignedUrlError> for Rejection {
    fn from(error: SignedUrlError) -> Self {
        let (row, said) = (signed_url_row(&error), error.to_string());
        let is_denial = matches!(error, SignedUrlError::Folder { .. });
        Self::Desk(Box::new(Refused { row, said, is_denial }))
    }
}

fn upload_row(error: &UploadError) -> Row {
    let (status, code, reason, text): (_, _, _, Cow<'static, str>) = match error {
        UploadError::NoSuchPath => (
            404,
            "NotFound",
            "no_such_path",
            "There is no such path. `GET /openapi.json` says which there are.".into(),
        ),
        UploadError::SignIn => (
            401,
            "Unauthorized",
            "no_credential",
            "Sign in first: send `Authorization: Bearer <token>`.".into(),
        ),
        UploadError::NotAUser => {
            (403, "AccessDenied", "not_a_user", "Only users of the app can upload.".into())
        }
        UploadError::OtherOrigin => (
            403,
            "AccessDenied",
            "cookie_of_other_origin",
            "With a cookie, only pages of this host can upload. Send `Authorization: Bearer <token>`."
                .into(),
        ),
        UploadError::Order { problem } => {
            (400, "InvalidRequest", "malformed_order", problem.clone().into())
        }
        UploadError::NotAllowed { problem } => {
            (403, "AccessDenied", "not_allowed_by_rule", problem.clone().into())
        }
        UploadError::UnknownUpload => {
            (404, "NoSuchUpload", "unknown_upload", "There is no such upload of yours.".into())
        }
        UploadError::TooLate => (
            410,
            "NoSuchUpload",
            "upload_too_old",
            "This upload is too old to be confirmed. Start again.".into(),
        ),
        UploadError::OtherKind { problem } => {
            (409, "InvalidRequest", "other_kind", (*problem).into())
        }
        UploadError::NoParts => (
            404,
            "NoSuchUpload",
            "no_parts",
            "The store does not know this upload: it was completed or aborted.".into(),
        ),
        UploadError::StoreRefused => (
            502,
            "BadGateway",
            "store_refused",
            "The store does not take this file. Its operator has to look into the policy.".into(),
        ),
        UploadError::NotStored => (
            409,
            "NotUploaded",
            "not_stored",
            "The file is not in the store. Send it to the upload URL first.".into(),
        ),
        UploadError::Mismatch { problem } => {
            (409, "UploadMismatch", "stored_differs", problem.clone().into())
        }
        UploadError::StoreUnavailable => (
            502,
            "BadGateway",
            "store_unavailable",
            "The store cannot be reached at the moment. Try again soon.".into(),
        ),
        UploadError::NotTold { .. } => (
            502,
            "BadGateway",
            "app_not_told",
            "The file is stored, but the app could not be told of it. Ask again soon.".into(),
        ),
    };
    Row { status, code, reason, text }
}

fn signed_url_row(error: &SignedUrlError) -> Row {
    let (status, code, reason, text): (_, _, _, Cow<'static, str>) = match error {
        SignedUrlError::SignIn => (
            401,
            "Unauthorized",
            "no_credential",
            "Sign in first: send `Authorization: Bearer <token>`.".into(),
        ),
        SignedUrlError::NotABearer => (
            403,
            "AccessDenied",
            "not_a_bearer",
            "Signed URLs are ordered with a bearer token: send `Authorization: Bearer <token>`."
                .into(),
        ),
        SignedUrlError::Order { problem } => {
            (400, "InvalidRequest", "malformed_order", problem.clone().into())
        }
        SignedUrlError::Unsignable { problem } => {
            (400, "InvalidRequest", "unsignable", problem.clone().into())
        }
        SignedUrlError::Folder { problem } => {
            (403, "AccessDenied", "folder_not_readable", problem.clone().into())
        }
        SignedUrlError::NotOpened => (
            403,
            "AccessDenied",
            "ticket_would_not_open",
            "This issuer's tickets would not open it.".into(),
        ),
        SignedUrlError::NotSigned => {
            (500, "InternalError", "not_signed", "It could not be signed. Try again later.".into())
        }
    };
    Row { status, code, reason, text }
}
