//! Cookies: for folders of which all may be read, and for whoever asks.

use serde_json::{Value, json};

use super::*;

fn cookies(user: &str, order: &Value) -> (u16, Value) {
    order_at(NOW, user, order)
}

/// The cookies of an answer as a browser sends them.
fn header(body: &Value) -> String {
    let cookies = body["cookies"].as_array().unwrap_or_else(|| panic!("{body}")).iter();
    let pair = |cookie: &Value| {
        format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap())
    };
    cookies.map(pair).collect::<Vec<_>>().join("; ")
}

fn opened_with(cookie: &str, path: &str) -> Option<String> {
    opened_at(NOW, "GET", &format!("https://media.example{path}"), &[("cookie", cookie)])
}

#[test]
fn cloudfront_cookies_open_a_folder_and_nothing_beside_it() {
    let order = json!({
        "cookies": "https://media.example/media/users/alice/film~1/*", "ticket": "cloudfront"
    });
    let (status, body) = cookies("alice", &order);
    assert_eq!((status, &body["expires_at"]), (200, &json!("2026-11-23T13:10:00Z")));
    let names: Vec<_> = body["cookies"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(
        names,
        [
            "CloudFront-Policy",
            "CloudFront-Signature",
            "CloudFront-Key-Pair-Id",
            "CloudFront-Hash-Algorithm"
        ]
    );
    assert!(
        body["cookies"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["path"] == "/media/users/alice/film~1/")
    );
    let cookie = header(&body);
    for (path, expected) in [
        ("/media/users/alice/film~1/a.m3u8", Some("media users/alice/film~1/a.m3u8")),
        ("/media/users/alice/film~1/1/2.ts", Some("media users/alice/film~1/1/2.ts")),
        ("/media/users/alice/film~1/a.ts?x=1", Some("media users/alice/film~1/a.ts")),
        ("/media/users/alice/film~1/a.ts?versionId=1", None),
        ("/media/users/alice/film~1/?list-type=2", Some("media users/alice/film~1/")),
        ("/media/users/alice/film~1/../x", None),
        ("/media/users/alice/film~1/%2E%2E/x", None),
        ("/media/users/alice/film~1", None),
        ("/media/users/alice/film~10/a", None),
        ("/media/users/alice/a.jpg", None),
        ("/media/users/bob/a.jpg", None),
    ] {
        assert_eq!(opened_with(&cookie, path).as_deref(), expected, "{path}");
    }
    let other = "https://other.example/media/users/alice/film~1/a.m3u8";
    assert_eq!(opened_at(NOW, "GET", other, &[("cookie", &cookie)]), None);
}

#[test]
fn an_answer_sets_cookies_where_the_policy_has_their_domain() {
    let order = json!({ "cookies": "/v1/AUTH_shop/box/users/alice/f~/*", "ticket": "edgeauth" });
    let authorization = bearer("alice");
    let body = order.to_string();
    let answer = ask(NOW, "POST", &[("authorization", &authorization)], body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        serde_json::from_str::<Value>(&answer.body).unwrap(),
        json!({
            "cookies": [{ "name": "hdnts", "path": "/v1/AUTH_shop/box/users/alice/f%7E/", "domain": "media.example" }],
            "expires_at": "2026-11-23T13:10:00Z"
        })
    );
    let set = answer.headers.iter().find(|(name, _)| *name == "set-cookie").unwrap().1.clone();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/v1/AUTH_shop/box/users/alice/f%7E/; Domain=media.example; Max-Age=4200; HttpOnly; \
         Secure; SameSite=Lax"
    );
    for (path, expected) in [
        ("/v1/AUTH_shop/box/users/alice/f~/1.ts", Some("box in/a/users/alice/f~/1.ts")),
        ("/v1/AUTH_shop/box/users/alice/f%7E/1.ts", Some("box in/a/users/alice/f~/1.ts")),
        ("/v1/AUTH_shop/box/users/alice/f~/", Some("box in/a/users/alice/f~/index.html")),
        ("/v1/AUTH_shop/box/users/alice/f/1.ts", None),
        ("/v1/AUTH_shop/box/users/alice/1.ts", None),
        ("/v1/AUTH_shop/box/?format=json", None),
    ] {
        assert_eq!(opened_with(pair, path).as_deref(), expected, "{path}");
    }
}

