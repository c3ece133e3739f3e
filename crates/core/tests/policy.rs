//! Broken policies: each gives one error that names its place and says what would be right.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use cloakroom_core::desk::Desk;
use cloakroom_core::gate::Gate;
use cloakroom_core::policy::Policy;
use serde_json::{Value, json};

fn sound() -> Value {
    json!({
        "version": 1,
        "stores": {
            "main": {
                "kind": "s3",
                "endpoint": "https://s3.us-east-1.amazonaws.com",
                "region": "us-east-1",
                "credentials": {
                    "access_key_id": "STORE_ID",
                    "secret_access_key": "STORE_SECRET",
                    "session_token": "STORE_TOKEN"
                }
            }
        },
        "keys": {
            "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" },
            "AKALICE": { "dialect": "sigv4", "secret": "ALICE_SECRET", "principal": { "user": "alice" } },
            "users": {
                "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET",
                "issuer": "https://app.example", "audience": "media", "principal": { "claim": "sub" }
            }
        },
        "routes": {
            "media": {
                "path": "/media/", "store": "main", "bucket": "media-example",
                "access": [
                    { "keys": "public/*", "acl": "public-read" },
                    { "keys": "users/{owner}/*", "acl": "private" }
                ],
                "cors": { "allow_origins": ["https://app.example"] }
            }
        },
        "uploads": {
            "photos": {
                "route": "media", "key": "users/{principal}/{random}/{filename}",
                "content_types": ["image/*"], "size": { "min": 1, "max": 1000 }, "expires_in": 300,
                "read": { "url": "https://media.example", "key": "AKAPP", "expires_in": 3600 },
                "seal_secret": "SEAL_SECRET"
            }
        }
    })
}

fn secret(name: &str) -> Option<String> {
    match name {
        "STORE_TOKEN" => None,
        name => Some(format!("the value of {name}, long enough for HS256")),
    }
}

#[test]
fn the_sound_one_is_sound() {
    let policy = Policy::parse(&sound().to_string()).unwrap();
    Gate::new(policy.read_side(), &secret).unwrap();
    Desk::new(&policy, &secret).unwrap();
    assert_eq!(policy.secret_names().len(), 7);
}

/// Replaces the value at a JSON pointer, or removes it, and expects this error.
fn check(pointer: &str, value: Option<Value>, expected: &str) {
    let mut policy = sound();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(fields), Some(value)) => {
            fields.insert(name.to_owned(), value);
        }
        (Value::Object(fields), None) => {
            fields.remove(name).unwrap();
        }
        (Value::Array(items), Some(value)) => items.push(value),
        (parent, value) => panic!("{parent} {value:?}"),
    }
    let error = Policy::parse(&policy.to_string()).unwrap_err();
    assert_eq!(error.to_string(), expected, "{pointer}");
}

