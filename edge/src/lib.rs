//! The edge: a Cloudflare Worker that lets the core decide and streams what the store answers.
//!
//! It reads the viewer's request ([`viewer`]), hands it to the gate, sends the signed request
//! that comes out ([`origin`], [`r2`]; [`listing`] reads the answer, too), keeps copies
//! ([`cache`], [`chunks`]), lets WebCrypto check public keys' signatures ([`signature`]), and
//! writes one line to the log. What it runs by, it reads now and then ([`settings`]). All I/O is
//! JavaScript's, which is asked for it ([`platform`]) while the rest waits ([`tasks`]). It decides
//! nothing.

mod cache;
mod chunks;
mod listing;
mod origin;
mod platform;
mod r2;
mod settings;
mod signature;
mod tasks;
mod viewer;

use cloakroom_core::gate::{Decision, Gate, Outcome, Service, Step};
use cloakroom_core::health::Report;
use cloakroom_core::log::{LogLine, Verdict};
use cloakroom_core::redirect::Redirect;
use cloakroom_core::request::Request;
use cloakroom_core::swift_auth::issue::TokenAnswer;
use cloakroom_core::time::UnixTime;
use cloakroom_core::trail::Trail;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::tasks::{Answered, clock};
use crate::viewer::{Answer, ViewerRequest};

/// A request has come: it is a task of this number, as the platform has written it.
#[wasm_bindgen]
pub fn begin(task: u32, request: String, seconds: u32, milliseconds: u32) {
    tasks::begin(task, tasks::time(seconds, milliseconds), async move {
        let viewer = ViewerRequest::read(&request);
        let began = clock();
        let started = UnixTime::from_secs(began.as_secs());
        let mut log = LogLine::new(started, viewer.id, viewer.method);
        log.path(viewer.target());
        let answer = answer(&viewer, started, &mut log).await;
        log.took(clock().saturating_sub(began));
        answer.send(&log);
    });
}

/// The question of a task was answered by a text, and perhaps with an object.
#[wasm_bindgen]
pub fn resume(
    task: u32,
    question: u32,
    object: u32,
    text: String,
    seconds: u32,
    milliseconds: u32,
) {
    let answered = Answered { object, text, bytes: None };
    tasks::resume(task, question, answered, tasks::time(seconds, milliseconds));
}

/// The question of a task was answered by bytes.
#[wasm_bindgen]
pub fn resume_with_bytes(
    task: u32,
    question: u32,
    bytes: Vec<u8>,
    seconds: u32,
    milliseconds: u32,
) {
    let answered = Answered { bytes: Some(bytes), ..Answered::default() };
    tasks::resume(task, question, answered, tasks::time(seconds, milliseconds));
}

/// The platform has given a task up.
#[wasm_bindgen]
pub fn abandon(task: u32) {
    tasks::abandon(task);
}

async fn answer(viewer: &ViewerRequest<'_>, started: UnixTime, log: &mut LogLine) -> Answer {
    let (gate, problem) = settings::gate(started).await;
    match gate {
        Ok(gate) => {
            if let Some(problem) = problem {
                log.settings(&problem);
            }
            serve(&gate, viewer, started, log).await
        }
        Err(problem) => {
            log.verdict(&Verdict::Deny { reason: "not_configured", detail: problem });
            viewer::not_configured(log)
        }
    }
}

async fn serve(
    gate: &Gate,
    viewer: &ViewerRequest<'_>,
    now: UnixTime,
    log: &mut LogLine,
) -> Answer {
    let request = Request::parse(viewer.method, viewer.target(), viewer.headers());
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
            return viewer::respond(Redirect::STATUS, redirect.headers(), None, log);
        }
        Outcome::Allow(Service::Token(answer)) => {
            log.verdict(&Verdict::Allow("token_issued"));
            return viewer::respond(TokenAnswer::STATUS, answer.headers(), None, log);
        }
        Outcome::Allow(Service::Listing(listing)) => {
            let cors = listing.cors().to_vec();
            return match listing::list(*listing, log).await {
                Ok(response) => {
                    log.verdict(&verdict);
                    viewer::respond_text(
                        response.status,
                        response.headers,
                        response.body.unwrap_or_default(),
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
                Report::headers().to_vec(),
                report.body(),
                log,
            );
        }
        Outcome::Preflight(headers) => {
            log.verdict(&verdict);
            return viewer::respond(204, headers, None, log);
        }
        Outcome::Reject { rejection, cors } => {
            log.verdict(&verdict);
            return viewer::reject(&rejection, cors, viewer, log);
        }
    };
    let cors = retrieval.cors().to_vec();
    match origin::retrieve(retrieval, log).await {
        Ok((mut head, body)) => {
            log.verdict(&verdict);
            head.headers.push(("server-timing", log.timing().header()));
            viewer::respond(head.status, head.headers, body, log)
        }
        Err(rejection) => {
            log.verdict(&Verdict::from(&rejection));
            viewer::reject(&rejection, cors, viewer, log)
        }
    }
}

fn now() -> UnixTime {
    UnixTime::from_secs(clock().as_secs())
}
