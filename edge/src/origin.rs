//! The requests that leave the edge. Which ones, the core says; here they are sent.

use std::cell::RefCell;
use std::pin::pin;

use cloakroom_core::health::Health;
use cloakroom_core::log::LogLine;
use cloakroom_core::origin::OriginRequest;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::response::ViewerResponse;
use cloakroom_core::retrieval::{Next, Retrieval, StoreAnswer, Unanswered};
use futures_util::future::{Either, select};
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, Request, RequestCache, RequestInit, RequestRedirect, Response,
    WorkerGlobalScope,
};
use worker::Delay;

use crate::{now, viewer};

thread_local! {
    /// What this instance knows of the stores; each has to find out for itself.
    pub(crate) static HEALTH: RefCell<Health> = RefCell::default();
}

/// Asks stores until one has the object, or none is left. With the head for the viewer comes the
/// answer whose body belongs to it.
pub(crate) async fn retrieve(
    retrieval: Retrieval,
    log: &mut LogLine,
) -> Result<(ViewerResponse, Option<Response>), Rejection> {
    let mut answer: Option<Response> = None;
    let mut next = HEALTH.with_borrow(|health| retrieval.begin(health, now()));
    loop {
        let (retrieval, pause) = match next {
            Next::Ask { retrieval, pause } => (retrieval, pause),
            Next::Respond(head) => return Ok((head, answer)),
            Next::Reject(rejection) => return Err(rejection),
        };
        if let Some(body) = answer.take().and_then(|answer| answer.body()) {
            // Nobody will read it, and the connection is wanted for the next question.
            let _cancelled = body.cancel();
        }
        if !pause.is_zero() {
            Delay::from(pause).await;
        }
        let sent = send(&retrieval.request(now())).await;
        let head = match &sent {
            Ok(answer) => Ok((answer.status(), viewer::read_headers(&answer.headers()))),
            Err(unanswered) => Err(*unanswered),
        };
        let head = head.as_ref().map_err(|unanswered| *unanswered);
        let head = head.map(|(status, headers)| StoreAnswer { status: *status, headers });
        log.asked(retrieval.store(), head.map(|head| head.status));
        next = HEALTH.with_borrow_mut(|health| retrieval.settle(head, health, now()));
        answer = sent.ok();
    }
}

/// Sends a signed request, and waits for the head of the answer.
pub(crate) async fn send(origin_request: &OriginRequest) -> Result<Response, Unanswered> {
    let abort = AbortController::new().map_err(|_| Unanswered::Unreachable)?;
    let fetched = fetch(origin_request, &abort).map_err(|_| Unanswered::Unreachable)?;
    let timer = pin!(Delay::from(origin_request.timeout()));
    match select(JsFuture::from(fetched), timer).await {
        Either::Left((Ok(answer), _)) => Ok(answer.unchecked_into()),
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
