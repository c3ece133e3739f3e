//! Making signed URLs and signed cookies.
//!
//! The core has no private keys. A [`Policy`] says which bytes to sign; the signature makes
//! it a [`Signed`] one, which is written as a URL or as cookies.

use std::fmt;

use crate::public_key::{Algorithm, KeyType, der_from_p1363};
use crate::request::{Request, RequestError};
use crate::secret::Secret;
use crate::time::UnixTime;

use super::resource::Resource;
use super::statement::Statement;
use super::{COOKIES, HashAlgorithm, Names, PARAMETERS, encode_base64};

/// Why something cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The URL does not begin with `https://host/` or `http://host/`.
    NotAUrl,
    /// No request can be for the URL.
    Request(RequestError),
    /// The URL has a parameter of its own with a name of CloudFront's.
    ReservedParameter(&'static str),
    /// The URL of a canned policy has a `*`, so that its holder could use it as a pattern.
    Wildcard,
    /// The id of the key is not one that a URL or a cookie can carry.
    KeyPairId,
    /// CloudFront has no keys for the algorithm.
    Algorithm,
    /// The signature is not one of the algorithm.
    Signature,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl => f.write_str("the URL must look like `https://host/path?query`"),
            Self::Request(error) => write!(f, "no request can be for the URL: {error}"),
            Self::ReservedParameter(name) => {
                write!(f, "the URL has a parameter `{name}`, which is CloudFront's own")
            }
            Self::Wildcard => f.write_str(
                "the URL has a `*`, and whoever gets it could use it as a pattern: write `%2A`, \
                 or give a resource",
            ),
            Self::KeyPairId => {
                f.write_str("the id of the key must be made of letters, digits, `-` and `_`")
            }
            Self::Algorithm => f.write_str("the key must be one for RSA or for P-256"),
            Self::Signature => f.write_str("the signature must have 64 bytes, as ECDSA's have"),
        }
    }
}

/// A URL that can be signed: it comes back in a request as it is written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'u>(&'u str);

impl<'u> Url<'u> {
    /// Takes a URL, percent-encoded.
    ///
    /// ```
    /// # use cloakroom_core::cloudfront::sign::{SignError, Url};
    /// assert!(Url::parse("https://media.example/a%20b.jpg?size=large").is_ok());
    /// let error = Url::parse("https://media.example/a.jpg?Expires=1").unwrap_err();
    /// assert_eq!(error, SignError::ReservedParameter("Expires"));
    /// ```
    ///
    /// # Errors
    /// [`SignError`] when it would come back otherwise, or could not be told from a signed one.
    pub fn parse(url: &'u str) -> Result<Self, SignError> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let rest = rest.ok_or(SignError::NotAUrl)?;
        let (host, target) =
            rest.find('/').and_then(|end| rest.split_at_checked(end)).ok_or(SignError::NotAUrl)?;
        let headers = [("host", host)];
        let request = Request::parse("GET", target, headers).map_err(SignError::Request)?;
        if Resource::parse(url).is_none() || host.contains(['?', '#', '@']) {
            return Err(SignError::NotAUrl);
        }
        let is_reserved =
            |known: &&str| request.query().pairs().any(|(name, _)| super::is_meant(known, name));
        match PARAMETERS.all().into_iter().find(is_reserved) {
            Some(name) => Err(SignError::ReservedParameter(name)),
            None => Ok(Self(url)),
        }
    }

    /// The URL.
    pub fn as_str(self) -> &'u str {
        self.0
    }
}

/// A policy that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    json: String,
    /// Of a canned policy, which is not sent.
    expires_at: Option<UnixTime>,
}

impl Policy {
    /// The canned policy that opens `url` until `expires_at`.
    ///
    /// # Errors
    /// [`SignError::Wildcard`].
    pub fn canned(url: Url<'_>, expires_at: UnixTime) -> Result<Self, SignError> {
        let resource = Resource::parse(url.0).filter(|_| !url.0.contains('*'));
        let resource = Some(resource.ok_or(SignError::Wildcard)?);
        let statement = Statement { resource, expires_at, starts_at: None, source_ip: None };
        Ok(Self { json: statement.to_json(), expires_at: Some(expires_at) })
    }

    /// A custom policy.
    pub fn custom(statement: &Statement) -> Self {
        Self { json: statement.to_json(), expires_at: None }
    }

    /// What is to be signed.
    pub fn message(&self) -> &[u8] {
        self.json.as_bytes()
    }

    /// This policy with its signature, which is in the form that [`crate::public_key`] names.
    ///
    /// # Errors
    /// [`SignError`] when the parts do not fit each other.
    pub fn signed(
        &self,
        key_pair_id: &str,
        algorithm: Algorithm,
        signature: &[u8],
    ) -> Result<Signed, SignError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if key_pair_id.is_empty() || !key_pair_id.bytes().all(plain) {
            return Err(SignError::KeyPairId);
        }
        let hash_algorithm = HashAlgorithm::of(algorithm).ok_or(SignError::Algorithm)?;
        let signature = match algorithm.key_type() {
            KeyType::P256 => {
                let numbers = signature.try_into().map_err(|_| SignError::Signature)?;
                encode_base64(&der_from_p1363(numbers))
            }
            KeyType::Rsa | KeyType::Ed25519 => encode_base64(signature),
        };
        Ok(Signed {
            policy: self.clone(),
            signature: Secret::new(signature),
            key_pair_id: key_pair_id.to_owned(),
            hash_algorithm,
        })
    }
}

/// A policy with its signature.
#[derive(Clone, Debug)]
pub struct Signed {
    policy: Policy,
    signature: Secret,
    key_pair_id: String,
    hash_algorithm: HashAlgorithm,
}

impl Signed {
    /// `url` signed: the one of a canned policy, or one that a custom policy opens.
    pub fn url(&self, url: Url<'_>) -> Secret {
        let mut signed = url.0.to_owned();
        let mut separator = if signed.contains('?') { '&' } else { '?' };
        for (name, value) in self.parts(&PARAMETERS) {
            signed.push(separator);
            signed.push_str(name);
            signed.push('=');
            signed.push_str(value.expose());
            separator = '&';
        }
        Secret::new(signed)
    }

    /// The cookies, names and values: three, and a fourth that says SHA-256.
    pub fn cookies(&self) -> impl Iterator<Item = (&'static str, Secret)> {
        self.parts(&COOKIES)
    }

    fn parts(&self, names: &Names) -> impl Iterator<Item = (&'static str, Secret)> + use<> {
        let policy = match self.policy.expires_at {
            Some(expires_at) => (names.expires, Secret::new(expires_at.as_secs().to_string())),
            None => (names.policy, Secret::new(encode_base64(self.policy.message()))),
        };
        let signature = (names.signature, self.signature.clone());
        let key_pair_id = (names.key_pair_id, Secret::new(self.key_pair_id.clone()));
        let sha256 = self.hash_algorithm == HashAlgorithm::Sha256;
        let hash = (names.hash_algorithm, Secret::new(self.hash_algorithm.as_str()));
        [policy, signature, key_pair_id].into_iter().chain(sha256.then_some(hash))
    }
}
