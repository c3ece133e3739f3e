//! Reading a question.

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::{Request, RequestError, Scheme};
use cloakroom_core::time::UnixTime;
use serde_json::Value;

pub(crate) fn text<'q>(question: &'q Value, name: &str) -> &'q str {
    question.get(name).and_then(Value::as_str).unwrap()
}

pub(crate) fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn time(question: &Value, name: &str) -> UnixTime {
    UnixTime::parse_amz_date(text(question, name)).unwrap()
}

pub(crate) fn now(question: &Value) -> UnixTime {
    question.get("now").and_then(Value::as_u64).map(UnixTime::from_secs).unwrap()
}

pub(crate) fn split_url(url: &str) -> (Endpoint, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(authority..).unwrap();
    let end = rest.find('/').map_or(url.len(), |at| authority + at);
    let (endpoint, target) = url.split_at_checked(end).unwrap();
    (Endpoint::parse(endpoint).unwrap(), if target.is_empty() { "/" } else { target })
}

pub(crate) fn headers(question: &Value) -> Vec<(&str, &str)> {
    fn pair(pair: &Value) -> Option<(&str, &str)> {
        Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?))
    }
    match question.get("headers").unwrap() {
        // A list, where a name comes more than once.
        Value::Array(pairs) => pairs.iter().map(|each| pair(each).unwrap()).collect(),
        headers => {
            let headers = headers.as_object().unwrap();
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
        }
    }
}

pub(crate) fn request<'q>(
    question: &'q Value,
    endpoint: &'q Endpoint,
    target: &'q str,
) -> Result<Request<'q>, RequestError> {
    let mut headers = headers(question);
    headers.push(("host", endpoint.host()));
    let is_http = text(question, "url").starts_with("http:");
    let scheme = if is_http { Scheme::Http } else { Scheme::Https };
    let address = question.get("client_ip").and_then(Value::as_str);
    let address = address.map(|address| address.parse().unwrap());
    Request::parse(text(question, "method"), target, headers)
        .map(|request| request.over(scheme).from_address(address))
}
