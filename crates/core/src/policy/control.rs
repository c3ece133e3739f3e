//! Reading the control document, as a policy is read.

use std::fmt;

use crate::control::Control;
use crate::purge::{Objects, Purge};
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

use super::reader::{Node, PolicyError};
use super::{read_root, read_version};

/// What is wrong with a control document, and where.
///
/// ```
/// # use cloakroom_core::control::Control;
/// let error = Control::parse(r#"{"version": 1, "purges": [{}]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "control: at `purges.0`: needs one of `key` and `prefix`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlError(PolicyError);

impl From<PolicyError> for ControlError {
    fn from(error: PolicyError) -> Self {
        Self(error)
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write("control", f)
    }
}

impl std::error::Error for ControlError {}

impl Control {
    /// Reads a control document.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub fn parse(text: &str) -> Result<Self, ControlError> {
        Ok(Self::read(text)?)
    }

    fn read(text: &str) -> Result<Self, PolicyError> {
        let json = read_root(text)?;
        let root = Node::root(&json);
        let fields = root.object(&["version", "revoked_keys", "revoked_tickets", "purges"])?;
        read_version(&fields)?;
        let mut control = Self::default();
        if let Some(keys) = fields.optional("revoked_keys") {
            for key in keys.list()? {
                control.revocations.revoke_key(key.string()?.to_owned());
            }
        }
        if let Some(tickets) = fields.optional("revoked_tickets") {
            for (id, ends) in tickets.entries()? {
                let Some(id) = TicketId::parse(id) else {
                    return ends.error(
                        "is no ticket: its name is 32 hexadecimal digits in lower case, as the \
                         log and `cloakroom explain` write them",
                    );
                };
                let ends = if ends.is_null() { None } else { Some(read_time(&ends)?) };
                control.revocations.revoke_ticket(id, ends);
            }
        }
        if let Some(purges) = fields.optional("purges") {
            for purge in purges.list()? {
                control.purges.add(read_purge(&purge)?);
            }
        }
        Ok(control)
    }
}

fn read_purge(node: &Node<'_>) -> Result<Purge, PolicyError> {
    let fields = node.object(&["route", "key", "prefix", "at"])?;
    let objects = match (fields.optional("key"), fields.optional("prefix")) {
        (Some(key), None) => Objects::Key(key.string()?.to_owned()),
        (None, Some(prefix)) => Objects::Prefix(prefix.text()?.to_owned()),
        _ => return node.error("needs one of `key` and `prefix`"),
    };
    Ok(Purge {
        route: fields.required("route")?.string()?.to_owned(),
        objects,
        at: read_time(&fields.required("at")?)?,
    })
}

fn read_time(node: &Node<'_>) -> Result<UnixTime, PolicyError> {
    UnixTime::parse_rfc3339(node.string()?)
        .map_or_else(|| node.error("must be a time in UTC such as `2026-11-23T12:00:00Z`"), Ok)
}
