//! Making TempURLs, byte for byte as `swift tempurl` makes them.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::crypto::Hash;
use crate::encoding::{Slash, encode};
use crate::request::Method;
use crate::secret::Secret;
use crate::time::UnixTime;

use super::ip_range::IpRange;
use super::message::{Message, Resource};
use super::{DIGESTS, EXPIRES, IP_RANGE, PREFIX, SIGNATURE, split_container};

/// A TempURL in the making.
///
/// ```
/// # use cloakroom_core::crypto::Hash;
/// # use cloakroom_core::{request::Method, secret::Secret, time::UnixTime};
/// # use cloakroom_core::tempurl::{message::Resource, sign::{ExpiryNotation, TempUrl}};
/// let url = TempUrl {
///     method: Method::Get,
///     resource: Resource::Object("/v1/AUTH_account/container/object"),
///     expires_at: UnixTime::from_secs(1_512_508_563),
///     notation: ExpiryNotation::Epoch,
///     ip_range: None,
///     digest: Hash::Sha256,
/// };
/// let signed = url.sign(&Secret::new("mykey")).unwrap();
/// assert_eq!(
///     signed.encoded().expose(),
///     "/v1/AUTH_account/container/object\
///      ?temp_url_sig=732fcac368abb10c78a4cbe95c3fab7f311584532bf779abd5074e13cbe8b88b\
///      &temp_url_expires=1512508563",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct TempUrl<'a> {
    /// The method that it allows; HEAD comes with GET, POST and PUT.
    pub method: Method,
    /// What it opens, by the decoded path.
    pub resource: Resource<'a>,
    /// The last second at which it works.
    pub expires_at: UnixTime,
    /// How that is written.
    pub notation: ExpiryNotation,
    /// Where viewers must be; anywhere when absent.
    pub ip_range: Option<IpRange>,
    /// SHA-1, SHA-256 or SHA-512.
    pub digest: Hash,
}

/// How `temp_url_expires` is written. What is signed is the number either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryNotation {
    /// `1512508563`: seconds since the epoch.
    Epoch,
    /// `2017-12-05T21:16:03Z`.
    Iso8601,
}

/// Why there can be no such TempURL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsignableError {
    /// The path of an object does not name version, account, container and object.
    NotAnObject,
    /// The path of a prefix does not name version, account and container.
    NotAPrefix,
    /// No TempURL is signed with this hash.
    UnsupportedDigest(Hash),
}

impl fmt::Display for UnsignableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => {
                f.write_str("the path must be one of an object, as in `/v1/account/container/o`")
            }
            Self::NotAPrefix => {
                f.write_str("the path must begin with a container, as in `/v1/account/container/`")
            }
            Self::UnsupportedDigest(digest) => {
                write!(f, "TempURLs are signed with sha1, sha256 or sha512, not with {digest}")
            }
        }
    }
}

impl TempUrl<'_> {
    /// Signs it with a key of the account or the container.
    ///
    /// # Errors
    /// [`UnsignableError`] when Swift takes no such TempURL.
    pub fn sign(&self, key: &Secret) -> Result<SignedTempUrl, UnsignableError> {
        if !DIGESTS.contains(&self.digest) {
            return Err(UnsignableError::UnsupportedDigest(self.digest));
        }
        let (path, prefix) = match self.resource {
            Resource::Object(path) => {
                let named = split_container(path).filter(|(_, name)| !name.is_empty());
                named.ok_or(UnsignableError::NotAnObject)?;
                (path, None)
            }
            Resource::Prefix(path) => {
                let (_, prefix) = split_container(path).ok_or(UnsignableError::NotAPrefix)?;
                (path, Some(prefix))
            }
        };
        let (resource, expires_at) = (self.resource, self.expires_at);
        let message = Message { resource, expires_at, ip_range: self.ip_range.as_ref() };
        let signature = message.sign(self.method, self.digest, key);
        let signature = match self.digest {
            // Swift's client writes long signatures like this, for short URLs.
            Hash::Sha512 => format!("sha512:{}", BASE64_URL_SAFE_NO_PAD.encode(signature)),
            _ => hex::encode(signature),
        };
        let expires = match self.notation {
            ExpiryNotation::Epoch => self.expires_at.as_secs().to_string(),
            ExpiryNotation::Iso8601 => self.expires_at.to_rfc3339(),
        };
        let mut query = format!("{SIGNATURE}={signature}&{EXPIRES}={expires}");
        if let Some(range) = &self.ip_range {
            query.push_str(&format!("&{IP_RANGE}={range}"));
        }
        Ok(SignedTempUrl { path: path.to_owned(), query, prefix: prefix.map(str::to_owned) })
    }
}

/// Path and query of a signed TempURL.
#[derive(Clone)]
pub struct SignedTempUrl {
    path: String,
    /// As it is sent: nothing in it needs an escape.
    query: String,
    prefix: Option<String>,
}

impl SignedTempUrl {
    /// As it is sent: percent-encoded.
    pub fn encoded(&self) -> Secret {
        self.written(|text| encode(text, Slash::Keep))
    }

    /// As `swift tempurl` prints it: not percent-encoded, so that names with anything but
    /// letters, digits and `/-._~` are yet to be encoded.
    pub fn unencoded(&self) -> Secret {
        self.written(str::to_owned)
    }

    fn written(&self, write: impl Fn(&str) -> String) -> Secret {
        let prefix = self.prefix.as_ref().map(|prefix| format!("&{PREFIX}={}", write(prefix)));
        Secret::new(format!("{}?{}{}", write(&self.path), self.query, prefix.unwrap_or_default()))
    }
}

impl fmt::Debug for SignedTempUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedTempUrl(…)")
    }
}
