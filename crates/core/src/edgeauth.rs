//! Akamai EdgeAuth tokens.

use crate::capability::CapabilityError;
use crate::grant::{Dialect, Grant};
use crate::key::Keyring;
use crate::request::Request;
use crate::time::UnixTime;

/// A token as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedEdgeAuth<'r> {
    request: &'r Request<'r>,
    dialect: Dialect,
    name: &'r str,
}

impl<'r> PresentedEdgeAuth<'r> {
    /// Reads the token that stands under `name`, in the place that `dialect` says.
    ///
    /// # Errors
    /// [`CapabilityError`] when it is not one.
    pub fn parse(
        request: &'r Request<'r>,
        dialect: Dialect,
        name: &'r str,
        token: &'r str,
    ) -> Result<Self, CapabilityError> {
        let _ = token;
        Ok(Self { request, dialect, name })
    }

    /// Where the token stands.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Proves the token at the time `now`.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, CapabilityError> {
        let _ = (keyring.edgeauth(self.name), now, self.request);
        Err(CapabilityError::UnknownKey)
    }
}
