//! Uploads that ask to stand for another object.
//!
//! A TempURL for PUT signs the path and nothing else: the client adds what headers and parameters
//! it likes. Where Swift heeds one of these, whoever may upload a file may read every object that
//! the key opens: all of the container with a container's key, all of the account with the
//! account's.
//!
//! | wish | Swift's own TempURL middleware |
//! |---|---|
//! | `X-Object-Manifest` (dynamic large object) | refuses it |
//! | `X-Symlink-Target` | refuses it |
//! | `X-Copy-From` | refuses it from 2.38.2 on; copies before |
//! | `?multipart-manifest=put` (static large object) | drops it: the list is stored as a file |
//!
//! Ceph's gateway (16.2) has keys of accounts alone, refuses the first, does not know the second,
//! and heeds the last two.

use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::object::Bucket;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;

use super::super::clause::{self, Clause};
use super::super::http::{Answer, Heard, Silence};
use super::super::scratch::{Scratch, Stored, remove};
use super::super::verdict::{Pointer, Verdict, pointer};
use super::{Bench, end};

/// The object that no upload may lead to.
const OTHER: &str = "other";
const OTHER_BODY: &[u8] = b"what another one stored";

/// How an upload asks to stand for another object.
#[derive(Clone, Copy)]
enum Wish {
    Header(&'static str),
    Segments,
}

const WISHES: [(&Clause, &str, Wish); 4] = [
    (&clause::COPY, "copy", Wish::Header("x-copy-from")),
    (&clause::MANIFEST, "manifest", Wish::Header("x-object-manifest")),
    (&clause::SEGMENTS, "segments", Wish::Segments),
    (&clause::SYMLINK, "symlink", Wish::Header("x-symlink-target")),
];

impl Bench<'_> {
    pub(super) fn probe_pointers(&mut self, reads_back: bool) {
        let own = self.container.clone();
        // The other container's object is needed only where the own container leaks.
        let stored = Heard::of(&self.put(OTHER, &[], OTHER_BODY));
        for (clause, name, wish) in WISHES {
            if !stored.is_success() {
                self.found(clause, Verdict::Unknown, &stored, None);
                continue;
            }
            let (put, verdict) = self.wish(name, wish, &own, reads_back);
            let (said, fix) = match verdict {
                Verdict::Fails => {
                    let reach = self.reach(name, wish, reads_back);
                    (format!("{put}: it opens {reach}"), Some(fix(reach)))
                }
                Verdict::Holds if put.is_success() => ("stored as a plain file".to_owned(), None),
                _ => (put.to_string(), None),
            };
            self.report.add(clause, verdict, Some(said), fix);
        }
    }

    /// How far a wish leads that is granted within the container.
    fn reach(&mut self, name: &str, wish: Wish, reads_back: bool) -> &'static str {
        let Some(elsewhere) = self.others.first().cloned() else {
            return "other objects of the container";
        };
        let mut scratch = Scratch::new("", [0; 8]);
        let path = self.path_in(&elsewhere, OTHER);
        let url = self.sign(Method::Put, &path, self.key, end());
        let stored = self.send(Method::Put, &url, &[("content-type", "text/plain")], OTHER_BODY);
        scratch.note(&path, &stored);
        let found = match Heard::of(&stored).is_success() {
            true => self.wish(name, wish, &elsewhere, reads_back).1,
            // The key does not open the other container, so this tells nothing of it.
            false => Verdict::Unknown,
        };
        let left = remove(scratch.stored(), |Stored { key, .. }| self.delete(key));
        self.left_elsewhere.extend(left);
        match found {
            Verdict::Fails => "other objects of the whole account",
            _ => "other objects of the container",
        }
    }

    fn wish(
        &mut self,
        name: &str,
        wish: Wish,
        container: &Bucket,
        reads_back: bool,
    ) -> (Heard, Verdict) {
        let put = self.put_wish(name, wish, container);
        let read = self.read(name).ok().filter(Answer::is_success).map(|answer| answer.body);
        let put = Heard::of(&put);
        let (read, other) = (read.as_deref(), OTHER_BODY);
        let verdict = pointer(&Pointer { put: &put, read, other, reads_back });
        (put, verdict)
    }

    fn put_wish(&mut self, name: &str, wish: Wish, container: &Bucket) -> Result<Answer, Silence> {
        let other = format!("/{container}/{}", self.scratch.key(OTHER));
        match wish {
            Wish::Header(header) => {
                // Without the slash before the container: a manifest names a prefix.
                let target = encode(other.trim_start_matches('/'), Slash::Keep);
                self.put(name, &[(header, &target)], b"")
            }
            Wish::Segments => {
                let url = self.sign(Method::Put, &self.object_path(name), self.key, end());
                let url = Secret::new(format!("{}&multipart-manifest=put", url.expose()));
                let segments = serde_json::json!([{ "path": other }]).to_string();
                self.put_to(name, &url, &[], segments.as_bytes())
            }
        }
    }
}

fn fix(reach: &str) -> String {
    format!(
        "whoever gets a TempURL for PUT can read {reach} with it: give out none. Let uploads go by \
         forms (FormPost), or by S3. A key of the container, in place of the account's, narrows it \
         to the container; Swift refuses X-Copy-From from 2.38.2 on"
    )
}
