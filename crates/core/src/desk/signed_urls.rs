//! `POST /signed-urls`: from the request to what [`crate::signed_urls`] issues, and its answer.

use crate::grant::{Grant, Verified};
use crate::log::Verdict;
use crate::presented::{CredentialError, Presented};
use crate::public_key::SigningKey;
use crate::rejection::Rejection;
use crate::request::{Method, Request};
use crate::signed_urls;
use crate::time::UnixTime;
use crate::trail::Trail;

use super::answer::{Answer, Form, LogEntry};
use super::{Checking, Desk, Step, Waiting};

const PATH: &str = "/signed-urls";

const ALLOW: &str = "POST, OPTIONS";

/// A request for signed URLs.
#[derive(Clone, Copy, Debug)]
pub(super) struct UrlCall<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) body: &'r [u8],
    pub(super) now: UnixTime,
}

/// Signed URLs that wait for the signatures of a private key.
#[derive(Clone, Debug)]
pub struct Signing {
    signing: signed_urls::signing::Signing,
    cors: Vec<(&'static str, String)>,
    trail: Trail,
}

impl Desk {
    /// The private keys that signed URLs need.
    pub fn signing_keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.signed_urls.signing_keys().map(AsRef::as_ref)
    }

    pub(super) fn is_for_signed_urls(&self, request: &Request<'_>) -> bool {
        request.path() == PATH && !self.signed_urls.is_empty()
    }

    pub(super) fn handle_signed_urls<'d, 'r>(&'d self, call: UrlCall<'r>) -> Step<'d, 'r> {
        let request = call.request;
        let verified = match request.method() {
            Method::Options => {
                let mut headers = self.signed_urls.preflight(request);
                headers.push(("allow", ALLOW.to_owned()));
                let verdict = Verdict::Allow("preflight");
                let log = LogEntry { verdict, trail: Trail::default() };
                return Step::Answer(Answer::new(204, headers, String::new(), log));
            }
            Method::Post => Presented::parse(request, self.gate.keyring())
                .and_then(|presented| presented.verify(self.gate.keyring(), call.now)),
            _ => {
                let rejection = Rejection::MethodNotAllowed { allow: ALLOW };
                return Step::Answer(Answer::rejected(&rejection, self.signed_urls.cors(request)));
            }
        };
        match verified {
            Ok(Verified::Pending(pending)) => {
                let pending = Box::new(pending);
                Step::Check(Checking(Waiting::SignedUrls { desk: self, call, pending }))
            }
            Ok(Verified::Granted(grant)) => self.sign_urls(&call, Ok(grant)),
            Err(error) => self.sign_urls(&call, Err(error)),
        }
    }

    pub(super) fn sign_urls(
        &self,
        call: &UrlCall<'_>,
        grant: Result<Grant<'_>, CredentialError>,
    ) -> Step<'static, 'static> {
        let mut trail = Trail::default();
        let issued = grant.map_err(Rejection::Credential).and_then(|grant| {
            let grant = trail.granted(grant);
            self.signed_urls.issue(&grant, call.body, call.now)
        });
        let cors = self.signed_urls.cors(call.request);
        match issued {
            Ok(signed_urls::Issued::Sign(signing)) => {
                Step::Sign(Box::new(Signing { signing: *signing, cors, trail }))
            }
            Ok(signed_urls::Issued::Answer(answer)) => Step::Answer(answered(answer, trail)),
            Err(rejection) => Step::Answer(Answer::rejected(&rejection, cors).with_trail(trail)),
        }
    }
}

impl Signing {
    /// The key that is to sign.
    pub fn key(&self) -> Option<&SigningKey> {
        self.signing.key()
    }

    /// What it is to sign, message by message.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.signing.messages()
    }

    /// The answer, with the signatures of all messages in their order, each in the form that
    /// [`crate::public_key`] names.
    pub fn settle(self, signatures: &[Vec<u8>]) -> Answer {
        match self.signing.settle(signatures) {
            Ok(answer) => answered(answer, self.trail),
            Err(rejection) => Answer::rejected(&rejection, self.cors).with_trail(self.trail),
        }
    }
}

fn answered(answer: signed_urls::Answer, mut trail: Trail) -> Answer {
    let signed_urls::Answer { body, headers, issuer, verdict } = answer;
    trail.pattern = Some(issuer);
    Answer::served(Form::Json, body, headers, LogEntry { verdict: Verdict::Allow(verdict), trail })
}
