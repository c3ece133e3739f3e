//! Signed forms, to S3 and to Swift.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;

fn form(change: &[(&str, Value)]) -> Answer {
    let mut order = json!({
        "rule": "large", "kind": "form", "filename": "a b.mp4", "content_type": "video/mp4",
    });
    for (name, value) in change {
        order[name] = value.clone();
    }
    answer("POST", "/uploads", Some("alice"), &order.to_string())
}

fn conditions(form: &Value) -> Vec<Value> {
    let policy = BASE64_STANDARD.decode(text(&form["fields"], "policy")).unwrap();
    let policy: Value = serde_json::from_slice(&policy).unwrap();
    policy["conditions"].as_array().unwrap().clone()
}

#[test]
fn a_form_of_s3_says_everything_that_the_rule_says() {
    let form = json_of(&form(&[]));
    let key = format!("users/alice/{}/a b.mp4", "ab".repeat(16));
    assert_eq!(
        (text(&form, "method"), text(&form, "url"), text(&form, "key")),
        ("POST", "https://bucket.s3.example/", key.as_str())
    );
    let fields = &form["fields"];
    assert_eq!(fields["key"], json!(key));
    assert_eq!(fields["content-type"], "video/mp4");
    assert_eq!(fields["success_action_status"], "201");
    let conditions = conditions(&form);
    for condition in [
        json!({ "content-type": "video/mp4" }),
        json!({ "success_action_status": "201" }),
        json!(["content-length-range", 1, 30_000_000]),
        json!({ "bucket": "bucket" }),
        json!({ "key": key }),
    ] {
        assert!(conditions.contains(&condition), "{condition} of {conditions:?}");
    }
    // Every field has its condition but those that cannot.
    for name in fields.as_object().unwrap().keys() {
        let known = ["policy", "x-amz-signature"].contains(&name.as_str());
        let has = conditions.iter().any(|condition| condition.get(name).is_some());
        assert!(known || has, "{name}");
    }
}

#[test]
fn a_form_for_a_known_size_is_for_that_size() {
    let form = json_of(&form(&[("size", json!(12_000))]));
    assert!(conditions(&form).contains(&json!(["content-length-range", 12_000, 12_000])));
}

#[test]
fn what_a_form_cannot_do_is_said() {
    for (change, status, message) in [
        (("filename", json!("${filename}.mp4")), 400, "which a form would replace"),
        (("size", json!(30_000_001)), 403, "from 1 to 30000000 are allowed"),
        (("content_type", json!("image/png")), 403, "these are: video/*"),
        (
            ("checksum_crc32c", json!("AAAAAA==")),
            400,
            "A store does not compare a checksum of a file sent by `form`; leave it out.",
        ),
        (("rule", json!("default")), 403, "`kind` may be `put`"),
        (("kind", json!("post")), 400, "`kind` must be `put`, `form` or `multipart`."),
    ] {
        let answer = form(std::slice::from_ref(&change));
        assert_eq!(answer.status, status, "{change:?}");
        assert!(answer.body.contains(message), "{change:?}: {}", answer.body);
    }
    // A PUT may have such a name.
    let put =
        form(&[("kind", json!("put")), ("size", json!(3)), ("filename", json!("${filename}.mp4"))]);
    assert_eq!(put.status, 200);
}

fn swift_desk(change: &Value) -> Result<Desk, String> {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["stores"]["main"] = json!({
        "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_shop",
        "keys": ["SWIFT_KEY"], "digest": "sha256",
    });
    let rule = json!({
        "route": "media", "key": "users/{principal}/{random}/{filename}", "kinds": ["form", "put"],
        "content_types": ["*/*"], "size": { "max": 1000 }, "create_only": false,
        "read": { "url": "https://media.example", "key": "AKAPP" }, "seal_secret": "SEAL_SECRET",
        "unenforced": ["signed_headers", "size"],
    });
    policy["uploads"] = json!({ "swift": rule });
    for (name, value) in change.as_object().unwrap() {
        policy["uploads"]["swift"][name] = value.clone();
    }
    let policy = Policy::parse(&policy.to_string()).map_err(|error| error.to_string())?;
    Desk::new(&policy, &secret).map_err(|error| error.to_string())
}

