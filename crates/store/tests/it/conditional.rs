//! Preconditions and ranges over HTTP.

use http::Method;

use crate::support::{Headers, Served, noise};

#[tokio::test]
async fn reads_answer_304_and_412() {
    let store = Served::start().await;
    let put = store
        .call(Method::PUT, "/media/k", &[("cache-control", "max-age=60")], b"0123456789")
        .await;
    let etag = put.header("etag").to_owned();
    let list = format!("\"x\", {etag}");
    let (past, future) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 2094 08:49:37 GMT");
    let cases: [(Headers<'_>, u16); 14] = [
        (&[("if-match", &etag)], 200),
        (&[("if-match", &list)], 200),
        (&[("if-match", "\"x\"")], 412),
        (&[("if-none-match", &etag)], 304),
        (&[("if-none-match", &list)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"x\"")], 200),
        (&[("if-modified-since", future)], 304),
        (&[("if-modified-since", past)], 200),
        (&[("if-unmodified-since", past)], 412),
        (&[("if-unmodified-since", future)], 200),
        (&[("if-match", &etag), ("if-unmodified-since", past)], 200),
        (&[("if-none-match", "\"x\""), ("if-modified-since", future)], 200),
        (&[("if-none-match", &etag), ("range", "bytes=0-1")], 304),
    ];
    for (headers, status) in cases {
        for method in [Method::GET, Method::HEAD] {
            let reply = store.call(method.clone(), "/media/k", headers, b"").await;
            assert_eq!(reply.status.as_u16(), status, "{method} {headers:?}");
            if status == 304 {
                assert_eq!(
                    (reply.header("etag"), reply.header("cache-control")),
                    (etag.as_str(), "max-age=60")
                );
                assert!(!reply.header("last-modified").is_empty());
                assert!(reply.body.is_empty());
            }
        }
    }
    store.get("k", &[("if-match", "\"x\"")]).await.refused(412, "PreconditionFailed");
}

#[tokio::test]
async fn ranges_answer_206_and_416_and_are_ignored_when_malformed() {
    let store = Served::start().await;
    let put = store.put("k", b"0123456789").await;
    let etag = put.header("etag").to_owned();
    let cases: [(Headers<'_>, u16, &str, &str); 11] = [
        (&[("range", "bytes=0-0")], 206, "0", "bytes 0-0/10"),
        (&[("range", "bytes=2-5")], 206, "2345", "bytes 2-5/10"),
        (&[("range", "bytes=7-")], 206, "789", "bytes 7-9/10"),
        (&[("range", "bytes=-3")], 206, "789", "bytes 7-9/10"),
        (&[("range", "bytes=5-99")], 206, "56789", "bytes 5-9/10"),
        (&[("range", "bytes=5-2")], 200, "0123456789", ""),
        (&[("range", "bytes=0-1,3-4")], 200, "0123456789", ""),
        (&[("range", "bytes=x-y")], 200, "0123456789", ""),
        (&[("range", "bytes=0-1"), ("if-range", &etag)], 206, "01", "bytes 0-1/10"),
        (&[("range", "bytes=0-1"), ("if-range", "\"x\"")], 200, "0123456789", ""),
        (&[("range", "bytes=0-1"), ("if-match", &etag)], 206, "01", "bytes 0-1/10"),
    ];
    for (headers, status, body, range) in cases {
        let reply = store.get("k", headers).await;
        let got = (reply.status.as_u16(), reply.text(), reply.header("content-range").to_owned());
        assert_eq!(got, (status, body.to_owned(), range.to_owned()), "{headers:?}");
        assert_eq!(reply.header("content-length"), body.len().to_string());
        let head = store.call(Method::HEAD, "/media/k", headers, b"").await;
        assert_eq!(head.status.as_u16(), status, "{headers:?}");
        assert_eq!(
            (head.header("content-range"), head.header("content-length")),
            (range, body.len().to_string().as_str())
        );
    }
    for range in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
        let reply = store.get("k", &[("range", range)]).await;
        reply.refused(416, "InvalidRange");
        assert_eq!(
            (reply.header("content-range"), reply.header("content-type")),
            ("bytes */10", "application/xml")
        );
    }
    let store = store.restarted().await;
    let body = noise(3_000_000);
    store.put("large", &body).await;
    let part = store.get("large", &[("range", "bytes=1234567-2345678")]).await;
    assert_eq!(part.body, body[1_234_567..=2_345_678]);
}

#[tokio::test]
async fn of_many_creating_writers_one_wins() {
    let store = Served::start().await;
    let bodies: Vec<Vec<u8>> = (0..12).map(|n| format!("writer {n}").into_bytes()).collect();
    let writers = bodies
        .iter()
        .map(|body| store.call(Method::PUT, "/media/k", &[("if-none-match", "*")], body));
    let replies = futures_util::future::join_all(writers).await;
    let winners: Vec<usize> = replies
        .iter()
        .enumerate()
        .filter(|(_, reply)| reply.status == 200)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert!(
        replies
            .iter()
            .filter(|reply| reply.status != 200)
            .all(|reply| reply.code() == "PreconditionFailed")
    );
    assert_eq!(store.get("k", &[]).await.body, bodies[winners[0]]);
    assert_eq!(store.data_files(), 1);
}

#[tokio::test]
async fn of_many_replacing_writers_one_wins() {
    let store = Served::start().await;
    let etag = store.put("k", b"first").await.header("etag").to_owned();
    let bodies: Vec<Vec<u8>> = (0..8).map(|n| format!("writer {n}").into_bytes()).collect();
    let condition = [("if-match", etag.as_str())];
    let writers = bodies.iter().map(|body| store.call(Method::PUT, "/media/k", &condition, body));
    let replies = futures_util::future::join_all(writers).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    store.call(Method::PUT, "/media/new", &condition, b"x").await.refused(404, "NoSuchKey");
    store
        .call(Method::DELETE, "/media/k", &condition, b"")
        .await
        .refused(412, "PreconditionFailed");
    assert_eq!(store.keys().await, ["k"]);
}
