//! The function URL: an HTTP server that turns each request into an event.
//!
//! Its own answers: 413 for an event over 6 MB, 502 when the function fails or answers
//! something malformed, 504 when it takes too long.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::{Invocation, Outcome, SIZE_LIMIT, TIME_LIMIT, event};
use crate::http::{Body, Handler, text};
use crate::random;

/// How long a request waits for a process, beside the time that the function takes.
const QUEUE_LIMIT: Duration = Duration::from_secs(30);

/// The function's HTTP side.
#[derive(Debug)]
pub(crate) struct FunctionUrl {
    queue: mpsc::Sender<Invocation>,
}

impl FunctionUrl {
    pub(super) fn new(queue: mpsc::Sender<Invocation>) -> Self {
        Self { queue }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        from: SocketAddr,
    ) -> Result<Response<Body>, StatusCode> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, SIZE_LIMIT)
            .collect()
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let request_id = random::uuid().map_err(|_| StatusCode::BAD_GATEWAY)?;
        let event =
            event::from_request(&parts, &body.to_bytes(), from, &request_id, SystemTime::now());
        let event = Bytes::from(event.to_string());
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
            Outcome::Answered(answer) => event::to_response(&answer).map_err(|error| {
                eprintln!("uploads: {error:#}");
                StatusCode::BAD_GATEWAY
            }),
            Outcome::Failed => Err(StatusCode::BAD_GATEWAY),
            Outcome::TimedOut => Err(StatusCode::GATEWAY_TIMEOUT),
        }
    }
}

impl Handler for FunctionUrl {
    async fn handle(&self, request: Request<Incoming>, from: SocketAddr) -> Response<Body> {
        self.answer(request, from).await.unwrap_or_else(|status| match status {
            StatusCode::PAYLOAD_TOO_LARGE => text(status, "the request is over 6 MB"),
            StatusCode::GATEWAY_TIMEOUT => text(status, "the function took too long"),
            _ => text(status, "the function failed"),
        })
    }
}
