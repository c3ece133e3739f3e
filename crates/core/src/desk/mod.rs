//! The desk: uploads issued, completed and confirmed as an HTTP API, and an [`answer`] to
//! everything.
//!
//! Clients speak several protocols, which differ in paths and words alone: each is read into one
//! question and written from one answer, and what is allowed is decided in between, once for all of
//! them.
//!
//! | protocol | paths |
//! |---|---|
//! | the desk's own | `POST /uploads`, `…/{id}/parts`, `…/{id}/complete`, `…/{id}/confirm`, `DELETE …/{id}` |
//! | Uppy's Companion | `/companion[/{rule}][/t/{token}]/s3/…` |
//! | Uppy's `signRequest` | `POST /sign-request[/{rule}]` |
//! | Rails' Active Storage | `POST /rails/active_storage/direct_uploads[/{rule}]` |
//! | better-upload | `POST /better-upload` |
//! | links for reading | `POST /signed-urls` with an [order](crate::signed_urls::order) |
//! | steps that a URL alone allows | `/upload-steps/{step}` |
//!
//! `GET /openapi.json` describes the first of them (OpenAPI 3.1).
//!
//! All but the last want a user's token: in `Authorization: Bearer`, in a cookie of this host, or,
//! for Companion, in the path. Every other answer is that of a [`Rejection`].
//!
//! Of what is stored an app can be told by a webhook: before a confirmation is answered, and when the
//! store itself says that there is an object ([`inspection`]). [`sweep`] ends what nobody completes.
//!
//! A `GET` or `HEAD` of any other path is a read: the gate decides about it as at the edge, and
//! sends the viewer to the store, since a function cannot stream.

mod active_storage;
pub mod answer;
mod api;
mod better_upload;
mod companion;
pub mod inspection;
mod protocol;
mod sign_request;
pub mod signed_urls;
mod steps;
pub mod sweep;
mod telling;
mod voice;
mod work;

use std::sync::Arc;

use crate::cors::Cors;
use crate::gate::{self, Gate};
use crate::grant::{Grant, PendingGrant, Verified};
use crate::log::Verdict;
use crate::policy::{Policy, PolicyError, Secrets};
use crate::presented::{CredentialError, Presented};
use crate::public_key::SignatureCheck;
use crate::rejection::Rejection;
use crate::request::{Method, Request};
use crate::signed_urls::SignedUrls;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::call::{CallError, Reply, StoreCall};
use crate::upload::receipt::Receipt;
use crate::upload::rule::{Naming, UploadRule, UploadRules};
use crate::upload::step;
use crate::upload::uploader::Uploader;

use self::answer::{Answer, LogEntry};
use self::protocol::{Ask, Protocol, Target};
use self::sign_request::Wanted;
use self::signed_urls::{Signing, UrlCall};
pub use self::telling::Telling;
use self::voice::{Language, Voice, steps_of};
use self::work::{Progress, Upload, Work};

/// Where the API is described.
const DESCRIPTION: &str = "/openapi.json";

const METHODS: &str = "GET, POST, DELETE, OPTIONS";

/// What pages of other origins may send, in any of the protocols.
const HEADERS: [&str; 8] = [
    "authorization",
    "content-type",
    "accept",
    "uppy-auth-token",
    "uppy-credentials-params",
    "uppy-versions",
    "x-csrf-token",
    "x-requested-with",
];

/// A policy with its secrets, ready to issue uploads.
#[derive(Clone, Debug)]
pub struct Desk {
    gate: Gate,
    rules: UploadRules,
    signed_urls: SignedUrls,
}

/// What is to be done with a request.
#[derive(Clone, Debug)]
pub enum Step<'d, 'r> {
    /// Answer with this.
    Answer(Answer),
    /// Check a public key's signature, then [`Checking::answer`].
    Check(Checking<'d, 'r>),
    /// Sign with a private key, then [`Signing::settle`].
    Sign(Box<Signing>),
    /// Ask the store, then [`Pending::settle`].
    Ask(Box<Pending>),
    /// Tell the app, then [`Telling::settle`].
    Tell(Box<Telling>),
}

