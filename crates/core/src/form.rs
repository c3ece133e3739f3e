//! A signed form, of S3 or of Swift.

use crate::secret::Secret;
use crate::time::UnixTime;

/// A form as it is to be filled in, for a browser to send as `multipart/form-data`.
#[derive(Clone, Debug)]
pub struct SignedForm {
    /// Names and values, each to be sent exactly so, and before the file: no field is read that
    /// comes after it.
    pub fields: Vec<(String, Secret)>,
    /// When it ends.
    pub expires_at: UnixTime,
}
