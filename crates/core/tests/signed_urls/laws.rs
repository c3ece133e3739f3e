//! The law: whatever a ticket opens, its caller could have opened with the token that asked for it.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;

fn user() -> impl Strategy<Value = &'static str> {
    select(vec!["alice", "bob", "acme:bob", "a", "é"])
}

/// Folders that lie near one another.
fn folder() -> impl Strategy<Value = String> {
    let roots = vec!["/hidden/", "/v1/AUTH_shop/box/", "/v1/AUTH_shop/", "/hosted/", "/auth/", "/"];
    let root = prop_oneof![1 => select(roots), 1 => Just("/media/")];
    let folder = select(vec![
        "",
        "users/alice/",
        "users/bob/",
        "users/%61lice/",
        "users/",
        "users/alice",
        "public/",
        "public/vault/",
        "members/",
        "members/board/",
        "shared/",
        "pages/",
        "groups/",
        "users//",
        "users/acme:bob/",
        "users/a/",
        "users/*/",
        "users/?/",
        "users/~!/",
    ]);
    (root, folder).prop_map(|(root, folder)| format!("{root}{folder}"))
}

fn path() -> impl Strategy<Value = String> {
    let rest = select(vec![
        "",
        "a",
        "a.jpg",
        "b/a",
        "%2A",
        "*",
        "é",
        "%C3%A9",
        "a~acl=%2A",
        "..",
        "%2e%2e/a",
        "a%2Fb",
    ]);
    (folder(), rest).prop_map(|(folder, rest)| format!("{folder}{rest}"))
}

fn issuer() -> impl Strategy<Value = &'static str> {
    select(vec![
        "default",
        "tempurl",
        "cloudfront",
        "edgeauth",
        "tenant",
        "tenant-sigv4",
        "session",
    ])
}

const HOSTS: [&str; 5] =
    ["media.example", "other.example", "acme.tenants.example", "b.tenants.example", "any.example"];

const QUERIES: [&str; 6] =
    ["", "list-type=2", "format=json", "ticket=cookie", "versionId=7", "response-content-type=a/b"];

/// Whether what a ticket opens at `url` is open to the caller's own token there.
fn check(user: &str, url: &str, headers: &[(&str, &str)]) -> Result<(), TestCaseError> {
    // Cookies hold all that their signature is on, so it need not be checked each time; that of a
    // URL is on the URL.
    let holds = if headers.is_empty() { cloakroom_asymmetric::holds } else { |_: &_| true };
    let Some(object) = decide(NOW, "GET", url, headers, holds) else { return Ok(()) };
    let (bare, _) = url.split_once('?').unwrap_or((url, ""));
    let authorization = bearer(user);
    let own = opened_at(NOW, "GET", bare, &[("authorization", &authorization)]);
    prop_assert_eq!(Some(object), own, "{} {}", user, bare);
    Ok(())
}

fn with_query(host: &str, path: &str, queries: &[&str]) -> String {
    let queries: Vec<_> = queries.iter().filter(|query| !query.is_empty()).copied().collect();
    format!("https://{host}{path}?{}", queries.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_url_opens_what_its_caller_could_not_read(
        user in user(),
        issuer in issuer(),
        path in path(),
        others in prop::collection::vec(path(), 6),
    ) {
        let (status, body) = order_at(NOW, user, &json!({ "urls": [path], "ticket": issuer }));
        if status == 200 && let Some(signed) = body["urls"][0]["url"].as_str() {
            prop_assert!(opened(signed).is_some(), "{} opens nothing", signed);
            check(user, signed, &[])?;
            let (bare, ticket) = signed.split_once('?').unwrap();
            let signed_path = bare.strip_prefix("https://").unwrap();
            let signed_path = signed_path.split_at(signed_path.find('/').unwrap()).1.to_owned();
            for host in HOSTS {
                for path in others.iter().chain([&path, &signed_path]) {
                    for query in QUERIES {
                        check(user, &with_query(host, path, &[ticket, query]), &[])?;
                    }
                }
            }
        }
    }

    #[test]
    fn no_cookie_opens_what_its_caller_could_not_read(
        user in user(),
        issuer in select(vec!["cloudfront", "cloudfront", "edgeauth", "session", "session-es"]),
        folder in folder(),
        others in prop::collection::vec(path(), 24),
    ) {
        let all = issuer.starts_with("session");
        let resource = if all { "/*".to_owned() } else { format!("{folder}/*").replace("//*", "/*") };
        let order = json!({ "cookies": resource, "ticket": issuer });
        let authorization = bearer(user);
        let headers = [("authorization", authorization.as_str())];
        let answer = ask(NOW, "POST", &headers, order.to_string().as_bytes());
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        if answer.status == 200 {
            let set = answer.headers.iter().filter(|(name, _)| *name == "set-cookie");
            let mut pairs: Vec<String> =
                set.map(|(_, value)| value.split(';').next().unwrap().to_owned()).collect();
            for cookie in body["cookies"].as_array().unwrap() {
                if let Some(value) = cookie["value"].as_str() {
                    pairs.push(format!("{}={value}", cookie["name"].as_str().unwrap()));
                }
            }
            let cookies = pairs.join("; ");
            let below = resource.trim_end_matches('*');
            let inside = ["a", "b/c", "%2A", "~", "vault/a", "board/a", "bob/a", "users/bob/a"].map(|rest| format!("{below}{rest}"));
            for host in HOSTS {
                for path in others.iter().chain(&inside) {
                    for query in QUERIES {
                        check(user, &with_query(host, path, &[query]), &[("cookie", &cookies)])?;
                    }
                }
            }
        }
    }

    #[test]
    fn no_order_panics(body in "\\PC*", url in "\\PC{0,40}", issuer in issuer()) {
        let authorization = bearer("alice");
        let headers = [("authorization", authorization.as_str())];
        prop_assert!(ask(NOW, "POST", &headers, body.as_bytes()).status < 500);
        let order = json!({ "urls": [url], "ticket": issuer }).to_string();
        prop_assert!(ask(NOW, "POST", &headers, order.as_bytes()).status < 500);
        let order = json!({ "cookies": url, "ticket": issuer }).to_string();
        prop_assert!(ask(NOW, "POST", &headers, order.as_bytes()).status < 500);
    }
}
