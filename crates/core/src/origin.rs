//! The request to the store, built up from what is allowed.
//!
//! Nothing of the viewer's request is passed on but the headers listed here. What is not on
//! the list (cookies, `Authorization`, `x-amz-*`, the ticket's parameters) cannot leak,
//! because nothing copies it.

use std::fmt;
use std::time::Duration;

use crate::conditions::Validators;
use crate::request::{Method, Request};
use crate::route::Source;
use crate::secret::Secret;
use crate::store::r2::Part;
use crate::store::{KeyChoice, ObjectCall, R2Call};
use crate::time::UnixTime;

/// The viewer's headers that the store gets: Range and conditions (RFC 9110, sections 13, 14).
/// With a HEAD, for which Range is not defined, the conditions alone.
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
        let method = request.method();
        let forwarded = FORWARDED_HEADERS
            .into_iter()
            // A HEAD is about the whole, but S3 would answer it with 206 and the length of a part.
            .filter(|name| method == Method::Get || !is_of_a_part(name))
            .filter_map(|name| Some((name, Secret::new(request.header(name)?))))
            .collect();
        Self { method, version, forwarded }
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
        self.forwarded.iter().any(|(name, _)| !is_of_a_part(name))
    }

    /// The same, unless the object is still what these say. The viewer's own conditions are left
    /// to the gate, who knows them; the part that is wanted is not.
    pub(crate) fn unless(mut self, known: Validators<'_>) -> Self {
        self.forwarded.retain(|(name, _)| *name == "range");
        let condition = match known {
            Validators { etag: Some(etag), .. } => Some(("if-none-match", etag)),
            Validators { last_modified: Some(date), .. } => Some(("if-modified-since", date)),
            Validators { etag: None, last_modified: None } => None,
        };
        self.forwarded.extend(condition.map(|(name, value)| (name, Secret::new(value))));
        self
    }

    /// The same for the whole object.
    pub(crate) fn whole(mut self) -> Self {
        self.forwarded.retain(|(name, _)| !is_of_a_part(name));
        self
    }
}

fn is_of_a_part(name: &str) -> bool {
    matches!(name, "range" | "if-range")
}

/// A signed request for one object: made by [`Retrieval`](crate::retrieval::Retrieval) alone,
/// and that by [`Access::retrieve`](crate::access::Access::retrieve) alone.
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{origin::OriginRequest, request::Method, secret::Secret};
/// # fn forge(url: Secret) -> OriginRequest {
/// # let (shown, timeout) = Default::default();
/// OriginRequest { method: Method::Get, url, shown, headers: vec![], timeout, r2: None }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OriginRequest {
    method: Method,
    url: Secret,
    shown: String,
    headers: Vec<(&'static str, Secret)>,
    timeout: Duration,
    r2: Option<R2Call>,
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
            r2: call.r2,
        }
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

    /// A header that is sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(known, _)| *known == name);
        named.next().map(|(_, value)| value.expose())
    }

    /// What to ask of a binding of the platform, in place of sending anything.
    pub fn r2(&self) -> Option<&R2Call> {
        self.r2.as_ref()
    }

    /// The part that is asked for, where the store leaves it to others to read `Range`.
    pub fn part(&self) -> Option<Part> {
        self.header("range").and_then(Part::parse)
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
