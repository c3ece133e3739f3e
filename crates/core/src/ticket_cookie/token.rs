//! What a cookie says, sealed.
//!
//! ```text
//! 1.<base64url of the JSON>.<base64url of the MAC>
//! {"route":"media","host":"media.example","folder":"/media/film/","key":"AKAPP",
//!  "proof":"v7Jx…","ticket":"3f2a…","principal":"every owner","until":1767290400,
//!  "address":"192.0.2.7"}
//! ```
//!
//! Whoever has the cookie can read it; nobody can make one. `proof` changes when the key's secret
//! does, and says nothing of it to those who have not the secret that seals cookies.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::crypto::{constant_time_eq, hmac_sha256};
use crate::json::Json;
use crate::key::TicketKey;
use crate::secret::Secret;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

/// Longer values, in bytes, are neither made nor read. Browsers keep cookies of 4096 bytes, name
/// and attributes included.
pub const MAX_LENGTH: usize = 3072;

/// Goes into the MAC first, so that no other use of the secret can yield a token.
const PURPOSE: &[u8] = b"cloakroom ticket cookie 1\n";

/// The same for what is told of a key.
const PROOF: &[u8] = b"cloakroom ticket cookie 1 key\n";

const VERSION: &str = "1";

/// What a cookie opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The route of the objects.
    pub route: String,
    /// The host, in the one spelling that routes know.
    pub host: String,
    /// What their decoded paths begin with; it ends with `/`.
    pub folder: String,
    /// The id of the key that signed the ticket.
    pub key_id: String,
    /// What tells that key from another with the same id.
    pub proof: String,
    /// The ticket that it was given for: revoked with it.
    pub ticket: TicketId,
    /// For whom that key acted, as logs write it.
    pub principal: String,
    /// The last second at which it opens anything.
    pub until: UnixTime,
    /// The one address that viewers may have; any when absent.
    pub address: Option<IpAddr>,
}

impl Token {
    /// The value of the cookie. None when it would be too long.
    pub fn seal(&self, secret: &Secret) -> Option<Secret> {
        let body = Body {
            route: &self.route,
            host: &self.host,
            folder: &self.folder,
            key: &self.key_id,
            proof: &self.proof,
            ticket: self.ticket.to_string(),
            principal: &self.principal,
            until: self.until.as_secs(),
            address: self.address.map(|address| address.to_string()),
        };
        let body = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_string(&body).ok()?);
        let mac = BASE64_URL_SAFE_NO_PAD.encode(mac(secret, &body));
        let value = format!("{VERSION}.{body}.{mac}");
        (value.len() <= MAX_LENGTH).then(|| Secret::new(value))
    }

    /// Opens the value of a cookie. None when this secret has not sealed it.
    pub fn open(value: &str, secret: &Secret) -> Option<Self> {
        let sealed = Sealed::read(value)?;
        if !constant_time_eq(&mac(secret, sealed.body), &sealed.mac) {
            return None;
        }
        // Nothing is read of what is not proven.
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(sealed.body).ok()?).ok()?;
        let json = Json::parse(&text).ok()?;
        let string = |name| json.get(name).and_then(Json::as_str).map(str::to_owned);
        Some(Self {
            route: string("route")?,
            host: string("host")?,
            folder: string("folder").filter(|folder| folder.ends_with('/'))?,
            key_id: string("key")?,
            proof: string("proof")?,
            ticket: TicketId::parse(json.get("ticket")?.as_str()?)?,
            principal: string("principal")?,
            until: UnixTime::from_secs(json.get("until")?.as_u64()?),
            address: match json.get("address")? {
                Json::Null => None,
                address => Some(address.as_str()?.parse().ok()?),
            },
        })
    }
}

/// What a value says, in JSON.
#[derive(Serialize)]
struct Body<'a> {
    route: &'a str,
    host: &'a str,
    folder: &'a str,
    key: &'a str,
    proof: &'a str,
    ticket: String,
    principal: &'a str,
    until: u64,
    address: Option<String>,
}

/// A value of the right form.
struct Sealed<'a> {
    body: &'a str,
    mac: Vec<u8>,
}

