//! Multipart uploads over HTTP.

use http::Method;
use s3s::crypto::{Checksum, Crc32, Crc64Nvme, Md5};

use crate::support::{Headers, Reply, Served, base64, noise};

/// Part numbers, each with the rest of what is claimed of it.
type Parts<'a> = &'a [(u32, &'a str)];

const MIB: usize = 1 << 20;

async fn create(store: &Served, headers: &[(&str, &str)]) -> String {
    let reply = store.call(Method::POST, "/media/k?uploads", headers, b"").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.all("UploadId")[0].clone()
}

async fn part(
    store: &Served,
    id: &str,
    number: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    store
        .call(Method::PUT, &format!("/media/k?partNumber={number}&uploadId={id}"), headers, body)
        .await
}

async fn complete(store: &Served, id: &str, headers: &[(&str, &str)], parts: Parts<'_>) -> Reply {
    let parts: String = parts
        .iter()
        .map(|(n, rest)| format!("<Part><PartNumber>{n}</PartNumber>{rest}</Part>"))
        .collect();
    let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    store.call(Method::POST, &format!("/media/k?uploadId={id}"), headers, document.as_bytes()).await
}

fn etag(body: &[u8]) -> String {
    format!("<ETag>\"{}\"</ETag>", hex(&Md5::checksum(body)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[tokio::test]
async fn parts_become_one_object() {
    let store = Served::start().await;
    let (first, last) = (noise(5 * MIB), noise(1000));
    let id = create(&store, &[("content-type", "video/mp4"), ("x-amz-meta-a", "b")]).await;
    // In any order, and a part sent again replaces the one before.
    assert_eq!(part(&store, &id, "7", &[], &last).await.status, 200);
    assert_eq!(part(&store, &id, "2", &[], b"replaced").await.status, 200);
    let sent = part(&store, &id, "2", &[], &first).await;
    assert_eq!(sent.header("etag"), format!("\"{}\"", hex(&Md5::checksum(&first))));
    let store = store.restarted().await;
    let listed = store.call(Method::GET, &format!("/media/k?uploadId={id}"), &[], b"").await;
    assert_eq!(
        (listed.all("PartNumber"), listed.all("Size")),
        (vec!["2".to_owned(), "7".to_owned()], vec![(5 * MIB).to_string(), "1000".to_owned()])
    );
    let uploads = store.call(Method::GET, "/media?uploads", &[], b"").await;
    assert_eq!(
        (uploads.all("Key"), uploads.all("UploadId")),
        (vec!["k".to_owned()], vec![id.clone()])
    );
    store.get("k", &[]).await.refused(404, "NoSuchKey");

    let done = complete(&store, &id, &[], &[(2, &etag(&first)), (7, &etag(&last))]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let of_etags = [Md5::checksum(&first), Md5::checksum(&last)].concat();
    let expected = format!("\"{}-2\"", hex(&Md5::checksum(&of_etags)));
    let got = store.get("k", &[("x-amz-checksum-mode", "ENABLED")]).await;
    assert_eq!(got.body, [first.clone(), last.clone()].concat());
    assert_eq!(got.header("etag"), expected);
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), ("video/mp4", "b"));
    assert_eq!(got.header("x-amz-checksum-crc64nvme"), base64(Crc64Nvme::checksum(&got.body)));
    let second = store.get("k?partNumber=2", &[]).await;
    assert_eq!((second.status.as_u16(), second.header("x-amz-mp-parts-count")), (206, "2"));
    assert_eq!(second.body, last);
    assert_eq!(store.get("k?partNumber=3", &[]).await.status, 416);
    assert_eq!(store.data_files(), 1);
    complete(&store, &id, &[], &[(2, &etag(&first))]).await.refused(404, "NoSuchUpload");
    assert_eq!(store.call(Method::GET, "/media?uploads", &[], b"").await.all("UploadId").len(), 0);
}

#[tokio::test]
async fn a_list_of_parts_that_does_not_hold_is_refused() {
    let store = Served::start().await;
    let (first, small, last) = (noise(5 * MIB), noise(5 * MIB - 1), noise(10));
    let id = create(&store, &[]).await;
    for (number, body) in [("1", &first), ("2", &small), ("3", &last)] {
        assert_eq!(part(&store, &id, number, &[], body).await.status, 200);
    }
    let (a, b, c) = (etag(&first), etag(&small), etag(&last));
    let wrong_sum = format!("{a}<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>");
    let other_sum = format!("{a}<ChecksumCRC32>AAAAAA==</ChecksumCRC32>");
    let cases: [(&str, Parts<'_>, Headers<'_>, u16, &str); 12] = [
        ("no parts", &[], &[], 400, "MalformedXML"),
        ("wrong etag", &[(1, &b)], &[], 400, "InvalidPart"),
        ("no etag", &[(1, "")], &[], 400, "InvalidPart"),
        ("part not there", &[(1, &a), (4, &c)], &[], 400, "InvalidPart"),
        ("wrong order", &[(3, &c), (1, &a)], &[], 400, "InvalidPartOrder"),
        ("part twice", &[(1, &a), (1, &a)], &[], 400, "InvalidPartOrder"),
        ("number 0", &[(0, &a)], &[], 400, "InvalidArgument"),
        ("small part before the last", &[(1, &a), (2, &b), (3, &c)], &[], 400, "EntityTooSmall"),
        ("wrong checksum", &[(1, &wrong_sum)], &[], 400, "InvalidPart"),
        ("checksum of another kind", &[(1, &other_sum)], &[], 400, "InvalidPart"),
        ("wrong size", &[(1, &a)], &[("x-amz-mp-object-size", "1")], 400, "InvalidRequest"),
        (
            "wrong whole checksum",
            &[(1, &a)],
            &[("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")],
            400,
            "BadDigest",
        ),
    ];
    for (case, parts, headers, status, code) in cases {
        let reply = complete(&store, &id, headers, parts).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (status, code),
            "{case}: {}",
            reply.text()
        );
        assert_eq!((store.keys().await.len(), store.data_files()), (0, 3), "{case}");
    }
    store.put("k", b"here first").await;
    complete(&store, &id, &[("if-none-match", "*")], &[(1, &a)])
        .await
        .refused(412, "PreconditionFailed");
    assert_eq!(store.get("k", &[]).await.text(), "here first");
    // Refusing has not used the upload up.
    assert_eq!(complete(&store, &id, &[], &[(1, &a), (3, &c)]).await.status, 200);
    assert_eq!(store.data_files(), 1);
}

#[tokio::test]
async fn parts_without_an_upload_or_number_are_refused() {
    let store = Served::start().await;
    let id = create(&store, &[]).await;
    for number in ["0", "10001"] {
        part(&store, &id, number, &[], b"x").await.refused(400, "InvalidArgument");
    }
    assert_eq!(part(&store, &id, "1abc", &[], b"x").await.status, 400);
    part(&store, "0123", "1", &[], b"x").await.refused(404, "NoSuchUpload");
    part(&store, "..", "1", &[], b"x").await.refused(404, "NoSuchUpload");
    let other_key = store
        .call(Method::PUT, &format!("/media/other?partNumber=1&uploadId={id}"), &[], b"x")
        .await;
    other_key.refused(404, "NoSuchUpload");
    part(&store, &id, "1", &[("x-amz-checksum-crc32", "AAAAAA==")], b"x")
        .await
        .refused(400, "InvalidRequest");
    part(&store, &id, "1", &[("content-md5", &base64([0; 16]))], b"x")
        .await
        .refused(400, "BadDigest");
    assert_eq!(store.data_files(), 0);

    assert_eq!(part(&store, &id, "1", &[], b"x").await.status, 200);
    let upload = format!("/media/k?uploadId={id}");
    let abort = || store.call(Method::DELETE, &upload, &[], b"");
    assert_eq!(abort().await.status, 204);
    abort().await.refused(404, "NoSuchUpload");
    part(&store, &id, "1", &[], b"x").await.refused(404, "NoSuchUpload");
    assert_eq!(store.data_files(), 0);
}

#[tokio::test]
async fn a_named_checksum_is_kept_through_all_parts() {
    let store = Served::start().await;
    let (first, last) = (noise(5 * MIB), noise(77));
    let id = create(&store, &[("x-amz-checksum-algorithm", "CRC32")]).await;
    part(&store, &id, "1", &[], &first).await.refused(400, "InvalidRequest");
    let sums = [base64(Crc32::checksum(&first)), base64(Crc32::checksum(&last))];
    for (number, body, sum) in [("1", &first, &sums[0]), ("2", &last, &sums[1])] {
        let reply = part(&store, &id, number, &[("x-amz-checksum-crc32", sum)], body).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("x-amz-checksum-crc32")),
            (200, sum.as_str())
        );
    }
    complete(&store, &id, &[], &[(1, &etag(&first)), (2, &etag(&last))])
        .await
        .refused(400, "InvalidRequest");
    let listed =
        |body: &[u8], sum: &str| format!("{}<ChecksumCRC32>{sum}</ChecksumCRC32>", etag(body));
    let parts = [(1, listed(&first, &sums[0])), (2, listed(&last, &sums[1]))];
    let done = complete(&store, &id, &[], &[(1, &parts[0].1), (2, &parts[1].1)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let of_sums = [Crc32::checksum(&first), Crc32::checksum(&last)].concat();
    let head =
        store.call(Method::HEAD, "/media/k", &[("x-amz-checksum-mode", "ENABLED")], b"").await;
    assert_eq!(
        head.header("x-amz-checksum-crc32"),
        format!("{}-2", base64(Crc32::checksum(&of_sums)))
    );
    assert_eq!(head.header("x-amz-checksum-type"), "COMPOSITE");
    let bad = store
        .call(Method::POST, "/media/k?uploads", &[("x-amz-checksum-algorithm", "MD4")], b"")
        .await;
    bad.refused(400, "InvalidRequest");
}

#[tokio::test]
async fn parts_are_copied_from_objects() {
    let store = Served::start().await;
    let source = noise(6 * MIB);
    store.put("source", &source).await;
    let id = create(&store, &[]).await;
    let copy = |number: &'static str, range: &'static str| {
        let (store, id) = (&store, &id);
        async move {
            part(
                store,
                id,
                number,
                &[("x-amz-copy-source", "media/source"), ("x-amz-copy-source-range", range)],
                b"",
            )
            .await
        }
    };
    assert_eq!(copy("1", "bytes=0-5242879").await.status, 200);
    assert_eq!(copy("2", "bytes=5242880-6291455").await.status, 200);
    for range in ["bytes=0-6291456", "bytes=5-1", "bytes=0-", "0-1"] {
        copy("3", range).await.refused(400, "InvalidArgument");
    }
    let done = complete(
        &store,
        &id,
        &[],
        &[(1, &etag(&source[..5 * MIB])), (2, &etag(&source[5 * MIB..]))],
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(store.get("k", &[]).await.body, source);
}

#[tokio::test]
async fn uploads_are_listed_page_by_page() {
    let store = Served::start().await;
    for key in ["a/1", "a/2", "b", "b", "c"] {
        assert_eq!(
            store.call(Method::POST, &format!("/media/{key}?uploads"), &[], b"").await.status,
            200
        );
    }
    let list = |query: String| {
        let store = &store;
        async move { store.call(Method::GET, &format!("/media?uploads{query}"), &[], b"").await }
    };
    assert_eq!(list(String::new()).await.all("Key"), ["a/1", "a/2", "b", "b", "c"]);
    assert_eq!(list("&prefix=a".to_owned()).await.all("Key"), ["a/1", "a/2"]);
    let (mut keys, mut from) = (Vec::new(), String::new());
    loop {
        let page = list(format!("&max-uploads=1&delimiter=%2F{from}")).await;
        keys.extend(page.all("Key"));
        keys.extend(page.all("CommonPrefixes"));
        if page.all("IsTruncated") == ["false"] {
            break;
        }
        let (key, id) = (
            page.all("NextKeyMarker").remove(0),
            page.all("NextUploadIdMarker").pop().unwrap_or_default(),
        );
        from = format!("&key-marker={}&upload-id-marker={id}", key.replace('/', "%2F"));
    }
    assert_eq!(keys, ["<Prefix>a/</Prefix>", "b", "b", "c"]);
}
