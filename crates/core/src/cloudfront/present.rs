//! Reading and proving a CloudFront credential.

use crate::capability::CapabilityError;
use crate::grant::{Dialect, PendingGrant};
use crate::key::Keyring;
use crate::request::Request;
use crate::time::UnixTime;

/// The query parameters of which any one makes a URL a signed one.
pub(crate) const PARAMETERS: [&str; 4] = ["Expires", "Policy", "Signature", "Key-Pair-Id"];

/// The cookies of which any one makes a request a signed one.
pub(crate) const COOKIES: [&str; 4] =
    ["CloudFront-Expires", "CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"];

/// A CloudFront credential as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedCloudFront<'r> {
    request: &'r Request<'r>,
    dialect: Dialect,
    key_pair_id: String,
}

impl<'r> PresentedCloudFront<'r> {
    /// Reads a signed URL.
    ///
    /// # Errors
    /// [`CapabilityError`] when it is not one.
    pub fn parse_url(request: &'r Request<'r>) -> Result<Self, CapabilityError> {
        Ok(Self { request, dialect: Dialect::CloudFrontUrl, key_pair_id: String::new() })
    }

    /// Reads signed cookies.
    ///
    /// # Errors
    /// [`CapabilityError`] when they are not those of one credential.
    pub fn parse_cookies(request: &'r Request<'r>) -> Result<Self, CapabilityError> {
        Ok(Self { request, dialect: Dialect::CloudFrontCookie, key_pair_id: String::new() })
    }

    /// Where the credential stands.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The key that it says it was signed with.
    pub fn key_pair_id(&self) -> &str {
        &self.key_pair_id
    }

    /// Proves the credential at the time `now`, but for the signature.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn verify(
        self,
        keyring: &Keyring,
        now: UnixTime,
    ) -> Result<PendingGrant<'r>, CapabilityError> {
        let _ = (keyring, now, self.request);
        Err(CapabilityError::UnknownKey)
    }
}
