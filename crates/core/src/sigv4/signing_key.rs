//! Signing keys: derived for one scope, and remembered by the secret that they are derived from.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::crypto::{HmacKey, constant_time_eq, hmac_sha256};
use crate::encoding::{Slash, encode, hex_digits, is_lower_hex};
use crate::secret::Secret;

use super::scope::Scope;

/// A presigned URL lives for seven days at most, so those of eight days are in use at a time.
const REMEMBERED: usize = 8;

/// A secret access key. Clones share the signing keys that were last derived from it: deriving one
/// costs more than signing.
///
/// ```
/// # use cloakroom_core::sigv4::signing_key::SecretAccessKey;
/// assert_eq!(format!("{:?}", SecretAccessKey::new("wJalrXUtnFEMI")), "Secret(…)");
/// ```
#[derive(Clone)]
pub struct SecretAccessKey {
    secret: Secret,
    derived: Arc<Mutex<Vec<Arc<SigningKey>>>>,
}

impl SecretAccessKey {
    /// Wraps the secret that belongs to an access key id.
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: Secret::new(secret), derived: Arc::default() }
    }

    /// The secret, for what else is made with it.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The key that signs within a scope.
    pub fn signing_key(&self, scope: &Scope<'_>) -> Arc<SigningKey> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = derived.iter().find(|key| key.is_of(scope)) {
            return Arc::clone(key);
        }
        let key = Arc::new(SigningKey::derive(&self.secret, scope));
        if derived.len() == REMEMBERED {
            derived.remove(0);
        }
        derived.push(Arc::clone(&key));
        key
    }
}

impl From<Secret> for SecretAccessKey {
    fn from(secret: Secret) -> Self {
        Self::new(secret.into_exposed())
    }
}

impl fmt::Debug for SecretAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.secret.fmt(f)
    }
}

/// A key derived for one scope.
pub struct SigningKey {
    date: [u8; 8],
    region: String,
    service: String,
    scope: String,
    encoded_scope: String,
    key: HmacKey,
}

impl SigningKey {
    fn derive(secret: &Secret, scope: &Scope<'_>) -> Self {
        let first = format!("AWS4{}", secret.expose());
        let date = hmac_sha256(first.as_bytes(), &[&scope.date()]);
        let region = hmac_sha256(&date, &[scope.region.as_bytes()]);
        let service = hmac_sha256(&region, &[scope.service.as_bytes()]);
        Self {
            date: scope.date(),
            region: scope.region.to_owned(),
            service: scope.service.to_owned(),
            encoded_scope: encode(format!("/{}", scope.to_text()), Slash::Encode),
            scope: scope.to_text(),
            key: HmacKey::new(&hmac_sha256(&service, &[b"aws4_request"])),
        }
    }

    fn is_of(&self, scope: &Scope<'_>) -> bool {
        self.date == scope.date() && self.region == scope.region && self.service == scope.service
    }

    /// The scope, `20130524/us-east-1/s3/aws4_request`.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The same as it stands in a query, behind the access key id.
    pub(super) fn encoded_scope(&self) -> &str {
        &self.encoded_scope
    }

    /// The signature of a string to sign, or of the base64 of a POST policy.
    pub fn sign(&self, text: impl AsRef<[u8]>) -> Signature {
        Signature(hex_digits(&self.key.mac(text.as_ref())))
    }
}

/// A signature: 64 hexadecimal digits in lower case.
#[derive(Clone)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes().try_into().ok()?;
        is_lower_hex::<64>(text).then_some(Self(digits))
    }

    /// Whether it is the same as another, in constant time.
    pub(super) fn is(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }

    /// The digits, for what is made of them.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        // INVARIANT: digits are ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}