/// A request that waits for an answer about the signature of its credential.
#[derive(Clone, Debug)]
pub struct Checking<'d, 'r>(Waiting<'d, 'r>);

#[derive(Clone, Debug)]
enum Waiting<'d, 'r> {
    Call { desk: &'d Desk, call: Box<Call<'r>>, pending: Box<PendingGrant<'r>> },
    SignedUrls { desk: &'d Desk, call: UrlCall<'r>, pending: Box<PendingGrant<'r>> },
    Read(Box<gate::Checking<'d, 'r>>),
}

/// What was asked of the desk.
#[derive(Clone, Debug)]
struct Call<'r> {
    request: &'r Request<'r>,
    asked: Result<(Ask<'r>, Protocol), UploadError>,
    /// How a no is said.
    protocol: Protocol,
    now: UnixTime,
    random: [u8; 16],
}

/// A request that waits for the store's word.
#[derive(Clone, Debug)]
pub struct Pending {
    work: Box<Work>,
    voice: Voice,
}

impl Desk {
    /// Makes a desk of a policy.
    ///
    /// # Errors
    /// [`PolicyError`] when there are no upload rules, or a secret is missing.
    pub fn new(policy: &Policy, secrets: &Secrets<'_>) -> Result<Self, PolicyError> {
        let rules = policy.upload_rules(secrets)?;
        let signed_urls = SignedUrls::new(policy, secrets)?;
        if rules.iter().next().is_none() && signed_urls.is_empty() {
            let problem = "needs at least one rule to issue uploads by".to_owned();
            return Err(PolicyError::new("uploads".to_owned(), problem));
        }
        Ok(Self { gate: Gate::of_uploads(policy, secrets)?, rules, signed_urls })
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
        if request.path() == DESCRIPTION && request.method() == Method::Get {
            return Step::Answer(Answer::description());
        }
        if self.is_for_signed_urls(request) {
            return self.handle_signed_urls(UrlCall { request, body, now });
        }
        let Some(target) = Target::of(request.path()) else {
            return self.read(request, now);
        };
        if request.method() == Method::Options {
            return Step::Answer(self.preflight(request));
        }
        if let Some(sealed) = target.step() {
            return self.take_step(sealed, request, body, now);
        }
        let protocol = target.protocol();
        let verified = match target.read(request, body) {
            Err(allow) => Err(Rejection::MethodNotAllowed { allow }),
            Ok(asked) => self
                .verify(request, target, now)
                .map(|verified| (Call { request, asked, protocol, now, random }, verified)),
        };
        match verified {
            Ok((call, Verified::Granted(grant))) => self.serve(call, Ok(grant)),
            Ok((call, Verified::Pending(pending))) => {
                let (call, pending) = (Box::new(call), Box::new(pending));
                Step::Check(Checking(Waiting::Call { desk: self, call, pending }))
            }
            Err(rejection) => {
                let voice = self.voice(Language::Of(protocol), request, None);
                Step::Answer(voice.reject(&rejection, Trail::default()))
            }
        }
    }

    /// A request for an object.
    fn read<'d, 'r>(&'d self, request: &'r Request<'r>, now: UnixTime) -> Step<'d, 'r> {
        if request.method() == Method::Post {
            let rejection = Rejection::from(UploadError::NoSuchPath);
            return Step::Answer(self.reject(Some(request), &rejection));
        }
        match self.gate.decide(request, now) {
            gate::Step::Decided(decision) => Step::Answer(Answer::of_read(decision)),
            gate::Step::Check(checking) => Step::Check(Checking(Waiting::Read(Box::new(checking)))),
        }
    }

    fn verify<'r>(
        &self,
        request: &'r Request<'r>,
        target: Target<'r>,
        now: UnixTime,
    ) -> Result<Verified<'r>, Rejection> {
        let keyring = self.gate.keyring();
        let presented = match target.token() {
            Some(token) => Presented::in_path(request, token, keyring)?,
            None => Presented::parse(request, keyring)?,
        };
        Ok(presented.verify(keyring, now)?)
    }

