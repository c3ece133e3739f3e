//! Proving a CloudFront credential, but for the signature, which the adapter checks.
//!
//! The rules are numbered in the order in which they are applied, so that which error a bad
//! request gets is defined.

use std::time::Duration;

use crate::capability::{CapabilityError, check_time};
use crate::grant::{Grant, PendingGrant, Proof, Reach};
use crate::key::{CloudFrontKey, Keyring};
use crate::public_key::{KeyType, SignatureCheck, p1363_from_der};
use crate::ticket_cookie::folder_of;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

use super::HashAlgorithm;
use super::present::PresentedCloudFront;
use super::source_ip::SourceIp;

impl<'r> PresentedCloudFront<'r> {
    /// Proves the credential at the time `now`, but for the signature.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn verify(
        self,
        keyring: &Keyring,
        now: UnixTime,
    ) -> Result<PendingGrant<'r>, CapabilityError> {
        // Rule 1: the key is live.
        let key = keyring.cloudfront(self.key_pair_id).ok_or(CapabilityError::UnknownKey)?;
        // Rule 2: the hash is the key's.
        self.verify_hash(key)?;
        // Rule 3: the statement opens the URL.
        let resource = self.statement.resource.as_ref();
        if !resource.is_none_or(|resource| resource.covers(&self.url)) {
            return Err(CapabilityError::WrongResource);
        }
        // Rule 4: it does so now.
        self.verify_time(now)?;
        // Rule 5: it does so for this viewer.
        let found = self.request.client_address();
        let is_for = |range: SourceIp| found.is_some_and(|at| range.contains(at));
        if !self.statement.source_ip.is_none_or(is_for) {
            return Err(CapabilityError::WrongAddress { found });
        }
        // Rule 6: the signature is that of the key on the policy as it was sent.
        let proof = Proof {
            dialect: self.dialect,
            key_id: Some(key.id.clone()),
            ticket: Some(TicketId::of_text(self.policy.as_bytes())),
            principal: key.principal.clone(),
            expires_at: Some(self.statement.expires_at),
            // Through a wildcard a viewer can add parameters of their own.
            covers_query: resource.is_some_and(|resource| resource.is(&self.url)),
            bound_to_address: self.statement.source_ip.is_some(),
            reach: self.reach(),
            route: None,
            disposition: None,
        };
        let signature = match key.public_key.algorithm().key_type() {
            KeyType::P256 => p1363_from_der(&self.signature),
            KeyType::Rsa | KeyType::Ed25519 => Some(self.signature),
        };
        let check = SignatureCheck {
            key: key.public_key.clone(),
            message: self.policy.into_bytes(),
            signature: signature.ok_or(CapabilityError::SignatureMismatch)?,
        };
        let otherwise = CapabilityError::SignatureMismatch.into();
        Ok(PendingGrant::new(Grant::verified(self.request, proof), check, otherwise))
    }

    /// A query may hold slashes, too; the folder is that of the path.
    fn reach(&self) -> Reach {
        let bare = self.url.split('?').next().unwrap_or_default();
        let resource = self.statement.resource.as_ref();
        if resource.is_none_or(|resource| resource.covers_all_below(folder_of(bare))) {
            Reach::Folder
        } else {
            Reach::Request
        }
    }

    fn verify_hash(&self, key: &CloudFrontKey) -> Result<(), CapabilityError> {
        match HashAlgorithm::of(key.public_key.algorithm()) {
            Some(hash) if hash == self.hash_algorithm => Ok(()),
            Some(hash) => Err(CapabilityError::WrongAlgorithm { expected: hash.as_str() }),
            None => Err(CapabilityError::UnknownKey),
        }
    }

    /// `DateLessThan` is the first second that does not count: the developer guide calls it the
    /// time at which the URL stops allowing access, and the operator of this name in IAM
    /// policies means *before*. `DateGreaterThan` is the first second that counts: users are
    /// not let in *before* it, the guide says.
    fn verify_time(&self, now: UnixTime) -> Result<(), CapabilityError> {
        let not_after = self.statement.expires_at.saturating_sub(Duration::from_secs(1));
        check_time(self.statement.starts_at, not_after, now)
    }
}
