//! `uploads.NAME.stored_as`: what uploads are stored as, beside their bytes.

use crate::acl::canned::CannedAcl;
use crate::disposition::DispositionType;
use crate::policy::reader::{Node, PolicyError};
use crate::upload::kind::Clause;
use crate::upload::stored_as::{Encryption, MetadataValue, StoreGrant, StoredAs};

/// The permissions that an object can be granted, with the headers that say so. WRITE is one of
/// buckets.
const GRANTS: [(&str, &str); 4] = [
    ("read", "x-amz-grant-read"),
    ("read_acp", "x-amz-grant-read-acp"),
    ("write_acp", "x-amz-grant-write-acp"),
    ("full_control", "x-amz-grant-full-control"),
];

/// The most tags of an object (*Object tagging* in the Amazon S3 user guide).
const MAX_TAGS: usize = 10;

/// The most metadata of an object, names and values together, in bytes.
const MAX_METADATA: usize = 2048;

pub(super) fn read_stored_as(node: Option<Node<'_>>) -> Result<StoredAs, PolicyError> {
    let Some(node) = node else { return Ok(StoredAs::default()) };
    let fields = node.object(&[
        "acl",
        "grants",
        "cache_control",
        "content_disposition",
        "metadata",
        "tags",
        "storage_class",
        "encryption",
    ])?;
    let acl = fields.optional("acl").map(|node| node.one_of(&CannedAcl::ALL)).transpose()?;
    let grants = fields.optional("grants").map(|node| read_grants(&node)).transpose()?;
    if let (Some(_), Some(_)) = (acl, &grants) {
        return node.error("has both `acl` and `grants`; S3 takes one of them");
    }
    let dispositions =
        [("inline", DispositionType::Inline), ("attachment", DispositionType::Attachment)];
    let disposition = fields.optional("content_disposition");
    Ok(StoredAs {
        acl,
        grants: grants.unwrap_or_default(),
        cache_control: fields
            .optional("cache_control")
            .map(|node| header_value(&node))
            .transpose()?,
        content_disposition: disposition.map(|node| node.one_of(&dispositions)).transpose()?,
        metadata: fields
            .optional("metadata")
            .map(|node| read_metadata(&node))
            .transpose()?
            .unwrap_or_default(),
        tags: fields.optional("tags").map(|node| read_tags(&node)).transpose()?.unwrap_or_default(),
        storage_class: fields
            .optional("storage_class")
            .map(|node| read_storage_class(&node))
            .transpose()?,
        encryption: fields.optional("encryption").map(|node| read_encryption(&node)).transpose()?,
    })
}

/// The clauses that something is said about.
pub(super) fn clauses(stored_as: &StoredAs) -> Vec<Clause> {
    let said = [
        (Clause::Acl, stored_as.acl.is_some()),
        (Clause::Grants, !stored_as.grants.is_empty()),
        (Clause::CacheControl, stored_as.cache_control.is_some()),
        (Clause::ContentDisposition, stored_as.content_disposition.is_some()),
        (Clause::Metadata, !stored_as.metadata.is_empty()),
        (Clause::Tags, !stored_as.tags.is_empty()),
        (Clause::StorageClass, stored_as.storage_class.is_some()),
        (Clause::Encryption, stored_as.encryption.is_some()),
    ];
    said.into_iter().filter(|(_, is_said)| *is_said).map(|(clause, _)| clause).collect()
}

/// `{"read": ["uri=http://acs.amazonaws.com/groups/global/AllUsers", "id=…"]}`
fn read_grants(node: &Node<'_>) -> Result<Vec<StoreGrant>, PolicyError> {
    let fields = node.object(&GRANTS.map(|(name, _)| name))?;
    let mut grants = Vec::new();
    for (name, header) in GRANTS {
        let Some(node) = fields.optional(name) else { continue };
        let mut grantees = Vec::new();
        for node in node.list()? {
            let text = node.string()?;
            let named = text.split_once('=').filter(|(kind, name)| {
                let fits = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b',';
                matches!(*kind, "id" | "uri") && !name.is_empty() && name.bytes().all(fits)
            });
            let Some((kind, name)) = named else {
                return node.error(
                    "must be a grantee such as `id=` and a canonical user id, or \
                     `uri=http://acs.amazonaws.com/groups/global/AllUsers`",
                );
            };
            grantees.push(format!("{kind}=\"{name}\""));
        }
        if grantees.is_empty() {
            return node.error("must name at least one grantee");
        }
        grants.push(StoreGrant { header, grantees: grantees.join(", ") });
    }
    if grants.is_empty() {
        return node.error("must grant something, as in `{\"read\": [\"uri=…\"]}`");
    }
    Ok(grants)
}

fn read_metadata(node: &Node<'_>) -> Result<Vec<(String, MetadataValue)>, PolicyError> {
    let mut metadata = Vec::new();
    let mut length: usize = 0;
    for (name, node) in node.entries()? {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !name.bytes().all(plain) {
            return node.error("must have a name of `a`-`z`, `0`-`9` and `-`, as in `uploaded-by`");
        }
        let value = match node.string()? {
            "{principal}" => MetadataValue::Principal,
            "{filename}" => MetadataValue::Filename,
            _ => MetadataValue::Fixed(header_value(&node)?),
        };
        if let MetadataValue::Fixed(text) = &value {
            length = length.saturating_add(text.len());
        }
        length = length.saturating_add(name.len());
        metadata.push((name.to_owned(), value));
    }
    if length > MAX_METADATA {
        return node.error(format!("has more than {MAX_METADATA} bytes, which is S3's limit"));
    }
    Ok(metadata)
}

fn read_tags(node: &Node<'_>) -> Result<Vec<(String, String)>, PolicyError> {
    let entries = node.entries()?;
    if entries.len() > MAX_TAGS {
        return node.error(format!("has more than {MAX_TAGS} tags, which is S3's limit"));
    }
    let mut tags = Vec::new();
    for (name, node) in entries {
        let value = node.text()?;
        let plain =
            |text: &str| text.chars().all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c));
        if name.chars().count() > 128
            || value.chars().count() > 256
            || !plain(name)
            || !plain(value)
        {
            return node.error(
                "must be a tag as S3 has them: a name of up to 128 characters and a value of up to \
                 256, of letters, digits, spaces and `+-=._:/@`",
            );
        }
        tags.push((name.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

fn read_storage_class(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = node.string()?;
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    match text.bytes().all(plain) {
        true => Ok(text.to_owned()),
        false => node.error("must be a storage class such as `STANDARD_IA`"),
    }
}

/// `"s3"`, `"kms"` or `{"kms": "alias/shop"}`
fn read_encryption(node: &Node<'_>) -> Result<Encryption, PolicyError> {
    if node.is_string() {
        return node.one_of(&[("s3", Encryption::S3), ("kms", Encryption::Kms(None))]);
    }
    let key = node.object(&["kms"])?.required("kms")?;
    Ok(Encryption::Kms(Some(header_value(&key)?)))
}

/// Text that can be the value of a header and is the same after it was one.
fn header_value(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = node.string()?;
    let fits = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    match fits && text.trim() == text && !text.contains("  ") {
        true => Ok(text.to_owned()),
        false => node.error(
            "must be of ASCII characters, without spaces at its ends or two spaces in a row: it is \
             the value of a header",
        ),
    }
}
