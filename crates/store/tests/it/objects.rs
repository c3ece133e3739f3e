//! Put, get, head, copy and delete; what is kept about an object; what survives a restart.

use http::Method;

use crate::support::{Served, Signer, noise};

const KEPT: [(&str, &str); 7] = [
    ("content-type", "image/png"),
    ("content-encoding", "gzip"),
    ("content-language", "de"),
    ("content-disposition", "attachment; filename=\"a.png\""),
    ("cache-control", "max-age=60"),
    ("expires", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("x-amz-meta-colour", "red"),
];

#[tokio::test]
async fn an_object_comes_back_with_what_was_kept_about_it() {
    let store = Served::start().await;
    let body = noise(300_000);
    let put = store.call(Method::PUT, "/media/k", &KEPT, &body).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let store = store.restarted().await;
    for method in [Method::GET, Method::HEAD] {
        let reply = store.call(method.clone(), "/media/k", &[], b"").await;
        assert_eq!(reply.status, 200);
        for (name, value) in KEPT {
            assert_eq!(reply.header(name), value, "{method} {name}");
        }
        assert_eq!(reply.header("etag"), put.header("etag"));
        assert_eq!(reply.header("content-length"), "300000");
        assert_eq!(reply.header("accept-ranges"), "bytes");
        assert!(reply.header("last-modified").ends_with(" GMT"));
        assert!(!reply.header("x-amz-request-id").is_empty());
        assert_eq!(reply.body.len(), if method == Method::GET { 300_000 } else { 0 });
    }
    assert_eq!(store.get("k", &[]).await.body, body);
}

#[tokio::test]
async fn a_signed_read_may_override_headers_of_the_answer() {
    let store = Served::start().await;
    store.put("k", b"x").await;
    let query = "response-content-type=text%2Fplain&response-cache-control=no-store&response-content-disposition=inline";
    let reply = store.get(&format!("k?{query}"), &[]).await;
    let sent =
        ["content-type", "cache-control", "content-disposition"].map(|name| reply.header(name));
    assert_eq!(sent, ["text/plain", "no-store", "inline"]);
    let added = store.presigned(&Signer::default(), Method::GET, "/media/k", &[], b"", 60);
    let (mut parts, body) = added.into_parts();
    parts.uri = format!("{}&{query}", parts.uri).parse().unwrap();
    store.send(http::Request::from_parts(parts, body)).await.refused(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let store = Served::start().await;
    store.get("nothing", &[]).await.refused(404, "NoSuchKey");
    let head = store.call(Method::HEAD, "/media/nothing", &[], b"").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (404, 0));
    for (method, path) in [
        (Method::GET, "/absent/k"),
        (Method::GET, "/absent?uploads"),
        (Method::GET, "/absent?list-type=2"),
        (Method::DELETE, "/absent/k"),
        (Method::POST, "/absent/k?uploads"),
    ] {
        store.call(method, path, &[], b"").await.refused(404, "NoSuchBucket");
    }
    store.call(Method::PUT, "/absent/k", &[], b"x").await.refused(404, "NoSuchBucket");
    assert_eq!(store.call(Method::HEAD, "/absent", &[], b"").await.status, 404);
    store.get("nothing?versionId=1", &[]).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn overwriting_and_deleting_leave_no_data_behind() {
    let store = Served::start().await;
    for version in ["one", "two", "three"] {
        store.put("k", version.as_bytes()).await;
        assert_eq!(store.get("k", &[]).await.text(), version);
        assert_eq!(store.data_files(), 1);
    }
    for _ in 0..2 {
        assert_eq!(store.call(Method::DELETE, "/media/k", &[], b"").await.status, 204);
    }
    store.get("k", &[]).await.refused(404, "NoSuchKey");
    assert_eq!(store.data_files(), 0);
    store.restarted().await.get("k", &[]).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn a_reader_keeps_the_version_it_began_with() {
    let store = Served::start().await;
    let old = noise(20_000_000);
    store.put("k", &old).await;
    let reading = store.get("k", &[]);
    let writing = async {
        for _ in 0..5 {
            store.put("k", b"new").await;
        }
    };
    let (read, ()) = tokio::join!(reading, writing);
    assert!(
        read.body == old || read.text() == "new",
        "neither version but {} bytes",
        read.body.len()
    );
}

#[tokio::test]
async fn a_copy_takes_or_replaces_what_was_kept() {
    let store = Served::start().await;
    let body = noise(10_000);
    let put = store.call(Method::PUT, "/media/a%20b", &KEPT, &body).await;
    let copy = |to: &'static str, extra: Vec<(&'static str, &'static str)>| {
        let store = &store;
        async move {
            let mut headers = vec![("x-amz-copy-source", "/media/a%20b")];
            headers.extend(extra);
            store.call(Method::PUT, to, &headers, b"").await
        }
    };
    let copied = copy("/media/copy", vec![]).await;
    assert_eq!(copied.all("ETag"), [put.header("etag")], "{}", copied.text());
    let got = store.get("copy", &[]).await;
    assert_eq!((got.body.as_ref(), got.header("x-amz-meta-colour")), (body.as_slice(), "red"));
    let replaced =
        copy("/media/copy", vec![("x-amz-metadata-directive", "REPLACE"), ("content-type", "a/b")])
            .await;
    assert_eq!(replaced.status, 200, "{}", replaced.text());
    let got = store.get("copy", &[]).await;
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-colour")), ("a/b", ""));

    copy("/media/a%20b", vec![]).await.refused(400, "InvalidRequest");
    copy("/media/c", vec![("x-amz-copy-source-if-match", "\"x\"")])
        .await
        .refused(412, "PreconditionFailed");
    copy("/media/c", vec![("x-amz-copy-source-if-none-match", "*")])
        .await
        .refused(412, "PreconditionFailed");
    copy("/media/copy", vec![("if-none-match", "*")]).await.refused(412, "PreconditionFailed");
    let absent =
        store.call(Method::PUT, "/media/c", &[("x-amz-copy-source", "/media/nothing")], b"").await;
    absent.refused(404, "NoSuchKey");
    assert_eq!(store.keys().await, ["a b", "copy"]);
}

#[tokio::test]
async fn deleting_many_answers_for_each_key() {
    let store = Served::start().await;
    for key in ["a", "b", "c%26d", "e"] {
        store.put(key, b"x").await;
    }
    let delete = |document: String| {
        let store = &store;
        async move {
            let md5 = crate::support::base64(
                <s3s::crypto::Md5 as s3s::crypto::Checksum>::checksum(document.as_bytes()),
            );
            store
                .call(Method::POST, "/media?delete", &[("content-md5", &md5)], document.as_bytes())
                .await
        }
    };
    let object = |key: &str| format!("<Object><Key>{key}</Key></Object>");
    let some = delete(format!("<Delete>{}{}</Delete>", object("a"), object("nothing"))).await;
    assert_eq!(some.all("Key"), ["a", "nothing"], "{}", some.text());
    let quiet = delete(format!("<Delete><Quiet>true</Quiet>{}</Delete>", object("b"))).await;
    assert_eq!((quiet.status.as_u16(), quiet.all("Key").len()), (200, 0));
    delete("<Delete></Delete>".to_owned()).await.refused(400, "MalformedXML");
    delete(format!("<Delete>{}</Delete>", object("e").repeat(1001)))
        .await
        .refused(400, "MalformedXML");
    assert_eq!(store.keys().await, ["c&amp;d", "e"]);
}

#[tokio::test]
async fn buckets_are_created_once_and_listed() {
    let store = Served::start().await;
    assert_eq!(store.call(Method::PUT, "/other-bucket", &[], b"").await.status, 200);
    store
        .call(Method::PUT, "/other-bucket", &[], b"")
        .await
        .refused(409, "BucketAlreadyOwnedByYou");
    let elsewhere = b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    store
        .call(Method::PUT, "/third", &[], elsewhere)
        .await
        .refused(400, "IllegalLocationConstraintException");
    for name in ["/Media", "/a_b", "/ab", "/192.168.0.1"] {
        store.call(Method::PUT, name, &[], b"").await.refused(400, "InvalidBucketName");
    }
    let store = store.restarted().await;
    assert_eq!(store.call(Method::GET, "/", &[], b"").await.all("Name"), ["media", "other-bucket"]);
    let head = store.call(Method::HEAD, "/media", &[], b"").await;
    assert_eq!((head.status.as_u16(), head.header("x-amz-bucket-region")), (200, "us-east-1"));
    let location = store.call(Method::GET, "/media?location", &[], b"").await;
    assert!(location.text().contains("LocationConstraint"), "{}", location.text());
}

#[tokio::test]
async fn features_that_are_not_there_are_refused_and_not_ignored() {
    let store = Served::start().await;
    let cases = [
        ("x-amz-acl", "public-read", 400, "AccessControlListNotSupported"),
        ("x-amz-grant-read", "id=1", 400, "AccessControlListNotSupported"),
        ("x-amz-tagging", "a=b", 501, "NotImplemented"),
        ("x-amz-storage-class", "GLACIER", 400, "InvalidStorageClass"),
        ("x-amz-server-side-encryption", "aws:kms", 501, "NotImplemented"),
        ("x-amz-website-redirect-location", "/x", 501, "NotImplemented"),
        ("x-amz-object-lock-legal-hold", "ON", 501, "NotImplemented"),
        ("if-none-match", "\"abc\"", 501, "NotImplemented"),
    ];
    for (name, value, status, code) in cases {
        store.call(Method::PUT, "/media/k", &[(name, value)], b"x").await.refused(status, code);
    }
    let hoisted = "/media/k?x-amz-acl=public-read";
    let hoisted = store.presigned(&Signer::default(), Method::PUT, hoisted, &[], b"x", 60);
    store.send(hoisted).await.refused(400, "AccessControlListNotSupported");
    let large = "x".repeat(2049);
    store
        .call(Method::PUT, "/media/k", &[("x-amz-meta-a", &large)], b"x")
        .await
        .refused(400, "MetadataTooLarge");
    for path in ["/media?versioning", "/media/k?tagging", "/media/k?acl", "/media?policy"] {
        store.call(Method::GET, path, &[], b"").await.refused(501, "NotImplemented");
    }
    assert_eq!((store.keys().await.len(), store.data_files()), (0, 0));
}
