//! Who may do what with an object, and the step that decides it.
//!
//! | module | concept |
//! |---|---|
//! | [`permission`] | what may be asked; owners |
//! | [`grants`] → [`canned`] | S3: grants, and the six lists of them that have names |
//! | [`referrer`] → [`swift`] | Swift: referrer designations, and the ACLs of containers |
//! | [`decision`] | what an ACL decides, and by which clause |
//! | [`rules`] | the ACL of a key: patterns, the most specific first |
//! | [`table`] | who may do what, for people to read |
//!
//! Whatever no clause allows is denied. The app acts as the owner of everything and is never
//! denied; what it may is narrowed by its tickets.

pub mod permission;

pub mod grants;

pub mod canned;

pub mod referrer;

pub mod swift;

pub mod decision;

pub mod rules;

pub mod table;

use std::fmt;

use crate::key::Principal;
use crate::origin::OriginRequest;
use crate::request::Request;
use crate::route::Located;
use crate::time::UnixTime;

use self::decision::{Acl, Allowed};
use self::permission::Permission;
use self::swift::Item;
use self::table::Who;

/// Nothing allows the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessDenied {
    /// What speaks against it.
    pub why: Denial,
    /// Who may read the object.
    pub readers: Vec<Who>,
}

/// Why nothing allows a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The object is not public, and no credential was presented.
    NoCredential,
    /// The object is for pages of some sites, and no credential was presented.
    Referrer,
    /// The credential holds, but its principal may not.
    Principal,
}

impl fmt::Display for AccessDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            Denial::NoCredential => "the object is not public, and no credential was presented",
            Denial::Referrer => {
                "the object is for pages of some sites and this is none of them, and no credential \
                 was presented"
            }
            Denial::Principal => "the principal of the credential may not read the object",
        })?;
        f.write_str("; it may be read by ")?;
        for (n, reader) in self.readers.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{reader}")?;
        }
        Ok(())
    }
}

/// Proof that a principal may read an object: made by [`Located::authorize`] alone.
///
/// ```
/// # use cloakroom_core::{acl::{Access, decision::AllowedBy}, route::Located};
/// fn authorize<'p, 'r>(located: Located<'p, 'r>) -> Option<Access<'p, 'r>> {
///     located.authorize().ok().filter(|access| access.allowed().by == AllowedBy::Everyone)
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{acl::{Access, decision::Allowed}, route::Located};
/// # fn forge<'p, 'r>(located: Located<'p, 'r>, allowed: Allowed<'p>) -> Access<'p, 'r> {
/// Access { located, allowed }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Access<'p, 'r> {
    located: Located<'p, 'r>,
    allowed: Allowed<'p>,
}

impl<'p, 'r> Located<'p, 'r> {
    /// Asks the ACL of the object whether the grant's principal may read it.
    ///
    /// # Errors
    /// [`AccessDenied`] when nothing allows it.
    pub fn authorize(self) -> Result<Access<'p, 'r>, AccessDenied> {
        let (rule, grant) = (self.rule(), self.grant());
        let referer = referer(grant.request());
        match rule.allows(Permission::Read, grant.principal(), referer) {
            Some(allowed) => Ok(Access { located: self, allowed }),
            None => {
                let why = match grant.principal() {
                    Principal::Anonymous if is_for_referrers(rule.acl) => Denial::Referrer,
                    Principal::Anonymous => Denial::NoCredential,
                    _ => Denial::Principal,
                };
                Err(AccessDenied { why, readers: rule.holders(Permission::Read) })
            }
        }
    }
}

/// The Referer; none when there are several, of which any could be meant.
fn referer<'r>(request: &Request<'r>) -> Option<&'r str> {
    let mut all = request.headers().filter(|(name, _)| *name == "referer");
    all.next().filter(|_| all.next().is_none()).map(|(_, value)| value)
}

fn is_for_referrers(acl: &Acl) -> bool {
    match acl {
        Acl::Swift(acl) => acl.read.items().iter().any(|item| matches!(item, Item::Referrer(_))),
        Acl::Canned(_) | Acl::Grants(_) => false,
    }
}

impl<'p> Access<'p, '_> {
    /// By what the request is allowed.
    pub fn allowed(&self) -> Allowed<'p> {
        self.allowed
    }

    /// Signs the request to the store that serves the object.
    pub fn sign(self, now: UnixTime) -> OriginRequest {
        OriginRequest::for_object(&self.located, self.allowed.by, now)
    }
}
