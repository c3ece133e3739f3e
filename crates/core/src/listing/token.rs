//! Continuation tokens: how far a listing has come, sealed.
//!
//! A listing may have to stop among keys that the viewer may not see, so a token must not show
//! where. It is encrypted and authenticated by a synthetic IV (Rogaway and Shrimpton,
//! *Deterministic Authenticated-Encryption*, 2006) with HMAC-SHA256 for both functions, which
//! takes no random source and no further cipher:
//!
//! ```text
//! text   = salt ‖ position ‖ zeros
//! iv     = first 16 bytes of HMAC(HMAC(key, "… iv" ‖ place), text)
//! stream = HMAC(key, "… stream" ‖ iv ‖ 0) ‖ HMAC(key, "… stream" ‖ iv ‖ 1) ‖ …
//! token  = base64url(iv ‖ text ⊕ stream)
//! ```
//!
//! The text is padded, so that its length says little. The salt is an HMAC of all that is asked,
//! of whom and when, so that two tokens are not the same when two listings stopped at the same
//! hidden key, which would tell where it is. The key is the secret that signs requests to the
//! store; when that changes, listings begin anew.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::crypto::{constant_time_eq, hmac_sha256};
use crate::secret::Secret;

/// Each goes into the MAC first, so that no other use of the secret can yield the same.
const IV: &[u8] = b"cloakroom listing token 1 iv\n";
const STREAM: &[u8] = b"cloakroom listing token 1 stream\n";

const SALT: &[u8] = b"cloakroom listing token 1 salt\n";

const IV_LENGTH: usize = 16;

const SALT_LENGTH: usize = 16;

/// Texts are padded to a multiple of this many bytes.
const BLOCK: usize = 128;

/// Seals the positions of listings of one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sealer<'a> {
    /// The secret.
    pub(super) secret: &'a Secret,
    /// What is listed. A token of another place does not open.
    pub(super) place: &'a str,
}

impl Sealer<'_> {
    /// The token of a position, which is another for each `occasion`.
    pub(super) fn seal(self, position: &str, occasion: &str) -> String {
        let mut text = self.salt(occasion).to_vec();
        text.extend(position.as_bytes());
        // A key holds no control character, so the padding can be told from it.
        text.resize(text.len().next_multiple_of(BLOCK), 0);
        let mut token = self.iv(&text).to_vec();
        let stream = self.stream(&token);
        token.extend(text.into_iter().zip(stream).map(|(byte, key)| byte ^ key));
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// The position of a token; none when it is not one of ours.
    pub(super) fn open(self, token: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (iv, sealed) = bytes.split_at_checked(IV_LENGTH)?;
        let mut text: Vec<u8> =
            sealed.iter().zip(self.stream(iv)).map(|(byte, key)| byte ^ key).collect();
        if !constant_time_eq(iv, &self.iv(&text)) {
            return None;
        }
        let text = String::from_utf8(text.split_off(SALT_LENGTH.min(text.len()))).ok()?;
        Some(text.trim_end_matches('\0').to_owned())
    }

    fn salt(self, occasion: &str) -> [u8; SALT_LENGTH] {
        let mac = hmac_sha256(self.secret.expose().as_bytes(), &[SALT, occasion.as_bytes()]);
        mac.first_chunk().copied().unwrap_or_default()
    }

    fn iv(self, text: &[u8]) -> [u8; IV_LENGTH] {
        let place = hmac_sha256(self.secret.expose().as_bytes(), &[IV, self.place.as_bytes()]);
        let mac = hmac_sha256(&place, &[text]);
        mac.first_chunk().copied().unwrap_or_default()
    }

    fn stream(self, iv: &[u8]) -> impl Iterator<Item = u8> + use<> {
        let key = hmac_sha256(self.secret.expose().as_bytes(), &[STREAM, iv]);
        (0_u32..).flat_map(move |n| hmac_sha256(&key, &[&n.to_be_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> Secret {
        Secret::new("the store's own secret")
    }

    #[test]
    fn shows_neither_the_key_nor_its_length() {
        let secret = secret();
        let sealer = Sealer { secret: &secret, place: "media\n" };
        let (long, short) =
            (sealer.seal("users/bob/secret.txt", ""), sealer.seal("users/bob/s", ""));
        assert_eq!(long.len(), short.len());
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&long).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"user"));
    }

    #[test]
    fn two_occasions_have_nothing_in_common() {
        let secret = secret();
        let sealer = Sealer { secret: &secret, place: "media\n" };
        let [one, other] = ["alice at noon", "alice at one"].map(|occasion| {
            BASE64_URL_SAFE_NO_PAD.decode(sealer.seal("users/bob/secret.txt", occasion)).unwrap()
        });
        assert_eq!(one.len(), other.len());
        let equal = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(equal < 16, "{equal} of {} bytes", one.len());
    }

    #[test]
    fn opens_for_its_place_and_secret_alone() {
        let (secret, other) = (secret(), Secret::new("another"));
        let sealer = Sealer { secret: &secret, place: "media\nacme/" };
        let token = sealer.seal("acme/a", "");
        assert_eq!(sealer.open(&token).as_deref(), Some("acme/a"));
        assert_eq!(Sealer { place: "media\nglobex/", ..sealer }.open(&token), None);
        assert_eq!(Sealer { secret: &other, ..sealer }.open(&token), None);
    }

    proptest! {
        #[test]
        fn opening_undoes_sealing(position in "\\PC{0,200}", occasion in "\\PC{0,9}") {
            let secret = secret();
            let sealer = Sealer { secret: &secret, place: "media\n" };
            prop_assert_eq!(sealer.open(&sealer.seal(&position, &occasion)), Some(position));
        }

        #[test]
        fn a_changed_token_does_not_open(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
            let secret = secret();
            let sealer = Sealer { secret: &secret, place: "media\n" };
            let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(sealer.seal("a/b", "")).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(sealer.open(&BASE64_URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn nothing_panics(token in any::<String>()) {
            let secret = secret();
            let _ = Sealer { secret: &secret, place: "media\n" }.open(&token);
        }
    }
}