impl<'a> Sealed<'a> {
    fn read(value: &'a str) -> Option<Self> {
        let mut parts = value.split('.');
        let (version, body, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() || value.len() > MAX_LENGTH {
            return None;
        }
        // The engine takes one spelling only: no padding, no spare bits.
        Some(Self { body, mac: BASE64_URL_SAFE_NO_PAD.decode(mac).ok()? })
    }
}

/// Whether a value has the form of one, sealed by whomever.
pub(crate) fn has_form(value: &str) -> bool {
    Sealed::read(value).is_some()
}

/// What tells a key from another that has the same id, such as its successor.
pub(super) fn fingerprint(key: TicketKey<'_>, secret: &Secret) -> String {
    let [first, second] = key.proof;
    let mac = hmac_sha256(secret.expose().as_bytes(), &[PROOF, first, second]);
    BASE64_URL_SAFE_NO_PAD.encode(mac)
}

fn mac(secret: &Secret, body: &str) -> [u8; 32] {
    hmac_sha256(secret.expose().as_bytes(), &[PURPOSE, body.as_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token() -> Token {
        Token {
            route: "media".to_owned(),
            host: "media.example".to_owned(),
            folder: "/media/film/".to_owned(),
            key_id: "AKAPP".to_owned(),
            proof: "proof".to_owned(),
            ticket: TicketId::of_mac(b"mac"),
            principal: "every owner".to_owned(),
            until: UnixTime::from_secs(1_800_000_000),
            address: None,
        }
    }

    fn secret() -> Secret {
        Secret::new("a secret of more than thirty-two bytes")
    }

    #[test]
    fn only_its_own_secret_opens_it() {
        let value = token().seal(&secret()).unwrap();
        assert_eq!(Token::open(value.expose(), &secret()), Some(token()));
        assert_eq!(Token::open(value.expose(), &Secret::new("another")), None);
        assert_eq!(format!("{value:?}"), "Secret(…)");
    }

    #[test]
    fn another_use_of_the_secret_opens_nothing() {
        let value = token().seal(&secret()).unwrap();
        let body = value.expose().split('.').nth(1).unwrap();
        for purpose in ["", "cloakroom upload id 1\n"] {
            let mac =
                hmac_sha256(secret().expose().as_bytes(), &[purpose.as_bytes(), body.as_bytes()]);
            let forged = format!("1.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
            assert_eq!(Token::open(&forged, &secret()), None);
        }
    }

    #[test]
    fn what_is_too_long_is_neither_made_nor_read() {
        let long = Token { folder: format!("/{}/", "a".repeat(3000)), ..token() };
        assert!(long.seal(&secret()).is_none());
        let value = token().seal(&secret()).unwrap().into_exposed();
        let bare = value.strip_prefix("1.").unwrap();
        for wrong in ["", ".", "..", "1..", &format!("{value}."), &format!("{value}.x"), bare] {
            assert_eq!(Token::open(wrong, &secret()), None, "{wrong}");
            assert!(!has_form(wrong) || wrong == "1..", "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn opening_undoes_sealing(
            (route, host, folder) in ("[a-z]{1,8}", "[a-z.:0-9]{1,12}", "/\\PC{0,20}/"),
            (key_id, proof, principal) in ("\\PC{1,12}", "\\PC{0,12}", "\\PC{0,12}"),
            until in 0..=UnixTime::MAX.as_secs(),
            address: Option<IpAddr>,
        ) {
            let until = UnixTime::from_secs(until);
            let ticket = TicketId::of_mac(proof.as_bytes());
            let token =
                Token { route, host, folder, key_id, proof, ticket, principal, until, address };
            let value = token.seal(&secret()).unwrap();
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            prop_assert!(value.expose().bytes().all(is_plain));
            prop_assert_eq!(Token::open(value.expose(), &secret()), Some(token));
        }

        #[test]
        fn any_byte_that_changes_closes_it(at: prop::sample::Index, byte in 0x21..0x7f_u8) {
            let value = token().seal(&secret()).unwrap().into_exposed();
            let mut bytes = value.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assume!(changed != value);
            prop_assert_eq!(Token::open(&changed, &secret()), None);
        }

        #[test]
        fn nothing_panics(value in "(1\\.)?[\\PC.]{0,80}") {
            prop_assert_eq!(Token::open(&value, &secret()), None);
        }
    }
}
