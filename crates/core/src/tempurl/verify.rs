//! Proving a TempURL.

use crate::capability::{CapabilityError, check_time};
use crate::crypto::{Hash, constant_time_eq};
use crate::grant::{Dialect, Grant, Proof, Reach};
use crate::key::Keyring;
use crate::request::Method;
use crate::ticket_cookie::folder_of;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

use super::message::{Message, Resource};
use super::{PresentedTempUrl, split_container};

impl<'r> PresentedTempUrl<'r> {
    /// Proves the TempURL at the time `now`.
    ///
    /// # Errors
    /// The first rule that does not hold. A signature for another method is told from a wrong
    /// one.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Grant<'r>, CapabilityError> {
        // Rule 1: some key is for this path; a TempURL does not name it. Rule 2: such a key takes
        // the digest.
        let (keys, others): (Vec<_>, Vec<_>) =
            keyring.tempurl(&self.path).partition(|key| key.digests.contains(&self.digest));
        if keys.is_empty() {
            return Err(match others.first() {
                Some(key) => CapabilityError::WrongAlgorithm { expected: names(&key.digests) },
                None => CapabilityError::UnknownKey,
            });
        }
        // Rule 3: it is the right time.
        check_time(None, self.expires_at, now)?;
        // Rule 4: the viewer is at the right address.
        self.verify_address()?;
        // Rule 5: the path is one that it opens.
        let message = self.message()?;
        // Rule 6: the signature is right, for a method that allows this one.
        let signer = |method: Method| {
            keys.iter().find(|key| {
                let signature = message.sign(method, self.digest, &key.secret);
                constant_time_eq(&signature, &self.signature)
            })
        };
        let allows = |signed: &Method| allows(*signed, self.request.method());
        let Some(key) = Method::ALL.into_iter().filter(allows).find_map(signer) else {
            // Whether another method was signed tells the operator more, and an attacker
            // nothing that a second request would not.
            let mut others = Method::ALL.into_iter().filter(|signed| !allows(signed));
            return Err(match others.find(|signed| signer(*signed).is_some()) {
                Some(signed) => CapabilityError::MethodMismatch { signed },
                None => CapabilityError::SignatureMismatch,
            });
        };
        let reach = match &message.resource {
            Resource::Prefix(prefix) if folder_of(&self.path).starts_with(prefix) => Reach::Folder,
            Resource::Prefix(_) | Resource::Object(_) => Reach::Request,
        };
        let proof = Proof {
            dialect: Dialect::TempUrl,
            key_id: Some(key.id.clone()),
            ticket: Some(TicketId::of_mac(&self.signature)),
            principal: key.principal.clone(),
            expires_at: Some(self.expires_at),
            covers_query: false,
            bound_to_address: self.ip_range.is_some(),
            reach,
            route: None,
            disposition: Some(self.disposition),
        };
        Ok(Grant::verified(self.request, proof))
    }

    /// What the signature must cover, for comparison with what the signer covered; none when it
    /// opens other paths.
    pub fn signed_text(&self) -> Option<(&'static str, String)> {
        let message = self.message().ok()?;
        Some(("signed text", message.to_text(self.request.method())))
    }

    fn message(&self) -> Result<Message<'_>, CapabilityError> {
        Ok(Message {
            resource: self.resource()?,
            expires_at: self.expires_at,
            ip_range: self.ip_range.as_ref(),
        })
    }

    fn verify_address(&self) -> Result<(), CapabilityError> {
        let Some(range) = &self.ip_range else { return Ok(()) };
        let found = self.request.client_address();
        if found.is_some_and(|address| range.contains(address)) {
            Ok(())
        } else {
            Err(CapabilityError::WrongAddress { found })
        }
    }

    /// What must have been signed for this path: the path itself or, when there is a prefix,
    /// as much of it as container and prefix have.
    fn resource(&self) -> Result<Resource<'_>, CapabilityError> {
        let Some(prefix) = &self.prefix else { return Ok(Resource::Object(&self.path)) };
        let signed = split_container(&self.path)
            .filter(|(_, name)| name.starts_with(prefix.as_str()))
            .and_then(|(container, _)| self.path.get(..container.len() + prefix.len()));
        signed.map(Resource::Prefix).ok_or(CapabilityError::WrongResource)
    }
}

/// Whether a signature for one method lets another one pass. Whoever may read or write an
/// object may ask for its head.
fn allows(signed: Method, method: Method) -> bool {
    signed == method
        || method == Method::Head && matches!(signed, Method::Get | Method::Post | Method::Put)
}

/// The digests that a key takes, for the log.
fn names(digests: &[Hash]) -> &'static str {
    let takes = |digest| digests.contains(&digest);
    match (takes(Hash::Sha1), takes(Hash::Sha256), takes(Hash::Sha512)) {
        (true, false, false) => "sha1",
        (false, true, false) => "sha256",
        (false, false, true) => "sha512",
        (true, true, false) => "sha1 and sha256",
        (true, false, true) => "sha1 and sha512",
        (false, true, true) => "sha256 and sha512",
        (true, true, true) => "sha1, sha256 and sha512",
        (false, false, false) => "no digest",
    }
}
