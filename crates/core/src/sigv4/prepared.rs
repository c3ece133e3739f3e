//! A request on its way to a signature, step by step as AWS describes it.

use std::sync::Arc;

use crate::encoding::{Slash, encode, write_encoded};
use crate::secret::Secret;

use super::canonical::{CanonicalHeaders, CanonicalRequest, QueryWriter};
use super::payload::Payload;
use super::scope::Scope;
use super::settings::{SessionToken, Settings};
use super::sign::{Signer, Unsigned};
use super::signing_key::{Signature, SigningKey};
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
    key: Arc<SigningKey>,
    payload: Payload<'a>,
    canonical: CanonicalRequest,
}

impl<'a> Prepared<'a> {
    pub(super) fn for_query(
        signer: Signer<'a>,
        request: Unsigned<'a>,
        expires_in: ExpiresIn,
        payload: Payload<'a>,
        settings: Settings,
    ) -> Self {
        let (scope, key) = signer.scope();
        let headers = match request.headers {
            [] => CanonicalHeaders::of(request.endpoint),
            _ => canonical_headers(&request, []),
        };
        let own = |query: &mut QueryWriter<'_>| {
            query.write(&["X-Amz-Algorithm=", ALGORITHM]);
            if settings.is_named_in_query(payload) {
                query.write(&["&X-Amz-Content-Sha256=", payload.as_str()]);
            }
            query.write(&["&X-Amz-Credential="]);
            query.write_encoded(&signer.credentials.access_key_id);
            query.write(&[key.encoded_scope(), "&X-Amz-Date=", scope.amz_date()]);
            let mut digits = itoa::Buffer::new();
            query.write(&["&X-Amz-Expires=", digits.format(expires_in.as_secs())]);
            if let Some(token) = signed_token(&signer, settings) {
                query.write(&["&X-Amz-Security-Token="]);
                query.write_encoded(token);
            }
            query.write(&["&X-Amz-SignedHeaders="]);
            for (n, name) in headers.names().enumerate() {
                query.write(if n == 0 { &[] } else { &["%3B"] });
                query.write_encoded(name);
            }
        };
        let canonical = CanonicalRequest::write(&request, &settings, own, &headers, payload);
        Self { signer, request, settings, scope, key, payload, canonical }
    }

    pub(super) fn for_headers(
        signer: Signer<'a>,
        request: Unsigned<'a>,
        payload: Payload<'a>,
        settings: Settings,
    ) -> Self {
        let (scope, key) = signer.scope();
        let mut added = vec![("x-amz-date", scope.amz_date())];
        if settings.is_named_in_headers(payload) {
            added.push(("x-amz-content-sha256", payload.as_str()));
        }
        if let Some(token) = signed_token(&signer, settings) {
            added.push(("x-amz-security-token", token));
        }
        let headers = canonical_headers(&request, added);
        let canonical = CanonicalRequest::write(&request, &settings, |_| {}, &headers, payload);
        Self { signer, request, settings, scope, key, payload, canonical }
    }

    /// Step 1: the canonical request.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical
    }

    /// Step 2: the string to sign.
    pub fn string_to_sign(&self) -> String {
        self.scope.string_to_sign(&self.canonical.hash())
    }

    /// Step 3: the signature.
    pub fn signature(&self) -> Signature {
        self.scope.sign(&self.key, &self.canonical.hash())
    }

    /// Step 4 of a request that was prepared for its query: the URL to use.
    pub fn presigned_url(&self) -> Secret {
        let hash = self.canonical.hash();
        // Between the two hashes, for the CPU does this while it is busy with the first.
        let mut url = self.url();
        if let Some(token) = self.appended_token() {
            url.push_str("&X-Amz-Security-Token=");
            write_encoded(token.expose(), Slash::Encode, &mut url);
        }
        url.push_str("&X-Amz-Signature=");
        url.push_str(self.scope.sign(&self.key, &hash).expose());
        Secret::new(url)
    }

    /// Step 4 of a request that was prepared for its headers: what to send.
    pub fn signed_headers(&self) -> SignedHeaders {
        let signature = self.signature();
        let authorization = [
            ALGORITHM,
            " Credential=",
            &self.signer.credentials.access_key_id,
            "/",
            self.key.scope(),
            ", SignedHeaders=",
            self.canonical.signed_headers(),
            ", Signature=",
            signature.expose(),
        ];
        let mut headers = vec![("authorization", Secret::new(authorization.concat()))];
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
        let origin = self.request.endpoint.as_str();
        match self.settings.signs_path_as_sent() {
            true => self.canonical.url(origin, None),
            false => self.canonical.url(origin, Some(&encode(self.request.path, Slash::Keep))),
        }
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

fn canonical_headers<'h>(
    request: &Unsigned<'h>,
    added: impl IntoIterator<Item = (&'h str, &'h str)>,
) -> CanonicalHeaders<'h> {
    let host = ("host", request.endpoint.host());
    CanonicalHeaders::new(request.headers.iter().copied().chain([host]).chain(added))
}
