//! Who may ask, and how: the request around an order.

use cloakroom_core::jwt::{JwtAlgorithm, UnsignedJwt};
use cloakroom_core::public_key::Algorithm;
use cloakroom_core::sigv4::Credentials;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::{endpoint::Endpoint, request::Method};
use serde_json::{Value, json};

use super::*;

fn said(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    (answer.status, body["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn only_a_bearer_token_orders() {
    let body = json!({ "urls": ["/media/users/alice/a.jpg"] }).to_string();
    let post = |headers: &[(&str, &str)]| ask(NOW, "POST", headers, body.as_bytes());
    let sign_in = "Sign in first: send `Authorization: Bearer <token>`.";
    assert_eq!(said(&post(&[])), (401, sign_in.to_owned()));

    let claims = json!({ "user": "alice", "exp": NOW + 9, "iss": "desk", "aud": "edge" });
    let session = token("session", "SESSION_SECRET", &claims);
    let cookie = format!("session={session}");
    let (status, message) = said(&post(&[("cookie", &cookie)]));
    assert_eq!(status, 403);
    assert!(message.starts_with("Signed URLs are ordered with a bearer token"), "{message}");
    assert_eq!(said(&post(&[("x-auth-token", &session)])).0, 403);

    let credentials = Credentials {
        access_key_id: "AKAPP".to_owned(),
        secret_access_key: SecretAccessKey::new(secret("APP_SECRET").unwrap()),
        session_token: None,
    };
    let signer = Signer {
        credentials: &credentials,
        region: "us-east-1",
        service: "s3",
        time: UnixTime::from_secs(NOW),
    };
    let endpoint = Endpoint::parse("https://desk.example").unwrap();
    let request = Unsigned {
        method: Method::Post,
        endpoint: &endpoint,
        path: "/signed-urls",
        query: &[],
        headers: &[],
    };
    let signed = signer.sign_headers(&request, Payload::Unsigned);
    let mut headers: Vec<_> =
        signed.headers.iter().map(|(name, value)| (*name, value.expose())).collect();
    headers.retain(|(name, _)| *name != "host");
    assert_eq!(said(&post(&headers)).0, 403);

    let late = token("users", "JWT_SECRET", &json!({ "sub": "alice", "exp": NOW }));
    assert_eq!(said(&post(&[("authorization", &format!("Bearer {late}"))])).0, 401);
}

#[test]
fn a_callers_public_key_is_checked_first() {
    let claims = json!({ "sub": "alice", "exp": NOW + 9 });
    let unsigned = UnsignedJwt::new(JwtAlgorithm::Es256, "idp", &claims);
    let message = unsigned.signing_input().as_bytes().to_vec();
    let signature = private_key().sign(Algorithm::EcdsaSha256, &message).unwrap();
    let authorization = format!("Bearer {}", unsigned.with_signature(&signature).expose());
    let headers = [("host", "desk.example"), ("authorization", authorization.as_str())];
    let request = Request::parse("POST", "/signed-urls", headers).unwrap();
    let order = json!({ "urls": ["/media/users/alice/a.jpg"], "ticket": "cloudfront" }).to_string();
    let step = desk().handle(&request, order.as_bytes(), UnixTime::from_secs(NOW), [7; 16]);
    let Step::Check(checking) = step else { panic!("{step:?}") };
    assert!(cloakroom_asymmetric::holds(checking.check()));
    assert!(matches!(checking.clone().answer(true), Step::Sign(_)));
    let Step::Answer(refused) = checking.answer(false) else { panic!("it was refused") };
    assert_eq!(refused.status, 401);
}

#[test]
fn the_app_may_ask_with_a_token_of_its_own() {
    let claims = json!({ "exp": NOW + 9 });
    let authorization = format!("Bearer {}", token("app", "APP_JWT_SECRET", &claims));
    let order = |body: Value| {
        let headers = [("authorization", authorization.as_str())];
        let answer = ask(NOW, "POST", &headers, body.to_string().as_bytes());
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let (status, body) = order(json!({ "urls": ["/media/users/bob/a.jpg"] }));
    assert_eq!(status, 200);
    let signed = body["urls"][0]["url"].as_str().unwrap();
    assert_eq!(opened(signed).as_deref(), Some("media users/bob/a.jpg"));
    let (status, _) = order(json!({ "cookies": "/media/users/*", "ticket": "cloudfront" }));
    assert_eq!(status, 200);
    let (status, body) = order(json!({ "cookies": "/*", "ticket": "session" }));
    assert_eq!(status, 400);
    assert_eq!(body["message"], "Only a user gets such a token, and you are the app.");
}

#[test]
fn pages_of_the_policys_origins_may_ask() {
    let preflight = ask(NOW, "OPTIONS", &[("access-control-request-method", "POST")], b"");
    assert_eq!(preflight.status, 204);
    let has = |answer: &Answer, name: &str, value: &str| {
        answer.headers.iter().any(|header| *header == (name, value.to_owned()))
    };
    assert!(has(&preflight, "access-control-allow-origin", PAGE), "{:?}", preflight.headers);
    assert!(has(&preflight, "access-control-allow-credentials", "true"));
    assert!(has(&preflight, "access-control-allow-headers", "authorization, content-type"));
    let authorization = bearer("alice");
    let body = json!({ "urls": ["/media/users/alice/a.jpg"] }).to_string();
    let answer = ask(NOW, "POST", &[("authorization", &authorization)], body.as_bytes());
    assert!(has(&answer, "access-control-allow-origin", PAGE));
    assert!(has(&answer, "cache-control", "no-store"));
    // An order that is not served may be read, too.
    let refused = ask(NOW, "POST", &[], b"");
    assert!(has(&refused, "access-control-allow-origin", PAGE));
    let other = json!({ "urls": ["/v1/AUTH_shop/box/users/alice/a"], "ticket": "tempurl" });
    let answer =
        ask(NOW, "POST", &[("authorization", &authorization)], other.to_string().as_bytes());
    assert!(!has(&answer, "access-control-allow-origin", PAGE), "{:?}", answer.headers);
}

#[test]
fn nothing_but_a_post_is_served_there() {
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = ask(NOW, method, &[], b"");
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.headers.contains(&("allow", "POST, OPTIONS".to_owned())));
    }
}

#[test]
fn an_order_names_its_issuer_where_there_is_a_choice() {
    for (ticket, message) in [
        (json!("nobody"), "There is no issuer `nobody`."),
        (json!(7), "`ticket` must be a string, not a number."),
    ] {
        let order = json!({ "urls": ["/media/users/alice/a.jpg"], "ticket": ticket });
        let (status, body) = order_at(NOW, "alice", &order);
        assert_eq!((status, body["message"].as_str()), (400, Some(message)));
    }
    let authorization = bearer("alice");
    let answer = ask(NOW, "POST", &[("authorization", &authorization)], b"{");
    assert!(said(&answer).1.starts_with("The body must be JSON"), "{}", answer.body);
}

#[test]
fn what_a_private_key_did_not_sign_is_not_given_out() {
    let authorization = bearer("alice");
    let headers = [("host", "desk.example"), ("authorization", authorization.as_str())];
    let request = Request::parse("POST", "/signed-urls", headers).unwrap();
    let paths: Vec<_> = (0..3).map(|n| format!("/media/users/alice/{n}.jpg")).collect();
    let order = json!({ "urls": paths, "ticket": "cloudfront" }).to_string();
    let signing =
        || match desk().handle(&request, order.as_bytes(), UnixTime::from_secs(NOW), [7; 16]) {
            Step::Sign(signing) => signing,
            other => panic!("{other:?}"),
        };
    assert_eq!(signing().messages().count(), 3);
    assert!(!format!("{:?}", signing()).contains("PRIVATE"), "a secret shows");
    let entries = |signatures: &[Vec<u8>]| {
        let body: Value = serde_json::from_str(&signing().settle(signatures).body).unwrap();
        body["urls"].as_array().unwrap().clone()
    };
    for entry in entries(&[]) {
        assert_eq!(
            entry["error"],
            json!({ "code": "InternalError", "message": "It could not be signed. Try again later." })
        );
    }
    let two = entries(&[vec![7; 64], vec![7; 63]]);
    assert!(
        two[0]["url"].is_string() && two[1]["error"].is_object() && two[2]["error"].is_object()
    );
    let order = json!({ "cookies": "/media/users/alice/*", "ticket": "cloudfront" }).to_string();
    let time = UnixTime::from_secs(NOW);
    let Step::Sign(signing) = desk().handle(&request, order.as_bytes(), time, [7; 16]) else {
        panic!("it waits for a signature");
    };
    assert_eq!(signing.settle(&[]).status, 500);
}
