//! Swift TempURLs.

pub(crate) mod disposition;

use crate::capability::CapabilityError;
use crate::grant::Grant;
use crate::key::Keyring;
use crate::request::Request;
use crate::time::UnixTime;

/// The query parameters by which a URL is one; `filename` and `inline` are not among them.
pub(crate) const PARAMETERS: [&str; 4] =
    ["temp_url_sig", "temp_url_expires", "temp_url_prefix", "temp_url_ip_range"];

/// A TempURL as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedTempUrl<'r> {
    request: &'r Request<'r>,
}

impl<'r> PresentedTempUrl<'r> {
    /// Reads the parameters of a TempURL.
    ///
    /// # Errors
    /// [`CapabilityError`] when they are not those of one.
    pub fn parse(request: &'r Request<'r>) -> Result<Self, CapabilityError> {
        Ok(Self { request })
    }

    /// Proves the TempURL at the time `now`.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, CapabilityError> {
        let _ = (keyring, now, self.request);
        Err(CapabilityError::UnknownKey)
    }
}
