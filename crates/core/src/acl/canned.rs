//! Canned ACLs: `private`, `public-read`, `public-read-write` and `authenticated-read`
//! (*Access control list overview* in the Amazon S3 user guide).

use std::fmt;

use crate::key::Principal;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// To read an object.
    Read,
    /// To write it.
    Write,
}

/// Whose object it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The app's, and nobody else's.
    App,
    /// A user's, and the app's.
    User(String),
}

impl Owner {
    fn is(&self, principal: &Principal) -> bool {
        match (self, principal) {
            (_, Principal::EveryOwner) => true,
            (Self::User(owner), Principal::User(user)) => owner == user,
            _ => false,
        }
    }
}

/// By what something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedBy {
    /// The ACL allows everyone.
    Everyone,
    /// The ACL allows every user.
    AnyUser,
    /// The principal owns the object.
    Owner,
}

impl AllowedBy {
    /// The name that logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::AnyUser => "any_user",
            Self::Owner => "owner",
        }
    }
}

/// A canned ACL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannedAcl {
    /// The owner may read and write.
    Private,
    /// Everyone may read.
    PublicRead,
    /// Everyone may read and write.
    PublicReadWrite,
    /// Every user may read.
    AuthenticatedRead,
}

impl CannedAcl {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("private", Self::Private),
        ("public-read", Self::PublicRead),
        ("public-read-write", Self::PublicReadWrite),
        ("authenticated-read", Self::AuthenticatedRead),
    ];

    /// The ACL's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
        }
    }

    /// By what, if by anything, `principal` has `permission` on an object of `owner`.
    pub fn allows(
        self,
        permission: Permission,
        principal: &Principal,
        owner: &Owner,
    ) -> Option<AllowedBy> {
        let everyone = match permission {
            Permission::Read => matches!(self, Self::PublicRead | Self::PublicReadWrite),
            Permission::Write => self == Self::PublicReadWrite,
        };
        let any_user = self == Self::AuthenticatedRead && permission == Permission::Read;
        if everyone {
            Some(AllowedBy::Everyone)
        } else if owner.is(principal) {
            Some(AllowedBy::Owner)
        } else if any_user && *principal != Principal::Anonymous {
            Some(AllowedBy::AnyUser)
        } else {
            None
        }
    }
}

impl fmt::Display for CannedAcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        let alice = Owner::User("alice".into());
        let user = |name: &str| Principal::User(name.into());
        // Columns: anonymous, another user, the owner, the app; `r` read, `w` write.
        for (acl, expected) in [
            (CannedAcl::Private, ["", "", "rw", "rw"]),
            (CannedAcl::PublicRead, ["r", "r", "rw", "rw"]),
            (CannedAcl::PublicReadWrite, ["rw", "rw", "rw", "rw"]),
            (CannedAcl::AuthenticatedRead, ["", "r", "rw", "rw"]),
        ] {
            let who = [Principal::Anonymous, user("bob"), user("alice"), Principal::EveryOwner];
            for (principal, expected) in who.iter().zip(expected) {
                let mut found = String::new();
                for (permission, letter) in [(Permission::Read, 'r'), (Permission::Write, 'w')] {
                    if acl.allows(permission, principal, &alice).is_some() {
                        found.push(letter);
                    }
                }
                assert_eq!(found, expected, "{acl} {principal:?}");
            }
        }
    }

    #[test]
    fn what_the_app_owns_is_nobody_elses() {
        let user = Principal::User("alice".into());
        assert_eq!(CannedAcl::Private.allows(Permission::Read, &user, &Owner::App), None);
    }
}
