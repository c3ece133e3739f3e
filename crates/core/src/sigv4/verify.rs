//! Proving a SigV4 credential.
//!
//! The rules are numbered in the order in which they are applied, so that which error a bad
//! request gets is defined. It is the order of S3: unknown key, time, then signature.

use std::fmt;

use crate::crypto::constant_time_eq;
use crate::encoding::{Slash, encode};
use crate::grant::{Dialect, Grant, Proof, Reach};
use crate::key::Keyring;
use crate::request::Method;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

use super::MAX_CLOCK_SKEW;
use super::canonical::{CanonicalHeaders, CanonicalRequest};
use super::present::{Carrier, PresentedSigv4};
use super::scope::Scope;
use super::signing_key::SigningKey;

/// Why a credential does not hold. A wrong signature carries no evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// An `x-amz-*` header was sent that the signature does not cover.
    HeaderNotSigned(String),
    /// The signature covers a header that was not sent: something on the way removed it.
    SignedHeaderMissing(String),
    /// No live key has this id.
    UnknownKey,
    /// The key is for other regions.
    WrongRegion {
        /// The regions that the key is for.
        expected: Vec<String>,
    },
    /// The session token is missing, wrong, or sent for a key that has none.
    SessionToken,
    /// The time of signing lies in the future.
    NotYetValid {
        /// When the request came.
        now: UnixTime,
        /// The time of signing.
        signed_at: UnixTime,
    },
    /// A presigned URL has expired.
    Expired {
        /// When the request came.
        now: UnixTime,
        /// The last second at which it was valid.
        not_after: UnixTime,
    },
    /// The clocks of signer and verifier are over 15 minutes apart.
    ClockSkew {
        /// When the request came.
        now: UnixTime,
        /// The time of signing.
        signed_at: UnixTime,
    },
    /// The signature is right for another method.
    MethodMismatch {
        /// The method that was signed.
        signed: Method,
    },
    /// The signature is wrong.
    SignatureMismatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderNotSigned(name) => write!(f, "header `{name}` was sent but not signed"),
            Self::SignedHeaderMissing(name) => write!(f, "header `{name}` was signed but not sent"),
            Self::UnknownKey => f.write_str("no live key has this id"),
            Self::WrongRegion { expected } => {
                write!(f, "the key is for region `{}`", expected.join("` or `"))
            }
            Self::SessionToken => f.write_str("the session token does not fit the key"),
            Self::NotYetValid { now, signed_at } => write!(
                f,
                "signed {} s in the future; are the clocks right?",
                signed_at.since(*now).as_secs()
            ),
            Self::Expired { now, not_after } => {
                write!(f, "expired {} s ago", now.since(*not_after).as_secs())
            }
            Self::ClockSkew { now, signed_at } => {
                let (now, at) = (now.as_secs(), signed_at.as_secs());
                write!(f, "the clocks are {} s apart; 900 s are allowed", now.abs_diff(at))
            }
            Self::MethodMismatch { signed } => write!(f, "the signature is for {signed}"),
            Self::SignatureMismatch => f.write_str("the signature is wrong"),
        }
    }
}

