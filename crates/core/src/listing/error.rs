//! Why there is no listing.

use std::fmt;

use super::answer::AnswerError;

/// Why there is no listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListError {
    /// The credential opens paths. What lies beside them is not its business.
    Capability,
    /// Nothing here may be listed, and no credential was presented.
    NoCredential,
    /// The credential holds, but its principal may list nothing here.
    Principal,
    /// A parameter has a value that it cannot have.
    Argument {
        /// The parameter.
        name: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// A parameter asks for something else, such as the bucket's ACL.
    SubResource {
        /// The parameter, when it is one of S3.
        name: Option<&'static str>,
    },
    /// A container is to be written in a form that is not served.
    Format,
    /// A page is to have more names than pages have.
    Limit,
    /// What is hidden lies so thick that no page could be made of what is not.
    Hidden,
    /// The store is not asked for listings: a TempURL is for one object, and so is what a binding
    /// is asked.
    Unsupported,
    /// The store has no such bucket.
    NoBucket,
    /// The store refuses the gate's own request.
    Refused,
    /// What the store says is no listing.
    Answer(AnswerError),
    /// The store says what it was not asked.
    Astray,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability => f.write_str(
                "the credential is for paths and cannot list; use a SigV4 key or a bearer token",
            ),
            Self::NoCredential => f.write_str(
                "no rule of the route lists anything to everyone, and no credential was presented",
            ),
            Self::Principal => f.write_str(
                "no rule of the route lists anything to the credential's principal; `list` of a \
                 rule says to whom listings show its keys",
            ),
            Self::Argument { name, expected } => write!(f, "`{name}` must be {expected}"),
            Self::SubResource { name: Some(name) } => {
                write!(f, "query parameter `{name}` is not served")
            }
            Self::SubResource { name: None } => {
                f.write_str("a query parameter that no listing has is not served")
            }
            Self::Format => f.write_str("`format` must be `json` or `plain`"),
            Self::Limit => f.write_str("`limit` must be at most 10000"),
            Self::Hidden => f.write_str(
                "too many keys are hidden from the credential's principal between those that it \
                 sees; a `prefix` of what it sees, or a smaller `limit`, makes a page",
            ),
            Self::Unsupported => f.write_str(
                "only stores of kind `s3` are listed: a TempURL is for one object, and a binding is \
                 asked for objects alone; use the store's S3 API, with `\"kind\": \"s3\"`",
            ),
            Self::NoBucket => f.write_str("the store has no such bucket"),
            Self::Refused => f.write_str(
                "the store refused to list the bucket: do its credentials have `s3:ListBucket`?",
            ),
            Self::Answer(error) => error.fmt(f),
            Self::Astray => f.write_str("the store's listing is not of what was asked"),
        }
    }
}

/// An error about the value of a parameter.
pub(super) fn argument<T>(name: &'static str, expected: &'static str) -> Result<T, ListError> {
    Err(ListError::Argument { name, expected })
}
