//! The requests that leave the edge. Which ones, the core says; here they are sent.

use std::cell::RefCell;

use cloakroom_core::health::Health;
use cloakroom_core::log::LogLine;
use cloakroom_core::origin::OriginRequest;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::response::ViewerResponse;
use cloakroom_core::retrieval::{self, Body as Source, Next, Retrieval};
use cloakroom_core::store::{StoreError, Unanswered};

use crate::cache::{self, Promised};
use crate::platform::{self, Body, Failure, Found};
use crate::tasks::clock;
use crate::{chunks, now, r2};

thread_local! {
    /// What this instance knows of the stores; each has to find out for itself.
    pub(crate) static HEALTH: RefCell<Health> = RefCell::default();
}

/// An answer for the viewer, and its body.
pub(crate) type Retrieved = (ViewerResponse, Option<Body>);

/// Looks for a copy and asks stores, until there is the object, or nobody is left to ask.
pub(crate) async fn retrieve(
    retrieval: Retrieval,
    log: &mut LogLine,
) -> Result<Retrieved, Rejection> {
    let (mut copy, mut answer): (Option<Found>, Option<Found>) = (None, None);
    let mut promised = None;
    let mut next = HEALTH.with_borrow_mut(|health| retrieval.begin(health, now()));
    loop {
        next = match next {
            Next::Look(retrieval) => {
                let began = clock();
                copy = look(&retrieval, &mut promised).await;
                log.looked(clock().saturating_sub(began));
                let head = copy.as_ref().map(Found::as_answer);
                HEALTH.with_borrow_mut(|health| retrieval.found(head, health, now()))
            }
            Next::Ask { retrieval, pause } => {
                cancel(answer.take());
                let began = clock();
                if !pause.is_zero() {
                    platform::wait(pause).await;
                }
                let sent = send(&retrieval.request(now())).await;
                let head = sent.as_ref().map(Found::as_answer).map_err(|unanswered| *unanswered);
                let took = clock().saturating_sub(began);
                log.asked(retrieval.store(), head.map(|head| head.status), took);
                let next = HEALTH.with_borrow_mut(|health| retrieval.settle(head, health, now()));
                answer = sent.ok();
                next
            }
            Next::Respond(response) => {
                log.cache(response.cache);
                return hand_over(*response, (copy, answer), promised);
            }
            Next::Reject { rejection, forget } => {
                cancel(answer);
                cancel(copy);
                if let Some(key) = forget {
                    cache::forget(key);
                }
                return Err(rejection);
            }
        };
    }
}

/// The answer with its body, and what is to be kept of it.
fn hand_over(
    response: retrieval::Response,
    (copy, answer): (Option<Found>, Option<Found>),
    promised: Option<Promised>,
) -> Result<Retrieved, Rejection> {
    let (whole, other) = match response.body {
        Source::Store => (answer, copy),
        Source::Copy => (copy, answer),
        Source::None => {
            cancel(copy);
            (None, answer)
        }
    };
    cancel(other);
    if let (Some(keep), Some(whole)) = (response.keep, &whole) {
        cache::keep(keep, whole.body, promised);
    }
    if let Some(renewal) = response.renewal {
        cache::renew(renewal);
    }
    if let Some(outline) = response.outline {
        cache::keep(outline, None, None);
    }
    if let Some(missed) = response.missed {
        chunks::fill(missed);
    }
    let body = match (whole.and_then(|whole| whole.body), response.rest) {
        (Some(first), Some(rest)) => {
            let joined = chunks::join(first, rest);
            Some(joined.ok_or(Rejection::Store(StoreError::Unreachable))?)
        }
        (body, _) => body,
    };
    Ok((response.head, body))
}

/// Looks for the copy that `retrieval` wants. Where there is none, whoever comes first promises
/// one, and the others wait for it.
async fn look(retrieval: &Retrieval, promised: &mut Option<Promised>) -> Option<Found> {
    let (key, part) = retrieval.copy()?;
    let found = cache::find(&key, part.as_deref()).await;
    if found.is_some() || promised.is_some() || !retrieval.may_keep() {
        return found;
    }
    *promised = Promised::new(&key);
    if promised.is_some() {
        return None;
    }
    cache::wait_for(&key).await;
    cache::find(&key, part.as_deref()).await
}

/// Lets go of a body that nobody will read.
pub(crate) fn cancel(answer: Option<Found>) {
    if let Some(body) = answer.and_then(|answer| answer.body) {
        body.cancel();
    }
}

/// Sends a signed request, and waits for the head of the answer.
pub(crate) async fn send(request: &OriginRequest) -> Result<Found, Unanswered> {
    let sent = match request.r2() {
        Some(call) => r2::ask(request, call).await,
        None => {
            let mut headers = request.headers().iter().map(|(name, value)| (*name, value.expose()));
            let (method, url) = (request.method().as_str(), request.url().expose());
            platform::send(method, url, &mut headers, request.timeout()).await
        }
    };
    sent.map_err(|failure| match failure {
        Failure::NotSent => Unanswered::NotSent,
        Failure::Late => Unanswered::TimedOut,
        Failure::Failed => Unanswered::Unreachable,
    })
}
