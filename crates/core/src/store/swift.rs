//! OpenStack Swift and Rackspace Cloud Files, asked with TempURLs.
//!
//! Swift's answer to a TempURL says more than the object does (`swift.common.middleware.tempurl`):
//!
//! | header | Swift says | here |
//! |---|---|---|
//! | `Expires` | when the TempURL ends | dropped: that is the gate's own, and nobody else's concern |
//! | `Content-Disposition` | `attachment` and the object's name, when the object has none | dropped, unless stored |
//! | `ETag` | without quotes | quoted, as RFC 9110, section 8.8.3, has it |

use std::time::Duration;

use crate::crypto::Hash;
use crate::disposition::{self, Disposition};
use crate::encoding::{Slash, encode};
use crate::endpoint::Endpoint;
use crate::object::{Bucket, ObjectKey};
use crate::request::Method;
use crate::secret::Secret;
use crate::tempurl::message::Resource;
use crate::tempurl::sign::{ExpiryNotation, TempUrl};
use crate::time::UnixTime;

use super::{Link, ObjectCall, OriginCall};

/// How long a TempURL lives that the gate makes for itself: long enough for clocks that are
/// apart, short enough to be worth nothing in a log of the store.
const CALL_LIFE: Duration = Duration::from_secs(300);

/// An account of a Swift cluster.
#[derive(Clone, Debug)]
pub struct SwiftStore {
    /// Its name in the policy.
    pub name: String,
    /// Where the cluster is.
    pub endpoint: Endpoint,
    /// The account, such as `AUTH_shop`.
    pub account: String,
    /// The TempURL keys of the account or of its containers. The first one signs; the second is
    /// tried where the first is refused, so that keys can be changed one after the other.
    pub keys: Vec<Secret>,
    /// What signatures are made with.
    pub digest: Hash,
    /// How long it may take until its answer begins.
    pub timeout: Duration,
}

impl SwiftStore {
    pub(super) fn call(&self, call: &ObjectCall<'_>, key: usize, now: UnixTime) -> OriginCall {
        let url = self.sign(call, key, now.saturating_add(CALL_LIFE));
        let shown = match url.expose().split_once('?') {
            Some((path, _)) => format!("{path}?temp_url_sig=(redacted)"),
            None => String::new(),
        };
        OriginCall { url, ..OriginCall::shown_as(shown) }
    }

    pub(super) fn link(&self, link: &Link<'_>, now: UnixTime) -> Secret {
        let mut url = self.sign(&link.call, 0, now.saturating_add(link.life)).into_exposed();
        if let Some(Disposition { inline, filename }) = link.disposition {
            if *inline {
                url.push_str("&inline");
            }
            if let Some(name) = filename {
                url.push_str("&filename=");
                url.push_str(&encode(name, Slash::Encode));
            }
        }
        Secret::new(url)
    }

    /// A URL that takes one object, until `expires_at`.
    pub fn upload_url(&self, bucket: &Bucket, key: &ObjectKey, expires_at: UnixTime) -> Secret {
        self.sign_url(Method::Put, (bucket, key), 0, expires_at)
    }

    /// The URL of a path, decoded, of this cluster.
    pub fn url_of(&self, path: &str) -> String {
        format!("{}{}", self.endpoint, encode(path, Slash::Keep))
    }

    fn sign(&self, call: &ObjectCall<'_>, key: usize, expires_at: UnixTime) -> Secret {
        // One signature for both: a HEAD comes with a GET.
        self.sign_url(Method::Get, (call.bucket, call.key), key, expires_at)
    }

    fn sign_url(
        &self,
        method: Method,
        (bucket, object): (&Bucket, &ObjectKey),
        key: usize,
        expires_at: UnixTime,
    ) -> Secret {
        let path = format!("/v1/{}/{bucket}/{object}", self.account);
        let url = TempUrl {
            method,
            resource: Resource::Object(&path),
            expires_at,
            notation: ExpiryNotation::Epoch,
            ip_range: None,
            digest: self.digest,
        };
        // INVARIANT: the policy has a key at least, and a digest that Swift knows; a bucket and a
        // key are never empty. Where it does not hold, Swift refuses what is not signed.
        let signed = self.keys.get(key).and_then(|key| url.sign(key).ok());
        let target = signed.map(|signed| signed.encoded().into_exposed()).unwrap_or_default();
        Secret::new(format!("{}{target}", self.endpoint))
    }
}

/// A header as the object has it.
pub(super) fn stored_header(name: &str, value: &str, key: &ObjectKey) -> Option<String> {
    if name.eq_ignore_ascii_case("expires") {
        return None;
    }
    if name.eq_ignore_ascii_case("content-disposition")
        && value == disposition::attachment(key.as_str())
    {
        return None;
    }
    if name.eq_ignore_ascii_case("etag") && !value.ends_with('"') {
        return Some(format!("\"{value}\""));
    }
    Some(value.to_owned())
}
