//! Every key is kept byte for byte, and no key is ever another object or a path on disk.

use std::collections::BTreeSet;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::Served;

const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

fn encoded(key: &str) -> String {
    utf8_percent_encode(key, UNRESERVED).to_string()
}

fn keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a b",
        "a+b",
        "a%b",
        "a%20b",
        "a%2520b",
        "a?b",
        "a#b",
        "a&b",
        "a=b",
        "a;b",
        "a:b",
        "a@b",
        "a\\b",
        "a\"b",
        "a'b",
        "a<b>",
        "a*b",
        "a|b",
        "a^b",
        "a`b",
        "a{b}",
        "a[b]",
        "a~b",
        "a,b",
        "a$b",
        "a!b",
        "a(b)",
        "//",
        "/",
        "/a",
        "//a",
        "a//b",
        "a/",
        "a//",
        ".",
        "..",
        "../a",
        "../../etc/passwd",
        "a/../b",
        "a/./b",
        ".a",
        "a.",
        "...",
        "~",
        "CON",
        "é",
        "e\u{301}",
        "ß/日本語/🦀",
        "\u{202E}gpj.exe",
        "\u{1}",
        "a\tb",
        "a\nb",
        "a\u{7F}b",
        "\u{FEFF}",
        "%",
        "%%",
        "%zz",
        "+",
        "media",
        "bucket.json",
        "A",
        "a",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("k".repeat(1024));
    keys.push("é".repeat(512));
    keys.push(format!("{}x", "d/".repeat(511)));
    keys
}

#[tokio::test]
async fn every_key_comes_back_by_the_same_name() {
    let store = Served::start().await;
    let keys = keys();
    for key in &keys {
        store.put(&encoded(key), format!("body of {key}").as_bytes()).await;
    }
    let store = store.restarted().await;
    for key in &keys {
        let got = store.get(&encoded(key), &[]).await;
        assert_eq!((got.status.as_u16(), got.text()), (200, format!("body of {key}")), "{key:?}");
    }
    let listed = store.call(Method::GET, "/media?encoding-type=url&list-type=2", &[], b"").await;
    let listed: Vec<String> = listed
        .all("Key")
        .iter()
        .map(|key| {
            form_urlencoded::parse(format!("k={key}").as_bytes()).next().unwrap().1.into_owned()
        })
        .collect();
    let expected: BTreeSet<String> = keys.iter().cloned().collect();
    assert_eq!(listed, expected.into_iter().collect::<Vec<_>>(), "the listing is in byte order");
    for key in &keys {
        assert_eq!(
            store.call(Method::DELETE, &format!("/media/{}", encoded(key)), &[], b"").await.status,
            204
        );
    }
    assert_eq!((store.keys().await.len(), store.data_files()), (0, 0));
}

#[tokio::test]
async fn nothing_is_written_outside_the_folders_of_the_layout() {
    let store = Served::start().await;
    for key in keys() {
        store.put(&encoded(&key), b"x").await;
    }
    let names = |path: &std::path::Path| -> BTreeSet<String> {
        std::fs::read_dir(path)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let root = store.folder.path();
    assert_eq!(names(root), ["buckets", "lock", "tmp"].map(str::to_owned).into());
    assert_eq!(names(&root.join("buckets")), ["media".to_owned()].into());
    assert_eq!(
        names(&root.join("buckets/media")),
        ["bucket.json", "data", "objects"].map(str::to_owned).into()
    );
}

#[tokio::test]
async fn keys_that_s3_refuses_are_refused() {
    let store = Served::start().await;
    for key in ["k".repeat(1025), "é".repeat(513)] {
        let path = format!("/media/{}", encoded(&key));
        store.call(Method::PUT, &path, &[], b"x").await.refused(400, "KeyTooLongError");
        store.call(Method::GET, &path, &[], b"").await.refused(400, "KeyTooLongError");
    }
    for path in ["/media/%FF", "/media/a%C3"] {
        store.call(Method::PUT, path, &[], b"x").await.refused(400, "InvalidURI");
    }
    assert_eq!((store.keys().await.len(), store.data_files()), (0, 0));
}
