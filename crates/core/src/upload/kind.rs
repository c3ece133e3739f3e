//! The ways in which a file is sent to a store, and what of a rule each of them makes the store
//! enforce.
//!
//! | clause | S3 PUT | S3 form | S3 multipart | TempURL PUT | FormPost | Swift multipart |
//! |---|---|---|---|---|---|---|
//! | `signed_headers` | those that were not signed are refused | no headers count | the same as of a PUT | – | no headers count | – |
//! | `size` | signed length | `content-length-range` | added up before it is completed | – | at most | added up before it is completed |
//! | `content_type` | signed | exact field | given when it is created | – | – | given with the manifest |
//! | `create_only` | signed `If-None-Match: *` | – | the same, when it is completed | – | – | the same, with the manifest |
//! | `checksum` | signed | – | – | – | – | – |
//! | `grants` | signed | – | given when it is created | – | – | – |
//! | `acl`, `tags`, `storage_class`, `encryption` | signed | exact field | given when it is created | – | – | – |
//! | `cache_control`, `content_disposition`, `metadata` | signed | exact field | given when it is created | – | – | given with the manifest |
//!
//! What a store does not enforce, a confirmation finds in part: size, type and checksum. What it
//! cannot find is a copy: who may add headers to a PUT can have the store copy into it whatever the
//! store's own credentials can read (`x-amz-copy-source` in Ceph up to 16.2 and in Swift's S3 API
//! before 2.38.1, `X-Copy-From` with a TempURL before Swift 2.38.2).
//!
//! Sources: *PutObject*, *POST Object*, *CreateMultipartUpload* and *CompleteMultipartUpload* in the
//! Amazon S3 API reference; *TempURL*, *Form POST middleware* and *Static Large Objects* in the
//! OpenStack Swift documentation.

use std::fmt;

use crate::store::Store;
use crate::upload::multipart::MAX_PART_SIZE;

/// A way to send a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One PUT to a signed URL.
    Put,
    /// One POST of a signed form.
    Form,
    /// Several PUTs of parts, to be put together.
    Multipart,
}

impl Kind {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("put", Self::Put), ("form", Self::Form), ("multipart", Self::Multipart)];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Form => "form",
            Self::Multipart => "multipart",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that a rule says of a file, for a store to enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clause {
    /// Headers that were not signed have no effect, or are refused.
    SignedHeaders,
    /// How large it is.
    Size,
    /// What it is.
    ContentType,
    /// It takes no other object's place.
    CreateOnly,
    /// Its bytes have the checksum that was announced.
    Checksum,
    /// Its canned ACL.
    Acl,
    /// Its ACL, grant by grant.
    Grants,
    /// Its `Cache-Control`.
    CacheControl,
    /// Its `Content-Disposition`.
    ContentDisposition,
    /// Its metadata.
    Metadata,
    /// Its tags.
    Tags,
    /// Its storage class.
    StorageClass,
    /// How it is encrypted.
    Encryption,
}

impl Clause {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 13] = [
        ("signed_headers", Self::SignedHeaders),
        ("size", Self::Size),
        ("content_type", Self::ContentType),
        ("create_only", Self::CreateOnly),
        ("checksum", Self::Checksum),
        ("acl", Self::Acl),
        ("grants", Self::Grants),
        ("cache_control", Self::CacheControl),
        ("content_disposition", Self::ContentDisposition),
        ("metadata", Self::Metadata),
        ("tags", Self::Tags),
        ("storage_class", Self::StorageClass),
        ("encryption", Self::Encryption),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        let named = Self::ALL.into_iter().find(|(_, clause)| *clause == self);
        named.map(|(name, _)| name).unwrap_or_default()
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The protocol by which a store takes files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    /// S3's.
    S3,
    /// Swift's own.
    Swift,
}

impl Taker {
    /// That of a store; none of one that has no URL.
    pub fn of(store: &Store) -> Option<Self> {
        match store {
            Store::S3(_) => Some(Self::S3),
            Store::Swift(_) => Some(Self::Swift),
            Store::R2(_) => None,
        }
    }

    /// The most parts of a file: *Amazon S3 multipart upload limits*, and `max_manifest_segments`
    /// of Swift's filter `slo` where it is not configured.
    pub const fn max_parts(self) -> u16 {
        match self {
            Self::S3 => 10_000,
            Self::Swift => 1_000,
        }
    }

    /// The most bytes of a file that is not sent by one PUT. S3 took 5 TiB from 2010 on, and some
    /// stores take more.
    pub const fn max_object_size(self) -> u64 {
        match self {
            Self::S3 => 5 * 1024 * 1024 * 1024 * 1024,
            Self::Swift => MAX_PART_SIZE.saturating_mul(1_000),
        }
    }

    /// Whether what a clause says is enforced, when a file of at least `min_size` bytes is sent in
    /// this way.
    pub const fn enforces(self, clause: Clause, kind: Kind, min_size: u64) -> bool {
        match (self, kind) {
            (Self::S3, Kind::Put) => true,
            (Self::S3, Kind::Form) => {
                !matches!(clause, Clause::CreateOnly | Clause::Checksum | Clause::Grants)
            }
            (Self::S3, Kind::Multipart) => !matches!(clause, Clause::Checksum),
            // The form says how large a file may be, and not how small.
            (Self::Swift, Kind::Form) => match clause {
                Clause::SignedHeaders => true,
                Clause::Size => min_size == 0,
                _ => false,
            },
            (Self::Swift, Kind::Multipart) => matches!(
                clause,
                Clause::Size
                    | Clause::ContentType
                    | Clause::CreateOnly
                    | Clause::CacheControl
                    | Clause::ContentDisposition
                    | Clause::Metadata
            ),
            (Self::Swift, Kind::Put) => false,
        }
    }
}
