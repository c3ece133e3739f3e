//! Who is refused, with which code; and that a refused PUT stores nothing.

use bytes::Bytes;
use http::{Method, Request};

use crate::support::{ACCESS_KEY_ID, Served, Signer};

const BODY: &[u8] = b"a photo";
const PATH: &str = "/media/photo";

/// The refused requests of a table: how each is made, and what AWS answers.
type Case = (&'static str, Request<Bytes>, u16, &'static str);

async fn check(store: &Served, cases: Vec<Case>) {
    for (name, request, status, code) in cases {
        let reply = store.send(request).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (status, code),
            "{name}: {}",
            reply.text()
        );
        assert_eq!(store.keys().await, Vec::<String>::new(), "{name} stored something");
        assert_eq!(store.data_files(), 0, "{name} left data behind");
    }
}

/// A request whose URI is rewritten after it was signed.
fn with_uri(mut request: Request<Bytes>, rewrite: impl Fn(&str) -> String) -> Request<Bytes> {
    *request.uri_mut() = rewrite(&request.uri().to_string()).parse().unwrap();
    request
}

/// A request that gets a header after it was signed.
fn with_header(mut request: Request<Bytes>, name: &'static str, value: &str) -> Request<Bytes> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn with_authorization(
    mut request: Request<Bytes>,
    rewrite: impl Fn(&str) -> String,
) -> Request<Bytes> {
    let value = rewrite(request.headers()["authorization"].to_str().unwrap());
    request.headers_mut().insert("authorization", value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_ticket_in_header_or_query_lets_in() {
    let store = Served::start().await;
    let header = store.signed(&Signer::default(), Method::PUT, "/media/a", &[], BODY);
    assert_eq!(store.send(header).await.status, 200);
    let query = store.presigned(&Signer::default(), Method::PUT, "/media/b", &[], BODY, 604_800);
    assert_eq!(store.send(query).await.status, 200);
    let skewed = store.signed(&Signer::shifted(-840), Method::PUT, "/media/c", &[], BODY);
    assert_eq!(store.send(skewed).await.status, 200);
    let soon = store.presigned(&Signer::shifted(840), Method::PUT, "/media/d", &[], BODY, 60);
    assert_eq!(store.send(soon).await.status, 200);
    assert_eq!(store.keys().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn header_tickets_are_refused_as_aws_refuses_them() {
    let store = Served::start().await;
    let signed = |signer: Signer| store.signed(&signer, Method::PUT, PATH, &[], BODY);
    let good = || signed(Signer::default());
    let hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases: Vec<Case> = vec![
        ("anonymous", store.unsigned(Method::PUT, PATH, &[], BODY), 403, "AccessDenied"),
        (
            "signature version 2",
            store.unsigned(
                Method::PUT,
                PATH,
                &[("authorization", "AWS STOREDEVELOPMENT:c2lnbmF0dXJl")],
                BODY,
            ),
            400,
            "InvalidRequest",
        ),
        (
            "bearer token",
            store.unsigned(Method::PUT, PATH, &[("authorization", "Bearer x")], BODY),
            400,
            "InvalidArgument",
        ),
        (
            "no fields",
            store.unsigned(Method::PUT, PATH, &[("authorization", "AWS4-HMAC-SHA256 x")], BODY),
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "two authorization headers",
            {
                let mut request = good();
                let value = request.headers()["authorization"].clone();
                request.headers_mut().append("authorization", value);
                request
            },
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "field twice",
            with_authorization(good(), |a| format!("{a}, Signature={}", "0".repeat(64))),
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "header and query",
            with_uri(good(), |uri| format!("{uri}?X-Amz-Algorithm=AWS4-HMAC-SHA256")),
            400,
            "InvalidArgument",
        ),
        (
            "other region",
            signed(Signer { region: "eu-west-1", ..Signer::default() }),
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "other service",
            signed(Signer { service: "sts", ..Signer::default() }),
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "unknown key",
            signed(Signer { access_key_id: "OTHER", ..Signer::default() }),
            403,
            "InvalidAccessKeyId",
        ),
        (
            "other secret",
            signed(Signer { secret: "other", ..Signer::default() }),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "session token",
            signed(Signer { token: Some("token"), ..Signer::default() }),
            400,
            "InvalidToken",
        ),
        ("16 minutes slow", signed(Signer::shifted(-960)), 403, "RequestTimeTooSkewed"),
        ("16 minutes fast", signed(Signer::shifted(960)), 403, "RequestTimeTooSkewed"),
        (
            "no date",
            {
                let mut request = good();
                request.headers_mut().remove("x-amz-date");
                request
            },
            403,
            "AccessDenied",
        ),
        (
            "scope of another day",
            with_authorization(good(), |a| {
                let (head, tail) = a.split_once(&format!("{ACCESS_KEY_ID}/")).unwrap();
                format!("{head}{ACCESS_KEY_ID}/20200101{}", &tail[8..])
            }),
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "no payload hash",
            {
                let mut request = good();
                request.headers_mut().remove("x-amz-content-sha256");
                request
            },
            400,
            "InvalidRequest",
        ),
        (
            "payload hash of no kind",
            with_header(good(), "x-amz-content-sha256", "none"),
            400,
            "InvalidArgument",
        ),
        (
            "other payload hash",
            with_header(good(), "x-amz-content-sha256", hash_of_nothing),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "unsigned x-amz-acl",
            with_header(good(), "x-amz-acl", "public-read"),
            403,
            "AccessDenied",
        ),
        ("unsigned x-amz-meta", with_header(good(), "x-amz-meta-a", "b"), 403, "AccessDenied"),
        (
            "host not signed",
            with_authorization(good(), |a| a.replace("SignedHeaders=host;", "SignedHeaders=")),
            403,
            "AccessDenied",
        ),
        (
            "signed header absent",
            with_authorization(good(), |a| {
                a.replace("SignedHeaders=host;", "SignedHeaders=host;range;")
            }),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "signed headers out of order",
            with_authorization(good(), |a| {
                a.replace("host;x-amz-content-sha256", "x-amz-content-sha256;host")
            }),
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "other path",
            with_uri(good(), |uri| uri.replace("photo", "phot0")),
            403,
            "SignatureDoesNotMatch",
        ),
        ("other query", with_uri(good(), |uri| format!("{uri}?a=b")), 403, "SignatureDoesNotMatch"),
        ("other host", with_header(good(), "host", "localhost"), 403, "SignatureDoesNotMatch"),
        (
            "one digit of the signature",
            with_authorization(good(), |a| {
                let (head, last) = a.split_at(a.len() - 1);
                format!("{head}{}", if last == "0" { "1" } else { "0" })
            }),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "a form's type",
            store.unsigned(
                Method::POST,
                "/media",
                &[("content-type", "multipart/form-data; boundary=x")],
                BODY,
            ),
            400,
            "MalformedPOSTRequest",
        ),
    ];
    check(&store, cases).await;
}

#[tokio::test]
async fn presigned_urls_are_refused_as_aws_refuses_them() {
    let store = Served::start().await;
    let presigned =
        |signer: Signer, life| store.presigned(&signer, Method::PUT, PATH, &[], BODY, life);
    let good = || presigned(Signer::default(), 60);
    let without = |name: &'static str| {
        with_uri(good(), |uri| {
            let (path, query) = uri.split_once('?').unwrap();
            let kept: Vec<_> =
                query.split('&').filter(|p| !p.starts_with(&format!("{name}="))).collect();
            format!("{path}?{}", kept.join("&"))
        })
    };
    let malformed = "AuthorizationQueryParametersError";
    let mut cases: Vec<Case> = vec![
        ("expired", presigned(Signer::shifted(-120), 60), 403, "AccessDenied"),
        ("16 minutes in the future", presigned(Signer::shifted(960), 60), 403, "AccessDenied"),
        ("over a week", presigned(Signer::default(), 604_801), 400, malformed),
        (
            "no life at all",
            with_uri(good(), |uri| uri.replace("Expires=60", "Expires=0")),
            400,
            malformed,
        ),
        (
            "negative life",
            with_uri(good(), |uri| uri.replace("Expires=60", "Expires=-1")),
            400,
            malformed,
        ),
        (
            "longer life",
            with_uri(good(), |uri| uri.replace("Expires=60", "Expires=61")),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "other region",
            presigned(Signer { region: "eu-west-1", ..Signer::default() }, 60),
            400,
            malformed,
        ),
        (
            "other service",
            presigned(Signer { service: "ec2", ..Signer::default() }, 60),
            400,
            malformed,
        ),
        (
            "unknown key",
            presigned(Signer { access_key_id: "OTHER", ..Signer::default() }, 60),
            403,
            "InvalidAccessKeyId",
        ),
        (
            "other secret",
            presigned(Signer { secret: "other", ..Signer::default() }, 60),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "session token",
            presigned(Signer { token: Some("token"), ..Signer::default() }, 60),
            400,
            "InvalidToken",
        ),
        (
            "signature version 2",
            store.unsigned(
                Method::PUT,
                &format!("{PATH}?AWSAccessKeyId={ACCESS_KEY_ID}&Expires=9999999999&Signature=x"),
                &[],
                BODY,
            ),
            400,
            "InvalidRequest",
        ),
        (
            "duplicate parameter",
            with_uri(good(), |uri| format!("{uri}&X-Amz-Expires=60")),
            400,
            malformed,
        ),
        (
            "other algorithm",
            with_uri(good(), |uri| uri.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")),
            400,
            malformed,
        ),
        (
            "unsigned x-amz-acl",
            with_header(good(), "x-amz-acl", "public-read"),
            403,
            "AccessDenied",
        ),
        (
            "unsigned x-amz-copy-source",
            with_header(good(), "x-amz-copy-source", "/media/other"),
            403,
            "AccessDenied",
        ),
        (
            "unsigned x-amz-tagging",
            with_header(good(), "x-amz-tagging", "a=b"),
            403,
            "AccessDenied",
        ),
        (
            "unsigned x-amz-content-sha256",
            with_header(good(), "x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            403,
            "AccessDenied",
        ),
        (
            "host not signed",
            {
                let request = store.presigned(
                    &Signer::default(),
                    Method::PUT,
                    PATH,
                    &[("content-type", "a/b")],
                    BODY,
                    60,
                );
                with_uri(request, |uri| {
                    uri.replace("SignedHeaders=content-type%3Bhost", "SignedHeaders=content-type")
                })
            },
            403,
            "AccessDenied",
        ),
        (
            "method changed",
            {
                let mut r = good();
                *r.method_mut() = Method::DELETE;
                r
            },
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "key changed",
            with_uri(good(), |uri| uri.replace("photo", "phot0")),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "parameter added",
            with_uri(good(), |uri| format!("{uri}&partNumber=1")),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "authorization header too",
            with_header(good(), "authorization", "AWS4-HMAC-SHA256 x"),
            400,
            "InvalidArgument",
        ),
    ];
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ] {
        cases.push((name, without(name), 400, malformed));
    }
    check(&store, cases).await;
}

/// What an upload ticket pins holds: nobody sends another size, type or digest with it.
#[tokio::test]
async fn the_signed_headers_of_a_presigned_put_are_enforced() {
    let store = Served::start().await;
    let sha256 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
    let pinned = [
        ("content-length", "7"),
        ("content-type", "image/png"),
        ("if-none-match", "*"),
        ("x-amz-checksum-sha256", sha256),
    ];
    let ticket = || store.presigned(&Signer::default(), Method::PUT, PATH, &pinned, BODY, 60);
    let mut cases: Vec<Case> = vec![
        (
            "other type",
            with_header(ticket(), "content-type", "text/html"),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "other condition",
            with_header(ticket(), "if-none-match", "\"x\""),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "other digest",
            with_header(
                ticket(),
                "x-amz-checksum-sha256",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
            403,
            "SignatureDoesNotMatch",
        ),
        ("the digest of other bytes", ticket(), 400, "BadDigest"),
        (
            "other size",
            {
                let mut request = with_header(ticket(), "content-length", "8");
                *request.body_mut() = Bytes::from_static(b"a photo!");
                request
            },
            403,
            "SignatureDoesNotMatch",
        ),
    ];
    for (name, _) in pinned.iter().filter(|(name, _)| *name != "content-length") {
        let mut request = ticket();
        request.headers_mut().remove(*name);
        cases.push((name, request, 403, "SignatureDoesNotMatch"));
    }
    check(&store, cases).await;

    let reply = store
        .send(store.presigned(&Signer::default(), Method::PUT, PATH, &pinned[..3], BODY, 60))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let again = store
        .send(store.presigned(&Signer::default(), Method::PUT, PATH, &pinned[..3], BODY, 60))
        .await;
    again.refused(412, "PreconditionFailed");
}

/// The signature is over the one canonical spelling of the path, whatever was sent.
#[tokio::test]
async fn a_signature_over_an_uncanonical_path_is_refused() {
    let store = Served::start().await;
    let canonical = store.signed(&Signer::default(), Method::PUT, "/media/a%3Db", &[], BODY);
    let sent_plainly = with_uri(canonical, |uri| uri.replace("%3D", "="));
    assert_eq!(store.send(sent_plainly).await.status, 200);
    assert_eq!(store.keys().await, ["a=b"]);
    let signed_plainly = store.signed(&Signer::default(), Method::PUT, "/media/c=d", &[], BODY);
    store.send(signed_plainly).await.refused(403, "SignatureDoesNotMatch");
}
