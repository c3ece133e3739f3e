//! What was taken back before its time: keys, and single tickets.
//!
//! Everything else about a revoked ticket holds; so its signer is known, and the log says that it
//! was revoked and not that it is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::grant::Grant;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

/// Which keys and tickets open nothing any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    /// Ids of keys. Whatever they signed is revoked, whenever they signed it, and so are the
    /// cookies that it was exchanged for.
    pub keys: BTreeSet<String>,
    /// Tickets, each with the time at which it ends by itself, if that is known: after it the
    /// entry may be dropped.
    pub tickets: BTreeMap<TicketId, Option<UnixTime>>,
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
    /// Whether a grant stands.
    ///
    /// # Errors
    /// What of it was revoked.
    pub(crate) fn check(&self, grant: &Grant<'_>) -> Result<(), Revoked> {
        if grant.key_id().is_some_and(|id| self.keys.contains(id)) {
            return Err(Revoked::Key);
        }
        if grant.ticket().is_some_and(|id| self.tickets.contains_key(&id)) {
            return Err(Revoked::Ticket);
        }
        Ok(())
    }

    /// Drops tickets that have ended by themselves.
    pub fn forget_ended(&mut self, now: UnixTime) {
        self.tickets.retain(|_, ends| ends.is_none_or(|end| now <= end));
    }
}
