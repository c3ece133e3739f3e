//! Reading a token.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::grant::Dialect;
use crate::json::Json;
use crate::request::Request;

use super::JwtError;

/// Tokens longer than this are refused unread: 8 KiB, as long as a header may be.
const MAX_LENGTH: usize = 8192;

/// A token as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedJwt<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) dialect: Dialect,
    /// As sent.
    pub(super) token: &'r str,
    /// The part of it that was signed.
    pub(super) signing_input: &'r str,
    pub(super) header: Json,
    pub(super) claims: Json,
    pub(super) signature: Vec<u8>,
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
            let header = decode_object(header)?;
            // RFC 7515, section 4.1.4. A number is no name of a key, and not the same as none.
            if !matches!(header.get("kid"), None | Some(Json::String(_))) {
                return None;
            }
            Some(Self {
                request,
                dialect,
                token,
                signing_input,
                header,
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
}

fn decode_object(part: &str) -> Option<Json> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    Json::parse(&text).ok().filter(|json| matches!(json, Json::Object(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(token: &str) -> Result<Option<String>, JwtError> {
        let request = Request::parse("GET", "/", [("host", "h")]).unwrap();
        let presented = PresentedJwt::parse(&request, Dialect::JwtBearer, token)?;
        Ok(presented.kid().map(str::to_owned))
    }

    fn token(header: &str, claims: &str) -> String {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(header), encode(claims), encode("signature"))
    }

    #[test]
    fn header_and_claims_are_objects_without_doubled_names() {
        assert_eq!(read(&token(r#"{"kid":"users"}"#, "{}")), Ok(Some("users".into())));
        assert_eq!(read(&token("{}", "{}")), Ok(None));
        for (header, claims) in [
            ("[]", "{}"),
            ("{}", "[]"),
            ("{}", "null"),
            ("{}", ""),
            ("{}", "{"),
            ("{}", "{} {}"),
            ("{}", "\u{feff}{}"),
            (r#"{"alg":"HS256","alg":"none"}"#, "{}"),
            (r#"{"alg":"HS256","\u0061lg":"none"}"#, "{}"),
            ("{}", r#"{"sub":"alice","sub":"bob"}"#),
            ("{}", r#"{"a":{"b":1,"b":2}}"#),
            (r#"{"kid":7}"#, "{}"),
            (r#"{"kid":null}"#, "{}"),
        ] {
            assert_eq!(read(&token(header, claims)), Err(JwtError::Malformed), "{header} {claims}");
        }
    }

    #[test]
    fn a_token_has_three_parts_in_one_spelling() {
        let whole = token("{}", "{}");
        for broken in [
            String::new(),
            "..".to_owned(),
            whole.replacen('.', "", 1),
            format!("{whole}."),
            format!("{whole}.e30"),
            format!("{whole}="),
            format!(" {whole}"),
            whole.replace("e30", "e31"),
            whole.replace("e30", "e3 0"),
            whole.replace("e30", "e30="),
            whole.replace("e30", "e3+"),
        ] {
            assert_eq!(read(&broken), Err(JwtError::Malformed), "{broken}");
        }
        // Not UTF-8.
        assert_eq!(read("_w.e30.e30"), Err(JwtError::Malformed));
    }

    #[test]
    fn a_long_token_is_refused_unread() {
        let of = |length: usize| {
            let claims = format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
            token("{}", &claims)
        };
        let fits = (1..).map(of).take_while(|token| token.len() <= 8192).last().unwrap();
        assert!(read(&fits).is_ok());
        assert_eq!(
            read(&format!("{fits}{}", "A".repeat(8193 - fits.len()))),
            Err(JwtError::Malformed)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), header in any::<String>()) {
            let _ = read(&text);
            let _ = read(&token(&header, &text));
        }
    }
}
