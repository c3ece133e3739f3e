//! Signed PUTs, each with one thing wrong.

use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;

use super::super::clause::{self, Clause};
use super::super::http::{Answer, Heard, Silence};
use super::super::verdict::{Pointer, Verdict, offer, pointer, refusal};
use super::{Bench, CONTROL};

const BODY: &[u8] = b"cloakroom doctor";
/// As long as the body, so that its sums alone are wrong.
const OTHER_BODY: &[u8] = b"cloakroom DOCTOR";
const LONGER_BODY: &[u8] = b"cloakroom doctor+";
const TYPE: &str = "text/plain";

/// The sums of the body, as headers say them.
const SHA256: &str = "Xk8mw1CPJxkEaoT3w4tp27Bfe6eLJXnXErpfVqZ9PBI=";
const CRC32C: &str = "NXvFNw==";
const CRC64NVME: &str = "Jh9TUcAtPyQ=";
const MD5: &str = "StCFk4emCHugY1Ig9qouEw==";

/// A PUT whose length and type are signed, and what else is.
#[derive(Clone, Copy)]
struct Put<'p> {
    name: &'p str,
    signed: &'p [(&'p str, &'p str)],
    body: &'p [u8],
    sent_type: &'p str,
    /// What is sent without being signed.
    added: &'p [(&'p str, &'p str)],
}

const RIGHT: Put<'static> =
    Put { name: CONTROL, signed: &[], body: BODY, sent_type: TYPE, added: &[] };

