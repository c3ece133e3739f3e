//! Which stores answer: a store that has failed again and again is left alone for a while.
//!
//! Waiting for a dead store takes every viewer the whole timeout, and keeps it from getting well.
//! After [`FAILURES`] failures in a row nothing is asked of it for [`REST`]; then one request
//! goes through. While its outcome is open, the store is left alone by all others.

use std::time::Duration;

use crate::named::Named;
use crate::store::{KeyChoice, Unanswered};
use crate::time::UnixTime;

/// So many failures in a row are enough.
pub const FAILURES: u32 = 5;

/// How long a store is left alone.
pub const REST: Duration = Duration::from_secs(10);

/// What is known of the stores: kept by an adapter as long as it runs, and started with nothing.
#[derive(Clone, Debug, Default)]
pub struct Health {
    conditions: Named<Condition>,
}

/// A question of how an edge is, by one path of the policy's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The path, as sent.
    pub path: String,
    /// The stores that matter.
    pub stores: Vec<String>,
}

impl HealthCheck {
    /// The answer, for whoever watches over an edge: 503 when no store may be asked.
    pub fn report(&self, health: &Health, now: UnixTime) -> Report {
        let rests = |store: &&String| health.rests_until(store, now).is_some();
        let resting = self.stores.iter().filter(rests).count();
        match self.stores.len().saturating_sub(resting) {
            0 => Report { status: 503, word: "down" },
            _ if resting > 0 => Report { status: 200, word: "degraded" },
            _ => Report { status: 200, word: "ok" },
        }
    }
}

/// What is told of an edge's health. It names no store: everybody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The status of the answer.
    pub status: u16,
    word: &'static str,
}

impl Report {
    /// The headers of the answer.
    pub fn headers() -> [(&'static str, String); 2] {
        [("cache-control", "no-store".to_owned()), ("content-type", "application/json".to_owned())]
    }

    /// Its body.
    pub fn body(&self) -> String {
        format!("{{\"status\":\"{}\"}}", self.word)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Condition {
    failures: u32,
    rests_until: Option<UnixTime>,
    /// Which of its keys it took last.
    key: KeyChoice,
}

impl Health {
    /// Until when a store is left alone; none when it may be asked.
    pub fn rests_until(&self, store: &str, now: UnixTime) -> Option<UnixTime> {
        self.conditions.get(store)?.rests_until.filter(|until| now < *until)
    }

    /// Lets a request through, or says until when the store is left alone.
    pub(crate) fn admit(&mut self, store: &str, now: UnixTime) -> Result<(), UnixTime> {
        match self.conditions.get_mut(store).and_then(|condition| condition.rests_until.as_mut()) {
            Some(until) if now < *until => Err(*until),
            Some(until) => {
                // Should this one never come back, another one is let through after a while.
                *until = now.saturating_add(REST);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The store was asked, and has answered with this status or not at all.
    pub(crate) fn heard(&mut self, store: &str, status: Result<u16, Unanswered>, now: UnixTime) {
        match status {
            Ok(status) if !is_failure(status) => self.succeeded(store),
            // Which says nothing of the store.
            Err(Unanswered::NotSent) => {}
            Ok(_) | Err(Unanswered::Unreachable | Unanswered::TimedOut) => self.failed(store, now),
        }
    }

    /// The store has answered, whatever it said.
    fn succeeded(&mut self, store: &str) {
        if let Some(condition) = self.conditions.get_mut(store) {
            (condition.failures, condition.rests_until) = (0, None);
        }
    }

    /// The key to begin with.
    pub(crate) fn key(&self, store: &str) -> KeyChoice {
        self.conditions.get(store).map(|condition| condition.key).unwrap_or_default()
    }

    /// A store has taken this key, or has refused all of them.
    pub(crate) fn key_was(&mut self, store: &str, key: KeyChoice, status: u16) {
        let taken = if status == 401 { KeyChoice::default() } else { key.again() };
        if taken != self.key(store) {
            self.conditions.entry(store.to_owned()).key = taken;
        }
    }

    /// The store has not answered, or failed.
    fn failed(&mut self, store: &str, now: UnixTime) {
        let condition = self.conditions.entry(store.to_owned());
        condition.failures = condition.failures.saturating_add(1);
        if condition.failures >= FAILURES {
            condition.rests_until = Some(now.saturating_add(REST));
        }
    }
}

/// Whether a store that says so is in trouble.
pub(crate) fn is_failure(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_how_many_may_be_asked() {
        let now = UnixTime::from_secs(1_000);
        let stores = vec!["main".to_owned(), "old".to_owned()];
        let check = HealthCheck { path: "/healthz".to_owned(), stores };
        let mut health = Health::default();
        let mut reports = Vec::new();
        for store in ["none", "main", "old"] {
            for _ in 0..FAILURES {
                health.failed(store, now);
            }
            let report = check.report(&health, now);
            reports.push((report.status, report.body()));
        }
        let expected = [(200, "ok"), (200, "degraded"), (503, "down")];
        assert_eq!(reports, expected.map(|(s, word)| (s, format!("{{\"status\":\"{word}\"}}"))));
        assert_eq!(check.report(&health, now.saturating_add(REST)).status, 200);
    }

    #[test]
    fn a_store_rests_after_failures_in_a_row() {
        let now = UnixTime::from_secs(1_000);
        let mut health = Health::default();
        for _ in 1..FAILURES {
            health.failed("main", now);
        }
        assert_eq!(health.rests_until("main", now), None);
        health.succeeded("main");
        for _ in 1..FAILURES {
            health.failed("main", now);
        }
        assert_eq!(health.rests_until("main", now), None);
        health.failed("main", now);
        let end = UnixTime::from_secs(1_010);
        assert_eq!(health.rests_until("main", now), Some(end));
        assert_eq!(health.rests_until("other", now), None);
        assert_eq!(health.admit("main", now), Err(end));
        assert_eq!(health.admit("other", now), Ok(()));
        // One goes through when the rest is over. When that fails, too, there is another rest.
        assert_eq!(health.rests_until("main", end), None);
        assert_eq!(health.admit("main", end), Ok(()));
        assert_eq!(health.admit("main", end), Err(UnixTime::from_secs(1_020)));
        health.failed("main", UnixTime::from_secs(1_012));
        let end = UnixTime::from_secs(1_022);
        assert_eq!(health.rests_until("main", UnixTime::from_secs(1_012)), Some(end));
        // One that never comes back is followed by another one.
        assert_eq!(health.admit("main", end), Ok(()));
        assert_eq!(health.admit("main", UnixTime::from_secs(1_032)), Ok(()));
        health.succeeded("main");
        assert_eq!(health.rests_until("main", end), None);
    }
}
