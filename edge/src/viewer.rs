//! The viewer's request as the core wants it, and the answer as the platform wants it.

use std::net::IpAddr;

use cloakroom_core::client::{Client, Told};
use cloakroom_core::log::LogLine;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::Scheme;
use js_sys::{Array, JsString, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, ReadableStream, Request, Response, ResponseInit, WorkerGlobalScope};

/// What is read of a request.
pub(crate) struct ViewerRequest {
    /// The id that answer and log share.
    pub(crate) id: String,
    /// The method.
    pub(crate) method: String,
    url: String,
    headers: Vec<(String, String)>,
}

impl ViewerRequest {
    pub(crate) fn read(request: &Request) -> worker::Result<Self> {
        let mut headers = read_headers(&request.headers());
        if let Some(sent) = accept_encoding_as_sent(request) {
            headers.retain(|(name, _)| name != "accept-encoding");
            headers.push(("accept-encoding".to_owned(), sent));
        }
        let ray = headers.iter().find(|(name, _)| name == "cf-ray").map(|(_, id)| id.clone());
        Ok(Self {
            id: ray.unwrap_or_else(random_id),
            method: request.method(),
            url: request.url(),
            headers,
        })
    }

    /// What the request came over.
    pub(crate) fn scheme(&self) -> Scheme {
        if self.url.starts_with("http://") { Scheme::Http } else { Scheme::Https }
    }

    /// The viewer's address; the platform sets this header and nobody else can.
    pub(crate) fn client_address(&self) -> Option<IpAddr> {
        let header = self.headers.iter().find(|(name, _)| name == "cf-connecting-ip");
        header.and_then(|(_, address)| address.parse().ok())
    }

    /// Path and query as sent.
    pub(crate) fn target(&self) -> &str {
        let after_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/")
    }

    /// The headers; the platform gives names in lower case.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Who reads the answer.
    fn client(&self) -> Client<'_> {
        Client::new(&self.method, self.target(), self.headers(), &self.id)
    }
}

/// All headers of a request or an answer.
pub(crate) fn read_headers(headers: &Headers) -> Vec<(String, String)> {
    let text = |value: JsValue| value.dyn_into::<JsString>().map(String::from).unwrap_or_default();
    Array::from(headers)
        .iter()
        .map(|entry| {
            let entry: Array = entry.unchecked_into();
            (text(entry.get(0)), text(entry.get(1)))
        })
        .collect()
}

/// An answer whose body, if any, is passed on by the platform and never touched here.
pub(crate) fn respond(
    status: u16,
    headers: &[(&str, String)],
    body: Option<&ReadableStream>,
    log: &mut LogLine,
) -> worker::Result<Response> {
    let length = headers.iter().find(|(name, _)| *name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok());
    log.answered(status, if body.is_some() { length } else { Some(0) });
    let init = init(status, headers, log.request_id())?;
    Ok(Response::new_with_opt_readable_stream_and_init(body, &init)?)
}

/// An answer that was made here.
pub(crate) fn respond_text(
    status: u16,
    headers: &[(&str, String)],
    body: Option<&str>,
    log: &mut LogLine,
) -> worker::Result<Response> {
    let body = body.filter(|body| !body.is_empty());
    log.answered(status, u64::try_from(body.map_or(0, str::len)).ok());
    let init = init(status, headers, log.request_id())?;
    Ok(Response::new_with_opt_str_and_init(body, &init)?)
}

/// The answer to a request that is not served.
pub(crate) fn reject(
    rejection: &Rejection,
    cors: Vec<(&'static str, String)>,
    viewer: &ViewerRequest,
    log: &mut LogLine,
) -> worker::Result<Response> {
    let Told { status, headers, body } = viewer.client().tell(rejection, cors);
    respond_text(status, &headers, Some(&body), log)
}

/// The answer while policy or secrets are not in order. The log says what is wrong with them.
pub(crate) fn not_configured(log: &mut LogLine) -> worker::Result<Response> {
    let body =
        r#"{"code":"NotConfigured","message":"This site is not set up yet. Its log says why."}"#;
    let headers =
        [("cache-control", "no-store".to_owned()), ("content-type", "application/json".to_owned())];
    respond_text(500, &headers, Some(body), log)
}

fn init(status: u16, headers: &[(&str, String)], id: &str) -> worker::Result<ResponseInit> {
    let list = Headers::new()?;
    for (name, value) in headers {
        list.append(name, value)?;
    }
    list.append("x-request-id", id)?;
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&list);
    Ok(init)
}

/// The platform rewrites `accept-encoding`, which some clients sign, and keeps what was sent in
/// the request's `cf` object.
fn accept_encoding_as_sent(request: &Request) -> Option<String> {
    let cf = Reflect::get(request, &"cf".into()).ok().filter(JsValue::is_object)?;
    Reflect::get(&cf, &"clientAcceptEncoding".into()).ok()?.as_string()
}

fn random_id() -> String {
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    global.crypto().map(|crypto| crypto.random_uuid()).unwrap_or_default()
}