#[test]
fn each_error_names_its_place() {
    for (pointer, value, expected) in [
        ("/version", Some(json!(2)), "policy: at `version`: must be 1"),
        ("/version", None, "policy: needs a field `version`"),
        ("/stores", None, "policy: needs a field `stores`"),
        ("/routes", None, "policy: needs a field `routes`"),
        ("/routes", Some(json!({})), "policy: at `routes`: must have at least one route"),
        ("/stores", Some(json!([])), "policy: at `stores`: must be an object, not an array"),
        (
            "/storage",
            Some(json!({})),
            "policy: has no field `storage`; its fields are `version`, `stores`, `keys`, `routes`, \
             `uploads`, `signed_urls` or `health`",
        ),
        (
            "/stores/main/kind",
            Some(json!("ftp")),
            "policy: at `stores.main.kind`: must be `s3`, `swift` or `r2`, not `ftp`",
        ),
        (
            "/stores/main/endpoint",
            Some(json!("s3.amazonaws.com")),
            "policy: at `stores.main.endpoint`: `s3.amazonaws.com` does not begin with `https://` \
             or `http://`; an endpoint looks like `https://s3.us-east-1.amazonaws.com`",
        ),
        (
            "/stores/main/endpoint",
            Some(json!("https://s3.amazonaws.com/bucket")),
            "policy: at `stores.main.endpoint`: `https://s3.amazonaws.com/bucket` has something \
             behind the host; an endpoint looks like `https://s3.us-east-1.amazonaws.com`",
        ),
        (
            "/stores/main/endpoint",
            Some(json!("https://AKIA:wJalrXUtnFEMI@s3.example")),
            "policy: at `stores.main.endpoint`: the text carries a user name; an endpoint looks like \
             `https://s3.us-east-1.amazonaws.com`",
        ),
        (
            "/stores/main/endpoint",
            Some(json!("http://127.0.0.1:9000")),
            "policy: at `stores.main`: has an address as its endpoint, which has no buckets below \
             it; set `addressing` to `path`",
        ),
        (
            "/routes/media/host",
            Some(json!("archive.example")),
            "policy: at `uploads.photos.read.url`: must be at `archive.example`, the host that the \
             rule's route is for",
        ),
        (
            "/routes/media/access/-",
            Some(json!({ "keys": "/private/*", "acl": "private" })),
            "policy: at `routes.media.access.2.keys`: must not begin with `/` or have a segment \
             `.` or `..`: patterns begin where keys do",
        ),
        (
            "/uploads/photos/expires_in",
            Some(json!(3601)),
            "policy: at `uploads.photos.expires_in`: must be at most 3600 seconds where the store's \
             credentials have a `session_token`: a URL dies with the credentials that signed it",
        ),
        (
            "/stores/main/region",
            Some(json!("US East")),
            "policy: at `stores.main.region`: must be a region such as `us-east-1`",
        ),
        (
            "/stores/main/region",
            Some(json!("")),
            "policy: at `stores.main.region`: must not be empty",
        ),
        (
            "/stores/main/addressing",
            Some(json!("dns")),
            "policy: at `stores.main.addressing`: must be `path` or `virtual-hosted`, not `dns`",
        ),
        (
            "/stores/main/credentials/secret_access_key",
            Some(json!("wJalrXUtnFEMI/K7MDENG")),
            "policy: at `stores.main.credentials.secret_access_key`: must be the name of a secret, \
             such as `EDGE_SECRET_ACCESS_KEY`; the secret itself never stands in a policy",
        ),
        (
            "/stores/main/credentials/access_key_id",
            None,
            "policy: at `stores.main.credentials`: needs a field `access_key_id`",
        ),
        (
            "/keys/AKAPP/dialect",
            Some(json!("sigv2")),
            "policy: at `keys.AKAPP.dialect`: must be `sigv4`, `tempurl`, `cloudfront`, `edgeauth`, `jwt` or `swift`, not `sigv2`",
        ),
        (
            "/keys/AKAPP/principal",
            Some(json!("admin")),
            "policy: at `keys.AKAPP.principal`: must be `every-owner`, not `admin`",
        ),
        (
            "/keys/AKAPP/principal",
            Some(json!({ "claim": "sub" })),
            "policy: at `keys.AKAPP.principal`: has no field `claim`; its fields are `user`",
        ),
        (
            "/keys/AKAPP/algorithm",
            Some(json!("HS256")),
            "policy: at `keys.AKAPP`: has no field `algorithm`; its fields are `dialect`, `secret`, \
             `principal`, `session_token` or `region`",
        ),
        (
            "/keys/AKAPP/region",
            Some(json!([])),
            "policy: at `keys.AKAPP.region`: needs at least one region",
        ),
        (
            "/keys/AKAPP/region",
            Some(json!(["auto", 7])),
            "policy: at `keys.AKAPP.region.1`: must be a string, not a number",
        ),
        (
            "/keys/AKAPP/region",
            Some(json!(true)),
            "policy: at `keys.AKAPP.region`: must be an array, not a boolean",
        ),
        (
            "/keys/users/algorithm",
            Some(json!("none")),
            "policy: at `keys.users.algorithm`: must be `HS256`, `RS256`, `ES256` or `EdDSA`, not `none`",
        ),
        (
            "/keys/users/principal",
            Some(json!({})),
            "policy: at `keys.users.principal`: must be `\"every-owner\"` or an object with one of \
             `user` or `claim`",
        ),
        (
            "/keys/users/issuer",
            Some(json!(7)),
            "policy: at `keys.users.issuer`: must be a string, not a number",
        ),
        (
            "/routes/media/path",
            Some(json!("media")),
            "policy: at `routes.media.path`: must begin and end with `/`, as in `/media/`; found \
             `media`",
        ),
        (
            "/routes/media/path",
            Some(json!("/a%20b/")),
            "policy: at `routes.media.path`: must be made of letters, digits, `-`, `.`, `_`, `~` \
             and single `/`, so that it needs no escapes",
        ),
        (
            "/routes/media/host",
            Some(json!("Media.example")),
            "policy: at `routes.media.host`: must be a host in lower case, such as \
             `media.example.com`, or the hosts one label below it, `*.media.example.com`",
        ),
        (
            "/routes/media/store",
            Some(json!("other")),
            "policy: at `routes.media.store`: must be the name of a store: `main`",
        ),
        (
            "/routes/media/bucket",
            Some(json!("My_Photos")),
            "policy: at `routes.media.bucket`: must be a bucket's name: 3 to 63 of `a`-`z`, \
             `0`-`9`, `.` and `-`, beginning and ending with a letter or digit",
        ),
        (
            "/routes/media/bucket",
            Some(json!("my.photos")),
            "policy: at `routes.media.bucket`: has a dot, which virtual-hosted addressing cannot \
             carry over HTTPS; set `addressing` of the store to `path`",
        ),
        (
            "/routes/second",
            Some(json!({ "path": "/media/", "store": "main", "bucket": "other" })),
            "policy: at `routes.second`: has the same host and path as route `media`",
        ),
        (
            "/routes/media/access/-",
            Some(json!({ "keys": "public/*", "acl": "private" })),
            "policy: at `routes.media.access.2.keys`: is the same pattern as that of an earlier \
             rule",
        ),
        (
            "/routes/media/access/-",
            Some(json!({ "keys": "a*", "acl": "private" })),
            "policy: at `routes.media.access.2.keys`: may have `*` as its last segment only, as in \
             `public/*`",
        ),
        (
            "/routes/media/access/-",
            Some(json!({ "keys": "a/*", "acl": "public" })),
            "policy: at `routes.media.access.2.acl`: must be `private`, `public-read`, \
             `public-read-write`, `authenticated-read`, `bucket-owner-read` or \
             `bucket-owner-full-control`, not `public`",
        ),
        (
            "/routes/media/cors/allow_origins/-",
            Some(json!("https://app.example/")),
            "policy: at `routes.media.cors.allow_origins.1`: must be an origin as browsers send \
             it, such as `https://app.example` (no path, no slash at the end, no default port), or \
             `*`",
        ),
        (
            "/routes/media/cors/allow_headers",
            Some(json!(["x-app", "X-App"])),
            "policy: at `routes.media.cors.allow_headers.1`: must be the name of a header in lower \
             case, such as `x-app-version`",
        ),
        (
            "/routes/media/cors/expose_headers",
            Some(json!(["*"])),
            "policy: at `routes.media.cors.expose_headers.0`: must be the name of a header in \
             lower case, such as `x-app-version`",
        ),
        (
            "/routes/media/cors/expose_headers",
            Some(json!(["server-timing", "server-timing"])),
            "policy: at `routes.media.cors.expose_headers.1`: names `server-timing` twice",
        ),
        (
            "/routes/media/cors/max_age",
            Some(json!(86_401)),
            "policy: at `routes.media.cors.max_age`: must be a whole number of seconds from 0 to \
             86400",
        ),
        (
            "/routes/media/cors",
            Some(json!({ "allow_origins": ["*"], "allow_credentials": true })),
            "policy: at `routes.media.cors.allow_credentials`: must not stand beside the origin \
             `*`: any site could read what its visitors may read; name the origins",
        ),
        (
            "/routes/media/cors/allow_credentials",
            Some(json!("yes")),
            "policy: at `routes.media.cors.allow_credentials`: must be `true` or `false`, not a \
             string",
        ),
        (
            "/routes/media/disposition",
            Some(json!("download")),
            "policy: at `routes.media.disposition`: must be `inline` or `attachment`, not \
             `download`",
        ),
        (
            "/routes/media/deliver",
            Some(json!("proxy")),
            "policy: at `routes.media.deliver`: must be `stream` or `redirect`, not `proxy`",
        ),
        (
            "/routes/media/cookie",
            Some(json!({ "name": "media" })),
            "policy: at `routes.media.cookie`: needs a field `secret`",
        ),
        (
            "/routes/media/cookie",
            Some(json!({ "secret": "S", "name": "Media" })),
            "policy: at `routes.media.cookie.name`: must be made of `a`-`z`, `0`-`9`, `_` and \
             `-`, as in `session`",
        ),
        (
            "/routes/media/cookie",
            Some(json!({ "secret": "S", "scope": "route" })),
            "policy: at `routes.media.cookie.scope`: must be `ticket` or `folder`, not `route`",
        ),
        (
            "/uploads/photos/cors",
            Some(json!({ "allow_origins": [], "max_age": 1 })),
            "policy: at `uploads.photos.cors`: has no field `max_age`; its fields are \
             `allow_origins`",
        ),
        (
            "/uploads/photos/route",
            Some(json!("photos")),
            "policy: at `uploads.photos.route`: must be the name of a route: `media`",
        ),
        (
            "/uploads/photos/key",
            Some(json!("users/{user}/{random}")),
            "policy: at `uploads.photos.key`: has a placeholder `{user}`; there are `{principal}`, \
             `{date}`, `{random}`, `{filename}`, `{safe_filename}`",
        ),
        (
            "/uploads/photos/key",
            Some(json!("users/{principal}/{filename}")),
            "policy: at `uploads.photos.key`: must hold `{random}`, or two files of one name would \
             get one key",
        ),
        (
            "/uploads/photos/content_types",
            Some(json!([])),
            "policy: at `uploads.photos.content_types`: must name at least one type; `*/*` allows \
             all",
        ),
        (
            "/uploads/photos/content_types/-",
            Some(json!("*/png")),
            "policy: at `uploads.photos.content_types.1`: must be a type such as `image/png`, \
             `image/*` or `*/*`",
        ),
        (
            "/uploads/photos/size",
            Some(json!({ "min": 2, "max": 1 })),
            "policy: at `uploads.photos.size`: has a `min` of 2 above its `max` of 1",
        ),
        (
            "/uploads/photos/size/max",
            Some(json!(5_368_709_121_u64)),
            "policy: at `uploads.photos.size.max`: must be a whole number of bytes from 0 to \
             5368709120",
        ),
        (
            "/uploads/photos/size/max",
            Some(json!(-1)),
            "policy: at `uploads.photos.size.max`: must be a whole number of bytes from 0 to \
             5368709120",
        ),
        (
            "/uploads/photos/expires_in",
            Some(json!(604_801)),
            "policy: at `uploads.photos.expires_in`: must be a whole number of seconds from 1 to \
             604800",
        ),
        (
            "/uploads/photos/read/key",
            Some(json!("AKBOB")),
            "policy: at `uploads.photos.read.key`: must be the id of a key: `AKALICE`, `AKAPP` or \
             `users`",
        ),
        (
            "/uploads/photos/read/key",
            Some(json!("users")),
            "policy: at `uploads.photos.read.key`: must be the id of a key of dialect `sigv4`",
        ),
        (
            "/uploads/photos/read/key",
            Some(json!("AKALICE")),
            "policy: at `uploads.photos.read.key`: must be the id of a key whose principal is \
             `every-owner`, or its links could not open what was uploaded",
        ),
        (
            "/uploads/photos/seal_secret",
            None,
            "policy: at `uploads.photos`: needs a field `seal_secret`",
        ),
    ] {
        check(pointer, value, expected);
    }
}

