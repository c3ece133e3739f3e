//! A grant: proof that a request carries the authority of some principal.
//!
//! A grant is made by verifying a credential and by nothing else, and it holds the request
//! that was verified, so it cannot be used for another one.
//!
//! ```
//! # use cloakroom_core::{grant::{Grant, Dialect}, key::{Keyring, Principal}, request::Request};
//! # use cloakroom_core::{presented::Presented, time::UnixTime};
//! fn prove<'r>(request: &'r Request<'r>, keyring: &Keyring, now: UnixTime) -> Option<Grant<'r>> {
//!     Presented::parse(request).ok()?.verify(keyring, now).ok()
//! }
//! # let request = Request::parse("GET", "/", [("host", "media.example")]).unwrap();
//! # let grant = prove(&request, &Keyring::default(), UnixTime::from_secs(0)).unwrap();
//! # assert_eq!((grant.dialect(), grant.principal()), (Dialect::Anonymous, &Principal::Anonymous));
//! ```
//!
//! Writing one down does not compile:
//!
//! ```compile_fail,E0451
//! # use cloakroom_core::{grant::{Grant, Dialect}, key::Principal, request::Request};
//! # fn forge<'r>(request: &'r Request<'r>) -> Grant<'r> {
//! Grant { request, dialect: Dialect::Anonymous, key_id: None, principal: Principal::EveryOwner, expires_at: None }
//! # }
//! ```

use std::fmt;

use crate::key::Principal;
use crate::request::Request;
use crate::time::UnixTime;

/// How a request presents its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// It presents none.
    Anonymous,
    /// AWS Signature Version 4 in the query: a presigned URL.
    Sigv4Query,
    /// AWS Signature Version 4 in the `Authorization` header.
    Sigv4Header,
    /// A JSON Web Token in the `Authorization` header.
    JwtBearer,
}

impl Dialect {
    /// The name that logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Sigv4Query => "sigv4_query",
            Self::Sigv4Header => "sigv4_header",
            Self::JwtBearer => "jwt_bearer",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The proven authority of one request.
#[derive(Clone, Debug)]
pub struct Grant<'r> {
    request: &'r Request<'r>,
    dialect: Dialect,
    key_id: Option<String>,
    principal: Principal,
    expires_at: Option<UnixTime>,
}

impl<'r> Grant<'r> {
    /// The authority of a request that presents no credential: none but everyone's.
    pub(crate) fn anonymous(request: &'r Request<'r>) -> Self {
        Self {
            request,
            dialect: Dialect::Anonymous,
            key_id: None,
            principal: Principal::Anonymous,
            expires_at: None,
        }
    }

    /// The authority of a credential that was just verified.
    pub(crate) fn verified(
        request: &'r Request<'r>,
        dialect: Dialect,
        key_id: &str,
        principal: Principal,
        expires_at: Option<UnixTime>,
    ) -> Self {
        Self { request, dialect, key_id: Some(key_id.to_owned()), principal, expires_at }
    }

    /// The request that was verified.
    pub fn request(&self) -> &'r Request<'r> {
        self.request
    }

    /// How the credential was presented.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The key that signed.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// For whom the request acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// When the authority ends.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }
}
