//! Who may do what with an object, and the step that decides it.
//!
//! [`canned`] says what each ACL allows, [`rules`] finds the ACL of a key. Whatever no rule
//! allows is denied.

pub mod canned;
pub mod rules;

use std::fmt;

use crate::key::Principal;
use crate::origin::OriginRequest;
use crate::redirect::Redirect;
use crate::route::Located;
use crate::time::UnixTime;

use self::canned::{AllowedBy, Permission};

/// Nothing allows the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessDenied {
    /// The object is not public, and no credential was presented.
    NoCredential,
    /// The credential holds, but its principal may not.
    Principal,
}

impl fmt::Display for AccessDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCredential => "the object is not public, and no credential was presented",
            Self::Principal => "the principal of the credential may not read the object",
        })
    }
}

/// Proof that a principal may read an object: made by [`Located::authorize`] alone.
///
/// ```
/// # use cloakroom_core::{acl::{Access, canned::AllowedBy}, route::Located};
/// fn authorize<'p, 'r>(located: Located<'p, 'r>) -> Option<Access<'p, 'r>> {
///     located.authorize().ok().filter(|access| access.allowed_by() == AllowedBy::Everyone)
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{acl::{Access, canned::AllowedBy}, route::Located};
/// # fn forge<'p, 'r>(located: Located<'p, 'r>) -> Access<'p, 'r> {
/// Access { located, by: AllowedBy::Everyone }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Access<'p, 'r> {
    located: Located<'p, 'r>,
    by: AllowedBy,
}

impl<'p, 'r> Located<'p, 'r> {
    /// Asks the ACL of the object whether the grant's principal may read it.
    ///
    /// # Errors
    /// [`AccessDenied`] when nothing allows it.
    pub fn authorize(self) -> Result<Access<'p, 'r>, AccessDenied> {
        let principal = self.grant().principal();
        match self.rule().acl.allows(Permission::Read, principal, &self.rule().owner) {
            Some(by) => Ok(Access { located: self, by }),
            None if *principal == Principal::Anonymous => Err(AccessDenied::NoCredential),
            None => Err(AccessDenied::Principal),
        }
    }
}

impl Access<'_, '_> {
    /// By what the request is allowed.
    pub fn allowed_by(&self) -> AllowedBy {
        self.by
    }

    /// Signs a URL of the store for the viewer to go to.
    pub fn redirect(self, now: UnixTime) -> Redirect {
        Redirect::to_object(&self.located, now)
    }

    /// Signs the request to the store that serves the object.
    pub fn sign(self, now: UnixTime) -> OriginRequest {
        OriginRequest::for_object(&self.located, self.by, now)
    }
}
