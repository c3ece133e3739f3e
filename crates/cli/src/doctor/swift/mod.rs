//! A Swift cluster: an account by its TempURL keys.

mod form;
mod info;
mod pointer;
mod segments;
mod ticket;

use std::time::Duration;

use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::object::Bucket;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::store::SwiftStore;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::segments::Segments;

use self::info::Info;
use super::Ground;
use super::clause::{self, Clause};
use super::http::{Answer, Call, Client, Heard, Silence};
use super::report::StoreReport;
use super::scratch::{Scratch, remove};
use super::verdict::Verdict;
use crate::now;

/// How long the doctor's own URLs live, in seconds.
const LIFE: u64 = 300;

const BODY: &[u8] = b"cloakroom doctor";

/// The one object that rightly signed requests write.
const CONTROL: &str = "control";

/// What of Swift is probed, and what is found out.
struct Bench<'a> {
    store: &'a SwiftStore,
    client: Client,
    container: Bucket,
    /// Which of the store's keys opens the container.
    key: usize,
    /// The policy's other containers in the same account.
    others: Vec<Bucket>,
    /// Where the policy has parts of files, if anywhere.
    segments: Option<&'a Segments>,
    /// What forms may be signed with, where the cluster says so.
    form_digests: Option<Vec<String>>,
    origin: Option<&'a str>,
    headers: &'a [&'a str],
    scratch: Scratch,
    /// What could not be removed from the other container.
    left_elsewhere: Vec<String>,
    report: StoreReport,
}

/// Examines a store.
pub(super) fn examine(
    store: &SwiftStore,
    ground: &Ground<'_>,
    mut report: StoreReport,
) -> StoreReport {
    let Some((container, location)) = ground.sites.first() else {
        return report.unprobed(super::NO_SITE);
    };
    report.probed_in(container.as_str());
    let others = ground.sites.iter().skip(1).map(|(other, _)| other.clone());
    let mut bench = Bench {
        store,
        client: Client::new(store.timeout),
        container: container.clone(),
        key: 0,
        others: others.collect(),
        segments: ground.segments,
        form_digests: None,
        origin: ground.origin,
        headers: &ground.headers,
        scratch: Scratch::new(location, ground.random),
        left_elsewhere: Vec::new(),
        report,
    };
    if bench.is_let_in() {
        bench.probe();
    }
    bench.finish()
}

