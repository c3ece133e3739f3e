//! Content types: which are taken, and that each is signed exactly as it was ordered.

use super::*;

const KINDS: [&str; 3] = ["put", "form", "multipart"];

fn desk_for(types: &[&str]) -> Desk {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    let mut rule = policy["uploads"]["large"].clone();
    rule["content_types"] = json!(types);
    policy["uploads"] = json!({ "rule": rule });
    Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap()
}

fn ordered(desk: &Desk, kind: &str, content_type: &Value) -> (Answer, Bucket) {
    let mut bucket = Bucket::untouched();
    let body = order(&[("kind", json!(kind)), ("content_type", content_type.clone())]);
    let sent = signed_in("alice");
    let answer = ask_of(desk, &mut bucket, now(), ("POST", "/uploads"), sent, &body);
    (answer, bucket)
}

/// The type that the store is told.
fn signed(kind: &str, answer: &Answer, bucket: &Bucket) -> String {
    let said = json_of(answer);
    match kind {
        "put" => text(&said["headers"], "content-type").to_owned(),
        "form" => text(&said["fields"], "content-type").to_owned(),
        _ => bucket.uploads["store-id-1"].headers[0].1.clone(),
    }
}

#[test]
fn types_are_taken_by_what_they_are_and_signed_as_they_were_sent() {
    let images = desk_for(&["image/*"]);
    let svg = desk_for(&["image/png", "image/svg+xml"]);
    let no_svg = desk_for(&["image/png", "image/jpeg"]);
    let documents = desk_for(&["text/html", "application/xml"]);
    let any = desk_for(&["*/*"]);
    for (desk, content_type, status) in [
        (&images, "image/png", 200),
        (&images, "IMAGE/PNG", 200),
        (&images, "Image/Png; Q=\"x y\"", 200),
        (&images, "image/png;q=1", 200),
        // It may hold scripts. The edge serves it in a sandbox, wherever it comes from.
        (&images, "image/svg+xml", 200),
        (&svg, "IMAGE/SVG+XML", 200),
        (&no_svg, "image/svg+xml", 403),
        (&no_svg, "image/svg", 403),
        (&images, "text/html", 403),
        (&images, "application/xhtml+xml", 403),
        (&images, "text/xml", 403),
        (&documents, "text/html; charset=utf-8", 200),
        (&documents, "application/xml", 200),
        (&documents, "text/xml", 403),
        (&any, "text/html", 200),
        // Nothing that is two types, or none.
        (&images, "image/png, text/html", 400),
        (&images, "image/png; x=y, text/html", 400),
        (&images, "image/png; x=\"a,text/html\"", 400),
        (&images, "image/png\r\nx-amz-acl: public-read", 400),
        (&images, "image/png;", 400),
        (&images, "image", 400),
        (&images, "image/", 400),
        (&images, "*/*", 403),
        (&any, "a b/c", 400),
        (&any, "é/é", 400),
    ] {
        for kind in KINDS {
            let (answer, bucket) = ordered(desk, kind, &json!(content_type));
            assert_eq!(answer.status, status, "{kind} {content_type:?}: {}", answer.body);
            if status == 200 {
                assert_eq!(signed(kind, &answer, &bucket), content_type, "{kind}");
            } else {
                assert!(bucket.uploads.is_empty(), "{kind} {content_type:?}");
            }
        }
    }
}

#[test]
fn no_type_is_the_unknown_type() {
    for empty in [json!(""), Value::Null] {
        for kind in KINDS {
            let (answer, bucket) = ordered(&desk_for(&["*/*"]), kind, &empty);
            assert_eq!(signed(kind, &answer, &bucket), "application/octet-stream", "{kind}");
            assert_eq!(ordered(&desk_for(&["image/*"]), kind, &empty).0.status, 403, "{kind}");
        }
    }
}

#[test]
fn a_stored_type_that_cannot_be_read_is_another_one() {
    let ticket = issued("alice", &[]);
    for (stored, status) in [
        ("image/jpeg", 200),
        ("Image/JPEG; q=1", 200),
        ("text/html", 409),
        // Browsers take each of these for HTML.
        ("text/html; x", 409),
        ("text/html;", 409),
        ("image/jpeg, text/html", 409),
        ("", 409),
    ] {
        let head = StoredHead {
            size: 1000,
            etag: "\"e\"".to_owned(),
            content_type: Some(stored.to_owned()),
            ..StoredHead::default()
        };
        let mut bucket = Bucket { bytes: b"\xff\xd8\xff\xe0".to_vec(), ..Bucket::default() };
        bucket.objects.insert(text(&ticket, "key").to_owned(), head);
        let path = format!("/uploads/{}/confirm", text(&ticket, "id"));
        let sent = signed_in("alice");
        let answer = ask_of(&desk(), &mut bucket, now(), ("POST", &path), sent, "");
        assert_eq!(answer.status, status, "{stored:?}: {}", answer.body);
    }
}

#[test]
fn a_form_for_a_store_that_fills_in_names_has_no_place_for_one() {
    let content_type = json!("image/png; name=\"${filename}\"");
    let (answer, _) = ordered(&desk_for(&["image/*"]), "form", &content_type);
    assert_eq!((answer.status, answer.log.verdict.reason()), (400, "malformed_order"));
    assert!(answer.body.contains("`content_type` must not hold `${filename}`"), "{}", answer.body);
    // Of a PUT it is a header like any other.
    assert_eq!(ordered(&desk_for(&["image/*"]), "put", &content_type).0.status, 200);
    let body = order(&[("kind", json!("form"))]);
    let mut bucket = Bucket::untouched();
    let sent = signed_in("${filename}");
    let answer =
        ask_of(&desk_for(&["image/*"]), &mut bucket, now(), ("POST", "/uploads"), sent, &body);
    assert_eq!(answer.status, 400, "{}", answer.body);
}
