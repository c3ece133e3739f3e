//! Listings: the store's answers are read here, for the core to say what of them may be shown.

use std::time::Duration;

use cloakroom_core::listing::answer::MAX_LENGTH;
use cloakroom_core::listing::{ListAnswer, ListResponse, Listing, Next};
use cloakroom_core::log::LogLine;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::store::Unanswered;

use crate::now;
use crate::origin::{HEALTH, send};
use crate::platform::{self, Failure, Found};
use crate::tasks::clock;

/// Asks the store until a page is full, or the listing ends.
pub(crate) async fn list(listing: Listing, log: &mut LogLine) -> Result<ListResponse, Rejection> {
    let mut next = HEALTH.with_borrow_mut(|health| listing.begin(health, now()));
    loop {
        let (listing, pause) = match next {
            Next::Ask { listing, pause } => (listing, pause),
            Next::Respond(response) => return Ok(response),
            Next::Reject(rejection) => return Err(rejection),
        };
        let began = clock();
        if !pause.is_zero() {
            platform::wait(pause).await;
        }
        let answer = match listing.request(now()) {
            Some(request) => match send(&request).await {
                Ok(answer) => read(answer, request.timeout()).await,
                Err(unanswered) => Err(unanswered),
            },
            None => Err(Unanswered::Unreachable),
        };
        let answer = answer.as_ref().map_err(|unanswered| *unanswered);
        let answer = answer.map(|(head, body)| ListAnswer { head: head.as_answer(), body });
        let status = answer.map(|answer| answer.head.status);
        log.asked(listing.store().unwrap_or_default(), status, clock().saturating_sub(began));
        next = HEALTH.with_borrow_mut(|health| listing.settle(answer, health, now()));
    }
}

/// The whole of an answer, unless it takes too long. Of one that is longer than any listing there
/// is a part, which the core refuses for its length.
async fn read(answer: Found, timeout: Duration) -> Result<(Found, Vec<u8>), Unanswered> {
    let body = match answer.body {
        Some(body) => body.read(MAX_LENGTH, timeout).await,
        None => Ok(Vec::new()),
    };
    match body {
        Ok(body) => Ok((answer, body)),
        Err(Failure::Late) => Err(Unanswered::TimedOut),
        Err(_) => Err(Unanswered::Unreachable),
    }
}
