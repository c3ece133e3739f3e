//! Akamai EdgeAuth tokens, version 2.0: verifying and making them.
//!
//! A token names what it opens by an ACL, or it is made for one URL.
//!
//! ```text
//! __token__=ip=192.0.2.7~st=1616545627~exp=1616545657~acl=/hls/*!/art/?.jpg~id=7~data=x~hmac=ba0d…
//!
//! token = [ip ~] [st ~] exp ~ [acl ~] [id ~] [data ~] hmac
//! MAC   = HMAC(key, the fields before hmac [~ url=<path>] [~ salt=<salt>])
//! ```
//!
//! - `exp` and `st` are seconds since 1970; both are part of the time in which a token holds.
//! - `acl` is one pattern or several joined by `!`: see [`acl`].
//! - A token without `acl` is made for one URL, which the MAC covers and the token does not
//!   show. It is the path of the request line byte for byte, escapes included, without the query
//!   (Akamai's option *Ignore query string*, which tokens in a query need anyway).
//! - The salt is a second secret.
//! - The key is a string of hexadecimal digits, the MAC is in lower-case ones.
//! - *Escape early* (Akamai's option *Escape token input*) is a matter of the key: ip, id, data
//!   and url are then percent-encoded before they are signed, the ACL never is.
//!
//! Sources: Akamai's page *Auth Token 2.0 Verification* in the Property Manager reference, and
//! its library `akamai-edgeauth` for Python, whose output [`sign`] gives byte for byte.

pub mod acl;
pub mod sign;

pub mod present;
pub mod verify;

pub use self::present::PresentedEdgeAuth;

use crate::crypto::Hash;
use crate::key::EdgeAuthKey;
use crate::secret::Secret;

/// Stands between two fields.
const DELIMITER: char = '~';

/// What MACs are made with.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The key in hexadecimal digits.
    pub secret: &'a Secret,
    /// The salt.
    pub salt: Option<&'a Secret>,
    /// The hash: SHA-256, SHA-1 or MD5.
    pub algorithm: Hash,
    /// Which form of ip, id, data and url is signed.
    pub escaping: Escaping,
}

/// Which form of ip, id, data and url is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// As they are.
    None,
    /// Escaped: Akamai's option *Escape token input*.
    Early,
}

impl Escaping {
    /// `text` in the form that is signed. Escaped are all bytes but `A`-`Z`, `a`-`z`, `0`-`9`,
    /// `-`, `.`, `_` and `~`; escapes are in lower case and a space becomes `+`.
    fn apply(self, text: &str) -> String {
        if self == Self::None {
            return text.to_owned();
        }
        let mut escaped = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    escaped.push(char::from(byte));
                }
                b' ' => escaped.push('+'),
                _ => {
                    escaped.push('%');
                    escaped.push_str(&hex::encode([byte]));
                }
            }
        }
        escaped
    }
}

impl<'a> Signer<'a> {
    /// The signer that has `key`.
    pub fn new(key: &'a EdgeAuthKey) -> Self {
        Self {
            secret: &key.secret,
            salt: key.salt.as_ref(),
            algorithm: key.algorithm,
            escaping: if key.escape_early { Escaping::Early } else { Escaping::None },
        }
    }

    /// The MAC over `fields`, those of a token before its `hmac`, in lower-case hexadecimal
    /// digits; `path` when the token is one for a URL. None when the key is
    /// not hexadecimal, or empty.
    fn mac(&self, fields: &str, path: Option<&str>) -> Option<String> {
        let key = hex::decode(self.secret.expose()).ok().filter(|key| !key.is_empty())?;
        let url = path.map(|path| format!("{DELIMITER}url={}", self.escaping.apply(path)));
        let salt = self.salt.map(|salt| format!("{DELIMITER}salt={}", salt.expose()));
        let (url, salt) = (url.unwrap_or_default(), salt.unwrap_or_default());
        let parts = [fields.as_bytes(), url.as_bytes(), salt.as_bytes()];
        Some(hex::encode(self.algorithm.hmac(&key, &parts)))
    }
}
