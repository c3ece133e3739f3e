//! HTTP requests as events. What each kind makes of a request is in the module of its kind;
//! what they have in common is here.

mod load_balancer;
mod payload_2;
mod rest_api;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::front::Front;

/// A request that came in, and what an event says beside it.
pub(super) struct Sent<'s> {
    pub(super) parts: &'s Parts,
    /// The path as it was sent, behind a stage.
    pub(super) path: &'s str,
    pub(super) body: &'s Bytes,
    /// The client's address.
    pub(super) source: String,
    pub(super) id: &'s str,
    pub(super) now: SystemTime,
}

/// The event of a request.
pub(super) fn from_request(front: Front, sent: &Sent<'_>) -> Value {
    match front {
        Front::FunctionUrl => payload_2::of_function_url(sent),
        Front::HttpApi { staged } => payload_2::of_http_api(sent, staged),
        Front::RestApi { staged } => rest_api::event(sent, staged),
        Front::LoadBalancer { multi_value } => load_balancer::event(sent, multi_value),
        Front::Invoke => serde_json::from_slice(sent.body).unwrap_or_default(),
    }
}

impl Sent<'_> {
    fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    fn host(&self) -> &str {
        text_of(&self.parts.headers, &HOST).unwrap_or_default()
    }

    /// Milliseconds since 1970.
    fn epoch_ms(&self) -> u64 {
        let since = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or_default()
    }

    /// The headers with what AWS adds: each name with its values, those of `x-forwarded-for` in
    /// one.
    fn headers(&self) -> Vec<(String, Vec<String>)> {
        let headers = &self.parts.headers;
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        let forwarded = HeaderName::from_static("x-forwarded-for");
        let proto = HeaderName::from_static("x-forwarded-proto");
        for name in headers.keys().filter(|name| **name != forwarded && **name != proto) {
            let values = headers.get_all(name).iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            all.push((name.as_str().to_owned(), values.collect()));
        }
        let before = headers.get_all(&forwarded).iter().filter_map(|value| value.to_str().ok());
        let chain: Vec<_> = before.chain([self.source.as_str()]).collect();
        all.push((forwarded.as_str().to_owned(), vec![chain.join(", ")]));
        all.push((proto.as_str().to_owned(), vec!["http".to_owned()]));
        all
    }

    /// Writes the body, in Base64 unless it is text.
    fn write_body(&self, event: &mut Value, none: Value) {
        let text = std::str::from_utf8(self.body).ok().filter(|_| is_text(&self.parts.headers));
        let body = match text {
            _ if self.body.is_empty() => none,
            Some(text) => text.into(),
            None => BASE64_STANDARD.encode(self.body).into(),
        };
        set(event, "isBase64Encoded", (!self.body.is_empty() && text.is_none()).into());
        set(event, "body", body);
    }
}

/// Sets a field of an object.
fn set(event: &mut Value, name: &str, value: Value) {
    if let Some(object) = event.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// The parameters of a query as they were sent, those of one name together.
fn parameters(query: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    all
}

/// An object, or `null` where nothing is in it.
fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    let entries: Map<_, _> = entries.into_iter().collect();
    if entries.is_empty() { Value::Null } else { entries.into() }
}

/// Undoes percent-encoding; `plus` is what `+` means.
fn decode(text: &str, plus: u8) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped =
            hex.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| first == b'%');
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        bytes.push(escaped.unwrap_or(if first == b'+' { plus } else { first }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a body is passed on as text; all others go in Base64.
fn is_text(headers: &HeaderMap) -> bool {
    let media_type = text_of(headers, &CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
}

/// The common log format's time, such as `12/Mar/2026:19:03:58 +0000`.
fn clf_time(epoch_ms: u64) -> Option<String> {
    let epoch = i64::try_from(epoch_ms.checked_div(1000)?).ok()?;
    let time = OffsetDateTime::from_unix_timestamp(epoch).ok()?;
    let month: String = time.month().to_string().chars().take(3).collect();
    let (hour, minute, second) = time.to_hms();
    Some(format!(
        "{:02}/{month}/{}:{hour:02}:{minute:02}:{second:02} +0000",
        time.day(),
        time.year()
    ))
}

/// Events of one request, for the tests of each kind.
#[cfg(test)]
fn sample(front: Front, request: hyper::Request<&str>) -> Value {
    let (parts, body) = request.into_parts();
    from_request(
        front,
        &Sent {
            parts: &parts,
            path: front.path(parts.uri.path()).unwrap(),
            body: &Bytes::from(body.to_owned()),
            source: "127.0.0.1".to_owned(),
            id: "id-1",
            now: UNIX_EPOCH + std::time::Duration::from_millis(1_583_348_638_390),
        },
    )
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_travel_in_base64() {
        for front in Front::ALL {
            let request = Request::put("/prod/").header("Content-Type", "image/png");
            let event = sample(front, request.body("png").unwrap());
            assert_eq!(event["body"], "cG5n", "{front}");
            assert_eq!(event["isBase64Encoded"], true, "{front}");
        }
    }

    #[test]
    fn the_client_stands_behind_whatever_it_sent() {
        for front in Front::ALL {
            let request = Request::get("/prod/").header("X-Forwarded-For", "1.2.3.4");
            let event = sample(front, request.body("").unwrap());
            let headers = event.get("headers").or_else(|| event.get("multiValueHeaders")).unwrap();
            let all = headers["x-forwarded-for"].clone();
            let all = all.as_str().map_or_else(|| all[0].clone(), |text| json!(text));
            assert_eq!(all, "1.2.3.4, 127.0.0.1", "{front}");
        }
    }
}
