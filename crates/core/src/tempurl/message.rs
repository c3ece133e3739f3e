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
    pub(super) fn sign(&self, method: Method, digest: Hash, key: &Secret) -> Vec<u8> {
        let ip_range = self.ip_range.map_or(["", "", ""], |range| ["ip=", range.as_str(), "\n"]);
        let expires = self.expires_at.as_secs().to_string();
        let path = match self.resource {
            Resource::Object(path) => ["", path],
            Resource::Prefix(path) => ["prefix:", path],
        };
        let [ip_name, ip_value, ip_end] = ip_range.map(str::as_bytes);
        let [marker, path] = path.map(str::as_bytes);
        let [method, expires] = [method.as_str(), &expires].map(str::as_bytes);
        digest.hmac(
            key.expose().as_bytes(),
            &[ip_name, ip_value, ip_end, method, b"\n", expires, b"\n", marker, path],
        )
    }
}
