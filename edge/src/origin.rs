//! The requests that leave the edge. Which ones, the core says; here they are sent.

use std::cell::RefCell;
use std::pin::pin;

use cloakroom_core::health::Health;
use cloakroom_core::log::LogLine;
use cloakroom_core::origin::OriginRequest;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::response::ViewerResponse;
use cloakroom_core::retrieval::{self, Body, Next, Retrieval};
use cloakroom_core::store::{StoreAnswer, StoreError, Unanswered};
use futures_util::future::{Either, select};
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStream, Request, RequestCache, RequestInit, RequestRedirect,
    Response, WorkerGlobalScope,
};
use worker::{Context, Delay, Env};

use crate::cache::{self, Promised};
use crate::{chunks, clock, now, r2, viewer};

thread_local! {
    /// What this instance knows of the stores; each has to find out for itself.
    pub(crate) static HEALTH: RefCell<Health> = RefCell::default();
}

/// An answer for the viewer, and its body.
pub(crate) type Retrieved = (ViewerResponse, Option<ReadableStream>);

/// Looks for a copy and asks stores, until there is the object, or nobody is left to ask.
pub(crate) async fn retrieve(
    retrieval: Retrieval,
    (env, context): (&Env, &Context),
    log: &mut LogLine,
) -> Result<Retrieved, Rejection> {
    let (mut copy, mut answer) = (None, None);
    let mut promised = None;
    let mut next = HEALTH.with_borrow_mut(|health| retrieval.begin(health, now()));
    loop {
        next = match next {
            Next::Look(retrieval) => {
                let began = clock();
                copy = look(&retrieval, &mut promised).await;
                log.looked(clock().saturating_sub(began));
                let head = copy.as_ref().map(head_of);
                let head = head.as_ref().map(StoreHead::as_answer);
                HEALTH.with_borrow_mut(|health| retrieval.found(head, health, now()))
            }
            Next::Ask { retrieval, pause } => {
                cancel(answer.take());
                let began = clock();
                if !pause.is_zero() {
                    Delay::from(pause).await;
                }
                let sent = send(env, &retrieval.request(now())).await;
                let head = sent.as_ref().map(head_of).map_err(|unanswered| *unanswered);
                let head =
                    head.as_ref().map(StoreHead::as_answer).map_err(|unanswered| *unanswered);
                let took = clock().saturating_sub(began);
                log.asked(retrieval.store(), head.map(|head| head.status), took);
                answer = sent.ok();
                HEALTH.with_borrow_mut(|health| retrieval.settle(head, health, now()))
            }
            Next::Respond(response) => {
                log.cache(response.cache);
                return hand_over(*response, (copy, answer), promised, (env, context));
            }
            Next::Reject { rejection, forget } => {
                cancel(answer);
                cancel(copy);
                if let Some(key) = forget {
                    cache::forget(context, key);
                }
                return Err(rejection);
            }
        };
    }
}

/// The answer with its body, and what is to be kept of it.
fn hand_over(
    response: retrieval::Response,
    (copy, answer): (Option<Response>, Option<Response>),
    promised: Option<Promised>,
    (env, context): (&Env, &Context),
) -> Result<Retrieved, Rejection> {
    let (whole, other) = match response.body {
        Body::Store => (answer, copy),
        Body::Copy => (copy, answer),
        Body::None => {
            cancel(copy);
            (None, answer)
        }
    };
    cancel(other);
    if let (Some(keep), Some(whole)) = (response.keep, &whole) {
        cache::keep(context, keep, whole, promised);
    }
    if let Some(renewal) = response.renewal {
        cache::renew(context, renewal);
    }
    if let Some(outline) = response.outline {
        cache::keep_bare(context, outline);
    }
    if let Some(missed) = response.missed {
        chunks::fill(context, env, missed);
    }
    let body = match (whole.and_then(|whole| whole.body()), response.rest) {
        (Some(first), Some(rest)) => {
            let joined = chunks::join(context, env, &first, rest);
            Some(joined.map_err(|_| Rejection::Store(StoreError::Unreachable))?)
        }
        (body, _) => body,
    };
    Ok((response.head, body))
}

/// Looks for the copy that `retrieval` wants. Where there is none, whoever comes first promises
/// one, and the others wait for it.
async fn look(retrieval: &Retrieval, promised: &mut Option<Promised>) -> Option<Response> {
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

/// The head of an answer, as the core reads it.
pub(crate) struct StoreHead {
    status: u16,
    headers: Vec<(String, String)>,
}

impl StoreHead {
    pub(crate) fn as_answer(&self) -> StoreAnswer<'_> {
        StoreAnswer { status: self.status, headers: &self.headers }
    }
}

pub(crate) fn head_of(answer: &Response) -> StoreHead {
    StoreHead { status: answer.status(), headers: viewer::read_headers(&answer.headers()) }
}

/// Lets go of a body that nobody will read: the connection is wanted.
pub(crate) fn cancel(answer: Option<Response>) {
    if let Some(body) = answer.and_then(|answer| answer.body()) {
        let _cancelled = body.cancel();
    }
}

/// Sends a signed request, and waits for the head of the answer.
pub(crate) async fn send(env: &Env, request: &OriginRequest) -> Result<Response, Unanswered> {
    let abort = AbortController::new().map_err(|_| Unanswered::NotSent)?;
    let sent = match request.r2() {
        Some(call) => Either::Left(r2::ask(env, request, call)),
        None => Either::Right(fetch(request, &abort).map_err(|_| Unanswered::NotSent)?),
    };
    let asked = pin!(async {
        match sent {
            Either::Left(asked) => asked.await,
            Either::Right(fetched) => Ok(JsFuture::from(fetched).await?.unchecked_into()),
        }
    });
    let timer = pin!(Delay::from(request.timeout()));
    match select(asked, timer).await {
        Either::Left((Ok(answer), _)) => Ok(answer),
        // What the platform says of it may quote the URL, which may be signed.
        Either::Left((Err(_), _)) => Err(Unanswered::Unreachable),
        Either::Right(_) => {
            abort.abort();
            Err(Unanswered::TimedOut)
        }
    }
}

fn fetch(request: &OriginRequest, abort: &AbortController) -> Result<Promise, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in request.headers() {
        headers.append(name, value.expose())?;
    }
    let init = RequestInit::new();
    init.set_method(request.method().as_str());
    init.set_headers(&headers);
    init.set_signal(Some(&abort.signal()));
    // A redirect would carry the signed headers to wherever the store points.
    init.set_redirect(RequestRedirect::Manual);
    // For what it takes to be cacheable the platform turns HEAD and Range into a GET of the
    // whole object, and that is not what was signed.
    init.set_cache(RequestCache::NoStore);
    let request = Request::new_with_str_and_init(request.url().expose(), &init)?;
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(global.fetch_with_request(&request))
}
