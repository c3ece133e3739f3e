//! Application Load Balancers:
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>.
//!
//! Path and parameters are passed on as they were sent: all of a name where the target group has
//! multi-value headers, else the last.

use serde_json::{Map, Value, json};

use super::{Sent, parameters, set};

pub(super) fn event(sent: &Sent<'_>, multi_value: bool) -> Value {
    let headers = sent.headers();
    let headers = headers.iter().map(|(name, values)| {
        (name.as_str(), values.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let parameters = parameters(sent.query());
    let mut event = json!({
        "requestContext": { "elb": {
            "targetGroupArn":
                "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/local/0"
        } },
        "httpMethod": sent.parts.method.as_str(),
        "path": sent.path,
    });
    if multi_value {
        set(&mut event, "multiValueHeaders", all_of_each(headers));
        set(&mut event, "multiValueQueryStringParameters", all_of_each(parameters));
    } else {
        set(&mut event, "headers", last_of_each(headers));
        set(&mut event, "queryStringParameters", last_of_each(parameters));
    }
    sent.write_body(&mut event, "".into());
    event
}

fn all_of_each<'e>(entries: impl IntoIterator<Item = (&'e str, Vec<&'e str>)>) -> Value {
    let entries = entries.into_iter().map(|(name, values)| (name.to_owned(), values.into()));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn last_of_each<'e>(entries: impl IntoIterator<Item = (&'e str, Vec<&'e str>)>) -> Value {
    let last = |(name, values): (&str, Vec<&str>)| {
        (name.to_owned(), values.last().copied().unwrap_or_default().into())
    };
    Value::Object(entries.into_iter().map(last).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::super::sample;
    use super::*;
    use crate::lambda::front::Front;

    #[test]
    fn a_request_becomes_an_event() {
        let request = || {
            let request = Request::get("/a%2Fb?x=1&x=%2B+&y").header("Accept", "a");
            request.header("Accept", "b").body("").unwrap()
        };
        let event = sample(Front::LoadBalancer { multi_value: true }, request());
        assert_eq!((&event["path"], &event["body"]), (&json!("/a%2Fb"), &json!("")));
        assert_eq!(event["multiValueHeaders"]["accept"], json!(["a", "b"]));
        let parameters = json!({ "x": ["1", "%2B+"], "y": [""] });
        assert_eq!(event["multiValueQueryStringParameters"], parameters);
        assert_eq!(event.get("headers"), None);

        let event = sample(Front::LoadBalancer { multi_value: false }, request());
        assert_eq!(event["headers"]["accept"], "b");
        assert_eq!(event["queryStringParameters"], json!({ "x": "%2B+", "y": "" }));
        assert_eq!(event.get("multiValueHeaders"), None);
    }
}
