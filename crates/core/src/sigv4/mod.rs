//! AWS Signature Version 4: signing for any service, verifying as S3 does.
//!
//! One file for each step of the specification:
//! [`canonical`] request → [`scope`] and string to sign → [`signing_key`] and signature, used by [`sign`] and
//! [`prepared`] to make presigned URLs and `Authorization` headers, by [`post`] to make forms, and
//! by [`present`] and [`verify`] to read and to prove them. S3 differs from AWS's other services: [`settings`]
//! says how.
//!
//! Sources: *Authenticating Requests (AWS Signature Version 4)* in the Amazon S3 API
//! reference, with its pages on the `Authorization` header and on query parameters.
//!
//! ```text
//! GET /photo.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256
//!     &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request
//!     &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host
//!     &X-Amz-Signature=aeee…d404
//! ```

pub mod payload;
pub mod settings;

pub mod canonical;
pub mod scope;
pub mod signing_key;

pub mod prepared;
pub mod sign;

pub mod post;

mod credential;
mod signed_headers;

pub mod present;
pub mod verify;

use std::time::Duration;

use crate::secret::Secret;

use signing_key::SecretAccessKey;

/// The only algorithm: `X-Amz-Algorithm`, and the first word of an `Authorization` header.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The longest life of a presigned URL: seven days.
pub const MAX_EXPIRES_IN: Duration = Duration::from_secs(604_800);

/// How far the clocks of signer and verifier may be apart.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// What a request is signed with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The access key id, which is public.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretAccessKey,
    /// The session token, when the credentials are temporary.
    pub session_token: Option<Secret>,
}

/// How long a presigned URL lives: whole seconds, from 1 to 604,800.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpiresIn(u32);

impl ExpiresIn {
    /// One second.
    pub const MIN: Self = Self(1);

    /// Takes a number of seconds.
    ///
    /// ```
    /// # use cloakroom_core::sigv4::ExpiresIn;
    /// assert!(ExpiresIn::from_secs(604_800).is_some());
    /// assert!(ExpiresIn::from_secs(604_801).is_none());
    /// assert!(ExpiresIn::from_secs(0).is_none());
    /// ```
    pub fn from_secs(secs: u64) -> Option<Self> {
        let range = 1..=MAX_EXPIRES_IN.as_secs();
        range.contains(&secs).then(|| u32::try_from(secs).ok().map(Self))?
    }

    /// The number of seconds.
    pub fn as_secs(self) -> u32 {
        self.0
    }

    /// The same as a duration.
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}
