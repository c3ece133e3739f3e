//! Which object a request means, and what goes out to its store.

use crate::*;

#[test]
fn routes_go_by_host_and_longest_prefix() {
    let url = |host: &str, path: &str| {
        let token = bearer("alice", now().as_secs() + 60);
        let headers = [("host", host), ("authorization", token.as_str())];
        let request = Request::parse("GET", path, headers).unwrap();
        decision(&gate(), &request, now()).trail.bucket
    };
    assert_eq!(url("media.example", "/media/a").as_deref(), Some("bucket"));
    assert_eq!(url("media.example", "/media/deep/a").as_deref(), Some("deep"));
    assert_eq!(url("archive.example", "/media/a").as_deref(), Some("archive"));
    assert_eq!(url("ARCHIVE.example", "/media/deep/a").as_deref(), Some("archive"));
    assert_eq!(url("media.example", "/medias/a"), None);
    // A signature covers the decoded path, so its spelling must not choose the route.
    assert_eq!(url("media.example", "/media/%64eep/a").as_deref(), Some("deep"));
    assert_eq!(url("media.example", "/%6dedia/deep/a").as_deref(), Some("deep"));
    assert_eq!(url("media.example", "/media%2Fdeep/a"), None);
    for host in ["archive.example.", "archive.example:443", "archive.example:80"] {
        assert_eq!(url(host, "/media/a").as_deref(), Some("archive"), "{host}");
    }
}

#[test]
fn only_what_is_listed_goes_to_the_store() {
    let headers = [
        ("range", "bytes=0-9"),
        ("if-none-match", "\"e\""),
        ("cookie", "session=1"),
        ("referer", "https://app.example/"),
        ("accept-encoding", "gzip"),
        ("x-forwarded-for", "1.2.3.4"),
    ];
    let view = [("response-content-type", "text/plain"), ("x-id", "GetObject"), ("versionId", "3")];
    let target = Ticket { query: &view, ..ticket("AKAPP") }.target();
    let origin = fetched(&target, &headers);
    assert_eq!(origin.url().expose(), "https://s3.example/bucket/users/alice/a.jpg?versionId=3");
    let names: Vec<_> = origin.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "authorization",
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
            "if-none-match",
            "range",
        ]
    );
    let debug = format!("{origin:?}");
    assert!(!debug.contains("Signature=") && !debug.contains("STORE_TOKEN"), "{debug}");
}

#[test]
fn what_is_unsigned_cannot_choose_a_version_or_override_headers() {
    for parameter in ["response-content-type=text/html", "versionId=1", "acl", "uploads"] {
        let target = format!("/media/public/a.jpg?{parameter}");
        assert_eq!(reason("GET", &target, &[]), "sub_resource", "{parameter}");
    }
    assert_eq!(
        fetched("/media/public/a.jpg?v=2", &[]).url().expose(),
        "https://s3.example/bucket/public/a.jpg"
    );
}

#[test]
fn keys_travel_byte_for_byte() {
    for (path, url) in [
        ("a%20b+c%2Bd", "a%20b%2Bc%2Bd"),
        ("%25", "%25"),
        ("%3F%23", "%3F%23"),
        ("a//b", "a//b"),
        ("/a", "/a"),
        (".hidden", ".hidden"),
        ("%C3%A9e%CC%81", "%C3%A9e%CC%81"),
        ("a%5Cb", "a%5Cb"),
        ("(a)'!*", "%28a%29%27%21%2A"),
        ("a%2e%2eb", "a..b"),
    ] {
        let origin = fetched(&format!("/media/public/{path}"), &[]);
        assert_eq!(
            origin.url().expose(),
            format!("https://s3.example/bucket/public/{url}"),
            "{path}"
        );
    }
    for path in ["..", "../a", "a/%2E%2e/b", ".", "%2e", "a%2Fb", "a%00", "%80", "a%0d%0a"] {
        let target = format!("/media/public/{path}");
        assert_eq!(reason("GET", &target, &[]), "malformed_key", "{path}");
    }
}
