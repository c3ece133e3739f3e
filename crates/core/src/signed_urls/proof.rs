//! What a ticket opens, asked of the gate itself: no ticket is handed out that it would not take.

use crate::access::Access;
use crate::gate::{Gate, Handout, Outcome, Step};
use crate::health::HealthCheck;
use crate::listing::Listing;
use crate::purge::Purges;
use crate::request::{Method, Request, Scheme};
use crate::secret::Secret;
use crate::swift_auth::issue::TokenAnswer;
use crate::ticket_cookie::exchange::Exchange;
use crate::time::UnixTime;

use super::issuer::Issuer;
use super::signing::{Form, Scope, Ticket};

/// What the gate would hand out: nothing of it is.
enum Opened {
    Object { route: String, key: String },
    Other,
}

impl Handout for Opened {
    const LISTING: Option<fn(Listing) -> Self> = Some(|_| Self::Other);
    const HEALTH: Option<fn(HealthCheck) -> Self> = Some(|_| Self::Other);
    const TOKEN: Option<fn(TokenAnswer) -> Self> = Some(|_| Self::Other);

    fn of(access: Access<'_, '_>, _exchange: Exchange, _purges: &Purges, _now: UnixTime) -> Self {
        let place = access.located().place();
        let key = place.source.key.as_str().to_owned();
        Self::Object { route: place.route.name.clone(), key }
    }
}

impl Ticket {
    /// Whether it opens what it was signed for. A private key's signature is the adapter's own, so
    /// it is held for right.
    pub(super) fn opens(&self, gate: &Gate, issuer: &Issuer, now: UnixTime) -> bool {
        match (&self.form, &self.scope) {
            (Form::Url(url), Scope::Object(readable, method)) => {
                opens_url(gate, issuer, url, *method, readable.object(), now)
            }
            (Form::Cookies { cookies, path }, Scope::Folder(folder)) => {
                let (route, prefix) = folder.objects();
                let target = format!("{path}x");
                let expected = format!("{prefix}x");
                let cookies: Vec<_> = cookies
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.expose()))
                    .collect();
                let cookies = cookies.join("; ");
                let headers = [("host", issuer.url.host()), ("cookie", cookies.as_str())];
                let request = Request::parse("GET", &target, headers).ok();
                request.is_some_and(|request| {
                    opens(gate, issuer, request, (route, expected.as_str()), now)
                })
            }
            // It opens what its user may read, which is for the gate to say each time.
            (Form::Cookies { .. }, Scope::Caller) => true,
            _ => false,
        }
    }
}

fn opens_url(
    gate: &Gate,
    issuer: &Issuer,
    url: &Secret,
    method: Method,
    object: (&str, &str),
    now: UnixTime,
) -> bool {
    let origin = issuer.url.to_string();
    let Some(target) = url.expose().strip_prefix(&origin) else { return false };
    let request = Request::parse(method.as_str(), target, [("host", issuer.url.host())]).ok();
    request.is_some_and(|request| opens(gate, issuer, request, object, now))
}

fn opens(
    gate: &Gate,
    issuer: &Issuer,
    request: Request<'_>,
    expected: (&str, &str),
    now: UnixTime,
) -> bool {
    let is_https = issuer.url.scheme() == Scheme::Https.as_str();
    let request = request.over(if is_https { Scheme::Https } else { Scheme::Http });
    let decision = match gate.decide::<Opened>(&request, now) {
        Step::Decided(decision) => decision,
        Step::Check(checking) => checking.answer(true),
    };
    match decision.outcome {
        Outcome::Allow(Opened::Object { route, key }) => (route.as_str(), key.as_str()) == expected,
        Outcome::Allow(Opened::Other) | Outcome::Preflight(_) | Outcome::Reject { .. } => false,
    }
}
