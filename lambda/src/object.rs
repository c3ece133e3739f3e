//! What S3 says of one object, asked by requests that the core signs. Uploads in parts are the
//! SDK's ([`crate::multipart`]); its *GetObject* alone brings every checksum that S3 knows of.

use std::time::Duration;

use cloakroom_core::request::Method;
use cloakroom_core::sigv4::sign::{Payload, Unsigned};
use cloakroom_core::store::{S3Store, Unanswered};
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, MadeOf, StoreCall, StoredHead};
use cloakroom_core::upload::checksum::{Checksum, ChecksumAlgorithm};

use crate::http::{Answer, Sent};
use crate::store::{TIMEOUT, refusal};

/// The most that is waited before another try, as the SDK waits.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// What there is.
pub(crate) async fn head(
    store: &S3Store,
    call: &StoreCall,
    now: UnixTime,
) -> Result<StoredHead, CallError> {
    let mode = [("x-amz-checksum-mode", "ENABLED")];
    let answer = ask(store, call, Method::Head, &mode, now).await?;
    let size = answer.header("content-length").and_then(|size| size.parse().ok());
    let checksums =
        [ChecksumAlgorithm::Sha256, ChecksumAlgorithm::Crc32c, ChecksumAlgorithm::Crc64Nvme];
    Ok(StoredHead {
        size: size.ok_or(CallError::Unavailable)?,
        etag: answer.header("etag").unwrap_or_default().to_owned(),
        content_type: answer.header("content-type").map(str::to_owned),
        // That of several parts is one of their checksums, and is not read.
        checksums: checksums
            .into_iter()
            .filter_map(|it| Checksum::parse(it, answer.header(it.header())?))
            .collect(),
        made_of: MadeOf::Bytes,
    })
}

/// Its first bytes.
pub(crate) async fn first_bytes(
    store: &S3Store,
    call: &StoreCall,
    length: u64,
    now: UnixTime,
) -> Result<Vec<u8>, CallError> {
    let range = format!("bytes=0-{}", length.saturating_sub(1));
    let answer = ask(store, call, Method::Get, &[("range", &range)], now).await?;
    answer.first_bytes(length).await.ok_or(CallError::Unavailable)
}

async fn ask(
    store: &S3Store,
    call: &StoreCall,
    method: Method,
    headers: &[(&str, &str)],
    now: UnixTime,
) -> Result<Answer, CallError> {
    let (endpoint, path) = store.address(&call.bucket, &call.key);
    let unsigned = Unsigned { method, endpoint: &endpoint, path: &path, query: &[], headers };
    let signed = store.signer(now).sign_headers(&unsigned, Payload::Unsigned);
    let signature = signed.headers.iter().map(|(name, value)| (*name, value.expose()));
    let headers: Vec<_> = headers.iter().copied().chain(signature).collect();
    let sent = Sent { headers: &headers, ..Sent::new(method, &signed.url) };
    let outcome = tokio::time::timeout(TIMEOUT, send(sent)).await;
    let answer = outcome.map_err(|_| CallError::Unavailable)?;
    let answer = answer.map_err(|_| CallError::Unavailable)?;
    match answer.status() {
        200 | 206 => Ok(answer),
        status => Err(refusal(status)),
    }
}

/// Sends, and sends again where that may help.
async fn send(sent: Sent<'_>) -> Result<Answer, Unanswered> {
    for pause in PAUSES {
        match sent.send().await {
            Ok(answer) if !matches!(answer.status(), 500 | 502 | 503 | 504) => return Ok(answer),
            Ok(_) | Err(Unanswered::Unreachable | Unanswered::TimedOut) => {}
            Err(other) => return Err(other),
        }
        // Those who failed together do not come back together.
        let part = getrandom::u32().unwrap_or(u32::MAX) >> 16;
        tokio::time::sleep(pause.saturating_mul(part) / (1 << 16)).await;
    }
    sent.send().await
}
