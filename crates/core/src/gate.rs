//! The gate of the read side: one request in, one decision out.

use crate::key::Keyring;
use crate::origin::OriginRequest;
use crate::policy::{Policy, PolicyError, Secrets};
use crate::presented::Presented;
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
        /// Why.
        rejection: Rejection,
        /// Headers by which a page may read the answer.
        cors: Vec<(&'static str, String)>,
    },
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
    pub fn decide(&self, request: &Request<'_>, now: UnixTime) -> Decision {
        let mut trail = Trail::default();
        let outcome = match request.method() {
            Method::Options => Outcome::Preflight(self.preflight(request)),
            Method::Get | Method::Head => match self.admit(request, now, &mut trail) {
                Ok(origin_request) => Outcome::Fetch(origin_request),
                Err(rejection) => self.reject(request, rejection),
            },
            _ => self.reject(request, Rejection::MethodNotAllowed { allow: ALLOW }),
        };
        Decision { outcome, trail }
    }

    /// The pipeline. Each step consumes the proof of the one before it.
    fn admit(
        &self,
        request: &Request<'_>,
        now: UnixTime,
        trail: &mut Trail,
    ) -> Result<OriginRequest, Rejection> {
        let presented = trail.presented(Presented::parse(request)?);
        let grant = trail.granted(presented.verify(&self.keyring, now)?);
        let located = trail.located(self.routes.locate(grant)?);
        let access = trail.allowed(located.authorize()?);
        Ok(access.sign(now))
    }

    /// The headers by which a page of another origin may read an answer to `request`.
    pub fn cors(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        let route = self.routes.of(request);
        route.map(|route| route.cors.headers(request)).unwrap_or_default()
    }

    fn reject(&self, request: &Request<'_>, rejection: Rejection) -> Outcome {
        Outcome::Reject { rejection, cors: self.cors(request) }
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
