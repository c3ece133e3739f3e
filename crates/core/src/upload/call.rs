//! What an adapter has to ask of a store for an upload, and what the store says.

use std::sync::Arc;

use crate::object::{Bucket, ObjectKey};
use crate::store::{S3Store, Store};
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::checksum::Checksum;
use crate::upload::multipart::Part;
use crate::upload::segments::{LargeObject, Segments};

/// A question to a store about one object.
#[derive(Clone, Debug)]
pub struct StoreCall {
    /// The store.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// The key of the object.
    pub key: ObjectKey,
    /// Where its parts are, when they are objects of their own.
    pub segments: Option<Arc<Segments>>,
    /// What is asked.
    pub what: What,
}

impl StoreCall {
    /// The object as what it is to Swift while it is sent in parts.
    pub fn large_object<'a>(&'a self, upload_id: &'a str) -> Option<LargeObject<'a>> {
        let (Store::Swift(store), Some(segments)) = (&self.store, &self.segments) else {
            return None;
        };
        Some(LargeObject { store, segments, container: &self.bucket, key: &self.key, upload_id })
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum What {
    /// What there is: *HeadObject* with its checksums.
    Head,
    /// Its first bytes, so many at most: *GetObject* of a range.
    FirstBytes(u64),
    /// To begin an upload in parts, with these headers: *CreateMultipartUpload*. Of Swift, which
    /// knows of none, the container of segments, and an [id](crate::upload::segments::upload_id)
    /// of random bytes.
    CreateMultipart(Vec<(String, String)>),
    /// All parts that there are, page after page: *ListParts*; of Swift the segments that are not
    /// an object yet.
    ListParts {
        /// The store's id of the upload.
        upload_id: String,
    },
    /// To put these parts together: *CompleteMultipartUpload*; of Swift by a manifest.
    CompleteMultipart {
        /// The store's id of the upload.
        upload_id: String,
        /// The parts, in their order.
        parts: Vec<Part>,
        /// Whether another object of this key is to be left as it is: `If-None-Match: *`.
        create_only: bool,
        /// What a store is told now that was not told when the upload was begun.
        headers: Vec<(String, String)>,
    },
    /// To forget an upload and its parts: *AbortMultipartUpload*; of Swift to remove the segments
    /// that are not an object yet.
    AbortMultipart {
        /// The store's id of the upload.
        upload_id: String,
    },
}

/// A question to a store about uploads in parts that are not at their end: one page of *ListMultipartUploads*.
#[derive(Clone, Debug)]
pub struct UploadsCall {
    /// The store.
    pub store: Arc<S3Store>,
    /// The bucket.
    pub bucket: Bucket,
    /// What their keys begin with.
    pub prefix: String,
    /// The last one of the page before; none for the first page.
    pub after: Option<OpenUpload>,
}

/// An upload in parts that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUpload {
    /// The key of the object that it is to be. It may be one that no object here can have.
    pub key: String,
    /// The store's id of the upload.
    pub upload_id: String,
}

/// A page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenUploads {
    /// Each with the time at which it began.
    pub uploads: Vec<(OpenUpload, UnixTime)>,
    /// What the next page comes after; none when this is the last one.
    pub next: Option<OpenUpload>,
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
    /// What it is made of.
    pub made_of: MadeOf,
}

/// What an object is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MadeOf {
    /// Its own bytes.
    #[default]
    Bytes,
    /// Objects that a manifest lists, each with its ETag: a static large object of Swift.
    Listed,
    /// Whatever objects have names that begin in some way: a dynamic large object of Swift.
    Found,
}

impl From<CallError> for UploadError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotFound => Self::NotStored,
            CallError::Refused | CallError::Exists => Self::StoreRefused,
            CallError::Unavailable => Self::StoreUnavailable,
        }
    }
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
