//! REST APIs, with one proxy resource for all paths:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>.
//!
//! The path is passed on as it was sent. At the API's own domain the stage in front of it is only
//! in `requestContext.path`; at a custom domain the two are the same. Parameters are decoded, and
//! their order is lost.

use hyper::header::USER_AGENT;
use serde_json::{Value, json};

use super::{Sent, clf_time, decode, object, parameters, text_of};
use crate::lambda::front::STAGE;

pub(super) fn event(sent: &Sent<'_>, staged: bool) -> Value {
    let whole_path = if staged { format!("/{STAGE}{}", sent.path) } else { sent.path.to_owned() };
    let headers = sent.headers();
    let parameters: Vec<_> = parameters(sent.query())
        .into_iter()
        .map(|(name, values)| {
            let values: Vec<_> = values.into_iter().map(|value| decode(value, b' ')).collect();
            (decode(name, b' '), values)
        })
        .collect();
    let mut event = json!({
        "resource": "/{proxy+}",
        "path": sent.path,
        "httpMethod": sent.parts.method.as_str(),
        "headers": last_of_each(&headers),
        "multiValueHeaders": all_of_each(&headers),
        "queryStringParameters": last_of_each(&parameters),
        "multiValueQueryStringParameters": all_of_each(&parameters),
        "pathParameters": { "proxy": sent.path.trim_start_matches('/') },
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": sent.host(),
            "httpMethod": sent.parts.method.as_str(),
            "identity": {
                "sourceIp": sent.source,
                "userAgent": text_of(&sent.parts.headers, &USER_AGENT),
            },
            "path": whole_path,
            "protocol": "HTTP/1.1",
            "requestId": sent.id,
            "requestTime": clf_time(sent.epoch_ms()),
            "requestTimeEpoch": sent.epoch_ms(),
            "resourcePath": "/{proxy+}",
            "stage": STAGE,
        },
    });
    sent.write_body(&mut event, Value::Null);
    event
}

fn last_of_each(entries: &[(String, Vec<String>)]) -> Value {
    let last = |(name, values): &(String, Vec<String>)| {
        (name.clone(), values.last().map_or(Value::Null, |value| value.as_str().into()))
    };
    object(entries.iter().map(last))
}

fn all_of_each(entries: &[(String, Vec<String>)]) -> Value {
    object(entries.iter().map(|(name, values)| (name.clone(), values.clone().into())))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::super::sample;
    use super::*;
    use crate::lambda::front::Front;

    #[test]
    fn a_request_becomes_an_event() {
        let request = |target: &str| {
            Request::get(target).header("Accept", "a").header("Accept", "b").body("").unwrap()
        };
        let event = sample(Front::RestApi { staged: true }, request("/prod/a%2Fb?x=1&x=%2B+"));
        assert_eq!((&event["path"], &event["httpMethod"]), (&json!("/a%2Fb"), &json!("GET")));
        assert_eq!(event["requestContext"]["path"], "/prod/a%2Fb");
        assert_eq!(event["requestContext"]["identity"]["sourceIp"], "127.0.0.1");
        assert_eq!(event["headers"]["accept"], "b");
        assert_eq!(event["multiValueHeaders"]["accept"], json!(["a", "b"]));
        assert_eq!(event["queryStringParameters"], json!({ "x": "+ " }));
        assert_eq!(event["multiValueQueryStringParameters"], json!({ "x": ["1", "+ "] }));
        assert_eq!((&event["body"], event.get("version")), (&Value::Null, None));

        let event = sample(Front::RestApi { staged: false }, request("/v1/a"));
        assert_eq!(event["path"], event["requestContext"]["path"]);
        assert_eq!(event["multiValueQueryStringParameters"], Value::Null);
    }
}