#[test]
fn what_is_not_json_names_line_and_column() {
    for (text, expected) in [
        ("", "policy: is not JSON: EOF while parsing a value at line 1 column 0"),
        ("{\n  \"version\": 1,\n}", "policy: is not JSON: trailing comma at line 3 column 1"),
        (
            "{\"version\": 1,\n \"version\": 1}",
            "policy: is not JSON: `version` is given twice at line 2 column 10",
        ),
        ("{} x", "policy: is not JSON: trailing characters at line 1 column 4"),
        ("[]", "policy: must be an object, not an array"),
    ] {
        assert_eq!(Policy::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn a_missing_secret_is_named_with_its_place() {
    let policy = Policy::parse(&sound().to_string()).unwrap();
    for (missing, place) in [
        ("STORE_ID", "stores.main.credentials.access_key_id"),
        ("STORE_SECRET", "stores.main.credentials.secret_access_key"),
        ("APP_SECRET", "keys.AKAPP.secret"),
        ("JWT_SECRET", "keys.users.secret"),
    ] {
        let gate = Gate::new(policy.read_side(), &|name| secret(name).filter(|_| name != missing));
        let expected = format!("policy: at `{place}`: secret `{missing}` is not set");
        assert_eq!(gate.unwrap_err().to_string(), expected);
        let gate = Gate::new(policy.read_side(), &|name| {
            if name == missing { Some(String::new()) } else { secret(name) }
        });
        let expected = format!("policy: at `{place}`: secret `{missing}` is empty");
        assert_eq!(gate.unwrap_err().to_string(), expected);
    }
    // The edge does without what only uploads need.
    let without_seal = |name: &str| secret(name).filter(|_| name != "SEAL_SECRET");
    assert!(Gate::new(policy.read_side(), &without_seal).is_ok());
    assert_eq!(
        Desk::new(&policy, &without_seal).unwrap_err().to_string(),
        "policy: at `uploads.photos.seal_secret`: secret `SEAL_SECRET` is not set"
    );
    for (name, place) in [
        ("APP_SECRET", "keys.AKAPP.secret"),
        ("JWT_SECRET", "keys.users.secret"),
        ("SEAL_SECRET", "uploads.photos.seal_secret"),
    ] {
        let short = |asked: &str| if asked == name { Some("short".into()) } else { secret(asked) };
        let problem = format!("secret `{name}` is too short: at least 32 bytes are needed");
        assert_eq!(
            Desk::new(&policy, &short).unwrap_err().to_string(),
            format!("policy: at `{place}`: {problem}")
        );
    }
}

#[test]
fn no_error_repeats_a_secret() {
    let policy = Policy::parse(&sound().to_string()).unwrap();
    let debug = format!("{:?}", Gate::new(policy.read_side(), &secret).unwrap());
    assert!(debug.contains("Secret(…)"));
    // An access key id is public; nothing else that was looked up may show.
    let debug = debug.replace("the value of STORE_ID", "");
    assert!(!debug.contains("the value of"), "{debug}");
}

#[test]
fn an_access_rule_is_one_acl_and_a_sound_one() {
    let grant = |to: Value| json!([{ "to": to, "permission": "READ" }]);
    for (rule, place, expected) in [
        (json!({}), "", "needs one of `acl`, `grants` and `swift`"),
        (
            json!({ "acl": "private", "grants": grant(json!("owner")) }),
            "",
            "has more than one of `acl`, `grants` and `swift`; they do not add up, so give one (a \
             canned ACL can be written as grants)",
        ),
        (
            json!({ "grants": [] }),
            ".grants",
            "must hold at least one grant; `\"acl\": \"private\"` is for the owner",
        ),
        (
            json!({ "grants": grant(json!("everyone")) }),
            ".grants.0.to",
            "must be `all-users`, `authenticated-users`, `owner` or `bucket-owner`, not `everyone`",
        ),
        (
            json!({ "grants": grant(json!({ "group": "staff" })) }),
            ".grants.0.to",
            "has no field `group`; its fields are `user`",
        ),
        (
            json!({ "grants": [{ "to": "owner", "permission": "LIST" }] }),
            ".grants.0.permission",
            "must be `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`, not `LIST`",
        ),
        (
            json!({ "acl": "private", "list": "all-users" }),
            ".list",
            "must be an array, not a string",
        ),
        (
            json!({ "swift": { "read": ".r:*" }, "list": ["all-users"] }),
            ".list",
            "does not go together with `swift`: there `.rlistings` opens listings to referrers, \
             and a group in `read` opens them to its users",
        ),
        (
            json!({ "swift": {} }),
            ".swift",
            "needs `read`, `write` or both; `\"acl\": \"private\"` lets nobody in",
        ),
        (
            json!({ "swift": { "read": ".r:*,.rx:a" } }),
            ".swift.read",
            "has `.rx:a`, whose designator is unknown; referrers are written `.r:www.example.com`",
        ),
        (
            json!({ "swift": { "read": ".r:-" } }),
            ".swift.read",
            "has `.r:-` without a host; write `.r:*`, `.r:www.example.com` or `.r:.example.com`",
        ),
        (
            json!({ "swift": { "write": "acme,.r:*" } }),
            ".swift.write",
            "has `.r:*`; referrers may read only, so name an account or `account:user`",
        ),
        (
            json!({ "swift": { "write": ".rlistings" } }),
            ".swift.write",
            "has `.rlistings`, which belongs in `read`",
        ),
        (
            json!({ "swift": { "read": ".rlisting" } }),
            ".swift.read",
            "has `.rlisting`, which is no group; what begins with a dot is `.r:` or `.rlistings`",
        ),
        (
            json!({ "swift": { "read": "*:*" } }),
            ".swift.read",
            "has `*:*`, but groups have no wildcards: `acme` means every user of that account",
        ),
        (
            json!({ "swift": { "read": ".r:*,.r:-.Thief.example" } }),
            ".swift.read",
            "has `.r:-.Thief.example`, which no page fits: a host is written in lower case, \
             without scheme, port and path",
        ),
        (
            json!({ "swift": { "read": ".r:https://www.example.com/" } }),
            ".swift.read",
            "has `.r:https://www.example.com/`, which no page fits: a host is written in lower \
             case, without scheme, port and path",
        ),
        (
            json!({ "swift": { "read": ".r:*,.r:-*" } }),
            ".swift.read",
            "has `.r:-*`, which keeps nobody out; leave `.r:*` out instead",
        ),
    ] {
        let mut rule = rule;
        rule.as_object_mut().unwrap().insert("keys".to_owned(), json!("a/*"));
        let expected = format!("policy: at `routes.media.access.2{place}`: {expected}");
        check("/routes/media/access/-", Some(rule), &expected);
    }
    check(
        "/routes/media/bucket_owner",
        Some(json!("")),
        "policy: at `routes.media.bucket_owner`: must not be empty",
    );
}

#[test]
fn a_redirect_has_one_place_to_go() {
    let mut policy = sound();
    policy["routes"]["media"]["deliver"] = json!("redirect");
    assert!(Policy::parse(&policy.to_string()).is_ok());
    policy["routes"]["media"]["fallback"] = json!({ "store": "main", "bucket": "other" });
    let error = Policy::parse(&policy.to_string()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "policy: at `routes.media.deliver`: must be `stream` where there is a `fallback`: a viewer \
         who was sent to one store cannot be sent to the other"
    );
}

#[test]
fn a_cookie_has_a_name_of_its_own_and_a_way_back() {
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut policy = sound();
        policy["routes"]["media"]["cookie"] = json!({ "secret": "COOKIE_SECRET" });
        assert!(Policy::parse(&policy.to_string()).is_ok());
        change(&mut policy);
        assert_eq!(Policy::parse(&policy.to_string()).unwrap_err().to_string(), expected);
    };
    check(
        &|policy| policy["keys"]["users"]["cookie"] = json!("cloakroom"),
        "policy: at `routes.media.cookie`: must have another `name` than `cloakroom`, which is the \
         cookie of key `users`",
    );
    check(
        &|policy| policy["routes"]["media"]["deliver"] = json!("redirect"),
        "policy: at `routes.media.cookie`: must not stand beside `deliver: redirect`: what a \
         playlist names is looked for at the store then, where the cookie does not come along",
    );
}

#[test]
fn the_secret_of_a_cookie_is_the_edge_s_own() {
    let mut policy = sound();
    policy["routes"]["media"]["cookie"] = json!({ "secret": "COOKIE_SECRET" });
    let policy = Policy::parse(&policy.to_string()).unwrap();
    let place = "routes.media.cookie.secret".to_owned();
    assert!(policy.secret_names().contains(&("COOKIE_SECRET".to_owned(), place)));
    let without = |name: &str| secret(name).filter(|_| name != "COOKIE_SECRET");
    Desk::new(&policy, &without).unwrap();
    let error = Gate::new(policy.read_side(), &without).unwrap_err();
    assert_eq!(
        error.to_string(),
        "policy: at `routes.media.cookie.secret`: secret `COOKIE_SECRET` is not set"
    );
    let short = |name: &str| if name == "COOKIE_SECRET" { Some("x".into()) } else { secret(name) };
    assert!(Gate::new(policy.read_side(), &short).unwrap_err().to_string().contains("too short"));
}

/// A key for Swift's authentication, with one field changed, expects this error.
#[test]
fn each_error_of_a_swift_key_names_its_place() {
    let sound = json!({
        "dialect": "swift", "secret": "BOB_KEY", "path": "/v1/AUTH_acme/",
        "principal": { "user": "acme:bob" }
    });
    let policy = |id: &str, field: &str, value: Value| {
        let mut policy = self::sound();
        policy["keys"][id] = sound.clone();
        policy["keys"][id][field] = value;
        Policy::parse(&policy.to_string())
    };
    let sound = policy("acme:bob", "dialect", json!("swift")).unwrap();
    assert!(sound.secret_names().iter().any(|(_, place)| place == "keys.acme:bob.secret"));
    Gate::new(sound.read_side(), &secret).unwrap();
    for path in ["/v1/", "/v1/AUTH_acme", "/v1/AUTH_acme/photos/", "/v1/{account}/", "/v2/AUTH_a/"]
    {
        assert_eq!(
            policy("acme:bob", "path", json!(path)).unwrap_err().to_string(),
            format!(
                "policy: at `keys.acme:bob.path`: must be an account's path, as in \
                 `/v1/AUTH_acme/`; found `{path}`"
            )
        );
    }
    for id in ["acme: bob", "acme:été", &"a".repeat(257)] {
        let error = policy(id, "dialect", json!("swift")).unwrap_err();
        assert!(error.problem().starts_with("has a name that no client can send"), "{error}");
    }
    let short = |name: &str| Some(if name == "BOB_KEY" { "short" } else { "x" }.repeat(33));
    assert!(Gate::new(sound.read_side(), &|name| short(name).map(|_| "a".repeat(31))).is_err());
    Gate::new(sound.read_side(), &short).unwrap();
}

/// Keys of each dialect, and an issuer that signs with one of them.
fn with_issuer(change: &[(&str, Value)]) -> Value {
    let public_key = |label: &str| match label {
        "ed25519" => {
            "-----BEGIN PUBLIC KEY-----\n\
             MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
             -----END PUBLIC KEY-----"
        }
        _ => {
            "-----BEGIN PUBLIC KEY-----\n\
             MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n\
             Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxkq1Q47LrmkF5DwS1s0V0JhQ==\n\
             -----END PUBLIC KEY-----"
        }
    };
    let cloudfront = |algorithm: &str, principal: Value| {
        json!({
            "dialect": "cloudfront", "algorithm": algorithm, "principal": principal,
            "public_key": public_key("p256")
        })
    };
    let every = || json!("every-owner");
    let jwt = |more: Value| {
        let mut key = json!({ "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET" });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    let mut policy = sound();
    let keys = json!({
        "KCF": cloudfront("ECDSA-SHA256", every()),
        "KCFSHA1": cloudfront("ECDSA-SHA1", every()),
        "KCFALICE": cloudfront("ECDSA-SHA256", json!({ "user": "alice" })),
        "temp": {
            "dialect": "tempurl", "secret": "TEMPURL", "path": "/media/", "principal": "every-owner"
        },
        "astray": {
            "dialect": "tempurl", "secret": "TEMPURL", "path": "/v1/AUTH_shop/", "principal": "every-owner"
        },
        "swift": {
            "dialect": "swift", "secret": "SWIFT", "path": "/v1/AUTH_shop/", "principal": "every-owner"
        },
        "session": jwt(json!({ "cookie": "session", "principal": { "claim": "sub" } })),
        "issuing": jwt(json!({ "cookie": "issuing", "principal": { "claim": "iss" } })),
        "fixed": jwt(json!({ "cookie": "fixed", "principal": "every-owner" })),
        "session-ed": {
            "dialect": "jwt", "algorithm": "EdDSA", "public_key": public_key("ed25519"),
            "cookie": "session_ed", "principal": { "claim": "sub" }
        }
    });
    policy["keys"].as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    policy["routes"]["media"]["host"] = json!("media.example");
    let mut issuer = json!({ "url": "https://media.example", "key": "AKAPP" });
    for (name, value) in change {
        issuer[name] = value.clone();
    }
    policy["signed_urls"] = json!({ "links": issuer });
    policy
}

#[test]
fn an_issuer_can_sign_what_it_is_for() {
    for change in [
        &[][..],
        &[("expires_in", json!(604_800))],
        &[("max_expires_in", json!(604_200)), ("stable_for", json!(600))],
        &[("key", json!("temp")), ("expires_in", json!(31_622_400))],
        &[("key", json!("KCF")), ("private_key", json!("CF_KEY")), ("cookies", json!({}))],
        &[("key", json!("session")), ("cookies", json!({ "domain": "media.example" }))],
        &[("key", json!("session-ed")), ("private_key", json!("ED_KEY")), ("cookies", json!({}))],
    ] {
        let policy = Policy::parse(&with_issuer(change).to_string()).unwrap();
        assert_eq!(policy.issuers(&secret).unwrap().len(), 1, "{change:?}");
    }
    let change = [("key", json!("KCF")), ("private_key", json!("CF_KEY"))];
    let policy = Policy::parse(&with_issuer(&change).to_string()).unwrap();
    let place = "signed_urls.links.private_key";
    assert!(policy.secret_names().contains(&("CF_KEY".to_owned(), place.to_owned())));
    let without = |name: &str| secret(name).filter(|_| name != "CF_KEY");
    assert_eq!(
        Desk::new(&policy, &without).unwrap_err().to_string(),
        format!("policy: at `{place}`: secret `CF_KEY` is not set")
    );
    // The edge does without what only the function signs with.
    Gate::new(policy.read_side(), &without).unwrap();
}

#[test]
fn a_policy_needs_uploads_or_signed_urls_for_a_desk() {
    let mut policy = with_issuer(&[]);
    policy.as_object_mut().unwrap().remove("uploads");
    Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap();
    policy.as_object_mut().unwrap().remove("signed_urls");
    assert!(Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).is_err());
}

#[test]
fn an_issuer_that_could_sign_nothing_good_is_refused() {
    let every_owner = "must be the id of a key whose principal is `every-owner`, or its tickets \
                       could not open what callers may read";
    let no_cookies = "must be left out: cookies are signed by keys of dialect `cloudfront`, \
                      `edgeauth` and `jwt` alone";
    let seconds = "must be a whole number of seconds from 1 to 604800";
    let cookies = ("cookies", json!({}));
    let key = |id: &str| ("key", json!(id));
    for (change, place, expected) in [
        (
            vec![("url", json!("https://other.example"))],
            ".url",
            "must be at a host that a route is for: `media.example`",
        ),
        (
            vec![("url", json!("https://media.example/media"))],
            ".url",
            "`https://media.example/media` has something behind the host; an endpoint looks like \
             `https://s3.us-east-1.amazonaws.com`",
        ),
        (vec![key("AKALICE")], ".key", every_owner),
        (vec![key("KCFALICE")], ".key", every_owner),
        (
            vec![key("users"), cookies.clone()],
            ".key",
            "must be the id of a key with a `cookie`, where tokens stand",
        ),
        (
            vec![key("fixed"), cookies.clone()],
            ".key",
            "must be the id of a key that acts as the user whom its tokens name: its `principal` \
             must be a claim, as in `{\"claim\": \"sub\"}`",
        ),
        (
            vec![key("issuing"), cookies.clone()],
            ".key",
            "must be the id of a key whose users stand in another claim than `iss`",
        ),
        (
            vec![key("swift")],
            ".key",
            "must be the id of a key of dialect `sigv4`, `tempurl`, `cloudfront`, `edgeauth` or \
             `jwt`: tokens of Swift stand in a header",
        ),
        (
            vec![key("astray")],
            ".key",
            "must be the id of a key for paths that a route of `url` is for; this one is for \
             `/v1/AUTH_shop/`",
        ),
        (
            vec![key("KCFSHA1")],
            ".key",
            "must be the id of a key for `RSA-SHA256` or `ECDSA-SHA256`: users choose what is \
             signed, and SHA-1 has collisions",
        ),
        (
            vec![key("KCF")],
            "",
            "needs a field `private_key`, the name of the secret that holds the key in PEM: the \
             public key alone cannot sign",
        ),
        (
            vec![("private_key", json!("APP_KEY"))],
            ".private_key",
            "must be left out: the key signs with the secret that it names itself",
        ),
        (
            vec![key("session")],
            "",
            "needs a field `cookies`: tokens stand in cookies, and a key of dialect `jwt` signs \
             nothing else",
        ),
        (vec![cookies.clone()], ".cookies", no_cookies),
        (vec![key("temp"), cookies.clone()], ".cookies", no_cookies),
        (
            vec![key("session"), ("cookies", json!({ "domain": "example.org" }))],
            ".cookies.domain",
            "must be the host of `url` or a domain above it, as in `example.com`; found \
             `example.org`",
        ),
        (
            vec![key("session"), ("cookies", json!({ "domain": "example" }))],
            ".cookies.domain",
            "must be the host of `url` or a domain above it, as in `example.com`; found `example`",
        ),
        (vec![("expires_in", json!(0))], ".expires_in", seconds),
        (vec![("expires_in", json!(604_801))], ".expires_in", seconds),
        (
            vec![("max_expires_in", json!(60)), ("expires_in", json!(61))],
            ".max_expires_in",
            "must be at least `expires_in`, which is 61",
        ),
        (
            vec![("max_expires_in", json!(604_201)), ("stable_for", json!(600))],
            ".stable_for",
            "must leave room: with the longest life, which is 604201 s, a ticket would live for \
             more than 604800 s",
        ),
        (
            vec![key("session"), cookies, ("stable_for", json!(600))],
            ".stable_for",
            "must be left out: a token ends with the one that it was asked for with, so it is \
             another one each time",
        ),
        (
            vec![("cors", json!({ "allow_origins": ["*"], "allow_credentials": true }))],
            ".cors.allow_credentials",
            "must not stand beside the origin `*`: any site could read what its visitors may \
             read; name the origins",
        ),
        (
            vec![("bucket", json!(600))],
            "",
            "has no field `bucket`; its fields are `url`, `key`, `private_key`, `expires_in`, \
             `max_expires_in`, `stable_for`, `cookies` or `cors`",
        ),
    ] {
        let error = Policy::parse(&with_issuer(&change).to_string()).unwrap_err().to_string();
        assert_eq!(error, format!("policy: at `signed_urls.links{place}`: {expected}"));
    }
}
