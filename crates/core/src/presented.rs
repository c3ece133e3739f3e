//! Finding the one credential that a request presents.
//!
//! | dialect | where it stands |
//! |---|---|
//! | SigV4 | `X-Amz-*` in the query, or `Authorization: AWS4-HMAC-SHA256` |
//! | TempURL | `temp_url_*` in the query |
//! | CloudFront | `Expires`, `Policy`, `Signature`, `Key-Pair-Id` in the query, or cookies when there is a key |
//! | EdgeAuth | a parameter, header or cookie of a name that some key has |
//! | JWT | `Authorization: Bearer`, a cookie of a name that some key has, where Swift's token does, or in the path of an upload |
//! | Swift's token | `X-Auth-Token` or `X-Storage-Token` |
//! | ticket cookie | a cookie of a name that some route has |
//!
//! Query and headers are chosen for one request; of two credentials there, none counts.
//! Cookies come along with every request of a browser, so they count only where nothing else
//! is presented, as CloudFront has it.

use std::fmt;

use crate::capability::CapabilityError;
use crate::cloudfront::present::{self as cloudfront, PresentedCloudFront};
use crate::edgeauth::PresentedEdgeAuth;
use crate::grant::{Dialect, Grant, Verified};
use crate::jwt::{JwtError, PresentedJwt};
use crate::key::Keyring;
use crate::request::Request;
use crate::revocation::Revoked;
use crate::sigv4::ALGORITHM;
use crate::sigv4::present::{Carrier, PresentError, PresentedSigv4, is_of_presigned};
use crate::sigv4::verify::VerifyError;
use crate::swift_auth::present::PresentedSwiftToken;
use crate::swift_auth::token::PREFIX;
use crate::swift_auth::{SwiftAuthError, TOKEN_HEADERS};
use crate::tempurl::{self, PresentedTempUrl};
use crate::ticket_cookie::present::PresentedTicketCookie;
use crate::ticket_cookie::token::has_form;
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
    /// A TempURL, CloudFront signature or EdgeAuth token that does not hold.
    Capability(CapabilityError),
    /// A token that does not hold.
    Jwt(JwtError),
    /// It would hold, but was revoked.
    Revoked(Revoked),
    /// A token of Swift that does not hold, or is not given.
    Swift(SwiftAuthError),
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several => f.write_str("more than one credential"),
            Self::Sigv2 => f.write_str(
                "signed with Signature Version 2; tell the SDK to use version 4 (boto3: \
                 `Config(signature_version=\"s3v4\")`)",
            ),
            Self::UnsupportedScheme => {
                f.write_str("`Authorization` must be `AWS4-HMAC-SHA256 …` or `Bearer …`")
            }
            Self::Sigv4Present(error) => error.fmt(f),
            Self::Sigv4Verify(error) => error.fmt(f),
            Self::Capability(error) => error.fmt(f),
            Self::Jwt(error) => error.fmt(f),
            Self::Revoked(revoked) => revoked.fmt(f),
            Self::Swift(error) => error.fmt(f),
        }
    }
}

impl From<PresentError> for CredentialError {
    fn from(error: PresentError) -> Self {
        Self::Sigv4Present(error)
    }
}

impl From<VerifyError> for CredentialError {
    fn from(error: VerifyError) -> Self {
        Self::Sigv4Verify(error)
    }
}

impl From<CapabilityError> for CredentialError {
    fn from(error: CapabilityError) -> Self {
        Self::Capability(error)
    }
}

impl From<Revoked> for CredentialError {
    fn from(revoked: Revoked) -> Self {
        Self::Revoked(revoked)
    }
}

impl From<JwtError> for CredentialError {
    fn from(error: JwtError) -> Self {
        Self::Jwt(error)
    }
}

impl From<SwiftAuthError> for CredentialError {
    fn from(error: SwiftAuthError) -> Self {
        Self::Swift(error)
    }
}

