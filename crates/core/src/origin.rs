//! The request to the store, built up from what is allowed.
//!
//! Nothing of the viewer's request is passed on but the headers listed here. What is not on
//! the list (cookies, `Authorization`, `x-amz-*`, the ticket's parameters) cannot leak,
//! because nothing copies it.

use std::fmt;
use std::time::Duration;

use crate::request::{Method, Request};
use crate::route::Source;
use crate::secret::Secret;
use crate::store::{KeyChoice, ObjectCall, OriginCall};
use crate::time::UnixTime;

/// The viewer's headers that the store gets: Range and conditions (RFC 9110, sections 13, 14).
pub const FORWARDED_HEADERS: [&str; 6] =
    ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];

/// What is asked of a store, whichever it is.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// `GET` or `HEAD`.
    pub(crate) method: Method,
    /// The version, when it is not the newest.
    pub(crate) version: Option<String>,
    forwarded: Vec<(&'static str, Secret)>,
}

impl Wanted {
    pub(crate) fn new(request: &Request<'_>, version: Option<String>) -> Self {
        let forwarded = FORWARDED_HEADERS
            .into_iter()
            .filter_map(|name| Some((name, Secret::new(request.header(name)?))))
            .collect();
        Self { method: request.method(), version, forwarded }
    }

    /// A header that is passed on.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.forwarded.iter().filter(|(known, _)| *known == name);
        named.next().map(|(_, value)| value.expose())
    }

    /// Whether the store may answer with a part.
    pub(crate) fn is_for_a_part(&self) -> bool {
        self.method == Method::Get && self.header("range").is_some()
    }

    /// Whether the store may answer that nothing is to be sent.
    pub(crate) fn is_conditional(&self) -> bool {
        self.forwarded.iter().any(|(name, _)| !matches!(*name, "range" | "if-range"))
    }

    /// The same for the whole object.
    pub(crate) fn whole(mut self) -> Self {
        self.forwarded.retain(|(name, _)| !matches!(*name, "range" | "if-range"));
        self
    }
}

/// A signed request for one object, made by [`Retrieval`](crate::retrieval::Retrieval) alone, and
/// that by [`Access::retrieve`](crate::access::Access::retrieve) alone; or for a page of a
/// [`Listing`](crate::listing::Listing).
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{origin::OriginRequest, request::Method, secret::Secret};
/// # fn forge(url: Secret) -> OriginRequest {
/// # let (shown, timeout) = Default::default();
/// OriginRequest { method: Method::Get, url, shown, headers: vec![], timeout }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OriginRequest {
    method: Method,
    url: Secret,
    shown: String,
    headers: Vec<(&'static str, Secret)>,
    timeout: Duration,
}

impl OriginRequest {
    pub(crate) fn sign(wanted: &Wanted, source: &Source, key: KeyChoice, now: UnixTime) -> Self {
        let call = ObjectCall {
            method: wanted.method,
            bucket: &source.bucket,
            key: &source.key,
            version: wanted.version.as_deref(),
        };
        let call = source.store.call(&call, key, now);
        Self {
            method: wanted.method,
            url: call.url,
            shown: call.shown,
            headers: call.headers.into_iter().chain(wanted.forwarded.iter().cloned()).collect(),
            timeout: source.store.timeout(),
        }
    }

    pub(crate) fn of_list(call: OriginCall, timeout: Duration) -> Self {
        let OriginCall { url, shown, headers } = call;
        Self { method: Method::Get, url, shown, headers, timeout }
    }

    /// The method: `GET` or `HEAD`.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The URL. It may open the object by itself.
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// The URL without what could be used again, for people to read.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The headers to send, and no others.
    pub fn headers(&self) -> &[(&'static str, Secret)] {
        &self.headers
    }

    /// How long to wait until the answer begins. Its body may take longer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Method and URL, without what could be used again.
impl fmt::Display for OriginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.shown)
    }
}
