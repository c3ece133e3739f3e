//! Whether what is stored is what was agreed.

use crate::upload::UploadError;
use crate::upload::call::{MadeOf, StoredHead};
use crate::upload::content_type::ContentType;
use crate::upload::receipt::Receipt;
use crate::upload::rule::UploadRule;
use crate::upload::sniff::{self, Sniffed};

impl Receipt {
    /// Compares size, type and checksum.
    ///
    /// # Errors
    /// [`UploadError::Mismatch`] says what differs.
    pub fn compare(&self, rule: &UploadRule, head: &StoredHead) -> Result<(), UploadError> {
        // Of parts that were looked at one by one, a list is what is right; in the place of a file,
        // a manifest is how a client of Swift can have it show other people's objects.
        let is_right = match head.made_of {
            MadeOf::Bytes => true,
            MadeOf::Listed => self.multipart.is_some(),
            MadeOf::Found => false,
        };
        if !is_right {
            return mismatch("The store has a manifest of other objects, not a file.".to_owned());
        }
        let sizes = self.sizes(rule);
        if !sizes.contains(&head.size) {
            return mismatch(match self.size {
                Some(size) => {
                    format!("The store has {} bytes; {size} were announced.", head.size)
                }
                None => format!(
                    "The store has {} bytes; from {} to {} are allowed.",
                    head.size,
                    sizes.start(),
                    sizes.end()
                ),
            });
        }
        let stored = head.content_type.as_deref().and_then(ContentType::parse);
        if let Some(stored) = stored.filter(|stored| !self.content_type.is_stored_as(stored)) {
            return mismatch(format!(
                "The store has a file of type `{stored}`; `{}` was announced.",
                self.content_type
            ));
        }
        let stored = self.checksum.as_ref().and_then(|announced| {
            head.checksums.iter().find(|stored| stored.algorithm == announced.algorithm)
        });
        match (&self.checksum, stored) {
            (Some(announced), Some(stored)) if announced != stored => mismatch(format!(
                "The stored file has another checksum ({}) than was announced.",
                announced.algorithm.as_str()
            )),
            _ => Ok(()),
        }
    }

    /// Compares the type with the first bytes.
    ///
    /// # Errors
    /// [`UploadError::Mismatch`] says what the bytes are.
    pub fn compare_bytes(&self, first: &[u8]) -> Result<(), UploadError> {
        match sniff::sniff(&self.content_type, first) {
            Sniffed::Fits => Ok(()),
            Sniffed::Is(found) => mismatch(format!(
                "The file was announced as `{}`; its bytes are those of `{found}`.",
                self.content_type
            )),
            Sniffed::IsNot => mismatch(format!(
                "The file was announced as `{}`; its bytes are not those of one.",
                self.content_type
            )),
        }
    }
}

fn mismatch<T>(problem: String) -> Result<T, UploadError> {
    Err(UploadError::Mismatch { problem })
}
