//! Proving a token.
//!
//! The rules are numbered in the order in which they are applied, so that which error a bad
//! token gets is defined.

use std::fmt;
use std::time::Duration;

use crate::crypto::constant_time_eq;
use crate::grant::{Dialect, Grant, PendingGrant, Proof, Reach, Verified};
use crate::json::Json;
use crate::key::{JwtKey, JwtPrincipal, JwtProof, Keyring, Principal};
use crate::public_key::SignatureCheck;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;

use super::sign::mac;
use super::{JwtAlgorithm, PresentedJwt};

/// How far `nbf` may lie in the future: the issuer's clock may be ahead by this much.
pub const LEEWAY: Duration = Duration::from_secs(60);

/// Why a token does not hold. A wrong signature carries no evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtError {
    /// It is not three base64url parts, of which the first two are JSON objects.
    Malformed,
    /// The header says another algorithm than the key's.
    WrongAlgorithm {
        /// The key's.
        expected: &'static str,
    },
    /// The header asks for an extension, and none is known here.
    Extension(&'static str),
    /// No live key has this `kid`.
    UnknownKey,
    /// It stands in a cookie that is not the key's.
    WrongCookie,
    /// The signature is wrong.
    SignatureMismatch,
    /// A claim is missing or of the wrong kind.
    MissingClaim(String),
    /// `iss` or `aud` is not the one that the key is for.
    WrongClaim(&'static str),
    /// It has expired.
    Expired {
        /// When the request came.
        now: UnixTime,
        /// The first second at which it was not valid any more.
        exp: UnixTime,
    },
    /// It is not valid yet.
    NotYetValid {
        /// When the request came.
        now: UnixTime,
        /// The first second at which it will be valid.
        nbf: UnixTime,
    },
}

impl fmt::Display for JwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a JSON Web Token"),
            Self::WrongAlgorithm { expected } => write!(f, "the key is for {expected}"),
            Self::Extension(name) => write!(f, "header parameter `{name}` is not served"),
            Self::UnknownKey => f.write_str("no live key has this `kid`"),
            Self::WrongCookie => f.write_str("the key takes no tokens from this cookie"),
            Self::SignatureMismatch => f.write_str("the signature is wrong"),
            Self::MissingClaim(name) => write!(f, "claim `{name}` is missing or malformed"),
            Self::WrongClaim(name) => write!(f, "claim `{name}` is not the one expected"),
            Self::Expired { now, exp } => write!(f, "expired {} s ago", now.since(*exp).as_secs()),
            Self::NotYetValid { now, nbf } => {
                write!(f, "not valid for another {} s", nbf.since(*now).as_secs())
            }
        }
    }
}

