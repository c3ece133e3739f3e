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
    let outcome = tokio::time::timeout(TIMEOUT, send(sent, PAUSES)).await;
    let answer = outcome.map_err(|_| CallError::Unavailable)?;
    let answer = answer.map_err(|_| CallError::Unavailable)?;
    match answer.status() {
        200 | 206 => Ok(answer),
        status => Err(refusal(status)),
    }
}

/// Sends, and sends again where that may help.
async fn send(sent: Sent<'_>, pauses: [Duration; 2]) -> Result<Answer, Unanswered> {
    for pause in pauses {
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread::{JoinHandle, spawn};

    use cloakroom_core::endpoint::Endpoint;
    use cloakroom_core::object::{Bucket, ObjectKey};
    use cloakroom_core::sigv4::Credentials;
    use cloakroom_core::sigv4::signing_key::SecretAccessKey;
    use cloakroom_core::store::{Addressing, Store};
    use cloakroom_core::upload::call::What;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

    /// A store that gives these answers, each on a connection of its own, and then tells what it
    /// was asked.
    fn store(answers: &'static [&'static str]) -> (Arc<S3Store>, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = spawn(move || {
            let answer = |answer: &&str| {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let lines = lines.map(Result::unwrap).take_while(|line| !line.is_empty());
                let lines: Vec<_> = lines.collect();
                write!(stream, "HTTP/1.1 {answer}").unwrap();
                lines.join("\n")
            };
            answers.iter().map(answer).collect()
        });
        let store = S3Store {
            name: "main".to_owned(),
            endpoint: Endpoint::parse(&endpoint).unwrap(),
            region: "us-east-1".to_owned(),
            addressing: Addressing::Path,
            credentials: Credentials {
                access_key_id: "KEY".to_owned(),
                secret_access_key: SecretAccessKey::new("secret"),
                session_token: None,
            },
            timeout: TIMEOUT,
        };
        (Arc::new(store), asked)
    }

    fn call(store: &Arc<S3Store>) -> StoreCall {
        StoreCall {
            store: Store::S3(Arc::clone(store)),
            bucket: Bucket::new("media").unwrap(),
            key: ObjectKey::new("a b.jpg").unwrap(),
            segments: None,
            what: What::Head,
        }
    }

    #[tokio::test]
    async fn a_head_tells_of_checksums() {
        let (store, asked) = store(&["200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\
             content-type: image/jpeg\r\netag: \"e\"\r\nx-amz-checksum-crc32c: AAAAAA==\r\n\
             x-amz-checksum-sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-2\r\n\r\n"]);
        let head = head(&store, &call(&store), NOW).await.unwrap();
        let checksum = Checksum::parse(ChecksumAlgorithm::Crc32c, "AAAAAA==").unwrap();
        assert_eq!(
            head,
            StoredHead {
                size: 9,
                etag: "\"e\"".to_owned(),
                content_type: Some("image/jpeg".to_owned()),
                checksums: vec![checksum],
                made_of: MadeOf::Bytes,
            }
        );
        let asked = asked.join().unwrap().concat();
        assert!(asked.starts_with("HEAD /media/a%20b.jpg HTTP/1.1"), "{asked}");
        assert!(asked.contains("x-amz-checksum-mode: ENABLED"), "{asked}");
        assert!(asked.contains("SignedHeaders=host;x-amz-checksum-mode;x-amz-"), "{asked}");
    }

    #[tokio::test]
    async fn no_more_is_read_than_was_wanted() {
        const WHOLE: &str = "200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\n123456789";
        const PART: &str =
            "206 Partial Content\r\nconnection: close\r\ncontent-length: 2\r\n\r\n12";
        const BROKEN: &str = "200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\n12";
        let (store, asked) = store(&[WHOLE, PART, BROKEN]);
        let read = || async { first_bytes(&store, &call(&store), 4, NOW).await };
        assert_eq!(read().await, Ok(b"1234".to_vec()));
        assert_eq!(read().await, Ok(b"12".to_vec()));
        assert_eq!(read().await, Err(CallError::Unavailable));
        let asked = asked.join().unwrap();
        assert!(asked.iter().all(|asked| asked.contains("range: bytes=0-3")), "{asked:?}");
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again() {
        const DOWN: &str = "503 Slow Down\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        const GONE: &str = "404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        const NO: &str = "403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let check = async |answers: &'static [&'static str], status| {
            let (store, asked) = store(answers);
            let url = format!("{}/", store.endpoint);
            let answer = send(Sent::new(Method::Get, &url), [Duration::ZERO; 2]).await;
            assert_eq!(answer.ok().map(|answer| answer.status()), Some(status));
            assert_eq!(asked.join().unwrap().len(), answers.len());
        };
        check(&[DOWN, DOWN, GONE], 404).await;
        check(&[DOWN, DOWN, DOWN], 503).await;
        check(&[NO], 403).await;
    }

    #[tokio::test]
    async fn a_store_that_is_not_there_is_unavailable() {
        let sent = Sent::new(Method::Get, "http://127.0.0.1:1/");
        let answer = send(sent, [Duration::ZERO; 2]).await;
        assert_eq!(answer.err(), Some(Unanswered::Unreachable));
        let malformed = send(Sent::new(Method::Get, "no url"), [Duration::ZERO; 2]).await;
        assert_eq!(malformed.err(), Some(Unanswered::NotSent));
    }
}
