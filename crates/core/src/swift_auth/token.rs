//! What a token says, sealed.
//!
//! ```text
//! AUTH_tk1.<base64url of the key's id>.<last second>.<base64url of the MAC>
//! ```
//!
//! `AUTH_tk` begins every token of Swift's own, and clients may look for it. The principal is not
//! in it: a key whose principal changes takes its tokens along.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::crypto::{Digest32, constant_time_eq, hmac_sha256};
use crate::secret::Secret;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

/// What every token begins with.
pub const PREFIX: &str = "AUTH_tk";

/// Longer ones are not read, in bytes.
pub const MAX_LENGTH: usize = 1024;

const VERSION: &str = "1";

/// Goes into the MAC first, so that no other use of the secret can yield a token.
const PURPOSE: &[u8] = b"cloakroom swift token 1\n";

/// A token as sent: a claim until its MAC is checked.
///
/// ```
/// # use cloakroom_core::{secret::Secret, swift_auth::token::{Token, seal}, time::UnixTime};
/// let secret = Secret::new("the key of acme:bob, of 32 bytes or more");
/// let text = seal("acme:bob", UnixTime::from_secs(1_795_521_600), &secret).into_exposed();
/// let token = Token::parse(&text).unwrap();
/// assert_eq!(token.key_id(), "acme:bob");
/// assert!(token.is_sealed_with(&secret));
/// assert!(!token.is_sealed_with(&Secret::new("another")));
/// ```
#[derive(Clone)]
pub struct Token<'t> {
    key_id: String,
    until: UnixTime,
    /// All that stands before the MAC, as sent.
    signed: &'t str,
    mac: Vec<u8>,
}

/// The token of a key, which is valid up to and with the second `until`.
pub fn seal(key_id: &str, until: UnixTime, secret: &Secret) -> Secret {
    let id = BASE64_URL_SAFE_NO_PAD.encode(key_id);
    let signed = format!("{PREFIX}{VERSION}.{id}.{}", until.as_secs());
    let mac = BASE64_URL_SAFE_NO_PAD.encode(mac(secret, &signed));
    Secret::new(format!("{signed}.{mac}"))
}

impl<'t> Token<'t> {
    /// Reads a token. None when it has not the form of one.
    pub fn parse(text: &'t str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (signed, mac) = text.rsplit_once('.')?;
        let mut parts = signed.strip_prefix(PREFIX)?.split('.');
        let (version, id, until) = (parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        // The engine takes one spelling only: no padding, no spare bits.
        let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        Some(Self {
            key_id: String::from_utf8(decode(id)?).ok()?,
            until: UnixTime::from_secs(until.parse().ok()?),
            signed,
            mac: decode(mac)?,
        })
    }

    /// The id of the key that it says it was sealed with.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The last second at which it says it is valid.
    pub fn until(&self) -> UnixTime {
        self.until
    }

    /// The name by which it can be revoked, if it holds.
    pub fn ticket(&self) -> TicketId {
        TicketId::of_mac(&self.mac)
    }

    /// Whether it was sealed with this secret.
    pub fn is_sealed_with(&self, secret: &Secret) -> bool {
        constant_time_eq(&mac(secret, self.signed), &self.mac)
    }
}

fn mac(secret: &Secret, signed: &str) -> Digest32 {
    hmac_sha256(secret.expose().as_bytes(), &[PURPOSE, signed.as_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNTIL: UnixTime = UnixTime::from_secs(1_795_521_600);

    fn secret() -> Secret {
        Secret::new("a key of more than thirty-two bytes")
    }

    fn opens(text: &str) -> bool {
        Token::parse(text).is_some_and(|token| token.is_sealed_with(&secret()))
    }

    #[test]
    fn says_nothing_when_it_is_shown() {
        let token = seal("acme:bob", UNTIL, &secret());
        assert_eq!(format!("{token:?}"), "Secret(…)");
        assert!(token.expose().starts_with("AUTH_tk1.YWNtZTpib2I.1795521600."), "a token's form");
    }

    #[test]
    fn another_use_of_the_secret_opens_nothing() {
        let signed = "AUTH_tk1.YWNtZTpib2I.1795521600";
        for purpose in ["", "cloakroom upload id 1\n", "cloakroom ticket cookie 1\n"] {
            let parts = [purpose.as_bytes(), signed.as_bytes()];
            let mac = hmac_sha256(secret().expose().as_bytes(), &parts);
            assert!(!opens(&format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))));
        }
        let own = hmac_sha256(secret().expose().as_bytes(), &[PURPOSE, signed.as_bytes()]);
        assert!(opens(&format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(own))));
    }

    #[test]
    fn has_one_form() {
        let whole = seal("acme:bob", UNTIL, &secret()).into_exposed();
        for wrong in [
            String::new(),
            "AUTH_tk".to_owned(),
            "AUTH_tk0123456789abcdef0123456789abcdef".to_owned(),
            whole.replacen("tk1", "tk2", 1),
            whole.replacen("AUTH_", "auth_", 1),
            whole.replacen("YWN", "YWN=", 1),
            whole.replacen(".179", ".x179", 1),
            whole.replacen(".179", "..179", 1),
            format!("{whole}="),
            format!("{whole}.x"),
            format!(" {whole}"),
            format!("{whole}{}", "A".repeat(MAX_LENGTH)),
        ] {
            assert!(Token::parse(&wrong).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_sealing(id in "\\PC{0,40}", secs in 0..=UnixTime::MAX.as_secs()) {
            let until = UnixTime::from_secs(secs);
            let text = seal(&id, until, &secret()).into_exposed();
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
            let token = Token::parse(&text).unwrap();
            prop_assert_eq!((token.key_id(), token.until()), (id.as_str(), until));
            prop_assert!(token.is_sealed_with(&secret()));
        }

        #[test]
        fn any_byte_that_changes_closes_it(at: prop::sample::Index, byte in 0x21..0x7f_u8) {
            let text = seal("acme:bob", UNTIL, &secret()).into_exposed();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assume!(changed != text);
            prop_assert!(!opens(&changed));
        }

        #[test]
        fn nothing_panics(text in "(AUTH_tk1\\.)?[\\PC.]{0,80}") {
            prop_assert!(!opens(&text));
        }
    }
}
