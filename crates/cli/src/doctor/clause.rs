//! What a store is asked about: each clause in plain words, and who needs it.

use cloakroom_core::policy::Wants;
use cloakroom_core::upload::checksum::ChecksumAlgorithm;
use cloakroom_core::upload::kind::{Clause as Rule, Kind};

/// Something that a store does or refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// Its name in JSON.
    pub(super) id: &'static str,
    /// What the store does where it holds.
    pub(super) words: &'static str,
    pub(super) need: Need,
    /// What it is called in `stores.NAME.lacks` of a policy.
    pub(super) lacks: Option<&'static str>,
}

/// Whether a policy needs a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Always,
    /// Where an upload rule stores objects there.
    Uploads,
    /// Where a rule relies on this for files that are sent by PUT, at once or in parts.
    Put(Rule),
    /// Where a rule demands this checksum.
    Sum(ChecksumAlgorithm),
    /// Where a rule has files sent by forms.
    Forms,
    /// Where a rule relies on this for files that are sent by forms.
    Form(Rule),
    /// Where a rule relies on this, however files are sent.
    Any(Rule),
    /// Where a rule has files sent in parts.
    Parts,
    /// Good to know, and no rule relies on it.
    Nobody,
}

impl Need {
    /// Whether rules that want this of a store need it.
    pub(super) fn is_of(self, wants: &Wants) -> bool {
        match self {
            Self::Always => true,
            Self::Uploads => !wants.kinds.is_empty(),
            Self::Put(clause) => wants.rely_on(clause),
            Self::Sum(algorithm) => wants.checksums.contains(&algorithm),
            Self::Forms => wants.kinds.contains(&Kind::Form),
            Self::Form(clause) => wants.rely_on_in_forms(clause),
            Self::Any(clause) => wants.rely_on(clause) || wants.rely_on_in_forms(clause),
            Self::Parts => wants.kinds.contains(&Kind::Multipart),
            Self::Nobody => false,
        }
    }

    /// The clause that a rule names in `unenforced` to do without it.
    pub(super) fn waiver(self) -> Option<Rule> {
        match self {
            Self::Put(clause) | Self::Form(clause) | Self::Any(clause) => Some(clause),
            Self::Sum(_) => Some(Rule::Checksum),
            Self::Always | Self::Uploads | Self::Forms | Self::Parts | Self::Nobody => None,
        }
    }
}

macro_rules! clauses {
    ($($name:ident $id:literal $need:expr, $lacks:expr, $words:literal;)*) => {
        $(pub(super) const $name: Clause =
            Clause { id: $id, words: $words, need: $need, lacks: $lacks };)*
        #[cfg(test)]
        pub(super) const ALL: &[&Clause] = &[$(&$name),*];
    };
}

