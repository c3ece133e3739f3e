//! Uploads in parts: one is begun, and thrown away at once.

use cloakroom_core::request::Method;

use super::super::clause;
use super::super::http::{Answer, Heard};
use super::super::verdict::{Verdict, offer};
use super::Bench;

const NAME: &str = "multipart";

impl Bench<'_> {
    pub(super) fn probe_multipart(&mut self) {
        let headers = [("content-type", "text/plain")];
        let url = self.object_url(Method::Post, NAME, &[("uploads", "")], &headers);
        let answer = self.send(Method::Post, &url, &headers, b"");
        let heard = Heard::of(&answer);
        let id: Option<String> =
            answer.ok().filter(Answer::is_success).and_then(|begun| begun.raw_element("UploadId"));
        let Some(id) = id else {
            // One that says that it has begun, and not what, has begun nothing.
            let verdict = if heard.is_success() { Verdict::Fails } else { offer(&heard) };
            return self.found(&clause::MULTIPART, verdict, &heard, None);
        };
        self.found(&clause::MULTIPART, offer(&heard), &heard, None);
        let url = self.object_url(Method::Delete, NAME, &[("uploadId", &id)], &[]);
        if !matches!(self.send(Method::Delete, &url, &[], b""), Ok(answer) if answer.is_success()) {
            self.unfinished.push(format!("{} (an unfinished upload)", self.scratch.key(NAME)));
        }
    }
}
