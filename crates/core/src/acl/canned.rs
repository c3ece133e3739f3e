//! Canned ACLs: six lists of grants that have a name (*Canned ACL* in the Amazon S3 user guide).
//!
//! | name | grants besides FULL_CONTROL for the owner |
//! |---|---|
//! | `private` | |
//! | `public-read` | READ for all users |
//! | `public-read-write` | READ and WRITE for all users |
//! | `authenticated-read` | READ for authenticated users |
//! | `bucket-owner-read` | READ for the bucket's owner |
//! | `bucket-owner-full-control` | FULL_CONTROL for the bucket's owner |

use std::fmt;

use super::grants::{AclGrant, Granted, Grantee};

/// A canned ACL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannedAcl {
    /// The owner may do everything.
    Private,
    /// Everyone may read.
    PublicRead,
    /// Everyone may read and write.
    PublicReadWrite,
    /// Every user may read.
    AuthenticatedRead,
    /// The bucket's owner may read.
    BucketOwnerRead,
    /// The bucket's owner may do everything.
    BucketOwnerFullControl,
}

const OWNER: AclGrant = AclGrant { to: Grantee::Owner, granted: Granted::FullControl };

const PRIVATE: &[AclGrant] = &[OWNER];
const PUBLIC_READ: &[AclGrant] =
    &[OWNER, AclGrant { to: Grantee::AllUsers, granted: Granted::Read }];
const PUBLIC_READ_WRITE: &[AclGrant] = &[
    OWNER,
    AclGrant { to: Grantee::AllUsers, granted: Granted::Read },
    AclGrant { to: Grantee::AllUsers, granted: Granted::Write },
];
const AUTHENTICATED_READ: &[AclGrant] =
    &[OWNER, AclGrant { to: Grantee::AuthenticatedUsers, granted: Granted::Read }];
const BUCKET_OWNER_READ: &[AclGrant] =
    &[OWNER, AclGrant { to: Grantee::BucketOwner, granted: Granted::Read }];
const BUCKET_OWNER_FULL_CONTROL: &[AclGrant] =
    &[OWNER, AclGrant { to: Grantee::BucketOwner, granted: Granted::FullControl }];

impl CannedAcl {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("private", Self::Private),
        ("public-read", Self::PublicRead),
        ("public-read-write", Self::PublicReadWrite),
        ("authenticated-read", Self::AuthenticatedRead),
        ("bucket-owner-read", Self::BucketOwnerRead),
        ("bucket-owner-full-control", Self::BucketOwnerFullControl),
    ];

    /// The ACL's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
            Self::BucketOwnerRead => "bucket-owner-read",
            Self::BucketOwnerFullControl => "bucket-owner-full-control",
        }
    }

    /// The grants that it stands for.
    pub const fn grants(self) -> &'static [AclGrant] {
        match self {
            Self::Private => PRIVATE,
            Self::PublicRead => PUBLIC_READ,
            Self::PublicReadWrite => PUBLIC_READ_WRITE,
            Self::AuthenticatedRead => AUTHENTICATED_READ,
            Self::BucketOwnerRead => BUCKET_OWNER_READ,
            Self::BucketOwnerFullControl => BUCKET_OWNER_FULL_CONTROL,
        }
    }
}

impl fmt::Display for CannedAcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
