//! Buckets of Cloudflare R2 that the Worker is bound to.

use std::time::Duration;

use crate::policy::reader::{Node, PolicyError};
use crate::store::R2Store;

use super::read_timeout;

#[derive(Clone, Debug)]
pub(in crate::policy) struct R2Spec {
    timeout: Duration,
}

impl R2Spec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        Ok(Self { timeout: read_timeout(&node.object(&["kind", "timeout"])?)? })
    }

    pub(super) fn resolve(&self, name: &str) -> R2Store {
        R2Store { name: name.to_owned(), timeout: self.timeout }
    }
}
