//! The gate of the read side: one request in, one decision out.

use std::sync::Arc;

use crate::access::Access;
use crate::control::Control;
use crate::grant::{Grant, PendingGrant, Verified};
use crate::health::{Health, HealthCheck};
use crate::key::Keyring;
use crate::listing::{self, Listing};
use crate::log::Verdict;
use crate::origin::OriginRequest;
use crate::policy::{Policy, PolicyError, ReadSide, Secrets};
use crate::presented::{CredentialError, Presented};
use crate::public_key::SignatureCheck;
use crate::purge::Purges;
use crate::redirect::Redirect;
use crate::rejection::Rejection;
use crate::request::{Method, Request};
use crate::retrieval::Retrieval;
use crate::route::{DeliveryMode, Routes};
use crate::swift_auth::issue::{TokenAnswer, asks_for_token, issue};
use crate::ticket_cookie::exchange::Exchange;
use crate::time::UnixTime;
use crate::trail::Trail;

/// What viewers may do here.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// The request headers that a page of another origin may send.
const CORS_REQUEST_HEADERS: [&str; 11] = [
    "authorization",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-auth-token",
];

/// A policy with its secrets, ready to decide.
#[derive(Clone, Debug)]
pub struct Gate {
    keyring: Keyring,
    routes: Routes,
    purges: Purges,
    health: Option<HealthCheck>,
}

/// The last step of the pipeline: how an object gets to the viewer.
///
/// The edge does what the route says, as a [`Service`]; a function sends the viewer to the store, by a
/// [`Redirect`].
pub trait Handout: Sized {
    /// How listings are handed out, where they are. Elsewhere a bucket is no object.
    const LISTING: Option<fn(Listing) -> Self> = None;

    /// How it is told how the edge is, where somebody may ask.
    const HEALTH: Option<fn(HealthCheck) -> Self> = None;

    /// How tokens of Swift's authentication are handed out, where they are.
    const TOKEN: Option<fn(TokenAnswer) -> Self> = None;

    /// Hands out what may be had, with what became of the wish for a cookie.
    fn of(access: Access<'_, '_>, exchange: Exchange, purges: &Purges, now: UnixTime) -> Self;
}

/// What the edge serves.
#[derive(Clone, Debug)]
pub enum Service {
    /// An object, streamed.
    Object(Box<Retrieval>),
    /// A URL of the store, where the route says that viewers go there.
    Redirect(Redirect),
    /// What there is.
    Listing(Box<Listing>),
    /// How the edge is.
    Health(HealthCheck),
    /// A token of Swift's authentication.
    Token(Box<TokenAnswer>),
}

impl Service {
    /// The first request that a store gets; none where there is nothing to ask.
    pub fn first_request(&self, now: UnixTime) -> Option<OriginRequest> {
        match self {
            Self::Object(retrieval) => Some(retrieval.request(now)),
            Self::Redirect(_) | Self::Health(_) | Self::Token(_) => None,
            Self::Listing(listing) => match listing.clone().begin(&mut Health::default(), now) {
                listing::Next::Ask { listing, .. } => listing.request(now),
                listing::Next::Respond(_) | listing::Next::Reject(_) => None,
            },
        }
    }
}

impl Handout for Service {
    const LISTING: Option<fn(Listing) -> Self> = Some(|listing| Self::Listing(Box::new(listing)));
    const HEALTH: Option<fn(HealthCheck) -> Self> = Some(Self::Health);
    const TOKEN: Option<fn(TokenAnswer) -> Self> = Some(|token| Self::Token(Box::new(token)));

    fn of(access: Access<'_, '_>, exchange: Exchange, purges: &Purges, now: UnixTime) -> Self {
        match access.located().route().delivery {
            DeliveryMode::Stream => Self::Object(Box::new(access.retrieve(exchange, purges))),
            DeliveryMode::Redirect => Self::Redirect(access.redirect(now)),
        }
    }
}

impl Handout for Retrieval {
    fn of(access: Access<'_, '_>, exchange: Exchange, purges: &Purges, _now: UnixTime) -> Self {
        access.retrieve(exchange, purges)
    }
}

