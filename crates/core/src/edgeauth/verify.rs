//! Proving an EdgeAuth token.
//!
//! The rules are numbered in the order in which they are applied. The signature comes first:
//! only it says which reading of a token, and which of the keys of one name, is the right one.

use crate::capability::{CapabilityError, check_time};
use crate::crypto::constant_time_eq;
use crate::grant::{Grant, Proof, Reach};
use crate::key::{EdgeAuthKey, Keyring};
use crate::ticket_cookie::folder_of;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

use super::present::{PresentedEdgeAuth, Token};
use super::{DELIMITER, Signer};

impl<'r> PresentedEdgeAuth<'r> {
    /// What the MAC must cover, before the salt and before anything is escaped, for comparison
    /// with what the signer covered.
    pub fn signed_text(&self) -> Option<(&'static str, String)> {
        let token = self.readings.first()?;
        let url = token.acl.is_none().then(|| format!("{DELIMITER}url={}", self.request.path()));
        Some(("signed text", token.fields.clone() + &url.unwrap_or_default()))
    }

    /// Proves the token at the time `now`.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, CapabilityError> {
        // Rule 1: tokens of this name have a live key.
        let keys = keyring.edgeauth(self.name);
        let first = keys.first().ok_or(CapabilityError::UnknownKey)?;
        // Rule 2: one of the keys is for an algorithm with MACs of this length.
        let is_fit =
            |key: &EdgeAuthKey, token: &Token| token.mac.len() == 2 * key.algorithm.digest_length();
        if !keys.iter().any(|key| self.readings.iter().any(|token| is_fit(key, token))) {
            return Err(CapabilityError::WrongAlgorithm { expected: first.algorithm.as_str() });
        }
        // Rule 3: one of them has signed it; a token without ACL, for this path.
        let signed = |key: &EdgeAuthKey, token: &Token| {
            let path = token.acl.is_none().then_some(self.request.path());
            let mac = Signer::new(key).mac(&token.fields, path);
            mac.is_some_and(|mac| constant_time_eq(mac.as_bytes(), token.mac.as_bytes()))
        };
        let mut pairs = keys.iter().flat_map(|key| self.readings.iter().map(move |t| (key, t)));
        let (key, token) = pairs
            .find(|(key, token)| signed(key, token))
            .ok_or(CapabilityError::SignatureMismatch)?;
        // Rule 4: it is the right time.
        check_time(token.starts_at, token.expires_at, now)?;
        // Rule 5: the viewer is at the right address.
        let found = self.request.client_address();
        if token.address.is_some() && token.address != found {
            return Err(CapabilityError::WrongAddress { found });
        }
        // Rule 6: the ACL covers the path.
        if token.acl.as_ref().is_some_and(|acl| !acl.covers(self.request.path())) {
            return Err(CapabilityError::WrongResource);
        }
        let proof = Proof {
            dialect: self.dialect,
            key_id: Some(key.id.clone()),
            ticket: Some(TicketId::of_mac(token.mac.as_bytes())),
            principal: key.principal.clone(),
            expires_at: Some(token.expires_at),
            covers_query: false,
            bound_to_address: token.address.is_some(),
            reach: self.reach(token),
            route: None,
            disposition: None,
        };
        Ok(Grant::verified(self.request, proof))
    }

    fn reach(&self, token: &Token) -> Reach {
        let folder = folder_of(self.request.path());
        match &token.acl {
            Some(acl) if acl.covers_all_below(folder) => Reach::Folder,
            _ => Reach::Request,
        }
    }
}
