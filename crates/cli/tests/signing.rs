//! The commands that sign, run as a person runs them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::process::Command;

/// What a command prints, and whether it succeeds.
fn cloakroom(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cloakroom"))
        .args(arguments)
        .env("EDGEAUTH_KEY", "abc123")
        .env("EDGEAUTH_SALT", "salt")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env_remove("AWS_SESSION_TOKEN")
        .output()
        .unwrap();
    let printed = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(printed).unwrap())
}

fn printed(arguments: &[&str]) -> String {
    let (success, printed) = cloakroom(arguments);
    assert!(success, "{printed}");
    printed
}

#[test]
fn secrets_may_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let end = ["--url", "/a", "--expires-at", "2021-03-24T00:27:37Z"];
    let with = |key: &[&str]| cloakroom(&[&["edgeauth"], end.as_slice(), key].concat());
    let from_environment = with(&["--key-env", "EDGEAUTH_KEY"]);
    assert_eq!(with(&["--key-file", &file("key", "abc123\n")]), from_environment);
    let (success, printed) = with(&["--key-file", &file("two", "abc123\nabc124\n")]);
    assert!(!success && printed.contains("as its only line"), "{printed}");
    assert!(!printed.contains("abc12"), "{printed}");
    let policy = file(
        "policy.json",
        r#"{ "version": 1,
             "stores": { "main": { "kind": "s3", "endpoint": "https://s3.example", "region": "r",
               "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" } } },
             "routes": { "all": { "path": "/", "store": "main", "bucket": "media",
               "access": [ { "keys": "*", "acl": "public-read" } ] } } }"#,
    );
    let explain = ["explain", "--policy", &policy, "GET", "https://media.example/a.jpg"];
    let (success, printed) = cloakroom(&explain);
    assert!(!success && printed.contains("secret `ID` is not set"), "{printed}");
    let secrets = file(".dev.vars", "# the store's\nID=store\nSECRET=\"of the store\"\n");
    let printed = self::printed(&[explain.as_slice(), &["--secrets", &secrets]].concat());
    assert!(printed.contains("ALLOW") && !printed.contains("of the store"), "{printed}");
}

#[test]
fn explain_shows_what_a_wrong_signature_should_cover() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    std::fs::write(
        &policy,
        r#"{ "version": 1,
             "stores": { "main": { "kind": "s3", "endpoint": "https://s3.example", "region": "r",
               "credentials": { "access_key_id": "EDGEAUTH_KEY", "secret_access_key": "EDGEAUTH_KEY" } } },
             "keys": { "AKIAIOSFODNN7EXAMPLE": { "dialect": "sigv4", "principal": "every-owner",
               "secret": "AWS_SECRET_ACCESS_KEY", "session_token": "EDGEAUTH_SALT" } },
             "routes": { "all": { "path": "/", "store": "main", "bucket": "media" } } }"#,
    )
    .unwrap();
    let at = ["--at", "2026-11-23T12:00:00Z"];
    let url = printed(&[PRESIGN, &["--expires-in", "60"], &at].concat());
    // A session token as a client would send it; it is "salt".
    let url = format!("{}&X-Amz-Security-Token=salt", url.trim());
    let explain = ["explain", "--policy", policy.to_str().unwrap(), "GET", &url];
    let output = Command::new(env!("CARGO_BIN_EXE_cloakroom"))
        .args([explain.as_slice(), &at].concat())
        .env("EDGEAUTH_KEY", "abc123")
        .env("EDGEAUTH_SALT", "salt")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("DENY signature_mismatch"), "{text}");
    assert!(text.contains("&X-Amz-Security-Token=(session token)&"), "{text}");
    assert!(text.contains("\n    host:media.s3.us-east-1.amazonaws.com\n"), "{text}");
    assert!(text.contains("AWS4-HMAC-SHA256\n    20261123T120000Z\n"), "{text}");
    assert!(!text.contains("salt"), "{text}");
}

const PRESIGN: &[&str] = &["presign", "GET", "s3://media/a.jpg", "--region", "us-east-1"];
const EDGEAUTH: &[&str] = &["edgeauth", "--key-env", "EDGEAUTH_KEY"];

#[test]
fn edgeauth_prints_the_token() {
    let time = ["--starts-at", "2021-03-24T00:27:07Z", "--expires-at", "2021-03-24T00:27:37Z"];
    let token = ["--acl", "/foo", "--token-name", "hdnts"];
    assert_eq!(
        printed(&[EDGEAUTH, &time, &token].concat()),
        "st=1616545627~exp=1616545657~acl=/foo~\
         hmac=ba0d665ffc7c80159d08e1a9a143ed345bc2f3e374f8af73248ff67fb087a420\n"
    );
}

