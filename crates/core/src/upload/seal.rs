//! Sealing: what was agreed travels with the client, so that nothing has to be remembered.
//!
//! A sealed text is a JSON object and an HMAC over it, both in base64url with a dot between. It
//! shows a client nothing that the client did not say or hear; nobody else can make one.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::crypto::{constant_time_eq, hmac_sha256};
use crate::json::Json;
use crate::secret::Secret;

/// What a text is sealed for. It goes into the MAC first, so that a text that is sealed for one
/// thing is nothing in the place of another, nor is any other use of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The id of an upload, which its user shows.
    Upload,
    /// One step of an upload, which its URL alone allows.
    Step,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Upload => b"cloakroom upload id 2\n",
            Self::Step => b"cloakroom upload step 1\n",
        }
    }
}

/// Seals a text.
pub(super) fn seal(purpose: Purpose, secret: &Secret, json: &Value) -> String {
    let body = BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let mac = BASE64_URL_SAFE_NO_PAD.encode(mac(purpose, secret, &body));
    format!("{body}.{mac}")
}

/// Opens a text; none when its seal is not that of `secret`, or it is none. The text is read before
/// the seal is proven, to know which secret proves it; a lie about it leads to a secret that does
/// not fit.
pub(super) fn open<'s>(
    purpose: Purpose,
    text: &str,
    secret: impl FnOnce(&Json) -> Option<&'s Secret>,
) -> Option<Json> {
    let (body, seal) = text.split_once('.')?;
    let seal = BASE64_URL_SAFE_NO_PAD.decode(seal).ok()?;
    let json = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    let json = Json::parse(&json).ok()?;
    constant_time_eq(&mac(purpose, secret(&json)?, body), &seal).then_some(json)
}

fn mac(purpose: Purpose, secret: &Secret, body: &str) -> [u8; 32] {
    hmac_sha256(secret.expose().as_bytes(), &[purpose.label(), body.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_for_one_thing_is_nothing_in_the_place_of_another() {
        let secret = Secret::new("secret");
        let json = serde_json::json!({ "a": 1 });
        let sealed = seal(Purpose::Upload, &secret, &json);
        assert!(open(Purpose::Upload, &sealed, |_| Some(&secret)).is_some());
        assert!(open(Purpose::Step, &sealed, |_| Some(&secret)).is_none());
        assert!(open(Purpose::Upload, &sealed, |_| None).is_none());
        let other = Secret::new("other");
        assert!(open(Purpose::Upload, &sealed, |_| Some(&other)).is_none());
    }
}
