//! How long a link lives, so that the same link can be given out again and again.
//!
//! A link signed at each call is another one at each call, and browsers cannot cache what is
//! behind it. So time is cut into buckets, counted from 1970, and all calls within one bucket
//! sign as of its beginning:
//!
//! ```text
//!        signed_at          now                  now + life             expires_at
//! ───┬───────┼───────────────┼───────┬────────────────┼──────────────────────┼───
//!            └──────────── bucket ───┘└─────────────── life ─────────────────┘
//! ```

use std::time::Duration;

use crate::sigv4::ExpiresIn;
use crate::time::UnixTime;

/// From when to when a link works.
///
/// - it is signed now or before, never in the future
/// - it lives at least as long as was asked for, counted from now, and at most a bucket longer
/// - it is the same for every call within one bucket that asks for the same
/// - its end is at most [`UnixTime::MAX`]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    signed_at: UnixTime,
    length: Duration,
}

impl Lifetime {
    /// From `now` on, for `life`.
    pub fn new(now: UnixTime, life: Duration) -> Self {
        Self { signed_at: now, length: life }
    }

    /// From the beginning of the bucket that `now` lies in, for `life` from the bucket's end on.
    /// None when `bucket` has not one whole second.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cloakroom_core::{lifetime::Lifetime, time::UnixTime};
    /// let (hour, bucket) = (Duration::from_secs(3_600), Duration::from_secs(600));
    /// let at = |secs| Lifetime::stable(UnixTime::from_secs(secs), hour, bucket);
    /// let lifetime = at(1_700_000_000).unwrap();
    /// assert_eq!(lifetime.signed_at().as_secs(), 1_699_999_800);
    /// assert_eq!(lifetime.expires_at().as_secs(), 1_700_004_000);
    /// assert_eq!(at(1_700_000_399), Some(lifetime));
    /// assert_ne!(at(1_700_000_400), Some(lifetime));
    /// ```
    pub fn stable(now: UnixTime, life: Duration, bucket: Duration) -> Option<Self> {
        let into_bucket = now.as_secs().checked_rem(bucket.as_secs())?;
        Some(Self {
            signed_at: now.saturating_sub(Duration::from_secs(into_bucket)),
            length: life.saturating_add(bucket),
        })
    }

    /// The time to sign with.
    pub fn signed_at(self) -> UnixTime {
        self.signed_at
    }

    /// From signing to expiry, as presigned URLs say it; none when that is not 1 to 604,800
    /// seconds.
    pub fn expires_in(self) -> Option<ExpiresIn> {
        ExpiresIn::from_secs(self.length.as_secs())
    }

    /// The last second at which the link works.
    pub fn expires_at(self) -> UnixTime {
        self.signed_at.saturating_add(self.length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stable(now: u64, life: u64, bucket: u64) -> Option<Lifetime> {
        let (life, bucket) = (Duration::from_secs(life), Duration::from_secs(bucket));
        Lifetime::stable(UnixTime::from_secs(now), life, bucket)
    }

    #[test]
    fn a_bucket_has_a_second_at_least() {
        let half_a_second = Duration::from_millis(500);
        assert_eq!(Lifetime::stable(UnixTime::MAX, half_a_second, half_a_second), None);
        assert_eq!(stable(1_700_000_000, 1, 0), None);
        assert!(stable(1_700_000_000, 1, 1).is_some());
    }

    #[test]
    fn without_a_bucket_it_begins_now() {
        let now = UnixTime::from_secs(1_700_000_000);
        let lifetime = Lifetime::new(now, Duration::from_secs(60));
        assert_eq!(lifetime.signed_at(), now);
        assert_eq!(lifetime.expires_at().as_secs(), 1_700_000_060);
    }

    #[test]
    fn a_presigned_url_lives_for_a_week_at_most() {
        for (life, bucket, expected) in [
            (604_800 - 600, 600, Some(604_800)),
            (604_800 - 600, 601, None),
            (u64::MAX, u64::MAX, None),
        ] {
            let expires_in = stable(1_700_000_000, life, bucket).unwrap().expires_in();
            assert_eq!(expires_in, expected.and_then(ExpiresIn::from_secs), "{life} {bucket}");
        }
    }

    const YEAR: u64 = 366 * 24 * 3600;

    /// A time, a life and a bucket.
    fn possible() -> impl Strategy<Value = (u64, u64, u64)> {
        (0..UnixTime::MAX.as_secs() - 2 * YEAR, 1..YEAR, 1..YEAR)
    }

    proptest! {
        #[test]
        fn lives_as_long_as_was_asked_for_and_at_most_a_bucket_longer(
            (now, life, bucket) in possible(),
        ) {
            let lifetime = stable(now, life, bucket).unwrap();
            let (signed_at, end) = (lifetime.signed_at().as_secs(), lifetime.expires_at().as_secs());
            prop_assert!(signed_at <= now);
            prop_assert!(now + life <= end && end <= now + life + bucket);
        }

        #[test]
        fn is_the_same_throughout_a_bucket_and_another_in_the_next(
            (now, life, bucket) in possible(),
            place: prop::sample::Index,
        ) {
            let lifetime = stable(now, life, bucket).unwrap();
            let begin = lifetime.signed_at().as_secs();
            let place = place.index(usize::try_from(bucket).unwrap());
            let within = begin + u64::try_from(place).unwrap();
            prop_assert_eq!(stable(within, life, bucket).unwrap(), lifetime);
            prop_assert_ne!(stable(begin + bucket, life, bucket).unwrap(), lifetime);
        }

        #[test]
        fn nothing_panics(now: u64, life: u64, bucket: u64) {
            let _ = stable(now, life, bucket).map(|life| (life.expires_at(), life.expires_in()));
        }
    }
}
