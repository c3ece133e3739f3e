//! JSON Web Tokens (RFC 7519) signed with HS256 (RFC 7515, RFC 7518 section 3.2).
//!
//! A token names a user of the app. The key's id (`kid`) fixes the algorithm; a token that
//! says another one, `none` among them, is refused.
//!
//! ```text
//! eyJhbGciOiJIUzI1NiIsImtpZCI6InVzZXJzIn0 . eyJzdWIiOiJhbGljZSIsImV4cCI6MTcwMDAwMDAwMH0 . MAC
//! {"alg":"HS256","kid":"users"}             {"sub":"alice","exp":1700000000}
//! ```

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::crypto::{constant_time_eq, hmac_sha256};
use crate::grant::{Dialect, Grant, PendingGrant, Proof, Verified};
use crate::json::Json;
use crate::key::{JwtKey, JwtPrincipal, JwtProof, Keyring, Principal};
use crate::public_key::{Algorithm, PublicKey, SignatureCheck};
use crate::request::Request;
use crate::secret::Secret;
use crate::time::UnixTime;

/// How far `nbf` may lie in the future: the issuer's clock may be ahead by this much.
pub const LEEWAY: Duration = Duration::from_secs(60);

/// Tokens longer than this are refused unread: 8 KiB, as long as a header may be.
const MAX_LENGTH: usize = 8192;

/// Why a token does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtError {
    /// It is not three base64url parts, of which the first two are JSON objects.
    Malformed,
    /// The header says another algorithm than the key's, or a `crit` that nothing here knows.
    WrongAlgorithm {
        /// The key's.
        expected: &'static str,
    },
    /// No live key has this `kid`.
    UnknownKey,
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
            Self::UnknownKey => f.write_str("no live key has this `kid`"),
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

/// A token as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedJwt<'r> {
    request: &'r Request<'r>,
    dialect: Dialect,
    signing_input: &'r str,
    header: Json,
    claims: Json,
    signature: Vec<u8>,
}

impl<'r> PresentedJwt<'r> {
    /// Reads the token that stands in the place that `dialect` says.
    ///
    /// # Errors
    /// [`JwtError::Malformed`].
    pub fn parse(
        request: &'r Request<'r>,
        dialect: Dialect,
        token: &'r str,
    ) -> Result<Self, JwtError> {
        let read = || {
            let (signing_input, signature) = token.rsplit_once('.')?;
            let (header, claims) = signing_input.split_once('.')?;
            Some(Self {
                request,
                dialect,
                signing_input,
                header: decode_object(header)?,
                claims: decode_object(claims)?,
                signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
            })
        };
        let fits = token.len() <= MAX_LENGTH;
        fits.then(read).flatten().ok_or(JwtError::Malformed)
    }