impl<'r> PresentedJwt<'r> {
    /// Proves the token at the time `now`, but for a public key's signature.
    ///
    /// # Errors
    /// The first rule that is broken, as [`JwtError`].
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Verified<'r>, JwtError> {
        // Rule 1: the key is live.
        let key = keyring.jwt(self.kid()).ok_or(JwtError::UnknownKey)?;
        let algorithm = JwtAlgorithm::of(key).ok_or(JwtError::UnknownKey)?;
        // Rule 2: the token stands where tokens of this key may stand.
        if self.dialect == Dialect::JwtCookie && !self.is_in_cookie(key.cookie.as_deref()) {
            return Err(JwtError::WrongCookie);
        }
        // Rule 3: the algorithm is the key's. The token does not choose: with a choice, the text
        // of a public key could serve as the secret of an HMAC.
        if self.header.get("alg").and_then(Json::as_str) != Some(algorithm.as_str()) {
            return Err(JwtError::WrongAlgorithm { expected: algorithm.as_str() });
        }
        // Rule 4: nothing changes what was signed. `crit` names extensions that must be
        // understood (RFC 7515, section 4.1.11), `b64` is one that tokens may not use (RFC 7797,
        // section 7).
        if let Some(name) = ["crit", "b64"].into_iter().find(|name| self.header.get(name).is_some())
        {
            return Err(JwtError::Extension(name));
        }
        // Rule 5: it is the right time.
        let expires_at = self.verify_time(now)?;
        // Rule 6: it comes from the issuer that the key is for, and is meant for us.
        self.verify_issuer(key.issuer.as_deref())?;
        self.verify_audience(key.audience.as_deref())?;
        // Rule 7: it acts for somebody.
        let proof = Proof {
            dialect: self.dialect,
            key_id: Some(key.id.clone()),
            ticket: Some(TicketId::of_text(self.signing_input.as_bytes())),
            principal: self.principal(key)?,
            expires_at: Some(expires_at),
            covers_query: false,
            bound_to_address: false,
            reach: Reach::Request,
            route: None,
            disposition: None,
        };
        // Rule 8: the signature is right.
        let length = algorithm.signature_length();
        if length.is_some_and(|length| self.signature.len() != length) {
            return Err(JwtError::SignatureMismatch);
        }
        let grant = Grant::verified(self.request, proof);
        match &key.proof {
            JwtProof::Hs256(secret) => {
                let expected = mac(secret, self.signing_input);
                if !constant_time_eq(&expected, &self.signature) {
                    return Err(JwtError::SignatureMismatch);
                }
                Ok(Verified::Granted(grant))
            }
            JwtProof::PublicKey(key) => {
                let check = SignatureCheck {
                    key: key.clone(),
                    message: self.signing_input.as_bytes().to_vec(),
                    signature: self.signature,
                };
                let otherwise = JwtError::SignatureMismatch.into();
                Ok(Verified::Pending(PendingGrant::new(grant, check, otherwise)))
            }
        }
    }

    fn is_in_cookie(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.request.cookies().any(|cookie| cookie == (name, self.token)))
    }

    fn verify_time(&self, now: UnixTime) -> Result<UnixTime, JwtError> {
        let exp = self.time("exp")?.ok_or_else(|| JwtError::MissingClaim("exp".into()))?;
        if now >= exp {
            return Err(JwtError::Expired { now, exp });
        }
        match self.time("nbf")? {
            Some(nbf) if nbf > now.saturating_add(LEEWAY) => {
                Err(JwtError::NotYetValid { now, nbf })
            }
            _ => Ok(exp),
        }
    }

    /// NumericDate (RFC 7519, section 2): seconds, which some issuers write with a fraction.
    fn time(&self, claim: &'static str) -> Result<Option<UnixTime>, JwtError> {
        match self.claims.get(claim) {
            None => Ok(None),
            Some(Json::Unsigned(secs) | Json::Fraction(secs)) => {
                Ok(Some(UnixTime::from_secs(*secs)))
            }
            Some(_) => Err(JwtError::MissingClaim(claim.into())),
        }
    }

    /// RFC 7519, section 4.1.1: one string.
    fn verify_issuer(&self, expected: Option<&str>) -> Result<(), JwtError> {
        match (expected, self.claims.get("iss")) {
            (None, _) => Ok(()),
            (Some(expected), Some(Json::String(found))) if found == expected => Ok(()),
            (Some(_), Some(Json::String(_))) => Err(JwtError::WrongClaim("iss")),
            (Some(_), _) => Err(JwtError::MissingClaim("iss".into())),
        }
    }

    /// RFC 7519, section 4.1.3: one string or several, and who is not among them must refuse.
    fn verify_audience(&self, expected: Option<&str>) -> Result<(), JwtError> {
        let is_expected = match (expected, self.claims.get("aud")) {
            (None, found) => found.is_none(),
            (Some(expected), Some(Json::String(one))) => one == expected,
            (Some(expected), Some(Json::Array(many))) => {
                many.iter().any(|one| one.as_str() == Some(expected))
            }
            (Some(_), _) => return Err(JwtError::MissingClaim("aud".into())),
        };
        is_expected.then_some(()).ok_or(JwtError::WrongClaim("aud"))
    }

    fn principal(&self, key: &JwtKey) -> Result<Principal, JwtError> {
        match &key.principal {
            JwtPrincipal::Fixed(principal) => Ok(principal.clone()),
            JwtPrincipal::Claim(claim) => match self.claims.get(claim).and_then(Json::as_str) {
                Some(user) if !user.is_empty() => Ok(Principal::User(user.to_owned())),
                _ => Err(JwtError::MissingClaim(claim.clone())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use crate::jwt::sign;
    use crate::public_key::{Algorithm, PublicKey};
    use crate::request::Request;
    use crate::secret::Secret;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
    const SECRET: &str = "a secret of thirty-two bytes, yes";
    const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----";

    fn key(id: &str) -> JwtKey {
        JwtKey {
            id: id.into(),
            proof: JwtProof::Hs256(Secret::new(SECRET)),
            issuer: Some("app".into()),
            audience: Some("cloakroom".into()),
            cookie: None,
            principal: JwtPrincipal::Claim("sub".into()),
        }
    }

    fn keyring(keys: impl IntoIterator<Item = JwtKey>) -> Keyring {
        let mut keyring = Keyring::default();
        keys.into_iter().for_each(|key| keyring.add_jwt(key));
        keyring
    }

    /// What is said about a token in the `Authorization` header.
    fn verify(keyring: &Keyring, token: &str) -> Result<Principal, JwtError> {
        let request = Request::parse("GET", "/", [("host", "h")]).unwrap();
        let presented = PresentedJwt::parse(&request, Dialect::JwtBearer, token)?;
        match presented.verify(keyring, NOW)? {
            Verified::Granted(grant) => Ok(grant.principal().clone()),
            Verified::Pending(_) => panic!("an HMAC does not wait"),
        }
    }

    fn alice() -> Principal {
        Principal::User("alice".into())
    }

    fn claims() -> Value {
        json!({"sub": "alice", "iss": "app", "aud": ["x", "cloakroom"], "exp": 1_700_000_001_u64})
    }

    fn token(claims: &Value) -> String {
        sign("users", &Secret::new(SECRET), claims).into_exposed()
    }

    /// A token with this header and a signature that is right for it.
    fn with_header(header: &str) -> String {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let signing_input = format!("{}.{}", encode(header), encode(&claims().to_string()));
        let signature = mac(&Secret::new(SECRET), &signing_input);
        format!("{signing_input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn each_claim_counts() {
        let keyring = keyring([key("users")]);
        assert_eq!(verify(&keyring, &token(&claims())), Ok(alice()));
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            verify(&keyring, &token(&claims))
        };
        for (name, value) in [
            ("exp", json!(1_700_000_001.5)),
            ("exp", json!(u64::MAX)),
            ("nbf", json!(1_700_000_060_u64)),
            ("iat", json!("whenever")),
            ("aud", json!("cloakroom")),
        ] {
            assert_eq!(with(name, value.clone()), Ok(alice()), "{name}: {value}");
        }
        let missing = |name: &str| JwtError::MissingClaim(name.into());
        let expired = JwtError::Expired { now: NOW, exp: NOW };
        let nbf = UnixTime::from_secs(1_700_000_061);
        for (name, value, error) in [
            ("exp", json!(1_700_000_000_u64), expired.clone()),
            ("exp", json!(1_700_000_000.9), expired),
            ("exp", json!("1700000001"), missing("exp")),
            ("exp", json!(null), missing("exp")),
            ("exp", json!(-1), missing("exp")),
            ("exp", json!(1e300), missing("exp")),
            ("nbf", json!(1_700_000_061_u64), JwtError::NotYetValid { now: NOW, nbf }),
            ("nbf", json!("now"), missing("nbf")),
            ("iss", json!("other"), JwtError::WrongClaim("iss")),
            ("iss", json!(["app"]), missing("iss")),
            ("aud", json!("other"), JwtError::WrongClaim("aud")),
            ("aud", json!([]), JwtError::WrongClaim("aud")),
            ("aud", json!(["other", ["cloakroom"]]), JwtError::WrongClaim("aud")),
            ("aud", json!(7), missing("aud")),
            ("sub", json!(""), missing("sub")),
            ("sub", json!(7), missing("sub")),
        ] {
            assert_eq!(with(name, value.clone()), Err(error), "{name}: {value}");
        }
    }

    #[test]
    fn a_token_made_for_others_is_refused() {
        let keyring = keyring([JwtKey { issuer: None, audience: None, ..key("users") }]);
        let mut claims = json!({"sub": "alice", "exp": 1_700_000_001_u64});
        assert_eq!(verify(&keyring, &token(&claims)), Ok(alice()));
        claims["aud"] = json!("other");
        assert_eq!(verify(&keyring, &token(&claims)), Err(JwtError::WrongClaim("aud")));
    }

    #[test]
    fn the_token_does_not_choose() {
        let keyring = keyring([key("users"), key("others")]);
        let wrong_algorithm = || Err(JwtError::WrongAlgorithm { expected: "HS256" });
        for (header, expected) in [
            (r#"{"alg":"HS256","kid":"users"}"#, Ok(alice())),
            (r#"{"alg":"HS256","kid":"users","typ":"at+jwt","jwk":{},"jku":"x"}"#, Ok(alice())),
            (r#"{"alg":"none","kid":"users"}"#, wrong_algorithm()),
            (r#"{"alg":"hs256","kid":"users"}"#, wrong_algorithm()),
            (r#"{"alg":"RS256","kid":"users"}"#, wrong_algorithm()),
            (r#"{"alg":["HS256"],"kid":"users"}"#, wrong_algorithm()),
            (r#"{"kid":"users"}"#, wrong_algorithm()),
            (r#"{"alg":"HS256","kid":"users","crit":["exp"]}"#, Err(JwtError::Extension("crit"))),
            (r#"{"alg":"HS256","kid":"users","crit":[]}"#, Err(JwtError::Extension("crit"))),
            (r#"{"alg":"HS256","kid":"users","b64":true}"#, Err(JwtError::Extension("b64"))),
            (r#"{"alg":"HS256","kid":"nobody"}"#, Err(JwtError::UnknownKey)),
            (r#"{"alg":"HS256","kid":"USERS"}"#, Err(JwtError::UnknownKey)),
            (r#"{"alg":"HS256"}"#, Err(JwtError::UnknownKey)),
        ] {
            assert_eq!(verify(&keyring, &with_header(header)), expected, "{header}");
        }
    }

    #[test]
    fn the_only_key_needs_no_name() {
        let keyring = keyring([key("users")]);
        assert_eq!(verify(&keyring, &with_header(r#"{"alg":"HS256"}"#)), Ok(alice()));
    }

    #[test]
    fn the_signature_counts() {
        let keyring = keyring([key("users")]);
        let whole = token(&claims());
        let (signing_input, signature) = whole.rsplit_once('.').unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let mut changed = signature.clone();
        changed[31] ^= 1;
        for wrong in [&[][..], &signature[..31], &[&signature[..], &[0]].concat(), &changed] {
            let wrong = BASE64_URL_SAFE_NO_PAD.encode(wrong);
            let token = format!("{signing_input}.{wrong}");
            assert_eq!(verify(&keyring, &token), Err(JwtError::SignatureMismatch), "{wrong}");
        }
    }

    #[test]
    fn a_cookie_is_the_keys_own() {
        let in_cookie = |cookie: Option<&str>, header: &str, token: &str| {
            let keyring = keyring([JwtKey { cookie: cookie.map(Into::into), ..key("users") }]);
            let request = Request::parse("GET", "/", [("host", "h"), ("cookie", header)]).unwrap();
            let presented = PresentedJwt::parse(&request, Dialect::JwtCookie, token).unwrap();
            presented.verify(&keyring, NOW).map(drop)
        };
        let token = token(&claims());
        let header = format!("a=b; session={token}; c=d");
        assert_eq!(in_cookie(Some("session"), &header, &token), Ok(()));
        assert_eq!(in_cookie(Some("other"), &header, &token), Err(JwtError::WrongCookie));
        assert_eq!(in_cookie(None, &header, &token), Err(JwtError::WrongCookie));
    }

    #[test]
    fn a_public_key_waits_for_the_adapter() {
        let of = |algorithm: &str, signature: &[u8]| {
            let public_key = PublicKey::from_pem(Algorithm::Ed25519, ED25519).unwrap();
            let keyring =
                keyring([JwtKey { proof: JwtProof::PublicKey(public_key), ..key("users") }]);
            let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
            let header = json!({"alg": algorithm, "kid": "users"}).to_string();
            let signing_input = format!(
                "{}.{}",
                encode(header.as_bytes()),
                encode(claims().to_string().as_bytes())
            );
            let token = format!("{signing_input}.{}", encode(signature));
            let request = Request::parse("GET", "/", [("host", "h")]).unwrap();
            let presented = PresentedJwt::parse(&request, Dialect::JwtBearer, &token).unwrap();
            match presented.verify(&keyring, NOW)? {
                Verified::Granted(_) => panic!("nobody has checked the signature"),
                Verified::Pending(pending) => {
                    assert_eq!(pending.check().message, signing_input.as_bytes());
                    assert_eq!(pending.check().signature, signature);
                    let refused = pending.clone().answer(false).unwrap_err();
                    assert_eq!(refused, JwtError::SignatureMismatch.into());
                    Ok(pending.answer(true).unwrap().principal().clone())
                }
            }
        };
        assert_eq!(of("EdDSA", &[7; 64]), Ok(alice()));
        assert_eq!(of("EdDSA", &[7; 63]), Err(JwtError::SignatureMismatch));
        assert_eq!(of("EdDSA", &[7; 65]), Err(JwtError::SignatureMismatch));
        let expected = "EdDSA";
        assert_eq!(of("Ed25519", &[7; 64]), Err(JwtError::WrongAlgorithm { expected }));
        // The HMAC whose secret is the text of the public key, which everybody has.
        assert_eq!(of("HS256", &[7; 32]), Err(JwtError::WrongAlgorithm { expected }));
    }
}
