//! The one table of what a viewer is told when the answer is no.
//!
//! Each phase has errors with evidence, for the log. This table alone says which status, code
//! and text go out. Public texts say what the viewer can do, and nothing about keys or stores.

mod desk;

use std::borrow::Cow;
use std::fmt;

use crate::access::{AccessDenied, Denial};
use crate::capability::CapabilityError;
use crate::disclosure::Disclosure;
use crate::jwt::JwtError;
use crate::listing::ListError;
use crate::object::BucketError;
use crate::presented::CredentialError;
use crate::request::RequestError;
use crate::revocation::Revoked;
use crate::route::LocateError;
use crate::sigv4::present::PresentError;
use crate::sigv4::verify::VerifyError;
use crate::store::StoreError;
use crate::swift_auth::SwiftAuthError;

pub use self::desk::Refused;

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It cannot be understood in one way only.
    Request(RequestError),
    /// Its method is not one of those served here.
    MethodNotAllowed {
        /// The methods that are, for the `Allow` header.
        allow: &'static str,
    },
    /// Its credential does not hold.
    Credential(CredentialError),
    /// It asks for no object.
    Locate(LocateError),
    /// Nothing allows it.
    Access(AccessDenied),
    /// The store did not answer with the object.
    Store(StoreError),
    /// It asks for a listing that is not to be had.
    List(ListError),
    /// It asks for an upload or a signed URL that is not to be.
    Desk(Box<Refused>),
    /// One of the above, of which the viewer learns nothing: made by [`Rejection::disclosed`].
    Hidden(Hidden),
}

/// A rejection whose reason is for the log alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    answer: HiddenAnswer,
    cause: Box<Rejection>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HiddenAnswer {
    NotFound,
    Forbidden,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status.
    pub status: u16,
    /// The code, S3's own where S3 has one.
    pub code: &'static str,
    /// The reason that the log names, distinct for each cause that can be told apart.
    pub reason: &'static str,
    /// What the viewer reads.
    pub text: Cow<'static, str>,
}

const ASK_AGAIN: &str = "This link does not work. Ask for a new one where you got it.";
const EXPIRED: &str = "This link has expired. Ask for a new one where you got it.";
const SIGN_IN: &str = "Your sign-in is not valid. Sign in again.";
const MALFORMED_LIFETIME: &str = "A token's life is a number of seconds, at least 1.";
const WRONG_KEY: &str = "The user or the key is wrong.";
const PRIVATE: &str = "This file is private. Open it from the site that it belongs to.";
const NOT_YOURS: &str = "You may not see this file.";
const NOT_FOUND: &str = "There is no such file.";
const MALFORMED: &str = "This link is damaged. Copy the whole of it, or ask for a new one.";
const NO_PERCENT_HERE: &str = "A name with a percent sign cannot be opened at this address.";
const TWO: &str = "The request carries two credentials. Send one only.";
const OTHER_METHOD: &str = "This link was made for another method.";
const OTHER_FILE: &str = "This link was made for another file.";
const DENIED_OR_ABSENT: &str = "There is no such file, or you may not see it.";
const NOT_LISTED: &str = "You may not list files here.";
const LISTING_FAILED: &str = "The files cannot be listed at the moment. Try again later.";
const FILES_ONLY: &str = "Only files themselves are served here.";
const UNAVAILABLE: &str = "The file cannot be fetched at the moment. Try again soon.";

