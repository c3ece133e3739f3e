//! Giving a token to a user that shows its key.
//!
//! Nothing of the answer tells whether the user or the key was wrong; the log does.

use std::time::Duration;

use crate::crypto::{constant_time_eq, sha256};
use crate::key::{Keyring, SwiftKey};
use crate::request::Request;
use crate::secret::Secret;
use crate::time::UnixTime;

use super::SwiftAuthError;
use super::token::seal;

/// Where tokens are asked for, on every host. A slash may follow.
pub const PATH: &str = "/auth/v1.0";

/// How long a token lives, as with Swift's tempauth. No token lives longer.
pub const LIFE: Duration = Duration::from_hours(24);

const USER_HEADERS: [&str; 2] = ["x-auth-user", "x-storage-user"];
const KEY_HEADERS: [&str; 2] = ["x-auth-key", "x-storage-pass"];
const LIFETIME_HEADER: &str = "x-auth-token-lifetime";

/// A token with all that a client is told of it.
#[derive(Clone, Debug)]
pub struct Issued<'k> {
    /// The key that sealed it.
    pub key: &'k SwiftKey,
    /// The answer.
    pub answer: TokenAnswer,
    /// The last second at which it is valid.
    pub until: UnixTime,
}

/// The answer to whoever asked for a token.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    storage_url: String,
    token: Secret,
    life: Duration,
}

/// Whether a request is for a token and for nothing else.
pub(crate) fn asks_for_token(request: &Request<'_>) -> bool {
    let path = request.path();
    path.strip_suffix('/').unwrap_or(path) == PATH
}

/// Gives a token to the user of `request` at the time `now`.
///
/// # Errors
/// [`SwiftAuthError`] when the request does not show the key of a user.
pub(crate) fn issue<'k>(
    request: &Request<'_>,
    keyring: &'k Keyring,
    now: UnixTime,
) -> Result<Issued<'k>, SwiftAuthError> {
    // Rule 1: there is one user, and one key.
    let user = only(request, &USER_HEADERS).ok_or(SwiftAuthError::Incomplete)?;
    let sent = only(request, &KEY_HEADERS).ok_or(SwiftAuthError::Incomplete)?;
    // Rule 2: the key is the user's. What is compared has one length, and it is compared for
    // users that there are not, too.
    let is_revoked = |key: &&SwiftKey| keyring.revocations().has_key(&key.id);
    let key = keyring.swift(user).filter(|key| !is_revoked(key));
    let secret = key.map(|key| key.secret.expose()).unwrap_or_default();
    let is_right = constant_time_eq(&sha256(sent.as_bytes()), &sha256(secret.as_bytes()));
    let key = key.ok_or(SwiftAuthError::UnknownUser)?;
    if !is_right {
        return Err(SwiftAuthError::WrongKey { key_id: key.id.clone() });
    }
    // Rule 3: a life that is asked for can be had, or is cut.
    let life = match request.header(LIFETIME_HEADER) {
        None => LIFE,
        Some(text) => match text.parse() {
            Ok(seconds @ 1..) => Duration::from_secs(seconds).min(LIFE),
            _ => return Err(SwiftAuthError::Lifetime),
        },
    };
    let until = now.saturating_add(life);
    let path = key.path.trim_end_matches('/');
    let answer = TokenAnswer {
        storage_url: format!("{}://{}{path}", request.scheme().as_str(), request.host()),
        token: seal(&key.id, until, &key.secret),
        life,
    };
    Ok(Issued { key, answer, until })
}

/// The value of the one header among those of these names.
fn only<'r>(request: &Request<'r>, names: &[&str]) -> Option<&'r str> {
    let mut all = request.headers().filter(|(name, _)| names.contains(name));
    let (_, value) = all.next().filter(|(_, value)| !value.is_empty())?;
    all.next().is_none().then_some(value)
}

impl TokenAnswer {
    /// The status.
    pub const STATUS: u16 = 200;

    /// The headers; there is no body.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let token = self.token.expose();
        vec![
            ("x-storage-url", self.storage_url.clone()),
            ("x-auth-token", token.to_owned()),
            ("x-storage-token", token.to_owned()),
            ("x-auth-token-expires", self.life.as_secs().to_string()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ]
    }
}
