//! Whether a proven request may have the object that it asks for.

use std::fmt;

use crate::acl::decision::{Acl, Allowed, AllowedBy};
use crate::acl::permission::Permission;
use crate::acl::swift::Item;
use crate::acl::table::Who;
use crate::disposition::Disposition;
use crate::key::Principal;
use crate::request::Request;
use crate::route::Located;

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
/// # use cloakroom_core::{access::Access, acl::decision::AllowedBy, route::Located};
/// fn authorize<'p, 'r>(located: Located<'p, 'r>) -> Option<Access<'p, 'r>> {
///     located.authorize().ok().filter(|access| access.allowed().by == AllowedBy::Everyone)
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{access::Access, acl::decision::Allowed, route::Located};
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
pub(crate) fn referer<'r>(request: &Request<'r>) -> Option<&'r str> {
    let mut all = request.headers().filter(|(name, _)| *name == "referer");
    all.next().filter(|_| all.next().is_none()).map(|(_, value)| value)
}

fn is_for_referrers(acl: &Acl) -> bool {
    match acl {
        Acl::Swift(acl) => acl.read.items().iter().any(|item| matches!(item, Item::Referrer(_))),
        Acl::Canned(_) | Acl::Grants(_) => false,
    }
}

impl<'p, 'r> Access<'p, 'r> {
    /// By what the request is allowed.
    pub fn allowed(&self) -> Allowed<'p> {
        self.allowed
    }

    /// What the answer is to say of the file's name, when it is not for the object to say: a
    /// signed header, then the ticket's own words, then the route's.
    pub(crate) fn disposition(&self) -> Option<Disposition> {
        let (grant, route) = (self.located.grant(), self.located.route());
        if self.located.view().headers.iter().any(|(name, _)| *name == "content-disposition") {
            return None;
        }
        let key = self.located.source().key.as_str();
        let asked = grant.disposition().cloned();
        match route.disposition.map(|kind| kind.of(key)) {
            Some(chosen) => Some(asked.filter(Disposition::is_chosen).unwrap_or(chosen)),
            None => asked,
        }
    }

    /// Whether what was proven holds at some addresses or on some pages only.
    pub(crate) fn is_bound_to_place(&self) -> bool {
        self.located.grant().is_bound_to_address() || self.allowed.by == AllowedBy::Referrer
    }

    /// The object, and the request for it.
    pub(crate) fn located(&self) -> &Located<'p, 'r> {
        &self.located
    }
}
