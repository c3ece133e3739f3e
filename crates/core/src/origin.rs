//! The request to the store, built up from what is allowed.
//!
//! Nothing of the viewer's request is passed on but the headers listed here. What is not on
//! the list (cookies, `Authorization`, `x-amz-*`, the ticket's parameters) cannot leak,
//! because nothing copies it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::conditions::{Validators, is_one_range, only_tag};
use crate::request::{Method, Request};
use crate::route::Source;
use crate::secret::Secret;
use crate::store::r2::Part;
use crate::store::{KeyChoice, ObjectCall, OriginCall, R2Call};
use crate::time::UnixTime;

/// The viewer's headers that the store gets: Range and conditions (RFC 9110, sections 13, 14).
/// With a HEAD, for which Range is not defined, the conditions alone.
pub const FORWARDED_HEADERS: [&str; 6] =
    ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];

/// What is asked of a store, whichever it is.
///
/// Stores differ in what they make of conditions and ranges (`docs/http-matrix.md`): lists, `*`,
/// weak tags, two conditions at once, dates that are none, several parts. So a store is sent what
/// all of them understand, and the rest is decided here, by the validators of its answer.
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
        let is_weak = request.header("if-range").is_some_and(|tag| tag.starts_with("W/"));
        // A HEAD is about the whole, but S3 would answer it with 206 and the length of a part.
        // A weak tag lets no part through, and what is not one range may be ignored.
        let is_for_a_part =
            method == Method::Get && !is_weak && request.header("range").is_some_and(is_one_range);
        let forwarded = FORWARDED_HEADERS
            .into_iter()
            .filter(|name| is_for_a_part || !is_of_a_part(name))
            .filter_map(|name| Some((name, request.header(name)?)))
            // RFC 9110, sections 13.1.3 and 13.1.4: a date that is none is no condition.
            .filter(|(name, value)| !name.ends_with("modified-since") || may_be_date(value))
            .map(|(name, value)| (name, Secret::new(quoted(name, value))))
            .collect();
        Self { method, version, forwarded }
    }

    /// A part of an object, without conditions.
    pub(crate) fn part(range: &str, version: Option<String>) -> Self {
        Self { method: Method::Get, version, forwarded: vec![("range", Secret::new(range))] }
    }

    /// The headers that a store is sent: the part, and the one condition that counts first, when
    /// it is of the plainest form.
    fn for_store(&self) -> Vec<(&'static str, Secret)> {
        let of_part = self.forwarded.iter().filter(|(name, _)| is_of_a_part(name)).cloned();
        let condition = self.condition().map(|(name, value)| (name, Secret::new(value)));
        condition.into_iter().chain(of_part).collect()
    }

    fn condition(&self) -> Option<(&'static str, &str)> {
        let dated = |name| Some((name, self.header(name)?));
        let tagged = |name, list| Some((name, only_tag(list)?));
        if let Some(list) = self.header("if-match") {
            tagged("if-match", list).filter(|(_, tag)| !tag.starts_with("W/"))
        } else if let Some(condition) = dated("if-unmodified-since") {
            Some(condition)
        } else if let Some(list) = self.header("if-none-match") {
            // Compared weakly, so the tag counts alone.
            tagged("if-none-match", list)
                .map(|(name, tag)| (name, tag.strip_prefix("W/").unwrap_or(tag)))
        } else {
            dated("if-modified-since")
        }
    }

    /// Whether there are conditions that the store has not been told.
    pub(crate) fn has_conditions_of_its_own(&self) -> bool {
        let has = |name| self.header(name).is_some();
        let must_hold = has("if-match") || has("if-unmodified-since");
        let may_save = has("if-none-match") || has("if-modified-since");
        (must_hold && may_save) || (self.is_conditional() && self.condition().is_none())
    }

    /// The tag of which a 304 of the store has said that it is the object's.
    pub(crate) fn confirmed_tag(&self) -> Option<&str> {
        self.condition().filter(|(name, _)| *name == "if-none-match").map(|(_, tag)| tag)
    }

    /// A header of the viewer's that counts.
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

/// Whether a date may be one: in the form of today, or in one of those of old, which end in
/// `GMT`, too, or have 24 characters (RFC 9110, section 5.6.7).
fn may_be_date(text: &str) -> bool {
    text.ends_with(" GMT") || text.len() == 24
}

/// Clients of Swift send an MD5 as it is where a tag in quotes belongs, and stores take it.
fn quoted<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    let is_bare = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name {
        "if-match" | "if-none-match" if is_bare => format!("\"{value}\"").into(),
        _ => value.into(),
    }
}

fn is_of_a_part(name: &str) -> bool {
    matches!(name, "range" | "if-range")
}

/// A signed request for one object, made by [`Retrieval`](crate::retrieval::Retrieval) alone, and
/// that by [`Access::retrieve`](crate::access::Access::retrieve) alone; or for a page of a
/// [`Listing`](crate::listing::Listing).
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
            headers: call.headers.into_iter().chain(wanted.for_store()).collect(),
            timeout: source.store.timeout(),
            r2: call.r2,
        }
    }

    pub(crate) fn of_list(call: OriginCall, timeout: Duration) -> Self {
        let OriginCall { url, shown, headers, r2 } = call;
        Self { method: Method::Get, url, shown, headers, timeout, r2 }
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
