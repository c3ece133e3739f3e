//! What the log says of a request: one line of JSON, the same from every adapter.
//!
//! It names keys, principals and objects, and holds neither secrets nor tickets: nobody can pass
//! a query, a header or an upload id to it but through the facts that are listed here.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::rejection::Rejection;
use crate::retrieval::CacheStatus;
use crate::store::Unanswered;
use crate::time::UnixTime;
use crate::timing::{Timing, add, milliseconds};
use crate::trail::Trail;

/// How a request was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served, and what was done: `allowed`, `redirected`, `preflight`, `token_issued`,
    /// `described`, `issued`, `parts_signed`, `parts_listed`, `step_signed`, `completed`,
    /// `confirmed`, `aborted`. Of an event: `told`, or why nothing was to be done: `other_event`,
    /// `no_rule`, `gone`. Of a sweep: `swept`, or `swept_in_part` where the next one goes on.
    Allow(&'static str),
    /// It is not.
    Deny {
        /// The reason, one of those in [`rejection`](crate::rejection).
        reason: &'static str,
        /// The evidence.
        detail: String,
    },
}

impl From<&Rejection> for Verdict {
    fn from(rejection: &Rejection) -> Self {
        Self::Deny { reason: rejection.row().reason, detail: rejection.to_string() }
    }
}

impl Verdict {
    /// `allow` or `deny`.
    pub const fn decision(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allow",
            Self::Deny { .. } => "deny",
        }
    }

    /// What was done, or why not.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Allow(reason) | Self::Deny { reason, .. } => reason,
        }
    }
}

/// What is learnt of a request.
#[derive(Clone, Debug)]
enum Fact {
    Text(String),
    Texts(Vec<String>),
    Number(u64),
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Texts(texts) => serializer.collect_seq(texts),
            Self::Number(number) => serializer.serialize_u64(*number),
        }
    }
}

/// The line, as it fills up. Fields stand in the order in which they were learnt.
#[derive(Clone, Debug)]
pub struct LogLine {
    request_id: String,
    fields: Vec<(&'static str, Fact)>,
    attempts: Vec<String>,
    store_status: Option<u16>,
    timing: Timing,
}

impl LogLine {
    /// A line about a request that came at `time`. Its id is in the answer, too.
    pub fn new(time: UnixTime, request_id: &str, method: &str) -> Self {
        Self::begun(time, request_id, ("method", method))
    }

    /// A line about an event that came at `time`, by its name.
    pub fn of_event(time: UnixTime, request_id: &str, event: &str) -> Self {
        Self::begun(time, request_id, ("event", event))
    }

