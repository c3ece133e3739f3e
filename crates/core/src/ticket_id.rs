//! The name of one ticket, by which it can be revoked.
//!
//! Logs and `explain` write it, so it must tell nothing that opens anything. It is made of what
//! nobody but the signer can change: of the MAC itself where there is one, which is the same
//! however it is spelled, and of the signed text where a public key proves it, for which a
//! second signature may be as good as the first.

use std::fmt;

use crate::crypto::sha256;
use crate::encoding::is_lower_hex;

/// The first 16 bytes of a SHA-256, written as 32 hexadecimal digits in lower case.
///
/// ```
/// # use cloakroom_core::ticket_id::TicketId;
/// let id = TicketId::parse("00112233445566778899aabbccddeeff").unwrap();
/// assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
/// assert_eq!(TicketId::parse("00112233445566778899AABBCCDDEEFF"), None);
/// assert_eq!(TicketId::parse("0011"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TicketId([u8; 16]);

impl TicketId {
    /// Of a ticket that a MAC proves.
    pub(crate) fn of_mac(mac: &[u8]) -> Self {
        Self::of(b"cloakroom ticket mac\n", mac)
    }

    /// Of a ticket that a public key's signature of `text` proves.
    pub(crate) fn of_text(text: &[u8]) -> Self {
        Self::of(b"cloakroom ticket text\n", text)
    }

    fn of(purpose: &[u8], bytes: &[u8]) -> Self {
        let digest = sha256(&[purpose, bytes].concat());
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Reads one; none when it is not written as they are.
    pub fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        let reads = is_lower_hex::<32>(text) && hex::decode_to_slice(text, &mut id).is_ok();
        reads.then_some(Self(id))
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_depends_on() {
        let id = TicketId::of_mac(b"mac");
        assert_eq!(id, TicketId::of_mac(b"mac"));
        assert_ne!(id, TicketId::of_mac(b"max"));
        assert_ne!(id, TicketId::of_text(b"mac"));
        assert_eq!(TicketId::parse(&id.to_string()), Some(id));
    }
}