    /// The key that it says it was signed with.
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Json::as_str)
    }

    /// Where the token stands.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Proves the token at the time `now`, but for a public key's signature.
    ///
    /// # Errors
    /// The first of: unknown key, algorithm, time, issuer, audience, principal, signature.
    pub fn verify(self, keyring: &Keyring, now: UnixTime) -> Result<Verified<'r>, JwtError> {
        let key = keyring.jwt(self.kid()).ok_or(JwtError::UnknownKey)?;
        let algorithm = key.algorithm();
        if self.header.get("alg").and_then(Json::as_str) != Some(algorithm)
            || self.header.get("crit").is_some()
        {
            return Err(JwtError::WrongAlgorithm { expected: algorithm });
        }
        let exp = self.time("exp")?.ok_or_else(|| JwtError::MissingClaim("exp".into()))?;
        if now >= exp {
            return Err(JwtError::Expired { now, exp });
        }
        if let Some(nbf) = self.time("nbf")?.filter(|nbf| *nbf > now.saturating_add(LEEWAY)) {
            return Err(JwtError::NotYetValid { now, nbf });
        }
        self.expect("iss", key.issuer.as_deref())?;
        if key.audience.is_none() && self.claims.get("aud").is_some() {
            // RFC 7519, section 4.1.3: a token made for others is not for us.
            return Err(JwtError::WrongClaim("aud"));
        }
        self.expect("aud", key.audience.as_deref())?;
        if key.cookie.is_none() && self.dialect == Dialect::JwtCookie {
            return Err(JwtError::UnknownKey);
        }
        let proof = Proof {
            dialect: self.dialect,
            key_id: Some(key.id.clone()),
            principal: self.principal(key)?,
            expires_at: Some(exp),
            covers_query: false,
            disposition: None,
        };
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

    fn time(&self, claim: &'static str) -> Result<Option<UnixTime>, JwtError> {
        match self.claims.get(claim) {
            None => Ok(None),
            Some(Json::Unsigned(secs) | Json::Fraction(secs)) => {
                Ok(Some(UnixTime::from_secs(*secs)))
            }
            Some(_) => Err(JwtError::MissingClaim(claim.into())),
        }
    }

    /// A claim that is one string or, as `aud` may be, several.
    fn expect(&self, claim: &'static str, expected: Option<&str>) -> Result<(), JwtError> {
        let Some(expected) = expected else { return Ok(()) };
        let found = match self.claims.get(claim) {
            Some(Json::String(one)) => one == expected,
            Some(Json::Array(many)) => many.iter().any(|one| one.as_str() == Some(expected)),
            _ => return Err(JwtError::MissingClaim(claim.into())),
        };
        found.then_some(()).ok_or(JwtError::WrongClaim(claim))
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

impl JwtKey {
    /// The `alg` that tokens must have (RFC 7518, section 3.1; RFC 8037, section 3.1).
    fn algorithm(&self) -> &'static str {
        match &self.proof {
            JwtProof::Hs256(_) => "HS256",
            JwtProof::PublicKey(key) => algorithm_name(key),
        }
    }
}

fn algorithm_name(key: &PublicKey) -> &'static str {
    match key.algorithm() {
        Algorithm::RsaSha256 => "RS256",
        Algorithm::EcdsaSha256 => "ES256",
        Algorithm::Ed25519 => "EdDSA",
        // No token has these; the policy gives them to no JWT key.
        Algorithm::RsaSha1 | Algorithm::EcdsaSha1 => "",
    }
}

/// A token over `claims`, a JSON object.
pub fn sign(kid: &str, secret: &Secret, claims: &serde_json::Value) -> Secret {
    let header = serde_json::json!({ "alg": "HS256", "kid": kid, "typ": "JWT" });
    let encode = |json: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signing_input = format!("{}.{}", encode(&header), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac(secret, &signing_input));
    Secret::new(format!("{signing_input}.{signature}"))
}

fn mac(secret: &Secret, signing_input: &str) -> [u8; 32] {
    hmac_sha256(secret.expose().as_bytes(), &[signing_input.as_bytes()])
}

