//! How an answer is said: in the words of the protocol that the question was asked in.

use std::sync::Arc;

use crate::log::Verdict;
use crate::rejection::Rejection;
use crate::request::Request;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::rule::UploadRule;

use super::answer::{Answer, Form, LogEntry};
use super::protocol::{Protocol, STEPS};
use super::work::{Done, Progress};
use super::{Pending, Step, Telling, steps};

/// How an answer is said.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) language: Language,
    /// Where the desk's steps are.
    pub(super) base: String,
    pub(super) cors: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Language {
    Of(Protocol),
    /// The XML of S3.
    S3,
}

/// Where steps are, for the client that asks.
pub(super) fn steps_of(request: &Request<'_>) -> String {
    format!("{}{STEPS}", request.site())
}

impl Voice {
    /// What is to be done next.
    pub(super) fn go_on(
        self,
        rule: &Arc<UploadRule>,
        progress: Progress,
        trail: Trail,
        now: UnixTime,
    ) -> Step<'static, 'static> {
        match progress {
            Progress::Ask(work) => Step::Ask(Box::new(Pending { work, voice: self })),
            Progress::Done(done) => Step::Answer(self.tell(rule, &done, trail, now)),
            Progress::Tell(notice, done) => {
                let rule = Arc::clone(rule);
                Step::Tell(Box::new(Telling { notice, done, rule, trail, voice: self }))
            }
        }
    }

    pub(super) fn tell(
        &self,
        rule: &UploadRule,
        done: &Done,
        trail: Trail,
        now: UnixTime,
    ) -> Answer {
        let log = LogEntry { verdict: Verdict::Allow(done.as_str()), trail };
        let body = match self.language {
            Language::Of(protocol) => match protocol.write(done, rule, &self.base, now) {
                Ok(json) => json.map(|json| (Form::Json, json.to_string())),
                Err(error) => return self.reject(&error.into(), log.trail),
            },
            Language::S3 => steps::write(done, rule, now).map(|xml| (Form::Xml, xml)),
        };
        match body {
            Some((form, body)) => Answer::served(form, body, self.cors.clone(), log),
            None => Answer::new(204, self.cors.clone(), String::new(), log),
        }
    }

    /// The answer to what is not served.
    pub(super) fn reject(&self, rejection: &Rejection, trail: Trail) -> Answer {
        let row = rejection.row();
        let body = match self.language {
            Language::Of(protocol) => {
                protocol.write_error(&row).map(|json| (Form::Json, json.to_string()))
            }
            Language::S3 => Some((Form::Xml, steps::write_error(&row))),
        };
        let answer = match body {
            None => Answer::rejected(rejection, self.cors.clone()),
            Some((form, body)) => Answer::rejected_as(rejection, (form, body), self.cors.clone()),
        };
        answer.with_trail(trail)
    }
}
