//! The permissions of the function's role: each call that the function can make is allowed, and
//! nothing else.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use cloakroom_core::policy::Policy;
use serde_json::{Value, json};

fn rule(route: &str, key: &str) -> Value {
    json!({
        "route": route, "key": key, "content_types": ["*/*"], "size": { "max": 10 },
        "read": { "url": "https://media.example", "key": "AKAPP" }, "seal_secret": "SEAL_SECRET"
    })
}

const KMS_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1";

/// A rule that needs everything.
fn full() -> Value {
    let mut rule = rule("media", "full/{date}/{random}");
    rule["kinds"] = json!(["put", "multipart"]);
    rule["stored_as"] = json!({
        "acl": "private", "tags": { "a": "b" }, "encryption": { "kms": KMS_KEY },
    });
    rule
}

fn policy() -> Value {
    let store = |endpoint: &str, region: &str| {
        json!({
            "kind": "s3", "endpoint": endpoint, "region": region,
            "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET" }
        })
    };
    json!({
        "version": 1,
        "stores": {
            "main": store("https://s3.us-east-1.amazonaws.com", "us-east-1"),
            "china": store("https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            "gov": store("https://s3.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            "r2": store("https://abc.r2.cloudflarestorage.com", "auto")
        },
        "keys": {
            "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" }
        },
        "routes": {
            "media": { "path": "/media/", "store": "main", "bucket": "media" },
            "site": { "path": "/site/", "store": "main", "bucket": "site", "location": "a*b/$1/" },
            "china": { "path": "/china/", "store": "china", "bucket": "china" },
            "gov": { "path": "/gov/", "store": "gov", "bucket": "gov" },
            "r2": { "path": "/r2/", "store": "r2", "bucket": "elsewhere" },
            "edge": { "path": "/edge/", "store": "main", "bucket": "edge-only" },
            "tenants": { "path": "/t/{tenant}/", "store": "main", "bucket": "media-{tenant}" }
        },
        "uploads": {
            "users": rule("media", "users/{principal}/{random}/{filename}"),
            "drop": rule("media", "drop-{random}"),
            "full": full(),
            "any": rule("site", "{random}"),
            "china": rule("china", "{random}"),
            "gov": rule("gov", "{random}"),
            "r2": rule("r2", "{random}")
        }
    })
}

fn document(policy: &Value) -> Value {
    Policy::parse(&policy.to_string()).unwrap().permissions().to_document()
}

/// Whether the document allows a call, as IAM decides. A key is what is asked for, and in the
/// case of `s3:ListBucket` what `s3:prefix` is; there may be none.
fn allows(document: &Value, action: &str, bucket: &str, key: Option<&str>) -> bool {
    let is_list = action == "s3:ListBucket";
    let arn = match key.filter(|_| !is_list) {
        Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
        None => format!("arn:aws:s3:::{bucket}"),
    };
    let statements = document["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        let prefixes = statement.get("Condition").map(|all| texts(&all["StringLike"]["s3:prefix"]));
        let meets = prefixes.is_none_or(|patterns| {
            key.is_some_and(|key| patterns.iter().any(|pattern| is_like(key, pattern)))
        });
        statement["Effect"] == "Allow"
            && texts(&statement["Action"]).contains(&action)
            && texts(&statement["Resource"]).iter().any(|pattern| is_like(&arn, pattern))
            && meets
    })
}

fn texts(value: &Value) -> Vec<&str> {
    match value.as_array() {
        Some(list) => list.iter().filter_map(Value::as_str).collect(),
        None => value.as_str().into_iter().collect(),
    }
}

/// `*`, `?` and `${…}` of IAM.
fn is_like(text: &str, pattern: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${") {
        let (literal, rest) = rest.split_once('}').unwrap();
        return text.strip_prefix(literal).is_some_and(|text| is_like(text, rest));
    }
    let (mut pattern, mut characters) = (pattern.chars(), text.chars());
    match pattern.next() {
        None => text.is_empty(),
        Some('*') => {
            let tail = |at: usize| text.char_indices().nth(at).and_then(|(at, _)| text.get(at..));
            let tails = (0..text.chars().count()).filter_map(tail).chain([""]);
            tails.into_iter().any(|text| is_like(text, pattern.as_str()))
        }
        Some(first) => {
            let fits = characters.next().is_some_and(|c| first == '?' || first == c);
            fits && is_like(characters.as_str(), pattern.as_str())
        }
    }
}

