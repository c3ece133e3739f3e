//! Signed URLs and cookies for reading, issued by the function: `POST /signed-urls`.
//!
//! ```text
//! order ─ parse ─▶ path ─ locate ─▶ rule: may the caller? ─▶ Readable ─ sign ─▶ ticket ─▶ gate
//! ```
//!
//! An order names files or a folder; what is signed is never its text, but the path that was read
//! from it, written anew. What the caller may read is decided by the routes and rules by which the
//! edge decides. A ticket acts as the key that signs it, for every owner, so it is made for one
//! object, or for a folder of which the rules alone say that the caller may read all of it. At the
//! end the gate is asked whether the ticket opens just that; what it would not take is not issued.
//!
//! [`order`] reads what is asked for, [`error`] says why there is no ticket, `readable` decides,
//! `url` and `cookies` sign in each dialect, and [`signing`] waits for private keys.

pub mod error;
pub mod issuer;
pub mod order;
pub mod signing;

mod cookies;
mod proof;
mod readable;
mod url;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cors::Cors;
use crate::gate::Gate;
use crate::grant::{Dialect, Grant};
use crate::key::Principal;
use crate::lifetime::Lifetime;
use crate::policy::{Policy, PolicyError, Secrets};
use crate::public_key::SigningKey;
use crate::rejection::Rejection;
use crate::request::Request;
use crate::time::UnixTime;

use self::error::SignedUrlError;
use self::issuer::Issuer;
use self::order::{Order, Wanted, Wants};
use self::readable::{Readable, ReadableFolder};
use self::signing::{Draft, Signing, Tickets};

/// All issuers, ready to sign.
#[derive(Clone, Debug)]
pub struct SignedUrls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuers: BTreeMap<String, Issuer>,
    /// It decides about the routes of the edge, those that the function does not serve, too.
    gate: Gate,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
struct Caller<'g> {
    principal: &'g Principal,
    /// When its own authority ends.
    expires_at: Option<UnixTime>,
}

/// How far an order has come.
#[derive(Clone, Debug)]
pub enum Issued {
    /// To its end.
    Answer(Answer),
    /// To signatures of a private key, which the adapter makes.
    Sign(Box<Signing>),
}

/// What the caller gets.
#[derive(Clone)]
pub struct Answer {
    /// The body: JSON with tickets in it, so it is not for the log.
    pub body: String,
    /// The headers: those for pages of other origins, and cookies.
    pub headers: Vec<(&'static str, String)>,
    /// The issuer, for the log.
    pub issuer: String,
    /// What the log says: whether all, some or none of what was asked for was signed.
    pub verdict: &'static str,
}

/// Tickets are not shown.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({})", self.verdict)
    }
}

impl SignedUrls {
    /// The issuers of a policy.
    ///
    /// # Errors
    /// [`PolicyError`] when a secret that the policy names is missing.
    pub fn new(policy: &Policy, secrets: &Secrets<'_>) -> Result<Self, PolicyError> {
        let issuers = policy.issuers(secrets)?;
        let issuers = issuers.into_iter().map(|issuer| (issuer.name.clone(), issuer)).collect();
        Ok(Self(Arc::new(Inner {
            issuers,
            gate: Gate::of_decisions(policy.read_side(), secrets)?,
        })))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.issuers.is_empty()
    }

    /// The private keys that the adapter must be able to sign with.
    pub fn signing_keys(&self) -> impl Iterator<Item = &Arc<SigningKey>> {
        self.0.issuers.values().filter_map(|issuer| issuer.key.signing_key())
    }

    /// Issues what the body of a request orders, at the time `now`. Of several URLs each has an
    /// answer of its own, in the order in which they were asked for.
    ///
    /// # Errors
    /// [`Rejection`] when nothing at all can be issued: nobody signed in, the order is not well
    /// formed, or it is one for cookies that are not to be had.
    pub fn issue(
        &self,
        grant: &Grant<'_>,
        body: &[u8],
        now: UnixTime,
    ) -> Result<Issued, Rejection> {
        let caller = caller_of(grant)?;
        let order = Order::parse(body)?;
        let issuer = self.find(order.ticket.as_deref())?;
        let lifetime = issuer.lifetime(order.expires_in, caller.expires_at, now)?;
        let tickets = match &order.wants {
            Wants::Urls(wanted) => {
                issuer.signs_urls(order.method)?;
                let sign = |wanted| self.url(issuer, caller, &order, wanted, lifetime);
                Tickets::Urls(wanted.iter().map(sign).collect())
            }
            Wants::Cookies(resource) => {
                let settings = issuer.signs_cookies()?;
                Tickets::Cookies {
                    draft: Box::new(self.cookies(issuer, caller, resource, lifetime)?),
                    domain: settings.domain.clone(),
                }
            }
        };
        let cors = issuer.cors.headers(grant.request());
        let signing = Signing {
            issuers: self.clone(),
            issuer: issuer.name.clone(),
            tickets,
            expires_at: lifetime.expires_at(),
            now,
            cors,
        };
        if signing.messages().next().is_some() {
            return Ok(Issued::Sign(Box::new(signing)));
        }
        signing.settle(&[]).map(Issued::Answer)
    }

