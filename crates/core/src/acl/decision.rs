//! What an ACL decides, and by which of its clauses.
//!
//! ACLs only allow. Whatever no clause allows is denied, and the clause that allowed is part of
//! the answer. Clauses for everyone are asked first: what they allow may be shared with others.

use std::fmt;

use super::canned::CannedAcl;
use super::grants::{AclGrant, Grantee};
use super::permission::{Owner, Permission};
use super::referrer::Designation;
use super::swift::{Entry, SwiftAcl, groups_of};
use crate::key::Principal;

/// An object's ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acl {
    /// A canned ACL.
    Canned(CannedAcl),
    /// Grants. The owner has what is granted, and the ACL itself, as S3 and Ceph RGW have it.
    Grants(Vec<AclGrant>),
    /// The ACLs of a Swift container. The owners are the account that it is in.
    Swift(SwiftAcl),
}

impl From<CannedAcl> for Acl {
    fn from(acl: CannedAcl) -> Self {
        Self::Canned(acl)
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canned(acl) => acl.fmt(f),
            Self::Swift(acl) => acl.fmt(f),
            Self::Grants(grants) => {
                f.write_str("grants ")?;
                for (n, grant) in grants.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{grant}")?;
                }
                Ok(())
            }
        }
    }
}

/// By what something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedBy {
    /// The ACL allows everyone.
    Everyone,
    /// The app asks, which acts as the owner of everything.
    App,
    /// The principal owns the object.
    Owner,
    /// The principal owns the bucket.
    BucketOwner,
    /// The ACL grants it to the principal.
    Grant,
    /// The ACL allows every user.
    AnyUser,
    /// The ACL allows the page that the request comes from.
    Referrer,
    /// The ACL allows a group that the principal is in.
    SwiftGroup,
}

impl AllowedBy {
    /// The name that logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::App => "app",
            Self::Owner => "owner",
            Self::BucketOwner => "bucket_owner",
            Self::Grant => "grant",
            Self::AnyUser => "any_user",
            Self::Referrer => "referrer",
            Self::SwiftGroup => "swift_group",
        }
    }
}

/// What an ACL allows, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed<'a> {
    /// By what.
    pub by: AllowedBy,
    /// The clause that says so.
    pub clause: Clause<'a>,
}

/// The part of an ACL that allows something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause<'a> {
    /// No clause is needed: whoever owns the thing may do that.
    Ownership,
    /// A grant.
    Grant(&'a AclGrant),
    /// A grantee of the rule's `list`.
    List(&'a Grantee),
    /// Swift's `.r:*`.
    EveryReferrer,
    /// A referrer designation.
    Referrer(&'a Designation),
    /// A group.
    Group(&'a str),
}

impl fmt::Display for Clause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ownership => f.write_str("ownership"),
            Self::Grant(grant) => grant.fmt(f),
            Self::List(grantee) => write!(f, "LIST to {grantee}"),
            Self::EveryReferrer => f.write_str(".r:*"),
            Self::Referrer(designation) => designation.fmt(f),
            Self::Group(group) => f.write_str(group),
        }
    }
}

/// Whose the object and its bucket are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owners<'a> {
    pub(super) object: &'a Owner,
    pub(super) bucket: &'a Owner,
}