#[test]
fn the_document_of_a_policy() {
    let mut policy = policy();
    policy["uploads"] = json!({ "users": rule("media", "users/{principal}/{random}") });
    assert_eq!(
        document(&policy),
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                    "Resource": ["arn:aws:s3:::media/*"]
                },
                {
                    "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::media",
                    "Condition": { "StringLike": { "s3:prefix": ["?*"] } }
                },
                {
                    "Effect": "Allow", "Action": ["s3:PutObject"],
                    "Resource": ["arn:aws:s3:::media/users/*"]
                }
            ]
        })
    );
}

#[test]
fn what_the_function_does_is_allowed_and_nothing_else() {
    let document = document(&policy());
    let check = |action: &str, bucket: &str, key: &str, expected: bool| {
        let allowed = allows(&document, action, bucket, Some(key));
        assert_eq!(allowed, expected, "{action} {bucket} {key}");
    };
    for key in ["users/alice/00ff/été 1.jpg", "drop-00ff"] {
        check("s3:PutObject", "media", key, true);
        check("s3:GetObject", "media", key, true);
        check("s3:ListBucket", "media", key, true);
    }
    // Whatever the route reads, the function sends readers to, and what is absent is said to be.
    for action in ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"] {
        check(action, "media", "public/a.jpg", true);
        check(action, "site", "a*b/$1/x", true);
        check(action, "site", "a*b/$2/x", false);
        check(action, "site", "axb/$1/x", false);
        check(action, "edge-only", "a", false);
        check(action, "media-acme", "a", false);
        check(action, "elsewhere", "a", false);
    }
    check("s3:PutObject", "media", "public/a.jpg", false);
    check("s3:PutObject", "media", "user", false);
    check("s3:PutObject", "site", "a*b/$1/00ff", true);
    check("s3:PutObject", "site", "index.html", false);
    // Nobody lists the bucket by it.
    assert!(!allows(&document, "s3:ListBucket", "media", None));
    assert!(!allows(&document, "s3:ListBucket", "media", Some("")));
    for action in ["s3:DeleteObject", "s3:PutObjectAcl", "s3:PutBucketPolicy", "s3:*", "*"] {
        check(action, "media", "users/alice/00ff/a", false);
    }
    for action in [
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:PutObjectAcl",
        "s3:PutObjectTagging",
    ] {
        check(action, "media", "full/2026/11/26/00ff", true);
        check(action, "media", "drop-00ff", false);
    }
    // By a sweep, where uploads are sent in parts.
    assert!(allows(&document, "s3:ListBucketMultipartUploads", "media", None));
    assert!(!allows(&document, "s3:ListBucketMultipartUploads", "site", None));
    let encrypts: Vec<_> = document["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|statement| texts(&statement["Action"]).contains(&"kms:GenerateDataKey"))
        .collect();
    assert_eq!(encrypts.len(), 1);
    assert_eq!(encrypts[0]["Resource"], json!([KMS_KEY]));
    for statement in document["Statement"].as_array().unwrap() {
        for resource in texts(&statement["Resource"]).iter().filter(|name| **name != KMS_KEY) {
            let name = resource.split(":::").nth(1).unwrap();
            assert!(!name.starts_with(['*', '?']), "{resource}");
        }
        assert!(texts(&statement["Action"]).iter().all(|action| !action.contains('*')));
    }
}

#[test]
fn partitions_and_stores_elsewhere() {
    let mut policy = policy();
    policy["uploads"]["users"]["notify"] =
        json!({ "url": "https://app.example/hooks", "secrets": ["HOOK_SECRET"] });
    let permissions = Policy::parse(&policy.to_string()).unwrap().permissions();
    assert!(permissions.elsewhere.iter().eq(["r2"]));
    let text = permissions.to_document().to_string();
    assert!(text.contains("\"arn:aws-cn:s3:::china/*\""), "{text}");
    assert!(text.contains("\"arn:aws-us-gov:s3:::gov/*\""), "{text}");
    policy["uploads"] = json!({});
    assert!(Policy::parse(&policy.to_string()).unwrap().permissions().is_empty());
}