impl Bench<'_> {
    fn probe(&mut self) {
        let Ok(reads_back) = self.store_control() else {
            // Whatever is asked there is not there, so nothing would tell a good ticket from a bad.
            return self.report.set_unprobed("its container is not there");
        };
        self.probe_tickets();
        if let Some(reads_back) = reads_back {
            self.probe_pointers(reads_back);
        }
        self.probe_forms();
        self.probe_segments();
        self.probe_cors();
    }

    fn is_let_in(&mut self) -> bool {
        let url = Secret::new(format!("{}/info", self.store.endpoint));
        let answer = self.send(Method::Get, &url, &[], b"");
        let answer = match answer {
            Ok(answer) => answer,
            Err(silence) => {
                let fix = format!(
                    "see whether `stores.{}.endpoint` is right, and the store runs",
                    self.store.name
                );
                return self.shut_out(silence.to_string(), fix);
            }
        };
        let info = Info::parse(&answer.body).filter(|_| answer.is_success());
        let date = answer.header("date");
        let (works, refused) = self.try_keys(&self.container);
        let Some(works) = works else {
            return match &info {
                Some(info) if !self.takes_digest(info) => {
                    self.say_info(Some(info));
                    self.report.set_unprobed("it takes no signature of the policy's `digest`");
                    false
                }
                _ => {
                    let fix = self.keys_fix(&self.container);
                    self.shut_out(format!("none of the keys opens it ({refused})"), fix)
                }
            };
        };
        self.key = works;
        self.say_keys();
        super::add_clock(&mut self.report, date.as_deref());
        self.say_info(info.as_ref());
        self.form_digests = info.and_then(|info| info.form_digests);
        true
    }

    fn shut_out(&mut self, problem: String, fix: String) -> bool {
        self.report.add(&clause::ACCESS, Verdict::Fails, Some(problem), Some(fix));
        self.report.set_unprobed("it does not let us in");
        false
    }

    /// Which keys open which containers.
    fn say_keys(&mut self) {
        let locked = self.others.iter().find(|other| self.try_keys(other).0.is_none());
        let (verdict, said, fix) = match locked {
            Some(locked) => (
                Verdict::Fails,
                Some(format!("no key opens `{locked}`, which a route names, too")),
                Some(self.keys_fix(locked)),
            ),
            None if self.key > 0 => {
                (Verdict::Holds, Some("by the second key; the first is refused".to_owned()), None)
            }
            None => (Verdict::Holds, None, None),
        };
        self.report.add(&clause::ACCESS, verdict, said, fix);
    }

    fn keys_fix(&self, container: &Bucket) -> String {
        format!(
            "set a key that `stores.{}.keys` names on the account or the container:\n\
             swift post {container} -m \"Temp-URL-Key: …\"",
            self.store.name
        )
    }

    /// The first key that opens a container, and what the last one was answered.
    fn try_keys(&self, container: &Bucket) -> (Option<usize>, Heard) {
        let mut last = Heard::Silence(Silence::Broken);
        for key in 0..self.store.keys.len() {
            let url = self.sign(Method::Get, &self.path_in(container, CONTROL), key, end());
            // A HEAD comes with a GET, and answers without a body.
            last = Heard::of(&self.send(Method::Head, &url, &[], b""));
            if matches!(last.status(), Some(200..=299 | 404)) {
                return (Some(key), last);
            }
        }
        (None, last)
    }

    fn takes_digest(&self, info: &Info) -> bool {
        let digest = self.store.digest.as_str();
        info.digests.as_ref().is_none_or(|known| known.iter().any(|known| known == digest))
    }

    fn say_info(&mut self, info: Option<&Info>) {
        let Some(info) = info else {
            let said = "it does not say".to_owned();
            self.report.add(&clause::INFO, Verdict::Unknown, Some(said), None);
            return self.report.add(&clause::DIGEST, Verdict::Holds, None, None);
        };
        self.report.add(&clause::INFO, Verdict::Holds, Some(info.summary()), None);
        let known = info.digests.clone().unwrap_or_default();
        let best = ["sha256", "sha512", "sha1"].into_iter().find(|d| known.iter().any(|k| k == d));
        let fix = best.map(|best| {
            format!(
                "sign with what it takes:\n\
                 \"stores\": {{ \"{}\": {{ …, \"digest\": \"{best}\" }} }}",
                self.store.name
            )
        });
        let verdict = if self.takes_digest(info) { Verdict::Holds } else { Verdict::Fails };
        self.report.add(&clause::DIGEST, verdict, None, fix);
    }

    /// Stores the control, and reads it. Tells whether it was as it had been stored; none when
    /// it was not stored, and an error when there is nowhere to store it.
    fn store_control(&mut self) -> Result<Option<bool>, ()> {
        let put = Heard::of(&self.put(CONTROL, &[], BODY));
        let read = self.read(CONTROL);
        let reads_back = matches!(&read, Ok(answer) if answer.is_success() && answer.body == BODY);
        let (verdict, said) = match put.is_success() {
            true if reads_back => (Verdict::Holds, put.to_string()),
            true => (Verdict::Fails, "it stored it, and gave another body back".to_owned()),
            false => (Verdict::Fails, put.to_string()),
        };
        let fix = match put.status() {
            Some(404) => format!(
                "make the container `{}`, or correct its name in the policy's routes",
                self.container
            ),
            _ => "let TempURLs be for PUT, too: `methods` of Swift's filter `tempurl`".to_owned(),
        };
        self.report.add(&clause::STORE, verdict, Some(said), Some(fix));
        if put.status() == Some(404) { Err(()) } else { Ok(put.is_success().then_some(reads_back)) }
    }

    fn probe_cors(&mut self) {
        let Some(origin) = self.origin else { return };
        let url =
            format!("{}{}", self.store.endpoint, encode(self.object_path(CONTROL), Slash::Keep));
        let asked = self.headers.join(",");
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", asked.as_str()),
        ];
        let preflight = self.send(Method::Options, &Secret::new(url), &headers, b"");
        let answer = self.put(CONTROL, &[("origin", origin)], BODY);
        let fix = cors_fix(&self.container, origin);
        super::add_cors(&mut self.report, &preflight, &answer, origin, self.headers, &fix);
    }

    /// Removes what was stored.
    fn finish(mut self) -> StoreReport {
        let mut left = std::mem::take(&mut self.left_elsewhere);
        left.extend(remove(self.scratch.stored(), |stored| {
            let path = format!("/v1/{}/{}/{}", self.store.account, self.container, stored.key);
            self.delete(&path)
        }));
        let prefix = self.scratch.prefix();
        let by_hand = format!("swift delete {} --prefix {prefix}", self.container);
        self.report.left(left, by_hand);
        self.report
    }

    fn delete(&self, path: &str) -> Result<Answer, Silence> {
        let url = self.sign(Method::Delete, path, self.key, end());
        self.send(Method::Delete, &url, &[], b"")
    }

    fn put(
        &mut self,
        name: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Silence> {
        let url = self.sign(Method::Put, &self.object_path(name), self.key, end());
        self.put_to(name, &url, headers, body)
    }

    fn put_to(
        &mut self,
        name: &str,
        url: &Secret,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Silence> {
        let mut all = vec![("content-type", "text/plain")];
        all.extend_from_slice(headers);
        let answer = self.send(Method::Put, url, &all, body);
        self.scratch.note(&self.scratch.key(name), &answer);
        answer
    }

    fn read(&self, name: &str) -> Result<Answer, Silence> {
        let url = self.sign(Method::Get, &self.object_path(name), self.key, end());
        self.send(Method::Get, &url, &[], b"")
    }

    fn found(
        &mut self,
        clause: &'static Clause,
        verdict: Verdict,
        heard: &Heard,
        fix: Option<&str>,
    ) {
        let said = super::said(verdict, heard);
        self.report.add(clause, verdict, Some(said), fix.map(str::to_owned));
    }

    fn send(
        &self,
        method: Method,
        url: &Secret,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Silence> {
        self.client.send(Call { method, url, headers, body })
    }

    /// The decoded path of an object of the doctor's own.
    fn object_path(&self, name: &str) -> String {
        self.path_in(&self.container, name)
    }

    fn path_in(&self, container: &Bucket, name: &str) -> String {
        format!("/v1/{}/{container}/{}", self.store.account, self.scratch.key(name))
    }

    fn sign(&self, method: Method, path: &str, key: usize, expires_at: UnixTime) -> Secret {
        let url = TempUrl {
            method,
            resource: Resource::Object(path),
            expires_at,
            notation: ExpiryNotation::Epoch,
            ip_range: None,
            digest: self.store.digest,
        };
        // INVARIANT: the policy has a key at least, and a digest that Swift knows; what is not
        // signed is refused.
        let signed = self.store.keys.get(key).and_then(|key| url.sign(key).ok());
        let target = signed.map(|signed| signed.encoded().into_exposed()).unwrap_or_default();
        Secret::new(format!("{}{target}", self.store.endpoint))
    }
}

/// What lets pages of an origin upload, by Swift's own interface and by its S3 one.
pub(super) fn cors_fix(container: &Bucket, origin: &str) -> String {
    format!(
        "set the container's metadata, and for uploads by S3 also \
         `cors_preflight_allow_origin = {origin}` in Swift's filter `s3api`:\n\
         swift post {container} -m \"Access-Control-Allow-Origin: {origin}\" \\\n  \
         -m \"Access-Control-Expose-Headers: ETag Location\""
    )
}

/// When the doctor's own URLs end.
fn end() -> UnixTime {
    now().saturating_add(Duration::from_secs(LIFE))
}
