//! The answers, as S3 writes them.

use std::fmt::Write as _;

use super::answer::{Item, Object};
use super::query::{ObjectsQuery, Version};
use crate::encoding::{Slash, encode};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// One page of a bucket's listing, with keys as clients see them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    /// The bucket.
    pub(super) name: &'a str,
    /// What was asked.
    pub(super) query: &'a ObjectsQuery,
    /// What there is.
    pub(super) items: &'a [Item],
    /// How the listing goes on: a token, or the marker of a first version.
    pub(super) next: Option<&'a str>,
}

impl Page<'_> {
    /// The document of ListObjects or ListObjectsV2.
    pub(super) fn to_xml(self) -> String {
        let query = self.query;
        let mut xml = Xml::new("ListBucketResult");
        xml.element("Name", self.name);
        xml.element("Prefix", &self.key(&query.prefix));
        match query.version {
            Version::V1 => {
                xml.element("Marker", &self.key(query.after.as_deref().unwrap_or_default()));
                if let Some(next) = self.next {
                    xml.element("NextMarker", &self.key(next));
                }
            }
            Version::V2 => {
                if let Some(token) = &query.token {
                    xml.element("ContinuationToken", token);
                }
                if let Some(next) = self.next {
                    xml.element("NextContinuationToken", next);
                }
                if let Some(after) = &query.after {
                    xml.element("StartAfter", &self.key(after));
                }
                xml.element("KeyCount", &self.items.len().to_string());
            }
        }
        xml.element("MaxKeys", &query.max_keys.to_string());
        if !query.delimiter.is_empty() {
            xml.element("Delimiter", &self.key(&query.delimiter));
        }
        if query.is_encoded {
            xml.element("EncodingType", "url");
        }
        xml.element("IsTruncated", if self.next.is_some() { "true" } else { "false" });
        for item in self.items {
            if let Item::Object(object) = item {
                self.object(object, &mut xml);
            }
        }
        for item in self.items {
            if let Item::Group(prefix) = item {
                xml.within("CommonPrefixes", |xml| xml.element("Prefix", &self.key(prefix)));
            }
        }
        xml.finish()
    }

    fn object(self, object: &Object, xml: &mut Xml) {
        xml.within("Contents", |xml| {
            xml.element("Key", &self.key(&object.key));
            xml.element("LastModified", &object.last_modified);
            if !object.etag.is_empty() {
                xml.element("ETag", &object.etag);
            }
            xml.element("Size", &object.size.to_string());
            let class = object.storage_class.as_str();
            xml.element("StorageClass", if class.is_empty() { "STANDARD" } else { class });
        });
    }

    fn key(self, text: &str) -> String {
        // `%20` is a space to every client; `+`, which S3 writes, is not to botocore.
        if self.query.is_encoded { encode(text, Slash::Keep) } else { text.to_owned() }
    }
}

/// The document of GetBucketLocation. That of the first region says nothing.
pub(super) fn location(region: Option<&str>) -> String {
    let region = region.filter(|region| *region != "us-east-1").unwrap_or_default();
    let mut xml = Xml::new("LocationConstraint");
    xml.text(region);
    xml.finish()
}

/// The document of ListBuckets. Nobody in particular owns them, and they are as old as anything.
pub(super) fn buckets<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut xml = Xml::new("ListAllMyBucketsResult");
    xml.within("Owner", |xml| xml.element("ID", "cloakroom"));
    xml.within("Buckets", |xml| {
        for name in names {
            xml.within("Bucket", |xml| {
                xml.element("Name", name);
                xml.element("CreationDate", "1970-01-01T00:00:00.000Z");
            });
        }
    });
    xml.finish()
}

/// A document that grows.
struct Xml {
    text: String,
    root: &'static str,
}

impl Xml {
    fn new(root: &'static str) -> Self {
        Self { text: format!("{HEAD}<{root} xmlns=\"{NAMESPACE}\">"), root }
    }

