//! Issuers: with which key tickets are signed, for which edge, and for how long.

use std::sync::Arc;
use std::time::Duration;

use crate::cors::Cors;
use crate::endpoint::Endpoint;
use crate::key::{CloudFrontKey, EdgeAuthKey, JwtKey, JwtPrincipal, Sigv4Key, TempUrlKey};
use crate::public_key::SigningKey;
use crate::request::Method;

use super::error::{SignedUrlError, unsignable};

/// The longest that a ticket lives from when it is asked for: a year.
pub const MAX_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);

/// One way of signing tickets.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name in the policy.
    pub name: String,
    /// Where the edge is.
    pub url: Endpoint,
    /// What signs.
    pub key: IssuerKey,
    /// How long a ticket lives when the order does not say.
    pub expires_in: Duration,
    /// How long it lives at most, from when it is asked for.
    pub max_expires_in: Duration,
    /// The time bucket within which a ticket stays the same; there is none when absent.
    pub stable_for: Option<Duration>,
    /// How cookies are given; not at all when absent.
    pub cookies: Option<CookieSettings>,
    /// Which origins' pages may ask.
    pub cors: Cors,
}

/// How cookies are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSettings {
    /// The domain of cookies that the answer sets; without one the caller sets them.
    pub domain: Option<String>,
}

/// A key that signs. All but tokens act as the owner of every object.
#[derive(Clone, Debug)]
pub enum IssuerKey {
    /// Presigned URLs.
    Sigv4(Sigv4Key),
    /// TempURLs.
    TempUrl(TempUrlKey),
    /// Signed URLs and cookies of CloudFront.
    CloudFront {
        /// The key.
        key: CloudFrontKey,
        /// Its private half.
        signing_key: Arc<SigningKey>,
    },
    /// EdgeAuth tokens.
    EdgeAuth(EdgeAuthKey),
    /// JSON Web Tokens in cookies, which act as the user who asks.
    Jwt {
        /// The key.
        key: JwtKey,
        /// Its private half, unless it is a secret.
        signing_key: Option<Arc<SigningKey>>,
    },
}

impl IssuerKey {
    /// The private key that the adapter signs with.
    pub fn signing_key(&self) -> Option<&Arc<SigningKey>> {
        match self {
            Self::CloudFront { signing_key, .. } => Some(signing_key),
            Self::Jwt { signing_key, .. } => signing_key.as_ref(),
            Self::Sigv4(_) | Self::TempUrl(_) | Self::EdgeAuth(_) => None,
        }
    }

    /// The key and the claim of the user, when it signs tokens that act as the user.
    pub(super) fn as_token(&self) -> Option<(&JwtKey, &str)> {
        match self {
            Self::Jwt { key, .. } => match &key.principal {
                JwtPrincipal::Claim(claim) => Some((key, claim)),
                JwtPrincipal::Fixed(_) => None,
            },
            _ => None,
        }
    }

    /// Whether its tickets are good at every host that has a route for the path.
    pub(super) fn signs_path_alone(&self) -> bool {
        matches!(self, Self::TempUrl(_) | Self::EdgeAuth(_))
    }
}

impl Issuer {
    /// Whether it signs URLs for this method.
    pub(super) fn signs_urls(&self, method: Method) -> Result<(), SignedUrlError> {
        match &self.key {
            IssuerKey::Jwt { .. } => {
                unsignable("Tokens do not stand in URLs: ask this issuer for `cookies`.")
            }
            IssuerKey::CloudFront { .. } | IssuerKey::EdgeAuth(_) if method != Method::Get => {
                unsignable(
                    "This issuer's links open GET and HEAD alike: leave `method` out, or say `GET`.",
                )
            }
            _ => Ok(()),
        }
    }

    pub(super) fn signs_cookies(&self) -> Result<&CookieSettings, SignedUrlError> {
        self.cookies.as_ref().map_or_else(|| unsignable("This issuer signs no cookies."), Ok)
    }
}
