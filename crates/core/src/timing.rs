//! How long the parts of an answer took, for the log and for `Server-Timing`.
//!
//! An edge's clock may stand still while it computes, so what is measured is what it waited for.

use std::time::Duration;

use crate::retrieval::CacheStatus;

/// The parts, as they are measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// Looking for a copy, or waiting for one.
    pub cache: Option<Duration>,
    /// Waiting for stores to begin to answer, and between two tries.
    pub store: Option<Duration>,
    /// What the cache had to do with the answer.
    pub cache_status: Option<CacheStatus>,
}

impl Timing {
    /// The value of [`Server-Timing`](https://www.w3.org/TR/server-timing/), in milliseconds.
    ///
    /// ```
    /// # use cloakroom_core::{retrieval::CacheStatus, timing::Timing};
    /// # use std::time::Duration;
    /// let timing = Timing {
    ///     cache: Some(Duration::from_millis(2)),
    ///     store: Some(Duration::from_millis(35)),
    ///     cache_status: Some(CacheStatus::Miss),
    /// };
    /// assert_eq!(timing.header(), "cache;desc=miss;dur=2, store;dur=35");
    /// ```
    pub fn header(&self) -> String {
        let duration = |part: Option<Duration>| {
            part.map(|part| format!(";dur={}", milliseconds(part))).unwrap_or_default()
        };
        let status = self.cache_status.unwrap_or(CacheStatus::Bypass).as_str();
        let cache = format!("cache;desc={status}{}", duration(self.cache));
        match self.store {
            Some(_) => format!("{cache}, store{}", duration(self.store)),
            None => cache,
        }
    }
}

/// Whole milliseconds; nothing takes more of them than there are numbers.
pub(crate) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// What is measured several times adds up.
pub(crate) fn add(to: &mut Option<Duration>, took: Duration) {
    *to = Some(to.unwrap_or_default().saturating_add(took));
}
