//! The edge: a Cloudflare Worker that lets the core decide and streams what the store answers.
//!
//! It reads the viewer's request ([`viewer`]), hands it to the gate, sends the signed request
//! that comes out ([`origin`], [`r2`]; [`listing`] reads the answer, too), keeps copies
//! ([`cache`], [`chunks`]), lets WebCrypto check public keys' signatures ([`signature`]), and
//! writes one line to the log. What it runs by, it reads now and then ([`settings`]). It decides
//! nothing.

mod cache;
mod chunks;
mod listing;
mod origin;
mod r2;
mod settings;
mod signature;
mod viewer;

use std::pin::Pin;
use std::time::Duration;

use cloakroom_core::gate::{Decision, Gate, Outcome, Service, Step};
use cloakroom_core::health::Report;
use cloakroom_core::log::{LogLine, Verdict};
use cloakroom_core::redirect::Redirect;
use cloakroom_core::request::Request;
use cloakroom_core::swift_auth::issue::TokenAnswer;
use cloakroom_core::time::UnixTime;
use cloakroom_core::trail::Trail;
use worker::{Context, Env, event};

use crate::viewer::ViewerRequest;

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    let viewer = ViewerRequest::read(&request)?;
    let began = clock();
    let started = UnixTime::from_secs(began.as_secs());
    let mut log = LogLine::new(started, &viewer.id, &viewer.method);
    log.path(viewer.target());
    let (gate, problem) = settings::gate(&env, started).await;
    if let (Ok(_), Some(problem)) = (&gate, problem) {
        log.settings(&problem);
    }
    let response = match gate {
        Ok(gate) => serve(&gate, &viewer, (&env, &context), started, &mut log).await,
        Err(problem) => {
            log.verdict(&Verdict::Deny { reason: "not_configured", detail: problem });
            viewer::not_configured(&mut log)
        }
    }?;
    log.took(clock().saturating_sub(began));
    worker::console_log!("{log}");
    Ok(response)
}

async fn serve(
    gate: &Gate,
    viewer: &ViewerRequest,
    platform: (&Env, &Context),
    now: UnixTime,
    log: &mut LogLine,
) -> Result<web_sys::Response, worker::Error> {
    let request = Request::parse(&viewer.method, viewer.target(), viewer.headers());
    let request =
        request.map(|request| request.over(viewer.scheme()).from_address(viewer.client_address()));
    let decision: Decision<Service> = match &request {
        Ok(request) => match gate.decide(request, now) {
            Step::Decided(decision) => decision,
            Step::Check(checking) => {
                let holds = signature::holds(checking.check()).await;
                checking.answer(holds)
            }
        },
        Err(error) => Decision {
            outcome: Outcome::Reject { rejection: error.clone().into(), cors: Vec::new() },
            trail: Trail::default(),
        },
    };
    log.trail(&decision.trail);
    let verdict = decision.outcome.verdict();
    let retrieval = match decision.outcome {
        Outcome::Allow(Service::Object(retrieval)) => *retrieval,
        Outcome::Allow(Service::Redirect(redirect)) => {
            log.verdict(&Verdict::Allow("redirected"));
            return viewer::respond(Redirect::STATUS, &redirect.headers(), None, log);
        }
        Outcome::Allow(Service::Token(answer)) => {
            log.verdict(&Verdict::Allow("token_issued"));
            return viewer::respond(TokenAnswer::STATUS, &answer.headers(), None, log);
        }
        Outcome::Allow(Service::Listing(listing)) => {
            let cors = listing.cors().to_vec();
            return match listing::list(*listing, platform.0, log).await {
                Ok(response) => {
                    log.verdict(&verdict);
                    viewer::respond_text(
                        response.status,
                        &response.headers,
                        response.body.as_deref(),
                        log,
                    )
                }
                Err(rejection) => {
                    log.verdict(&Verdict::from(&rejection));
                    viewer::reject(&rejection, cors, viewer, log)
                }
            };
        }
        Outcome::Allow(Service::Health(check)) => {
            log.verdict(&Verdict::Allow("health"));
            let report = origin::HEALTH.with_borrow(|health| check.report(health, now));
            return viewer::respond_text(
                report.status,
                &Report::headers(),
                Some(&report.body()),
                log,
            );
        }
        Outcome::Preflight(headers) => {
            log.verdict(&verdict);
            return viewer::respond(204, &headers, None, log);
        }
        Outcome::Reject { rejection, cors } => {
            log.verdict(&verdict);
            return viewer::reject(&rejection, cors, viewer, log);
        }
    };
    let cors = retrieval.cors().to_vec();
    match origin::retrieve(retrieval, platform, log).await {
        Ok((mut head, body)) => {
            log.verdict(&verdict);
            head.headers.push(("server-timing", log.timing().header()));
            viewer::respond(head.status, &head.headers, body.as_ref(), log)
        }
        Err(rejection) => {
            log.verdict(&Verdict::from(&rejection));
            viewer::reject(&rejection, cors, viewer, log)
        }
    }
}

/// Works on when the viewer has its answer. The futures have one type, so that there is the code of
/// one promise for all of them.
fn later(context: &Context, work: impl Future<Output = ()> + 'static) {
    let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    context.wait_until(work);
}

/// The platform's clock stands still while a request computes, and moves on when it waits.
fn clock() -> Duration {
    Duration::from_millis(worker::Date::now().as_millis())
}

fn now() -> UnixTime {
    UnixTime::from_secs(clock().as_secs())
}
