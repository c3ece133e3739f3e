//! URLs: each opens one object, for a time.

use cloakroom_core::encoding::{Slash, encode};
use serde_json::{Value, json};

use super::*;

/// A path that every issuer signs for, as its owner alice asks for it.
fn path(key: &str) -> String {
    format!("/v1/AUTH_shop/box/users/alice/{}", encode(key, Slash::Keep))
}

#[test]
fn each_issuer_signs_what_opens_exactly_the_object() {
    for issuer in URL_ISSUERS {
        for key in ["a.jpg", "été ~*?+%&=;!'().jpg", "a//b", "%41", "index.html"] {
            let signed = url("alice", &json!({ "urls": [path(key)], "ticket": issuer }));
            let expected = format!("box in/a/users/alice/{key}");
            assert_eq!(opened(&signed), Some(expected.clone()), "{issuer} {signed}");
            assert_eq!(opened_at(NOW + 3600 - 1, "GET", &signed, &[]), Some(expected));
            // No longer than life and bucket, and not before.
            assert_eq!(opened_at(NOW + 3600 + 600 + 1, "GET", &signed, &[]), None, "{issuer}");
            let (_, query) = signed.split_once('?').unwrap();
            for other in [
                "https://media.example/v1/AUTH_shop/box/users/alice/b.jpg",
                "https://media.example/v1/AUTH_shop/box/users/alice/",
                "https://media.example/v1/AUTH_shop/box/",
                "https://media.example/v1/AUTH_shop/box",
                "https://media.example/v1/AUTH_shop",
                "https://media.example/media/users/alice/a.jpg",
            ] {
                assert_eq!(opened(&format!("{other}?{query}")), None, "{issuer} {other}");
            }
            assert_eq!(opened_at(NOW, "PUT", &signed, &[]), None, "{issuer}");
        }
    }
}

#[test]
fn whatever_is_changed_of_a_url_closes_it() {
    for issuer in URL_ISSUERS {
        let signed = url("alice", &json!({ "urls": [path("a.jpg")], "ticket": issuer }));
        let (bare, query) = signed.split_once('?').unwrap();
        assert_eq!(opened(bare), None);
        let parameters: Vec<&str> = query.split('&').collect();
        for (n, parameter) in parameters.iter().enumerate() {
            let mut without = parameters.clone();
            without.remove(n);
            assert_eq!(opened(&format!("{bare}?{}", without.join("&"))), None, "{parameter}");
            // The first and the last character of each value, but for what is said about a hash.
            let (name, value) = parameter.split_once('=').unwrap();
            for at in [0, value.len() - 1] {
                let mut value: Vec<u8> = value.bytes().collect();
                value[at] = if value[at] == b'1' { b'2' } else { b'1' };
                let value = String::from_utf8(value).unwrap();
                let mut changed = parameters.clone();
                let parameter = format!("{name}={value}");
                changed[n] = &parameter;
                let changed = format!("{bare}?{}", changed.join("&"));
                assert_eq!(opened(&changed), None, "{issuer} {changed}");
            }
        }
    }
}

