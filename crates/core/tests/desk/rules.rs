//! What rules say beside size and type: who, checksums, what objects are stored as.

use super::*;

/// A desk with one rule, changed in these fields.
fn desk_with(change: &Value, access: &Value) -> Result<Desk, String> {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["routes"]["media"]["access"] = access.clone();
    let mut rule = policy["uploads"]["default"].clone();
    for (name, value) in change.as_object().unwrap() {
        rule[name] = value.clone();
    }
    policy["uploads"] = json!({ "rule": rule });
    let policy = Policy::parse(&policy.to_string()).map_err(|error| error.to_string())?;
    Desk::new(&policy, &secret).map_err(|error| error.to_string())
}

fn private() -> Value {
    json!([{ "keys": "users/{owner}/*", "acl": "private" }])
}

fn upload(desk: &Desk, user: Option<&str>, change: &[(&str, Value)]) -> Answer {
    let sent = Sent { user, headers: &[] };
    let mut bucket = Bucket::untouched();
    ask_of(desk, &mut bucket, now(), ("POST", "/uploads"), sent, &order(change))
}

#[test]
fn everything_that_an_object_is_stored_as_is_signed() {
    let change = json!({
        "kinds": ["put", "form", "multipart"], "unenforced": ["create_only"],
        "stored_as": {
            "acl": "public-read", "cache_control": "max-age=60", "content_disposition": "attachment",
            "metadata": { "by": "{principal}", "name": "{filename}", "app": "shop" },
            "tags": { "kind": "upload" }, "storage_class": "STANDARD_IA",
            "encryption": { "kms": "alias/shop" },
        },
    });
    let desk = desk_with(&change, &private()).unwrap();
    let put = json_of(&upload(&desk, Some("alice"), &[("filename", json!("é.jpg"))]));
    let disposition = "attachment; filename=\"%C3%A9.jpg\"; filename*=UTF-8''%C3%A9.jpg";
    let expected = json!({
        "content-type": "image/jpeg",
        "if-none-match": "*",
        "x-amz-acl": "public-read",
        "x-amz-tagging": "kind=upload",
        "cache-control": "max-age=60",
        "content-disposition": disposition,
        "x-amz-meta-by": "alice",
        "x-amz-meta-name": "%C3%A9.jpg",
        "x-amz-meta-app": "shop",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "alias/shop",
    });
    assert_eq!(put["headers"], expected);
    let url = text(&put, "url");
    for name in expected.as_object().unwrap().keys() {
        assert!(url.contains(name.as_str()), "{name} is not signed: {url}");
    }
    let form = json_of(&upload(&desk, Some("alice"), &[("kind", json!("form"))]));
    assert_eq!(form["fields"]["acl"], "public-read");
    assert_eq!(form["fields"]["x-amz-meta-app"], "shop");
    let tagging =
        "<Tagging><TagSet><Tag><Key>kind</Key><Value>upload</Value></Tag></TagSet></Tagging>";
    assert_eq!(form["fields"]["tagging"], tagging);

    let mut bucket = Bucket::untouched();
    let body = order(&[("kind", json!("multipart"))]);
    let begun = ask_of(&desk, &mut bucket, now(), ("POST", "/uploads"), signed_in("alice"), &body);
    assert_eq!(begun.status, 200);
    let headers = &bucket.uploads["store-id-1"].headers;
    assert!(headers.contains(&("x-amz-acl".to_owned(), "public-read".to_owned())), "{headers:?}");
    assert!(!headers.iter().any(|(name, _)| name == "if-none-match"), "{headers:?}");
}

#[test]
fn a_rule_may_be_for_some_users() {
    let desk = desk_with(&json!({ "who": ["alice", "carol"] }), &private()).unwrap();
    for (user, status) in [("alice", 200), ("carol", 200), ("bob", 403)] {
        assert_eq!(upload(&desk, Some(user), &[]).status, status, "{user}");
    }
    assert_eq!(upload(&desk, None, &[]).status, 401);
}

