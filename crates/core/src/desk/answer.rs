//! Whole answers, and what the log says of them.

use std::fmt;

use crate::client::{Client, Told};
use crate::gate::{Decision, Outcome};
use crate::log::Verdict;
use crate::redirect::Redirect;
use crate::rejection::{Rejection, Row};
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
    /// When it is a no: what it says, and the headers beside those of its form.
    no: Option<Box<No>>,
}

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Xml,
}

impl Form {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

#[derive(Clone)]
struct No {
    row: Row,
    headers: Vec<(&'static str, String)>,
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
    /// What the API is, for everyone.
    pub(super) fn description() -> Self {
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("cache-control", "public, max-age=300".to_owned()),
            ("access-control-allow-origin", "*".to_owned()),
        ];
        let log = LogEntry { verdict: Verdict::Allow("described"), trail: Trail::default() };
        Self::new(200, headers, include_str!("openapi.json").to_owned(), log)
    }

    /// An answer to what was served.
    pub(super) fn served(
        form: Form,
        body: String,
        cors: Vec<(&'static str, String)>,
        log: LogEntry,
    ) -> Self {
        let mut headers = vec![
            ("content-type", form.content_type().to_owned()),
            // The answer holds links that work by themselves.
            ("cache-control", "no-store".to_owned()),
        ];
        headers.extend(cors);
        Self::new(200, headers, body, log)
    }

    /// The answer to a request that is not served, in the one form that its client reads.
    pub(super) fn rejected_as(
        rejection: &Rejection,
        (form, body): (Form, String),
        cors: Vec<(&'static str, String)>,
    ) -> Self {
        let mut headers = rejection.headers();
        headers.push(("content-type", form.content_type().to_owned()));
        headers.extend(cors);
        Self::new(rejection.row().status, headers, body, rejection.into())
    }

    /// An answer that has one form, whoever reads it.
    pub(super) fn new(
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
        log: LogEntry,
    ) -> Self {
        Self { status, headers, body, log: Box::new(log), no: None }
    }

    /// The answer to a request that is not served, in JSON.
    pub(super) fn rejected(rejection: &Rejection, cors: Vec<(&'static str, String)>) -> Self {
        let mut headers = rejection.headers();
        headers.extend(cors);
        let no = No { row: rejection.row(), headers };
        let Told { status, headers, body } = no.tell(&Client::default());
        Self { status, headers, body, log: Box::new(rejection.into()), no: Some(Box::new(no)) }
    }

    /// The answer as `client` reads it: a no has several forms, all else has one.
    #[must_use]
    pub fn told_to(self, client: &Client<'_>) -> Self {
        let Some(no) = &self.no else { return self };
        let Told { status, headers, body } = no.tell(client);
        Self { status, headers, body, ..self }
    }

    /// The answer to a read.
    pub(super) fn of_read(decision: Decision<Redirect>) -> Self {
        let Decision { outcome, trail } = decision;
        let verdict = outcome.verdict();
        let served = |status, headers, verdict| {
            let log = LogEntry { verdict, trail: Trail::default() };
            Self::new(status, headers, String::new(), log)
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

impl No {
    fn tell(&self, client: &Client<'_>) -> Told {
        client.tell_row(&self.row, self.headers.clone())
    }
}
