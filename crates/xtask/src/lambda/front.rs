//! What stands in front of the function: an HTTP server that turns each request into an event.
//!
//! Its own answers: 413 for an event over 6 MB, 502 when the function fails or answers
//! something malformed, 504 when it takes too long; and for a path without the stage what an API
//! answers, 404 or 403. Without anything in front ([`Front::Invoke`]) the body is the event.
//!
//! What is left out: other routes than one for all paths; authorizers, CORS settings, throttling
//! and usage plans of APIs; their limits of 10 MB and of a load balancer's 1 MB; headers that a
//! REST API renames; the case of header names, which a REST API keeps.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::{Invocation, Outcome, SIZE_LIMIT, TIME_LIMIT, event, response};
use crate::http::{Body, Handler, text};
use crate::random;

/// How long a request waits for a process, beside the time that the function takes.
const QUEUE_LIMIT: Duration = Duration::from_secs(30);

/// The stage of the fronts that have one.
pub(super) const STAGE: &str = "prod";

/// What AWS can put in front of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// A function URL.
    FunctionUrl,
    /// An HTTP API at its own domain, payload format 2.0.
    HttpApi {
        /// Whether paths begin with [`STAGE`]; else the stage is `$default`.
        staged: bool,
    },
    /// A REST API, whose stage is [`STAGE`].
    RestApi {
        /// Whether it is asked at its own domain, where paths begin with the stage.
        staged: bool,
    },
    /// An Application Load Balancer.
    LoadBalancer {
        /// Whether the target group has multi-value headers.
        multi_value: bool,
    },
    /// The [Invoke] operation: the event is the body, whatever the path. What the function says when
    /// it fails has the header `x-amz-function-error`.
    ///
    /// [Invoke]: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    Invoke,
}

impl Front {
    /// All that make events of requests.
    pub(crate) const ALL: [Self; 7] = [
        Self::FunctionUrl,
        Self::HttpApi { staged: false },
        Self::HttpApi { staged: true },
        Self::RestApi { staged: true },
        Self::RestApi { staged: false },
        Self::LoadBalancer { multi_value: true },
        Self::LoadBalancer { multi_value: false },
    ];

    /// The path behind the stage, or the answer to one without.
    pub(super) fn path<'p>(&self, path: &'p str) -> Result<&'p str, StatusCode> {
        let refusal = match self {
            Self::HttpApi { staged: true } => StatusCode::NOT_FOUND,
            Self::RestApi { staged: true } => StatusCode::FORBIDDEN,
            _ => return Ok(path),
        };
        match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(STAGE)) {
            Some("") => Ok("/"),
            Some(rest) if rest.starts_with('/') => Ok(rest),
            _ => Err(refusal),
        }
    }
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FunctionUrl => "function-url",
            Self::HttpApi { staged: false } => "http-api",
            Self::HttpApi { staged: true } => "http-api-stage",
            Self::RestApi { staged: true } => "rest-api-stage",
            Self::RestApi { staged: false } => "rest-api-domain",
            Self::LoadBalancer { multi_value: true } => "load-balancer-multi-value",
            Self::LoadBalancer { multi_value: false } => "load-balancer",
            Self::Invoke => "invoke",
        })
    }
}

/// The function's HTTP side.
#[derive(Debug)]
pub(crate) struct Server {
    front: Front,
    queue: mpsc::Sender<Invocation>,
}

impl Server {
    pub(super) fn new(front: Front, queue: mpsc::Sender<Invocation>) -> Self {
        Self { front, queue }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        from: SocketAddr,
    ) -> Result<Response<Body>, StatusCode> {
        let (parts, body) = request.into_parts();
        let path = self.front.path(parts.uri.path())?;
        let body = Limited::new(body, SIZE_LIMIT)
            .collect()
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?
            .to_bytes();
        let request_id = random::uuid().map_err(|_| StatusCode::BAD_GATEWAY)?;
        let sent = event::Sent {
            parts: &parts,
            path,
            body: &body,
            source: from.ip().to_string(),
            id: &request_id,
            now: SystemTime::now(),
        };
        let event = Bytes::from(event::from_request(self.front, &sent).to_string());
        if event.len() > SIZE_LIMIT {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let (reply, outcome) = oneshot::channel();
        let invocation = Invocation { request_id, event, reply };
        let invoked = async {
            self.queue.send(invocation).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
            // A reply that is dropped means that the process is gone.
            outcome.await.map_err(|_| StatusCode::BAD_GATEWAY)
        };
        let limit = TIME_LIMIT + QUEUE_LIMIT;
        match tokio::time::timeout(limit, invoked)
            .await
            .map_err(|_| StatusCode::GATEWAY_TIMEOUT)??
        {
            Outcome::Answered(answer) => {
                response::from_answer(self.front, &answer).map_err(|error| {
                    eprintln!("uploads: {error:#}");
                    StatusCode::BAD_GATEWAY
                })
            }
            Outcome::Failed(said) if self.front == Front::Invoke => {
                Ok(response::from_failure(said))
            }
            Outcome::Failed(_) => Err(StatusCode::BAD_GATEWAY),
            Outcome::TimedOut => Err(StatusCode::GATEWAY_TIMEOUT),
        }
    }
}

impl Handler for Server {
    async fn handle(&self, request: Request<Incoming>, from: SocketAddr) -> Response<Body> {
        self.answer(request, from).await.unwrap_or_else(|status| match status {
            StatusCode::PAYLOAD_TOO_LARGE => text(status, "the request is over 6 MB"),
            StatusCode::GATEWAY_TIMEOUT => text(status, "the function took too long"),
            StatusCode::NOT_FOUND => text(status, r#"{"message":"Not Found"}"#),
            StatusCode::FORBIDDEN => text(status, r#"{"message":"Forbidden"}"#),
            _ => text(status, "the function failed"),
        })
    }
}
