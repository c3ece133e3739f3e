//! What is signed is made here, from what an order means; and what was signed is in no log.

use super::*;

/// What a client might hope to have signed for it.
const FOREIGN: &str = "AWS4-HMAC-SHA256 of a client's own";

#[test]
fn no_string_of_a_client_is_signed() {
    for name in [
        "to_sign",
        "string_to_sign",
        "stringToSign",
        "canonical_request",
        "policy",
        "conditions",
        "fields",
        "headers",
        "url",
        "method",
        "bucket",
        "key",
        "expires_in",
        "acl",
        "metadata",
    ] {
        for value in [json!(FOREIGN), json!({ "x-amz-acl": FOREIGN })] {
            let answer = answer("POST", "/uploads", Some("alice"), &order(&[(name, value)]));
            assert_eq!((answer.status, answer.log.verdict.reason()), (400, "malformed_order"));
            assert!(answer.body.contains(&format!("There is no field `{name}`")), "{name}");
        }
    }
    // Where other signers take one.
    for (method, path) in [
        ("GET", "/sign?to_sign=AWS4-HMAC-SHA256&datetime=20261123T120000Z"),
        ("POST", "/s3/sign"),
        ("POST", "/signv4_auth"),
        ("GET", "/companion/large/s3/sts"),
        ("GET", "/companion/large/s3/sign?canonical_request=x"),
    ] {
        let answer =
            answer(method, path, Some("alice"), &json!({ "to_sign": FOREIGN }).to_string());
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
    // What clients of a protocol may say beside what is read comes back in nothing that is signed.
    let sign_request = json!({
        "method": "PUT", "key": "users/bob/film.mp4", "contentType": "video/mp4",
        "stringToSign": FOREIGN, "headers": { "x-amz-acl": FOREIGN }, "bucket": "other",
    });
    let companion = json!({
        "filename": "film.mp4", "type": "video/mp4", "metadata": { "x": FOREIGN },
        "stringToSign": FOREIGN, "bucket": "other",
    });
    for (path, body) in [
        ("/sign-request/large", sign_request.to_string()),
        ("/companion/large/s3/multipart", companion.to_string()),
    ] {
        let mut bucket = Bucket::untouched();
        let answer = ask_of(&desk(), &mut bucket, now(), ("POST", path), signed_in("alice"), &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!answer.body.contains("client's own"), "{path}");
        let key = text(&json_of(&answer), "key").to_owned();
        assert_eq!(key, format!("users/alice/{}/film.mp4", "ab".repeat(16)), "{path}");
        for upload in bucket.uploads.values() {
            assert!(!format!("{:?}", upload.headers).contains("client's own"), "{path}");
        }
    }
}

#[test]
fn what_was_not_ordered_is_not_signed() {
    let put = issued("alice", &[]);
    let url = text(&put, "url");
    // Some SDKs sign the checksum of nothing, and an ACL that the bucket refuses.
    assert!(
        url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match&")
    );
    for foreign in ["checksum", "AAAAAA", "acl", "sdk"] {
        assert!(
            !url.contains(foreign) && !put["headers"].to_string().contains(foreign),
            "{foreign}"
        );
    }
    // Browsers set these themselves, and throw at a script that does.
    for forbidden in ["content-length", "host"] {
        assert!(put["headers"].get(forbidden).is_none(), "{forbidden}");
    }
    let body = order(&[
        ("rule", json!("large")),
        ("kind", json!("form")),
        ("content_type", json!("video/mp4")),
    ]);
    let form = json_of(&answer("POST", "/uploads", Some("alice"), &body));
    let names: Vec<_> = form["fields"].as_object().unwrap().keys().collect();
    let expected = [
        "content-type",
        "key",
        "policy",
        "success_action_status",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-signature",
    ];
    assert_eq!(names, expected);
}

#[test]
fn what_temporary_credentials_sign_has_their_token() {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["stores"]["main"]["credentials"]["session_token"] = json!("STORE_TOKEN");
    let desk = Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap();
    let token = secret("STORE_TOKEN").unwrap();
    let asked = |kind: &str| {
        let body = order(&[
            ("rule", json!("large")),
            ("kind", json!(kind)),
            ("content_type", json!("video/mp4")),
        ]);
        let mut bucket = Bucket::untouched();
        let sent = signed_in("alice");
        json_of(&ask_of(&desk, &mut bucket, now(), ("POST", "/uploads"), sent, &body))
    };
    let form = asked("form");
    assert_eq!(form["fields"]["x-amz-security-token"], json!(token));
    let policy = text(&form["fields"], "policy");
    let policy = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, policy).unwrap();
    let policy: Value = serde_json::from_slice(&policy).unwrap();
    let conditions = policy["conditions"].as_array().unwrap();
    assert!(conditions.contains(&json!({ "x-amz-security-token": token })), "{policy}");
    assert!(text(&asked("put"), "url").contains("&X-Amz-Security-Token="));
}

