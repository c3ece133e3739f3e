//! What an adapter has to ask of a store for an upload, and what the store says.

use crate::object::{Bucket, ObjectKey};
use crate::store::Store;
use crate::upload::checksum::Checksum;
use crate::upload::multipart::Part;

/// A question to a store about one object.
#[derive(Clone, Debug)]
pub struct StoreCall {
    /// The store.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// The key of the object.
    pub key: ObjectKey,
    /// What is asked.
    pub what: What,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum What {
    /// What there is: *HeadObject* with its checksums.
    Head,
    /// Its first bytes, so many at most: *GetObject* of a range.
    FirstBytes(u64),
    /// To begin an upload in parts, with these headers: *CreateMultipartUpload*.
    CreateMultipart(Vec<(String, String)>),
    /// All parts that there are, page after page: *ListParts*.
    ListParts {
        /// The store's id of the upload.
        upload_id: String,
    },
    /// To put these parts together: *CompleteMultipartUpload*.
    CompleteMultipart {
        /// The store's id of the upload.
        upload_id: String,
        /// The parts, in their order.
        parts: Vec<Part>,
        /// Whether another object of this key is to be left as it is: `If-None-Match: *`.
        create_only: bool,
    },
    /// To forget an upload and its parts: *AbortMultipartUpload*.
    AbortMultipart {
        /// The store's id of the upload.
        upload_id: String,
    },
}

/// What a store says.
#[derive(Clone, Debug)]
pub enum Reply {
    /// What there is.
    Head(StoredHead),
    /// Its first bytes.
    FirstBytes(Vec<u8>),
    /// The id of the upload that was begun.
    Created(String),
    /// The parts.
    Parts(Vec<Part>),
    /// It was done.
    Done,
}

/// What a store says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredHead {
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, with its quotes.
    pub etag: String,
    /// Its type.
    pub content_type: Option<String>,
    /// The checksums that the store knows of the whole.
    pub checksums: Vec<Checksum>,
    /// Whether it is put together of other objects by a manifest, as a client of Swift can say in
    /// the place of sending a file.
    pub is_manifest: bool,
}

/// Why a store does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// There is no such object, or no such upload.
    NotFound,
    /// There is an object of this key already.
    Exists,
    /// It refuses what was asked: the parts, or a header, are not what it takes.
    Refused,
    /// It did not answer, or it failed.
    Unavailable,
}
