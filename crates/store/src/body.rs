//! Bodies on the wire: the one that comes in, shared and counted, and the one that goes out.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use s3s::StdError;

use crate::log::Line;

/// How much of a refused body is still read, so that the client gets to see why.
const MAX_DRAIN: u64 = 1 << 30;

/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// The body of a request. Its clones read the same stream.
#[derive(Clone, Debug)]
pub(crate) struct Upload(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    incoming: Incoming,
    started: bool,
    received: u64,
    /// It ended before it should have. Whoever reads on has to learn that too.
    broken: bool,
}

impl Upload {
    /// Wraps what hyper receives.
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self(Arc::new(Mutex::new(State { incoming, started: false, received: 0, broken: false })))
    }

    /// The bytes received so far.
    pub(crate) fn received(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).received
    }

    /// Reads what is left. A client that is still sending when the connection closes would see
    /// a reset instead of the answer. One that waits for `100 Continue` has sent nothing.
    pub(crate) async fn drain(mut self, waits_for_continue: bool) {
        let started = self.0.lock().unwrap_or_else(PoisonError::into_inner).started;
        if waits_for_continue && !started {
            return;
        }
        let drained = async {
            while let Some(Ok(_)) = self.frame().await {
                if self.received() > MAX_DRAIN {
                    break;
                }
            }
        };
        // Past its time the connection is closed, which is all that is left to do.
        let _ = tokio::time::timeout(DRAIN_TIME, drained).await;
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.started = true;
        if state.broken {
            return Poll::Ready(Some(Err(StdError::from("the body ended early"))));
        }
        let polled = Pin::new(&mut state.incoming).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            state.received =
                state.received.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
        state.broken = matches!(polled, Poll::Ready(Some(Err(_))));
        polled.map_err(StdError::from)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).incoming.size_hint()
    }
}

/// The body of an answer. Its request is logged when the last of it has gone.
#[derive(Debug)]
pub(crate) struct Download {
    inner: s3s::Body,
    /// Logs itself when dropped.
    pub(crate) line: Option<Line>,
}

impl Download {
    /// Wraps what the store answers.
    pub(crate) fn new(inner: s3s::Body, line: Option<Line>) -> Self {
        Self { inner, line }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let sent = u64::try_from(data.len()).unwrap_or(u64::MAX);
            if let Some(line) = &mut self.line {
                line.bytes_out = line.bytes_out.saturating_add(sent);
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.inner)
    }
}