impl Owners<'_> {
    /// By what `grantee` means `principal`, if it does.
    fn match_grantee(self, grantee: &Grantee, principal: &Principal) -> Option<AllowedBy> {
        let (fits, by) = match grantee {
            Grantee::AllUsers => (true, AllowedBy::Everyone),
            Grantee::AuthenticatedUsers => (*principal != Principal::Anonymous, AllowedBy::AnyUser),
            Grantee::Owner => (self.object.is(principal), AllowedBy::Owner),
            Grantee::BucketOwner => (self.bucket.is(principal), AllowedBy::BucketOwner),
            Grantee::User(user) => {
                (matches!(principal, Principal::User(it) if it == user), AllowedBy::Grant)
            }
        };
        fits.then_some(by)
    }

    /// The first of `clauses` that fits, one for everyone before all others.
    fn first_clause<'a>(
        self,
        principal: &Principal,
        clauses: impl Iterator<Item = (&'a Grantee, Clause<'a>)> + Clone,
    ) -> Option<Allowed<'a>> {
        let fits = |(grantee, clause)| {
            let by = self.match_grantee(grantee, principal)?;
            Some(Allowed { by, clause })
        };
        let for_everyone = clauses.clone().filter(|(grantee, _)| **grantee == Grantee::AllUsers);
        for_everyone.chain(clauses).find_map(fits)
    }
}

impl Acl {
    /// By what, if by anything, `principal` has `permission` on an object; `LIST` is only
    /// decided here for Swift, whose ACLs say who may have listings.
    pub(super) fn allows<'a>(
        &'a self,
        permission: Permission,
        principal: &Principal,
        referer: Option<&str>,
        owners: Owners<'_>,
    ) -> Option<Allowed<'a>> {
        match self {
            Self::Canned(acl) => allowed_by_grants(acl.grants(), permission, principal, owners),
            Self::Grants(grants) => allowed_by_grants(grants, permission, principal, owners),
            Self::Swift(acl) => allowed_by_swift(acl, permission, principal, referer, owners),
        }
    }
}

fn allowed_by_grants<'a>(
    grants: &'a [AclGrant],
    permission: Permission,
    principal: &Principal,
    owners: Owners<'_>,
) -> Option<Allowed<'a>> {
    let covering = grants.iter().filter(move |grant| grant.granted.covers(permission));
    let clauses = covering.map(|grant| (&grant.to, Clause::Grant(grant)));
    // The owner cannot be locked out of the ACL (S3, and `RGWAccessControlPolicy::get_perm`).
    let of_the_acl = matches!(permission, Permission::ReadAcp | Permission::WriteAcp);
    owners.first_clause(principal, clauses).or_else(|| {
        let owns = of_the_acl && owners.object.is(principal);
        owns.then_some(Allowed { by: AllowedBy::Owner, clause: Clause::Ownership })
    })
}

fn allowed_by_swift<'a>(
    acl: &'a SwiftAcl,
    permission: Permission,
    principal: &Principal,
    referer: Option<&str>,
    owners: Owners<'_>,
) -> Option<Allowed<'a>> {
    let groups = match principal {
        Principal::User(user) => groups_of(user),
        Principal::Anonymous | Principal::EveryOwner => Vec::new(),
    };
    let entry = match permission {
        Permission::Read => acl.read.admits(&groups, referer),
        Permission::List => acl.read.admits_listing(&groups, referer),
        Permission::Write => acl.write.admits(&groups, None),
        Permission::ReadAcp | Permission::WriteAcp => None,
    };
    let (by, clause) = match entry {
        Some(Entry::Everyone) => (AllowedBy::Everyone, Clause::EveryReferrer),
        _ if owners.object.is(principal) => (AllowedBy::Owner, Clause::Ownership),
        _ if owners.bucket.is(principal) => (AllowedBy::BucketOwner, Clause::Ownership),
        Some(Entry::Referrer(designation)) => (AllowedBy::Referrer, Clause::Referrer(designation)),
        Some(Entry::Group(group)) => (AllowedBy::SwiftGroup, Clause::Group(group)),
        None => return None,
    };
    Some(Allowed { by, clause })
}

/// By what, if by anything, `principal` may see the key in a listing.
pub(super) fn allowed_to_list<'a>(
    list: &'a [Grantee],
    principal: &Principal,
    owners: Owners<'_>,
) -> Option<Allowed<'a>> {
    let clauses = list.iter().map(|grantee| (grantee, Clause::List(grantee)));
    owners.first_clause(principal, clauses)
}
