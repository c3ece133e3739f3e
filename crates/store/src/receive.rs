//! Receives a body into a staged file, hashing it on the way.
//!
//! The bytes pass through a short queue to a blocking thread, so that memory stays flat and
//! neither the disk nor the hashes hold up other requests. Nothing is published here: a body
//! that ends early, is too long or fails its signature is dropped with its file.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, StatusCode};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, StdError, s3_error};
use tokio::sync::mpsc;

use crate::checksum::{Algorithm, Digests, Hasher};
use crate::error::{custom, storage};
use crate::index::Index;
use crate::layout::Staged;

/// How many pieces of a body wait for the disk.
const QUEUE: usize = 8;

/// What arrived.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) staged: Staged,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) digests: Digests,
}

/// The size that a request declares for its body, without the framing of aws-chunked.
pub(crate) fn declared_size(headers: &HeaderMap) -> S3Result<u64> {
    let value =
        headers.get("x-amz-decoded-content-length").or_else(|| headers.get("content-length"));
    let size = value.and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok());
    size.ok_or_else(|| {
        s3_error!(MissingContentLength, "You must provide the Content-Length HTTP header.")
    })
}

/// How many bytes a body may have.
#[derive(Clone, Debug)]
pub(crate) enum Size {
    /// As many as its request declares.
    Declared(u64),
    /// As many as the policy of its form allows.
    Allowed(RangeInclusive<u64>),
}

impl Size {
    /// Refuses a body as soon as it is too long.
    fn admit_more(&self, so_far: u64) -> S3Result<()> {
        match self {
            Self::Declared(size) if so_far > *size => Err(incomplete()),
            Self::Allowed(sizes) if so_far > *sizes.end() => Err(s3_error!(
                EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed size: {} bytes",
                sizes.end()
            )),
            Self::Declared(_) | Self::Allowed(_) => Ok(()),
        }
    }

    fn admit(&self, size: u64) -> S3Result<()> {
        match self {
            Self::Declared(declared) if size != *declared => Err(incomplete()),
            Self::Allowed(sizes) if size < *sizes.start() => Err(s3_error!(
                EntityTooSmall,
                "Your proposed upload is smaller than the minimum allowed size: {size} of {} bytes",
                sizes.start()
            )),
            Self::Declared(_) | Self::Allowed(_) => self.admit_more(size),
        }
    }
}

/// The bytes of a body as `s3s` hands them over.
pub(crate) fn streamed(body: Option<StreamingBlob>) -> impl Stream<Item = S3Result<Bytes>> + Unpin {
    futures_util::stream::iter(body).flatten().map_err(|error| stream_fault(&error))
}

/// Receives a body.
pub(crate) async fn receive(
    index: &Arc<Index>,
    body: impl Stream<Item = S3Result<Bytes>> + Unpin,
    size: &Size,
    algorithm: Algorithm,
) -> S3Result<Received> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(QUEUE);
    let staged = index.layout.stage().map_err(storage("staging a body"))?;
    let writer = tokio::task::spawn_blocking(move || -> io::Result<(Staged, u64, Digests)> {
        let mut staged = staged;
        let mut hasher = Hasher::new(algorithm);
        let mut written = 0;
        while let Some(bytes) = receiver.blocking_recv() {
            hasher.update(&bytes);
            staged.file.write_all(&bytes)?;
            written += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        Ok((staged, written, hasher.finish()))
    });
    let sent = forward(body, size, &sender).await;
    drop(sender);
    let (staged, written, digests) =
        writer.await.map_err(S3Error::internal_error)?.map_err(storage("writing a body"))?;
    sent?;
    size.admit(written)?;
    Ok(Received { staged, size: written, digests })
}

/// Copies bytes that the store already holds, on the calling, blocking thread.
pub(crate) fn copy(
    index: &Index,
    sources: impl IntoIterator<Item = io::Result<impl Read>>,
    algorithm: Algorithm,
) -> io::Result<Received> {
    let mut staged = index.layout.stage()?;
    let mut hasher = Hasher::new(algorithm);
    let mut size = 0;
    for source in sources {
        let mut source = BufReader::with_capacity(1 << 20, source?);
        loop {
            let bytes = source.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            staged.file.write_all(bytes)?;
            let read = bytes.len();
            source.consume(read);
            size += u64::try_from(read).unwrap_or(u64::MAX);
        }
    }
    Ok(Received { staged, size, digests: hasher.finish() })
}

async fn forward(
    mut body: impl Stream<Item = S3Result<Bytes>> + Unpin,
    size: &Size,
    sender: &mpsc::Sender<Bytes>,
) -> S3Result<()> {
    let mut passed: u64 = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        passed = passed.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        size.admit_more(passed)?;
        if sender.send(bytes).await.is_err() {
            // The writer has stopped and its own error is the answer.
            return Ok(());
        }
    }
    Ok(())
}

fn incomplete() -> S3Error {
    s3_error!(
        IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length or x-amz-decoded-content-length HTTP \
         header."
    )
}

/// Names what `s3s` found wrong with a body. Its error types are private, so their texts decide;
/// the tests over HTTP pin each of them.
fn stream_fault(error: &StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        return payload_mismatch();
    }
    if text.contains("SignatureMismatch") {
        return s3_error!(
            SignatureDoesNotMatch,
            "The signature of a chunk or trailer we calculated does not match the one you provided."
        );
    }
    if text.contains("FormatError")
        || text.contains("TooLarge")
        || text.contains("TooManyTrailerHeaders")
    {
        return s3_error!(InvalidRequest, "The body is not well-formed aws-chunked.");
    }
    incomplete()
}

/// The error of a body that does not have its `x-amz-content-sha256`.
pub(crate) fn payload_mismatch() -> S3Error {
    custom(
        "XAmzContentSHA256Mismatch",
        StatusCode::BAD_REQUEST,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn received(size: Size, pieces: usize) -> (Result<u64, String>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(Index::open(folder.path()).unwrap());
        let read = Cell::new(0);
        let body = futures_util::stream::iter(0..pieces).map(|_| {
            read.set(read.get() + 1);
            Ok(Bytes::from_static(b"12345"))
        });
        let result = receive(&index, body, &size, Algorithm::Crc64Nvme).await;
        let result = result.map(|r| r.size).map_err(|error| error.code().as_str().to_owned());
        assert_eq!(std::fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
        (result, read.get())
    }

    #[tokio::test]
    async fn a_body_is_read_until_it_is_too_long() {
        let cases = [
            (Size::Declared(10), 2, Ok(10), 2),
            (Size::Declared(10), 1, Err("IncompleteBody"), 1),
            (Size::Declared(10), 100, Err("IncompleteBody"), 3),
            (Size::Allowed(6..=10), 2, Ok(10), 2),
            (Size::Allowed(6..=10), 1, Err("EntityTooSmall"), 1),
            (Size::Allowed(6..=10), 100, Err("EntityTooLarge"), 3),
            (Size::Allowed(0..=0), 0, Ok(0), 0),
        ];
        for (size, pieces, expected, read) in cases {
            let shown = format!("{size:?}");
            let expected = expected.map_err(str::to_owned);
            assert_eq!(received(size, pieces).await, (expected, read), "{shown}, {pieces}");
        }
    }
}
