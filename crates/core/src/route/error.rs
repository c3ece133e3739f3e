//! Why a path leads to no object.

use std::fmt;

use crate::object::{BucketError, KeyError};

/// Why no object is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocateError {
    /// No route has this path.
    NoRoute,
    /// What path and host make of the route's bucket is not a bucket's name.
    Bucket {
        /// What they make of it.
        name: String,
        /// Why it is none.
        why: BucketError,
    },
    /// The credential is for another route.
    OtherRoute,
    /// The host chooses the object, and the credential is one that signs the path alone.
    UnsignedHost,
    /// What follows the prefix, or all together, is not a key.
    Key(KeyError),
    /// A query parameter asks for something else than the object, such as its ACL.
    SubResource(String),
}

impl fmt::Display for LocateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute => f.write_str("no route has this path"),
            Self::Bucket { name, why } => write!(f, "bucket `{}` {why}", name.escape_debug()),
            Self::OtherRoute => f.write_str("the cookie was set by another route"),
            Self::UnsignedHost => f.write_str(
                "the route's bucket or location holds `{host}`, and the credential does not sign \
                 the host: it would open the same path of every host",
            ),
            Self::Key(error) => error.fmt(f),
            Self::SubResource(name) => write!(f, "query parameter `{name}` is not served"),
        }
    }
}
