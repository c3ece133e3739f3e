//! The desk: uploads issued and confirmed as an HTTP API, and an [`answer`] to everything.
//!
//! | request | answer |
//! |---|---|
//! | `POST /uploads` with an [order](crate::upload::order) | 200 `{id, method, url, headers, key, expires_at, read}` |
//! | `POST /uploads/{id}/confirm` | 200 `{key, size, etag, read}` |
//! | `OPTIONS` of either | 204 with the CORS headers |
//!
//! Both want `Authorization: Bearer <JWT>`. Every other answer is that of a [`Rejection`],
//! in the form that its reader understands: see [`Answer::told_to`].
//!
//! A `GET` or `HEAD` of any other path is a read: the gate decides about it as at the edge, and
//! sends the viewer to the store, since a function cannot stream.

pub mod answer;

use serde_json::json;

use crate::cors::Cors;
use crate::gate::{self, Gate};
use crate::grant::{Grant, PendingGrant, Verified};
use crate::log::Verdict;
use crate::object::{Bucket, ObjectKey};
use crate::policy::{Policy, PolicyError, Secrets};
use crate::presented::{CredentialError, Presented};
use crate::public_key::SignatureCheck;
use crate::rejection::Rejection;
use crate::request::{Method, Request};
use crate::store::S3Store;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::order::Order;
use crate::upload::receipt::Receipt;
use crate::upload::rule::{UploadRule, UploadRules, user_of};

use self::answer::{Answer, LogEntry};

const ALLOW: &str = "POST, OPTIONS";

/// A policy with its secrets, ready to issue uploads.
#[derive(Clone, Debug)]
pub struct Desk {
    gate: Gate,
    rules: UploadRules,
}

/// What is to be done with a request.
#[derive(Clone, Debug)]
pub enum Step<'d, 'r> {
    /// Answer with this.
    Answer(Answer),
    /// Check a public key's signature, then [`Checking::answer`].
    Check(Checking<'d, 'r>),
    /// Ask the store for the head of an object, then [`Confirmation::settle`].
    Head(Box<Confirmation>),
}

/// A request that waits for an answer about the signature of its credential.
#[derive(Clone, Debug)]
pub struct Checking<'d, 'r>(Waiting<'d, 'r>);

#[derive(Clone, Debug)]
enum Waiting<'d, 'r> {
    Call { desk: &'d Desk, call: Call<'r>, pending: Box<PendingGrant<'r>> },
    Read(Box<gate::Checking<'d, 'r>>),
}

/// What was asked of the desk.
#[derive(Clone, Copy, Debug)]
struct Call<'r> {
    request: &'r Request<'r>,
    /// The upload to confirm; none when one is ordered.
    upload_id: Option<&'r str>,
    body: &'r [u8],
    now: UnixTime,
    random: [u8; 16],
}

/// What the store says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHead {
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, with its quotes.
    pub etag: String,
    /// The base64 of its SHA-256, when the store knows it.
    pub checksum_sha256: Option<String>,
}

/// Why the store does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// There is no such object.
    NotFound,
    /// The store did not answer, or refused.
    Unavailable,
}

impl Desk {
    /// Makes a desk of a policy.
    ///
    /// # Errors
    /// [`PolicyError`] when there are no upload rules, or a secret is missing.
    pub fn new(policy: &Policy, secrets: &Secrets<'_>) -> Result<Self, PolicyError> {
        let rules = policy.upload_rules(secrets)?;
        if rules.iter().next().is_none() {
            let problem = "needs at least one rule to issue uploads by".to_owned();
            return Err(PolicyError { place: "uploads".to_owned(), problem });
        }
        Ok(Self { gate: Gate::of_uploads(policy, secrets)?, rules })
    }

    /// The stores that confirmations may ask, each once.
    pub fn stores(&self) -> Vec<&S3Store> {
        let mut stores: Vec<&S3Store> = Vec::new();
        for rule in self.rules.iter() {
            if !stores.iter().any(|store| store.name == rule.destination.store.name) {
                stores.push(&rule.destination.store);
            }
        }
        stores
    }