impl Rejection {
    /// What to answer.
    pub fn row(&self) -> Row {
        let (status, code, reason, text) = match self {
            Self::Request(error) => request_row(error),
            Self::MethodNotAllowed { .. } => {
                (405, "MethodNotAllowed", "method_not_allowed", "This method is not served here.")
            }
            Self::Credential(CredentialError::Several) => {
                (400, "InvalidRequest", "several_credentials", TWO)
            }
            Self::Credential(CredentialError::Sigv2) => (
                400,
                "InvalidRequest",
                "signature_version_2",
                "This link was signed with Signature Version 2. Only version 4 is served.",
            ),
            Self::Credential(CredentialError::UnsupportedScheme) => (
                400,
                "InvalidRequest",
                "unsupported_authorization",
                "This kind of Authorization header is not served here.",
            ),
            Self::Credential(CredentialError::Sigv4Present(error)) => sigv4_present_row(error),
            Self::Credential(CredentialError::Sigv4Verify(error)) => sigv4_verify_row(error),
            Self::Credential(CredentialError::Capability(error)) => capability_row(error),
            Self::Credential(CredentialError::Revoked(Revoked::Key)) => {
                (403, "AccessDenied", "key_revoked", ASK_AGAIN)
            }
            Self::Credential(CredentialError::Revoked(Revoked::Ticket)) => {
                (403, "AccessDenied", "ticket_revoked", ASK_AGAIN)
            }
            Self::Credential(CredentialError::Jwt(error)) => {
                (401, "InvalidToken", jwt_reason(error), SIGN_IN)
            }
            Self::Credential(CredentialError::Swift(error)) => swift_auth_row(error),
            Self::Locate(LocateError::NoRoute) => (404, "NoSuchKey", "no_route", NOT_FOUND),
            // As for a bucket that could be there and is not.
            Self::Locate(LocateError::Bucket { why: BucketError::Dotted, .. }) => {
                (404, "NoSuchKey", "dotted_bucket", NOT_FOUND)
            }
            Self::Locate(LocateError::Bucket { .. }) => {
                (404, "NoSuchKey", "malformed_bucket", NOT_FOUND)
            }
            Self::Locate(LocateError::UnsignedHost) => {
                (403, "AccessDenied", "host_not_signed", ASK_AGAIN)
            }
            Self::Locate(LocateError::OtherRoute) => {
                (403, "AccessDenied", "wrong_resource", OTHER_FILE)
            }
            Self::Locate(LocateError::Key(_)) => {
                (400, "InvalidURI", "malformed_key", "No file can have this name.")
            }
            Self::Locate(LocateError::SubResource(_)) => {
                (501, "NotImplemented", "sub_resource", FILES_ONLY)
            }
            Self::Access(denied) => match denied.why {
                Denial::NoCredential => (403, "AccessDenied", "no_credential", PRIVATE),
                Denial::Referrer => (403, "AccessDenied", "referrer_may_not", PRIVATE),
                Denial::Principal => (403, "AccessDenied", "principal_may_not", NOT_YOURS),
            },
            Self::Store(StoreError::NotFound) => (404, "NoSuchKey", "object_not_found", NOT_FOUND),
            Self::Store(StoreError::Denied) => (404, "NoSuchKey", "store_denied", NOT_FOUND),
            Self::Store(StoreError::KeyRefused) => {
                (502, "BadGateway", "store_key_refused", UNAVAILABLE)
            }
            Self::Store(StoreError::OtherRegion { .. }) => {
                (502, "BadGateway", "store_other_region", UNAVAILABLE)
            }
            Self::Store(StoreError::Unexpected { .. }) => {
                (502, "BadGateway", "store_failed", UNAVAILABLE)
            }
            Self::Store(StoreError::Unreachable) => {
                (502, "BadGateway", "store_unreachable", UNAVAILABLE)
            }
            Self::Store(StoreError::TimedOut { .. }) => {
                (504, "GatewayTimeout", "store_timed_out", UNAVAILABLE)
            }
            Self::Store(StoreError::Resting { .. }) => {
                (503, "ServiceUnavailable", "store_resting", UNAVAILABLE)
            }
            Self::List(ListError::Argument { name, expected }) => {
                let text =
                    format!("A parameter of this listing is wrong: `{name}` must be {expected}.");
                let (code, reason) = ("InvalidArgument", "listing_argument");
                return Row { status: 400, code, reason, text: text.into() };
            }
            Self::List(error) => list_row(error),
            Self::Desk(refused) => return refused.row().clone(),
            Self::Hidden(Hidden { answer: HiddenAnswer::NotFound, cause }) => {
                (404, "NoSuchKey", cause.row().reason, NOT_FOUND)
            }
            Self::Hidden(Hidden { answer: HiddenAnswer::Forbidden, cause }) => {
                (403, "AccessDenied", cause.row().reason, DENIED_OR_ABSENT)
            }
        };
        Row { status, code, reason, text: Cow::Borrowed(text) }
    }

    /// This rejection as a viewer may learn of it. Where denials are hidden, whatever says that
    /// an object is denied or absent becomes one answer; the reason stays, for the log.
    #[must_use]
    pub fn disclosed(self, disclosure: Disclosure) -> Self {
        let answer = match disclosure {
            Disclosure::Full => return self,
            Disclosure::NotFound => HiddenAnswer::NotFound,
            Disclosure::Forbidden => HiddenAnswer::Forbidden,
        };
        match self {
            Self::Credential(_)
            | Self::Locate(_)
            | Self::Access(_)
            | Self::List(
                ListError::Capability
                | ListError::NoCredential
                | ListError::Principal
                | ListError::SubResource { .. }
                | ListError::NoBucket,
            )
            | Self::Store(StoreError::NotFound | StoreError::Denied) => {
                Self::Hidden(Hidden { answer, cause: Box::new(self) })
            }
            Self::Desk(refused) if refused.is_denial() => {
                Self::Hidden(Hidden { answer, cause: Box::new(Self::Desk(refused)) })
            }
            // These are the same for every object, or told only to those who may read it.
            Self::Request(_)
            | Self::MethodNotAllowed { .. }
            | Self::Store(_)
            | Self::List(_)
            | Self::Desk(_)
            | Self::Hidden(_) => self,
        }
    }

