//! What a store says of its keys: the XML of ListObjectsV2, read strictly.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
//!
//! Elements that are not known are passed over; what is known must be of its form. Nothing of a
//! document that is not wholly read counts.

use std::fmt;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::encoding::decode;

/// No answer may be longer, in bytes: a thousand keys of the longest kind, each byte escaped,
/// are three quarters of it.
pub const MAX_LENGTH: usize = 4 * 1024 * 1024;

/// Elements lie in each other no deeper than this.
const MAX_DEPTH: usize = 16;

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// It has more than [`MAX_LENGTH`] bytes.
    TooLong,
    /// It is not XML, or its XML is not that of a listing.
    Malformed {
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the store's listing has more than {MAX_LENGTH} bytes"),
            Self::Malformed { problem } => write!(f, "the store's listing {problem}"),
        }
    }
}

fn malformed<T>(problem: &'static str) -> Result<T, AnswerError> {
    Err(AnswerError::Malformed { problem })
}

/// One page of a store's listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorePage {
    /// Keys and common prefixes, in the order of their bytes.
    pub items: Vec<Item>,
    /// Whether more follow.
    pub is_truncated: bool,
}

/// An entry of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An object.
    Object(Object),
    /// What several keys begin with.
    Group(String),
}

/// What a listing says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// When it was stored: `2026-11-26T06:00:00.000Z`.
    pub last_modified: String,
    /// Its entity tag, with quotes.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its storage class, in capitals.
    pub storage_class: String,
}

impl Item {
    /// The key, or the prefix.
    pub fn text(&self) -> &str {
        match self {
            Self::Object(object) => &object.key,
            Self::Group(prefix) => prefix,
        }
    }
}

impl StorePage {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// [`AnswerError`] when it is too long, or is not a listing.
    pub fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        if body.len() > MAX_LENGTH {
            return Err(AnswerError::TooLong);
        }
        let Ok(text) = str::from_utf8(body) else { return malformed("is not UTF-8") };
        let mut reader = Reader::from_str(text);
        let mut document = Document::default();
        loop {
            let Ok(event) = reader.read_event() else { return malformed("is not XML") };
            match event {
                Event::Start(tag) => document.open(tag.local_name().as_ref())?,
                Event::Empty(tag) => {
                    document.open(tag.local_name().as_ref())?;
                    document.close()?;
                }
                Event::End(_) => document.close()?,
                Event::Text(text) => document.text(text.decode().ok().as_deref())?,
                Event::CData(text) => document.text(text.decode().ok().as_deref())?,
                Event::GeneralRef(reference) => document.text(resolve(&reference).as_deref())?,
                Event::Decl(_) | Event::Comment(_) => {}
                Event::DocType(_) | Event::PI(_) => {
                    return malformed("has a document type or an instruction");
                }
                Event::Eof => return document.finish(),
            }
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    if let Ok(Some(char)) = reference.resolve_char_ref() {
        return Some(char.to_string());
    }
    let name = reference.decode().ok()?;
    resolve_predefined_entity(&name).map(str::to_owned)
}

/// The document, as far as it was read.
#[derive(Default)]
struct Document {
    path: Vec<String>,
    is_read: bool,
    text: String,
    is_encoded: bool,
    is_truncated: Option<bool>,
    object: Partial,
    items: Vec<Item>,
}

/// An object whose element is open.
#[derive(Default)]
struct Partial {
    key: Option<String>,
    size: Option<u64>,
    last_modified: Option<String>,
    etag: String,
    storage_class: String,
}

impl Document {
    fn open(&mut self, name: &[u8]) -> Result<(), AnswerError> {
        let Ok(name) = str::from_utf8(name) else { return malformed("is not UTF-8") };
        if self.path.is_empty() && (self.is_read || name != "ListBucketResult") {
            return malformed("is not one `ListBucketResult`");
        }
        if self.path.len() >= MAX_DEPTH {
            return malformed("has elements too deep in each other");
        }
        self.path.push(name.to_owned());
        self.text.clear();
        Ok(())
    }

