//! What Swift is asked about a file in parts: the core's [`LargeObject`] says where and in which
//! words.

use std::time::Duration;

use cloakroom_core::request::Method;
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, MadeOf, Reply, StoreCall, What};
use cloakroom_core::upload::multipart::Part;
use cloakroom_core::upload::segments::{ID_LENGTH, LargeObject, upload_id};
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::http::{Answer, Sent};
use crate::swift::Swift;

/// How long Swift may look at the segments of a manifest, of which there are up to 1,000.
const MANIFEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest list of segments that is read, in bytes: 1,000 names of 1,024 bytes, each written as
/// six, and what is said of them.
const MAX_LIST: u64 = 8 * 1024 * 1024;

/// How many segments are removed at once.
const AT_ONCE: usize = 8;

/// Asks a store.
pub(crate) async fn ask(
    swift: &Swift,
    call: &StoreCall,
    now: UnixTime,
) -> Result<Reply, CallError> {
    let large = |upload_id| {
        // INVARIANT: the policy has a container for segments where there are parts.
        call.large_object(upload_id).ok_or(CallError::Unavailable)
    };
    match &call.what {
        // INVARIANT: these are asked by TempURLs.
        What::Head | What::FirstBytes(_) => Err(CallError::Unavailable),
        What::CreateMultipart(_) => create(swift, large).await,
        What::ListParts { upload_id } => {
            list(swift, call, &large(upload_id)?, now).await.map(Reply::Parts)
        }
        What::CompleteMultipart { upload_id, parts, create_only, headers } => {
            complete(swift, &large(upload_id)?, parts, *create_only, headers).await
        }
        What::AbortMultipart { upload_id } => {
            let large = large(upload_id)?;
            let parts = list(swift, call, &large, now).await?;
            remove(swift, &large, &parts).await
        }
    }
}

/// Sees that there is a container for segments. That takes the token, too, so what is wrong with it
/// is known before a file is sent.
async fn create<'a>(
    swift: &Swift,
    large: impl FnOnce(&'a str) -> Result<LargeObject<'a>, CallError>,
) -> Result<Reply, CallError> {
    let mut random = [0; ID_LENGTH];
    getrandom::fill(&mut random).map_err(|_| CallError::Unavailable)?;
    let large = large("")?;
    let url = large.container_url();
    let mut status = 0;
    for method in [Method::Head, Method::Put] {
        status = send(swift, &large, Sent::new(method, &url)).await?.status();
        if status != 404 {
            break;
        }
    }
    if is_success(status) { Ok(Reply::Created(upload_id(random))) } else { Err(refusal(status)) }
}

/// The segments, unless they are an object already.
async fn list(
    swift: &Swift,
    call: &StoreCall,
    large: &LargeObject<'_>,
    now: UnixTime,
) -> Result<Vec<Part>, CallError> {
    if is_completed(swift, call, large, now).await? {
        return Err(CallError::NotFound);
    }
    let (mut parts, mut last) = (Vec::new(), None);
    loop {
        let url = large.listing_url(last.as_deref());
        let body = read(send(swift, large, Sent::new(Method::Get, &url)).await?).await?;
        let page = large.read_page(&body).ok_or(CallError::Unavailable)?;
        parts.extend(page.parts);
        // How long a page is, each cluster says for itself.
        match page.last {
            Some(name) if last.as_ref() != Some(&name) => last = Some(name),
            _ => return Ok(parts),
        }
    }
}

async fn is_completed(
    swift: &Swift,
    call: &StoreCall,
    large: &LargeObject<'_>,
    now: UnixTime,
) -> Result<bool, CallError> {
    match swift.head(call, now).await {
        Ok(head) if head.made_of == MadeOf::Listed => {}
        Ok(_) | Err(CallError::NotFound) => return Ok(false),
        Err(error) => return Err(error),
    }
    let url = large.get_manifest_url();
    let manifest = read(send(swift, large, Sent::new(Method::Get, &url)).await?).await?;
    Ok(large.is_in(&manifest))
}

async fn complete(
    swift: &Swift,
    large: &LargeObject<'_>,
    parts: &[Part],
    create_only: bool,
    headers: &[(String, String)],
) -> Result<Reply, CallError> {
    let mut headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if create_only {
        headers.push(("if-none-match", "*"));
    }
    let (url, body) = (large.put_manifest_url(), large.manifest(parts));
    let sent = Sent {
        method: Method::Put,
        url: &url,
        headers: &headers,
        body: &body,
        timeout: MANIFEST_TIMEOUT,
    };
    match send(swift, large, sent).await?.status() {
        status if is_success(status) => Ok(Reply::Done),
        400 | 413 | 422 => Err(CallError::Refused),
        // Nothing is wrong with the parts.
        401 | 403 => Err(CallError::Unavailable),
        status => Err(refusal(status)),
    }
}

async fn remove(
    swift: &Swift,
    large: &LargeObject<'_>,
    parts: &[Part],
) -> Result<Reply, CallError> {
    let remove = |part: &Part| {
        let url = large.segment_url(part.number);
        async move {
            let sent = Sent::new(Method::Delete, &url);
            match send(swift, large, sent).await?.status() {
                // A listing may be behind.
                404 => Ok(()),
                status if is_success(status) => Ok(()),
                status => Err(refusal(status)),
            }
        }
    };
    let removed: Vec<_> =
        stream::iter(parts.iter().map(remove)).buffer_unordered(AT_ONCE).collect().await;
    removed.into_iter().collect::<Result<(), _>>().map(|()| Reply::Done)
}

async fn send(swift: &Swift, large: &LargeObject<'_>, sent: Sent<'_>) -> Result<Answer, CallError> {
    swift.send_as_account((&large.store.name, &large.segments.auth), sent).await
}

/// The text of an answer that is a yes.
async fn read(answer: Answer) -> Result<String, CallError> {
    let status = answer.status();
    if !is_success(status) {
        return Err(refusal(status));
    }
    let body = answer.first_bytes(MAX_LIST).await.ok_or(CallError::Unavailable)?;
    String::from_utf8(body).map_err(|_| CallError::Unavailable)
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn refusal(status: u16) -> CallError {
    match status {
        404 => CallError::NotFound,
        412 => CallError::Exists,
        400 | 401 | 403 => CallError::Refused,
        _ => CallError::Unavailable,
    }
}
