//! What an operator changes while the edge runs: the control document.
//!
//! It stands beside the policy and is read again and again, so that a key or a ticket is revoked,
//! and copies are purged, without a deploy. Where there is none, nothing is.
//!
//! ```json
//! {
//!   "version": 1,
//!   "revoked_keys": ["AKIAOLD"],
//!   "revoked_tickets": { "00112233445566778899aabbccddeeff": "2026-12-01T00:00:00Z" },
//!   "purges": [{ "route": "media", "prefix": "users/alice/", "at": "2026-11-26T12:00:00Z" }]
//! }
//! ```

use serde_json::{Map, Value, json};

use crate::purge::{Objects, Purge, Purges};
use crate::revocation::Revocations;
use crate::time::UnixTime;

/// A control document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// What opens nothing any more.
    pub revocations: Revocations,
    /// Which copies do not count.
    pub purges: Purges,
}

impl Control {
    /// Drops what has no effect any more.
    pub fn forget_past(&mut self, now: UnixTime) {
        self.revocations.forget_ended(now);
        self.purges.forget_old(now);
    }

    /// The document, as [`parse`](Self::parse) reads it.
    pub fn to_json(&self) -> Value {
        let time = |time: &UnixTime| time.to_rfc3339();
        let keys: Vec<_> = self.revocations.keys().collect();
        let tickets = self.revocations.tickets();
        let tickets: Map<_, _> =
            tickets.map(|(id, ends)| (id.to_owned(), json!(ends.as_ref().map(time)))).collect();
        let purge = |purge: &Purge| match &purge.objects {
            Objects::Key(key) => json!({ "route": purge.route, "key": key, "at": time(&purge.at) }),
            Objects::Prefix(prefix) => {
                json!({ "route": purge.route, "prefix": prefix, "at": time(&purge.at) })
            }
        };
        json!({
            "version": 1,
            "revoked_keys": keys,
            "revoked_tickets": tickets,
            "purges": self.purges.iter().map(purge).collect::<Vec<_>>(),
        })
    }
}
