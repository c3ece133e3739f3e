//! HTTP requests as events and events' answers as HTTP responses: payload format 2.0, as
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html> describes it.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, SET_COOKIE, USER_AGENT};
use hyper::http::request::Parts;
use hyper::http::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::http::Body;

/// The event of a request. The path is passed on as it was sent.
pub(super) fn from_request(
    parts: &Parts,
    body: &Bytes,
    from: SocketAddr,
    id: &str,
    now: SystemTime,
) -> Value {
    let source = from.ip().to_string();
    let headers = &parts.headers;
    let domain = text_of(headers, &HOST).unwrap_or_default();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch_ms = u64::try_from(since.as_millis()).unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers_of(headers, &source),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": text_of(headers, &USER_AGENT),
            },
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
            "time": clf_time(since.as_secs()),
            "timeEpoch": epoch_ms,
        },
        "isBase64Encoded": false,
    });
    if let Some(object) = event.as_object_mut() {
        let cookies = cookies_of(headers);
        if !cookies.is_empty() {
            object.insert("cookies".to_owned(), cookies.into());
        }
        let parameters = parameters_of(parts.uri.query().unwrap_or_default());
        if !parameters.is_empty() {
            object.insert("queryStringParameters".to_owned(), parameters.into());
        }
        if !body.is_empty() {
            let text = std::str::from_utf8(body).ok().filter(|_| is_text(headers));
            object.insert("isBase64Encoded".to_owned(), text.is_none().into());
            let body = text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned);
            object.insert("body".to_owned(), body.into());
        }
    }
    event
}

/// The response that a function's answer stands for.
///
/// An answer without `statusCode` is itself the body, as JSON.
pub(super) fn to_response(answer: &[u8]) -> Result<Response<Body>> {
    let answer: Value =
        serde_json::from_slice(answer).context("the function's answer is not JSON")?;
    let Some(status) = answer.get("statusCode") else {
        let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        let response = Response::builder().header(CONTENT_TYPE, "application/json");
        return Ok(response.body(Full::from(body))?);
    };
    let status = status.as_u64().and_then(|code| u16::try_from(code).ok());
    let status = status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .context("`statusCode` is not a status")?;
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = match answer.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => BASE64_STANDARD.decode(body).ok().context("`body` is not Base64")?,
        _ => body.as_bytes().to_vec(),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name: HeaderName = name.parse().context("a header's name is malformed")?;
        let value = HeaderValue::from_str(&value)
            .with_context(|| format!("the value of `{name}` is malformed"))?;
        if name == SET_COOKIE {
            bail!("`set-cookie` goes into `cookies`");
        }
        // The length and the framing are the server's own.
        if !matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding") {
            headers.insert(name, value);
        }
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let cookie = cookie.as_str().context("a cookie is not text")?;
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie).context("a cookie is malformed")?);
    }
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

/// The headers, joined by commas, with what AWS adds. Cookies have a place of their own.
fn headers_of(headers: &HeaderMap, source: &str) -> Map<String, Value> {
    let mut joined = Map::new();
    for name in headers.keys().filter(|name| **name != COOKIE) {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        joined.insert(name.as_str().to_owned(), values.join(",").into());
    }
    joined.insert("x-forwarded-for".to_owned(), source.into());
    joined.insert("x-forwarded-proto".to_owned(), "http".into());
    joined
}

fn cookies_of(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(|cookie| cookie.trim().to_owned()).collect()
}

/// Decoded parameters; those of one name are joined by commas.
fn parameters_of(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, mut value) = (decode(name), decode(value));
        if let Some(earlier) = parameters.get(&name).and_then(Value::as_str) {
            value = format!("{earlier},{value}");
        }
        parameters.insert(name, value.into());
    }
    parameters
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped =
            hex.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| first == b'%');
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        bytes.push(escaped.unwrap_or(if first == b'+' { b' ' } else { first }));
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
fn clf_time(epoch: u64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(i64::try_from(epoch).ok()?).ok()?;
    let month: String = time.month().to_string().chars().take(3).collect();
    let (hour, minute, second) = time.to_hms();
    Some(format!(
        "{:02}/{month}/{}:{hour:02}:{minute:02}:{second:02} +0000",
        time.day(),
        time.year()
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::Request;

    use super::*;

    fn event(request: Request<&str>) -> Value {
        let (parts, body) = request.into_parts();
        let from = "127.0.0.1:5000".parse().unwrap();
        let now = UNIX_EPOCH + Duration::from_millis(1_583_348_638_390);
        from_request(&parts, &Bytes::from(body.to_owned()), from, "id-1", now)
    }

    #[test]
    fn a_request_becomes_an_event() {
        let request = Request::post("/a%2Fb/%20?x=1&x=%32&y=a+b&z")
            .header("Host", "127.0.0.1:9001")
            .header("Accept", "a")
            .header("Accept", "b")
            .header("Cookie", "k=v; l=w")
            .header("Content-Type", "application/json; charset=utf-8")
            .body("{}")
            .unwrap();
        let event = event(request);
        assert_eq!(event["rawPath"], "/a%2Fb/%20");
        assert_eq!(event["rawQueryString"], "x=1&x=%32&y=a+b&z");
        assert_eq!(event["queryStringParameters"], json!({ "x": "1,2", "y": "a b", "z": "" }));
        assert_eq!(event["headers"]["accept"], "a,b");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["cookies"], json!(["k=v", "l=w"]));
        assert_eq!(event["body"], "{}");
        assert_eq!(event["isBase64Encoded"], false);
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(event["requestContext"]["time"], "04/Mar/2020:19:03:58 +0000");
        assert_eq!(event["requestContext"]["timeEpoch"], 1_583_348_638_390_u64);
    }

    #[test]
    fn bytes_travel_in_base64() {
        let event =
            event(Request::put("/").header("Content-Type", "image/png").body("png").unwrap());
        assert_eq!(event["body"], "cG5n");
        assert_eq!(event["isBase64Encoded"], true);
    }

    #[test]
    fn an_answer_becomes_a_response() {
        let answer = json!({
            "statusCode": 201, "headers": { "X-A": "1", "Content-Length": "99" },
            "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": true
        });
        let response = to_response(answer.to_string().as_bytes()).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-a"], "1");
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(response.headers()["content-type"], "application/json");
    }

    #[test]
    fn an_answer_without_a_status_is_the_body() {
        assert_eq!(to_response(b"{\"a\":1}").unwrap().status(), 200);
    }

    #[test]
    fn malformed_answers() {
        let check = |answer: &str, why: &str| {
            assert!(
                to_response(answer.as_bytes()).unwrap_err().to_string().contains(why),
                "{answer}"
            );
        };
        check("<html>", "not JSON");
        check(r#"{"statusCode":99999}"#, "not a status");
        check(r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#, "not Base64");
        check(r#"{"statusCode":200,"headers":{"a b":"c"}}"#, "name is malformed");
        check(r#"{"statusCode":200,"headers":{"a":"b\nc"}}"#, "value of `a` is malformed");
    }
}