#[test]
fn anyone_uploads_where_the_acl_lets_everyone_write() {
    let change = json!({ "who": "anyone", "key": "public/{date}/{random}/{safe_filename}" });
    let access = |acl: &str| json!([{ "keys": "public/*", "acl": acl }]);
    for acl in ["private", "public-read", "authenticated-read"] {
        let error = desk_with(&change, &access(acl)).unwrap_err();
        assert!(error.contains("at `uploads.rule.who`: must be `users`, unless"), "{error}");
    }
    let desk = desk_with(&change, &access("public-read-write")).unwrap();
    let anonymous = upload(&desk, None, &[("filename", json!("a b.jpg"))]);
    let ticket = json_of(&anonymous);
    let key = format!("public/2026/11/23/{}/a-b.jpg", "ab".repeat(16));
    assert_eq!((anonymous.status, text(&ticket, "key")), (200, key.as_str()));
    assert_eq!(upload(&desk, Some("alice"), &[]).status, 200);
    // Within the rule, and no further.
    assert_eq!(upload(&desk, None, &[("size", json!(1001))]).status, 403);
    // Who has the id may confirm, unless a user signed in for it.
    let confirm = |id: &str, sent: Sent<'_>| {
        let path = format!("/uploads/{id}/confirm");
        let mut bucket = Bucket::untouched();
        ask_of(&desk, &mut bucket, now(), ("POST", &path), sent, "").log.verdict.reason()
    };
    assert_eq!(confirm(text(&ticket, "id"), Sent::default()), "not_stored");
    assert_eq!(confirm(text(&ticket, "id"), signed_in("alice")), "unknown_upload");
    let of_alice = json_of(&upload(&desk, Some("alice"), &[]));
    assert_eq!(confirm(text(&of_alice, "id"), Sent::default()), "unknown_upload");
    let named = json!({ "who": "anyone", "key": "public/{principal}/{random}" });
    let error = desk_with(&named, &access("public-read-write")).unwrap_err();
    assert!(error.contains("must be `users` where `key` holds `{principal}`"), "{error}");
}

#[test]
fn a_checksum_may_be_demanded() {
    let desk = desk_with(&json!({ "checksums": ["crc32c", "sha256"] }), &private()).unwrap();
    let sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for (change, status, message) in [
        (vec![], 400, "A checksum is needed: `checksum_crc32c` or `checksum_sha256`."),
        (vec![("checksum_sha256", json!(sha256))], 200, "x-amz-checksum-sha256"),
        (vec![("checksum_crc32c", json!("AAAAAA=="))], 200, "x-amz-checksum-crc32c"),
        (
            vec![("content_md5", json!("1B2M2Y8AsgTpgAmY7PhCfg=="))],
            400,
            "Another checksum is needed",
        ),
    ] {
        let answer = upload(&desk, Some("alice"), &change);
        assert_eq!(answer.status, status, "{change:?}");
        assert!(answer.body.contains(message), "{change:?}: {}", answer.body);
    }
    let md5 = issued("alice", &[("content_md5", json!("1B2M2Y8AsgTpgAmY7PhCfg=="))]);
    assert_eq!(md5["headers"]["content-md5"], "1B2M2Y8AsgTpgAmY7PhCfg==");
    let crc64 = issued("alice", &[("checksum_crc64nvme", json!("AAAAAAAAAAA="))]);
    assert_eq!(crc64["headers"]["x-amz-checksum-crc64nvme"], "AAAAAAAAAAA=");
}

