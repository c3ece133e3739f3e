//! What a browser gets to see.

use bytes::Bytes;
use http::{Method, Request};

use crate::support::{Headers, ORIGIN, Reply, Served};

async fn preflight(store: &Served, headers: &[(&str, &str)]) -> Reply {
    let request: Request<Bytes> =
        store.unsigned(Method::OPTIONS, "/media/k?X-Amz-Signature=x", headers, b"");
    store.send(request).await
}

#[tokio::test]
async fn a_preflight_of_an_allowed_origin_is_answered_without_a_signature() {
    let store = Served::start().await;
    for method in ["GET", "HEAD", "PUT", "POST", "DELETE"] {
        let asked = "Content-Type,x-amz-checksum-sha256, If-None-Match";
        let reply = preflight(
            &store,
            &[
                ("origin", ORIGIN),
                ("access-control-request-method", method),
                ("access-control-request-headers", asked),
            ],
        )
        .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let expected = [
            ("access-control-allow-origin", ORIGIN),
            ("access-control-allow-methods", "GET, HEAD, PUT, POST, DELETE"),
            ("access-control-allow-headers", "content-type, x-amz-checksum-sha256, if-none-match"),
            ("access-control-max-age", "3000"),
        ];
        for (name, value) in expected {
            assert_eq!(reply.header(name), value);
        }
        assert!(reply.header("vary").contains("Origin"));
    }
}

#[tokio::test]
async fn other_preflights_are_refused() {
    let store = Served::start().await;
    let cases: [(Headers<'_>, u16, &str); 8] = [
        (&[("access-control-request-method", "PUT")], 400, "BadRequest"),
        (&[("origin", ORIGIN)], 400, "BadRequest"),
        (
            &[("origin", "http://127.0.0.1:8001"), ("access-control-request-method", "PUT")],
            403,
            "AccessForbidden",
        ),
        (
            &[("origin", "https://127.0.0.1:8000"), ("access-control-request-method", "PUT")],
            403,
            "AccessForbidden",
        ),
        (
            &[("origin", "http://127.0.0.1:8000.evil"), ("access-control-request-method", "PUT")],
            403,
            "AccessForbidden",
        ),
        (&[("origin", "null"), ("access-control-request-method", "PUT")], 403, "AccessForbidden"),
        (&[("origin", ORIGIN), ("access-control-request-method", "PATCH")], 403, "AccessForbidden"),
        (
            &[
                ("origin", ORIGIN),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "a b"),
            ],
            400,
            "InvalidRequest",
        ),
    ];
    for (headers, status, code) in cases {
        let reply = preflight(&store, headers).await;
        reply.refused(status, code);
        let allowed = reply.header("access-control-allow-origin");
        assert_eq!(allowed == ORIGIN, headers.contains(&("origin", ORIGIN)), "{headers:?}");
    }
}

#[tokio::test]
async fn answers_and_errors_can_be_read_by_allowed_origins_only() {
    let store = Served::start().await;
    store.put("k", b"x").await;
    for (path, status) in [("/media/k", 200), ("/media/nothing", 404)] {
        let reply = store.call(Method::GET, path, &[("origin", ORIGIN)], b"").await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("access-control-allow-origin")),
            (status, ORIGIN)
        );
        let exposed = reply.header("access-control-expose-headers");
        for name in ["ETag", "Content-Range", "x-amz-checksum-sha256", "x-amz-request-id"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
        let other = store.call(Method::GET, path, &[("origin", "http://other.example")], b"").await;
        assert_eq!(
            (other.status.as_u16(), other.header("access-control-allow-origin")),
            (status, "")
        );
        assert!(other.header("vary").contains("Origin"));
        assert!(store.call(Method::GET, path, &[], b"").await.header("vary").contains("Origin"));
    }
    let refused =
        store.send(store.unsigned(Method::PUT, "/media/k", &[("origin", ORIGIN)], b"x")).await;
    refused.refused(403, "AccessDenied");
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN);
}

/// A browser that sends 30 MB sees why it was refused and not a broken connection.
#[tokio::test]
async fn a_large_refused_upload_still_gets_its_answer() {
    let store = Served::start().await;
    let body = vec![7; 30_000_000];
    let refused =
        store.send(store.unsigned(Method::PUT, "/media/k", &[("origin", ORIGIN)], &body)).await;
    refused.refused(403, "AccessDenied");
    assert_eq!((store.keys().await.len(), store.data_files()), (0, 0));
}