impl Handout for Redirect {
    fn of(access: Access<'_, '_>, _exchange: Exchange, _purges: &Purges, now: UnixTime) -> Self {
        access.redirect(now)
    }
}

/// What is to be done with a request.
#[derive(Clone, Debug)]
pub enum Outcome<T> {
    /// Hand out the object.
    Allow(T),
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

impl<T> Outcome<T> {
    /// What the log says of it. Where an object is handed out, the adapter says how.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Allow(_) => Verdict::Allow("allowed"),
            Self::Preflight(_) => Verdict::Allow("preflight"),
            Self::Reject { rejection, .. } => Verdict::from(rejection),
        }
    }
}

/// How far a decision has come.
#[derive(Clone, Debug)]
pub enum Step<'g, 'r, T> {
    /// To its end.
    Decided(Decision<T>),
    /// To a public key's signature, which the adapter checks.
    Check(Checking<'g, 'r>),
}

/// A decision that waits for an answer about a signature.
#[derive(Clone, Debug)]
pub struct Checking<'g, 'r> {
    gate: &'g Gate,
    request: &'r Request<'r>,
    now: UnixTime,
    pending: Box<PendingGrant<'r>>,
    trail: Trail,
}

/// An outcome and how it came about.
#[derive(Clone, Debug)]
pub struct Decision<T> {
    /// The outcome.
    pub outcome: Outcome<T>,
    /// The way to it.
    pub trail: Trail,
}

impl Gate {
    /// Makes a gate of what a policy has for reading.
    ///
    /// # Errors
    /// [`PolicyError`] when a secret that the policy names is missing.
    pub fn new(policy: &ReadSide, secrets: &Secrets<'_>) -> Result<Self, PolicyError> {
        let (mut keyring, routes) = (policy.keyring(secrets)?, policy.routes(secrets)?);
        routes.ticket_cookies().iter().for_each(|key| keyring.add_ticket_cookie(Arc::clone(key)));
        Ok(Self { keyring, routes, purges: Purges::default(), health: policy.health_check() })
    }

    /// Makes a gate of the routes that the policy's upload rules name: those whose stores'
    /// secrets the function has.
    ///
    /// # Errors
    /// [`PolicyError`] when a secret that the policy names is missing.
    pub fn of_uploads(policy: &Policy, secrets: &Secrets<'_>) -> Result<Self, PolicyError> {
        let keyring = policy.read_side().keyring(secrets)?;
        let routes = policy.upload_routes(secrets)?;
        Ok(Self { keyring, routes, purges: Purges::default(), health: None })
    }

    /// Makes a gate that decides about all routes and hands nothing out: it needs no secrets of
    /// stores, and has none.
    ///
    /// # Errors
    /// [`PolicyError`] when a secret of a key is missing.
    pub(crate) fn of_decisions(
        policy: &ReadSide,
        secrets: &Secrets<'_>,
    ) -> Result<Self, PolicyError> {
        let keyring = policy.keyring(secrets)?;
        let routes = policy.routes(&|_| Some("no store is asked, no cookie sealed".to_owned()))?;
        Ok(Self { keyring, routes, purges: Purges::default(), health: policy.health_check() })
    }

    /// The same gate, under what an operator has revoked and purged.
    #[must_use]
    pub fn under(mut self, control: Control) -> Self {
        self.keyring.revoke(control.revocations);
        self.purges = control.purges;
        self
    }

    /// The keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The routes.
    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Decides about a request at the time `now`.
    pub fn decide<'g, 'r, T: Handout>(
        &'g self,
        request: &'r Request<'r>,
        now: UnixTime,
    ) -> Step<'g, 'r, T> {
        let mut trail = Trail::default();
        if let (Some(tell), Some(check)) = (T::HEALTH, self.health_check(request)) {
            let outcome = Outcome::Allow(tell(check.clone()));
            return Step::Decided(Decision { outcome, trail });
        }
        let verified = match request.method() {
            Method::Options => {
                let outcome = Outcome::Preflight(self.preflight(request));
                return Step::Decided(Decision { outcome, trail });
            }
            Method::Get | Method::Head => {
                if let Some(hand_out) = T::TOKEN.filter(|_| self.is_for_token(request)) {
                    let outcome = self.issue(request, now, &mut trail, hand_out);
                    return Step::Decided(Decision { outcome, trail });
                }
                self.verify(request, now, &mut trail)
            }
            _ => Err(Rejection::MethodNotAllowed { allow: ALLOW }),
        };
        match verified {
            Ok(Verified::Granted(grant)) => {
                Step::Decided(self.finish(request, Ok(grant), now, trail))
            }
            Ok(Verified::Pending(pending)) => {
                let pending = Box::new(pending);
                Step::Check(Checking { gate: self, request, now, pending, trail })
            }
            Err(rejection) => Step::Decided(self.finish(request, Err(rejection), now, trail)),
        }
    }