    fn serve(
        &self,
        call: Call<'_>,
        grant: Result<Grant<'_>, CredentialError>,
    ) -> Step<'static, 'static> {
        let (mut trail, request, now) = (Trail::default(), call.request, call.now);
        let language = Language::Of(call.protocol);
        let served = grant.map_err(Rejection::Credential).and_then(|grant| {
            let uploader = Uploader::of(&trail.granted(grant))?;
            if uploader == Uploader::Anonymous && !self.rules.admit_anyone() {
                return Err(UploadError::SignIn.into());
            }
            let (ask, protocol) = call.asked?;
            let naming = Naming { now, random: call.random };
            let base = steps_of(request);
            let (rule, progress) = self.perform(ask, &uploader, naming, &base, &mut trail)?;
            Ok((rule, progress, Language::Of(protocol)))
        });
        match served {
            Ok((rule, progress, language)) => {
                self.voice(language, request, Some(&rule)).go_on(&rule, progress, trail, now)
            }
            Err(rejection) => {
                Step::Answer(self.voice(language, request, None).reject(&rejection, trail))
            }
        }
    }

    /// Does what is asked, as far as it goes without the store.
    fn perform(
        &self,
        ask: Ask<'_>,
        uploader: &Uploader,
        naming: Naming,
        base: &str,
        trail: &mut Trail,
    ) -> Result<(Arc<UploadRule>, Progress), UploadError> {
        let now = naming.now;
        let asked = |work: Work| Progress::Ask(Box::new(work));
        let mut open = |id: &str, key: Option<&str>| {
            let (rule, receipt) = Receipt::unseal(id, uploader, &self.rules, now)?;
            match key {
                Some(key) if key != receipt.key.as_str() => Err(UploadError::UnknownUpload),
                _ => Ok((Arc::clone(rule), Upload::new(rule, receipt, trail))),
            }
        };
        Ok(match ask {
            Ask::Begin { rule, orders } => {
                let rule = self.rules.find(rule.as_deref())?;
                let progress = work::begin(rule, uploader, orders, naming.several(), trail)?;
                (Arc::clone(rule), progress)
            }
            Ask::SignParts { id, key, numbers } => {
                let (rule, upload) = open(id, key.as_deref())?;
                (rule, Progress::Done(upload.sign_parts(&numbers, now)?))
            }
            Ask::ListParts { id, key } => {
                let (rule, upload) = open(id, key.as_deref())?;
                (rule, asked(upload.list_parts()?))
            }
            Ask::Complete { id, key, sent } => {
                let (rule, upload) = open(id, key.as_deref())?;
                (rule, asked(upload.complete(sent)?))
            }
            Ask::Abort { id, key } => {
                let (rule, upload) = open(id, key.as_deref())?;
                (rule, asked(upload.abort()?))
            }
            Ask::Confirm { id } => {
                let (rule, upload) = open(id, None)?;
                (rule, asked(upload.confirm()))
            }
            Ask::SignStep(Wanted::Create { rule, filename }) => {
                let rule = self.rules.find(rule.as_deref())?;
                let done = work::sign_create(rule, uploader, filename, naming, base)?;
                (Arc::clone(rule), Progress::Done(done))
            }
            Ask::SignStep(Wanted::Part { id, key, number }) => {
                let (rule, upload) = open(&id, Some(&key))?;
                (rule, Progress::Done(upload.sign_parts(&[number], now)?))
            }
            Ask::SignStep(Wanted::List { id, key }) => {
                let (rule, upload) = open(&id, Some(&key))?;
                (rule, Progress::Done(upload.sign_step(step::Step::ListParts, base, now)?))
            }
            Ask::SignStep(Wanted::Complete { id, key }) => {
                let (rule, upload) = open(&id, Some(&key))?;
                (rule, Progress::Done(upload.sign_step(step::Step::Complete, base, now)?))
            }
            Ask::SignStep(Wanted::Abort { id, key }) => {
                let (rule, upload) = open(&id, Some(&key))?;
                (rule, Progress::Done(upload.sign_step(step::Step::Abort, base, now)?))
            }
        })
    }

