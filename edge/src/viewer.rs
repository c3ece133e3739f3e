//! The viewer's request as the core wants it, and the answer as the platform wants it.

use std::net::IpAddr;

use cloakroom_core::client::{Client, Told};
use cloakroom_core::log::LogLine;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::Scheme;

use crate::platform::{Body, pairs, respond as respond_by_platform};

/// What is read of a request.
pub(crate) struct ViewerRequest<'a> {
    /// The id that answer and log share.
    pub(crate) id: &'a str,
    /// The method.
    pub(crate) method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> ViewerRequest<'a> {
    /// Reads what the platform has written: method, URL and id on lines, then headers.
    pub(crate) fn read(written: &'a str) -> Self {
        let mut parts = written.splitn(4, '\n');
        let mut next = || parts.next().unwrap_or_default();
        let (method, url, id) = (next(), next(), next());
        Self { id, method, url, headers: pairs(next()).collect() }
    }

    /// What the request came over.
    pub(crate) fn scheme(&self) -> Scheme {
        if self.url.starts_with("http://") { Scheme::Http } else { Scheme::Https }
    }

    /// The viewer's address; the platform sets this header and nobody else can.
    pub(crate) fn client_address(&self) -> Option<IpAddr> {
        let header = self.headers.iter().find(|(name, _)| *name == "cf-connecting-ip");
        header.and_then(|(_, address)| address.parse().ok())
    }

    /// Path and query as sent.
    pub(crate) fn target(&self) -> &'a str {
        let after_scheme = self.url.split_once("://").map_or(self.url, |(_, rest)| rest);
        after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/")
    }

    /// The headers; the platform gives names in lower case.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.headers.iter().copied()
    }

    /// Who reads the answer.
    fn client(&self) -> Client<'_> {
        Client::new(self.method, self.target(), self.headers(), self.id)
    }
}

/// What the viewer gets.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// A body that the platform passes on, and that is never touched here; or one that was made.
    body: Result<Option<Body>, String>,
}

impl Answer {
    /// Sends it, and writes the log.
    pub(crate) fn send(&self, log: &LogLine) {
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let mut headers = own.chain([("x-request-id", log.request_id())]);
        let body = self.body.as_ref().copied().map_err(String::as_str);
        respond_by_platform(self.status, &mut headers, body, &log.to_string());
    }
}

/// An answer with a body of the platform, if any.
pub(crate) fn respond(
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
    log: &mut LogLine,
) -> Answer {
    let length = headers.iter().find(|(name, _)| *name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok());
    log.answered(status, if body.is_some() { length } else { Some(0) });
    Answer { status, headers, body: Ok(body) }
}

/// An answer that was made here.
pub(crate) fn respond_text(
    status: u16,
    headers: Vec<(&'static str, String)>,
    text: String,
    log: &mut LogLine,
) -> Answer {
    log.answered(status, u64::try_from(text.len()).ok());
    Answer { status, headers, body: Err(text) }
}

/// The answer to a request that is not served.
pub(crate) fn reject(
    rejection: &Rejection,
    cors: Vec<(&'static str, String)>,
    viewer: &ViewerRequest<'_>,
    log: &mut LogLine,
) -> Answer {
    let Told { status, headers, body } = viewer.client().tell(rejection, cors);
    respond_text(status, headers, body, log)
}

/// The answer while policy or secrets are not in order. The log says what is wrong with them.
pub(crate) fn not_configured(log: &mut LogLine) -> Answer {
    let body =
        r#"{"code":"NotConfigured","message":"This site is not set up yet. Its log says why."}"#;
    let headers = [("cache-control", "no-store"), ("content-type", "application/json")];
    let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
    respond_text(500, headers, body.to_owned(), log)
}