#[test]
fn a_form_of_swift_is_for_one_folder() {
    let desk = swift_desk(&json!({})).unwrap();
    let body = json!({ "filename": "a b.jpg", "content_type": "image/jpeg", "size": 10 });
    let mut bucket = Bucket::untouched();
    let sent = signed_in("alice");
    let order = ("POST", "/uploads");
    let answer = ask_of(&desk, &mut bucket, now(), order, sent, &body.to_string());
    let form = json_of(&answer);
    let folder = format!("users/alice/{}/", "ab".repeat(16));
    assert_eq!(text(&form, "url"), format!("https://swift.example/v1/AUTH_shop/bucket/{folder}"));
    assert_eq!(text(&form, "key"), format!("{folder}a b.jpg"));
    let names: Vec<_> = form["fields"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["expires", "max_file_count", "max_file_size", "signature"]);
    assert_eq!(form["fields"]["max_file_size"], "10");
    assert_eq!(form["fields"]["max_file_count"], "1");

    let mut body = body;
    body["kind"] = json!("put");
    let answer = ask_of(&desk, &mut bucket, now(), order, sent, &body.to_string());
    let put = json_of(&answer);
    let url = text(&put, "url");
    let path = format!("https://swift.example/v1/AUTH_shop/bucket/{folder}a%20b.jpg?temp_url_sig=");
    assert!(url.starts_with(&path), "{url}");
    assert_eq!(put["headers"], json!({ "content-type": "image/jpeg" }));
}

/// Browsers write `"` as `%22` in a form, and Swift would take that for the name.
#[test]
fn a_form_of_swift_is_for_names_that_browsers_can_say() {
    let desk = swift_desk(&json!({})).unwrap();
    let ask = |kind: &str| {
        let body = order(&[("kind", json!(kind)), ("filename", json!("a \"b\".jpg"))]);
        let mut bucket = Bucket::untouched();
        ask_of(&desk, &mut bucket, now(), ("POST", "/uploads"), signed_in("alice"), &body)
    };
    assert_eq!(ask("put").status, 200);
    let form = ask("form");
    assert_eq!((form.status, form.log.verdict.reason()), (400, "malformed_order"));
    assert!(text(&json_of(&form), "message").contains("which a form cannot say"), "{}", form.body);
}

#[test]
fn what_swift_does_not_enforce_has_to_be_named() {
    for (change, expected) in [
        (json!({ "unenforced": ["size"] }), "store `main` heeds headers that were not signed"),
        (
            json!({ "unenforced": ["signed_headers", "content_type"] }),
            "says `size`, which store `main` does not",
        ),
        (json!({ "create_only": true }), "says `create_only`, which store `main` does not enforce"),
        (
            json!({ "content_types": ["image/*"] }),
            "says `content_type`, which store `main` does not enforce when a file is sent by `form`",
        ),
        (json!({ "stored_as": { "tags": { "a": "b" } } }), "says `tags`, which store `main`"),
        (
            json!({ "kinds": ["multipart"] }),
            "has the kind `multipart`, for which store `main` needs `auth`",
        ),
        (json!({ "key": "users/{principal}/{random}" }), "must end in `/{filename}`"),
        (
            json!({ "kinds": ["form"] }),
            "names `signed_headers` in `unenforced`, and it is enforced, or not said at all",
        ),
    ] {
        let error = swift_desk(&change).unwrap_err();
        assert!(error.contains(expected), "{change}: {error}");
    }
    // A form says how large a file may be, and not how small.
    assert!(
        swift_desk(
            &json!({ "kinds": ["form"], "unenforced": ["size"], "size": { "min": 1, "max": 9 } })
        )
        .is_ok()
    );
}