    fn begun(time: UnixTime, request_id: &str, (name, value): (&'static str, &str)) -> Self {
        let mut line = Self {
            request_id: request_id.to_owned(),
            fields: Vec::with_capacity(32),
            attempts: Vec::new(),
            store_status: None,
            timing: Timing::default(),
        };
        line.text("time", time.to_rfc3339());
        line.text("request_id", request_id.to_owned());
        line.text(name, value.to_owned());
        line
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// How long things took until now.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The path of a request target; the query may be a ticket.
    pub fn path(&mut self, target: &str) {
        self.text("path", target.split('?').next().unwrap_or_default().to_owned());
    }

    /// What is wrong with newer settings than those that decide.
    pub fn settings(&mut self, problem: &str) {
        self.text("settings", problem.to_owned());
    }

    /// What was found out about the request.
    pub fn trail(&mut self, trail: &Trail) {
        for (name, fact) in trail.facts() {
            self.text(name, fact);
        }
    }

    /// How it was decided.
    pub fn verdict(&mut self, verdict: &Verdict) {
        if let Some(status) = self.store_status.take() {
            self.number("store_status", status.into());
        }
        let attempts = std::mem::take(&mut self.attempts);
        if attempts.len() > 1 {
            self.fields.push(("attempts", Fact::Texts(attempts)));
        }
        self.text("decision", verdict.decision().to_owned());
        self.text("reason", verdict.reason().to_owned());
        if let Verdict::Deny { detail, .. } = verdict {
            self.text("detail", detail.clone());
        }
    }

    /// A copy was looked for.
    pub fn looked(&mut self, took: Duration) {
        add(&mut self.timing.cache, took);
    }

    /// A store was asked, and answered with this status or not at all, after some time. The last
    /// one that was asked is the one that counts; if there were others, all are listed.
    pub fn asked(&mut self, store: &str, answer: Result<u16, Unanswered>, took: Duration) {
        add(&mut self.timing.store, took);
        self.attempts.push(match answer {
            Ok(status) => format!("{store} {status}"),
            Err(Unanswered::Unreachable) => format!("{store} unreachable"),
            Err(Unanswered::TimedOut) => format!("{store} timed out"),
            Err(Unanswered::NotSent) => format!("{store} not asked"),
        });
        self.store_status = answer.ok();
    }

    /// What the cache had to do with the answer.
    pub fn cache(&mut self, status: CacheStatus) {
        self.timing.cache_status = Some(status);
        self.text("cache", status.as_str().to_owned());
    }

    /// The answer to the viewer: its status, and how many bytes its body has, where that is known
    /// beforehand.
    pub fn answered(&mut self, status: u16, bytes: Option<u64>) {
        self.number("status", status.into());
        if let Some(bytes) = bytes {
            self.number("bytes", bytes);
        }
    }

    /// How many uploads were ended.
    pub fn swept(&mut self, aborted: u64) {
        self.number("aborted", aborted);
    }

    /// How long all of it took, until the answer began.
    pub fn took(&mut self, all: Duration) {
        let Timing { cache, store, .. } = self.timing;
        for (name, part) in [("cache_ms", cache), ("store_ms", store), ("ms", Some(all))] {
            if let Some(took) = part {
                self.number(name, milliseconds(took));
            }
        }
    }

    fn text(&mut self, name: &'static str, text: String) {
        self.fields.push((name, Fact::Text(text)));
    }

    fn number(&mut self, name: &'static str, number: u64) {
        self.fields.push((name, Fact::Number(number)));
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        let fields = self.fields.iter().map(|(name, value)| (name, value));
        serde_json::Serializer::new(&mut line).collect_map(fields).map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Dialect;
    use crate::key::Principal;
    use crate::rejection::Rejection;
    use crate::store::StoreError;
    use crate::store::Unanswered;

    #[test]
    fn a_line_is_json_in_the_order_of_events() {
        let mut line = LogLine::new(UnixTime::from_secs(0), "7", "GET");
        line.path("/a\"b?X-Amz-Signature=secret");
        line.trail(&Trail {
            dialect: Some(Dialect::JwtBearer),
            principal: Some(Principal::User("al\nice".to_owned())),
            ..Trail::default()
        });
        line.looked(Duration::from_millis(1));
        line.asked("main", Err(Unanswered::Unreachable), Duration::from_millis(2));
        line.asked("main", Ok(404), Duration::from_millis(30));
        line.verdict(&Verdict::from(&Rejection::Store(StoreError::NotFound)));
        line.answered(404, Some(12));
        line.took(Duration::from_micros(34_500));
        assert_eq!(
            line.to_string(),
            r#"{"time":"1970-01-01T00:00:00Z","request_id":"7","method":"GET","path":"/a\"b","#
                .to_owned()
                + r#""dialect":"jwt_bearer","principal":"user al\nice","store_status":404,"#
                + r#""attempts":["main unreachable","main 404"],"#
                + r#""decision":"deny","reason":"object_not_found","#
                + r#""detail":"the store has no such object","status":404,"bytes":12,"#
                + r#""cache_ms":1,"store_ms":32,"ms":34}"#
        );
    }
}