    fn element(&mut self, name: &str, text: &str) {
        self.within(name, |xml| xml.text(text));
    }

    fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.text.extend(["<", name, ">"]);
        inner(self);
        self.text.extend(["</", name, ">"]);
    }

    fn text(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                // XML has no such characters, so nobody should meet them unescaped.
                char if char.is_control() || matches!(char, '\u{FFFE}' | '\u{FFFF}') => {
                    // INVARIANT: writing to a string does not fail.
                    let _ = write!(self.text, "&#x{:X};", u32::from(char));
                }
                char => self.text.push(char),
            }
        }
    }

    fn finish(mut self) -> String {
        self.text.extend(["</", self.root, ">"]);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::answer::StorePage;

    fn object(key: &str) -> Item {
        Item::Object(Object {
            key: key.to_owned(),
            last_modified: "2026-11-26T06:00:00.000Z".to_owned(),
            etag: "\"e\"".to_owned(),
            size: 7,
            storage_class: String::new(),
        })
    }

    #[test]
    fn writes_the_second_version() {
        let query = ObjectsQuery {
            version: Version::V2,
            prefix: "a & b".to_owned(),
            delimiter: "/".to_owned(),
            max_keys: 2,
            is_encoded: false,
            after: None,
            token: Some("t".to_owned()),
        };
        let items = [Item::Group("a & b/".to_owned()), object("a & b.txt")];
        let page = Page { name: "media", query: &query, items: &items, next: Some("u") };
        assert_eq!(
            page.to_xml(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>media</Name><Prefix>a &amp; b</Prefix><ContinuationToken>t</ContinuationToken>\
             <NextContinuationToken>u</NextContinuationToken><KeyCount>2</KeyCount>\
             <MaxKeys>2</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated>\
             <Contents><Key>a &amp; b.txt</Key>\
             <LastModified>2026-11-26T06:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>\
             <Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>\
             <CommonPrefixes><Prefix>a &amp; b/</Prefix></CommonPrefixes></ListBucketResult>"
        );
    }

    #[test]
    fn writes_the_first_version() {
        let query = ObjectsQuery {
            is_encoded: true,
            max_keys: 1,
            after: Some("a b".to_owned()),
            ..ObjectsQuery::default()
        };
        let items = [object("a+c/é")];
        let page = Page { name: "media", query: &query, items: &items, next: Some("a+c/é") };
        let xml = page.to_xml();
        for part in [
            "<Prefix></Prefix><Marker>a%20b</Marker><NextMarker>a%2Bc/%C3%A9</NextMarker>",
            "<MaxKeys>1</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>",
            "<Key>a%2Bc/%C3%A9</Key>",
        ] {
            assert!(xml.contains(part), "{part} in {xml}");
        }
        assert!(!xml.contains("KeyCount"), "{xml}");
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for key in ["<a>&\"'.txt", "a  b", "]]>", "été/日本", "%41+", "\u{FFFE}", "\u{10FFFF}"]
        {
            for is_encoded in [true, false] {
                let query = ObjectsQuery { is_encoded, ..ObjectsQuery::default() };
                let items = [object(key), Item::Group(format!("{key}/"))];
                let xml = Page { name: "b", query: &query, items: &items, next: None }.to_xml();
                let read = StorePage::parse(xml.as_bytes());
                let read = read.map(|page| {
                    page.items.iter().map(|item| item.text().to_owned()).collect::<Vec<_>>()
                });
                assert_eq!(read, Ok(vec![key.to_owned(), format!("{key}/")]), "{xml}");
            }
        }
    }

    #[test]
    fn the_first_region_has_no_name() {
        assert!(location(Some("us-east-1")).ends_with("2006-03-01/\"></LocationConstraint>"));
        assert!(location(Some("eu-west-1")).ends_with(">eu-west-1</LocationConstraint>"));
    }
}
