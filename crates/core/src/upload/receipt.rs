//! Upload ids: what was agreed, sealed, so that nothing has to be remembered.
//!
//! An id is the JSON of the receipt and an HMAC over it, both in base64url with a dot between.
//! It shows the client nothing that the client did not say or hear; nobody else can make one.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::crypto::{constant_time_eq, hmac_sha256};
use crate::json::Json;
use crate::object::ObjectKey;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::rule::{Admitted, UploadRules};

/// How long an upload can be confirmed: one day.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Goes into the MAC first, so that no other use of the secret can yield an id.
const PURPOSE: &[u8] = b"cloakroom upload id 1\n";

/// What was agreed upon when the upload was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The rule.
    pub rule: String,
    /// The user.
    pub principal: String,
    /// The key of the object.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
    /// The base64 of its SHA-256, when the store was told to check it.
    pub checksum_sha256: Option<String>,
    /// Until when it can be confirmed.
    pub until: UnixTime,
}

impl Receipt {
    /// The receipt for an upload that was admitted at the time `now`.
    pub fn new(admitted: &Admitted<'_>, now: UnixTime) -> Self {
        Self {
            rule: admitted.rule().name.clone(),
            principal: admitted.principal().to_owned(),
            key: admitted.key().clone(),
            size: admitted.order().size,
            checksum_sha256: admitted.order().checksum_sha256.clone(),
            until: now.saturating_add(LIFETIME),
        }
    }

    /// The id.
    pub fn seal(&self, secret: &Secret) -> String {
        let json = serde_json::json!({
            "rule": self.rule,
            "principal": self.principal,
            "key": self.key.as_str(),
            "size": self.size,
            "checksum_sha256": self.checksum_sha256,
            "until": self.until.as_secs(),
        });
        let body = BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let mac = BASE64_URL_SAFE_NO_PAD.encode(mac(secret, &body));
        format!("{body}.{mac}")
    }

    /// Opens an id that `principal` shows at the time `now`.
    ///
    /// # Errors
    /// [`UploadError::UnknownUpload`] alike for a forged id and for another user's.
    pub fn unseal(
        id: &str,
        principal: &str,
        rules: &UploadRules,
        now: UnixTime,
    ) -> Result<Self, UploadError> {
        let receipt = Self::open(id, rules).filter(|receipt| receipt.principal == principal);
        let receipt = receipt.ok_or(UploadError::UnknownUpload)?;
        if now > receipt.until { Err(UploadError::TooLate) } else { Ok(receipt) }
    }

    fn open(id: &str, rules: &UploadRules) -> Option<Self> {
        let (body, seal) = id.split_once('.')?;
        let seal = BASE64_URL_SAFE_NO_PAD.decode(seal).ok()?;
        // The rule is read before the seal is proven, to know which secret proves it; a lie
        // about it leads to a secret that does not fit.
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        let json = Json::parse(&text).ok()?;
        let string = |name| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let rule = rules.find(Some(&string("rule")?)).ok()?;
        if !constant_time_eq(&mac(&rule.seal_secret, body), &seal) {
            return None;
        }
        let key = ObjectKey::new(string("key")?).ok()?;
        // A policy with another location has come since.
        rule.destination.read_path(&key)?;
        Some(Self {
            rule: rule.name.clone(),
            principal: string("principal")?,
            key,
            size: json.get("size")?.as_u64()?,
            checksum_sha256: string("checksum_sha256"),
            until: UnixTime::from_secs(json.get("until")?.as_u64()?),
        })
    }
}

fn mac(secret: &Secret, body: &str) -> [u8; 32] {
    hmac_sha256(secret.expose().as_bytes(), &[PURPOSE, body.as_bytes()])
}
