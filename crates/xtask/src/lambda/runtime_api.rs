//! The Runtime API, which a function's process asks for events and gives its answers to:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
//!
//! Each process has one of its own, so that an event is known to be lost when its process ends.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::{Notify, oneshot};

use super::{Invocation, Outcome, Queue, SIZE_LIMIT, TIME_LIMIT};
use crate::http::{Body, Handler, text};
use crate::random;

const PREFIX: &str = "/2018-06-01/runtime/";

/// The Runtime API of one process.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    queue: Queue,
    function_arn: String,
    current: Arc<Mutex<Option<Current>>>,
    asked: AtomicBool,
    overdue: Arc<Notify>,
}

/// The event that the process works on.
#[derive(Debug)]
struct Current {
    request_id: String,
    reply: oneshot::Sender<Outcome>,
}

impl RuntimeApi {
    pub(super) fn new(queue: Queue, function_arn: String) -> Self {
        Self {
            queue,
            function_arn,
            current: Arc::default(),
            asked: AtomicBool::new(false),
            overdue: Arc::default(),
        }
    }

    /// Forgets the process that was served. Returns whether it had ever asked for an event.
    pub(super) fn reset(&self) -> bool {
        if let Some(lost) = lock(&self.current).take() {
            settle(lost, Outcome::Failed(Bytes::new()));
        }
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// Waits until the process has taken too long for an event.
    pub(super) async fn overdue(&self) {
        self.overdue.notified().await;
    }

    async fn next(&self) -> Response<Body> {
        self.asked.store(true, Ordering::Relaxed);
        let Some(Invocation { request_id, event, reply }) = self.take().await else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        };
        let deadline = SystemTime::now() + TIME_LIMIT;
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        if let Some(lost) =
            lock(&self.current).replace(Current { request_id: request_id.clone(), reply })
        {
            settle(lost, Outcome::Failed(Bytes::new()));
        }
        self.watch(request_id.clone());
        let trace_id = random::hex(12).unwrap_or_default();
        Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", request_id)
            .header("lambda-runtime-deadline-ms", deadline_ms.to_string())
            .header("lambda-runtime-invoked-function-arn", &self.function_arn)
            .header("lambda-runtime-trace-id", format!("Root=1-00000000-{trace_id};Sampled=0"))
            .body(Full::new(event))
            .unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "the event cannot be sent"))
    }

    /// The next event that somebody still waits for.
    async fn take(&self) -> Option<Invocation> {
        let mut queue = self.queue.lock().await;
        loop {
            let invocation = queue.recv().await?;
            if !invocation.reply.is_closed() {
                return Some(invocation);
            }
        }
    }

    fn watch(&self, request_id: String) {
        let (current, overdue) = (Arc::clone(&self.current), Arc::clone(&self.overdue));
        tokio::spawn(async move {
            tokio::time::sleep(TIME_LIMIT).await;
            if let Some(late) = take_if(&current, &request_id) {
                settle(late, Outcome::TimedOut);
                overdue.notify_one();
            }
        });
    }

    fn settle(&self, request_id: &str, outcome: Outcome) -> Response<Body> {
        match take_if(&self.current, request_id) {
            Some(current) => {
                settle(current, outcome);
                text(StatusCode::ACCEPTED, "{\"status\":\"OK\"}")
            }
            None => text(StatusCode::BAD_REQUEST, "{\"errorType\":\"InvalidRequestID\"}"),
        }
    }
}

impl Handler for RuntimeApi {
    async fn handle(&self, request: Request<Incoming>, _from: SocketAddr) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let steps: Vec<_> = path.split('/').collect();
        match (&parts.method, steps.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => match read(body).await {
                Some(answer) => self.settle(id, Outcome::Answered(answer)),
                None => {
                    self.settle(id, Outcome::Failed(Bytes::new()));
                    text(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "{\"errorType\":\"Function.ResponseSizeTooLarge\"}",
                    )
                }
            },
            (&Method::POST, ["invocation", id, "error"]) => {
                let said = read(body).await.unwrap_or_default();
                self.settle(id, Outcome::Failed(said))
            }
            // The process writes its reason to its log, and ends.
            (&Method::POST, ["init", "error"]) => text(StatusCode::ACCEPTED, "{\"status\":\"OK\"}"),
            _ => text(StatusCode::NOT_FOUND, "the Runtime API has no such operation"),
        }
    }
}

async fn read(body: Incoming) -> Option<Bytes> {
    Some(Limited::new(body, SIZE_LIMIT).collect().await.ok()?.to_bytes())
}

fn take_if(current: &Mutex<Option<Current>>, request_id: &str) -> Option<Current> {
    lock(current).take_if(|current| current.request_id == request_id)
}

/// A client that went away needs no outcome.
fn settle(current: Current, outcome: Outcome) {
    let _gone = current.reply.send(outcome);
}

/// The value is replaced as a whole, so it is sound even after a panic of its holder.
fn lock(current: &Mutex<Option<Current>>) -> MutexGuard<'_, Option<Current>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}
