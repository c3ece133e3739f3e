//! What stands in front of the function, and the one request that each of its events means.
//!
//! | in front | path | query | several headers of a name | caller |
//! |---|---|---|---|---|
//! | [function URL] | as sent | as sent | joined by commas | `http.sourceIp` |
//! | [HTTP API], payload 2.0 | decoded, behind its stage | as sent | joined by commas | `http.sourceIp` |
//! | [REST API] | as sent, behind a custom domain's base path | decoded, in any order | all | `identity.sourceIp` |
//! | [load balancer] | as sent | as sent | all, or the last | last of `x-forwarded-for` |
//!
//! Path and query become what was sent again, as far as the event tells it, and where it does not,
//! nothing is guessed:
//!
//! - The decoded path of an HTTP API is encoded anew. A `%` in it is a name's own, or an escape
//!   that was left alone: such a path is refused. An escaped slash cannot be told from a slash, and
//!   HTTP APIs cut a path at an escaped `?`.
//! - A stage is no part of the path, so a signature over a path with a stage does not hold.
//! - The parameters of a REST API are encoded as SigV4 has it, which says the same to every dialect
//!   but those that sign the query byte for byte.
//!
//! A load balancer gives the last of several parameters or headers of a name, unless its target
//! group has `lambda.multi_value_headers.enabled`.
//!
//! [function URL]: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
//! [HTTP API]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
//! [REST API]: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
//! [load balancer]: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::{Request, RequestError, Scheme};
use cloakroom_core::route::LocateError;

use crate::payload::{Context, Multi, Payload};
use crate::reply::Form;

/// A request, as what stands in front of the function hands it over.
pub(crate) struct Event {
    method: String,
    path: Path,
    query: String,
    /// In the order of the event; names as they came.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    scheme: Scheme,
    source: Option<IpAddr>,
    /// How the answer is written.
    pub(crate) form: Form,
}

/// A path, percent-encoded.
enum Path {
    /// It may begin with the [`BasePath`].
    Whole(String),
    /// It is known not to.
    BehindBase(String),
    /// It can be read in two ways.
    Ambiguous,
}

/// What paths have in front of `/uploads` and those of routes: an API mapping or base path of a
/// custom domain, or a path of a load balancer's rule. Empty, or like `/media-api`.
#[derive(Clone, Debug, Default)]
struct BasePath(String);

impl BasePath {
    /// Reads the variable `BASE_PATH`.
    fn parse(text: &str) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
        let is_path = text.starts_with('/') && !text.ends_with('/') && !text.contains("//");
        if text.is_empty() || (is_path && text.bytes().all(plain)) {
            return Ok(Self(text.to_owned()));
        }
        Err("variable `BASE_PATH` must be a path such as `/media-api`, without a slash at its end \
             and without escapes"
            .to_owned())
    }

    fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(&self.0).filter(|rest| rest.starts_with('/'))
    }
}

/// Where clients reach the function: an origin, and perhaps a path.
#[derive(Clone, Debug, Default)]
struct PublicUrl(Option<String>);

impl PublicUrl {
    /// Reads the variable `PUBLIC_URL`. When it is empty, it is the host that a request names.
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        // The third slash begins the path.
        let path_at = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
        let (origin, path) = text.split_at(path_at);
        let is_origin =
            Endpoint::parse(origin).is_ok_and(|endpoint| endpoint.to_string() == origin);
        if is_origin && BasePath::parse(path).is_ok() {
            return Ok(Self(Some(text.to_owned())));
        }
        Err("variable `PUBLIC_URL` must be a URL such as `https://uploads.example.com` or \
             `https://api.example.com/media-api`, without a slash at its end"
            .to_owned())
    }
}

/// Where the function is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    base: BasePath,
    url: PublicUrl,
}

impl Place {
    /// Reads the variables `BASE_PATH` and `PUBLIC_URL`.
    pub(crate) fn read(environment: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = |name| environment(name).unwrap_or_default();
        let base = BasePath::parse(&text("BASE_PATH"))?;
        Ok(Self { base, url: PublicUrl::parse(&text("PUBLIC_URL"))? })
    }
}