#[test]
fn a_page_has_an_answer_for_each_url_in_its_order() {
    let entries = urls(
        "alice",
        &json!({ "urls": [
            "/media/users/alice/1.jpg",
            "/media/users/bob/1.jpg",
            "https://media.example/media/public/logo.svg",
            "https://media.example:443/media/members/a.txt",
            "/nowhere/a.jpg",
            "/hidden/users/bob/1.jpg",
            "/hidden/users/alice/1.jpg",
            "/media/pages/a.jpg",
            "/media/groups/a.jpg",
            "/media/users/alice/../bob/1.jpg",
            "/media/users/alice%2F1.jpg",
            "/media/users/alice/1.jpg?versionId=7",
            "https://other.example/media/users/alice/1.jpg",
            "http://media.example/media/users/alice/1.jpg",
            "https://alice@media.example/media/users/alice/1.jpg",
            "//media.example/media/users/alice/1.jpg",
            "media/users/alice/1.jpg",
            "/media/users/alice/a b.jpg",
            "/media/users/alice/100%.jpg",
            "",
        ] }),
    );
    let no_such = json!({ "error": { "code": "NoSuchKey", "message": "There is no such file." } });
    let denied =
        json!({ "error": { "code": "AccessDenied", "message": "You may not see this file." } });
    let error =
        |code: &str, message: &str| json!({ "error": { "code": code, "message": message } });
    let malformed =
        error("InvalidURI", "This link is damaged. Copy the whole of it, or ask for a new one.");
    let no_name = error("InvalidURI", "No file can have this name.");
    let elsewhere = error("InvalidRequest", "This issuer signs for `https://media.example` only.");
    let signed = |entry: &Value, object: &str| {
        assert_eq!(entry["expires_at"], "2026-11-23T13:10:00Z");
        assert_eq!(opened(entry["url"].as_str().unwrap()).as_deref(), Some(object), "{entry}");
    };
    signed(&entries[0], "media users/alice/1.jpg");
    assert_eq!(entries[1], denied);
    signed(&entries[2], "media public/logo.svg");
    signed(&entries[3], "media members/a.txt");
    // Where denials are hidden, they look like what is not there.
    assert_eq!((&entries[4], &entries[5]), (&no_such, &no_such));
    signed(&entries[6], "hidden users/alice/1.jpg");
    let by_page = error("AccessDenied", "You may not see this file.");
    assert_eq!((&entries[7], &entries[8]), (&by_page, &denied));
    assert_eq!((&entries[9], &entries[10]), (&no_name, &no_name));
    assert_eq!(
        entries[11],
        error(
            "InvalidRequest",
            "`/media/users/alice/1.jpg` must have no query; a `?` in a name is written `%3F`."
        )
    );
    assert_eq!((&entries[12], &entries[13], &entries[14]), (&elsewhere, &elsewhere, &elsewhere));
    assert_eq!(entries[15], no_such);
    for entry in &entries[16..] {
        assert_eq!(entry, &malformed);
    }
    let groups = urls("acme:bob", &json!({ "urls": ["/media/groups/a.jpg"] }));
    signed(&groups[0], "media groups/a.jpg");
    let shared = urls("bob", &json!({ "urls": ["/media/shared/a.jpg"] }));
    signed(&shared[0], "media shared/a.jpg");
}

#[test]
fn what_the_log_says_is_whether_all_some_or_none_was_signed() {
    let authorization = bearer("alice");
    for (urls, verdict) in [
        (json!(["/media/users/alice/1.jpg"]), "signed"),
        (json!(["/media/users/alice/1.jpg", "/media/users/bob/1.jpg"]), "signed_in_part"),
        (json!(["/media/users/bob/1.jpg"]), "signed_none"),
    ] {
        let body = json!({ "urls": urls }).to_string();
        let answer = ask(NOW, "POST", &[("authorization", &authorization)], body.as_bytes());
        assert_eq!(answer.log.verdict.reason(), verdict);
        assert_eq!(answer.log.trail.pattern.as_deref(), Some("default"));
        assert!(!format!("{answer:?}").contains("Signature"), "{answer:?}");
    }
}

#[test]
fn a_url_is_the_same_within_a_bucket_and_another_in_the_next() {
    for issuer in URL_ISSUERS.into_iter().filter(|issuer| *issuer != "cloudfront") {
        let order = json!({ "urls": [path("a.jpg")], "ticket": issuer });
        let at = |now: u64| order_at(now, "alice", &order).1["urls"][0].clone();
        let first = at(NOW);
        assert_eq!(at(NOW + 599), first, "{issuer}");
        assert_ne!(at(NOW + 600)["url"], first["url"], "{issuer}");
        assert_eq!(first["expires_at"], "2026-11-23T13:10:00Z");
        let shorter = json!({ "urls": [path("a.jpg")], "ticket": issuer, "expires_in": 60 });
        assert_eq!(urls("alice", &shorter)[0]["expires_at"], "2026-11-23T12:11:00Z");
    }
}

#[test]
fn the_policy_says_how_long_at_most() {
    for (issuer, secs, max) in
        [("default", 86_401, 86_400), ("tempurl", 3601, 3600), ("default", 0, 86_400)]
    {
        let order = json!({ "urls": ["/a"], "ticket": issuer, "expires_in": secs });
        let (status, body) = order_at(NOW, "alice", &order);
        let message = format!("`expires_in` must be from 1 to {max} seconds.");
        assert_eq!((status, body["message"].as_str()), (400, Some(message.as_str())));
    }
}

#[test]
fn a_head_is_asked_for_where_links_tell_it_from_a_get() {
    for (issuer, get, head) in [("default", None, true), ("tempurl", None, true)] {
        let order = json!({ "urls": [path("a.jpg")], "ticket": issuer, "method": "HEAD" });
        let signed = url("alice", &order);
        assert_eq!(opened_at(NOW, "GET", &signed, &[]), get, "{issuer}");
        assert_eq!(opened_at(NOW, "HEAD", &signed, &[]).is_some(), head, "{issuer}");
    }
    for issuer in ["cloudfront", "edgeauth"] {
        let order = json!({ "urls": [path("a.jpg")], "ticket": issuer, "method": "HEAD" });
        let (status, body) = order_at(NOW, "alice", &order);
        assert_eq!(status, 400);
        assert!(body["message"].as_str().unwrap().contains("GET and HEAD alike"), "{body}");
    }
}

