//! Whole answers, and what the log says of them.

use std::fmt;

use crate::gate::{Decision, Outcome};
use crate::log::Verdict;
use crate::redirect::Redirect;
use crate::rejection::Rejection;
use crate::trail::Trail;

/// A whole answer.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body. It may hold signed URLs, so it is not for the log.
    pub body: String,
    /// What the log says.
    pub log: Box<LogEntry>,
}

/// What the log says about a request: nothing that could be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// How it was decided.
    pub verdict: Verdict,
    /// What was found out about it.
    pub trail: Trail,
}

impl From<&Rejection> for LogEntry {
    fn from(rejection: &Rejection) -> Self {
        Self { verdict: rejection.into(), trail: Trail::default() }
    }
}

/// Headers and body may hold signed URLs, so they are not shown.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {:?})", self.status, self.log)
    }
}

impl Answer {
    /// A JSON answer.
    pub(super) fn json(body: String, cors: Vec<(&'static str, String)>, log: LogEntry) -> Self {
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            // The answer holds links that work by themselves.
            ("cache-control", "no-store".to_owned()),
        ];
        headers.extend(cors);
        Self { status: 200, headers, body, log: Box::new(log) }
    }

    /// The answer to a request that is not served.
    pub(super) fn rejected(rejection: &Rejection, cors: Vec<(&'static str, String)>) -> Self {
        let mut headers = rejection.headers();
        headers.extend(cors);
        let status = rejection.row().status;
        Self { status, headers, body: rejection.body(), log: Box::new(rejection.into()) }
    }

    /// The answer to a read.
    pub(super) fn of_read(decision: Decision<Redirect>) -> Self {
        let Decision { outcome, trail } = decision;
        let verdict = outcome.verdict();
        let served = |status, headers, verdict| {
            let log = Box::new(LogEntry { verdict, trail: Trail::default() });
            Self { status, headers, body: String::new(), log }
        };
        let answer = match outcome {
            Outcome::Allow(redirect) => {
                served(Redirect::STATUS, redirect.headers(), Verdict::Allow("redirected"))
            }
            Outcome::Preflight(headers) => served(204, headers, verdict),
            Outcome::Reject { rejection, cors } => Self::rejected(&rejection, cors),
        };
        answer.with_trail(trail)
    }

    /// The answer, with what was found out about the request.
    pub(super) fn with_trail(mut self, trail: Trail) -> Self {
        self.log.trail = trail;
        self
    }
}
