//! Webhooks by the Standard Webhooks specification: a POST of JSON that its receiver can trust.
//!
//! ```text
//! webhook-id: upl_5c0e…
//! webhook-timestamp: 1795694400
//! webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
//! ```
//!
//! Signed is `id.timestamp.body`, by HMAC-SHA256 with the bytes that stand in Base64 behind
//! `whsec_`. Where there are several secrets there is a signature by each, with spaces between, so
//! that one can be replaced while the receiver still knows the other alone.
//!
//! Source: [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).

use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::crypto::hmac_sha256;
use crate::endpoint::Endpoint;
use crate::time::UnixTime;

/// How long the bytes of a secret are, as the specification has it.
const SECRET_LENGTHS: RangeInclusive<usize> = 24..=64;

/// The secret that sender and receiver share.
///
/// ```
/// # use cloakroom_core::webhook::SigningSecret;
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
/// assert_eq!(format!("{secret:?}"), "SigningSecret(…)");
/// assert!(SigningSecret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
/// assert!(SigningSecret::parse("whsec_MfKQ9r8GKYo=").is_err()); // too short
/// ```
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

impl SigningSecret {
    /// Reads a secret: `whsec_`, and 24 to 64 bytes in Base64.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = text.strip_prefix("whsec_").and_then(|text| BASE64_STANDARD.decode(text).ok());
        bytes.filter(|bytes| SECRET_LENGTHS.contains(&bytes.len())).map(Self).ok_or(
            "must be `whsec_` and 24 to 64 random bytes in Base64 behind it, as \
             `echo whsec_$(openssl rand -base64 32)` makes one",
        )
    }
}

/// Where webhooks are sent to.
///
/// ```
/// # use cloakroom_core::webhook::WebhookUrl;
/// assert!(WebhookUrl::parse("https://app.example.com/hooks/uploads").is_ok());
/// assert!(WebhookUrl::parse("http://127.0.0.1:3000/hooks").is_ok());
/// assert!(WebhookUrl::parse("http://app.example.com/hooks").is_err());
/// assert!(WebhookUrl::parse("https://app.example.com/hooks?token=1").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// Reads a URL: `https://`, or `http://` on this machine; a host, and perhaps a path.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The third slash begins the path.
        let path_at = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
        let (origin, path) = text.split_at(path_at);
        let endpoint = Endpoint::parse(origin)?;
        if endpoint.scheme() != "https" && !endpoint.is_loopback() {
            return Err("must begin with `https://`, unless it is on this machine".to_owned());
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%!$&'()*+,;=:@".contains(&b);
        if !path.bytes().all(plain) {
            return Err("must be a URL such as `https://app.example.com/hooks/uploads`, without \
                        query and fragment"
                .to_owned());
        }
        Ok(Self(format!("{endpoint}{}", if path.is_empty() { "/" } else { path })))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A webhook, ready to be sent by POST. Redirects must not be followed.
#[derive(Clone)]
pub struct Delivery {
    /// Where to.
    pub url: WebhookUrl,
    /// All headers but those that the connection needs.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON.
    pub body: String,
}

/// A signed webhook is a permission to send it again, so it is not shown.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({})", self.url.as_str())
    }
}

impl Delivery {
    /// Signs `body` at the time `now`. `id` is the same whenever the same thing is told.
    pub fn sign(
        url: &WebhookUrl,
        secrets: &[SigningSecret],
        id: &str,
        now: UnixTime,
        body: String,
    ) -> Self {
        let timestamp = now.as_secs().to_string();
        let sign = |secret: &SigningSecret| {
            let parts = [id, ".", &timestamp, ".", &body].map(str::as_bytes);
            format!("v1,{}", BASE64_STANDARD.encode(hmac_sha256(&secret.0, &parts)))
        };
        let signatures = secrets.iter().map(sign).collect::<Vec<_>>().join(" ");
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "Cloakroom".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signatures),
        ];
        Self { url: url.clone(), headers, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

    fn header(secrets: &[&str]) -> String {
        let secrets: Vec<_> = secrets.iter().map(|it| SigningSecret::parse(it).unwrap()).collect();
        let url = WebhookUrl::parse("https://app.example").unwrap();
        let body = r#"{"test": 2432232314}"#.to_owned();
        let now = UnixTime::from_secs(1_614_265_330);
        let sent = Delivery::sign(&url, &secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, body);
        assert_eq!((sent.url.as_str(), sent.headers.len()), ("https://app.example/", 5));
        assert_eq!(format!("{sent:?}"), "Delivery(https://app.example/)");
        sent.headers.into_iter().find(|(name, _)| *name == "webhook-signature").unwrap().1
    }

    /// The message of the reference libraries' own tests.
    #[test]
    fn signs_as_the_reference_libraries_do() {
        let known = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(header(&[SECRET]), known);
        let both = header(&[OTHER, SECRET]);
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!((first, second), (header(&[OTHER]).as_str(), known));
    }

    #[test]
    fn secrets_and_urls_are_what_they_have_to_be() {
        for text in
            ["", "whsec_", "whsec_****", "whsec_MDEy", "Whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        {
            assert!(SigningSecret::parse(text).unwrap_err().contains("24 to 64"), "{text}");
        }
        let long = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![0; bytes]));
        assert!(
            SigningSecret::parse(&long(64)).is_ok() && SigningSecret::parse(&long(65)).is_err()
        );
        for url in [
            "https://a.example",
            "https://a.example:8443/x/%C3%A9",
            "http://[::1]:1/",
            "http://localhost/a",
        ] {
            assert!(WebhookUrl::parse(url).is_ok(), "{url}");
        }
        for (url, why) in [
            ("http://a.example/", "must begin with `https://`"),
            ("http://127.0.0.1.example/", "must begin with `https://`"),
            ("http://localhost.example/", "must begin with `https://`"),
            ("http://10.0.0.1/", "must begin with `https://`"),
            ("https://a:b@a.example/", "user name"),
            ("https://a.example/x#y", "without query"),
            ("https://a.example?x", "something behind the host"),
            ("https://a.example/é", "without query"),
            ("https://a.example/x y", "without query"),
            ("a.example", "does not begin with"),
        ] {
            let error = WebhookUrl::parse(url).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
