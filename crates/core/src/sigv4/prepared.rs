//! A request on its way to a signature, step by step as AWS describes it.

use crate::encoding::{Slash, encode};
use crate::secret::Secret;

use super::canonical::{CanonicalHeaders, CanonicalQuery, CanonicalRequest, CanonicalUri};
use super::payload::Payload;
use super::scope::Scope;
use super::settings::{SessionToken, Settings};
use super::sign::{Signer, Unsigned};
use super::{ALGORITHM, ExpiresIn};

/// What to send for a request that was signed into its headers.
#[derive(Clone, Debug)]
pub struct SignedHeaders {
    /// The URL. It holds no credential.
    pub url: String,
    /// Headers to add to those of the request.
    pub headers: Vec<(&'static str, Secret)>,
}

/// All that a signature will cover.
#[derive(Clone)]
pub struct Prepared<'a> {
    signer: Signer<'a>,
    request: Unsigned<'a>,
    settings: Settings,
    scope: Scope<'a>,
    uri: CanonicalUri,
    query: CanonicalQuery,
    headers: CanonicalHeaders,
    payload: Payload<'a>,
}

impl<'a> Prepared<'a> {
    pub(super) fn for_query(
        signer: Signer<'a>,
        request: Unsigned<'a>,
        expires_in: ExpiresIn,
        payload: Payload<'a>,
        settings: Settings,
    ) -> Self {
        let scope = signer.scope();
        let headers = canonical_headers(&request, []);
        let credential = format!("{}/{}", signer.credentials.access_key_id, scope.to_text());
        let (expires, names) = (expires_in.as_secs().to_string(), headers.names());
        let mut query = request.query.to_vec();
        query.extend([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", scope.amz_date()),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", &names),
        ]);
        if settings.is_named_in_query(payload) {
            query.push(("X-Amz-Content-Sha256", payload.as_str()));
        }
        if let Some(token) = signed_token(&signer, settings) {
            query.push(("X-Amz-Security-Token", token));
        }
        let uri = CanonicalUri::new(request.path.as_bytes(), &settings);
        let query = canonical_query(&query);
        Self { signer, request, settings, scope, uri, query, headers, payload }
    }

    pub(super) fn for_headers(
        signer: Signer<'a>,
        request: Unsigned<'a>,
        payload: Payload<'a>,
        settings: Settings,
    ) -> Self {
        let scope = signer.scope();
        let mut added = vec![("x-amz-date", scope.amz_date())];
        if settings.is_named_in_headers(payload) {
            added.push(("x-amz-content-sha256", payload.as_str()));
        }
        if let Some(token) = signed_token(&signer, settings) {
            added.push(("x-amz-security-token", token));
        }
        let headers = canonical_headers(&request, added);
        let uri = CanonicalUri::new(request.path.as_bytes(), &settings);
        let query = canonical_query(request.query);
        Self { signer, request, settings, scope, uri, query, headers, payload }
    }

    /// Step 1: the canonical request.
    pub fn canonical_request(&self) -> CanonicalRequest<'_> {
        CanonicalRequest {
            method: self.request.method,
            uri: &self.uri,
            query: &self.query,
            headers: &self.headers,
            payload: self.payload.as_str(),
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

    /// Step 4 of a request that was prepared for its query: the URL to use.
    pub fn presigned_url(&self) -> Secret {
        let mut url = self.url();
        if let Some(token) = self.appended_token() {
            url.push_str("&X-Amz-Security-Token=");
            url.push_str(&encode(token.expose(), Slash::Encode));
        }
        url.push_str("&X-Amz-Signature=");
        url.push_str(self.signature().expose());
        Secret::new(url)
    }

    /// Step 4 of a request that was prepared for its headers: what to send.
    pub fn signed_headers(&self) -> SignedHeaders {
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
            self.signer.credentials.access_key_id,
            self.scope.to_text(),
            self.headers.names(),
            self.signature().expose()
        );
        let mut headers = vec![("authorization", Secret::new(authorization))];
        if self.settings.is_named_in_headers(self.payload) {
            headers.push(("x-amz-content-sha256", Secret::new(self.payload.as_str())));
        }
        headers.push(("x-amz-date", Secret::new(self.scope.amz_date())));
        if let Some(token) = &self.signer.credentials.session_token {
            headers.push(("x-amz-security-token", token.clone()));
        }
        SignedHeaders { url: self.url(), headers }
    }

    /// Where the request goes. The path is not normalized: only what is signed is.
    fn url(&self) -> String {
        let mut url = self.request.endpoint.to_string();
        url.push_str(&encode(self.request.path, Slash::Keep));
        if !self.query.as_str().is_empty() {
            url.push('?');
            url.push_str(self.query.as_str());
        }
        url
    }

    fn appended_token(&self) -> Option<&'a Secret> {
        let appended = self.settings.session_token == SessionToken::Appended;
        self.signer.credentials.session_token.as_ref().filter(|_| appended)
    }
}

fn signed_token<'a>(signer: &Signer<'a>, settings: Settings) -> Option<&'a str> {
    let signed = settings.session_token == SessionToken::Signed;
    signer.credentials.session_token.as_ref().filter(|_| signed).map(Secret::expose)
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
