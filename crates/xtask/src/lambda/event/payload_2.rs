//! Payload format 2.0: function URLs, as
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html> describes it, and HTTP
//! APIs:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.
//!
//! The two differ in the path: a function URL passes on what was sent, an HTTP API decodes it,
//! ends it at a `?` that was escaped, and puts its stage in front.

use hyper::header::{COOKIE, USER_AGENT};
use serde_json::{Value, json};

use super::{Sent, clf_time, decode, object, parameters, set, text_of};
use crate::lambda::front::STAGE;

pub(super) fn of_function_url(sent: &Sent<'_>) -> Value {
    event(sent, sent.path, "local.lambda-url.us-east-1.on.aws", "$default")
}

pub(super) fn of_http_api(sent: &Sent<'_>, staged: bool) -> Value {
    let decoded = decode(sent.path, b'+');
    let path = decoded.split('?').next().unwrap_or_default();
    let domain = "local.execute-api.us-east-1.amazonaws.com";
    if staged {
        event(sent, &format!("/{STAGE}{path}"), domain, STAGE)
    } else {
        event(sent, path, domain, "$default")
    }
}

fn event(sent: &Sent<'_>, path: &str, domain: &str, stage: &str) -> Value {
    let headers = &sent.parts.headers;
    let names = sent.headers().into_iter().filter(|(name, _)| name != COOKIE.as_str());
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": sent.query(),
        "headers": object(names.map(|(name, values)| (name, values.join(",").into()))),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": "local",
            "http": {
                "method": sent.parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": sent.source,
                "userAgent": text_of(headers, &USER_AGENT),
            },
            "requestId": sent.id,
            "routeKey": "$default",
            "stage": stage,
            "time": clf_time(sent.epoch_ms()),
            "timeEpoch": sent.epoch_ms(),
        },
    });
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies: Vec<_> =
        cookies.flat_map(|line| line.split(';')).map(|cookie| cookie.trim()).collect();
    if !cookies.is_empty() {
        set(&mut event, "cookies", cookies.into());
    }
    let parameters = parameters(sent.query()).into_iter().map(|(name, values)| {
        let values: Vec<_> = values.into_iter().map(|value| decode(value, b' ')).collect();
        (decode(name, b' '), values.join(",").into())
    });
    let parameters = object(parameters);
    if !parameters.is_null() {
        set(&mut event, "queryStringParameters", parameters);
    }
    sent.write_body(&mut event, Value::Null);
    event
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::super::sample;
    use super::*;
    use crate::lambda::front::Front;

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
        let event = sample(Front::FunctionUrl, request);
        assert_eq!(event["rawPath"], "/a%2Fb/%20");
        assert_eq!(event["rawQueryString"], "x=1&x=%32&y=a+b&z");
        assert_eq!(event["queryStringParameters"], json!({ "x": "1,2", "y": "a b", "z": "" }));
        assert_eq!(event["headers"]["accept"], "a,b");
        assert_eq!(event["headers"]["host"], "127.0.0.1:9001");
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
    fn an_http_api_decodes_the_path() {
        let path = |front, target: &str| {
            sample(front, Request::get(target).body("").unwrap())["rawPath"].clone()
        };
        let plain = Front::HttpApi { staged: false };
        assert_eq!(path(plain, "/a%2Fb/%C3%A9+%2541"), "/a/b/é+%41");
        assert_eq!(path(plain, "/a%3Fb/c?d"), "/a");
        assert_eq!(path(Front::HttpApi { staged: true }, "/prod/a%20b"), "/prod/a b");
    }
}