    fn take_step(
        &self,
        sealed: &str,
        request: &Request<'_>,
        body: &[u8],
        now: UnixTime,
    ) -> Step<'static, 'static> {
        let mut trail = Trail::default();
        match steps::take(&self.rules, sealed, request, body, now, &mut trail) {
            Ok((rule, progress)) => {
                self.voice(Language::S3, request, Some(&rule)).go_on(&rule, progress, trail, now)
            }
            Err(rejection) => {
                Step::Answer(self.voice(Language::S3, request, None).reject(&rejection, trail))
            }
        }
    }

    /// The answer to a request that is not served; `request` is absent when it could not even
    /// be read.
    pub fn reject(&self, request: Option<&Request<'_>>, rejection: &Rejection) -> Answer {
        let cors = request.map(|request| self.cors().headers(request)).unwrap_or_default();
        Answer::rejected(rejection, cors)
    }

    fn preflight(&self, request: &Request<'_>) -> Answer {
        let mut headers = self.cors().preflight(request, METHODS, &HEADERS);
        headers.push(("allow", METHODS.to_owned()));
        let log = LogEntry { verdict: Verdict::Allow("preflight"), trail: Trail::default() };
        Answer::new(204, headers, String::new(), log)
    }

    /// A preflight names no rule, so a page that may use one of them may ask.
    fn cors(&self) -> Cors {
        let origins = self.rules.iter().flat_map(|rule| rule.cors.allow_origins.iter().cloned());
        let allow_origins: Vec<_> = origins.collect();
        let allow_credentials = !allow_origins.iter().any(|origin| origin == "*");
        Cors { allow_origins, allow_credentials, ..Cors::default() }
    }

    fn voice(&self, language: Language, request: &Request<'_>, rule: Option<&UploadRule>) -> Voice {
        let cors = rule.map_or_else(|| self.cors(), |rule| rule.cors.clone());
        Voice { language, base: steps_of(request), cors: cors.headers(request) }
    }
}

impl<'d> Checking<'d, '_> {
    /// What the adapter has to check.
    pub fn check(&self) -> &SignatureCheck {
        match &self.0 {
            Waiting::Call { pending, .. } | Waiting::SignedUrls { pending, .. } => pending.check(),
            Waiting::Read(checking) => checking.check(),
        }
    }

    /// Goes on, now that it is known whether the signature holds.
    pub fn answer(self, holds: bool) -> Step<'static, 'static> {
        match self.0 {
            Waiting::Call { desk, call, pending } => desk.serve(*call, pending.answer(holds)),
            Waiting::SignedUrls { desk, call, pending } => {
                desk.sign_urls(&call, pending.answer(holds))
            }
            Waiting::Read(checking) => Step::Answer(Answer::of_read(checking.answer(holds))),
        }
    }
}

impl Pending {
    /// What the store is to be asked.
    pub fn call(&self) -> StoreCall {
        self.work.call()
    }

    /// Goes on, now that the store has answered, or has not.
    pub fn settle(self, reply: Result<Reply, CallError>, now: UnixTime) -> Step<'static, 'static> {
        let (rule, trail) = (Arc::clone(&self.work.rule), self.work.trail.clone());
        match self.work.settle(reply) {
            Ok(progress) => self.voice.go_on(&rule, progress, trail, now),
            Err(error) => Step::Answer(self.voice.reject(&Rejection::from(error), trail)),
        }
    }
}
