//! A grant: proof that a request carries the authority of some principal.
//!
//! A grant is made by verifying a credential and by nothing else, and it holds the request
//! that was verified, so it cannot be used for another one.
//!
//! ```
//! # use cloakroom_core::{grant::{Grant, Dialect, Verified}, key::{Keyring, Principal}};
//! # use cloakroom_core::{presented::Presented, request::Request, time::UnixTime};
//! fn prove<'r>(request: &'r Request<'r>, keyring: &Keyring, now: UnixTime) -> Option<Grant<'r>> {
//!     match Presented::parse(request, keyring).ok()?.verify(keyring, now).ok()? {
//!         Verified::Granted(grant) => Some(grant),
//!         // A public key's signature waits for the adapter, who says whether it holds.
//!         Verified::Pending(pending) => pending.answer(false).ok(),
//!     }
//! }
//! # let request = Request::parse("GET", "/", [("host", "media.example")]).unwrap();
//! # let grant = prove(&request, &Keyring::default(), UnixTime::from_secs(0)).unwrap();
//! # assert_eq!((grant.dialect(), grant.principal()), (Dialect::Anonymous, &Principal::Anonymous));
//! ```
//!
//! Writing one down does not compile:
//!
//! ```compile_fail,E0451
//! # use cloakroom_core::{grant::{Grant, Proof}, request::Request};
//! # fn forge<'r>(request: &'r Request<'r>, proof: Proof) -> Grant<'r> {
//! Grant { request, proof }
//! # }
//! ```

use std::fmt;

use crate::disposition::Disposition;
use crate::key::Principal;
use crate::presented::CredentialError;
use crate::public_key::SignatureCheck;
use crate::request::Request;
use crate::ticket_id::TicketId;
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
    /// A Swift TempURL.
    TempUrl,
    /// A CloudFront signed URL.
    CloudFrontUrl,
    /// CloudFront signed cookies.
    CloudFrontCookie,
    /// An Akamai EdgeAuth token in the query.
    EdgeAuthQuery,
    /// An Akamai EdgeAuth token in a header of its own.
    EdgeAuthHeader,
    /// An Akamai EdgeAuth token in a cookie.
    EdgeAuthCookie,
    /// A JSON Web Token in the `Authorization` header.
    JwtBearer,
    /// A JSON Web Token in a cookie.
    JwtCookie,
    /// A JSON Web Token in the path of an upload's URL, for clients that can send nothing else.
    JwtPath,
    /// A JSON Web Token in `X-Auth-Token`, where Swift's clients send theirs.
    JwtAuthToken,
    /// A token of Swift's authentication.
    SwiftToken,
    /// A cookie that a ticket was exchanged for.
    TicketCookie,
}

impl Dialect {
    /// The name that logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Sigv4Query => "sigv4_query",
            Self::Sigv4Header => "sigv4_header",
            Self::TempUrl => "tempurl",
            Self::CloudFrontUrl => "cloudfront_url",
            Self::CloudFrontCookie => "cloudfront_cookie",
            Self::EdgeAuthQuery => "edgeauth_query",
            Self::EdgeAuthHeader => "edgeauth_header",
            Self::EdgeAuthCookie => "edgeauth_cookie",
            Self::JwtBearer => "jwt_bearer",
            Self::JwtCookie => "jwt_cookie",
            Self::JwtPath => "jwt_path",
            Self::JwtAuthToken => "jwt_auth_token",
            Self::SwiftToken => "swift_token",
            Self::TicketCookie => "ticket_cookie",
        }
    }

    /// Whether it is AWS Signature Version 4, which signs the whole query.
    pub const fn is_sigv4(self) -> bool {
        matches!(self, Self::Sigv4Query | Self::Sigv4Header)
    }

    /// Whether it stands where Swift's clients send theirs.
    pub const fn is_auth_token(self) -> bool {
        matches!(self, Self::JwtAuthToken | Self::SwiftToken)
    }

    /// Whether the credential is part of the URL, so that whoever has the URL has it all.
    pub const fn is_in_url(self) -> bool {
        match self {
            Self::Sigv4Query
            | Self::TempUrl
            | Self::CloudFrontUrl
            | Self::EdgeAuthQuery
            | Self::JwtPath => true,
            Self::Anonymous
            | Self::Sigv4Header
            | Self::CloudFrontCookie
            | Self::EdgeAuthHeader
            | Self::EdgeAuthCookie
            | Self::JwtBearer
            | Self::JwtCookie
            | Self::JwtAuthToken
            | Self::SwiftToken
            | Self::TicketCookie => false,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a credential opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// The request, and nothing else that is known of.
    #[default]
    Request,
    /// Everything below the folder that the path of the request is in.
    Folder,
}

/// What a credential proves.
#[derive(Clone, Debug)]
pub struct Proof {
    /// How it was presented.
    pub dialect: Dialect,
    /// The key that signed.
    pub key_id: Option<String>,
    /// By what it can be revoked, when it can be used more than once.
    pub ticket: Option<TicketId>,
    /// For whom the request acts.
    pub principal: Principal,
    /// When the authority ends.
    pub expires_at: Option<UnixTime>,
    /// Whether every parameter of the query is signed, too.
    pub covers_query: bool,
    /// Whether it is for viewers at some addresses only.
    pub bound_to_address: bool,
    /// How much it opens.
    pub reach: Reach,
    /// The one route that it is for; any when absent.
    pub route: Option<String>,
    /// What the answer is to say of the file's name, when the dialect has a say in that.
    pub disposition: Option<Disposition>,
}

/// The proven authority of one request.
#[derive(Clone, Debug)]
pub struct Grant<'r> {
    request: &'r Request<'r>,
    proof: Proof,
}

