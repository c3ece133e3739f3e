//! `stores`: where objects are.
//!
//! Each kind has its own fields; what they have in common is read here.

mod s3;
mod swift;

use std::sync::Arc;
use std::time::Duration;

use crate::object::{Bucket, BucketError};
use crate::policy::Secrets;
use crate::policy::reader::{Fields, Node, PolicyError};
use crate::store::{DEFAULT_TIMEOUT, Store};

pub(super) use self::s3::S3Spec;
use self::swift::SwiftSpec;

/// A store whose secrets are still names.
#[derive(Clone, Debug)]
pub(super) enum StoreSpec {
    S3(S3Spec),
    Swift(SwiftSpec),
}

#[derive(Clone, Copy)]
enum Kind {
    S3,
    Swift,
}

const KINDS: [(&str, Kind); 2] = [("s3", Kind::S3), ("swift", Kind::Swift)];

impl StoreSpec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        // The kind decides which fields there are, so it is read before they are named.
        match node.fields()?.required("kind")?.one_of(&KINDS)? {
            Kind::S3 => S3Spec::read(node).map(Self::S3),
            Kind::Swift => SwiftSpec::read(node).map(Self::Swift),
        }
    }

    /// Reads the name of a bucket or container.
    pub(super) fn bucket(&self, name: &str) -> Result<Bucket, BucketError> {
        match self {
            Self::S3(spec) => spec.addressing.bucket(name),
            Self::Swift(_) => Bucket::container(name),
        }
    }

    pub(super) fn resolve(&self, name: &str, secrets: &Secrets<'_>) -> Result<Store, PolicyError> {
        Ok(match self {
            Self::S3(spec) => Store::S3(Arc::new(spec.resolve(name, secrets)?)),
            Self::Swift(spec) => Store::Swift(Arc::new(spec.resolve(name, secrets)?)),
        })
    }

    /// The names of its secrets, each with the place that names it.
    pub(super) fn secret_names(&self, name: &str) -> Vec<(String, String)> {
        match self {
            Self::S3(spec) => spec.secret_names(name),
            Self::Swift(spec) => spec.secret_names(name),
        }
    }
}

/// The longest wait for an answer, in seconds: browsers give up not much later.
const MAX_TIMEOUT: u64 = 60;

fn read_timeout(fields: &Fields<'_, '_>) -> Result<Duration, PolicyError> {
    match fields.optional("timeout") {
        Some(node) => node.number_in(1..=MAX_TIMEOUT, "seconds").map(Duration::from_secs),
        None => Ok(DEFAULT_TIMEOUT),
    }
}
