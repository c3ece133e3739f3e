//! Making tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use crate::crypto::{Digest32, hmac_sha256};
use crate::secret::Secret;

use super::JwtAlgorithm;

/// A token but for its signature, which whoever has the private key adds.
///
/// ```
/// # use cloakroom_core::jwt::{JwtAlgorithm, UnsignedJwt};
/// # let sign_with_the_private_key = |_: &str| [0; 64];
/// let claims = serde_json::json!({ "sub": "alice", "exp": 1_700_000_000 });
/// let unsigned = UnsignedJwt::new(JwtAlgorithm::EdDsa, "users", &claims);
/// let signature = sign_with_the_private_key(unsigned.signing_input());
/// let token = unsigned.with_signature(&signature);
/// # assert!(token.expose().starts_with("eyJhbGciOiJFZERTQSIs"));
/// ```
#[derive(Clone, Debug)]
pub struct UnsignedJwt {
    signing_input: String,
}

impl UnsignedJwt {
    /// A token over `claims`, a JSON object, for the key `kid`.
    pub fn new(algorithm: JwtAlgorithm, kid: &str, claims: &Value) -> Self {
        let header = Header { alg: algorithm.as_str(), kid, typ: "JWT" };
        // Nearly all tokens fit.
        let mut signing_input = String::with_capacity(512);
        encode(&header, &mut signing_input);
        signing_input.push('.');
        encode(claims, &mut signing_input);
        Self { signing_input }
    }

    /// What is to be signed (RFC 7515, section 5.1): ASCII.
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// The token. An ES256 signature is 64 bytes, two numbers side by side; what OpenSSL writes
    /// goes through [`p1363_from_der`](crate::public_key::p1363_from_der) first.
    pub fn with_signature(self, signature: &[u8]) -> Secret {
        let mut token = self.signing_input;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Secret::new(token)
    }
}

/// The JOSE header (RFC 7515, section 4).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// INVARIANT: texts and JSON can be written as JSON. `to_string` of a `Value` would take three
/// times as long.
fn encode(json: &impl Serialize, token: &mut String) {
    let json = serde_json::to_vec(json).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode_string(json, token);
}

/// An HS256 token over `claims`, a JSON object.
pub fn sign(kid: &str, secret: &Secret, claims: &Value) -> Secret {
    let unsigned = UnsignedJwt::new(JwtAlgorithm::Hs256, kid, claims);
    let mac = mac(secret, unsigned.signing_input());
    unsigned.with_signature(&mac)
}

/// The signature of HS256 (RFC 7518, section 3.2).
pub(super) fn mac(secret: &Secret, signing_input: &str) -> Digest32 {
    hmac_sha256(secret.expose().as_bytes(), &[signing_input.as_bytes()])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn a_token_is_header_claims_and_signature() {
        let claims = json!({ "sub": "alice" });
        let unsigned = UnsignedJwt::new(JwtAlgorithm::Es256, "a\"b", &claims);
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"a\"b","typ":"JWT"}"#);
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"alice"}"#);
        assert_eq!(unsigned.signing_input(), format!("{header}.{claims}"));
        let token = unsigned.with_signature(&[0xff; 64]).into_exposed();
        assert_eq!(token, format!("{header}.{claims}.{}w", "_".repeat(85)));
    }
}