#[test]
fn edgeauth_json_has_the_token_encoded_too() {
    let opens = ["--acl", "/a/*", "--acl", "/b", "--expires-at", "2021-03-24T00:27:37Z"];
    let fields = ["--ip", "2001:db8::1", "--id", "s 1", "--data", "x&y"];
    let key = ["--salt-env", "EDGEAUTH_SALT", "--escape-early", "--algorithm", "md5", "--json"];
    let answer = printed(&[EDGEAUTH, &opens, &fields, &key].concat());
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let (token, encoded) = (answer["token"].as_str().unwrap(), answer["encoded"].as_str().unwrap());
    let fields = "ip=2001%3adb8%3a%3a1~exp=1616545657~acl=/a/*!/b~id=s+1~data=x%26y~hmac=";
    assert!(token.starts_with(fields) && token.len() == fields.len() + 32, "{token}");
    assert!(encoded.starts_with("__token__=ip%3D2001%253adb8"), "{encoded}");
    assert_eq!(answer["expires_at"], "2021-03-24T00:27:37Z");
}

#[test]
fn edgeauth_says_what_is_wrong() {
    let end = ["--expires-at", "2021-03-24T00:27:37Z"];
    for (arguments, problem) in [
        (vec!["--acl", "/a!/b"], "an ACL must be made of patterns"),
        (vec!["--url", "/a?b"], "without a query"),
        (vec!["--url", "/a", "--acl", "/a"], "cannot be used with"),
        (vec![], "--acl <PATTERN>|--url <PATH>"),
        (vec!["--url", "/a", "--salt-env", "NO_SUCH_SALT"], "set NO_SUCH_SALT in the environment"),
        (vec!["--url", "/a", "--token-name", "a=b"], "letters, digits"),
        (vec!["--url", "/a", "--stable-for", "60"], "cannot be used with"),
        (vec!["--url", "/a", "--algorithm", "sha512"], "sha256, sha1 or md5"),
        (vec!["--url", "/a", "--key-file", "key"], "cannot be used with"),
    ] {
        let (success, printed) = cloakroom(&[EDGEAUTH, &end, &arguments].concat());
        assert!(!success && printed.contains(problem), "{arguments:?}: {printed}");
    }
}

#[test]
fn a_bucket_prints_the_same_until_it_ends() {
    let url_token = [EDGEAUTH, &["--url", "/a.jpg"]].concat();
    for command in [PRESIGN, &url_token] {
        let at = |time: &str, bucket: &str| {
            let life = ["--expires-in", "3600", "--stable-for", bucket, "--at", time];
            cloakroom(&[command, &life].concat())
        };
        let first = at("2026-11-23T12:00:00Z", "600");
        assert!(first.0, "{}", first.1);
        assert_eq!(at("2026-11-23T12:09:59Z", "600"), first);
        assert_ne!(at("2026-11-23T12:10:00Z", "600"), first);
        let (success, printed) = at("2026-11-23T12:00:00Z", "0");
        assert!(!success && printed.contains("0 is not in 1.."), "{printed}");
    }
    // A presigned URL lives for a week at most; a token as long as it is told to.
    let beyond = ["--expires-in", "3600", "--stable-for", "601201"];
    let (success, url) = cloakroom(&[PRESIGN, &beyond].concat());
    assert!(!success && url.contains("must be from 2 to 604800 seconds"), "{url}");
    assert!(cloakroom(&[url_token.as_slice(), &beyond].concat()).0);
    let life = ["--expires-in", "3600", "--stable-for", "600", "--at", "2026-11-23T12:09:59Z"];
    let url = printed(&[PRESIGN, &life].concat());
    assert!(url.contains("X-Amz-Date=20261123T120000Z&X-Amz-Expires=4200&"), "{url}");
    // 2026-11-23T13:10:00Z
    let token = printed(&[url_token.as_slice(), &life].concat());
    assert!(token.starts_with("exp=1795439400~hmac="), "{token}");
    let at = |time: &str| {
        let life = ["--stable-for", "600", "--at", time, "--key-env", "EDGEAUTH_KEY"];
        printed(&[&["tempurl", "GET", "3600", "/v1/a/c/o"], life.as_slice()].concat())
    };
    let url = at("2026-11-23T12:09:59Z");
    assert!(url.contains("temp_url_expires=1795439400"), "{url}");
    assert_eq!(at("2026-11-23T12:00:00Z"), url);
    assert_ne!(at("2026-11-23T12:10:00Z"), url);
}
