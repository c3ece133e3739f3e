//! Events' answers as HTTP responses.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, SET_COOKIE};
use hyper::http::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::front::Front;
use crate::http::Body;

/// The response that a function's answer stands for.
///
/// Headers are one of each name in `headers`, with cookies in `cookies`, in payload format 2.0;
/// both in `headers` and `multiValueHeaders` at a REST API; and at a load balancer in the one that
/// its events have. In format 2.0 an answer without `statusCode` is itself the body, as JSON.
pub(super) fn from_answer(front: Front, answer: &[u8]) -> Result<Response<Body>> {
    let answer: Value =
        serde_json::from_slice(answer).context("the function's answer is not JSON")?;
    if front == Front::Invoke {
        return Ok(Response::new(Full::from(answer.to_string())));
    }
    let is_format_2 = matches!(front, Front::FunctionUrl | Front::HttpApi { .. });
    let Some(status) = answer.get("statusCode") else {
        if !is_format_2 {
            bail!("the function's answer has no `statusCode`");
        }
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
    for (name, value) in headers_of(front, &answer) {
        let name: HeaderName = name.parse().context("a header's name is malformed")?;
        let value = HeaderValue::from_str(&value)
            .with_context(|| format!("the value of `{name}` is malformed"))?;
        if name == SET_COOKIE && is_format_2 {
            bail!("`set-cookie` goes into `cookies`");
        }
        // The length and the framing are the server's own.
        if !matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding") {
            headers.append(name, value);
        }
    }
    let cookies = answer.get("cookies").filter(|_| is_format_2);
    for cookie in cookies.and_then(Value::as_array).into_iter().flatten() {
        let cookie = cookie.as_str().context("a cookie is not text")?;
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie).context("a cookie is malformed")?);
    }
    if !headers.contains_key(CONTENT_TYPE) && !matches!(front, Front::LoadBalancer { .. }) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

/// The response of *Invoke* when the function has failed.
pub(super) fn from_failure(said: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::from(said));
    let unhandled = HeaderValue::from_static("Unhandled");
    response.headers_mut().insert("x-amz-function-error", unhandled);
    response
}

fn headers_of(front: Front, answer: &Value) -> Vec<(&str, String)> {
    let (single, multi) = match front {
        Front::FunctionUrl | Front::HttpApi { .. } => (true, false),
        Front::RestApi { .. } => (true, true),
        Front::LoadBalancer { multi_value } => (!multi_value, multi_value),
        Front::Invoke => (false, false),
    };
    let entries = |field: &str, wanted: bool| {
        answer.get(field).filter(|_| wanted).and_then(Value::as_object).into_iter().flatten()
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let single = entries("headers", single).map(|(name, value)| (name.as_str(), text(value)));
    let multi = entries("multiValueHeaders", multi).flat_map(|(name, values)| {
        let values = values.as_array().into_iter().flatten();
        values.map(|value| (name.as_str(), text(value)))
    });
    single.chain(multi).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn to_response(answer: &[u8]) -> Result<Response<Body>> {
        from_answer(Front::FunctionUrl, answer)
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

    #[test]
    fn each_front_reads_the_headers_that_it_knows() {
        let answer = json!({
            "statusCode": 200, "headers": { "x-a": "1" }, "multiValueHeaders": { "x-b": ["2", "3"] }
        });
        let answer = answer.to_string();
        for (front, a, b) in [
            (Front::FunctionUrl, 1, 0),
            (Front::RestApi { staged: true }, 1, 2),
            (Front::LoadBalancer { multi_value: false }, 1, 0),
            (Front::LoadBalancer { multi_value: true }, 0, 2),
        ] {
            let response = from_answer(front, answer.as_bytes()).unwrap();
            let count = |name: &str| response.headers().get_all(name).iter().count();
            assert_eq!((count("x-a"), count("x-b")), (a, b), "{front}");
        }
        let error = from_answer(Front::RestApi { staged: true }, b"{}").unwrap_err();
        assert!(error.to_string().contains("no `statusCode`"));
    }
}