clauses! {
    ACCESS "access" Need::Always, None, "answers, and takes the credentials";
    CLOCK "clock" Need::Always, None, "has the time of this machine";
    SIGNATURE "signature" Need::Always, None, "refuses a tampered signature";
    EXPIRY "expiry" Need::Always, None, "refuses a URL that has expired";
    METHOD "method" Need::Always, None, "refuses a URL that was signed for another method";
    MAX_EXPIRY "max_expiry" Need::Nobody, None, "refuses a URL that lives longer than seven days";
    REGION "region" Need::Nobody, None, "refuses a signature for another region";

    STORE "store" Need::Uploads, None, "stores what a signed URL allows, and reads it back";
    CONTENT_LENGTH "content_length" Need::Put(Rule::Size), Some("size"),
        "refuses another size than was signed";
    CONTENT_TYPE "content_type" Need::Put(Rule::ContentType), Some("content_type"),
        "refuses another type than was signed";
    CREATE_ONLY "create_only" Need::Put(Rule::CreateOnly), Some("create_only"),
        "refuses to replace an object (If-None-Match: *)";
    CHECKSUM_SHA256 "checksum_sha256" Need::Sum(ChecksumAlgorithm::Sha256), Some("checksum"),
        "refuses a body with another SHA-256";
    CHECKSUM_CRC32C "checksum_crc32c" Need::Sum(ChecksumAlgorithm::Crc32c), Some("checksum"),
        "refuses a body with another CRC-32C";
    CHECKSUM_CRC64NVME "checksum_crc64nvme" Need::Sum(ChecksumAlgorithm::Crc64Nvme), Some("checksum"),
        "refuses a body with another CRC-64/NVME";
    CONTENT_MD5 "content_md5" Need::Sum(ChecksumAlgorithm::Md5), Some("checksum"),
        "refuses a body with another MD5 (Content-MD5)";
    UNSIGNED_ACL "unsigned_acl" Need::Put(Rule::SignedHeaders), Some("signed_headers"),
        "lets no upload make itself public (unsigned x-amz-acl)";
    UNSIGNED_METADATA "unsigned_metadata" Need::Put(Rule::Metadata), Some("signed_headers"),
        "refuses x-amz-meta-… headers that were not signed";
    UNSIGNED_COPY "unsigned_copy" Need::Put(Rule::SignedHeaders), Some("signed_headers"),
        "lets no upload copy another object (x-amz-copy-source)";
    ACL "acl" Need::Any(Rule::Acl), Some("acl"), "heeds a signed x-amz-acl";
    GRANTS "grants" Need::Any(Rule::Grants), Some("grants"), "heeds signed x-amz-grant-… headers";
    TAGS "tags" Need::Any(Rule::Tags), Some("tags"), "keeps the tags of a signed x-amz-tagging";
    STORAGE_CLASS "storage_class" Need::Any(Rule::StorageClass), Some("storage_class"),
        "heeds a signed x-amz-storage-class";
    ENCRYPTION "encryption" Need::Any(Rule::Encryption), Some("encryption"),
        "heeds a signed x-amz-server-side-encryption";
    CACHE_CONTROL "cache_control" Need::Any(Rule::CacheControl), Some("cache_control"),
        "keeps a signed Cache-Control";
    CONTENT_DISPOSITION "content_disposition" Need::Any(Rule::ContentDisposition),
        Some("content_disposition"), "keeps a signed Content-Disposition";
    METADATA "metadata" Need::Any(Rule::Metadata), Some("metadata"),
        "keeps signed x-amz-meta-… headers";

    MULTIPART "multipart" Need::Parts, Some("multipart"), "takes files in parts";

    FORM "form" Need::Forms, Some("form"), "takes signed forms (POST)";
    FORM_SIZE "form_size" Need::Form(Rule::Size), Some("form"),
        "refuses a larger file than a form allows";
    FORM_FIELDS "form_fields" Need::Forms, Some("form"),
        "refuses a field that a form does not name";
    FORM_TYPE "form_type" Need::Form(Rule::ContentType), Some("form"),
        "refuses another type than a form names";
    FORM_SIGNATURE "form_signature" Need::Forms, Some("form"),
        "refuses a form's tampered signature";
    FORM_EXPIRY "form_expiry" Need::Forms, Some("form"), "refuses a form that has expired";

    INFO "info" Need::Nobody, None, "says what it offers (/info)";
    DIGEST "digest" Need::Always, None, "takes signatures of the policy's `digest`";
    COPY "copy" Need::Put(Rule::SignedHeaders), None,
        "lets no upload copy another object (X-Copy-From)";
    MANIFEST "manifest" Need::Put(Rule::SignedHeaders), None,
        "lets no upload point at other objects (X-Object-Manifest)";
    SEGMENTS "segments" Need::Put(Rule::SignedHeaders), None,
        "lets no upload list other objects (?multipart-manifest=put)";
    SYMLINK "symlink" Need::Put(Rule::SignedHeaders), None,
        "lets no upload stand for another object (X-Symlink-Target)";

    TOKEN "token" Need::Parts, None, "gives a token for what TempURLs cannot do";
    PARTS "parts" Need::Parts, None, "takes parts in the container of segments";
    LARGE "large_object" Need::Parts, None, "puts parts together, and reads them as one object";
    PARTS_CORS "parts_cors" Need::Parts, None, "lets pages of the origin send parts (CORS)";
    PARTS_CORS_EXPOSE "parts_cors_expose" Need::Parts, None, "lets them read the ETag of a part (CORS)";

    CORS "cors" Need::Uploads, None, "lets pages of the origin upload (CORS)";
    CORS_EXPOSE "cors_expose" Need::Uploads, None, "lets them read ETag and Location (CORS)";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for (index, clause) in ALL.iter().enumerate() {
            let same = ALL.iter().position(|other| other.id == clause.id);
            assert_eq!(same, Some(index), "{}", clause.id);
            assert!(clause.words.len() <= 64, "{}", clause.words);
        }
    }
}
