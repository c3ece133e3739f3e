//! The answers, as Swift writes them.
//!
//! ```text
//! [{"name":"a.jpg","hash":"d41d…","bytes":7,"content_type":"application/octet-stream",
//!   "last_modified":"2026-11-26T06:00:00.000000"},{"subdir":"2026/"}]
//! ```

use serde::Serialize;

use super::query::{ContainerQuery, Format};
use crate::listing::Answer;
use crate::listing::answer::{Item, Object};

/// S3's listings say nothing of it. This is the type of bytes of which nothing is known.
const CONTENT_TYPE: &str = "application/octet-stream";

/// An entry of an answer in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Container {
        name: String,
    },
    Group {
        subdir: &'a str,
    },
    Object {
        name: &'a str,
        hash: &'a str,
        bytes: u64,
        content_type: &'static str,
        last_modified: String,
    },
}

/// An answer without a body.
pub(super) fn nothing(format: Format) -> Answer {
    let content_type = match format {
        Format::Plain => "text/plain; charset=utf-8",
        Format::Json => "application/json; charset=utf-8",
    };
    Answer { status: 204, content_type, headers: Vec::new(), body: None }
}

/// The page of an account's names that `query` asks for.
pub(super) fn containers(query: &ContainerQuery, names: Vec<String>) -> Answer {
    let names = names.into_iter().filter(|name| query.covers(name)).take(query.limit);
    match query.format {
        Format::Plain => plain(names),
        // How many objects a container has, and of what size, its own head says.
        Format::Json => json(names.map(|name| Entry::Container { name })),
    }
}

/// A page of a container.
pub(super) fn objects(query: &ContainerQuery, items: &[Item]) -> Answer {
    match query.format {
        Format::Plain => plain(items.iter().map(Item::text)),
        Format::Json => json(items.iter().map(|item| match item {
            Item::Group(prefix) => Entry::Group { subdir: prefix },
            Item::Object(object) => Entry::Object {
                name: &object.key,
                hash: object.etag.trim_matches('"'),
                bytes: object.size,
                content_type: CONTENT_TYPE,
                last_modified: last_modified(object),
            },
        })),
    }
}

fn plain(names: impl Iterator<Item = impl AsRef<str>>) -> Answer {
    let mut text = String::new();
    for name in names {
        text.push_str(name.as_ref());
        text.push('\n');
    }
    let nothing = nothing(Format::Plain);
    if text.is_empty() { nothing } else { Answer { status: 200, body: Some(text), ..nothing } }
}

fn json<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Answer {
    let entries: Vec<_> = entries.collect();
    // INVARIANT: texts and numbers can always be written.
    let body = serde_json::to_string(&entries).unwrap_or_default();
    Answer { status: 200, body: Some(body), ..nothing(Format::Json) }
}

/// Swift says microseconds, and no zone: `2026-11-26T06:00:00.000000`.
fn last_modified(object: &Object) -> String {
    let time = object.last_modified.trim_end_matches('Z');
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{seconds}.{fraction:0<6.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, last_modified: &str) -> Item {
        Item::Object(Object {
            key: key.to_owned(),
            last_modified: last_modified.to_owned(),
            etag: "\"d41d8cd98f00b204e9800998ecf8427e\"".to_owned(),
            size: 7,
            storage_class: "STANDARD".to_owned(),
        })
    }

    #[test]
    fn writes_names_and_folders() {
        let items = [Item::Group("a\"/".to_owned()), object("é", "2026-11-26T06:00:00.123Z")];
        let query = ContainerQuery { format: Format::Json, ..ContainerQuery::default() };
        assert_eq!(
            objects(&query, &items).body.as_deref(),
            Some(
                "[{\"subdir\":\"a\\\"/\"},{\"name\":\"é\",\
                 \"hash\":\"d41d8cd98f00b204e9800998ecf8427e\",\"bytes\":7,\
                 \"content_type\":\"application/octet-stream\",\
                 \"last_modified\":\"2026-11-26T06:00:00.123000\"}]"
            )
        );
        let query = ContainerQuery::default();
        assert_eq!(objects(&query, &items).body.as_deref(), Some("a\"/\né\n"));
        let empty = objects(&query, &[]);
        assert_eq!((empty.status, empty.body), (204, None));
    }

    #[test]
    fn times_have_six_decimals() {
        for (time, expected) in [
            ("2026-11-26T06:00:00.000Z", "2026-11-26T06:00:00.000000"),
            ("2026-11-26T06:00:00Z", "2026-11-26T06:00:00.000000"),
            ("2026-11-26T06:00:00.123456789Z", "2026-11-26T06:00:00.123456"),
        ] {
            let Item::Object(object) = object("a", time) else { return };
            assert_eq!(last_modified(&object), expected);
        }
    }

    #[test]
    fn an_account_is_cut_like_a_container() {
        let names = || ["a", "b", "ba", "c"].map(str::to_owned).to_vec();
        let cut = |query: &ContainerQuery| containers(query, names()).body.unwrap_or_default();
        let query = ContainerQuery { limit: 10, ..ContainerQuery::default() };
        assert_eq!(cut(&query), "a\nb\nba\nc\n");
        assert_eq!(cut(&ContainerQuery { limit: 2, ..query.clone() }), "a\nb\n");
        assert_eq!(cut(&ContainerQuery { prefix: "b".to_owned(), ..query.clone() }), "b\nba\n");
        let (marker, end_marker) = ("a".to_owned(), Some("c".to_owned()));
        assert_eq!(cut(&ContainerQuery { marker, end_marker, ..query }), "b\nba\n");
    }
}
