//! Listings over HTTP.

use http::Method;

use crate::support::Served;

async fn list(store: &Served, query: &str) -> crate::support::Reply {
    let reply = store.call(Method::GET, &format!("/media?{query}"), &[], b"").await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply
}

/// The keys and common prefixes of a listing of either version, a page at a time.
async fn pages(
    store: &Served,
    version: u8,
    query: &str,
    size: usize,
) -> Vec<(Vec<String>, Vec<String>)> {
    let (mut pages, mut from) = (Vec::new(), String::new());
    loop {
        let base = if version == 2 { "list-type=2&" } else { "" };
        let reply = list(store, &format!("{base}max-keys={size}&{query}{from}")).await;
        let keys = reply.all("Key");
        let prefixes: Vec<String> = reply
            .all("CommonPrefixes")
            .iter()
            .map(|p| p.replace("<Prefix>", "").replace("</Prefix>", ""))
            .collect();
        assert!(keys.len() + prefixes.len() <= size);
        let last = keys.iter().chain(&prefixes).max().cloned();
        pages.push((keys, prefixes));
        if reply.all("IsTruncated") == ["false"] {
            return pages;
        }
        from = match version {
            2 => format!("&continuation-token={}", reply.all("NextContinuationToken")[0]),
            _ => format!(
                "&marker={}",
                reply.all("NextMarker").pop().or(last).unwrap().replace('/', "%2F")
            ),
        };
    }
}

#[tokio::test]
async fn both_versions_list_the_same_page_by_page() {
    let store = Served::start().await;
    let keys = ["a", "a/1", "a/2/x", "a/2/y", "a0", "b/1", "b/2", "c"];
    for key in keys {
        store.put(key, b"x").await;
    }
    for (query, expected, prefixes) in [
        ("", keys.to_vec(), vec![]),
        ("delimiter=%2F", vec!["a", "a0", "c"], vec!["a/", "b/"]),
        ("delimiter=%2F&prefix=a%2F", vec!["a/1"], vec!["a/2/"]),
        ("prefix=b", vec!["b/1", "b/2"], vec![]),
        ("prefix=z", vec![], vec![]),
        ("delimiter=0", vec!["a", "a/1", "a/2/x", "a/2/y", "b/1", "b/2", "c"], vec!["a0"]),
    ] {
        for version in [1, 2] {
            for size in [1, 2, 3, 1000] {
                let (k, p): (Vec<_>, Vec<_>) =
                    pages(&store, version, query, size).await.into_iter().unzip();
                assert_eq!(
                    (k.concat(), p.concat()),
                    (
                        expected.iter().map(|k| (*k).to_owned()).collect(),
                        prefixes.iter().map(|p| (*p).to_owned()).collect()
                    ),
                    "version {version}, {query}, {size} a page"
                );
            }
        }
    }
}

#[tokio::test]
async fn listings_say_what_was_asked_and_what_is_there() {
    let store = Served::start().await;
    for key in ["a", "b", "c%20d"] {
        store.put(key, b"12345").await;
    }
    let reply = list(&store, "list-type=2&start-after=a").await;
    assert_eq!(
        (reply.all("Key"), reply.all("KeyCount")),
        (vec!["b".to_owned(), "c d".to_owned()], vec!["2".to_owned()])
    );
    assert_eq!(reply.all("Size"), ["5", "5"]);
    assert_eq!(reply.all("StorageClass"), ["STANDARD", "STANDARD"]);
    assert!(reply.all("Owner").is_empty());
    assert_eq!(list(&store, "fetch-owner=true&list-type=2").await.all("Owner").len(), 3);
    assert_eq!(list(&store, "").await.all("Owner").len(), 3);
    assert_eq!(list(&store, "marker=a").await.all("Key"), ["b", "c d"]);
    assert_eq!(list(&store, "encoding-type=url&list-type=2").await.all("Key"), ["a", "b", "c+d"]);
    let none = list(&store, "list-type=2&max-keys=0").await;
    assert_eq!((none.all("Key").len(), none.all("IsTruncated")), (0, vec!["false".to_owned()]));
    for query in [
        "list-type=2&max-keys=-1",
        "list-type=2&continuation-token=%21",
        "encoding-type=x&list-type=2",
    ] {
        store
            .call(Method::GET, &format!("/media?{query}"), &[], b"")
            .await
            .refused(400, "InvalidArgument");
    }
}
