//! Whether what is stored is what was agreed.

use std::ops::RangeInclusive;

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
            return match self.size {
                Some(size) => {
                    mismatch(format!("The store has {} bytes; {size} were announced.", head.size))
                }
                None => not_allowed(head.size, &sizes),
            };
        }
        if let Some(stored) = head.content_type.as_deref() {
            // One that is none here may be one to a browser, `text/html; x` for instance.
            let parsed = ContentType::of_stored(stored);
            if !parsed.is_some_and(|stored| self.content_type.is_stored_as(&stored)) {
                let stored: String = stored.chars().filter(|c| !c.is_control()).take(100).collect();
                return mismatch(format!(
                    "The store has a file of type `{stored}`; `{}` was announced.",
                    self.content_type
                ));
            }
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
        compare_bytes("announced", &self.content_type, first)
    }
}

/// Compares the first bytes with the type of the file, which was `said` to be so.
pub(super) fn compare_bytes(
    said: &str,
    content_type: &ContentType,
    first: &[u8],
) -> Result<(), UploadError> {
    let found = match sniff::sniff(content_type, first) {
        Sniffed::Fits => return Ok(()),
        Sniffed::Is(found) => format!("those of `{found}`"),
        Sniffed::IsNot => "not those of one".to_owned(),
    };
    mismatch(format!("The file was {said} as `{content_type}`; its bytes are {found}."))
}

pub(super) fn not_allowed<T>(size: u64, sizes: &RangeInclusive<u64>) -> Result<T, UploadError> {
    let (least, most) = (sizes.start(), sizes.end());
    mismatch(format!("The store has {size} bytes; from {least} to {most} are allowed."))
}

pub(super) fn mismatch<T>(problem: String) -> Result<T, UploadError> {
    Err(UploadError::Mismatch { problem })
}