    fn text(&mut self, text: Option<&str>) -> Result<(), AnswerError> {
        let Some(text) = text else { return malformed("has an entity that is not known") };
        if self.path.is_empty() && !text.trim().is_empty() {
            return malformed("has text outside of its element");
        }
        self.text.push_str(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), AnswerError> {
        let text = std::mem::take(&mut self.text);
        let path: Vec<_> = self.path.iter().map(String::as_str).collect();
        match *path.as_slice() {
            [_, "IsTruncated"] => match text.as_str() {
                "true" => self.is_truncated = Some(true),
                "false" => self.is_truncated = Some(false),
                _ => return malformed("has an `IsTruncated` that is neither true nor false"),
            },
            [_, "EncodingType"] => self.is_encoded = text == "url",
            [_, "CommonPrefixes", "Prefix"] => self.items.push(Item::Group(text)),
            [_, "Contents", "Key"] => self.object.key = Some(text),
            [_, "Contents", "Size"] => {
                let Ok(size) = text.parse() else { return malformed("has a size of no digits") };
                self.object.size = Some(size);
            }
            [_, "Contents", "LastModified"] => {
                let plain = |b: u8| b.is_ascii_digit() || b"-:.TZ+".contains(&b);
                if !text.bytes().all(plain) {
                    return malformed("has a time that is none");
                }
                self.object.last_modified = Some(text);
            }
            [_, "Contents", "ETag"] => self.object.etag = text,
            [_, "Contents", "StorageClass"] => {
                if !text.bytes().all(|b| b.is_ascii_uppercase() || b"_0123456789".contains(&b)) {
                    return malformed("has a storage class that is none");
                }
                self.object.storage_class = text;
            }
            [_, "Contents"] => {
                let object = std::mem::take(&mut self.object);
                let (Some(key), Some(size), Some(last_modified)) =
                    (object.key, object.size, object.last_modified)
                else {
                    return malformed("has an object without key, size or time");
                };
                let (etag, storage_class) = (object.etag, object.storage_class);
                let object = Object { key, last_modified, etag, size, storage_class };
                self.items.push(Item::Object(object));
            }
            _ => {}
        }
        self.is_read |= self.path.len() == 1;
        self.path.pop();
        Ok(())
    }

    fn finish(self) -> Result<StorePage, AnswerError> {
        if !self.path.is_empty() || !self.is_read {
            return malformed("ends too early");
        }
        let Some(is_truncated) = self.is_truncated else {
            return malformed("has no `IsTruncated`");
        };
        let mut items = self.items;
        if self.is_encoded {
            for item in &mut items {
                let text = match item {
                    Item::Object(object) => &mut object.key,
                    Item::Group(prefix) => prefix,
                };
                let Some(decoded) = url_decoded(text) else {
                    return malformed("has a key whose escapes are broken");
                };
                *text = decoded;
            }
        }
        // Objects and groups come in lists of their own, each in order.
        items.sort_by(|a, b| a.text().cmp(b.text()));
        Ok(StorePage { items, is_truncated })
    }
}

/// S3 writes a space as `+`, other stores as `%20`.
fn url_decoded(text: &str) -> Option<String> {
    let bytes = decode(&text.replace('+', " ")).ok()?.into_owned();
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
        <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents>\
        <Key>a/b+c%2B%C3%A9&amp;&#x41;</Key><LastModified>2026-11-26T06:00:00.000Z</LastModified>\
        <ETag>&quot;e&quot;</ETag><Size>7</Size><Owner><ID>o</ID><DisplayName/></Owner>\
        <StorageClass>STANDARD</StorageClass></Contents>\
        <CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>";

    #[test]
    fn reads_what_s3_says() {
        let object = Object {
            key: "a/b c+é&A".to_owned(),
            last_modified: "2026-11-26T06:00:00.000Z".to_owned(),
            etag: "\"e\"".to_owned(),
            size: 7,
            storage_class: "STANDARD".to_owned(),
        };
        let items = vec![Item::Group("a/".to_owned()), Item::Object(object)];
        assert_eq!(StorePage::parse(PAGE.as_bytes()), Ok(StorePage { items, is_truncated: true }));
        let plain = PAGE.replace("<EncodingType>url</EncodingType>", "");
        let page = StorePage::parse(plain.as_bytes()).unwrap();
        assert_eq!(page.items.last().map(Item::text), Some("a/b+c%2B%C3%A9&A"));
    }

    #[test]
    fn refuses_what_is_no_listing() {
        for (from, to, problem) in [
            ("<Name>b</Name>", "<Name>b</Nam>", "is not XML"),
            ("</ListBucketResult>", "", "ends too early"),
            ("<Name>b</Name>", "<Name>&nbsp;</Name>", "has an entity that is not known"),
            ("true", "yes", "has an `IsTruncated` that is neither true nor false"),
            ("<IsTruncated>true</IsTruncated>", "", "has no `IsTruncated`"),
            ("<Size>7</Size>", "", "has an object without key, size or time"),
            ("<Size>7</Size>", "<Size>-7</Size>", "has a size of no digits"),
            ("2026-", "<b>2026-", "is not XML"),
            ("06:00", "06:OO", "has a time that is none"),
            ("STANDARD", "Standard", "has a storage class that is none"),
            ("%C3%A9", "%C3", "has a key whose escapes are broken"),
            ("%C3%A9", "%", "has a key whose escapes are broken"),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                "x",
                "has text outside of its element",
            ),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                "<!DOCTYPE a [<!ENTITY b \"c\">]>",
                "has a document type or an instruction",
            ),
        ] {
            assert!(PAGE.contains(from), "{from}");
            let changed = PAGE.replacen(from, to, 1);
            assert_eq!(StorePage::parse(changed.as_bytes()), malformed(problem), "{from} {to}");
        }
        let (other, twice) = ("<Error><Code>NoSuchBucket</Code></Error>", format!("{PAGE}{PAGE}"));
        for text in ["", other, &twice] {
            assert!(StorePage::parse(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "<ListBucketResult>".to_owned() + &"<a>".repeat(MAX_DEPTH);
        assert_eq!(
            StorePage::parse(deep.as_bytes()),
            malformed("has elements too deep in each other")
        );
        assert_eq!(StorePage::parse(&vec![b' '; MAX_LENGTH + 1]), Err(AnswerError::TooLong));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[<>/&;a-zC#x%+\" ]{0,60}", cut in 0..PAGE.len()) {
            let _ = StorePage::parse(text.as_bytes());
            let _ = StorePage::parse(&PAGE.as_bytes()[cut..]);
            let _ = StorePage::parse(&PAGE.as_bytes()[..cut]);
        }
    }
}