    /// The question of how the edge is, when this is one. It needs no credential.
    fn health_check(&self, request: &Request<'_>) -> Option<&HealthCheck> {
        let is_read = matches!(request.method(), Method::Get | Method::Head);
        self.health.as_ref().filter(|check| is_read && check.path == request.path())
    }

    fn is_for_token(&self, request: &Request<'_>) -> bool {
        self.keyring.has_swift() && asks_for_token(request)
    }

    /// Gives a token. Routes that have the path are not asked, and neither how they tell a no.
    fn issue<T>(
        &self,
        request: &Request<'_>,
        now: UnixTime,
        trail: &mut Trail,
        hand_out: fn(TokenAnswer) -> T,
    ) -> Outcome<T> {
        match issue(request, &self.keyring, now) {
            Ok(issued) => Outcome::Allow(hand_out(trail.issued(issued))),
            Err(error) => {
                Outcome::Reject { rejection: CredentialError::from(error).into(), cors: Vec::new() }
            }
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
    fn admit<T: Handout>(
        &self,
        grant: Grant<'_>,
        now: UnixTime,
        trail: &mut Trail,
    ) -> Result<T, Rejection> {
        let grant = trail.granted(grant);
        if let Some(hand_out) = T::LISTING {
            if self.routes.is_for_buckets(grant.request()) && grant.dialect().is_sigv4() {
                return Ok(hand_out(Listing::of_buckets(&self.routes, &grant)?));
            }
            if self.routes.is_for_account(&grant) {
                return Ok(hand_out(Listing::of_containers(&self.routes, &grant)?));
            }
            if self.routes.is_for_bucket(&grant) {
                let bucket = trail.located_bucket(self.routes.locate_bucket(grant)?);
                return Ok(hand_out(bucket.authorize()?));
            }
        }
        let located = trail.located(self.routes.locate(grant)?);
        let access = trail.allowed(located.authorize()?);
        let exchange = trail.exchanged(access.exchange(&self.keyring, now));
        Ok(T::of(access, exchange, &self.purges, now))
    }

    fn finish<T: Handout>(
        &self,
        request: &Request<'_>,
        grant: Result<Grant<'_>, Rejection>,
        now: UnixTime,
        mut trail: Trail,
    ) -> Decision<T> {
        let outcome = match grant.and_then(|grant| self.admit(grant, now, &mut trail)) {
            Ok(handout) => Outcome::Allow(handout),
            Err(rejection) => self.reject(request, rejection),
        };
        Decision { outcome, trail }
    }

    /// The route alone says how much a viewer learns, so that a bad credential looks like none.
    fn reject<T>(&self, request: &Request<'_>, rejection: Rejection) -> Outcome<T> {
        match self.routes.manner(request) {
            Some(manner) => Outcome::Reject {
                rejection: rejection.disclosed(manner.disclosure),
                cors: manner.cors.headers(request),
            },
            None => Outcome::Reject { rejection, cors: Vec::new() },
        }
    }

    fn preflight(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        let manner = self.routes.manner(request);
        let mut headers = manner
            .map(|manner| manner.cors.preflight(request, "GET, HEAD", &CORS_REQUEST_HEADERS))
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
    pub fn answer<T: Handout>(self, holds: bool) -> Decision<T> {
        let grant = self.pending.answer(holds).map_err(Rejection::Credential);
        self.gate.finish(self.request, grant, self.now, self.trail)
    }
}
