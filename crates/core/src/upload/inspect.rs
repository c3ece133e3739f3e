//! Whether what is stored is what a rule allows, when nothing else is known of it.

use crate::upload::UploadError;
use crate::upload::call::StoredHead;
use crate::upload::confirm::{compare_bytes, mismatch, not_allowed};
use crate::upload::content_type::ContentType;
use crate::upload::rule::UploadRule;

impl UploadRule {
    /// Compares size and type of an object with what the rule allows.
    ///
    /// # Errors
    /// [`UploadError::Mismatch`] says what it does not allow.
    pub fn inspect(&self, head: &StoredHead) -> Result<(), UploadError> {
        if !self.size.contains(&head.size) {
            return not_allowed(head.size, &self.size);
        }
        let said = head.content_type.as_deref();
        let stored = said.map_or(Some(ContentType::none()), ContentType::of_stored);
        let is_allowed = |stored| {
            let unknown = ContentType::none();
            let types = &self.content_types;
            types.allow(&stored) || unknown.is_stored_as(&stored) && types.allow(&unknown)
        };
        if self.content_types.allow_all() || stored.is_some_and(is_allowed) {
            return Ok(());
        }
        let said = said.map_or("no type".to_owned(), |said| format!("type `{said}`"));
        mismatch(format!(
            "The store has a file of {said}; these are allowed: {}.",
            self.content_types
        ))
    }

    /// Whether the first bytes of such an object are needed.
    pub fn wants_bytes(&self, head: &StoredHead) -> bool {
        self.sniff && head.size > 0
    }
}

/// Compares the type of an object with its first bytes.
///
/// # Errors
/// [`UploadError::Mismatch`] says what the bytes are.
pub fn inspect_bytes(head: &StoredHead, first: &[u8]) -> Result<(), UploadError> {
    match head.content_type.as_deref().and_then(ContentType::parse) {
        Some(content_type) => compare_bytes("stored", &content_type, first),
        // What has no type promises nothing.
        None => Ok(()),
    }
}
