//! What holds for every host and path.

use std::sync::LazyLock;

use cloakroom_core::encoding::decode;
use proptest::prelude::*;

use crate::*;

static MANY: LazyLock<Routes> = LazyLock::new(|| {
    let swift = json!({
        "path": "/v1/{account}/{container}/", "store": "paths",
        "bucket": "m-{container}", "location": "x-{account}/{container}/y/"
    });
    let tenants = json!({
        "path": "/{tenant}/", "store": "paths", "bucket": "bucket", "location": "t/{tenant}/"
    });
    routes(&json!({
        "swift": swift,
        "tenants": tenants,
        "plain": { "path": "/", "store": "paths", "bucket": "bucket", "location": "t/" },
        "site": { "path": "/site/", "store": "paths", "bucket": "site", "index": "index.html" },
        "hosts": {
            "host": "*.media.example", "path": "/", "store": "paths",
            "bucket": "{host}", "location": "h/{host}/"
        }
    }))
});

/// Paths of few different segments, so that two often come near each other.
fn path() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec![
        "a",
        "b",
        "a-b",
        "-",
        "",
        "",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%61",
        "a%2Fb",
        "%2F",
        "x-a",
        "m-a",
        "v1",
        "site",
        "t",
        "y",
        "index.html",
        "{tenant}",
        "%7Btenant%7D",
        "%00",
        "%C3%A9",
        "e%CC%81",
        "..a",
        "a+b",
        "%25",
    ]);
    let segments = prop::collection::vec(segment, 1..6);
    let head = prop::sample::select(vec!["/", "/v1/", "/site/", "/v1/a/", "/v1/a/abc/"]);
    (head, segments).prop_map(|(head, segments)| format!("{head}{}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn paths_that_differ_never_meet_in_one_object(one in path(), other in path()) {
        let found = (place(&MANY, "h.example", &one), place(&MANY, "h.example", &other));
        let (Ok(here), Ok(there)) = found else { return Ok(()) };
        let decoded = |path: &str| decode(path).unwrap().into_owned();
        if here[0] == there[0] {
            let documents = |path: &str| {
                let mut path = decoded(path);
                if here[0] == "site" && path.ends_with(b"/") {
                    path.extend_from_slice(b"index.html");
                }
                path
            };
            prop_assert_eq!(here == there, documents(&one) == documents(&other), "{} {}", one, other);
        }
    }

    #[test]
    fn nothing_escapes_from_its_location(path in path()) {
        let Ok([route, bucket, key]) = place(&MANY, "h.example", &path) else { return Ok(()) };
        let decoded = String::from_utf8(decode(&path).unwrap().into_owned()).unwrap();
        let mut segments = decoded.split('/').skip(1);
        let (location, expected) = match route.as_str() {
            "swift" => {
                let account = segments.nth(1).unwrap();
                let container = segments.next().unwrap();
                (format!("x-{account}/{container}/y/"), format!("m-{container}"))
            }
            "tenants" => (format!("t/{}/", segments.next().unwrap()), "bucket".to_owned()),
            "plain" => ("t/".to_owned(), "bucket".to_owned()),
            "site" => (String::new(), "site".to_owned()),
            other => panic!("{other}"),
        };
        prop_assert_eq!(bucket, expected, "{}", path);
        let rest = key.strip_prefix(&location);
        prop_assert!(rest.is_some_and(|rest| !rest.is_empty()), "{} {}", path, key);
        prop_assert!(!key.split('/').any(|segment| matches!(segment, "." | "..")), "{}", key);
    }

    #[test]
    fn a_host_names_its_own_label_alone(
        label in "[a-zA-Z0-9./:_é-]{0,12}",
        suffix in prop::sample::select(vec![".media.example", ".MEDIA.example:443", "xmedia.example"]),
    ) {
        let host = format!("{label}{suffix}");
        let Ok([route, bucket, key]) = place(&MANY, &host, "/x/a") else { return Ok(()) };
        if route == "hosts" {
            prop_assert_eq!(&bucket, &label.to_ascii_lowercase());
            prop_assert_eq!(key, format!("h/{bucket}/x/a"));
        } else {
            prop_assert_eq!((route.as_str(), key.as_str()), ("tenants", "t/x/a"));
        }
    }

    #[test]
    fn nothing_panics(host in "\\PC{0,40}", path in "\\PC{0,80}") {
        let _ = place(&MANY, &host, &path);
        let _ = place(&MANY, &format!("{host}.media.example"), &format!("/v1/{path}"));
    }
}