impl Event {
    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Path and query, behind the base path.
    pub(crate) fn target(&self, place: &Place) -> Result<String, Rejection> {
        let path = match &self.path {
            Path::Whole(path) => place.base.strip(path).ok_or(LocateError::NoRoute)?,
            Path::BehindBase(path) => path,
            Path::Ambiguous => return Err(RequestError::AmbiguousPath.into()),
        };
        Ok(match self.query.as_str() {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        })
    }

    /// The request, for a target of [`Event::target`].
    pub(crate) fn request<'e>(
        &'e self,
        target: &'e str,
        place: &'e Place,
    ) -> Result<Request<'e>, Rejection> {
        let request = Request::parse(&self.method, target, self.headers())?;
        let request = request.over(self.scheme).from_address(self.source);
        Ok(match &place.url.0 {
            Some(url) => request.at(url),
            None => request,
        })
    }
}

impl TryFrom<Payload> for Event {
    type Error = String;

    fn try_from(mut payload: Payload) -> Result<Self, Self::Error> {
        let body = payload.body.take().unwrap_or_default();
        let body = match payload.is_base64_encoded {
            Some(true) => BASE64_STANDARD.decode(body).map_err(|_| "`body` is not Base64")?,
            _ => body.into_bytes(),
        };
        let context = std::mem::take(&mut payload.request_context);
        let event = match payload.version.as_deref() {
            Some("2.0") => from_payload_2(payload, context),
            None if context.elb.is_some() => from_load_balancer(payload),
            None if context.identity.is_some() => from_rest_api(payload, context),
            Some("1.0") => {
                Err("payload format 1.0 is not understood: set 2.0, in which HTTP APIs \
                                say what was sent")
            }
            _ => {
                Err("neither a function URL nor an HTTP API, a REST API, a load balancer, S3 or a \
                      schedule sends this")
            }
        };
        Ok(Self { body, ..event? })
    }
}

/// The event of a function URL or an HTTP API.
fn from_payload_2(payload: Payload, context: Context) -> Result<Event, &'static str> {
    let raw_path = payload.raw_path.ok_or("`rawPath` is missing")?;
    let http = context.http.ok_or("`requestContext.http` is missing")?;
    // A function URL has no other host than its own.
    let of_function_url = |host: &str| host.ends_with(".on.aws") && host.contains(".lambda-url.");
    let path = if context.domain_name.as_deref().is_some_and(of_function_url) {
        Path::Whole(raw_path)
    } else {
        from_decoded(behind_stage(&raw_path, context.stage.as_deref()))
    };
    let mut headers = payload.headers.singles();
    if let Some(cookies) = payload.cookies.filter(|cookies| !cookies.is_empty()) {
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    Ok(Event {
        method: http.method,
        path,
        query: payload.raw_query_string.unwrap_or_default(),
        headers,
        body: Vec::new(),
        scheme: Scheme::Https,
        source: http.source_ip.and_then(|ip| ip.parse().ok()),
        form: Form::WithCookies,
    })
}

/// The event of a REST API.
fn from_rest_api(payload: Payload, context: Context) -> Result<Event, &'static str> {
    let path = payload.path.ok_or("`path` is missing")?;
    let stage = context.stage.unwrap_or_default();
    // At its own domain the context's path has the stage and the event's does not. At a custom
    // domain they are the same, base path and all.
    let behind_stage = context.path.as_deref().and_then(|whole| {
        whole.strip_prefix('/')?.strip_prefix(stage.as_str())?.strip_prefix(path.as_str())
    });
    let source = context.identity.and_then(|identity| identity.source_ip);
    let parameters =
        several(payload.multi_value_query_string_parameters, payload.query_string_parameters);
    let encoded = parameters.into_iter().map(|(name, value)| {
        format!("{}={}", encode(name, Slash::Encode), encode(value, Slash::Encode))
    });
    Ok(Event {
        method: payload.http_method.ok_or("`httpMethod` is missing")?,
        path: match behind_stage {
            Some("") => Path::BehindBase(path),
            _ => Path::Whole(path),
        },
        query: encoded.collect::<Vec<_>>().join("&"),
        headers: several(payload.multi_value_headers, payload.headers),
        body: Vec::new(),
        scheme: Scheme::Https,
        source: source.and_then(|ip| ip.parse().ok()),
        form: Form::Several,
    })
}