    /// Handles a request that came at the time `now`. `random` must not be guessable, and must
    /// never be given twice.
    pub fn handle<'d, 'r>(
        &'d self,
        request: &'r Request<'r>,
        body: &'r [u8],
        now: UnixTime,
        random: [u8; 16],
    ) -> Step<'d, 'r> {
        if upload_of(request).is_err() && request.method() != Method::Post {
            return match self.gate.decide(request, now) {
                gate::Step::Decided(decision) => Step::Answer(Answer::of_read(decision)),
                gate::Step::Check(checking) => {
                    Step::Check(Checking(Waiting::Read(Box::new(checking))))
                }
            };
        }
        if request.method() == Method::Options {
            return Step::Answer(self.preflight(request));
        }
        let verified = upload_of(request).and_then(|upload_id| {
            let call = Call { request, upload_id, body, now, random };
            self.verify(&call).map(|verified| (call, verified))
        });
        match verified {
            Ok((call, Verified::Granted(grant))) => self.serve(&call, Ok(grant)),
            Ok((call, Verified::Pending(pending))) => {
                let pending = Box::new(pending);
                Step::Check(Checking(Waiting::Call { desk: self, call, pending }))
            }
            Err(rejection) => Step::Answer(self.reject(Some(request), &rejection)),
        }
    }

    fn verify<'r>(&self, call: &Call<'r>) -> Result<Verified<'r>, Rejection> {
        if call.request.method() != Method::Post {
            return Err(Rejection::MethodNotAllowed { allow: ALLOW });
        }
        let presented = Presented::parse(call.request, self.gate.keyring())?;
        Ok(presented.verify(self.gate.keyring(), call.now)?)
    }

    fn serve(
        &self,
        call: &Call<'_>,
        grant: Result<Grant<'_>, CredentialError>,
    ) -> Step<'static, 'static> {
        let mut trail = Trail::default();
        let served = grant.map_err(Rejection::Credential).and_then(|grant| {
            let grant = trail.granted(grant);
            match call.upload_id {
                None => self.issue(&grant, call, &mut trail).map(Step::Answer),
                Some(id) => self
                    .confirm(&grant, id, call.now, &mut trail)
                    .map(|confirmation| Step::Head(Box::new(confirmation))),
            }
        });
        served.unwrap_or_else(|rejection| {
            let answer = self.reject(Some(call.request), &rejection);
            Step::Answer(answer.with_trail(trail))
        })
    }

    /// The answer to a request that is not served; `request` is absent when it could not even
    /// be read.
    pub fn reject(&self, request: Option<&Request<'_>>, rejection: &Rejection) -> Answer {
        let cors = request.map(|request| self.cors().headers(request)).unwrap_or_default();
        Answer::rejected(rejection, cors)
    }

    fn issue(
        &self,
        grant: &Grant<'_>,
        call: &Call<'_>,
        trail: &mut Trail,
    ) -> Result<Answer, Rejection> {
        user_of(grant)?;
        let (order, now) = (Order::parse(call.body)?, call.now);
        let rule = self.rules.find(order.rule.as_deref())?;
        let admitted = rule.admit(grant, order, call.random)?;
        trail.ruled(rule, admitted.key());
        let put = admitted.sign(now);
        let headers: serde_json::Map<_, _> =
            put.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let body = json!({
            "id": Receipt::new(&admitted, now).seal(&rule.seal_secret),
            "method": "PUT",
            "url": put.url.expose(),
            "headers": headers,
            "key": admitted.key().as_str(),
            "expires_at": put.expires_at.to_rfc3339(),
            "read": rule.read_url(admitted.key(), now).expose(),
        });
        let log = LogEntry { verdict: Verdict::Allow("issued"), trail: trail.clone() };
        Ok(Answer::json(body.to_string(), rule.cors.headers(grant.request()), log))
    }

    fn confirm(
        &self,
        grant: &Grant<'_>,
        id: &str,
        now: UnixTime,
        trail: &mut Trail,
    ) -> Result<Confirmation, Rejection> {
        let receipt = Receipt::unseal(id, user_of(grant)?, &self.rules, now)?;
        let rule = self.rules.find(Some(&receipt.rule))?.clone();
        trail.ruled(&rule, &receipt.key);
        let cors = rule.cors.headers(grant.request());
        Ok(Confirmation { rule, receipt, cors, trail: trail.clone() })
    }

    fn preflight(&self, request: &Request<'_>) -> Answer {
        let mut headers =
            self.cors().preflight(request, "POST", &["authorization", "content-type"]);
        headers.push(("allow", ALLOW.to_owned()));
        let log = LogEntry { verdict: Verdict::Allow("preflight"), trail: Trail::default() };
        Answer::new(204, headers, String::new(), log)
    }

    /// A preflight names no rule, so a page that may use one of them may ask.
    fn cors(&self) -> Cors {
        let origins = self.rules.iter().flat_map(|rule| rule.cors.allow_origins.iter().cloned());
        Cors { allow_origins: origins.collect(), ..Cors::default() }
    }
}

