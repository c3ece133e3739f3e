//! What a TempURL's signature covers.
//!
//! ```text
//! GET\n1512508563\n/v1/AUTH_account/container/object
//! GET\n1512508563\nprefix:/v1/AUTH_account/container/photos/
//! ip=1.2.3.0/24\nGET\n1648082711\n/v1/AUTH_account/container/object
//! ```
//!
//! The path is the decoded one. It comes last and may hold newlines; what stands before it
//! cannot, so no two messages read alike.

use crate::crypto::Hash;
use crate::request::Method;
use crate::secret::Secret;
use crate::time::UnixTime;

use super::ip_range::IpRange;

/// What a TempURL opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The object at this path, such as `/v1/AUTH_account/container/photo.jpg`.
    Object(&'a str),
    /// Every object whose path begins like this, such as `/v1/AUTH_account/container/photos/`.
    /// All of them are in one container.
    Prefix(&'a str),
}

/// Everything that is signed, but for the method.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) resource: Resource<'a>,
    pub(super) expires_at: UnixTime,
    pub(super) ip_range: Option<&'a IpRange>,
}

impl Message<'_> {
    /// The signature for `method`.
    pub(super) fn sign(self, method: Method, digest: Hash, key: &Secret) -> Vec<u8> {
        digest.hmac(key.expose().as_bytes(), &[self.to_text(method).as_bytes()])
    }

    /// The message.
    pub(super) fn to_text(self, method: Method) -> String {
        let ip_range = self.ip_range.map(|range| format!("ip={}\n", range.as_str()));
        let (ip_range, expires) = (ip_range.unwrap_or_default(), self.expires_at.as_secs());
        let (marker, path) = match self.resource {
            Resource::Object(path) => ("", path),
            Resource::Prefix(path) => ("prefix:", path),
        };
        format!("{ip_range}{method}\n{expires}\n{marker}{path}")
    }
}
