//! Making presigned URLs and `Authorization` headers.
//!
//! Signing returns what to send and changes nothing.

use crate::encoding::{Slash, encode};
use crate::endpoint::Endpoint;
use crate::request::Method;
use crate::secret::Secret;
use crate::time::UnixTime;

use super::canonical::{CanonicalHeaders, CanonicalQuery, CanonicalRequest};
use super::scope::Scope;
use super::{ALGORITHM, Credentials, ExpiresIn, UNSIGNED_PAYLOAD};

/// Who signs, for which region and service, and when.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The credentials.
    pub credentials: &'a Credentials,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service: `s3`.
    pub service: &'a str,
    /// The time of signing.
    pub time: UnixTime,
}

/// A request that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub endpoint: &'a Endpoint,
    /// The path, decoded; begins with `/`.
    pub path: &'a str,
    /// Query parameters, decoded.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers to sign beside `host`. Their names are sent in lower case.
    pub headers: &'a [(&'a str, &'a str)],
}

/// What the body hashes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Any body.
    Unsigned,
    /// A body with this SHA-256, in lower-case hexadecimal.
    Sha256(&'a str),
}

/// What to send for a request that was signed into its headers.
#[derive(Clone, Debug)]
pub struct SignedHeaders {
    /// The URL. It holds no credential.
    pub url: String,
    /// Headers to add to those of the request.
    pub headers: Vec<(&'static str, Secret)>,
}

impl<'a> Signer<'a> {
    /// Signs into the query: a URL that works by itself until it expires. All of
    /// `request.headers` must then be sent as they are.
    pub fn presign(&self, request: &Unsigned<'a>, expires_in: ExpiresIn) -> Secret {
        let prepared = self.prepare_query(request, expires_in);
        Secret::new(format!("{}&X-Amz-Signature={}", prepared.url(), prepared.signature().expose()))
    }

    /// Signs into headers: the returned ones, and all of `request.headers`, must be sent.
    pub fn sign_headers(&self, request: &Unsigned<'a>, payload: Payload<'a>) -> SignedHeaders {
        let prepared = self.prepare_headers(request, payload);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
            self.credentials.access_key_id,
            prepared.scope.to_text(),
            prepared.headers.names(),
            prepared.signature().expose()
        );
        let mut headers = vec![
            ("authorization", Secret::new(authorization)),
            ("x-amz-content-sha256", Secret::new(prepared.payload)),
            ("x-amz-date", Secret::new(prepared.scope.amz_date())),
        ];
        if let Some(token) = &self.credentials.session_token {
            headers.push(("x-amz-security-token", token.clone()));
        }
        SignedHeaders { url: prepared.url(), headers }
    }

    /// Everything that a presigned URL covers, before the signature.
    pub fn prepare_query(&self, request: &Unsigned<'a>, expires_in: ExpiresIn) -> Prepared<'a> {
        let scope = self.scope();
        let headers = canonical_headers(request, []);
        let credential = format!("{}/{}", self.credentials.access_key_id, scope.to_text());
        let (expires, names) = (expires_in.as_secs().to_string(), headers.names());
        let mut query = request.query.to_vec();
        query.extend([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", scope.amz_date()),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", &names),
        ]);
        if let Some(token) = &self.credentials.session_token {
            query.push(("X-Amz-Security-Token", token.expose()));
        }
        let query = canonical_query(&query);
        Prepared {
            signer: *self,
            request: *request,
            scope,
            query,
            headers,
            payload: UNSIGNED_PAYLOAD,
        }
    }

    /// Everything that an `Authorization` header covers, before the signature.
    pub fn prepare_headers(&self, request: &Unsigned<'a>, payload: Payload<'a>) -> Prepared<'a> {
        let scope = self.scope();
        let payload = match payload {
            Payload::Unsigned => UNSIGNED_PAYLOAD,
            Payload::Sha256(hash) => hash,
        };
        let mut added = vec![("x-amz-content-sha256", payload), ("x-amz-date", scope.amz_date())];
        if let Some(token) = &self.credentials.session_token {
            added.push(("x-amz-security-token", token.expose()));
        }
        let headers = canonical_headers(request, added);
        let query = canonical_query(request.query);
        Prepared { signer: *self, request: *request, scope, query, headers, payload }
    }

    fn scope(&self) -> Scope<'a> {
        Scope::new(self.time, self.region, self.service)
    }
}

/// A request on its way to a signature, step by step as AWS describes it.
#[derive(Clone)]
pub struct Prepared<'a> {
    signer: Signer<'a>,
    request: Unsigned<'a>,
    scope: Scope<'a>,
    query: CanonicalQuery,
    headers: CanonicalHeaders,
    payload: &'a str,
}

impl Prepared<'_> {
    /// Step 1: the canonical request.
    pub fn canonical_request(&self) -> CanonicalRequest<'_> {
        CanonicalRequest {
            method: self.request.method,
            path: self.request.path.as_bytes(),
            query: &self.query,
            headers: &self.headers,
            payload: self.payload,
        }
    }

    /// Step 2: the string to sign.
    pub fn string_to_sign(&self) -> String {
        self.scope.string_to_sign(&self.canonical_request().hash())
    }

    /// Step 3: the signature, in lower-case hexadecimal.
    pub fn signature(&self) -> Secret {
        let key = self.scope.signing_key(&self.signer.credentials.secret_access_key);
        Secret::new(key.sign(&self.string_to_sign()))
    }

    fn url(&self) -> String {
        let mut url = self.request.endpoint.to_string();
        url.push_str(&encode(self.request.path, Slash::Keep));
        if !self.query.as_str().is_empty() {
            url.push('?');
            url.push_str(self.query.as_str());
        }
        url
    }
}

fn canonical_query(pairs: &[(&str, &str)]) -> CanonicalQuery {
    CanonicalQuery::new(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

fn canonical_headers<'h>(
    request: &Unsigned<'h>,
    added: impl IntoIterator<Item = (&'h str, &'h str)>,
) -> CanonicalHeaders {
    let host = ("host", request.endpoint.host());
    CanonicalHeaders::new(request.headers.iter().copied().chain([host]).chain(added))
}