/// The event of a load balancer.
fn from_load_balancer(payload: Payload) -> Result<Event, &'static str> {
    let form = match payload.multi_value_headers.is_some() {
        true => Form::Several,
        false => Form::Single,
    };
    let parameters =
        several(payload.multi_value_query_string_parameters, payload.query_string_parameters);
    let parameters = parameters.into_iter().map(|(name, value)| format!("{name}={value}"));
    let headers = several(payload.multi_value_headers, payload.headers);
    let last = |wanted: &str| {
        headers.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, v)| v)
    };
    // The load balancer adds its peer behind whatever the peer has sent.
    let peer = last("x-forwarded-for").and_then(|all| all.rsplit(',').next()).map(str::trim);
    let is_plain = last("x-forwarded-proto").is_some_and(|scheme| scheme == "http");
    let event = Event {
        method: payload.http_method.ok_or("`httpMethod` is missing")?,
        path: Path::Whole(payload.path.ok_or("`path` is missing")?),
        query: parameters.collect::<Vec<_>>().join("&"),
        body: Vec::new(),
        scheme: if is_plain { Scheme::Http } else { Scheme::Https },
        source: peer.and_then(address),
        form,
        headers: Vec::new(),
    };
    Ok(Event { headers, ..event })
}

/// All values, or where the event has only one of each name, those.
fn several(multi: Option<Multi>, single: Multi) -> Vec<(String, String)> {
    multi.unwrap_or(single).singles()
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// The path behind the stage of an HTTP API, which has it unless it is `$default`.
fn behind_stage<'p>(path: &'p str, stage: Option<&str>) -> &'p str {
    let behind = |stage| path.strip_prefix('/')?.strip_prefix(stage);
    match stage.filter(|stage| *stage != "$default").and_then(behind) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

