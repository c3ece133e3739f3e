//! The function: an AWS Lambda that issues uploads, confirms them, signs URLs for reading, and
//! sends readers to the store.
//!
//! The environment, the clock, random bytes, one SDK call ([`store`]) and signatures of private
//! keys ([`private_keys`]) are here; everything else is the core's [`Desk`].
//!
//! Environment: `POLICY` holds the policy document, and each secret that it names is a
//! variable of that name.

mod private_keys;
mod store;
mod swift;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cloakroom_core::client::Client;
use cloakroom_core::desk::answer::Answer;
use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::log::LogLine;
use cloakroom_core::policy::Policy;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::{Request, RequestError, Scheme};
use cloakroom_core::time::UnixTime;
use lambda_http::http::HeaderValue;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, RequestExt, Response, run, service_fn};
use serde_json::json;

use crate::private_keys::PrivateKeys;
use crate::store::Stores;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (desk, keys) = configure().map_err(|problem| {
        eprintln!("{}", json!({ "level": "error", "problem": problem }));
        Error::from(problem)
    })?;
    let (desk, keys, stores) = (Arc::new(desk), Arc::new(keys), Arc::new(Stores::default()));
    run(service_fn(move |event: lambda_http::Request| {
        let (desk, keys, stores) = (Arc::clone(&desk), Arc::clone(&keys), Arc::clone(&stores));
        async move { handle(&desk, &keys, &stores, &event).await }
    }))
    .await
}

fn configure() -> Result<(Desk, PrivateKeys), String> {
    let text = std::env::var("POLICY").map_err(|_| "variable `POLICY` is not set".to_owned())?;
    let policy = Policy::parse(&text).map_err(|error| error.to_string())?;
    let secret = |name: &str| std::env::var(name).ok();
    let desk = Desk::new(&policy, &secret).map_err(|error| error.to_string())?;
    let keys = PrivateKeys::read(&desk)?;
    Ok((desk, keys))
}

async fn handle(
    desk: &Desk,
    keys: &PrivateKeys,
    stores: &Stores,
    event: &lambda_http::Request,
) -> Result<Response<Body>, Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("no random bytes: {error}"))?;
    let target = target(event);
    let answer = match read(event, &target) {
        Ok(request) => {
            let mut step = desk.handle(&request, event.body(), now()?, random);
            loop {
                step = match step {
                    Step::Answer(answer) => break answer,
                    Step::Check(checking) => {
                        let holds = cloakroom_asymmetric::holds(checking.check());
                        checking.answer(holds)
                    }
                    Step::Ask(pending) => {
                        let reply = stores.ask(&pending.call(), now()?).await;
                        pending.settle(reply, now()?)
                    }
                    Step::Sign(signing) => {
                        let signatures = keys.sign(&signing);
                        break signing.settle(&signatures);
                    }
                };
            }
        }
        Err(error) => desk.reject(None, &Rejection::Request(error)),
    };
    let id = event.lambda_context_ref().map(|context| context.request_id.as_str());
    let client = Client::new(
        // The platform makes the answer to a HEAD out of that to a GET.
        "GET",
        &target,
        // What cannot be read says nothing about the reader.
        event.headers().iter().filter_map(|(n, v)| Some((n.as_str(), v.to_str().ok()?))),
        id.unwrap_or_default(),
    );
    let answer = answer.told_to(&client);
    log(event, &answer, id, now()?);
    let mut response = Response::builder().status(answer.status);
    if let Some(id) = id {
        response = response.header("x-request-id", id);
    }
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Body::from(answer.body))?)
}

/// Path and query as sent. The event's `uri` has been through a URL parser, which resolves
/// dots in the path.
fn target(event: &lambda_http::Request) -> String {
    let path = event.raw_http_path();
    match event.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

fn read<'e>(event: &'e lambda_http::Request, target: &'e str) -> Result<Request<'e>, RequestError> {
    let text = |value: &'e HeaderValue| str::from_utf8(value.as_bytes()).ok();
    // A header that cannot be read is not one to decide without.
    let headers: Option<Vec<_>> =
        event.headers().iter().map(|(name, value)| Some((name.as_str(), text(value)?))).collect();
    let headers = headers.ok_or(RequestError::MalformedHeader)?;
    let request = Request::parse(event.method().as_str(), target, headers)?;
    // What is in front of the function says so; a client's own word is not passed on.
    let scheme = match request.header("x-forwarded-proto") {
        Some("http") => Scheme::Http,
        _ => Scheme::Https,
    };
    Ok(request.over(scheme).from_address(source_address(event)))
}

/// The caller's address as the platform in front of the function saw it.
fn source_address(event: &lambda_http::Request) -> Option<IpAddr> {
    let source = match event.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref(),
        _ => None,
    };
    source?.parse().ok()
}

fn now() -> Result<UnixTime, Error> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(UnixTime::from_secs(since_epoch.as_secs()))
}

/// One line of JSON for each request. An upload id is a permission, so the path is not written.
fn log(event: &lambda_http::Request, answer: &Answer, id: Option<&str>, time: UnixTime) {
    let mut line = LogLine::new(time, id.unwrap_or_default(), event.method().as_str());
    line.trail(&answer.log.trail);
    line.verdict(&answer.log.verdict);
    line.answered(answer.status, u64::try_from(answer.body.len()).ok());
    println!("{line}");
}
