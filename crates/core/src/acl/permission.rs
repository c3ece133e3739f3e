//! What may be asked of an object, and whose it is.

use std::fmt;

use crate::key::Principal;

/// What is asked for: the permissions of S3 (*Access control list overview* in the Amazon S3
/// user guide), and one for listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// To read an object.
    Read,
    /// To write it.
    Write,
    /// To read its ACL.
    ReadAcp,
    /// To write its ACL.
    WriteAcp,
    /// To see its key in a listing. To read an object is not to find it: S3 has listings in the
    /// ACL of the bucket, Swift in `.rlistings`.
    List,
}

impl Permission {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("READ", Self::Read),
        ("WRITE", Self::Write),
        ("READ_ACP", Self::ReadAcp),
        ("WRITE_ACP", Self::WriteAcp),
        ("LIST", Self::List),
    ];

    /// The permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::ReadAcp => "READ_ACP",
            Self::WriteAcp => "WRITE_ACP",
            Self::List => "LIST",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose an object or a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The app's, and nobody else's.
    App,
    /// A user's. The app acts as this user, too.
    User(String),
}

impl Owner {
    /// Whether this is the user that `principal` acts for.
    pub fn is(&self, principal: &Principal) -> bool {
        match (self, principal) {
            (Self::User(owner), Principal::User(user)) => owner == user,
            _ => false,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("the app"),
            Self::User(user) => write!(f, "user {user}"),
        }
    }
}