/// The credential of a request, read but not proven.
#[derive(Clone)]
pub enum Presented<'r> {
    /// None was sent.
    Anonymous(&'r Request<'r>),
    /// A SigV4 signature.
    Sigv4(PresentedSigv4<'r>),
    /// A TempURL.
    TempUrl(PresentedTempUrl<'r>),
    /// A CloudFront signature.
    CloudFront(PresentedCloudFront<'r>),
    /// An EdgeAuth token.
    EdgeAuth(PresentedEdgeAuth<'r>),
    /// A JSON Web Token.
    Jwt(PresentedJwt<'r>),
    /// A token of Swift's authentication.
    SwiftToken(PresentedSwiftToken<'r>),
    /// Cookies that tickets were exchanged for.
    TicketCookie(PresentedTicketCookie<'r>),
}

/// Where a credential was found, and what of it was found there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found<'r> {
    Sigv2,
    Sigv4Query,
    Sigv4Header,
    TempUrl,
    CloudFrontUrl,
    CloudFrontCookie,
    EdgeAuth { dialect: Dialect, name: &'r str, token: &'r str },
    Jwt { dialect: Dialect, token: &'r str },
    SwiftToken { token: &'r str },
    TicketCookie,
    UnsupportedScheme,
}

impl<'r> Presented<'r> {
    /// Finds the credential of `request`. The keys say which names of parameters, headers and
    /// cookies have a meaning, and nothing more.
    ///
    /// # Errors
    /// When there are two, or when the one there is cannot be read.
    pub fn parse(request: &'r Request<'r>, keyring: &Keyring) -> Result<Self, CredentialError> {
        let chosen = in_query(request, keyring).chain(in_headers(request, keyring));
        let found = match only(chosen)? {
            Some(found) => Some(found),
            None => only(in_cookies(request, keyring))?,
        };
        Ok(match found {
            None => Self::Anonymous(request),
            Some(Found::Sigv2) => return Err(CredentialError::Sigv2),
            Some(Found::UnsupportedScheme) => return Err(CredentialError::UnsupportedScheme),
            Some(Found::Sigv4Query) => Self::Sigv4(PresentedSigv4::parse_query(request)?),
            Some(Found::Sigv4Header) => Self::Sigv4(PresentedSigv4::parse_header(request)?),
            Some(Found::TempUrl) => Self::TempUrl(PresentedTempUrl::parse(request)?),
            Some(Found::CloudFrontUrl) => {
                Self::CloudFront(PresentedCloudFront::parse_url(request)?)
            }
            Some(Found::CloudFrontCookie) => {
                Self::CloudFront(PresentedCloudFront::parse_cookies(request)?)
            }
            Some(Found::EdgeAuth { dialect, name, token }) => {
                Self::EdgeAuth(PresentedEdgeAuth::parse(request, dialect, name, token)?)
            }
            Some(Found::Jwt { dialect, token }) => {
                Self::Jwt(PresentedJwt::parse(request, dialect, token)?)
            }
            Some(Found::SwiftToken { token }) => {
                Self::SwiftToken(PresentedSwiftToken::parse(request, token)?)
            }
            Some(Found::TicketCookie) => {
                let is_ours = |name: &str| !keyring.ticket_cookies(name).is_empty();
                Self::TicketCookie(PresentedTicketCookie::parse(request, is_ours)?)
            }
        })
    }

    /// The token that the path of `request` holds, for clients that can send nothing else.
    ///
    /// # Errors
    /// When there is another credential, or the token cannot be read. Cookies do not count, as
    /// beside any other credential.
    pub fn in_path(
        request: &'r Request<'r>,
        token: &'r str,
        keyring: &Keyring,
    ) -> Result<Self, CredentialError> {
        let others = in_query(request, keyring).chain(in_headers(request, keyring));
        match only(others)? {
            Some(_) => Err(CredentialError::Several),
            None => Ok(Self::Jwt(PresentedJwt::parse(request, Dialect::JwtPath, token)?)),
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
            Self::TempUrl(_) => Dialect::TempUrl,
            Self::CloudFront(presented) => presented.dialect(),
            Self::EdgeAuth(presented) => presented.dialect(),
            Self::Jwt(presented) => presented.dialect(),
            Self::SwiftToken(_) => Dialect::SwiftToken,
            Self::TicketCookie(_) => Dialect::TicketCookie,
        }
    }

    /// The key that the credential names. TempURLs and EdgeAuth tokens name none, and of cookies
    /// there may be several.
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Anonymous(_) | Self::TempUrl(_) | Self::EdgeAuth(_) | Self::TicketCookie(_) => {
                None
            }
            Self::Sigv4(presented) => Some(presented.access_key_id()),
            Self::CloudFront(presented) => Some(presented.key_pair_id()),
            Self::Jwt(presented) => presented.kid(),
            Self::SwiftToken(presented) => Some(presented.key_id()),
        }
    }

    /// What the signature must cover, as it is read here, under the names of each dialect: for
    /// comparison with what the signer covered. A token carries that itself.
    pub fn signed_text(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sigv4(presented) => presented.signed_text().to_vec(),
            Self::TempUrl(presented) => presented.signed_text().into_iter().collect(),
            Self::CloudFront(presented) => vec![("policy", presented.policy().to_owned())],
            Self::EdgeAuth(presented) => presented.signed_text().into_iter().collect(),
            Self::Anonymous(_) | Self::Jwt(_) | Self::SwiftToken(_) | Self::TicketCookie(_) => {
                Vec::new()
            }
        }
    }

    /// Proves the credential at the time `now`, as far as the core can.
    ///
    /// # Errors
    /// When it does not hold, or was revoked.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Verified<'r>, CredentialError> {
        let verified = match self {
            Self::Anonymous(request) => Verified::Granted(Grant::anonymous(request)),
            Self::Sigv4(presented) => Verified::Granted(presented.verify(keyring, now)?),
            Self::TempUrl(presented) => Verified::Granted(presented.verify(keyring, now)?),
            Self::CloudFront(presented) => Verified::Pending(presented.verify(keyring, now)?),
            Self::EdgeAuth(presented) => Verified::Granted(presented.verify(keyring, now)?),
            Self::Jwt(presented) => presented.verify(keyring, now)?,
            Self::SwiftToken(presented) => Verified::Granted(presented.verify(keyring, now)?),
            Self::TicketCookie(presented) => Verified::Granted(presented.verify(keyring, now)?),
        };
        keyring.revocations().check(match &verified {
            Verified::Granted(grant) => grant,
            Verified::Pending(pending) => pending.grant(),
        })?;
        Ok(verified)
    }
}

/// The one that was found. Of most dialects the parts are found one by one; a token is found
/// whole, and a second one is another.
fn only<'r>(
    mut found: impl Iterator<Item = Found<'r>>,
) -> Result<Option<Found<'r>>, CredentialError> {
    found.try_fold(None, |one, each| {
        let is_whole =
            matches!(each, Found::EdgeAuth { .. } | Found::Jwt { .. } | Found::SwiftToken { .. });
        match one {
            Some(other) if is_whole || other != each => Err(CredentialError::Several),
            _ => Ok(Some(each)),
        }
    })
}

fn in_query<'r>(request: &'r Request<'r>, keyring: &Keyring) -> impl Iterator<Item = Found<'r>> {
    let parameters = request.query().parameters();
    let is_sigv2 = parameters.iter().any(|sent| sent.name.as_str() == "AWSAccessKeyId");
    parameters.iter().filter_map(move |sent| {
        // However a name is spelled, it must not slip by as one without a meaning.
        let decoded = sent.name.unescape().unwrap_or_default();
        let is = |known: &&str| decoded.as_ref() == known.as_bytes();
        if is_of_presigned(&decoded) {
            Some(Found::Sigv4Query)
        } else if tempurl::PARAMETERS
            .iter()
            .any(|known| decoded.eq_ignore_ascii_case(known.as_bytes()))
        {
            Some(Found::TempUrl)
        } else if is_sigv2 {
            // `Expires` and `Signature` are parameters of such a URL, too.
            is(&"AWSAccessKeyId").then_some(Found::Sigv2)
        } else if cloudfront::PARAMETERS.iter().any(is) {
            Some(Found::CloudFrontUrl)
        } else if str::from_utf8(&decoded).is_ok_and(|name| !keyring.edgeauth(name).is_empty()) {
            let (name, token) = (sent.name.as_str(), sent.value.as_str());
            Some(Found::EdgeAuth { dialect: Dialect::EdgeAuthQuery, name, token })
        } else {
            None
        }
    })
}

fn in_headers<'r>(request: &'r Request<'r>, keyring: &Keyring) -> impl Iterator<Item = Found<'r>> {
    let authorization = request.header("authorization").map(|header| {
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        if scheme == "AWS" {
            Found::Sigv2
        } else if scheme == ALGORITHM {
            Found::Sigv4Header
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Found::Jwt { dialect: Dialect::JwtBearer, token: value.trim() }
        } else {
            Found::UnsupportedScheme
        }
    });
    let tokens = request.headers().filter_map(|(name, token)| {
        let known = !keyring.edgeauth(name).is_empty();
        known.then_some(Found::EdgeAuth { dialect: Dialect::EdgeAuthHeader, name, token })
    });
    let headers = request.headers().filter(|_| keyring.takes_auth_tokens());
    let auth_tokens = headers.filter_map(|(name, token)| {
        let is_known = TOKEN_HEADERS.contains(&name);
        is_known.then(|| match token.starts_with(PREFIX) {
            true => Found::SwiftToken { token },
            false => Found::Jwt { dialect: Dialect::JwtAuthToken, token },
        })
    });
    authorization.into_iter().chain(tokens).chain(auth_tokens)
}

fn in_cookies<'r>(request: &'r Request<'r>, keyring: &Keyring) -> impl Iterator<Item = Found<'r>> {
    request.cookies().filter_map(|(name, token)| {
        // Any host of the same domain can set cookies of these names. Where no key could prove
        // one, it must not take the place of another.
        if cloudfront::COOKIES.contains(&name) && keyring.has_cloudfront() {
            Some(Found::CloudFrontCookie)
        } else if !keyring.edgeauth(name).is_empty() {
            Some(Found::EdgeAuth { dialect: Dialect::EdgeAuthCookie, name, token })
        } else if keyring.is_jwt_cookie(name) {
            Some(Found::Jwt { dialect: Dialect::JwtCookie, token })
        } else if !keyring.ticket_cookies(name).is_empty() && has_form(token) {
            // Any host of the same domain can set a cookie of this name; what cannot be one of
            // ours is none.
            Some(Found::TicketCookie)
        } else {
            None
        }
    })
}
