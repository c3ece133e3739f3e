//! What was taken back before its time: keys, and single tickets.
//!
//! Everything else about a revoked ticket holds; so its signer is known, and the log says that it
//! was revoked and not that it is wrong.

use std::fmt;

use crate::grant::Grant;
use crate::named::Named;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

/// Which keys and tickets open nothing any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    keys: Named<()>,
    /// By their names as they are written, each with the time at which it ends by itself.
    tickets: Named<Option<UnixTime>>,
}

/// What of a credential was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The key that signed it.
    Key,
    /// It alone.
    Ticket,
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "its key was revoked",
            Self::Ticket => "it was revoked",
        })
    }
}

impl Revocations {
    /// Revokes a key. Whatever it signed is revoked, whenever it signed it, and so are the cookies
    /// that it was exchanged for.
    pub fn revoke_key(&mut self, id: String) {
        self.keys.insert(id, ());
    }

    /// Revokes a ticket, which ends by itself at this time, if that is known: after it the entry
    /// may be dropped.
    pub fn revoke_ticket(&mut self, id: TicketId, ends: Option<UnixTime>) {
        self.tickets.insert(id.to_string(), ends);
    }

    /// Takes back that a key was revoked; false when it was not.
    pub fn restore_key(&mut self, id: &str) -> bool {
        self.keys.remove(id)
    }

    /// Takes back that a ticket was revoked; false when it was not.
    pub fn restore_ticket(&mut self, id: TicketId) -> bool {
        self.tickets.remove(&id.to_string())
    }

    /// The ids of the keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.names()
    }

    /// The names of the tickets, in order, each with the time at which it ends by itself.
    pub fn tickets(&self) -> impl Iterator<Item = (&str, Option<UnixTime>)> {
        self.tickets.iter().map(|(id, ends)| (id, *ends))
    }

    /// Whether this key is revoked.
    pub(crate) fn has_key(&self, id: &str) -> bool {
        self.keys.contains(id)
    }

    fn has_ticket(&self, id: TicketId) -> bool {
        !self.tickets.is_empty() && self.tickets.contains(&id.to_string())
    }

    /// Whether a grant stands.
    ///
    /// # Errors
    /// What of it was revoked.
    pub(crate) fn check(&self, grant: &Grant<'_>) -> Result<(), Revoked> {
        if grant.key_id().is_some_and(|id| self.has_key(id)) {
            return Err(Revoked::Key);
        }
        if grant.ticket().is_some_and(|id| self.has_ticket(id)) {
            return Err(Revoked::Ticket);
        }
        Ok(())
    }

    /// Drops tickets that have ended by themselves.
    pub fn forget_ended(&mut self, now: UnixTime) {
        self.tickets.retain(|_, ends| ends.is_none_or(|end| now <= end));
    }
}
