//! Broken routes: each gives one error that names its place and says what would be right.

use crate::*;

fn error(route: &Value) -> String {
    let mut fields = json!({ "path": "/m/", "store": "paths", "bucket": "bucket" });
    for (name, value) in route.as_object().unwrap() {
        fields.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    let first = json!({
        "host": ["a.example", "*.b.example"], "path": "/t/{tenant}/", "store": "paths",
        "bucket": "{tenant}"
    });
    let policy = document(&json!({ "first": first, "media": fields }));
    Policy::parse(&policy.to_string()).unwrap_err().to_string()
}

#[test]
fn each_error_names_its_place() {
    let not_a_host = "must be a host in lower case, such as `media.example.com`, or the hosts one \
                      label below it, `*.media.example.com`";
    for (route, place, problem) in [
        (
            json!({ "host": [] }),
            "host",
            "must name at least one host; without `host` the route is for any",
        ),
        (json!({ "host": 7 }), "host", "must be an array, not a number"),
        (json!({ "host": ["a.example", ""] }), "host.1", "must not be empty"),
        (json!({ "host": ["a.example", "B.example"] }), "host.1", not_a_host),
        (json!({ "host": "a.*.example" }), "host", not_a_host),
        (json!({ "host": "*" }), "host", not_a_host),
        (json!({ "host": "a.example:443" }), "host", not_a_host),
        (json!({ "host": ["a.example", "a.example"] }), "host.1", "names `a.example` twice"),
        (
            json!({ "path": "/t-{tenant}/", "bucket": "{tenant}" }),
            "path",
            "may have braces around a whole segment only, as in `/t/{tenant}/`; found `t-{tenant}`",
        ),
        (
            json!({ "path": "/{Tenant}/" }),
            "path",
            "has a placeholder `{Tenant}`; names are made of `a`-`z`, `0`-`9` and `_`, beginning \
             with a letter",
        ),
        (json!({ "path": "/{a}/{a}/" }), "path", "has the placeholder `{a}` twice"),
        (
            json!({ "path": "/{host}/" }),
            "path",
            "must not have a placeholder `{host}`, which is what the star of `host` stands for",
        ),
        (
            json!({ "path": "/{a}/{b}/", "location": "{a}/" }),
            "path",
            "has a placeholder `{b}` that neither `bucket` nor `location` holds: paths that differ \
             in it would be one object",
        ),
        (json!({ "bucket": "{tenant" }), "bucket", "has a `{` without a `}`"),
        (json!({ "bucket": "tenant}" }), "bucket", "has a `}` without a `{`"),
        (
            json!({ "bucket": "media-{tenant}" }),
            "bucket",
            "has a placeholder `{tenant}` that `path` does not have",
        ),
        (
            json!({ "path": "/{a}/{b}/", "bucket": "{a}-{b}" }),
            "bucket",
            "may have one placeholder between slashes only, or paths that differ could be one \
             object",
        ),
        (
            json!({ "path": "/{a}/", "bucket": "Media_{a}" }),
            "bucket",
            "must be a bucket's name: 3 to 63 of `a`-`z`, `0`-`9`, `.` and `-`, beginning and \
             ending with a letter or digit",
        ),
        (
            json!({ "path": "/{a}/", "store": "hosts", "bucket": "{a}.media" }),
            "bucket",
            "has a dot, which virtual-hosted addressing cannot carry over HTTPS; set `addressing` \
             of the store to `path`",
        ),
        (
            json!({ "host": ["*.a.example", "b.example"], "location": "{host}/" }),
            "location",
            "has `{host}`, so every `host` of the route must begin with a star, as in \
             `*.media.example.com`",
        ),
        (
            json!({ "location": "site" }),
            "location",
            "must end with `/`, as in `site/`, and not begin with `/` or hold `//`",
        ),
        (
            json!({ "location": "/site/" }),
            "location",
            "must end with `/`, as in `site/`, and not begin with `/` or hold `//`",
        ),
        (
            json!({ "location": "a/../b/" }),
            "location",
            "must be what keys can begin with: the key has a segment `.` or `..`, which URLs \
             cannot carry",
        ),
        (
            json!({ "index": "a/index.html" }),
            "index",
            "must be the name of a file, such as `index.html`",
        ),
        (json!({ "index": ".." }), "index", "must be the name of a file, such as `index.html`"),
        (json!({ "hide": "always" }), "hide", "must be `not-found` or `forbidden`, not `always`"),
        (
            json!({
                "location": "site/",
                "access": [
                    { "keys": "site/{owner}/*", "acl": "private" },
                    { "keys": "public/*", "acl": "public-read" }
                ]
            }),
            "access.1.keys",
            "fits no key of the route: they begin with its location, `site/`",
        ),
        (
            json!({ "location": "site/", "access": [{ "keys": "site", "acl": "private" }] }),
            "access.0.keys",
            "fits no key of the route: they begin with its location, `site/`",
        ),
    ] {
        let expected = format!("policy: at `routes.media.{place}`: {problem}");
        assert_eq!(error(&route), expected, "{route}");
    }
}

#[test]
fn two_routes_that_could_be_the_same_are_an_error() {
    let clash = "policy: at `routes.media`: has the same host and path as route `first`";
    for host in ["a.example", "*.b.example"] {
        let route = json!({
            "host": ["c.example", host], "path": "/t/{account}/", "bucket": "{account}"
        });
        assert_eq!(error(&route), clash);
    }
}

#[test]
fn patterns_that_can_fit_below_a_location_are_taken() {
    for (location, pattern) in [
        ("site/", "*"),
        ("site/", "site/*"),
        ("site/", "{owner}/*"),
        ("site/", "site/logo.svg"),
        ("site/{tenant}/", "site/*"),
        ("site/{tenant}/", "site/acme/*"),
        ("site/{tenant}/", "site/{owner}/*"),
    ] {
        let media = json!({
            "path": "/{tenant}/", "store": "paths", "bucket": "m-{tenant}", "location": location,
            "access": [{ "keys": pattern, "acl": "private" }]
        });
        let policy = Policy::parse(&document(&json!({ "media": media })).to_string());
        assert!(policy.is_ok(), "{location} {pattern}: {policy:?}");
    }
}
