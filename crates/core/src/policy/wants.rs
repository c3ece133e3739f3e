//! What all upload rules together have a store do, for whoever examines whether it does.

use std::collections::BTreeSet;

use crate::upload::checksum::ChecksumAlgorithm;
use crate::upload::kind::{Clause, Kind};

/// What the upload rules of a store rely on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The ways in which files are sent to it.
    pub kinds: BTreeSet<Kind>,
    /// What it has to enforce, by the way in which a file is sent.
    pub relied_on: BTreeSet<(Kind, Clause)>,
    /// What rules say that it may leave unenforced.
    pub unenforced: BTreeSet<Clause>,
    /// The checksums that rules demand, and rely on.
    pub checksums: BTreeSet<ChecksumAlgorithm>,
    /// The headers that pages may have to send with a signed PUT, in lower case.
    pub headers: BTreeSet<String>,
}

impl Wants {
    /// Whether a rule relies on a clause where files are sent by PUT, at once or in parts.
    pub fn rely_on(&self, clause: Clause) -> bool {
        [Kind::Put, Kind::Multipart].iter().any(|kind| self.relied_on.contains(&(*kind, clause)))
    }

    /// Whether a rule relies on a clause where files are sent by forms.
    pub fn rely_on_in_forms(&self, clause: Clause) -> bool {
        self.relied_on.contains(&(Kind::Form, clause))
    }
}
