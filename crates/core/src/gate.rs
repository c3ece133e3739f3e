//! The gate of the read side: one request in, one decision out.

use crate::grant::{Grant, PendingGrant, Verified};
use crate::key::Keyring;
use crate::origin::OriginRequest;
use crate::policy::{Policy, PolicyError, Secrets};
use crate::presented::Presented;
use crate::public_key::SignatureCheck;
use crate::rejection::Rejection;
use crate::request::{Method, Request};
use crate::route::Routes;
use crate::time::UnixTime;
use crate::trail::Trail;

/// What viewers may do here.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// The request headers that a page of another origin may send.
const CORS_REQUEST_HEADERS: &str = "authorization, if-match, if-modified-since, if-none-match, \
    if-range, if-unmodified-since, range, x-amz-content-sha256, x-amz-date, x-amz-security-token";

/// A policy with its secrets, ready to decide.
#[derive(Clone, Debug)]
pub struct Gate {
    keyring: Keyring,
    routes: Routes,
}

/// What is to be done with a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Send this to the store, and stream what it answers.
    Fetch(OriginRequest),
    /// A browser asks whether a page may ask: answer 204 with these headers.
    Preflight(Vec<(&'static str, String)>),
    /// Answer no.
    Reject {
        /// Why. What the viewer reads of it may be less; the log's reason is the true one.
        rejection: Rejection,
        /// Headers by which a page may read the answer.
        cors: Vec<(&'static str, String)>,
    },
}

/// How far a decision has come.
#[derive(Clone, Debug)]
pub enum Step<'g, 'r> {
    /// To its end.
    Decided(Decision),
    /// To a public key's signature, which the adapter checks.
    Check(Checking<'g, 'r>),
}

/// A decision that waits for an answer about a signature.
#[derive(Clone, Debug)]
pub struct Checking<'g, 'r> {
    gate: &'g Gate,
    request: &'r Request<'r>,
    now: UnixTime,
    pending: PendingGrant<'r>,
    trail: Trail,
}

/// An outcome and how it came about.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The outcome.
    pub outcome: Outcome,
    /// The way to it.
    pub trail: Trail,
}

impl Gate {
    /// Makes a gate of a policy.
    ///
    /// # Errors
    /// [`PolicyError`] when a secret that the policy names is missing.
    pub fn new(policy: &Policy, secrets: &Secrets<'_>) -> Result<Self, PolicyError> {
        Ok(Self { keyring: policy.keyring(secrets)?, routes: policy.routes(secrets)? })
    }

    /// Decides about a request at the time `now`.
    pub fn decide<'g, 'r>(&'g self, request: &'r Request<'r>, now: UnixTime) -> Step<'g, 'r> {
        let mut trail = Trail::default();
        let verified = match request.method() {
            Method::Options => {
                let outcome = Outcome::Preflight(self.preflight(request));
                return Step::Decided(Decision { outcome, trail });
            }
            Method::Get | Method::Head => self.verify(request, now, &mut trail),
            _ => Err(Rejection::MethodNotAllowed { allow: ALLOW }),
        };
        match verified {
            Ok(Verified::Granted(grant)) => {
                Step::Decided(self.finish(request, Ok(grant), now, trail))
            }
            Ok(Verified::Pending(pending)) => {
                Step::Check(Checking { gate: self, request, now, pending, trail })
            }
            Err(rejection) => Step::Decided(self.finish(request, Err(rejection), now, trail)),
        }
    }

    /// The first half of the pipeline. Each step consumes the proof of the one before it.
    fn verify<'r>(
        &self,
        request: &'r Request<'r>,
        now: UnixTime,
        trail: &mut Trail,
    ) -> Result<Verified<'r>, Rejection> {
        let presented = trail.presented(Presented::parse(request, &self.keyring)?);
        Ok(presented.verify(&self.keyring, now)?)
    }

    /// The second half.
    fn admit(
        &self,
        grant: Grant<'_>,
        now: UnixTime,
        trail: &mut Trail,
    ) -> Result<OriginRequest, Rejection> {
        let grant = trail.granted(grant);
        let located = trail.located(self.routes.locate(grant)?);
        let access = trail.allowed(located.authorize()?);
        Ok(access.sign(now))
    }

    fn finish(
        &self,
        request: &Request<'_>,
        grant: Result<Grant<'_>, Rejection>,
        now: UnixTime,
        mut trail: Trail,
    ) -> Decision {
        let outcome = match grant.and_then(|grant| self.admit(grant, now, &mut trail)) {
            Ok(origin_request) => Outcome::Fetch(origin_request),
            Err(rejection) => self.reject(request, rejection),
        };
        Decision { outcome, trail }
    }

    /// The route alone says how much a viewer learns, so that a bad credential looks like none.
    fn reject(&self, request: &Request<'_>, rejection: Rejection) -> Outcome {
        match self.routes.of(request) {
            Some(route) => Outcome::Reject {
                rejection: rejection.disclosed(route.disclosure),
                cors: route.cors.headers(request),
            },
            None => Outcome::Reject { rejection, cors: Vec::new() },
        }
    }

    fn preflight(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        let route = self.routes.of(request);
        let mut headers = route
            .map(|route| route.cors.preflight(request, "GET, HEAD", CORS_REQUEST_HEADERS))
            .unwrap_or_default();
        headers.push(("allow", ALLOW.to_owned()));
        headers
    }
}

impl Checking<'_, '_> {
    /// What the adapter has to check.
    pub fn check(&self) -> &SignatureCheck {
        self.pending.check()
    }

    /// Decides, now that it is known whether the signature holds.
    pub fn answer(self, holds: bool) -> Decision {
        let grant = self.pending.answer(holds).map_err(Rejection::Credential);
        self.gate.finish(self.request, grant, self.now, self.trail)
    }
}
