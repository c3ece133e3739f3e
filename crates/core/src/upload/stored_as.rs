//! What a rule says of the object beside its bytes: who may see it, how it is kept, what is known
//! of it.
//!
//! Names and values are those of the headers of *PutObject* in the Amazon S3 API reference. A form
//! has fields of the same names, but for `acl` and `tagging`.

use crate::acl::canned::CannedAcl;
use crate::disposition::{ContentDisposition, DispositionType};
use crate::encoding::{Slash, encode};

/// What an object is stored as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredAs {
    /// Its canned ACL; the bucket's own way when absent. A bucket whose owner owns everything in
    /// it refuses any.
    pub acl: Option<CannedAcl>,
    /// Its ACL, grant by grant.
    pub grants: Vec<StoreGrant>,
    /// Its `Cache-Control`.
    pub cache_control: Option<String>,
    /// Whether browsers save it or show it.
    pub content_disposition: Option<DispositionType>,
    /// Metadata, without the prefix of their headers.
    pub metadata: Vec<(String, MetadataValue)>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Its storage class, such as `STANDARD_IA`.
    pub storage_class: Option<String>,
    /// How it is encrypted; the bucket's own way when absent.
    pub encryption: Option<Encryption>,
}

/// A grant as S3 is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreGrant {
    /// The header: `x-amz-grant-read`, say.
    pub header: &'static str,
    /// The grantees: `id="…", uri="…"`.
    pub grantees: String,
}

/// The value of one piece of metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataValue {
    /// This text.
    Fixed(String),
    /// The user's id, percent-encoded, since headers are ASCII.
    Principal,
    /// The name of the file as it was told, percent-encoded.
    Filename,
}

/// How an object is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// With keys of S3.
    S3,
    /// With a key of AWS KMS: the account's own for S3, or this one.
    Kms(Option<String>),
}

/// Of whom and of what the object is.
#[derive(Clone, Copy, Debug)]
pub struct Provenance<'a> {
    /// The user.
    pub principal: &'a str,
    /// The name of the file.
    pub filename: &'a str,
}

impl StoredAs {
    /// The headers that say so.
    pub fn headers(&self, of: Provenance<'_>) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        if let Some(acl) = self.acl {
            add("x-amz-acl", acl.as_str().to_owned());
        }
        for grant in &self.grants {
            add(grant.header, grant.grantees.clone());
        }
        if !self.tags.is_empty() {
            let pair = |(name, value): &(String, String)| {
                format!("{}={}", encode(name, Slash::Encode), encode(value, Slash::Encode))
            };
            add("x-amz-tagging", self.tags.iter().map(pair).collect::<Vec<_>>().join("&"));
        }
        self.add_common(of, add);
        headers
    }

    /// The fields of a form that say so.
    pub fn form_fields(&self, of: Provenance<'_>) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let mut add = |name: &str, value: String| fields.push((name.to_owned(), value));
        if let Some(acl) = self.acl {
            add("acl", acl.as_str().to_owned());
        }
        if !self.tags.is_empty() {
            let tag = |(name, value): &(String, String)| {
                format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", xml(name), xml(value))
            };
            let tags: String = self.tags.iter().map(tag).collect();
            add("tagging", format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"));
        }
        self.add_common(of, add);
        fields
    }

    /// The headers that say so to Swift, as far as it knows of such things.
    pub fn swift_headers(&self, of: Provenance<'_>) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        self.add_plain(of, "x-object-meta-", |name, value| headers.push((name.to_owned(), value)));
        headers
    }

    fn add_common(&self, of: Provenance<'_>, mut add: impl FnMut(&str, String)) {
        self.add_plain(of, "x-amz-meta-", &mut add);
        if let Some(class) = &self.storage_class {
            add("x-amz-storage-class", class.clone());
        }
        match &self.encryption {
            None => {}
            Some(Encryption::S3) => add("x-amz-server-side-encryption", "AES256".to_owned()),
            Some(Encryption::Kms(key)) => {
                add("x-amz-server-side-encryption", "aws:kms".to_owned());
                if let Some(key) = key {
                    add("x-amz-server-side-encryption-aws-kms-key-id", key.clone());
                }
            }
        }
    }

    fn add_plain(&self, of: Provenance<'_>, meta: &str, mut add: impl FnMut(&str, String)) {
        if let Some(cache_control) = &self.cache_control {
            add("cache-control", cache_control.clone());
        }
        if let Some(kind) = self.content_disposition {
            let asked = kind.of(of.filename);
            if let Some(value) = ContentDisposition::new(&asked, of.filename).chosen() {
                add("content-disposition", value);
            }
        }
        for (name, value) in &self.metadata {
            let value = match value {
                MetadataValue::Fixed(text) => text.clone(),
                MetadataValue::Principal => encode(of.principal, Slash::Encode),
                MetadataValue::Filename => encode(of.filename, Slash::Encode),
            };
            add(&format!("{meta}{name}"), value);
        }
    }
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_fields_say_the_same() {
        let stored_as = StoredAs {
            acl: Some(CannedAcl::PublicRead),
            cache_control: Some("max-age=60".to_owned()),
            content_disposition: Some(DispositionType::Attachment),
            metadata: vec![
                ("by".to_owned(), MetadataValue::Principal),
                ("name".to_owned(), MetadataValue::Filename),
                ("app".to_owned(), MetadataValue::Fixed("shop".to_owned())),
            ],
            tags: vec![("a b".to_owned(), "<1&2>".to_owned()), ("c".to_owned(), String::new())],
            storage_class: Some("STANDARD_IA".to_owned()),
            encryption: Some(Encryption::Kms(Some("alias/shop".to_owned()))),
            ..StoredAs::default()
        };
        let of = Provenance { principal: "alice@a", filename: "é.jpg" };
        let common = [
            ("cache-control", "max-age=60"),
            (
                "content-disposition",
                "attachment; filename=\"%C3%A9.jpg\"; filename*=UTF-8''%C3%A9.jpg",
            ),
            ("x-amz-meta-by", "alice%40a"),
            ("x-amz-meta-name", "%C3%A9.jpg"),
            ("x-amz-meta-app", "shop"),
            ("x-amz-storage-class", "STANDARD_IA"),
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-aws-kms-key-id", "alias/shop"),
        ];
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let headers = [("x-amz-acl", "public-read"), ("x-amz-tagging", "a%20b=%3C1%262%3E&c=")];
        assert_eq!(stored_as.headers(of), owned(&[&headers[..], &common].concat()));
        let tagging = "<Tagging><TagSet><Tag><Key>a b</Key><Value>&lt;1&amp;2&gt;</Value></Tag>\
                       <Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>";
        let fields = [("acl", "public-read"), ("tagging", tagging)];
        assert_eq!(stored_as.form_fields(of), owned(&[&fields[..], &common].concat()));
        let swift: Vec<_> = common
            .into_iter()
            .filter(|(name, _)| !name.starts_with("x-amz-s"))
            .map(|(name, value)| (name.replace("x-amz-meta-", "x-object-meta-"), value.to_owned()))
            .collect();
        assert_eq!((stored_as.swift_headers(of).len(), stored_as.swift_headers(of)), (5, swift));
        assert_eq!(StoredAs::default().headers(of), []);
    }
}
