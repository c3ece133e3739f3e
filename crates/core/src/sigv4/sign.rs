//! Making presigned URLs and `Authorization` headers.
//!
//! Signing returns what to send and changes nothing.

use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::request::Method;
use crate::secret::Secret;
use crate::time::UnixTime;

pub use super::payload::Payload;
pub use super::prepared::{Prepared, SignedHeaders};
use super::scope::Scope;
use super::settings::Settings;
use super::signing_key::SigningKey;
use super::{Credentials, ExpiresIn};

/// Who signs, for which region and service, and when.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The credentials.
    pub credentials: &'a Credentials,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service: `s3`, say. It decides which [`Settings`] hold.
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

impl<'a> Signer<'a> {
    /// Signs into the query: a URL that works by itself until it expires. All of
    /// `request.headers` must then be sent as they are.
    pub fn presign(&self, request: &Unsigned<'a>, expires_in: ExpiresIn) -> Secret {
        self.prepare_query(request, expires_in).presigned_url()
    }

    /// Signs into headers: the returned ones, and all of `request.headers`, must be sent.
    pub fn sign_headers(&self, request: &Unsigned<'a>, payload: Payload<'a>) -> SignedHeaders {
        self.prepare_headers(request, payload).signed_headers()
    }

    /// Everything that a presigned URL covers, before the signature. In S3 that is any body,
    /// elsewhere an empty one.
    pub fn prepare_query(&self, request: &Unsigned<'a>, expires_in: ExpiresIn) -> Prepared<'a> {
        let settings = self.settings();
        self.prepare_query_with(request, expires_in, settings.presigned_payload(), settings)
    }

    /// Everything that an `Authorization` header covers, before the signature.
    pub fn prepare_headers(&self, request: &Unsigned<'a>, payload: Payload<'a>) -> Prepared<'a> {
        self.prepare_headers_with(request, payload, self.settings())
    }

    /// As [`Signer::prepare_query`], for this payload and in these settings.
    pub fn prepare_query_with(
        &self,
        request: &Unsigned<'a>,
        expires_in: ExpiresIn,
        payload: Payload<'a>,
        settings: Settings,
    ) -> Prepared<'a> {
        Prepared::for_query(*self, *request, expires_in, payload, settings)
    }

    /// As [`Signer::prepare_headers`], in these settings.
    pub fn prepare_headers_with(
        &self,
        request: &Unsigned<'a>,
        payload: Payload<'a>,
        settings: Settings,
    ) -> Prepared<'a> {
        Prepared::for_headers(*self, *request, payload, settings)
    }

    /// The scope, and the key that signs in it.
    pub(super) fn scope(&self) -> (Scope<'a>, Arc<SigningKey>) {
        let scope = Scope::new(self.time, self.region, self.service);
        let key = self.credentials.secret_access_key.signing_key(&scope);
        (scope, key)
    }

    fn settings(&self) -> Settings {
        Settings::of_service(self.service)
    }
}
