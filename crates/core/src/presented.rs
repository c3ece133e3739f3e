//! Finding the one credential that a request presents.

use std::fmt;

use crate::grant::{Dialect, Grant};
use crate::jwt::{JwtError, PresentedJwt};
use crate::key::Keyring;
use crate::request::Request;
use crate::sigv4::ALGORITHM;
use crate::sigv4::present::{AUTH_PARAMETERS, Carrier, PresentError, PresentedSigv4};
use crate::sigv4::verify::VerifyError;
use crate::time::UnixTime;

/// Why a request has no grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// Two credentials at once; which one would count is not for anyone to guess.
    Several,
    /// A Signature Version 2, which AWS retired and nothing here verifies.
    Sigv2,
    /// An `Authorization` header of a scheme that is not served.
    UnsupportedScheme,
    /// A SigV4 credential that cannot be read.
    Sigv4Present(PresentError),
    /// A SigV4 credential that does not hold.
    Sigv4Verify(VerifyError),
    /// A token that does not hold.
    Jwt(JwtError),
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several => f.write_str("a credential in the query and one in a header"),
            Self::Sigv2 => f.write_str(
                "signed with Signature Version 2; tell the SDK to use version 4 (boto3: \
                 `Config(signature_version=\"s3v4\")`)",
            ),
            Self::UnsupportedScheme => {
                f.write_str("`Authorization` must be `AWS4-HMAC-SHA256 …` or `Bearer …`")
            }
            Self::Sigv4Present(error) => error.fmt(f),
            Self::Sigv4Verify(error) => error.fmt(f),
            Self::Jwt(error) => error.fmt(f),
        }
    }
}

/// The credential of a request, read but not proven.
#[derive(Clone)]
pub enum Presented<'r> {
    /// None was sent.
    Anonymous(&'r Request<'r>),
    /// A SigV4 signature.
    Sigv4(PresentedSigv4<'r>),
    /// A bearer token.
    Jwt(PresentedJwt<'r>),
}

impl<'r> Presented<'r> {
    /// Finds the credential of `request`.
    ///
    /// # Errors
    /// When there are two, or when the one there is cannot be read.
    pub fn parse(request: &'r Request<'r>) -> Result<Self, CredentialError> {
        let in_query = request.query().pairs().any(|(name, _)| is_auth_parameter(name));
        // Of a URL signed with version 2 no other parameter has a name of its own.
        if request.query().pairs().any(|(name, _)| name == "AWSAccessKeyId") {
            return Err(CredentialError::Sigv2);
        }
        let Some(header) = request.header("authorization") else {
            return if in_query {
                PresentedSigv4::parse_query(request)
                    .map(Self::Sigv4)
                    .map_err(CredentialError::Sigv4Present)
            } else {
                Ok(Self::Anonymous(request))
            };
        };
        if in_query {
            return Err(CredentialError::Several);
        }
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        if scheme == "AWS" {
            Err(CredentialError::Sigv2)
        } else if scheme == ALGORITHM {
            PresentedSigv4::parse_header(request)
                .map(Self::Sigv4)
                .map_err(CredentialError::Sigv4Present)
        } else if scheme.eq_ignore_ascii_case("bearer") {
            PresentedJwt::parse(request, value.trim()).map(Self::Jwt).map_err(CredentialError::Jwt)
        } else {
            Err(CredentialError::UnsupportedScheme)
        }
    }

    /// How the credential is presented.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Anonymous(_) => Dialect::Anonymous,
            Self::Sigv4(presented) => match presented.carrier() {
                Carrier::Query { .. } => Dialect::Sigv4Query,
                Carrier::Header => Dialect::Sigv4Header,
            },
            Self::Jwt(_) => Dialect::JwtBearer,
        }
    }

    /// The key that the credential names.
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Anonymous(_) => None,
            Self::Sigv4(presented) => Some(presented.access_key_id()),
            Self::Jwt(presented) => presented.kid(),
        }
    }

    /// Proves the credential at the time `now`.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, CredentialError> {
        match self {
            Self::Anonymous(request) => Ok(Grant::anonymous(request)),
            Self::Sigv4(presented) => {
                presented.verify(keyring, now).map_err(CredentialError::Sigv4Verify)
            }
            Self::Jwt(presented) => presented.verify(keyring, now).map_err(CredentialError::Jwt),
        }
    }
}

/// Whether a raw parameter name is one of a presigned URL's, in whatever case and however
/// it is escaped.
fn is_auth_parameter(name: &str) -> bool {
    let decoded = crate::encoding::decode(name).unwrap_or_default();
    AUTH_PARAMETERS.iter().any(|auth| decoded.eq_ignore_ascii_case(auth.as_bytes()))
}
