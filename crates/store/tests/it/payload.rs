//! Bodies that are not what they were declared to be are refused and leave nothing.

use http::Method;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};

use crate::support::{Headers, Served, Signer, base64, noise};

fn checksums(body: &[u8]) -> [(&'static str, String); 5] {
    [
        ("x-amz-checksum-crc32", base64(Crc32::checksum(body))),
        ("x-amz-checksum-crc32c", base64(Crc32c::checksum(body))),
        ("x-amz-checksum-crc64nvme", base64(Crc64Nvme::checksum(body))),
        ("x-amz-checksum-sha1", base64(Sha1::checksum(body))),
        ("x-amz-checksum-sha256", base64(Sha256::checksum(body))),
    ]
}

async fn nothing_stored(store: &Served, case: &str) {
    assert_eq!(store.keys().await, Vec::<String>::new(), "{case}");
    assert_eq!(store.data_files(), 0, "{case}");
}

#[tokio::test]
async fn digests_are_compared_with_what_arrived() {
    let store = Served::start().await;
    let (body, other) = (noise(100_000), noise(99_999));
    for (name, value) in checksums(&other)
        .iter()
        .map(|(n, v)| (*n, v.as_str()))
        .chain([("content-md5", base64(Md5::checksum(&other)).as_str())])
    {
        store
            .call(Method::PUT, "/media/k", &[(name, value)], &body)
            .await
            .refused(400, "BadDigest");
        nothing_stored(&store, name).await;
    }
    let invalid = [
        ("content-md5", "abc", "InvalidDigest"),
        ("x-amz-checksum-sha256", "abc", "InvalidRequest"),
        ("x-amz-sdk-checksum-algorithm", "SHA256", "InvalidRequest"),
        ("x-amz-sdk-checksum-algorithm", "MD4", "InvalidRequest"),
    ];
    for (name, value, code) in invalid {
        store.call(Method::PUT, "/media/k", &[(name, value)], &body).await.refused(400, code);
        nothing_stored(&store, name).await;
    }
    let [crc32, _, _, sha1, _] = checksums(&body);
    let two = [(crc32.0, crc32.1.as_str()), (sha1.0, sha1.1.as_str())];
    store.call(Method::PUT, "/media/k", &two, &body).await.refused(400, "InvalidRequest");
    nothing_stored(&store, "two checksums").await;

    let other_hash = hex(&Sha256::checksum(&other));
    let request = store.signed(
        &Signer::default(),
        Method::PUT,
        "/media/k",
        &[("x-amz-content-sha256", &other_hash)],
        &body,
    );
    store.send(request).await.refused(400, "XAmzContentSHA256Mismatch");
    nothing_stored(&store, "payload hash").await;
}

#[tokio::test]
async fn digests_that_match_are_kept_and_sent_when_asked_for() {
    let store = Served::start().await;
    let body = noise(70_001);
    for (name, value) in checksums(&body) {
        let md5 = base64(Md5::checksum(&body));
        let put = store
            .call(Method::PUT, "/media/k", &[(name, &value), ("content-md5", &md5)], &body)
            .await;
        assert_eq!(
            (put.status.as_u16(), put.header(name)),
            (200, value.as_str()),
            "{}",
            put.text()
        );
        assert_eq!(put.header("etag"), format!("\"{}\"", hex(&Md5::checksum(&body))));
        let head =
            store.call(Method::HEAD, "/media/k", &[("x-amz-checksum-mode", "ENABLED")], b"").await;
        assert_eq!(
            (head.header(name), head.header("x-amz-checksum-type")),
            (value.as_str(), "FULL_OBJECT")
        );
        assert_eq!(store.get("k", &[]).await.header(name), "");
    }
    // Without a declaration S3 adds CRC-64/NVME by itself.
    let put = store.put("k", &body).await;
    assert_eq!(put.header("x-amz-checksum-crc64nvme"), base64(Crc64Nvme::checksum(&body)));
}

/// Raw requests, because no client library sends a wrong length.
#[tokio::test]
async fn a_body_of_another_length_is_not_stored() {
    let store = Served::start().await;
    let signed = store.signed(
        &Signer::default(),
        Method::PUT,
        "/media/k",
        &[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
        b"0123456789",
    );
    let head = raw_head(&store, &signed, "content-length: 10\r\n");
    let short = store.send_raw(format!("{head}01234").as_bytes()).await;
    assert!(!short.starts_with("HTTP/1.1 200"), "{short}");
    nothing_stored(&store, "short").await;

    let none = store.send_raw(raw_head(&store, &signed, "").as_bytes()).await;
    assert!(
        none.starts_with("HTTP/1.1 411") && none.contains("<Code>MissingContentLength</Code>"),
        "{none}"
    );
    nothing_stored(&store, "no length").await;

    let chunked = raw_head(&store, &signed, "transfer-encoding: chunked\r\n");
    let chunked = store.send_raw(format!("{chunked}a\r\n0123456789\r\n0\r\n\r\n").as_bytes()).await;
    assert!(
        chunked.starts_with("HTTP/1.1 501") && chunked.contains("<Code>NotImplemented</Code>"),
        "{chunked}"
    );
    nothing_stored(&store, "chunked").await;

    // What comes after the length is the next request, not part of the body.
    let long = store.send_raw(format!("{head}0123456789ABCDE").as_bytes()).await;
    assert!(long.starts_with("HTTP/1.1 200"), "{long}");
    assert_eq!(store.get("k", &[]).await.text(), "0123456789");
}

#[tokio::test]
async fn a_body_over_5_gib_is_refused_before_it_is_sent() {
    let store = Served::start().await;
    let headers = [
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("content-length", "5368709121"),
        ("expect", "100-continue"),
    ];
    let signed = store.signed(&Signer::default(), Method::PUT, "/media/k", &headers, b"");
    let answer = store.send_raw(raw_head(&store, &signed, "").as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("<Code>EntityTooLarge</Code>"),
        "{answer}"
    );
    nothing_stored(&store, "too large").await;
}

/// aws-chunked with an unsigned trailer, as SDKs send by default.
#[tokio::test]
async fn trailing_checksums_are_compared_with_what_arrived() {
    let store = Served::start().await;
    let body = noise(50_000);
    let (good, wrong) = (base64(Crc32::checksum(&body)), base64(Crc32::checksum(b"other")));
    let trailer = |sum: &str| format!("0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
    let framed = |end: &str| {
        let mut framed = Vec::new();
        for chunk in body.chunks(16_384) {
            framed.extend(format!("{:x}\r\n", chunk.len()).bytes());
            framed.extend(chunk);
            framed.extend(b"\r\n");
        }
        framed.extend(end.bytes());
        framed
    };
    let cases = [
        ("wrong checksum", trailer(&wrong), "50000", 400, "BadDigest"),
        ("no trailer", "0\r\n\r\n".to_owned(), "50000", 400, "MalformedTrailerError"),
        (
            "trailer of another name",
            "0\r\nx-amz-checksum-sha1:AAAA\r\n\r\n".to_owned(),
            "50000",
            400,
            "MalformedTrailerError",
        ),
        ("no last chunk", String::new(), "50000", 400, "MalformedTrailerError"),
        ("fewer bytes than declared", trailer(&good), "50001", 400, "IncompleteBody"),
        ("more bytes than declared", trailer(&good), "49999", 400, "IncompleteBody"),
        ("not chunks", "zz\r\n".to_owned(), "50000", 400, "InvalidRequest"),
    ];
    for (case, end, size, status, code) in cases {
        send_trailed(&store, &framed(&end), size).await.refused(status, code);
        nothing_stored(&store, case).await;
    }
    let reply = send_trailed(&store, &framed(&trailer(&good)), "50000").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let got = store.get("k", &[("x-amz-checksum-mode", "ENABLED")]).await;
    assert_eq!(got.body, body);
    assert_eq!(
        (got.header("x-amz-checksum-crc32"), got.header("content-encoding")),
        (good.as_str(), "gzip")
    );
}

/// Signed chunks: a changed byte breaks the chain of signatures.
#[tokio::test]
async fn a_chunk_with_another_signature_is_refused() {
    let store = Served::start().await;
    let headers = [
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-decoded-content-length", "5"),
        ("content-encoding", "aws-chunked"),
    ];
    let framed =
        format!("5;chunk-signature={0}\r\nhello\r\n0;chunk-signature={0}\r\n\r\n", "0".repeat(64));
    let request =
        store.signed(&Signer::default(), Method::PUT, "/media/k", &headers, framed.as_bytes());
    store.send(request).await.refused(403, "SignatureDoesNotMatch");
    nothing_stored(&store, "chunk signature").await;
}

#[tokio::test]
async fn documents_are_compared_with_their_digests_too() {
    let store = Served::start().await;
    store.put("k", b"x").await;
    let document = b"<Delete><Object><Key>k</Key></Object></Delete>";
    let md5 = base64(Md5::checksum(document));
    let wrong = base64(Md5::checksum(b"other"));
    let cases: [(Headers<'_>, u16, &str); 4] = [
        (&[], 400, "InvalidRequest"),
        (&[("content-md5", &wrong)], 400, "BadDigest"),
        (&[("x-amz-checksum-crc32", "AAAAAA==")], 400, "BadDigest"),
        (
            &[("content-md5", &md5), ("x-amz-content-sha256", &"0".repeat(64))],
            400,
            "XAmzContentSHA256Mismatch",
        ),
    ];
    for (headers, status, code) in cases {
        store.call(Method::POST, "/media?delete", headers, document).await.refused(status, code);
        assert_eq!(store.keys().await, ["k"], "{headers:?}");
    }
    let unsigned =
        store.unsigned(Method::POST, "/media?delete", &[("content-md5", &wrong)], document);
    store.send(unsigned).await.refused(403, "AccessDenied");
    let large = vec![b' '; 5 << 20];
    store
        .call(Method::POST, "/media?delete", &[], &large)
        .await
        .refused(400, "MaxMessageLengthExceeded");
    let deleted =
        store.call(Method::POST, "/media?delete", &[("content-md5", &md5)], document).await;
    assert_eq!((deleted.status.as_u16(), deleted.all("Key")), (200, vec!["k".to_owned()]));
    assert_eq!(store.keys().await, Vec::<String>::new());
}

async fn send_trailed(store: &Served, framed: &[u8], size: &str) -> crate::support::Reply {
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", size),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("content-encoding", "gzip,aws-chunked"),
    ];
    store.send(store.signed(&Signer::default(), Method::PUT, "/media/k", &headers, framed)).await
}

/// The head of a signed request as text, with the framing headers given.
fn raw_head(store: &Served, request: &http::Request<bytes::Bytes>, framing: &str) -> String {
    let mut head = format!(
        "PUT {} HTTP/1.1\r\nhost: {}\r\n{framing}",
        request.uri().path_and_query().unwrap(),
        store.address
    );
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    head + "connection: close\r\n\r\n"
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