fn from_decoded(path: &str) -> Path {
    // Bytes that are not UTF-8 arrive as U+FFFD.
    if path.contains(['%', char::REPLACEMENT_CHARACTER]) {
        return Path::Ambiguous;
    }
    Path::BehindBase(encode(path, Slash::Keep))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The event of a function URL, as AWS documents it, without what is not read.
    fn function_url(path: &str, query: &str) -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": { "host": "abc.lambda-url.eu-west-1.on.aws", "accept": "a,b" },
            "requestContext": {
                "domainName": "abc.lambda-url.eu-west-1.on.aws", "stage": "$default",
                "http": { "method": "GET", "path": path, "sourceIp": "203.0.113.7" }
            },
            "isBase64Encoded": false
        })
    }

    fn http_api(path: &str, stage: &str) -> Value {
        let mut event = function_url(path, "");
        event["requestContext"]["domainName"] = json!("media.example.com");
        event["requestContext"]["stage"] = json!(stage);
        event
    }

    fn rest_api(path: &str, whole_path: &str, query: Value) -> Value {
        json!({
            "resource": "/{proxy+}", "path": path, "httpMethod": "GET",
            "headers": { "Host": "h", "Accept": "b" },
            "multiValueHeaders": { "Host": ["h"], "Accept": ["a", "b"] },
            "queryStringParameters": null, "multiValueQueryStringParameters": query,
            "requestContext": {
                "path": whole_path, "stage": "prod", "identity": { "sourceIp": "203.0.113.7" }
            },
            "body": null, "isBase64Encoded": false
        })
    }

    fn load_balancer(path: &str, forwarded: &str) -> Value {
        json!({
            "requestContext": { "elb": { "targetGroupArn": "arn:aws:…" } },
            "httpMethod": "GET", "path": path,
            "queryStringParameters": { "x": "%2F+a", "y": "" },
            "headers": { "host": "h", "x-forwarded-for": forwarded, "x-forwarded-proto": "https" },
            "body": "", "isBase64Encoded": false
        })
    }

    fn try_read(event: Value) -> Result<Event, String> {
        let payload: Payload = serde_json::from_value(event).map_err(|error| error.to_string())?;
        Event::try_from(payload)
    }

    fn read(event: Value) -> Event {
        try_read(event).unwrap()
    }

    fn target(event: Value, base: &str) -> Result<String, String> {
        let place = Place { base: BasePath::parse(base).unwrap(), ..Place::default() };
        read(event).target(&place).map_err(|rejection| rejection.row().reason.to_owned())
    }

    fn check(event: Value, expected: &str) {
        assert_eq!(target(event, "").as_deref(), Ok(expected));
    }

    #[test]
    fn a_function_url_says_what_was_sent() {
        let path = "/media/a%2Fb/%252F/%C3%A9+%20..//";
        check(function_url(path, "x=1&x=%32&y=a+b&z"), &format!("{path}?x=1&x=%32&y=a+b&z"));
    }

    #[test]
    fn the_decoded_path_of_an_http_api_is_encoded_anew() {
        check(http_api("/media/été a+b?c#d", "$default"), "/media/%C3%A9t%C3%A9%20a%2Bb%3Fc%23d");
        for ambiguous in ["/media/a%2541", "/media/100%", "/media/%2F", "/media/\u{fffd}"] {
            let reason = target(http_api(ambiguous, "$default"), "").unwrap_err();
            assert_eq!(reason, "ambiguous_path", "{ambiguous}");
        }
    }

    #[test]
    fn the_stage_of_an_http_api_is_no_part_of_the_path() {
        for (path, stage, expected) in [
            ("/prod/uploads", "prod", "/uploads"),
            ("/prod", "prod", "/"),
            ("/prod/", "prod", "/"),
            ("/prod/prod/a", "prod", "/prod/a"),
            ("/production/a", "prod", "/production/a"),
            ("/uploads", "prod", "/uploads"),
            ("/prod/uploads", "$default", "/prod/uploads"),
        ] {
            check(http_api(path, stage), expected);
        }
    }

    #[test]
    fn the_parameters_of_a_rest_api_are_encoded() {
        let query = json!({ "z": ["1", "a b"], "a/b": ["+&=%"], "empty": [""] });
        let event = rest_api("/media/a%2Fb", "/prod/media/a%2Fb", query);
        check(event, "/media/a%2Fb?a%2Fb=%2B%26%3D%25&empty=&z=1&z=a%20b");
        check(rest_api("/a", "/prod/a", Value::Null), "/a");
    }

    #[test]
    fn the_parameters_of_a_load_balancer_are_as_sent() {
        check(load_balancer("/media/a%2Fb", "203.0.113.7"), "/media/a%2Fb?x=%2F+a&y=");
    }

    #[test]
    fn a_base_path_is_taken_off_where_it_can_be() {
        let no_route = || Err("no_route".to_owned());
        let found = || Ok("/media/a".to_owned());
        // At a custom domain both paths are the same; at the API's own there is no base path.
        let rest = |path: &str, whole: &str| target(rest_api(path, whole, Value::Null), "/v1");
        assert_eq!(rest("/v1/media/a", "/v1/media/a"), found());
        assert_eq!(rest("/media/a", "/prod/media/a"), found());
        assert_eq!(rest("/v1/media/a", "/prod/v1/media/a"), Ok("/v1/media/a".to_owned()));
        assert_eq!(rest("/media/a", "/media/a"), no_route());
        assert_eq!(rest("/v10/media/a", "/v10/media/a"), no_route());
        // An HTTP API has taken it off.
        assert_eq!(target(http_api("/media/a", "$default"), "/v1"), found());
        let behind = |path: &str| target(function_url(path, ""), "/v1");
        assert_eq!((behind("/v1/media/a"), behind("/media/a")), (found(), no_route()));
        for wrong in ["v1", "/v1/", "/", "/a//b", "/a%20b"] {
            assert!(BasePath::parse(wrong).is_err(), "{wrong}");
        }
        for url in ["", "https://a.example", "http://127.0.0.1:9001", "https://a.example/prod/v1"] {
            assert!(PublicUrl::parse(url).is_ok(), "{url}");
        }
        for url in ["a.example", "https://a.example/", "https://a.example/v1?x", "ftp://a.example"]
        {
            assert!(PublicUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn each_kind_names_the_caller() {
        let address = |event: Value| {
            let event = read(event);
            let place = Place::default();
            let target = event.target(&place).unwrap();
            event
                .request(&target, &place)
                .unwrap()
                .client_address()
                .map(|address| address.to_string())
        };
        let expected = Some("203.0.113.7".to_owned());
        assert_eq!(address(function_url("/", "")), expected);
        assert_eq!(address(rest_api("/", "/prod/", Value::Null)), expected);
        for forwarded in ["203.0.113.7", "10.0.0.1, 203.0.113.7", "x,203.0.113.7:5000"] {
            assert_eq!(address(load_balancer("/", forwarded)), expected, "{forwarded}");
        }
        assert_eq!(address(load_balancer("/", "203.0.113.7, unknown")), None);
        // What a viewer says of itself counts nowhere else.
        let mut event = function_url("/", "");
        event["headers"]["x-forwarded-for"] = json!("192.0.2.1");
        assert_eq!(address(event), expected);
    }

    #[test]
    fn headers_bodies_and_forms() {
        let mut event = function_url("/", "");
        event["cookies"] = json!(["a=1", "b=2"]);
        event["body"] = json!("e30=");
        event["isBase64Encoded"] = json!(true);
        let event = read(event);
        assert!(event.headers().any(|header| header == ("cookie", "a=1; b=2")));
        assert_eq!((event.body(), event.form), (b"{}".as_slice(), Form::WithCookies));

        let event = read(rest_api("/", "/prod/", Value::Null));
        let accepted: Vec<_> = event.headers().filter(|(name, _)| *name == "Accept").collect();
        assert_eq!(accepted, [("Accept", "a"), ("Accept", "b")]);
        assert_eq!((event.body(), event.form), (b"".as_slice(), Form::Several));

        assert_eq!(read(load_balancer("/", "")).form, Form::Single);
        let mut event = load_balancer("/", "");
        event["multiValueHeaders"] = json!({ "host": ["h", "i"] });
        let event = read(event);
        assert_eq!(event.headers().count(), 2);
        assert_eq!(event.form, Form::Several);
    }

    #[test]
    fn a_health_check_of_a_load_balancer_is_a_request() {
        let event = read(json!({
            "requestContext": { "elb": { "targetGroupArn": "arn:aws:…" } },
            "httpMethod": "GET", "path": "/", "queryStringParameters": {},
            "headers": { "user-agent": "ELB-HealthChecker/2.0" },
            "body": "", "isBase64Encoded": false
        }));
        let place = Place::default();
        let target = event.target(&place).unwrap();
        assert_eq!(
            event.request(&target, &place).unwrap_err(),
            Rejection::Request(RequestError::NoHost)
        );
    }

    #[test]
    fn other_events_are_refused() {
        let check = |event: Value, why: &str| {
            let error = try_read(event).err().unwrap();
            assert!(error.contains(why), "{error}");
        };
        check(json!({ "Records": [] }), "neither a function URL");
        check(json!({ "version": "1.0", "path": "/" }), "set 2.0");
        check(json!({ "version": "2.0", "rawPath": "/" }), "`requestContext.http` is missing");
        let mut event = function_url("/", "");
        event["body"] = json!("?");
        event["isBase64Encoded"] = json!(true);
        check(event, "not Base64");
    }
}
