//! `stores`: where objects are.
//!
//! Each kind has its own fields; what they have in common is read here.

mod auth;
mod r2;
mod s3;
mod swift;

use std::sync::Arc;
use std::time::Duration;

use crate::object::{Bucket, BucketError};
use crate::policy::Secrets;
use crate::policy::reader::{Fields, Node, PolicyError};
use crate::store::{DEFAULT_TIMEOUT, Store, SwiftAuth};
use crate::upload::kind::{Clause, Kind as UploadKind, Taker};

use self::r2::R2Spec;
use self::s3::Lack;
pub(super) use self::s3::S3Spec;
use self::swift::SwiftSpec;

/// A store whose secrets are still names.
#[derive(Clone, Debug)]
pub(super) enum StoreSpec {
    S3(S3Spec),
    Swift(SwiftSpec),
    R2(R2Spec),
}

#[derive(Clone, Copy)]
enum Kind {
    S3,
    Swift,
    R2,
}

const KINDS: [(&str, Kind); 3] = [("s3", Kind::S3), ("swift", Kind::Swift), ("r2", Kind::R2)];

impl StoreSpec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        // The kind decides which fields there are, so it is read before they are named.
        match node.fields()?.required("kind")?.one_of(&KINDS)? {
            Kind::S3 => S3Spec::read(node).map(Self::S3),
            Kind::Swift => SwiftSpec::read(node).map(Self::Swift),
            Kind::R2 => R2Spec::read(node).map(Self::R2),
        }
    }

    /// Reads the name of a bucket or container.
    pub(super) fn bucket(&self, name: &str) -> Result<Bucket, BucketError> {
        match self {
            Self::S3(spec) => spec.addressing.bucket(name),
            Self::Swift(_) => Bucket::container(name),
            Self::R2(_) => Bucket::binding(name),
        }
    }

    /// The protocol by which it takes uploads; none where it has no URL.
    pub(super) fn taker(&self) -> Option<Taker> {
        match self {
            Self::S3(_) => Some(Taker::S3),
            Self::Swift(_) => Some(Taker::Swift),
            Self::R2(_) => None,
        }
    }

    /// Whether its operator says that it does not enforce this, as S3 does.
    pub(super) fn lacks_clause(&self, clause: Clause) -> bool {
        matches!(self, Self::S3(spec) if spec.lacks.contains(&Lack::Clause(clause)))
    }

    /// Whether its operator says that it does not take uploads of this kind, as S3 does.
    pub(super) fn lacks_kind(&self, kind: UploadKind) -> bool {
        matches!(self, Self::S3(spec) if spec.lacks.contains(&Lack::Kind(kind)))
    }

    /// Whether it has what an upload in parts takes: S3 itself, and Swift a token.
    pub(super) fn can_list_parts(&self) -> bool {
        match self {
            Self::S3(_) => true,
            Self::Swift(spec) => spec.has_auth(),
            Self::R2(_) => false,
        }
    }

    /// What gives tokens of its account, where it is of Swift and the policy says so.
    pub(super) fn resolve_auth(
        &self,
        name: &str,
        secrets: &Secrets<'_>,
    ) -> Result<Option<SwiftAuth>, PolicyError> {
        match self {
            Self::Swift(spec) => spec.resolve_auth(name, secrets),
            Self::S3(_) | Self::R2(_) => Ok(None),
        }
    }

    /// All that its operator says that it does not do as S3 does.
    pub(super) fn lacks(&self) -> Vec<&'static str> {
        match self {
            Self::S3(spec) => spec.lacks.iter().map(|lack| lack.as_str()).collect(),
            Self::Swift(_) | Self::R2(_) => Vec::new(),
        }
    }

    /// Whether what signs for it may end before what it signs.
    pub(super) fn may_be_temporary(&self) -> bool {
        matches!(self, Self::S3(spec) if spec.may_be_temporary())
    }

    /// Whether its objects have URLs.
    pub(super) fn has_url(&self) -> bool {
        !matches!(self, Self::R2(_))
    }

    pub(super) fn resolve(&self, name: &str, secrets: &Secrets<'_>) -> Result<Store, PolicyError> {
        Ok(match self {
            Self::S3(spec) => Store::S3(Arc::new(spec.resolve(name, secrets)?)),
            Self::Swift(spec) => Store::Swift(Arc::new(spec.resolve(name, secrets)?)),
            Self::R2(spec) => Store::R2(Arc::new(spec.resolve(name))),
        })
    }

    /// The names of its secrets, each with the place that names it.
    pub(super) fn secret_names(&self, name: &str) -> Vec<(String, String)> {
        match self {
            Self::S3(spec) => spec.secret_names(name),
            Self::Swift(spec) => spec.secret_names(name),
            Self::R2(_) => Vec::new(),
        }
    }
}

/// The longest wait for an answer, in seconds: browsers give up not much later.
const MAX_TIMEOUT: u64 = 60;

fn read_timeout(fields: &Fields<'_>) -> Result<Duration, PolicyError> {
    match fields.optional("timeout") {
        Some(node) => node.number_in(1..=MAX_TIMEOUT, "seconds").map(Duration::from_secs),
        None => Ok(DEFAULT_TIMEOUT),
    }
}
