//! Routes that do not say whether an object is denied or absent.

use std::collections::BTreeSet;
use std::time::Duration;

use cloakroom_core::client::{Client, Told};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::gate::{Decision, Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::jwt;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::retrieval::{Next, Retrieval};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::sign::{Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::store::{StoreAnswer, Unanswered};

use crate::*;

const HOST: &str = "media.example";
const ORIGIN: (&str, &str) = ("origin", "https://app.example");

fn gate() -> Gate {
    let route = |path: &str, bucket: &str, hide: Option<&str>| {
        let mut route = json!({
            "path": path, "store": "paths", "bucket": bucket,
            "access": [
                { "keys": "public/*", "acl": "public-read" },
                { "keys": "users/{owner}/*", "acl": "private" }
            ],
            "cors": { "allow_origins": ["https://app.example"] }
        });
        let hide = hide.map(|hide| ("hide".to_owned(), json!(hide)));
        route.as_object_mut().unwrap().extend(hide);
        route
    };
    let routes = json!({
        "open": route("/open/", "bucket", None),
        "absent": route("/absent/", "bucket", Some("not-found")),
        "closed": route("/closed/", "bucket", Some("forbidden")),
        "tenants": route("/t/{tenant}/", "{tenant}", Some("not-found"))
    });
    Gate::new(Policy::parse(&document(&routes).to_string()).unwrap().read_side(), &secret).unwrap()
}

/// All that a viewer sees of a no, in each form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    forms: Vec<(Vec<(&'static str, String)>, String)>,
}

/// Whoever asks, it is about one path.
fn seen(rejection: &Rejection, cors: &[(&'static str, String)]) -> Seen {
    let tell = |method, header| {
        Client::new(method, "/the/path", [header], "R1").tell(rejection, cors.to_vec())
    };
    let Told { status, headers, body } = tell("GET", ("accept", "*/*"));
    let forms = [
        ("GET", ("x-amz-date", "20261123T120000Z")),
        ("GET", ("sec-fetch-dest", "document")),
        ("GET", ("sec-fetch-dest", "image")),
        ("HEAD", ("accept", "*/*")),
        ("HEAD", ("x-amz-date", "20261123T120000Z")),
    ];
    let forms = forms.map(|(method, header)| {
        let told = tell(method, header);
        assert_eq!(told.status, status);
        (told.headers, told.body)
    });
    Seen { status, headers, body, forms: forms.to_vec() }
}

fn decide(method: &str, target: &str, headers: &[(&str, &str)]) -> Decision<Retrieval> {
    let headers = [("host", HOST), ORIGIN].into_iter().chain(headers.iter().copied());
    let request = Request::parse(method, target, headers).unwrap();
    match gate().decide(&request, now()) {
        Step::Decided(decision) => decision,
        Step::Check(_) => panic!("an HMAC does not wait"),
    }
}

/// What a viewer sees, and what the log says.
fn rejected(method: &str, target: &str, headers: &[(&str, &str)]) -> (Seen, &'static str, String) {
    match decide(method, target, headers).outcome {
        Outcome::Reject { rejection, cors } => {
            (seen(&rejection, &cors), rejection.row().reason, rejection.to_string())
        }
        other => panic!("{target}: {other:?}"),
    }
}

fn fetched(target: &str) -> Retrieval {
    match decide("GET", target, &[]).outcome {
        Outcome::Allow(origin_request) => origin_request,
        other => panic!("{target}: {other:?}"),
    }
}

/// Why there is no object, when the store answers so each time that it is asked.
fn refused(retrieval: Retrieval, answer: Result<StoreAnswer<'_>, Unanswered>) -> Rejection {
    let mut health = Health::default();
    let mut next = retrieval.begin(&mut health, now());
    loop {
        next = match next {
            Next::Ask { retrieval, .. } => retrieval.settle(answer, &mut health, now()),
            Next::Reject { rejection, .. } => return rejection,
            Next::Respond(_) | Next::Look(_) => panic!("there is an object"),
        };
    }
}

fn presigned(path: &str, age: u64, query: &[(&str, &str)]) -> String {
    let credentials = Credentials {
        access_key_id: "AKAPP".into(),
        secret_access_key: SecretAccessKey::new(secret("APP_SECRET").unwrap()),
        session_token: None,
    };
    let endpoint = Endpoint::parse(&format!("https://{HOST}")).unwrap();
    let signer = Signer {
        credentials: &credentials,
        region: "us-east-1",
        service: "s3",
        time: now().saturating_sub(Duration::from_secs(age)),
    };
    let request = Unsigned { method: Method::Get, endpoint: &endpoint, path, query, headers: &[] };
    let url = signer.presign(&request, ExpiresIn::from_secs(600).unwrap());
    url.expose().strip_prefix(&format!("https://{HOST}")).unwrap().to_owned()
}

fn bearer(user: &str, secs_left: u64) -> String {
    let secret = Secret::new(secret("JWT_SECRET").unwrap());
    let claims = json!({ "sub": user, "exp": now().as_secs() + secs_left });
    format!("Bearer {}", jwt::sign("users", &secret, &claims).expose())
}

/// Method, target and headers.
type Case<'a> = (&'a str, String, Vec<(&'a str, &'a str)>);

/// Each denial and each absence below `prefix`: what is seen, and the reason in the log.
fn every_no(prefix: &str) -> Vec<(Seen, &'static str)> {
    let object = format!("{prefix}users/alice/a.jpg");
    let good = presigned(&object, 0, &[]);
    let (bob, stale) = (bearer("bob", 60), bearer("alice", 0));
    let cases: Vec<Case<'_>> = vec![
        ("GET", object.clone(), vec![]),
        ("GET", object.clone(), vec![("authorization", &bob)]),
        ("GET", object.clone(), vec![("authorization", &stale)]),
        ("GET", object.clone(), vec![("authorization", "Bearer x")]),
        ("GET", object.clone(), vec![("authorization", "Basic YTpi")]),
        ("GET", good.clone(), vec![("authorization", &bob)]),
        ("GET", good.replace("a.jpg", "b.jpg"), vec![]),
        ("GET", good.replace("AKAPP", "AKNONE"), vec![]),
        ("GET", good.replace("&X-Amz-Date", "&X-Amz-Dote"), vec![]),
        ("GET", format!("{good}&X-Amz-Expires=600"), vec![]),
        ("GET", presigned(&object, 601, &[]), vec![]),
        ("GET", presigned(&object, 0, &[("acl", "")]), vec![]),
        ("GET", format!("{prefix}public/a.jpg?versionId=1"), vec![]),
        ("GET", prefix.to_owned(), vec![]),
        ("GET", format!("{prefix}public/%2e%2e/a.jpg"), vec![]),
        ("HEAD", good, vec![]),
    ];
    let denied = cases.iter().map(|(method, target, headers)| {
        let (seen, reason, _) = rejected(method, target, headers);
        (seen, reason)
    });
    let allowed = format!("{prefix}public/a.jpg");
    let absent = [404, 403].map(|status| {
        let retrieval = fetched(&allowed);
        let cors = retrieval.cors().to_vec();
        let rejection = refused(retrieval, Ok(StoreAnswer { status, headers: &[] }));
        (seen(&rejection, &cors), rejection.row().reason)
    });
    denied.chain(absent).collect()
}

#[test]
fn what_is_denied_and_what_is_absent_look_the_same() {
    for (prefix, status, code, text) in [
        ("/absent/", 404, "NoSuchKey", "There is no such file."),
        ("/closed/", 403, "AccessDenied", "There is no such file, or you may not see it."),
    ] {
        let all = every_no(prefix);
        let different: BTreeSet<_> = all.iter().map(|(seen, _)| seen).collect();
        let [seen] = different.into_iter().collect::<Vec<_>>()[..] else {
            panic!("{prefix}: {all:#?}")
        };
        assert_eq!(seen.status, status);
        assert_eq!(seen.body, json!({ "code": code, "message": text }).to_string());
        let names: Vec<_> = seen.headers.iter().map(|(name, _)| *name).collect();
        let cors = [
            "vary",
            "access-control-allow-origin",
            "access-control-expose-headers",
            "timing-allow-origin",
        ];
        assert_eq!(names[..2], ["cache-control", "x-content-type-options"]);
        assert_eq!(names[2..6], cors, "{prefix}");
        assert_eq!(names[6..], ["content-type"]);
        let bodies: BTreeSet<_> = seen.forms.iter().map(|(_, body)| body).collect();
        assert_eq!(bodies.len(), 3, "XML, a page, and nothing: {bodies:?}");
    }
}

#[test]
fn the_log_has_the_true_reasons() {
    let reasons =
        |prefix| every_no(prefix).into_iter().map(|(_, reason)| reason).collect::<Vec<_>>();
    let open = reasons("/open/");
    assert_eq!(
        open,
        [
            "no_credential",
            "principal_may_not",
            "token_expired",
            "malformed_token",
            "unsupported_authorization",
            "several_credentials",
            "signature_mismatch",
            "unknown_key",
            "malformed_credential",
            "duplicate_parameter",
            "expired",
            "sub_resource",
            "sub_resource",
            "malformed_key",
            "malformed_key",
            "method_mismatch",
            "object_not_found",
            "store_denied",
        ]
    );
    assert_eq!(reasons("/absent/"), open);
    assert_eq!(reasons("/closed/"), open);
    let (_, _, detail) = rejected("GET", "/absent/users/alice/a.jpg", &[]);
    let expected = "the object is not public, and no credential was presented; it may be read by \
                    owner alice, the app";
    assert_eq!(detail, expected);
}

#[test]
fn a_route_that_hides_nothing_tells_them_apart() {
    let different: BTreeSet<_> =
        every_no("/open/").into_iter().map(|(seen, _)| seen.body).collect();
    assert!(different.len() > 8, "{different:#?}");
}

#[test]
fn a_tenant_that_cannot_be_looks_like_one_that_is_not() {
    let (impossible, reason, _) = rejected("GET", "/t/NOBODY/a.jpg", &[]);
    assert_eq!(reason, "malformed_bucket");
    let (denied, reason, _) = rejected("GET", "/t/nobody/a.jpg", &[]);
    assert_eq!(reason, "no_credential");
    assert_eq!(impossible, denied);
}

#[test]
fn what_is_the_same_for_every_object_stays_as_it_is() {
    for prefix in ["/absent/", "/closed/"] {
        let (seen, ..) = rejected("DELETE", &format!("{prefix}public/a.jpg"), &[]);
        assert_eq!(seen.status, 405);
        for (answer, status) in [
            (Err(Unanswered::Unreachable), 502),
            (Err(Unanswered::TimedOut), 504),
            (Ok(StoreAnswer { status: 500, headers: &[] }), 502),
        ] {
            let retrieval = fetched(&format!("{prefix}public/a.jpg"));
            assert_eq!(refused(retrieval, answer).row().status, status);
        }
        let Outcome::Preflight(_) = decide("OPTIONS", &format!("{prefix}x"), &[]).outcome else {
            panic!("not a preflight");
        };
    }
}

#[test]
fn where_no_route_is_nothing_is_hidden() {
    let (seen, reason, _) = rejected("GET", "/nowhere/a.jpg", &[]);
    assert_eq!((seen.status, reason), (404, "no_route"));
    let (seen, reason, _) = rejected("GET", "/nowhere/a.jpg", &[("authorization", "Bearer x")]);
    assert_eq!((seen.status, reason), (401, "malformed_token"));
}
