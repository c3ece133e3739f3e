//! Proving a token.
//!
//! The rules are numbered in the order in which they are applied.

use crate::grant::{Dialect, Grant, Proof, Reach};
use crate::key::Keyring;
use crate::time::UnixTime;

use super::SwiftAuthError;
use super::present::PresentedSwiftToken;

impl<'r> PresentedSwiftToken<'r> {
    /// Proves the token at the time `now`.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, SwiftAuthError> {
        let token = &self.token;
        // Rule 1: the key is live.
        let key = keyring.swift(token.key_id()).ok_or(SwiftAuthError::UnknownKey)?;
        // Rule 2: it has sealed the token.
        if !token.is_sealed_with(&key.secret) {
            return Err(SwiftAuthError::SignatureMismatch);
        }
        // Rule 3: it is not too late.
        let not_after = token.until();
        if now > not_after {
            return Err(SwiftAuthError::Expired { now, not_after });
        }
        let proof = Proof {
            dialect: Dialect::SwiftToken,
            key_id: Some(key.id.clone()),
            ticket: Some(token.ticket()),
            principal: key.principal.clone(),
            expires_at: Some(not_after),
            covers_query: false,
            bound_to_address: false,
            reach: Reach::Request,
            route: None,
            disposition: None,
        };
        Ok(Grant::verified(self.request, proof))
    }
}