impl<'r> PresentedSigv4<'r> {
    /// Proves the credential at the time `now`.
    ///
    /// # Errors
    /// The first rule that is broken, as [`VerifyError`].
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, VerifyError> {
        // Rule 1: every `x-amz-*` header is signed. S3 acts upon them, and an unsigned
        // `x-amz-copy-source` would turn a permission to write into one to read.
        for (name, _) in self.request.headers().filter(|(name, _)| name.starts_with("x-amz-")) {
            if !self.signed_headers.contain(name) {
                return Err(VerifyError::HeaderNotSigned(name.to_owned()));
            }
        }
        // Rule 2: every signed header was sent.
        for name in self.signed_headers.iter() {
            if self.request.header(name).is_none() {
                return Err(VerifyError::SignedHeaderMissing(name.to_owned()));
            }
        }
        // Rule 3: the key is live.
        let key = keyring.sigv4(self.access_key_id()).ok_or(VerifyError::UnknownKey)?;
        // Rule 4: the key is for this region.
        let is_own = |region: &String| region == self.region();
        if !key.regions.is_empty() && !key.regions.iter().any(is_own) {
            return Err(VerifyError::WrongRegion { expected: key.regions.clone() });
        }
        // Rule 5: the session token is the key's own.
        let token_fits = match (&key.session_token, &self.session_token) {
            (None, None) => true,
            (Some(expected), Some(token)) => {
                constant_time_eq(expected.expose().as_bytes(), token.as_bytes())
            }
            _ => false,
        };
        if !token_fits {
            return Err(VerifyError::SessionToken);
        }
        // Rule 6: it is the right time.
        let expires_at = self.verify_time(now)?;
        // Here, for the CPU does what follows while it hashes.
        let (dialect, ticket) = match self.carrier {
            Carrier::Query { .. } => {
                (Dialect::Sigv4Query, Some(TicketId::of_mac(self.signature.as_bytes())))
            }
            // Each request has a signature of its own.
            Carrier::Header => (Dialect::Sigv4Header, None),
        };
        // Rule 7: the signature is right.
        let covered = Covered::new(&self);
        let signing_key = key.secret_access_key.signing_key(&covered.scope);
        let method = self.request.method();
        if !covered.is_signed(&signing_key, method) {
            // Whether another method was signed tells the operator more, and an attacker
            // nothing that a second request would not.
            let mut others = Method::ALL.into_iter().filter(|other| *other != method);
            return Err(match others.find(|other| covered.is_signed(&signing_key, *other)) {
                Some(signed) => VerifyError::MethodMismatch { signed },
                None => VerifyError::SignatureMismatch,
            });
        }
        let proof = Proof {
            dialect,
            key_id: Some(key.id.clone()),
            ticket,
            principal: key.principal.clone(),
            expires_at,
            covers_query: true,
            bound_to_address: false,
            reach: Reach::Request,
            route: None,
            disposition: None,
        };
        Ok(Grant::verified(self.request, proof))
    }

    /// What the signature must cover, for comparison with what the signer covered: the canonical
    /// request and the string to sign. A session token is a secret, and is not shown.
    pub fn signed_text(&self) -> [(&'static str, String); 2] {
        let covered = Covered::new(self);
        let canonical = covered.canonical_request(self.request.method());
        let string_to_sign = covered.scope.string_to_sign(&canonical.hash());
        let mut text = canonical.as_str().to_owned();
        if let Some(token) = self.session_token.as_deref().filter(|token| !token.is_empty()) {
            for spelling in [token.to_owned(), encode(token, Slash::Encode)] {
                text = text.replace(&spelling, "(session token)");
            }
        }
        [("canonical request", text), ("string to sign", string_to_sign)]
    }

    fn verify_time(&self, now: UnixTime) -> Result<Option<UnixTime>, VerifyError> {
        let signed_at = self.signed_at.time();
        let in_the_future = signed_at > now.saturating_add(MAX_CLOCK_SKEW);
        match self.carrier {
            Carrier::Query { .. } if in_the_future => {
                Err(VerifyError::NotYetValid { now, signed_at })
            }
            Carrier::Query { expires_in } => {
                let not_after = signed_at.saturating_add(expires_in.duration());
                if now > not_after {
                    return Err(VerifyError::Expired { now, not_after });
                }
                Ok(Some(not_after))
            }
            Carrier::Header if in_the_future || now > signed_at.saturating_add(MAX_CLOCK_SKEW) => {
                Err(VerifyError::ClockSkew { now, signed_at })
            }
            Carrier::Header => Ok(Some(signed_at.saturating_add(MAX_CLOCK_SKEW))),
        }
    }
}

/// What a signature is computed from, but for the method.
struct Covered<'p> {
    presented: &'p PresentedSigv4<'p>,
    headers: CanonicalHeaders<'p>,
    scope: Scope<'p>,
}

impl<'p> Covered<'p> {
    fn new(presented: &'p PresentedSigv4<'p>) -> Self {
        let headers = presented.request.headers();
        let signed = headers.filter(|(name, _)| presented.signed_headers.contain(name));
        Self {
            presented,
            headers: CanonicalHeaders::new(signed),
            scope: Scope::at(presented.signed_at, presented.region(), "s3"),
        }
    }

    fn canonical_request(&self, method: Method) -> CanonicalRequest {
        let PresentedSigv4 { request, payload, .. } = self.presented;
        CanonicalRequest::sent(request, method, "X-Amz-Signature", &self.headers, payload)
    }

    /// Whether the signature that was presented is the one for a request with this method.
    fn is_signed(&self, key: &SigningKey, method: Method) -> bool {
        let expected = self.scope.sign(key, &self.canonical_request(method).hash());
        expected.is(&self.presented.signature)
    }
}
