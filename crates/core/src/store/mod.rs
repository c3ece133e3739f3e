//! Stores: where objects are, and what signs requests for them.
//!
//! | kind | signed with | module |
//! |---|---|---|
//! | S3 and S3-compatible stores | SigV4 headers | [`s3`] |
//! | OpenStack Swift, Rackspace Cloud Files | TempURLs | [`swift`] |
//! | Cloudflare R2, by a binding of the Worker | nothing | [`r2`] |
//!
//! A store is asked for one object at a time, by an [`OriginCall`], and one of S3 for listings,
//! too. What differs between the
//! kinds is known here and nowhere else: how a call is signed, which of its answers are the
//! store's own inventions, and whether it can be asked again with another key.

pub mod answer;
pub mod r2;
pub mod s3;
pub mod swift;
pub mod swift_token;

use std::sync::Arc;
use std::time::Duration;

use crate::disposition::Disposition;
use crate::object::{Bucket, BucketError, ObjectKey};
use crate::request::Method;
use crate::secret::Secret;
use crate::time::UnixTime;

pub use self::answer::{StoreAnswer, StoreError, Unanswered};
pub use self::r2::{R2Call, R2Store};
pub use self::s3::{Addressing, S3Store};
pub use self::swift::SwiftStore;
pub use self::swift_token::{SwiftAuth, SwiftCredentials, TokenCall};

/// How long a store may take until its answer begins, unless the policy says something else.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A store of any kind.
#[derive(Clone, Debug)]
pub enum Store {
    /// S3 or an S3-compatible store.
    S3(Arc<S3Store>),
    /// OpenStack Swift.
    Swift(Arc<SwiftStore>),
    /// Cloudflare R2.
    R2(Arc<R2Store>),
}

/// An object as it is asked of a store.
#[derive(Clone, Copy, Debug)]
pub struct ObjectCall<'a> {
    /// `GET` or `HEAD`.
    pub method: Method,
    /// The bucket or container.
    pub bucket: &'a Bucket,
    /// The key.
    pub key: &'a ObjectKey,
    /// The version, where it is not the newest that is wanted.
    pub version: Option<&'a str>,
}

/// A page of a bucket's listing as it is asked of a store.
#[derive(Clone, Copy, Debug)]
pub struct ListCall<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// What keys begin with.
    pub prefix: &'a str,
    /// Up to where keys are put together; empty when they are not.
    pub delimiter: &'a str,
    /// The position after which the page begins.
    pub after: Option<&'a str>,
    /// The most entries.
    pub max_keys: usize,
}

/// A signed call.
#[derive(Clone, Debug)]
pub struct OriginCall {
    /// The URL; of a TempURL, the signature is in it.
    pub url: Secret,
    /// The same without what could be used again, for people to read.
    pub shown: String,
    /// The headers that the signature needs.
    pub headers: Vec<(&'static str, Secret)>,
    /// What to ask of a binding in place of all that; the URL then is one for people only.
    pub r2: Option<R2Call>,
}

impl OriginCall {
    /// A call to a URL that holds nothing to be hidden.
    fn shown_as(url: String) -> Self {
        Self { url: Secret::new(url.clone()), shown: url, headers: Vec::new(), r2: None }
    }
}

/// A URL that opens an object by itself, for a viewer to go to.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// What it opens.
    pub call: ObjectCall<'a>,
    /// Headers of the answer that are to be others than stored. Swift has no way to say so.
    pub headers: &'a [(&'static str, String)],
    /// What the answer is to say of the file's name; as stored when absent.
    pub disposition: Option<&'a Disposition>,
    /// How long it lives.
    pub life: Duration,
}

/// Which of a store's keys signs: the first, or one that is known to do, and after each refusal
/// the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyChoice {
    index: usize,
    refused: usize,
}

impl KeyChoice {
    /// The same key, to begin with another time.
    pub(crate) fn again(self) -> Self {
        Self { refused: 0, ..self }
    }
}

impl Store {
    /// Its name in the policy.
    pub fn name(&self) -> &str {
        match self {
            Self::S3(store) => &store.name,
            Self::Swift(store) => &store.name,
            Self::R2(store) => &store.name,
        }
    }

    /// How long it may take until its answer begins.
    pub fn timeout(&self) -> Duration {
        match self {
            Self::S3(store) => store.timeout,
            Self::Swift(store) => store.timeout,
            Self::R2(store) => store.timeout,
        }
    }

    /// Reads the name of one of its buckets or containers.
    ///
    /// # Errors
    /// [`BucketError`] when it cannot have one of this name, or it could not be addressed.
    pub fn bucket(&self, name: &str) -> Result<Bucket, BucketError> {
        match self {
            Self::S3(store) => store.addressing.bucket(name),
            Self::Swift(_) => Bucket::container(name),
            Self::R2(_) => Bucket::binding(name),
        }
    }

    /// Signs a call at the time `now`.
    pub fn call(&self, call: &ObjectCall<'_>, key: KeyChoice, now: UnixTime) -> OriginCall {
        match self {
            Self::S3(store) => store.call(call, now),
            Self::Swift(store) => store.call(call, key.index, now),
            Self::R2(store) => store.call(call),
        }
    }

    /// The key to try next, when the store has refused one with this status.
    pub fn next_key(&self, key: KeyChoice, status: u16) -> Option<KeyChoice> {
        match self {
            Self::S3(_) | Self::R2(_) => None,
            // Swift refuses a TempURL that it cannot verify with 401, whatever is wrong with it.
            Self::Swift(store) => {
                let refused = key.refused.saturating_add(1);
                let index = key.index.saturating_add(1).checked_rem(store.keys.len())?;
                let is_left = status == 401 && refused < store.keys.len();
                is_left.then_some(KeyChoice { index, refused })
            }
        }
    }

    /// Signs a URL of the store at the time `now`.
    pub fn link(&self, link: &Link<'_>, now: UnixTime) -> Secret {
        match self {
            Self::S3(store) => store.link(link, now),
            Self::Swift(store) => store.link(link, now),
            // INVARIANT: the policy has no redirects to a binding, which has no URL.
            Self::R2(_) => Secret::new(String::new()),
        }
    }

    /// Whether it keeps several versions of an object.
    pub fn has_versions(&self) -> bool {
        match self {
            Self::S3(_) => true,
            Self::Swift(_) | Self::R2(_) => false,
        }
    }

    /// The value of a header of its answer as the object has it; none for what is the store's
    /// own invention.
    pub(crate) fn stored_header(&self, name: &str, value: &str, key: &ObjectKey) -> Option<String> {
        match self {
            Self::S3(_) | Self::R2(_) => Some(value.to_owned()),
            Self::Swift(_) => swift::stored_header(name, value, key),
        }
    }
}
