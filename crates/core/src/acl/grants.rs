//! Grants: one permission for one grantee.
//!
//! S3 writes every ACL as a list of them (*Access control list overview* in the Amazon S3 user
//! guide). Grants only allow; they never deny, and their order does not matter.

use std::fmt;

use super::permission::Permission;

/// To whom something is granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// Everyone, with or without a credential: S3's group `AllUsers`.
    AllUsers,
    /// Everyone with a credential: S3's group `AuthenticatedUsers`.
    AuthenticatedUsers,
    /// The object's owner.
    Owner,
    /// The bucket's owner.
    BucketOwner,
    /// One user.
    User(String),
}

impl Grantee {
    /// Those that have no id, with their names in a policy.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("all-users", Self::AllUsers),
        ("authenticated-users", Self::AuthenticatedUsers),
        ("owner", Self::Owner),
        ("bucket-owner", Self::BucketOwner),
    ];
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllUsers => f.write_str("all-users"),
            Self::AuthenticatedUsers => f.write_str("authenticated-users"),
            Self::Owner => f.write_str("owner"),
            Self::BucketOwner => f.write_str("bucket-owner"),
            Self::User(user) => write!(f, "user {user}"),
        }
    }
}

/// What is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// To read the object.
    Read,
    /// To write it.
    Write,
    /// To read its ACL.
    ReadAcp,
    /// To write its ACL.
    WriteAcp,
    /// All four.
    FullControl,
}

impl Granted {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("READ", Self::Read),
        ("WRITE", Self::Write),
        ("READ_ACP", Self::ReadAcp),
        ("WRITE_ACP", Self::WriteAcp),
        ("FULL_CONTROL", Self::FullControl),
    ];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::ReadAcp => "READ_ACP",
            Self::WriteAcp => "WRITE_ACP",
            Self::FullControl => "FULL_CONTROL",
        }
    }

    /// Whether it gives `permission`. Nothing that is granted on an object gives listings.
    pub const fn covers(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => matches!(self, Self::Read | Self::FullControl),
            Permission::Write => matches!(self, Self::Write | Self::FullControl),
            Permission::ReadAcp => matches!(self, Self::ReadAcp | Self::FullControl),
            Permission::WriteAcp => matches!(self, Self::WriteAcp | Self::FullControl),
            Permission::List => false,
        }
    }
}

/// One permission for one grantee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclGrant {
    /// To whom.
    pub to: Grantee,
    /// What.
    pub granted: Granted,
}

impl fmt::Display for AclGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.granted.as_str(), self.to)
    }
}
