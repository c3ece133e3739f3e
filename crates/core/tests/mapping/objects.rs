//! Which path of which host leads to which object.

use crate::*;

type Expected = Result<[&'static str; 3], &'static str>;

fn check(given: &Value, cases: &[(&str, &str, Expected)]) {
    let routes = routes(given);
    for (host, path, expected) in cases {
        let found = place(&routes, host, path);
        let found = found.as_ref().map(|[route, bucket, key]| [&**route, &**bucket, &**key]);
        assert_eq!(found.map_err(|reason| *reason), *expected, "{host}{path}");
    }
}

#[test]
fn a_route_serves_all_of_its_hosts() {
    let given = json!({
        "both": {
            "host": ["media.example", "cdn.example:8080"],
            "path": "/", "store": "paths", "bucket": "both"
        },
        "any": { "path": "/a/", "store": "paths", "bucket": "any" }
    });
    check(
        &given,
        &[
            ("media.example", "/a/x", Ok(["both", "both", "a/x"])),
            ("MEDIA.example.:443", "/x", Ok(["both", "both", "x"])),
            ("cdn.example:8080", "/x", Ok(["both", "both", "x"])),
            ("cdn.example", "/a/x", Ok(["any", "any", "x"])),
            ("cdn.example", "/x", Err("no_route")),
        ],
    );
}

#[test]
fn a_star_names_the_tenant() {
    let given = json!({
        "tenants": {
            "host": "*.media.example",
            "path": "/", "store": "paths", "bucket": "media-{host}", "location": "{host}/files/"
        },
        "house": { "host": "www.media.example", "path": "/", "store": "paths", "bucket": "house" }
    });
    check(
        &given,
        &[
            ("acme.media.example", "/x", Ok(["tenants", "media-acme", "acme/files/x"])),
            ("ACME.Media.Example:443", "/x", Ok(["tenants", "media-acme", "acme/files/x"])),
            ("www.media.example", "/x", Ok(["house", "house", "x"])),
            ("a.b.media.example", "/x", Err("no_route")),
            ("media.example", "/x", Err("no_route")),
            (".media.example", "/x", Err("no_route")),
            ("a_b.media.example", "/x", Err("malformed_bucket")),
            ("a-.media.example", "/x", Err("malformed_bucket")),
            ("acme/../evil.media.example", "/x", Err("no_route")),
        ],
    );
}

#[test]
fn a_path_names_tenant_or_container() {
    let given = json!({
        "tenants": {
            "path": "/t/{tenant}/", "store": "hosts",
            "bucket": "media-{tenant}", "location": "site/{tenant}/"
        },
        "swift": {
            "path": "/v1/{account}/{container}/", "store": "paths",
            "bucket": "{container}", "location": "{account}/"
        },
        "shared": { "path": "/t/shared/", "store": "paths", "bucket": "shared" }
    });
    check(
        &given,
        &[
            ("h", "/t/acme/a/b.jpg", Ok(["tenants", "media-acme", "site/acme/a/b.jpg"])),
            ("h", "/t/acme//b.jpg", Ok(["tenants", "media-acme", "site/acme//b.jpg"])),
            ("h", "/t/%61cme/%C3%A9", Ok(["tenants", "media-acme", "site/acme/é"])),
            ("h", "/t/shared/a", Ok(["shared", "shared", "a"])),
            ("h", "/t/%73hared/a", Ok(["shared", "shared", "a"])),
            ("h", "/t/acme", Err("no_route")),
            ("h", "/t/acme/", Err("malformed_key")),
            ("h", "/t//a", Err("no_route")),
            ("h", "/t/../a", Err("no_route")),
            ("h", "/t/%2e%2E/a", Err("no_route")),
            ("h", "/t/./a", Err("no_route")),
            ("h", "/t/acme/../a", Err("malformed_key")),
            ("h", "/t/acme/a/%2e%2e/%2e%2e/%2e%2e/b", Err("malformed_key")),
            ("h", "/t/a%2Fb/c", Err("malformed_key")),
            ("h", "/t/acme%00/a", Err("malformed_bucket")),
            ("h", "/t/Acme/a", Err("malformed_bucket")),
            ("h", "/t/a..b/a", Err("malformed_bucket")),
            ("h", "/t/{tenant}/a", Err("malformed_bucket")),
            // The certificate of virtual-hosted addressing covers one label.
            ("h", "/t/a.b/a", Err("dotted_bucket")),
            ("h", "/v1/shop/my.box/a/b", Ok(["swift", "my.box", "shop/a/b"])),
            ("h", "/v1/shop/box/shop/a", Ok(["swift", "box", "shop/shop/a"])),
            ("h", "/v1/{account}/box/a", Ok(["swift", "box", "{account}/a"])),
            ("h", "/v1/shop/b/a", Err("malformed_bucket")),
            ("h", "/v1/a%0Ab/box/a", Err("malformed_key")),
            ("h", "/v1/shop/box/", Err("malformed_key")),
            ("h", "/v1/shop/box", Err("no_route")),
        ],
    );
}

#[test]
fn a_folder_is_its_default_document() {
    let given = json!({
        "site": {
            "path": "/site/", "store": "paths", "bucket": "bucket", "location": "www/",
            "index": "index.html"
        },
        "plain": { "path": "/plain/", "store": "paths", "bucket": "bucket", "location": "www/" }
    });
    check(
        &given,
        &[
            ("h", "/site/", Ok(["site", "bucket", "www/index.html"])),
            ("h", "/site/guide/", Ok(["site", "bucket", "www/guide/index.html"])),
            ("h", "/site//", Ok(["site", "bucket", "www//index.html"])),
            // Without its slash a folder is a file; nothing is redirected.
            ("h", "/site/guide", Ok(["site", "bucket", "www/guide"])),
            ("h", "/site", Err("no_route")),
            ("h", "/site/../", Err("malformed_key")),
            ("h", "/plain/guide/", Ok(["plain", "bucket", "www/guide/"])),
            // The location alone is a key that nobody asked for.
            ("h", "/plain/", Err("malformed_key")),
        ],
    );
}

#[test]
fn a_key_counts_with_its_location() {
    let given = json!({
        "media": { "path": "/m/", "store": "paths", "bucket": "bucket", "location": "site/" }
    });
    let fits = format!("/m/{}", "a".repeat(1019));
    assert!(place(&routes(&given), "h", &fits).is_ok());
    assert_eq!(place(&routes(&given), "h", &format!("{fits}a")), Err("malformed_key"));
}

#[test]
fn access_rules_are_about_whole_keys() {
    let given = json!({
        "media": {
            "path": "/m/{tenant}/", "store": "paths", "bucket": "bucket",
            "location": "site/{tenant}/",
            "access": [
                { "keys": "site/acme/public/*", "acl": "public-read" },
                { "keys": "site/{owner}/*", "acl": "private" }
            ]
        }
    });
    let routes = routes(&given);
    for (path, pattern) in [
        ("/m/acme/public/a", "site/acme/public/*"),
        ("/m/acme/a", "site/{owner}/*"),
        ("/m/other/public/a", "site/{owner}/*"),
        ("/m/site/acme/public/a", "site/{owner}/*"),
    ] {
        assert_eq!(routes.place("h", path).unwrap().rule.pattern, Some(pattern), "{path}");
    }
}

#[test]
fn ten_thousand_routes_are_told_apart() {
    let mut given = serde_json::Map::new();
    for n in 0..10_000 {
        let (host, path) = match n % 4 {
            0 => (json!(format!("h{n}.example")), "/media/".to_owned()),
            1 => (json!(["shared.example", "also.example"]), format!("/r/{n}/")),
            2 => (json!(format!("*.h{n}.example")), format!("/r/{n}/")),
            _ => (json!("deep.example"), format!("/r/{}/{}/{n}/", n % 7, n % 11)),
        };
        let route =
            json!({ "host": host, "path": path, "store": "paths", "bucket": format!("b-{n}") });
        given.insert(format!("r{n}"), route);
    }
    let rest = json!({
        "path": "/r/{x}/", "store": "paths", "bucket": "rest", "location": "{x}/"
    });
    given.insert("rest".to_owned(), rest);
    let routes = routes(&Value::Object(given));
    for n in 0..10_000 {
        let (host, path) = match n % 4 {
            0 => (format!("h{n}.example"), "/media/".to_owned()),
            1 => ("also.example".to_owned(), format!("/r/{n}/")),
            2 => (format!("x.h{n}.example"), format!("/r/{n}/")),
            _ => ("deep.example".to_owned(), format!("/r/{}/{}/{n}/", n % 7, n % 11)),
        };
        let found = place(&routes, &host, &format!("{path}a/b"));
        assert_eq!(
            found,
            Ok([format!("r{n}"), format!("b-{n}"), "a/b".to_owned()]),
            "{host}{path}"
        );
    }
    let found = place(&routes, "shared.example", "/r/10001/a");
    assert_eq!(found, Ok(["rest".to_owned(), "rest".to_owned(), "10001/a".to_owned()]));
    assert_eq!(place(&routes, "shared.example", "/media/a"), Err("no_route"));
}
