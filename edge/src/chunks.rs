//! Parts of large objects, put together of chunks. Which ones, the core says; here their bodies are
//! joined, natively.

use cloakroom_core::cache::Keep;
use cloakroom_core::chunks::{Piece, Pieces, Settled};
use futures_util::future::join as both;

use crate::cache::{self, Promised, put};
use crate::now;
use crate::origin::{HEALTH, cancel, send};
use crate::platform::{Body, Found};
use crate::tasks::spawn;

/// The body of a part: the first piece, which is there, and then the others. Where one cannot be
/// had, it breaks off.
pub(crate) fn join(first: Body, rest: Pieces) -> Option<Body> {
    let stream = Body::fixed(rest.length())?;
    spawn(async move {
        let is_whole = pour(first, rest, stream).await.is_some();
        stream.finish(is_whole).await;
    });
    Some(stream)
}

/// Fetches a chunk and keeps it. Once is enough for all who miss it.
pub(crate) fn fill(chunk: Piece) {
    let Some((key, _)) = chunk.copy() else { return };
    let Some(promised) = Promised::new(&key) else { return };
    spawn(async move {
        // Somebody may have kept it since it was missed. Its first byte will do to know.
        let kept = cache::find(&key, Some("bytes=0-0")).await;
        if kept.is_none()
            && let Some((answer, Some(keep))) = ask(chunk).await
        {
            put(keep, answer.body).await;
        }
        cancel(kept);
        drop(promised);
    });
}

/// None when it broke off.
async fn pour(first: Body, rest: Pieces, to: Body) -> Option<()> {
    first.pipe(to).await.then_some(())?;
    for piece in rest {
        let (answer, keep) = get(piece).await?;
        let body = answer.body?;
        let twin = keep.and_then(|keep| Some((keep, body.twin()?)));
        let keep = async {
            if let Some((keep, twin)) = twin {
                put(keep, Some(twin)).await;
            }
        };
        both(body.pipe(to), keep).await.0.then_some(())?;
    }
    Some(())
}

type Got = (Found, Option<Keep>);

/// A piece: as it was kept, or from the store.
async fn get(piece: Piece) -> Option<Got> {
    if let Some((key, range)) = piece.copy()
        && let Some(found) = cache::find(&key, Some(&range)).await
    {
        if piece.is_in(found.as_answer()) {
            return Some((found, None));
        }
        cancel(Some(found));
    }
    ask(piece).await
}

/// A piece from the store, and how it is to be kept.
async fn ask(mut piece: Piece) -> Option<Got> {
    loop {
        let answer = send(&piece.request(now())).await;
        let head = answer.as_ref().map(Found::as_answer).map_err(|unanswered| *unanswered);
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
