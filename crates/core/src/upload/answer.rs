//! Whole answers, and what the log says of them.

use std::fmt;

use crate::gate::{Decision, Outcome};
use crate::key::Principal;
use crate::redirect::Redirect;
use crate::rejection::Rejection;

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
    pub log: LogEntry,
}

/// What the log says about a request: nothing that could be used again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEntry {
    /// `issued`, `confirmed`, `redirected`, `preflight`, or the reason of a rejection.
    pub reason: &'static str,
    /// The evidence behind a rejection.
    pub detail: Option<String>,
    /// The user.
    pub principal: Option<String>,
    /// The rule.
    pub rule: Option<String>,
    /// The object.
    pub key: Option<String>,
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
        Self { status: 200, headers, body, log }
    }

    /// The answer to a request that is not served.
    pub(super) fn rejected(rejection: &Rejection, cors: Vec<(&'static str, String)>) -> Self {
        let mut headers = rejection.headers();
        headers.extend(cors);
        let row = rejection.row();
        let detail = Some(rejection.to_string());
        let log = LogEntry { reason: row.reason, detail, ..LogEntry::default() };
        Self { status: row.status, headers, body: rejection.body(), log }
    }

    /// The answer to a read.
    pub(super) fn of_read(decision: Decision<Redirect>) -> Self {
        let trail = decision.trail;
        let (status, headers, reason) = match decision.outcome {
            Outcome::Allow(redirect) => (Redirect::STATUS, redirect.headers(), "redirected"),
            Outcome::Preflight(headers) => (204, headers, "preflight"),
            Outcome::Reject { rejection, cors } => {
                let answer = Self::rejected(&rejection, cors);
                let log = LogEntry { key: trail.key, ..answer.log };
                return Self { log, ..answer };
            }
        };
        let log = LogEntry {
            reason,
            detail: None,
            principal: trail.principal.and_then(|principal| match principal {
                Principal::User(user) => Some(user),
                Principal::Anonymous | Principal::EveryOwner => None,
            }),
            rule: trail.pattern,
            key: trail.key,
        };
        Self { status, headers, body: String::new(), log }
    }
}
