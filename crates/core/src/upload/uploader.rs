//! Who uploads, and whom a rule lets upload.

use std::collections::BTreeSet;

use crate::grant::{Dialect, Grant};
use crate::key::Principal;
use crate::upload::UploadError;

/// Somebody who uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uploader {
    /// A user of the app.
    User(String),
    /// Somebody who did not sign in.
    Anonymous,
}

impl Uploader {
    /// Whom a grant is for.
    ///
    /// # Errors
    /// [`UploadError::NotAUser`] when the credential is no user's token. A signature over a request
    /// covers a body's hash at best, and the body is what counts here; and a cookie, which a
    /// browser sends with whatever any page asks, counts for a page of this host alone.
    pub fn of(grant: &Grant<'_>) -> Result<Self, UploadError> {
        match (grant.dialect(), grant.principal()) {
            (Dialect::Anonymous, _) => Ok(Self::Anonymous),
            (Dialect::JwtBearer | Dialect::JwtPath, Principal::User(user)) => {
                Ok(Self::User(user.clone()))
            }
            (Dialect::JwtCookie, Principal::User(user)) if is_of_this_host(grant) => {
                Ok(Self::User(user.clone()))
            }
            (Dialect::JwtCookie, Principal::User(_)) => Err(UploadError::OtherOrigin),
            _ => Err(UploadError::NotAUser),
        }
    }

    /// The user's id.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User(user) => Some(user),
            Self::Anonymous => None,
        }
    }
}

/// Whether a page of the same host asks, as browsers say (*Fetch Metadata Request Headers*, and the
/// Fetch standard about `Origin`). What is no browser says nothing, and keeps no cookies either.
fn is_of_this_host(grant: &Grant<'_>) -> bool {
    let request = grant.request();
    if let Some(site) = request.header("sec-fetch-site") {
        return site == "same-origin";
    }
    request.header("origin").is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| host.eq_ignore_ascii_case(request.host()))
    })
}

/// Whom a rule lets upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Uploaders {
    /// Every user of the app.
    #[default]
    Users,
    /// These users.
    These(BTreeSet<String>),
    /// Everyone.
    Anyone,
}

impl Uploaders {
    /// Lets `uploader` in.
    ///
    /// # Errors
    /// [`UploadError::SignIn`] and [`UploadError::NotAllowed`].
    pub fn admit(&self, uploader: &Uploader) -> Result<(), UploadError> {
        match (self, uploader) {
            (Self::Anyone, _) | (Self::Users, Uploader::User(_)) => Ok(()),
            (Self::These(users), Uploader::User(user)) if users.contains(user) => Ok(()),
            (Self::These(_), Uploader::User(_)) => Err(UploadError::NotAllowed {
                problem: "You may not upload files here.".to_owned(),
            }),
            (Self::Users | Self::These(_), Uploader::Anonymous) => Err(UploadError::SignIn),
        }
    }
}