/// A credential that was verified as far as the core can.
#[derive(Clone, Debug)]
pub enum Verified<'r> {
    /// Wholly.
    Granted(Grant<'r>),
    /// But for a public key's signature.
    Pending(PendingGrant<'r>),
}

/// A grant that waits for the adapter to check a public key's signature. Everything else about
/// the credential holds.
#[derive(Clone, Debug)]
pub struct PendingGrant<'r> {
    grant: Grant<'r>,
    check: SignatureCheck,
    otherwise: CredentialError,
}

impl<'r> PendingGrant<'r> {
    pub(crate) fn new(grant: Grant<'r>, check: SignatureCheck, otherwise: CredentialError) -> Self {
        Self { grant, check, otherwise }
    }

    /// The grant that it will be.
    pub(crate) fn grant(&self) -> &Grant<'r> {
        &self.grant
    }

    /// What the adapter has to check.
    pub fn check(&self) -> &SignatureCheck {
        &self.check
    }

    /// Whether the signature holds.
    ///
    /// # Errors
    /// That the signature is wrong, when it does not.
    pub fn answer(self, holds: bool) -> Result<Grant<'r>, CredentialError> {
        if holds { Ok(self.grant) } else { Err(self.otherwise) }
    }
}

impl<'r> Grant<'r> {
    /// The authority of a request that presents no credential: none but everyone's.
    pub(crate) fn anonymous(request: &'r Request<'r>) -> Self {
        let proof = Proof {
            dialect: Dialect::Anonymous,
            key_id: None,
            ticket: None,
            principal: Principal::Anonymous,
            expires_at: None,
            covers_query: false,
            bound_to_address: false,
            reach: Reach::Request,
            route: None,
            disposition: None,
        };
        Self { request, proof }
    }

    /// The authority of a credential that was just verified.
    pub(crate) fn verified(request: &'r Request<'r>, proof: Proof) -> Self {
        Self { request, proof }
    }

    /// The request that was verified.
    pub fn request(&self) -> &'r Request<'r> {
        self.request
    }

    /// How the credential was presented.
    pub fn dialect(&self) -> Dialect {
        self.proof.dialect
    }

    /// The key that signed.
    pub fn key_id(&self) -> Option<&str> {
        self.proof.key_id.as_deref()
    }

    /// By what it can be revoked.
    pub fn ticket(&self) -> Option<TicketId> {
        self.proof.ticket
    }

    /// For whom the request acts.
    pub fn principal(&self) -> &Principal {
        &self.proof.principal
    }

    /// When the authority ends.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.proof.expires_at
    }

    /// Whether every parameter of the query is signed, too.
    pub fn covers_query(&self) -> bool {
        self.proof.covers_query
    }

    /// Whether the authority is for viewers at some addresses only.
    pub fn is_bound_to_address(&self) -> bool {
        self.proof.bound_to_address
    }

    /// Whether it opens everything below the folder that the path is in.
    pub fn opens_folder(&self) -> bool {
        self.proof.reach == Reach::Folder
    }

    /// The one route that it is for.
    pub fn route(&self) -> Option<&str> {
        self.proof.route.as_deref()
    }

    /// What the answer is to say of the file's name.
    pub fn disposition(&self) -> Option<&Disposition> {
        self.proof.disposition.as_ref()
    }
}
