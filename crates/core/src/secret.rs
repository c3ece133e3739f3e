//! Values that must not reach a log.

use std::fmt;

/// A key, a token or a signed URL: shown by nothing but [`Secret::expose`].
///
/// ```
/// # use cloakroom_core::secret::Secret;
/// let secret = Secret::new("wJalrXUtnFEMI");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "wJalrXUtnFEMI");
/// ```
// Not `PartialEq`: secrets are compared in constant time, by `crypto::constant_time_eq`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for signing with it or for sending it to whom it was made for.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value itself, given away.
    pub fn into_exposed(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