impl Checking<'_, '_> {
    /// What the adapter has to check.
    pub fn check(&self) -> &SignatureCheck {
        match &self.0 {
            Waiting::Call { pending, .. } => pending.check(),
            Waiting::Read(checking) => checking.check(),
        }
    }

    /// Goes on, now that it is known whether the signature holds.
    pub fn answer(self, holds: bool) -> Step<'static, 'static> {
        match self.0 {
            Waiting::Call { desk, call, pending } => desk.serve(&call, pending.answer(holds)),
            Waiting::Read(checking) => Step::Answer(Answer::of_read(checking.answer(holds))),
        }
    }
}

/// The upload that a path names; none when it is that of orders.
fn upload_of<'r>(request: &'r Request<'r>) -> Result<Option<&'r str>, Rejection> {
    let path = request.path().strip_prefix("/uploads").ok_or(UploadError::NoSuchPath)?;
    let upload_id = path.strip_prefix('/').and_then(|rest| rest.strip_suffix("/confirm"));
    if !path.is_empty() && upload_id.is_none() {
        return Err(UploadError::NoSuchPath.into());
    }
    Ok(upload_id)
}

/// A confirmation that waits for the store's word.
#[derive(Clone, Debug)]
pub struct Confirmation {
    rule: UploadRule,
    receipt: Receipt,
    cors: Vec<(&'static str, String)>,
    trail: Trail,
}

impl Confirmation {
    /// The store to ask.
    pub fn store(&self) -> &S3Store {
        &self.rule.destination.store
    }

    /// The bucket.
    pub fn bucket(&self) -> &Bucket {
        &self.rule.destination.bucket
    }

    /// The key.
    pub fn key(&self) -> &ObjectKey {
        &self.receipt.key
    }

    /// The answer, now that the store has said what it has.
    pub fn settle(self, head: Result<StoredHead, HeadError>, now: UnixTime) -> Answer {
        match self.compare(head) {
            Ok(head) => {
                let body = json!({
                    "key": self.receipt.key.as_str(),
                    "size": head.size,
                    "etag": head.etag,
                    "read": self.rule.read_url(&self.receipt.key, now).expose(),
                });
                let log = LogEntry { verdict: Verdict::Allow("confirmed"), trail: self.trail };
                Answer::json(body.to_string(), self.cors, log)
            }
            Err(error) => {
                let answer = Answer::rejected(&Rejection::Upload(error), self.cors);
                answer.with_trail(self.trail)
            }
        }
    }

    fn compare(&self, head: Result<StoredHead, HeadError>) -> Result<StoredHead, UploadError> {
        let head = head.map_err(|error| match error {
            HeadError::NotFound => UploadError::NotStored,
            HeadError::Unavailable => UploadError::StoreUnavailable,
        })?;
        if head.size != self.receipt.size {
            return Err(UploadError::Mismatch {
                problem: format!(
                    "The store has {} bytes; {} were announced.",
                    head.size, self.receipt.size
                ),
            });
        }
        match (&self.receipt.checksum_sha256, &head.checksum_sha256) {
            (Some(announced), Some(stored)) if announced != stored => Err(UploadError::Mismatch {
                problem: "The stored file has another SHA-256 than was announced.".to_owned(),
            }),
            _ => Ok(head),
        }
    }
}
