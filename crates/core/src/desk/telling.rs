//! An answer that waits until the app knows of the upload.

use std::sync::Arc;

use crate::rejection::Rejection;
use crate::store::Unanswered;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::notice::Notice;
use crate::upload::rule::UploadRule;
use crate::webhook::Delivery;

use super::Step;
use super::voice::Voice;
use super::work::Done;

/// A request that waits for the app's word.
#[derive(Clone, Debug)]
pub struct Telling {
    pub(super) notice: Box<Notice>,
    pub(super) done: Result<Done, UploadError>,
    pub(super) rule: Arc<UploadRule>,
    pub(super) trail: Trail,
    pub(super) voice: Voice,
}

impl Telling {
    /// What is to be sent to the app.
    pub fn delivery(&self, now: UnixTime) -> Delivery {
        self.notice.delivery(now)
    }

    /// Goes on, now that the app has answered, or has not. Where it did not take the news, the
    /// request fails, and can be sent again: nothing is lost but the answer.
    pub fn settle(self, answer: Result<u16, Unanswered>, now: UnixTime) -> Step<'static, 'static> {
        let Self { done, rule, trail, voice, .. } = self;
        Step::Answer(match Notice::told(answer).and(done) {
            Ok(done) => voice.tell(&rule, &done, trail, now),
            Err(error) => voice.reject(&Rejection::from(error), trail),
        })
    }
}