#[test]
fn no_log_holds_what_works_again() {
    let mut bucket =
        Bucket { bytes: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(), ..Bucket::default() };
    let mut seen = Vec::new();
    let mut ask = |method: &str, path: &str, user: Option<&str>, body: &str| {
        let sent = Sent { user, headers: &[("content-type", "video/mp4")] };
        let answer = ask_of(&desk(), &mut bucket, now(), (method, path), sent, body);
        if let Some(upload) = bucket.uploads.values_mut().next() {
            upload.parts.insert(1, 9);
        }
        let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        seen.push((format!("{method} {path}"), answer));
        said
    };
    let order = |kind: &str| {
        order(&[
            ("rule", json!("large")),
            ("kind", json!(kind)),
            ("content_type", json!("video/mp4")),
            ("size", json!(9)),
        ])
    };
    let put = ask("POST", "/uploads", Some("alice"), &order("put"));
    let form = ask("POST", "/uploads", Some("alice"), &order("form"));
    let begun = ask("POST", "/uploads", Some("alice"), &order("multipart"));
    let id = text(&begun, "id").to_owned();
    let numbers = json!({ "numbers": [1] }).to_string();
    let parts = ask("POST", &format!("/uploads/{id}/parts"), Some("alice"), &numbers);
    ask("GET", &format!("/uploads/{id}/parts"), Some("bob"), "");
    let token = bearer("alice").replace("Bearer ", "");
    let params = format!("/companion/large/t/{token}/s3/params?filename=a.mp4&type=video%2Fmp4");
    let companion = ask("GET", &params, None, "");
    let key = text(&begun, "key");
    let abort = json!({ "method": "DELETE", "key": key, "uploadId": id }).to_string();
    let step = ask("POST", "/sign-request/large", Some("alice"), &abort);
    ask("POST", &format!("/uploads/{id}/complete"), Some("alice"), "");
    let path = text(&step, "url").strip_prefix("https://uploads.example").unwrap().to_owned();
    ask("DELETE", &path, None, "");
    ask("POST", "/better-upload", Some("alice"), "{}");
    let signature = |url: &str| url.split("X-Amz-Signature=").nth(1).unwrap().to_owned();
    let (_, seal) = id.split_once('.').unwrap();
    let works = [
        signature(text(&put, "url")),
        signature(text(&put, "read")),
        text(&form["fields"], "x-amz-signature").to_owned(),
        text(&form["fields"], "policy").to_owned(),
        text(&companion["fields"], "x-amz-signature").to_owned(),
        signature(text(&parts["parts"][0], "url")),
        seal.to_owned(),
        text(&put, "id").to_owned(),
        path.rsplit('.').next().unwrap().to_owned(),
        token.rsplit('.').next().unwrap().to_owned(),
        "store-id-".to_owned(),
        "X-Amz-".to_owned(),
    ];
    assert_eq!(seen.len(), 10);
    for (request, answer) in &seen {
        let log = format!("{:?}", answer.log);
        for works in &works {
            assert!(!log.contains(works), "{request}: {works} is in {log}");
        }
    }
}