fn decode_object(part: &str) -> Option<Json> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    Json::parse(&text).ok().filter(|json| matches!(json, Json::Object(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn keyring() -> Keyring {
        let mut keyring = Keyring::default();
        keyring.add_jwt(JwtKey {
            id: "users".into(),
            proof: JwtProof::Hs256(Secret::new("a secret of thirty-two bytes, yes")),
            issuer: Some("app".into()),
            audience: Some("cloakroom".into()),
            cookie: None,
            principal: JwtPrincipal::Claim("sub".into()),
        });
        keyring
    }

    fn verify(token: &str) -> Result<Principal, JwtError> {
        let request = Request::parse("GET", "/", [("host", "h")]).unwrap();
        let presented = PresentedJwt::parse(&request, Dialect::JwtBearer, token)?;
        presented.verify(&keyring(), NOW).map(principal_of)
    }

    fn principal_of(verified: Verified<'_>) -> Principal {
        match verified {
            Verified::Granted(grant) => grant.principal().clone(),
            Verified::Pending(_) => panic!("an HMAC does not wait"),
        }
    }

    fn token(claims: serde_json::Value) -> String {
        let secret = Secret::new("a secret of thirty-two bytes, yes");
        sign("users", &secret, &claims).into_exposed()
    }

    #[test]
    fn rfc_7515_appendix_a_1() {
        let key = BASE64_URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(&key, &[input.as_bytes()]));
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn each_claim_counts() {
        let good = json!({"sub": "alice", "iss": "app", "aud": ["x", "cloakroom"], "exp": 1_700_000_001_u64});
        assert_eq!(verify(&token(good.clone())), Ok(Principal::User("alice".into())));
        let mut fractional = good.clone();
        fractional["exp"] = json!(1_700_000_001.5);
        assert_eq!(verify(&token(fractional)), Ok(Principal::User("alice".into())));
        let with = |name: &str, value: serde_json::Value| {
            let mut claims = good.clone();
            claims[name] = value;
            verify(&token(claims)).unwrap_err()
        };
        let exp = NOW;
        assert_eq!(with("exp", json!(1_700_000_000_u64)), JwtError::Expired { now: NOW, exp });
        assert_eq!(with("exp", json!("soon")), JwtError::MissingClaim("exp".into()));
        assert_eq!(with("exp", json!(null)), JwtError::MissingClaim("exp".into()));
        let nbf = UnixTime::from_secs(1_700_000_061);
        assert_eq!(with("nbf", json!(1_700_000_061_u64)), JwtError::NotYetValid { now: NOW, nbf });
        assert_eq!(with("iss", json!("other")), JwtError::WrongClaim("iss"));
        assert_eq!(with("aud", json!("other")), JwtError::WrongClaim("aud"));
        assert_eq!(with("aud", json!(7)), JwtError::MissingClaim("aud".into()));
        assert_eq!(with("sub", json!("")), JwtError::MissingClaim("sub".into()));
    }

    #[test]
    fn a_token_made_for_others_is_refused() {
        let secret = Secret::new("a secret of thirty-two bytes, yes");
        let mut keyring = Keyring::default();
        let principal = JwtPrincipal::Claim("sub".into());
        let (issuer, audience) = (None, None);
        keyring.add_jwt(JwtKey {
            id: "k".into(),
            proof: JwtProof::Hs256(secret.clone()),
            issuer,
            audience,
            cookie: None,
            principal,
        });
        let request = Request::parse("GET", "/", [("host", "h")]).unwrap();
        let verify = |claims: serde_json::Value| {
            let token = sign("k", &secret, &claims).into_exposed();
            let token = Box::leak(token.into_boxed_str());
            let presented = PresentedJwt::parse(&request, Dialect::JwtBearer, token).unwrap();
            presented.verify(&keyring, NOW).map(principal_of)
        };
        let exp = 1_700_000_001_u64;
        assert!(verify(json!({"sub": "alice", "exp": exp})).is_ok());
        let foreign = verify(json!({"sub": "alice", "exp": exp, "aud": "other"}));
        assert_eq!(foreign, Err(JwtError::WrongClaim("aud")));
    }

    #[test]
    fn the_token_does_not_choose_the_algorithm() {
        let token = token(
            json!({"sub": "alice", "iss": "app", "aud": "cloakroom", "exp": 1_700_000_001_u64}),
        );
        let (_, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        for (header, expected) in [
            (r#"{"alg":"none","kid":"users"}"#, JwtError::WrongAlgorithm { expected: "HS256" }),
            (r#"{"alg":"RS256","kid":"users"}"#, JwtError::WrongAlgorithm { expected: "HS256" }),
            (
                r#"{"alg":"HS256","kid":"users","crit":["exp"]}"#,
                JwtError::WrongAlgorithm { expected: "HS256" },
            ),
            (r#"{"alg":"HS256","kid":"other"}"#, JwtError::UnknownKey),
            (r#"{"alg":"HS256","kid":"users"}"#, JwtError::SignatureMismatch),
            (r#"{"alg":"HS256","alg":"none","kid":"users"}"#, JwtError::Malformed),
            (r#"[]"#, JwtError::Malformed),
        ] {
            let header_part = BASE64_URL_SAFE_NO_PAD.encode(header);
            let forged = format!("{header_part}.{claims}.{signature}");
            assert_eq!(verify(&forged), Err(expected), "{header}");
        }
        assert_eq!(verify(&format!("{token}x")), Err(JwtError::SignatureMismatch));
        assert_eq!(verify(&format!("{token}=")), Err(JwtError::Malformed));
        assert_eq!(verify(""), Err(JwtError::Malformed));
    }
}
