//! What credentials that open a resource for a time have in common.
//!
//! A TempURL, a CloudFront signature and an EdgeAuth token are capabilities: whoever holds one
//! may use it. Each names the resources that it opens, a time, perhaps an address; a key has
//! signed all of that, and the authority is the key's.

use std::fmt;
use std::net::IpAddr;

use crate::request::Method;
use crate::time::UnixTime;

/// Why a capability does not hold. A wrong signature carries no evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapabilityError {
    /// A part is missing, or not of its form.
    Malformed {
        /// The parameter, cookie or field.
        part: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// A part was given twice.
    Duplicate(&'static str),
    /// No live key has this id, or none is for this path.
    UnknownKey,
    /// The key is for another algorithm.
    WrongAlgorithm {
        /// The one that it is for.
        expected: &'static str,
    },
    /// It has expired.
    Expired {
        /// When the request came.
        now: UnixTime,
        /// The last second at which it was valid.
        not_after: UnixTime,
    },
    /// It is not valid yet.
    NotYetValid {
        /// When the request came.
        now: UnixTime,
        /// The first second at which it will be valid.
        not_before: UnixTime,
    },
    /// It is for viewers at another address.
    WrongAddress {
        /// The viewer's, when it is known.
        found: Option<IpAddr>,
    },
    /// It opens other resources than the one that is asked for.
    WrongResource,
    /// Another method was signed.
    MethodMismatch {
        /// The one that was.
        signed: Method,
    },
    /// The signature is wrong.
    SignatureMismatch,
}

impl fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { part, expected } => write!(f, "`{part}` must be {expected}"),
            Self::Duplicate(part) => write!(f, "`{part}` is given twice"),
            Self::UnknownKey => f.write_str("no live key has this id, or is for this path"),
            Self::WrongAlgorithm { expected } => write!(f, "the key is for {expected} only"),
            Self::Expired { now, not_after } => {
                write!(f, "expired {} s ago", now.since(*not_after).as_secs())
            }
            Self::NotYetValid { now, not_before } => {
                write!(f, "not valid for another {} s", not_before.since(*now).as_secs())
            }
            Self::WrongAddress { found: Some(address) } => {
                write!(f, "not for viewers at {address}")
            }
            Self::WrongAddress { found: None } => {
                f.write_str("for viewers at one address, and that of this viewer is not known")
            }
            Self::WrongResource => f.write_str("it opens other paths than this one"),
            Self::MethodMismatch { signed } => write!(f, "signed for {signed}"),
            Self::SignatureMismatch => f.write_str("the signature is wrong"),
        }
    }
}

/// Shorthand for the readers of the dialects.
pub(crate) fn malformed<T>(
    part: &'static str,
    expected: &'static str,
) -> Result<T, CapabilityError> {
    Err(CapabilityError::Malformed { part, expected })
}

/// Whether `now` lies within the two, both included.
pub(crate) fn check_time(
    not_before: Option<UnixTime>,
    not_after: UnixTime,
    now: UnixTime,
) -> Result<(), CapabilityError> {
    if now > not_after {
        return Err(CapabilityError::Expired { now, not_after });
    }
    match not_before {
        Some(not_before) if now < not_before => {
            Err(CapabilityError::NotYetValid { now, not_before })
        }
        _ => Ok(()),
    }
}
