//! AWS Lambda on this machine, as far as the upload function needs it: the real binary runs
//! under a Runtime API ([`runtime_api`]) and is reached through a function URL
//! ([`function_url`]).
//!
//! ```text
//! HTTP request ─▶ function URL ─event─▶ queue ─▶ Runtime API ◀─next── function's process
//! HTTP response ◀─────────────────── answer ◀─────────────── ◀─response─
//! ```
//!
//! What it does as AWS does: one event at a time for each process, up to four processes, a time
//! limit, 6 MB for request and response, a new process after a crash. What it leaves out:
//! freezing between events, the memory limit, response streaming, IAM authorization,
//! throttling, and the CORS settings of a function URL (the function answers preflights).

mod event;
pub(crate) mod function_url;
mod instance;
mod runtime_api;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{Mutex, mpsc, oneshot};

pub(crate) use instance::{Function, run};

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
    /// The function failed, or its process ended.
    Failed,
    /// The function took longer than [`TIME_LIMIT`].
    TimedOut,
}

type Queue = Arc<Mutex<mpsc::Receiver<Invocation>>>;