    /// Headers that belong to the answer by its status, whatever the form of its body.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        // Whatever made the answer a no may change at any time, so nobody may keep it.
        let mut headers = vec![
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        match (self, self.row().status) {
            (Self::MethodNotAllowed { allow }, _) => headers.push(("allow", (*allow).to_owned())),
            (Self::Store(StoreError::Resting { rest }), _) => {
                headers.push(("retry-after", rest.as_secs().max(1).to_string()));
            }
            (Self::Credential(CredentialError::Swift(_)), 401) => {
                headers.push(("www-authenticate", "Swift realm=\"cloakroom\"".to_owned()));
            }
            (_, 401) => headers.push(("www-authenticate", "Bearer".to_owned())),
            _ => {}
        }
        headers
    }
}

fn request_row(error: &RequestError) -> Columns {
    let reason = match error {
        RequestError::UnknownMethod => {
            return (501, "NotImplemented", "unknown_method", "This method is not known.");
        }
        RequestError::MalformedTarget => "malformed_target",
        RequestError::MalformedEscape(_) => "malformed_escape",
        RequestError::DuplicateHeader(_) => "duplicate_header",
        RequestError::MalformedHeader => "malformed_header",
        RequestError::NoHost => "no_host",
        RequestError::AmbiguousPath => {
            return (400, "InvalidURI", "ambiguous_path", NO_PERCENT_HERE);
        }
    };
    (400, "InvalidURI", reason, MALFORMED)
}