#[test]
fn a_file_is_saved_under_the_name_that_is_asked_for() {
    let header = "response-content-disposition=attachment%3B%20filename%3D%22x%2522%253B%20%25C3%25A9\
                  .jpg%22%3B%20filename%2A%3DUTF-8%27%27x%2522%253B%2520%25C3%25A9.jpg";
    for (issuer, parameter) in
        [("default", header), ("cloudfront", header), ("tempurl", "filename=x%22%3B%20%C3%A9.jpg")]
    {
        let wanted = json!({ "url": path("a.jpg"), "download": "x\"; é.jpg" });
        let signed = url("alice", &json!({ "urls": [wanted], "ticket": issuer }));
        assert_eq!(opened(&signed).as_deref(), Some("box in/a/users/alice/a.jpg"), "{signed}");
        let (_, query) = signed.split_once('?').unwrap();
        assert!(query.split('&').any(|found| found == parameter), "{signed}");
    }
    let wanted = json!({ "url": path("a.jpg"), "download": "x.jpg" });
    let entries = urls("alice", &json!({ "urls": [wanted], "ticket": "edgeauth" }));
    assert_eq!(
        entries[0]["error"]["message"],
        "This issuer's links cannot name a file: leave `download` out."
    );
}

#[test]
fn what_is_no_object_gets_no_url() {
    for issuer in URL_ISSUERS {
        for path in
            ["/", "/media", "/media/", "/v1", "/v1/AUTH_shop", "/hidden", "/hidden/", "/auth/v1.0"]
        {
            let entries = urls("alice", &json!({ "urls": [path], "ticket": issuer }));
            assert!(entries[0]["error"].is_object(), "{issuer} {path} {}", entries[0]);
            let authorization =
                format!("Bearer {}", token("app", "APP_JWT_SECRET", &json!({ "exp": NOW + 9 })));
            let body = json!({ "urls": [path], "ticket": issuer }).to_string();
            let answer = ask(NOW, "POST", &[("authorization", &authorization)], body.as_bytes());
            assert!(answer.body.contains("error"), "{issuer} {path} {}", answer.body);
        }
    }
}

#[test]
fn what_the_gate_takes_for_something_else_gets_no_url() {
    let mut policy = policy();
    policy["health"] = json!("/healthz");
    policy["keys"]["shop:alice"] = json!({
        "dialect": "swift", "secret": "SWIFT_SECRET", "path": "/v1/AUTH_shop/",
        "principal": { "user": "alice" }
    });
    policy["routes"]["all"] = json!({
        "host": "media.example", "path": "/", "store": "main", "bucket": "all",
        "access": [{ "keys": "*", "acl": "public-read" }]
    });
    let desk = Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap();
    let authorization = bearer("alice");
    let headers = [("host", "desk.example"), ("authorization", authorization.as_str())];
    let request = Request::parse("POST", "/signed-urls", headers).unwrap();
    let order = json!({ "urls": ["/healthz", "/auth/v1.0", "/healthz2"] }).to_string();
    let now = UnixTime::from_secs(NOW);
    let Step::Answer(answer) = desk.handle(&request, order.as_bytes(), now, [7; 16]) else {
        panic!("an HMAC does not wait");
    };
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let would_not = json!({
        "error": { "code": "AccessDenied", "message": "This issuer's tickets would not open it." }
    });
    assert_eq!((&body["urls"][0], &body["urls"][1]), (&would_not, &would_not));
    assert!(body["urls"][2]["url"].is_string(), "{body}");
}

#[test]
fn a_ticket_that_names_no_host_opens_the_same_on_each() {
    // `/media/` is another route on another host.
    let order = json!({ "urls": ["/media/users/alice/a.jpg"], "ticket": "edgeauth" });
    let message = urls("alice", &order)[0]["error"]["message"].clone();
    assert_eq!(
        message,
        "This issuer's tickets do not name a host, and the path leads to other files on another \
         one."
    );
    // Of tenants, the host chooses the bucket.
    let tenant = |issuer: &str| {
        urls("alice", &json!({ "urls": ["/hosted/users/alice/a.jpg"], "ticket": issuer }))[0]
            .clone()
    };
    assert_eq!(tenant("tenant")["error"]["message"], message);
    let signed = tenant("tenant-sigv4")["url"].as_str().unwrap().to_owned();
    assert_eq!(opened(&signed).as_deref(), Some("tenants users/alice/a.jpg"));
    assert_eq!(opened(&signed.replace("acme.", "other.")), None);
}
