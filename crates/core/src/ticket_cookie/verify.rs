//! Proving a cookie that a ticket was exchanged for.
//!
//! The rules are numbered in the order in which they are applied, to each cookie.

use crate::capability::{CapabilityError, check_time};
use crate::crypto::constant_time_eq;
use crate::grant::{Dialect, Grant, Proof, Reach};
use crate::key::Keyring;
use crate::object::decode_path;
use crate::route::canonical_host;
use crate::time::UnixTime;

use super::present::PresentedTicketCookie;
use super::token::{Token, fingerprint};

impl<'r> PresentedTicketCookie<'r> {
    /// Proves one of the cookies at the time `now`.
    ///
    /// # Errors
    /// When none holds: the first rule that does not hold for the first of them.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, CapabilityError> {
        let mut problem = None;
        for (name, value) in &self.cookies {
            match self.prove(name, value, keyring, now) {
                Ok(proof) => return Ok(Grant::verified(self.request, proof)),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        Err(problem.unwrap_or(CapabilityError::SignatureMismatch))
    }

    fn prove(
        &self,
        name: &str,
        value: &str,
        keyring: &Keyring,
        now: UnixTime,
    ) -> Result<Proof, CapabilityError> {
        // Rule 1: the route that it names has sealed it.
        let opened = keyring.ticket_cookies(name).iter().find_map(|key| {
            let token = Token::open(value, &key.secret)?;
            (token.route == key.route).then_some((token, &key.secret))
        });
        let (token, secret) = opened.ok_or(CapabilityError::SignatureMismatch)?;
        // Rule 2: it is the right time.
        check_time(None, token.until, now)?;
        // Rule 3: it is for this host.
        if token.host != canonical_host(self.request.host()) {
            return Err(CapabilityError::WrongResource);
        }
        // Rule 4: the path is below its folder. The folder ends with a slash, so `/u1/` is not
        // `/u10/`; and it is compared with what locates the object, in which no slash hides.
        let path = decode_path(self.request.path());
        if !path.is_ok_and(|path| path.starts_with(&token.folder)) {
            return Err(CapabilityError::WrongResource);
        }
        // Rule 5: the viewer is where the ticket was exchanged, when the ticket asked for it.
        let found = self.request.client_address();
        if token.address.is_some() && token.address != found {
            return Err(CapabilityError::WrongAddress { found });
        }
        // Rule 6: the key that signed the ticket is live, is the same still, and acts for the
        // same principal.
        let key = keyring.ticket(&token.key_id).ok_or(CapabilityError::UnknownKey)?;
        let is_same = constant_time_eq(fingerprint(key, secret).as_bytes(), token.proof.as_bytes());
        if !is_same || key.principal.to_string() != token.principal {
            return Err(CapabilityError::UnknownKey);
        }
        Ok(Proof {
            dialect: Dialect::TicketCookie,
            principal: key.principal.clone(),
            key_id: Some(token.key_id),
            ticket: Some(token.ticket),
            expires_at: Some(token.until),
            covers_query: false,
            bound_to_address: token.address.is_some(),
            reach: Reach::Request,
            route: Some(token.route),
            disposition: None,
        })
    }
}
