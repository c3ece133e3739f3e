//! Files in parts: whether the container of segments is there, and parts become one object.
//!
//! What is done is what the function does: a part by a TempURL, a manifest by a token, and the whole
//! read by a TempURL again. A TempURL by the key of a container opens nothing in another one, so by
//! such a key the manifest is read and not what it names.

use cloakroom_core::object::{Bucket, ObjectKey};
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::upload::multipart::Part;
use cloakroom_core::upload::segments::{ID_LENGTH, LargeObject, Segments, upload_id};

use super::super::clause;
use super::super::cors::{exposure, preflight};
use super::super::http::{Answer, Heard, Silence};
use super::super::scratch::{Scratch, Stored, remove};
use super::super::verdict::Verdict;
use super::{BODY, Bench, cors_fix, end};

/// The object that is put together.
const WHOLE: &str = "whole";

impl Bench<'_> {
    pub(super) fn probe_segments(&mut self) {
        let Some(segments) = self.segments else { return };
        let Ok(key) = ObjectKey::new(self.scratch.key(WHOLE)) else { return };
        let (id, container) = (upload_id([0; ID_LENGTH]), self.container.clone());
        let (container, key, upload_id) = (&container, &key, id.as_str());
        let large = LargeObject { store: self.store, segments, container, key, upload_id };
        let token = self.ask_token(segments);
        let mut scratch = Scratch::new("", [0; 8]);
        if let Some(etag) = self.send_part(&large, &mut scratch) {
            if let Some(token) = token {
                self.put_together(&large, &token, etag);
            }
            self.probe_cors_of_parts(&segments.container, large.path_of(1));
        }
        let left = remove(scratch.stored(), |Stored { key, .. }| self.delete(key));
        self.left_elsewhere.extend(left);
    }

    fn ask_token(&mut self, segments: &Segments) -> Option<Secret> {
        let call = segments.auth.call();
        let headers: Vec<_> = call.headers.iter().map(|(n, v)| (*n, v.expose())).collect();
        let url = Secret::new(call.url);
        let answer = self.send(call.method, &url, &headers, call.body.expose().as_bytes());
        let heard = Heard::of(&answer);
        let answer = answer.ok();
        let token = answer.and_then(|it| segments.auth.token(it.status, |name| it.header(name)));
        let (verdict, said) = match (&token, heard.is_success()) {
            (Some(_), _) => (Verdict::Holds, heard.to_string()),
            (None, true) => (Verdict::Fails, format!("{heard}, and no token in it")),
            (None, false) => (Verdict::Fails, heard.to_string()),
        };
        let name = &self.store.name;
        let fix = format!("see whether `url` and the secrets of `stores.{name}.auth` are right");
        self.report.add(&clause::TOKEN, verdict, Some(said), Some(fix));
        token
    }

    /// Sends the one part, and says its ETag.
    fn send_part(&mut self, large: &LargeObject<'_>, scratch: &mut Scratch) -> Option<String> {
        let path = large.path_of(1);
        let url = self.sign(Method::Put, &path, self.key, end());
        let put = self.send(Method::Put, &url, &[], BODY);
        scratch.note(&path, &put);
        let heard = Heard::of(&put);
        let container = &large.segments.container;
        let (verdict, fix) = match heard.status() {
            Some(201) => (Verdict::Holds, None),
            Some(404) => (Verdict::Fails, Some(format!("make it:\nswift post {container}"))),
            Some(401) => (Verdict::Fails, Some(self.keys_fix(container))),
            _ => (Verdict::Unknown, None),
        };
        self.report.add(&clause::PARTS, verdict, Some(format!("`{container}`: {heard}")), fix);
        put.ok().filter(Answer::is_success).and_then(|answer| answer.header("etag"))
    }

    fn put_together(&mut self, large: &LargeObject<'_>, token: &Secret, etag: String) {
        let size = u64::try_from(BODY.len()).unwrap_or_default();
        let manifest = large.manifest(&[Part { number: 1, size, etag }]);
        let headers = [
            ("x-auth-token", token.expose()),
            ("content-type", "text/plain"),
            ("if-none-match", "*"),
        ];
        let url = Secret::new(large.put_manifest_url());
        let put = self.send(Method::Put, &url, &headers, manifest.as_bytes());
        self.scratch.note(large.key.as_str(), &put);
        let put = Heard::of(&put);
        let read = self.read(WHOLE);
        let reads_back = matches!(&read, Ok(answer) if answer.is_success() && answer.body == BODY);
        let name = &self.store.name;
        let (verdict, said, fix) = match (put.is_success(), reads_back) {
            (true, true) => (Verdict::Holds, put.to_string(), None),
            (true, false) => (
                Verdict::Fails,
                format!("it was put together, and reading it was answered {}", Heard::of(&read)),
                Some(format!(
                    "let `stores.{name}.keys` name keys of the account: a container's own key does \
                     not open the segments. Or keep them in the same container, by `segments` of \
                     the upload rule"
                )),
            ),
            (false, _) => (
                Verdict::Fails,
                put.to_string(),
                Some(format!(
                    "let the user of `stores.{name}.auth` write to both containers, and let Swift \
                     have the filter `slo`"
                )),
            ),
        };
        self.report.add(&clause::LARGE, verdict, Some(said), fix);
    }

    fn probe_cors_of_parts(&mut self, container: &Bucket, path: String) {
        let Some(origin) = self.origin else { return };
        let headers = [("origin", origin), ("access-control-request-method", "PUT")];
        let url = Secret::new(self.store.url_of(&path));
        let asked = self.send(Method::Options, &url, &headers, b"");
        let url = self.sign(Method::Put, &path, self.key, end());
        let sent = self.send(Method::Put, &url, &[("origin", origin)], BODY);
        let silent = |silence: &Silence| (Verdict::Unknown, silence.to_string());
        let asked = asked.as_ref().map_or_else(silent, |answer| preflight(answer, origin, &[]));
        let sent = sent.as_ref().map_or_else(silent, |answer| exposure(answer, origin));
        let fix = cors_fix(container, origin);
        for (clause, (verdict, said)) in
            [(&clause::PARTS_CORS, asked), (&clause::PARTS_CORS_EXPOSE, sent)]
        {
            let said = Some(said).filter(|said| !said.is_empty());
            self.report.add(clause, verdict, said, Some(fix.clone()));
        }
    }
}