impl Bench<'_> {
    /// Stores the control, as an upload is stored: if nothing is there. Then once more, which
    /// must be refused.
    pub(super) fn store_control(&mut self) -> Heard {
        let only_new = Put { signed: &[("if-none-match", "*")], ..RIGHT };
        let created = Heard::of(&self.put(&only_new));
        let control = match created.is_success() {
            true => created.clone(),
            false => Heard::of(&self.put(&RIGHT)),
        };
        let read = self.read(CONTROL);
        let (verdict, said) = match &read {
            _ if !control.is_success() => (Verdict::Fails, control.to_string()),
            Ok(answer) if answer.is_success() && answer.body == BODY => {
                (Verdict::Holds, control.to_string())
            }
            Ok(answer) if answer.is_success() => {
                (Verdict::Fails, "what is read is not what was stored".to_owned())
            }
            read => (Verdict::Fails, format!("it is stored and not read: {}", Heard::of(read))),
        };
        let prefix = self.scratch.prefix().strip_suffix(self.scratch.folder()).unwrap_or_default();
        let fix = format!(
            "give the credentials `s3:PutObject` and `s3:GetObject` for arn:aws:s3:::{}/{prefix}*",
            self.bucket,
        );
        self.report.add(&clause::STORE, verdict, Some(said), Some(fix));
        let again = match created.is_success() {
            true => Heard::of(&self.put(&Put { body: OTHER_BODY, ..only_new })),
            false => created.clone(),
        };
        let verdict = match control.is_success() {
            true => refusal(&created, &again),
            false => Verdict::Unknown,
        };
        self.found(&clause::CREATE_ONLY, verdict, &again, None);
        control
    }

    pub(super) fn probe_writes(&mut self, control: &Heard) {
        let length = Put { name: "content-length", body: LONGER_BODY, ..RIGHT };
        self.refused(&clause::CONTENT_LENGTH, control, &length, None);
        let content_type = Put { name: "content-type", sent_type: "text/csv", ..RIGHT };
        self.refused(&clause::CONTENT_TYPE, control, &content_type, None);
        for (clause, name, value) in [
            (&clause::CHECKSUM_SHA256, "x-amz-checksum-sha256", SHA256),
            (&clause::CHECKSUM_CRC32C, "x-amz-checksum-crc32c", CRC32C),
            (&clause::CHECKSUM_CRC64NVME, "x-amz-checksum-crc64nvme", CRC64NVME),
            (&clause::CONTENT_MD5, "content-md5", MD5),
        ] {
            let signed = [(name, value)];
            // A store may not know the sum at all.
            let right = match control.is_success() {
                true => Heard::of(&self.put(&Put { signed: &signed, ..RIGHT })),
                false => control.clone(),
            };
            let wrong = Put { name, signed: &signed, body: OTHER_BODY, ..RIGHT };
            self.refused(clause, &right, &wrong, None);
        }
        self.probe_public(control);
        let metadata =
            Put { name: "unsigned-metadata", added: &[("x-amz-meta-doctor", "unsigned")], ..RIGHT };
        let fix = "a client can add x-amz-meta-… headers, and perhaps others, to what it uploads; \
                   do not rely on the metadata of uploads";
        self.refused(&clause::UNSIGNED_METADATA, control, &metadata, Some(fix.to_owned()));
        self.probe_copy(control);
        self.probe_acl(control);
        self.probe_tags(control);
        self.probe_values(control);
        self.probe_kept(control);
    }

    /// An upload that asks, in a header that was not signed, to be public. A store may refuse it,
    /// or not heed it.
    fn probe_public(&mut self, control: &Heard) {
        const NAME: &str = "unsigned-acl";
        let public = Put { name: NAME, added: &[("x-amz-acl", "public-read")], ..RIGHT };
        if !control.is_success() {
            return self.found(&clause::UNSIGNED_ACL, Verdict::Unknown, control, None);
        }
        let put = Heard::of(&self.put(&public));
        let url = self.object_url(Method::Get, NAME, &[], &[]);
        let bare = Secret::new(url.expose().split('?').next().unwrap_or_default());
        let (verdict, heard) = match refusal(control, &put) {
            Verdict::Fails => {
                let anonymous = Heard::of(&self.send(Method::Get, &bare, &[], b""));
                (refusal(control, &anonymous), anonymous)
            }
            verdict => (verdict, put.clone()),
        };
        let said = match verdict {
            Verdict::Fails => format!("everybody can read it then: {heard}"),
            Verdict::Holds if put.is_success() => {
                format!("it took it, and a stranger cannot read it: {heard}")
            }
            verdict => super::super::said(verdict, &heard),
        };
        // Ceph's gateway (16.2) refuses every signed PUT where `BlockPublicAcls` is set.
        let fix = format!(
            "whoever has an upload URL can make what is uploaded public; let the bucket ignore \
             public ACLs:\n\
             aws s3api put-public-access-block --bucket {} --endpoint-url {} \\\n  \
             --public-access-block-configuration \
             BlockPublicAcls=false,IgnorePublicAcls=true,BlockPublicPolicy=true,\
             RestrictPublicBuckets=true",
            self.bucket, self.store.endpoint
        );
        self.report.add(&clause::UNSIGNED_ACL, verdict, Some(said), Some(fix));
    }

    /// An upload that asks, in a header that was not signed, to be a copy of another object.
    fn probe_copy(&mut self, control: &Heard) {
        const OTHER: &str = "other";
        let source = format!("/{}/{}", self.bucket, self.scratch.key(OTHER));
        let source = encode(source, Slash::Keep);
        let other = Put { name: OTHER, body: OTHER_BODY, ..RIGHT };
        let other =
            if control.is_success() { Heard::of(&self.put(&other)) } else { control.clone() };
        if !other.is_success() {
            return self.found(&clause::UNSIGNED_COPY, Verdict::Unknown, &other, None);
        }
        let added = [("x-amz-copy-source", source.as_str())];
        let put = Heard::of(&self.put(&Put { name: "copy", added: &added, ..RIGHT }));
        let read = |name| self.read(name).ok().filter(Answer::is_success).map(|a| a.body);
        let (read, known) = (read("copy"), read(OTHER));
        let verdict = pointer(&Pointer {
            put: &put,
            read: read.as_deref(),
            other: OTHER_BODY,
            reads_back: known.as_deref() == Some(OTHER_BODY),
        });
        let said = match verdict {
            Verdict::Holds if put.is_success() => "the header is ignored".to_owned(),
            verdict => super::super::said(verdict, &put),
        };
        let fix = "whoever gets an upload URL can read with it what the store's credentials can; \
                   give out none. Let uploads to this store go by signed forms, or keep them in \
                   another store; Swift refuses it from 2.38.1 on";
        self.report.add(&clause::UNSIGNED_COPY, verdict, Some(said), Some(fix.to_owned()));
    }

    /// A canned ACL that is signed: one that is fine, and one that does not exist.
    fn probe_acl(&mut self, control: &Heard) {
        if !control.is_success() {
            return self.found(&clause::ACL, Verdict::Unknown, control, None);
        }
        let acl = |value| [("x-amz-acl", value)];
        let right = Heard::of(&self.put(&Put { signed: &acl("private"), ..RIGHT }));
        let wrong = Put { name: "acl", signed: &acl("cloakroom-doctor"), ..RIGHT };
        self.refused(&clause::ACL, &right, &wrong, None);
    }

    /// Tags that are signed must be there afterwards.
    fn probe_tags(&mut self, control: &Heard) {
        const NAME: &str = "tags";
        if !control.is_success() {
            return self.found(&clause::TAGS, Verdict::Unknown, control, None);
        }
        let tagging = [("x-amz-tagging", "cloakroom=doctor")];
        let tagged = Heard::of(&self.put(&Put { name: NAME, signed: &tagging, ..RIGHT }));
        if !tagged.is_success() {
            return self.found(&clause::TAGS, offer(&tagged), &tagged, None);
        }
        let url = self.object_url(Method::Get, NAME, &[("tagging", "")], &[]);
        let answer = self.send(Method::Get, &url, &[], b"");
        let has_tag = |answer: &Answer| answer.element("Key").as_deref() == Some("cloakroom");
        let verdict = match &answer {
            Ok(answer) if answer.is_success() && has_tag(answer) => Verdict::Holds,
            // The credentials may set tags and not see them.
            Ok(answer) if answer.status == 403 => Verdict::Unknown,
            Ok(_) => Verdict::Fails,
            Err(_) => Verdict::Unknown,
        };
        self.found(&clause::TAGS, verdict, &Heard::of(&answer), None);
    }

    /// Values that do not exist, signed: who heeds their headers refuses them.
    fn probe_values(&mut self, control: &Heard) {
        for (clause, name, value) in [
            (&clause::GRANTS, "x-amz-grant-read", "id=\"cloakroom-doctor\""),
            (&clause::STORAGE_CLASS, "x-amz-storage-class", "CLOAKROOM_DOCTOR"),
            (&clause::ENCRYPTION, "x-amz-server-side-encryption", "cloakroom-doctor"),
        ] {
            if !control.is_success() {
                self.found(clause, Verdict::Unknown, control, None);
                continue;
            }
            let heard = Heard::of(&self.put(&Put { name, signed: &[(name, value)], ..RIGHT }));
            let is_foreign = heard.status() == Some(501)
                || ["NotImplemented", "AccessControlListNotSupported"]
                    .iter()
                    .any(|code| heard.has_code(code));
            let verdict = if is_foreign { Verdict::Unsupported } else { refusal(control, &heard) };
            self.found(clause, verdict, &heard, None);
        }
    }

    /// Headers that are signed come back as they were.
    fn probe_kept(&mut self, control: &Heard) {
        const NAME: &str = "kept";
        let kept = [
            (&clause::CACHE_CONTROL, ("cache-control", "private, max-age=60")),
            (&clause::CONTENT_DISPOSITION, ("content-disposition", "attachment")),
            (&clause::METADATA, ("x-amz-meta-doctor", "kept")),
        ];
        let put = match control.is_success() {
            true => {
                Heard::of(&self.put(&Put { name: NAME, signed: &kept.map(|it| it.1), ..RIGHT }))
            }
            false => control.clone(),
        };
        let read = self.read(NAME);
        for (clause, (name, value)) in kept {
            let verdict = match &read {
                _ if !control.is_success() => Verdict::Unknown,
                _ if !put.is_success() => offer(&put),
                Ok(answer) if answer.is_success() => {
                    let is_kept = answer.header(name).is_some_and(|found| found == value);
                    if is_kept { Verdict::Holds } else { Verdict::Fails }
                }
                _ => Verdict::Unknown,
            };
            self.found(clause, verdict, if put.is_success() { control } else { &put }, None);
        }
    }

    /// Stores the control as a page of the origin does.
    pub(super) fn store_as_page(&mut self, origin: &str) -> Result<Answer, Silence> {
        self.put(&Put { added: &[("origin", origin)], ..RIGHT })
    }

    pub(super) fn read(&self, name: &str) -> Result<Answer, Silence> {
        let url = self.object_url(Method::Get, name, &[], &[]);
        self.send(Method::Get, &url, &[], b"")
    }

    /// A PUT that must be refused.
    fn refused(
        &mut self,
        clause: &'static Clause,
        control: &Heard,
        put: &Put<'_>,
        fix: Option<String>,
    ) {
        if !control.is_success() {
            let verdict = refusal(control, control);
            return self.found(clause, verdict, control, fix);
        }
        let heard = Heard::of(&self.put(put));
        self.found(clause, refusal(control, &heard), &heard, fix);
    }

    /// Notes a verdict and the answer that it is about.
    pub(super) fn found(
        &mut self,
        clause: &'static Clause,
        verdict: Verdict,
        heard: &Heard,
        fix: Option<String>,
    ) {
        self.report.add(clause, verdict, Some(super::super::said(verdict, heard)), fix);
    }

    fn put(&mut self, put: &Put<'_>) -> Result<Answer, Silence> {
        let length = BODY.len().to_string();
        let mut signed = vec![("content-type", TYPE), ("content-length", &length)];
        signed.extend_from_slice(put.signed);
        let url = self.object_url(Method::Put, put.name, &[], &signed);
        let mut headers = vec![("content-type", put.sent_type)];
        headers.extend_from_slice(put.signed);
        headers.extend_from_slice(put.added);
        let answer = self.send(Method::Put, &url, &headers, put.body);
        self.scratch.note(&self.scratch.key(put.name), &answer);
        answer
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use crc_fast::CrcAlgorithm;
    use md5::{Digest, Md5};

    use super::*;

    #[test]
    fn the_sums_are_those_of_the_body() {
        let crc = |algorithm| crc_fast::checksum(algorithm, BODY);
        let crc32c = u32::try_from(crc(CrcAlgorithm::Crc32Iscsi)).unwrap_or_default();
        assert_eq!(BASE64_STANDARD.encode(crc32c.to_be_bytes()), CRC32C);
        assert_eq!(BASE64_STANDARD.encode(crc(CrcAlgorithm::Crc64Nvme).to_be_bytes()), CRC64NVME);
        assert_eq!(BASE64_STANDARD.encode(cloakroom_core::crypto::sha256(BODY)), SHA256);
        assert_eq!(BASE64_STANDARD.encode(Md5::digest(BODY)), MD5);
        assert_eq!(BODY.len(), OTHER_BODY.len());
    }
}
