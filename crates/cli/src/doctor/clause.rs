//! What a store is asked about: each clause in plain words, and who needs it.

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
    /// Good to know, and no rule relies on it.
    Nobody,
}

macro_rules! clauses {
    ($($name:ident $id:literal $need:ident $lacks:expr, $words:literal;)*) => {
        $(pub(super) const $name: Clause =
            Clause { id: $id, words: $words, need: Need::$need, lacks: $lacks };)*
        #[cfg(test)]
        pub(super) const ALL: &[&Clause] = &[$(&$name),*];
    };
}

clauses! {
    ACCESS "access" Always None, "answers, and takes the credentials";
    CLOCK "clock" Always None, "has the time of this machine";
    SIGNATURE "signature" Always None, "refuses a tampered signature";
    EXPIRY "expiry" Always None, "refuses a URL that has expired";
    METHOD "method" Always None, "refuses a URL that was signed for another method";
    MAX_EXPIRY "max_expiry" Nobody None, "refuses a URL that lives longer than seven days";
    REGION "region" Nobody None, "refuses a signature for another region";

    STORE "store" Uploads None, "stores what a signed URL allows, and reads it back";
    CONTENT_LENGTH "content_length" Uploads Some("size"),
        "refuses another size than was signed";
    CONTENT_TYPE "content_type" Uploads Some("content_type"),
        "refuses another type than was signed";
    CREATE_ONLY "create_only" Uploads Some("create_only"),
        "refuses to replace an object (If-None-Match: *)";
    CHECKSUM_SHA256 "checksum_sha256" Uploads Some("checksum"),
        "refuses a body with another SHA-256";
    CHECKSUM_CRC32C "checksum_crc32c" Nobody Some("checksum"),
        "refuses a body with another CRC-32C";
    CHECKSUM_CRC64NVME "checksum_crc64nvme" Nobody Some("checksum"),
        "refuses a body with another CRC-64/NVME";
    CONTENT_MD5 "content_md5" Nobody Some("checksum"),
        "refuses a body with another MD5 (Content-MD5)";
    UNSIGNED_ACL "unsigned_acl" Uploads Some("signed_headers"),
        "lets no upload make itself public (unsigned x-amz-acl)";
    UNSIGNED_METADATA "unsigned_metadata" Nobody Some("signed_headers"),
        "refuses x-amz-meta-… headers that were not signed";
    UNSIGNED_COPY "unsigned_copy" Uploads Some("signed_headers"),
        "lets no upload copy another object (x-amz-copy-source)";
    ACL "acl" Nobody Some("acl"), "heeds a signed x-amz-acl";
    TAGS "tags" Nobody Some("tags"), "keeps the tags of a signed x-amz-tagging";

    FORM "form" Nobody Some("form"), "takes signed forms (POST)";
    FORM_SIZE "form_size" Nobody Some("form"), "refuses a larger file than a form allows";
    FORM_FIELDS "form_fields" Nobody Some("form"), "refuses a field that a form does not name";
    FORM_TYPE "form_type" Nobody Some("form"), "refuses another type than a form names";
    FORM_SIGNATURE "form_signature" Nobody Some("form"), "refuses a form's tampered signature";
    FORM_EXPIRY "form_expiry" Nobody Some("form"), "refuses a form that has expired";

    INFO "info" Nobody None, "says what it offers (/info)";
    DIGEST "digest" Always None, "takes signatures of the policy's `digest`";
    COPY "copy" Uploads None, "lets no upload copy another object (X-Copy-From)";
    MANIFEST "manifest" Uploads None, "lets no upload point at other objects (X-Object-Manifest)";
    SEGMENTS "segments" Uploads None,
        "lets no upload list other objects (?multipart-manifest=put)";
    SYMLINK "symlink" Uploads None, "lets no upload stand for another object (X-Symlink-Target)";

    TOKEN "token" Uploads None, "gives a token for what TempURLs cannot do";
    PARTS "parts" Uploads None, "takes parts in the container of segments";
    LARGE "large_object" Uploads None, "puts parts together, and reads them as one object";
    PARTS_CORS "parts_cors" Uploads None, "lets pages of the origin send parts (CORS)";
    PARTS_CORS_EXPOSE "parts_cors_expose" Uploads None, "lets them read the ETag of a part (CORS)";

    CORS "cors" Uploads None, "lets pages of the origin upload (CORS)";
    CORS_EXPOSE "cors_expose" Uploads None, "lets them read ETag and Location (CORS)";
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
