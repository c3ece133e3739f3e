//! AWS Lambda on this machine, as far as the upload function needs it: the real binary runs
//! under a Runtime API ([`runtime_api`]) and is reached through what AWS can put in front of it
//! ([`front`]).
//!
//! ```text
//! HTTP request ─▶ front ─event─▶ queue ─▶ Runtime API ◀─next── function's process
//! HTTP response ◀───────────── answer ◀──────────────◀─response─
//! ```
//!
//! What it does as AWS does: one event at a time for each process, up to four processes, a time
//! limit, 6 MB for request and response, a new process after a crash. What it leaves out:
//! freezing between events, the memory limit, response streaming, IAM authorization,
//! throttling, and the CORS settings of a function URL (the function answers preflights).

mod event;
mod front;
mod instance;
mod response;
mod runtime_api;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{Mutex, mpsc, oneshot};

pub(crate) use front::Front;
pub(crate) use instance::{Function, run};
pub(crate) use trial::{Trial, event_of};

/// How many processes serve events at once.
pub(crate) const INSTANCES: usize = 4;

/// How long the function may take for an event. The same as in template.yaml.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The most bytes of an event and of an answer.
const SIZE_LIMIT: usize = 6 * 1024 * 1024;

/// An event on its way to the function.
#[derive(Debug)]
struct Invocation {
    request_id: String,
    event: Bytes,
    reply: oneshot::Sender<Outcome>,
}

/// What became of an event.
#[derive(Debug)]
enum Outcome {
    /// The function's answer.
    Answered(Bytes),
    /// The function failed, and said this; or its process ended, and nothing was said.
    Failed(Bytes),
    /// The function took longer than [`TIME_LIMIT`].
    TimedOut,
}

type Queue = Arc<Mutex<mpsc::Receiver<Invocation>>>;

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use hyper::{Request, StatusCode};
    use serde_json::{Value, json};
    use tokio::task::JoinHandle;

    use super::front::{Front, Server};
    use super::runtime_api::RuntimeApi;
    use super::*;
    use crate::http::{Answer, listen, send, serve};

    /// A function URL and a Runtime API, and a test in the place of the function.
    struct Bench {
        url: String,
        runtime: String,
        api: Arc<RuntimeApi>,
    }

    impl Bench {
        async fn new() -> Self {
            let (sender, receiver) = mpsc::channel(8);
            let api = Arc::new(RuntimeApi::new(
                Arc::new(Mutex::new(receiver)),
                "arn:aws:lambda".to_owned(),
            ));
            let (url_listener, url) = listen(0).await.unwrap();
            let (api_listener, runtime) = listen(0).await.unwrap();
            tokio::spawn(serve(url_listener, Arc::new(Server::new(Front::FunctionUrl, sender))));
            tokio::spawn(serve(api_listener, Arc::clone(&api)));
            let runtime = format!("http://127.0.0.1:{runtime}/2018-06-01/runtime");
            Self { url: format!("http://127.0.0.1:{url}"), runtime, api }
        }

        /// A viewer's request, under way.
        fn request(&self, path: &str, body: Vec<u8>) -> JoinHandle<Answer> {
            let request = Request::post(format!("{}{path}", self.url))
                .header("content-type", "application/json");
            let request = request.body(Full::from(body)).unwrap();
            tokio::spawn(async { send(request).await.unwrap() })
        }

        async fn next(&self) -> (String, Value) {
            let request = Request::get(format!("{}/invocation/next", self.runtime))
                .body(Full::default())
                .unwrap();
            let answer = send(request).await.unwrap();
            let id = answer.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned();
            assert!(
                answer.headers()["lambda-runtime-deadline-ms"]
                    .to_str()
                    .unwrap()
                    .parse::<u64>()
                    .is_ok()
            );
            (id, serde_json::from_slice(answer.body()).unwrap())
        }

        async fn post(&self, id: &str, what: &str, body: Vec<u8>) -> StatusCode {
            let uri = format!("{}/invocation/{id}/{what}", self.runtime);
            send(Request::post(uri).body(Full::from(body)).unwrap()).await.unwrap().status()
        }
    }

    #[tokio::test]
    async fn a_request_is_answered_by_the_function() {
        let bench = Bench::new().await;
        let viewer = bench.request("/uploads/a%2Fb?x=1", b"{}".to_vec());
        let (id, event) = bench.next().await;
        assert_eq!(event["rawPath"], "/uploads/a%2Fb");
        assert_eq!(event["requestContext"]["requestId"], id.as_str());
        let answer = json!({ "statusCode": 201, "headers": { "x-a": "b" }, "body": "made" });
        assert_eq!(bench.post("other", "response", Vec::new()).await, 400);
        assert_eq!(bench.post(&id, "response", answer.to_string().into()).await, 202);
        assert_eq!(bench.post(&id, "response", answer.to_string().into()).await, 400);
        let answer = viewer.await.unwrap();
        assert_eq!(
            (answer.status(), answer.body().as_ref()),
            (StatusCode::CREATED, b"made".as_slice())
        );
        assert_eq!(answer.headers()["x-a"], "b");
    }

    #[tokio::test]
    async fn a_failure_is_502() {
        let bench = Bench::new().await;
        let viewer = bench.request("/", Vec::new());
        let (id, _) = bench.next().await;
        assert_eq!(bench.post(&id, "error", b"{}".to_vec()).await, 202);
        assert_eq!(viewer.await.unwrap().status(), 502);

        let viewer = bench.request("/", Vec::new());
        let (id, _) = bench.next().await;
        bench.post(&id, "response", b"not JSON".to_vec()).await;
        assert_eq!(viewer.await.unwrap().status(), 502);
    }

    #[tokio::test]
    async fn the_event_of_a_process_that_ended_is_lost() {
        let bench = Bench::new().await;
        let viewer = bench.request("/", Vec::new());
        bench.next().await;
        assert!(bench.api.reset(), "it had asked for an event");
        assert_eq!(viewer.await.unwrap().status(), 502);
        assert!(!bench.api.reset(), "the next process has not");
    }

    #[tokio::test]
    async fn six_megabytes_are_the_limit() {
        let bench = Bench::new().await;
        let viewer = bench.request("/", vec![b' '; SIZE_LIMIT + 1]);
        assert_eq!(viewer.await.unwrap().status(), 413);

        let viewer = bench.request("/", Vec::new());
        let (id, _) = bench.next().await;
        assert_eq!(bench.post(&id, "response", vec![b' '; SIZE_LIMIT + 1]).await, 413);
        assert_eq!(viewer.await.unwrap().status(), 502);
    }
}