type Columns = (u16, &'static str, &'static str, &'static str);

fn sigv4_present_row(error: &PresentError) -> Columns {
    match error {
        PresentError::Malformed { .. } => {
            (400, "InvalidRequest", "malformed_credential", MALFORMED)
        }
        PresentError::DuplicateParameter(_) => {
            (400, "InvalidRequest", "duplicate_parameter", MALFORMED)
        }
        PresentError::ExpiryOutOfRange => (
            400,
            "InvalidRequest",
            "expiry_out_of_range",
            "This link asks to live longer than links may: from 1 second to 7 days.",
        ),
    }
}

fn sigv4_verify_row(error: &VerifyError) -> Columns {
    match error {
        VerifyError::HeaderNotSigned(_) => (403, "AccessDenied", "header_not_signed", ASK_AGAIN),
        VerifyError::SignedHeaderMissing(_) => {
            (403, "AccessDenied", "signed_header_missing", ASK_AGAIN)
        }
        VerifyError::UnknownKey => (403, "InvalidAccessKeyId", "unknown_key", ASK_AGAIN),
        VerifyError::WrongRegion { .. } => (400, "InvalidRequest", "wrong_region", ASK_AGAIN),
        VerifyError::SessionToken => (403, "InvalidToken", "session_token", ASK_AGAIN),
        VerifyError::NotYetValid { .. } => (
            403,
            "AccessDenied",
            "not_yet_valid",
            "This link is not valid yet: the clock of the site that made it is ahead.",
        ),
        VerifyError::Expired { .. } => (403, "AccessDenied", "expired", EXPIRED),
        VerifyError::ClockSkew { .. } => (
            403,
            "RequestTimeTooSkewed",
            "clock_skew",
            "The clock of the client is wrong by more than 15 minutes.",
        ),
        VerifyError::MethodMismatch { .. } => {
            (403, "SignatureDoesNotMatch", "method_mismatch", OTHER_METHOD)
        }
        VerifyError::SignatureMismatch => {
            (403, "SignatureDoesNotMatch", "signature_mismatch", ASK_AGAIN)
        }
    }
}

fn capability_row(error: &CapabilityError) -> Columns {
    match error {
        CapabilityError::Malformed { .. } => {
            (400, "InvalidRequest", "malformed_credential", MALFORMED)
        }
        CapabilityError::Duplicate(_) => (400, "InvalidRequest", "duplicate_parameter", MALFORMED),
        CapabilityError::UnknownKey => (403, "InvalidAccessKeyId", "unknown_key", ASK_AGAIN),
        CapabilityError::WrongAlgorithm { .. } => {
            (403, "AccessDenied", "wrong_algorithm", ASK_AGAIN)
        }
        CapabilityError::Expired { .. } => (403, "AccessDenied", "expired", EXPIRED),
        CapabilityError::NotYetValid { .. } => {
            (403, "AccessDenied", "not_yet_valid", "This link is not valid yet. Try again later.")
        }
        CapabilityError::WrongAddress { .. } => (
            403,
            "AccessDenied",
            "wrong_address",
            "This link works at another network address only.",
        ),
        CapabilityError::WrongResource => (403, "AccessDenied", "wrong_resource", OTHER_FILE),
        CapabilityError::MethodMismatch { .. } => {
            (403, "SignatureDoesNotMatch", "method_mismatch", OTHER_METHOD)
        }
        CapabilityError::SignatureMismatch => {
            (403, "SignatureDoesNotMatch", "signature_mismatch", ASK_AGAIN)
        }
    }
}

/// Whoever asks for a token reads the same, whatever was wrong. With a 401 for a token, a client
/// asks for a new one.
fn swift_auth_row(error: &SwiftAuthError) -> Columns {
    let (code, reason, text) = match error {
        SwiftAuthError::Lifetime => {
            return (400, "InvalidRequest", "swift_auth_lifetime", MALFORMED_LIFETIME);
        }
        SwiftAuthError::Incomplete => ("Unauthorized", "swift_auth_incomplete", WRONG_KEY),
        SwiftAuthError::UnknownUser => ("Unauthorized", "swift_auth_unknown_user", WRONG_KEY),
        SwiftAuthError::WrongKey { .. } => ("Unauthorized", "swift_auth_wrong_key", WRONG_KEY),
        SwiftAuthError::Malformed => ("InvalidToken", "swift_token_malformed", SIGN_IN),
        SwiftAuthError::UnknownKey => ("InvalidToken", "swift_token_unknown_key", SIGN_IN),
        SwiftAuthError::SignatureMismatch => ("InvalidToken", "swift_token_mismatch", SIGN_IN),
        SwiftAuthError::Expired { .. } => ("InvalidToken", "swift_token_expired", SIGN_IN),
    };
    (401, code, reason, text)
}

fn list_row(error: &ListError) -> Columns {
    match error {
        ListError::Capability => (403, "AccessDenied", "listing_not_granted", NOT_LISTED),
        ListError::NoCredential => (403, "AccessDenied", "listing_no_credential", NOT_LISTED),
        ListError::Principal => (403, "AccessDenied", "listing_principal_may_not", NOT_LISTED),
        ListError::Argument { .. } => (400, "InvalidArgument", "listing_argument", MALFORMED),
        ListError::Format => (
            406,
            "NotAcceptable",
            "listing_format",
            "Containers are listed as JSON or plain text: ask with `format=json`.",
        ),
        ListError::Limit => (412, "PreconditionFailed", "listing_limit", "Maximum limit is 10000."),
        ListError::Hidden => (
            412,
            "PreconditionFailed",
            "listing_hidden",
            "Too little of what is here may be listed to you. Ask with a `prefix`.",
        ),
        ListError::SubResource { .. } => (501, "NotImplemented", "sub_resource", FILES_ONLY),
        ListError::Unsupported => (
            501,
            "NotImplemented",
            "listing_unsupported",
            "The files of this place cannot be listed.",
        ),
        ListError::NoBucket => (404, "NoSuchBucket", "bucket_not_found", "There is no such place."),
        ListError::Refused => (502, "BadGateway", "listing_refused", LISTING_FAILED),
        ListError::Answer(_) => (502, "BadGateway", "listing_malformed", LISTING_FAILED),
        ListError::Astray => (502, "BadGateway", "listing_astray", LISTING_FAILED),
    }
}

fn jwt_reason(error: &JwtError) -> &'static str {
    match error {
        JwtError::Malformed => "malformed_token",
        JwtError::WrongAlgorithm { .. } => "token_algorithm",
        JwtError::Extension(_) => "token_extension",
        JwtError::UnknownKey => "token_unknown_key",
        JwtError::WrongCookie => "token_wrong_cookie",
        JwtError::SignatureMismatch => "token_signature_mismatch",
        JwtError::MissingClaim(_) => "token_claim_missing",
        JwtError::WrongClaim(_) => "token_claim_wrong",
        JwtError::Expired { .. } => "token_expired",
        JwtError::NotYetValid { .. } => "token_not_yet_valid",
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::MethodNotAllowed { allow } => write!(f, "only {allow} are served"),
            Self::Credential(error) => error.fmt(f),
            Self::Locate(error) => error.fmt(f),
            Self::Access(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::List(error) => error.fmt(f),
            Self::Desk(refused) => refused.fmt(f),
            Self::Hidden(hidden) => hidden.cause.fmt(f),
        }
    }
}

macro_rules! from_phase {
    ($($error:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$error> for Rejection {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

from_phase! {
    RequestError => Request,
    CredentialError => Credential,
    LocateError => Locate,
    AccessDenied => Access,
    StoreError => Store,
    ListError => List,
}