#[test]
fn what_a_store_lacks_cannot_be_asked_of_it() {
    let with_lacks = |lacks: Value, change: &Value| {
        let mut policy: Value = serde_json::from_str(POLICY).unwrap();
        policy["stores"]["main"]["lacks"] = lacks;
        let mut rule = policy["uploads"]["default"].clone();
        for (name, value) in change.as_object().unwrap() {
            rule[name] = value.clone();
        }
        policy["uploads"] = json!({ "rule": rule });
        Policy::parse(&policy.to_string()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(with_lacks(json!(["form", "tags"]), &json!({})).is_ok());
    let error = with_lacks(json!(["create_only"]), &json!({})).unwrap_err();
    let expected = "policy: at `uploads.rule`: says `create_only`, which store `main` does not \
                    enforce when a file is sent by `put`; leave it out, or name it in \
                    `unenforced`, and it is no more than a wish";
    assert_eq!(error, expected);
    assert!(with_lacks(json!(["create_only"]), &json!({ "unenforced": ["create_only"] })).is_ok());
    assert!(with_lacks(json!(["create_only"]), &json!({ "create_only": false })).is_ok());
    let error = with_lacks(json!(["signed_headers"]), &json!({})).unwrap_err();
    assert!(error.contains("store `main` heeds headers that were not signed"), "{error}");
    let form = json!({ "kinds": ["form"], "unenforced": ["create_only"] });
    assert!(with_lacks(json!(["signed_headers"]), &form).is_ok());
    let error = with_lacks(json!(["form"]), &form).unwrap_err();
    assert!(error.contains("has the kind `form`, which store `main` does not take"), "{error}");
    let error = with_lacks(json!(["teleport"]), &json!({})).unwrap_err();
    assert!(error.contains("at `stores.main.lacks.0`: must be"), "{error}");
}

#[test]
fn a_cookie_counts_for_pages_of_this_host() {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["keys"]["users"]["cookie"] = json!("session");
    let desk = Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap();
    let token = bearer("alice").replace("Bearer ", "");
    let cookie = format!("session={token}");
    let ask = |headers: &[(&str, &str)]| {
        let request = Request::parse("POST", "/uploads", headers.iter().copied()).unwrap();
        match desk.handle(&request, order(&[]).as_bytes(), now(), RANDOM) {
            Step::Answer(answer) => answer.log.verdict.reason(),
            other => panic!("{other:?}"),
        }
    };
    let base = [("host", "uploads.example"), ("cookie", cookie.as_str())];
    for (headers, expected) in [
        (vec![], "issued"),
        (vec![("origin", "https://uploads.example")], "issued"),
        (vec![("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], "issued"),
        (vec![("origin", "https://evil.example")], "cookie_of_other_origin"),
        (vec![("origin", "null")], "cookie_of_other_origin"),
        (vec![("sec-fetch-site", "cross-site")], "cookie_of_other_origin"),
        (vec![("sec-fetch-site", "same-site")], "cookie_of_other_origin"),
    ] {
        assert_eq!(ask(&[&base[..], &headers].concat()), expected, "{headers:?}");
    }
}

#[test]
fn ten_thousand_names_stay_below_their_prefix_and_none_is_another() {
    use std::collections::BTreeSet;
    let desk = desk();
    let mut keys = BTreeSet::new();
    let mut seed: u64 = 42;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    const PIECES: [&str; 20] = [
        "..",
        "/",
        "\\",
        "%2e",
        "%2F",
        "a",
        ".jpg",
        "é",
        "e\u{301}",
        "\u{202e}",
        "\u{0}",
        " ",
        "//",
        "${filename}",
        "{random}",
        "日本",
        "?",
        "#",
        "+",
        "u10",
    ];
    for number in 0..10_000_u32 {
        let count = draw(6) + 1;
        let name: String = (0..count).map(|_| PIECES[usize::try_from(draw(20)).unwrap()]).collect();
        let mut random = [0; 16];
        random[..4].copy_from_slice(&number.to_be_bytes());
        let authorization = bearer("alice");
        let headers = [("host", "h"), ("authorization", authorization.as_str())];
        let request = Request::parse("POST", "/uploads", headers).unwrap();
        let body = order(&[("filename", json!(name))]);
        let Step::Answer(answer) = desk.handle(&request, body.as_bytes(), now(), random) else {
            panic!("the store is not asked");
        };
        if answer.status != 200 {
            assert_eq!(answer.log.verdict.reason(), "malformed_order", "{name:?}");
            continue;
        }
        let key = text(&json_of(&answer), "key").to_owned();
        let prefix = format!("users/alice/{}/", hex(&random));
        let rest = key.strip_prefix(&prefix).unwrap_or_else(|| panic!("{key}"));
        assert!(!rest.contains('/') && rest != ".." && rest == name, "{key}");
        assert!(keys.insert(key), "{name:?}");
    }
    assert!(keys.len() > 1000, "{}", keys.len());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
