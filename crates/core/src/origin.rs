//! The request to the store, built up from what is allowed.
//!
//! Nothing of the viewer's request is passed on but the headers listed here. What is not on
//! the list (cookies, `Authorization`, `x-amz-*`, the ticket's parameters) cannot leak,
//! because nothing copies it.

use crate::access::Access;
use crate::acl::decision::AllowedBy;
use crate::disclosure::Disclosure;
use crate::disposition::ContentDisposition;
use crate::rejection::Rejection;
use crate::request::Method;
use crate::response::{Delivery, Sharing, StoreError, ViewerResponse};
use crate::route::Located;
use crate::secret::Secret;
use crate::sigv4::sign::{Payload, Unsigned};
use crate::time::UnixTime;

/// The viewer's headers that the store gets: Range and conditions (RFC 9110, sections 13, 14).
pub const FORWARDED_HEADERS: [&str; 6] =
    ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];

/// A signed request for one object: made by [`Access::sign`] alone.
///
/// ```
/// # use cloakroom_core::{access::Access, origin::OriginRequest, request::Method, time::UnixTime};
/// fn sign(access: Access<'_, '_>, now: UnixTime) -> Option<OriginRequest> {
///     Some(access.sign(now)).filter(|request| request.method() == Method::Get)
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{origin::OriginRequest, request::Method, response::Delivery};
/// # fn forge(delivery: Delivery) -> OriginRequest {
/// # let disclosure = Default::default();
/// OriginRequest { method: Method::Get, url: String::new(), headers: vec![], delivery, disclosure }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OriginRequest {
    method: Method,
    url: String,
    headers: Vec<(&'static str, Secret)>,
    delivery: Delivery,
    disclosure: Disclosure,
}

impl Access<'_, '_> {
    /// Signs the request to the store that serves the object.
    pub fn sign(self, now: UnixTime) -> OriginRequest {
        OriginRequest::for_object(&self, now)
    }
}

impl OriginRequest {
    fn for_object(access: &Access<'_, '_>, now: UnixTime) -> Self {
        let located = access.located();
        let route = located.route();
        let request = located.grant().request();
        let (endpoint, path) = route.store.address(located.bucket(), located.key());
        let query: Vec<_> =
            located.view().iter().map(|(name, value)| (*name, value.as_str())).collect();
        let unsigned = Unsigned {
            method: request.method(),
            endpoint: &endpoint,
            path: &path,
            query: &query,
            headers: &[],
        };
        // Range and conditions are not signed: S3 does not ask for it, and the platform
        // between here and the store may rewrite them.
        let signed = route.store.signer(now).sign_headers(&unsigned, Payload::Unsigned);
        let forwarded = FORWARDED_HEADERS
            .into_iter()
            .filter_map(|name| Some((name, Secret::new(request.header(name)?))));
        Self {
            method: request.method(),
            url: signed.url,
            headers: signed.headers.into_iter().chain(forwarded).collect(),
            delivery: Delivery {
                sharing: sharing(located, access.allowed().by),
                expires_at: located.grant().expires_at(),
                cors: route.cors.headers(request),
                disposition: located
                    .grant()
                    .disposition()
                    .map(|asked| ContentDisposition::new(asked, located.key().as_str())),
            },
            disclosure: route.disclosure,
        }
    }

    /// The method: `GET` or `HEAD`.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The URL. It holds no credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers to send, and no others.
    pub fn headers(&self) -> &[(&'static str, Secret)] {
        &self.headers
    }

    /// The headers by which a page of another origin may read the answer, whatever it is.
    pub fn cors(&self) -> &[(&'static str, String)] {
        &self.delivery.cors
    }

    /// Turns the head of the store's answer into that of the viewer's.
    ///
    /// # Errors
    /// What to answer when the store did not answer with the object.
    pub fn respond<'h>(
        self,
        status: u16,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        now: UnixTime,
    ) -> Result<ViewerResponse, Rejection> {
        let response = ViewerResponse::from_store(&self.delivery, status, headers, now);
        response.map_err(|error| self.reject(error))
    }

    /// What to answer when the store does not serve the object.
    pub fn reject(&self, error: StoreError) -> Rejection {
        Rejection::Store(error).disclosed(self.disclosure)
    }
}

/// Who else may be given the same answer for the same URL.
fn sharing(located: &Located<'_, '_>, by: AllowedBy) -> Sharing {
    // A version or a header that a signature asked for is not everyone's to have.
    if by == AllowedBy::Everyone && located.view().is_empty() {
        Sharing::Everyone
    } else if located.grant().dialect().is_in_url() && by != AllowedBy::Referrer {
        Sharing::UrlHolders
    } else {
        Sharing::Nobody
    }
}
