//! Parts of large objects, put together of chunks. Which ones, the core says; here their bodies are
//! joined, natively.

use cloakroom_core::cache::Keep;
use cloakroom_core::chunks::{Piece, Pieces, Settled};
use js_sys::{Number, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, Response, StreamPipeOptions, WritableStream};
use worker::{Context, Env};

use crate::cache::{self, Promised, put};
use crate::origin::{HEALTH, StoreHead, cancel, head_of, send};
use crate::{later, now};

#[wasm_bindgen]
extern "C" {
    /// The platform's own stream, which takes no more and no fewer bytes than it was told.
    type FixedLengthStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(length: f64) -> Result<FixedLengthStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn readable(this: &FixedLengthStream) -> ReadableStream;

    #[wasm_bindgen(method, getter)]
    fn writable(this: &FixedLengthStream) -> WritableStream;
}

/// The body of a part: the first piece, which is there, and then the others. Where one cannot be
/// had, it breaks off.
pub(crate) fn join(
    context: &Context,
    env: &Env,
    first: &ReadableStream,
    rest: Pieces,
) -> Result<ReadableStream, JsValue> {
    let stream = FixedLengthStream::new(Number::parse_float(&rest.length().to_string()))?;
    let (first, env, to) = (first.clone(), env.clone(), stream.writable());
    later(context, async move {
        let end = match pour(&first, rest, &to, &env).await {
            Ok(()) => to.close(),
            Err(_) => to.abort(),
        };
        let _ended = JsFuture::from(end).await;
    });
    Ok(stream.readable())
}

/// Fetches a chunk and keeps it. Once is enough for all who miss it.
pub(crate) fn fill(context: &Context, env: &Env, chunk: Piece) {
    let Some((key, _)) = chunk.copy() else { return };
    let (Some(promised), env) = (Promised::new(&key), env.clone()) else { return };
    later(context, async move {
        // Somebody may have kept it since it was missed. Its first byte will do to know.
        let kept = cache::find(&key, Some("bytes=0-0")).await;
        if kept.is_none()
            && let Some((answer, Some(keep))) = ask(chunk, &env).await
        {
            let _kept = put(keep, answer.body().as_ref()).await;
        }
        cancel(kept);
        drop(promised);
    });
}

async fn pour(
    first: &ReadableStream,
    rest: Pieces,
    to: &WritableStream,
    env: &Env,
) -> Result<(), JsValue> {
    pipe(first, to).await?;
    for piece in rest {
        let Some((answer, keep)) = get(piece, env).await else { return Err(JsValue::UNDEFINED) };
        // The runtime hands the body on to both, natively.
        let twin = keep.and_then(|keep| Some((keep, answer.clone().ok()?)));
        let body = answer.body().ok_or(JsValue::UNDEFINED)?;
        let keep = async {
            if let Some((keep, twin)) = twin {
                let _kept = put(keep, twin.body().as_ref()).await;
            }
        };
        futures_util::future::join(pipe(&body, to), keep).await.0?;
    }
    Ok(())
}

async fn pipe(from: &ReadableStream, to: &WritableStream) -> Result<(), JsValue> {
    let options = StreamPipeOptions::new();
    options.set_prevent_close(true);
    options.set_prevent_abort(true);
    let piped: Promise = from.pipe_to_with_options(to, &options);
    JsFuture::from(piped).await.map(|_| ())
}

type Got = (Response, Option<Keep>);

/// A piece: as it was kept, or from the store.
async fn get(piece: Piece, env: &Env) -> Option<Got> {
    if let Some((key, range)) = piece.copy()
        && let Some(found) = cache::find(&key, Some(&range)).await
    {
        if piece.is_in(head_of(&found).as_answer()) {
            return Some((found, None));
        }
        cancel(Some(found));
    }
    ask(piece, env).await
}

/// A piece from the store, and how it is to be kept.
async fn ask(mut piece: Piece, env: &Env) -> Option<Got> {
    loop {
        let answer = send(env, &piece.request(now())).await;
        let head = answer.as_ref().map(head_of).map_err(|unanswered| *unanswered);
        let head = head.as_ref().map(StoreHead::as_answer).map_err(|unanswered| *unanswered);
        match HEALTH.with_borrow_mut(|health| piece.settle(head, health, now())) {
            Settled::There(keep) => return answer.ok().map(|answer| (answer, keep)),
            Settled::Again(next) => {
                cancel(answer.ok());
                piece = next;
            }
            Settled::Gone => {
                cancel(answer.ok());
                return None;
            }
        }
    }
}