#[test]
fn a_folder_is_one_of_which_the_caller_may_read_all() {
    for (user, folder, expected) in [
        ("alice", "/media/users/alice/*", ""),
        ("alice", "/media/users/alice/2026/*", ""),
        ("alice", "/media/public/art/*", ""),
        ("acme:bob", "/media/groups/*", ""),
        ("bob", "/media/shared/x/*", ""),
        ("alice", "/media/members/art/*", ""),
        ("alice", "/hidden/users/alice/*", ""),
        ("alice", "/media/users/bob/*", "You may not read every file"),
        ("alice", "/media/users/*", "You may not read every file"),
        ("alice", "/media/pages/*", "You may not read every file"),
        ("alice", "/media/groups/*", "You may not read every file"),
        // A rule for some of it is stricter, and a route begins below it.
        ("alice", "/media/members/board/*", "You may not read every file"),
        ("alice", "/media/members/*", "You may not read every file"),
        ("alice", "/media/public/*", "Other places of this site begin below it"),
        ("alice", "/media/*", "You may not read every file"),
        ("alice", "/*", "There is no such file."),
        ("alice", "/hidden/users/bob/*", "There is no such file."),
        ("alice", "/nowhere/*", "There is no such file."),
        ("alice", "/media/users/alice", "`cookies` must be the URL of a folder and `*`"),
        ("alice", "/media/users/alice*", "`cookies` must be the URL of a folder and `*`"),
        ("alice", "/media/users/*/a/*", "You may not read every file"),
        ("alice", "/media/users/alice/../bob/*", "No file can have this name."),
        ("alice", "https://other.example/media/users/alice/*", "signs for `https://media.example`"),
    ] {
        let (status, body) = cookies(user, &json!({ "cookies": folder, "ticket": "cloudfront" }));
        if expected.is_empty() {
            assert_eq!(status, 200, "{user} {folder} {body}");
        } else {
            assert!(status >= 400, "{user} {folder}");
            let message = body["message"].as_str().unwrap();
            assert!(message.contains(expected), "{user} {folder} {message}");
        }
    }
}

#[test]
fn what_is_no_wildcard_stays_none() {
    let order = json!({ "cookies": "/media/users/alice/%2A%3F/*", "ticket": "cloudfront" });
    let cookie = header(&cookies("alice", &order).1);
    assert!(opened_with(&cookie, "/media/users/alice/%2A%3F/a").is_some());
    assert_eq!(opened_with(&cookie, "/media/users/alice/xx/a"), None);
}

#[test]
fn a_token_acts_as_its_user_and_ends_with_the_one_that_asked() {
    for (issuer, resource) in [("session", "/*"), ("session-es", "https://media.example/*")] {
        let (status, body) = cookies("alice", &json!({ "cookies": resource, "ticket": issuer }));
        // The caller's own token lives for 1,000 s.
        assert_eq!((status, &body["expires_at"]), (200, &json!("2026-11-23T12:16:40Z")), "{body}");
        assert_eq!(body["cookies"][0]["path"], "/");
        let cookie = header(&body);
        assert!(opened_with(&cookie, "/media/users/alice/a.jpg").is_some(), "{issuer}");
        assert!(opened_with(&cookie, "/media/members/a.jpg").is_some(), "{issuer}");
        assert_eq!(opened_with(&cookie, "/media/users/bob/a.jpg"), None, "{issuer}");
        let late = opened_at(
            NOW + 1000,
            "GET",
            "https://media.example/media/users/alice/a.jpg",
            &[("cookie", &cookie)],
        );
        assert_eq!(late, None);
        let sooner = json!({ "cookies": "/*", "ticket": issuer, "expires_in": 60 });
        assert_eq!(cookies("alice", &sooner).1["expires_at"], "2026-11-23T12:01:00Z");
        let narrow = json!({ "cookies": "/media/users/alice/*", "ticket": issuer });
        assert_eq!(
            cookies("alice", &narrow).1["message"],
            "A token opens all that you may read, wherever it is: ask for `https://media.example/*`."
        );
        let (status, body) = cookies("alice", &json!({ "urls": ["/a"], "ticket": issuer }));
        assert_eq!(status, 400);
        assert!(
            body["message"].as_str().unwrap().contains("Tokens do not stand in URLs"),
            "{body}"
        );
    }
}

#[test]
fn other_issuers_sign_no_cookies() {
    for issuer in ["default", "tempurl", "tenant"] {
        let (status, body) =
            cookies("alice", &json!({ "cookies": "/media/public/*", "ticket": issuer }));
        assert_eq!(
            (status, body["message"].as_str()),
            (400, Some("This issuer signs no cookies."))
        );
    }
}
