//! Listings: the store's answers are read here, for the core to say what of them may be shown.

use std::pin::pin;
use std::time::Duration;

use cloakroom_core::listing::answer::MAX_LENGTH;
use cloakroom_core::listing::{ListAnswer, ListResponse, Listing, Next};
use cloakroom_core::log::LogLine;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::store::{StoreAnswer, Unanswered};
use futures_util::future::{Either, select};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};
use worker::{Delay, Env};

use crate::origin::{HEALTH, send};
use crate::{clock, now, viewer};

/// Asks the store until a page is full, or the listing ends.
pub(crate) async fn list(
    listing: Listing,
    env: &Env,
    log: &mut LogLine,
) -> Result<ListResponse, Rejection> {
    let mut next = HEALTH.with_borrow_mut(|health| listing.begin(health, now()));
    loop {
        let (listing, pause) = match next {
            Next::Ask { listing, pause } => (listing, pause),
            Next::Respond(response) => return Ok(response),
            Next::Reject(rejection) => return Err(rejection),
        };
        let began = clock();
        if !pause.is_zero() {
            Delay::from(pause).await;
        }
        let answer = match listing.request(now()) {
            Some(request) => match send(env, &request).await {
                Ok(answer) => read(&answer, request.timeout()).await,
                Err(unanswered) => Err(unanswered),
            },
            None => Err(Unanswered::Unreachable),
        };
        let answer = answer.as_ref().map_err(|unanswered| *unanswered);
        let answer = answer.map(|(status, headers, body)| ListAnswer {
            head: StoreAnswer { status: *status, headers },
            body,
        });
        let status = answer.map(|answer| answer.head.status);
        log.asked(listing.store().unwrap_or_default(), status, clock().saturating_sub(began));
        next = HEALTH.with_borrow_mut(|health| listing.settle(answer, health, now()));
    }
}

type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// The whole of an answer, unless it is longer than any listing, or takes too long.
async fn read(answer: &Response, timeout: Duration) -> Result<Answer, Unanswered> {
    let Some(stream) = answer.body() else {
        return Ok((answer.status(), viewer::read_headers(&answer.headers()), Vec::new()));
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let body = pin!(read_body(&reader));
    match select(body, pin!(Delay::from(timeout))).await {
        Either::Left((Ok(body), _)) => {
            Ok((answer.status(), viewer::read_headers(&answer.headers()), body))
        }
        Either::Left((Err(_), _)) => Err(Unanswered::Unreachable),
        Either::Right(_) => {
            let _cancelled = reader.cancel();
            Err(Unanswered::TimedOut)
        }
    }
}

async fn read_body(reader: &ReadableStreamDefaultReader) -> Result<Vec<u8>, JsValue> {
    let mut body = Vec::new();
    while body.len() <= MAX_LENGTH {
        let chunk = JsFuture::from(reader.read()).await?;
        if Reflect::get(&chunk, &"done".into())?.is_truthy() {
            return Ok(body);
        }
        let bytes: Uint8Array = Reflect::get(&chunk, &"value".into())?.dyn_into()?;
        body.extend(bytes.to_vec());
    }
    // The core refuses it for its length.
    let _cancelled = reader.cancel();
    Ok(body)
}