    /// The headers by which pages may read any answer. An order names its issuer where they cannot
    /// be chosen yet, so a page that may use one of them may read it.
    pub fn cors(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        self.fullest(|cors| cors.headers(request))
    }

    /// The headers for a preflight.
    pub fn preflight(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        self.fullest(|cors| cors.preflight(request, "POST", &["authorization", "content-type"]))
    }

    /// Whoever is allowed more is told more.
    fn fullest(
        &self,
        headers: impl Fn(&Cors) -> Vec<(&'static str, String)>,
    ) -> Vec<(&'static str, String)> {
        let all = self.0.issuers.values().map(|issuer| headers(&issuer.cors));
        all.max_by_key(Vec::len).unwrap_or_default()
    }

    /// The issuer of this name; without a name the only one, or the one named `default`.
    fn find(&self, name: Option<&str>) -> Result<&Issuer, SignedUrlError> {
        let issuers = &self.0.issuers;
        let found = match name {
            Some(name) => issuers.get(name),
            None if issuers.len() == 1 => issuers.values().next(),
            None => issuers.get("default"),
        };
        found.ok_or_else(|| SignedUrlError::Order {
            problem: match name {
                Some(name) => format!("There is no issuer `{name}`."),
                None => "`ticket` must name an issuer.".to_owned(),
            },
        })
    }

    fn url(
        &self,
        issuer: &Issuer,
        caller: Caller<'_>,
        order: &Order,
        wanted: &Wanted,
        lifetime: Lifetime,
    ) -> Result<Draft, Rejection> {
        let readable = Readable::find(self.0.gate.routes(), issuer, caller, &wanted.url)?;
        let download = wanted.download.as_deref();
        Ok(issuer.sign_url(readable, order.method, download, lifetime)?)
    }

    fn cookies(
        &self,
        issuer: &Issuer,
        caller: Caller<'_>,
        resource: &str,
        lifetime: Lifetime,
    ) -> Result<Draft, Rejection> {
        if let Some((key, claim)) = issuer.key.as_token() {
            return Ok(issuer.sign_token(key, claim, caller, resource, lifetime)?);
        }
        let folder = ReadableFolder::find(self.0.gate.routes(), issuer, caller, resource)?;
        Ok(issuer.sign_cookies(folder, lifetime)?)
    }
}

/// Who may order: whoever sends a bearer token. A cookie comes with requests that another site
/// makes, and a signature over a request covers a body's hash at best.
fn caller_of<'g>(grant: &'g Grant<'_>) -> Result<Caller<'g>, SignedUrlError> {
    match (grant.dialect(), grant.principal()) {
        (Dialect::Anonymous, _) => Err(SignedUrlError::SignIn),
        (Dialect::JwtBearer, Principal::User(_) | Principal::EveryOwner) => {
            Ok(Caller { principal: grant.principal(), expires_at: grant.expires_at() })
        }
        _ => Err(SignedUrlError::NotABearer),
    }
}

impl Issuer {
    /// How long tickets live that are asked for now.
    fn lifetime(
        &self,
        expires_in: Option<u64>,
        ends: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<Lifetime, SignedUrlError> {
        let max = self.max_expires_in.as_secs();
        let life = match expires_in {
            Some(secs) if !(1..=max).contains(&secs) => {
                return Err(SignedUrlError::Order {
                    problem: format!("`expires_in` must be from 1 to {max} seconds."),
                });
            }
            Some(secs) => Duration::from_secs(secs),
            None => self.expires_in,
        };
        if self.key.as_token().is_some() {
            // Such a token could ask for the next one, and so on without end.
            let left = ends.map_or(life, |ends| ends.since(now));
            return Ok(Lifetime::new(now, life.min(left)));
        }
        let stable = self.stable_for.and_then(|bucket| Lifetime::stable(now, life, bucket));
        Ok(stable.unwrap_or_else(|| Lifetime::new(now, life)))
    }
}
