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
/// - from signing to expiry are at most seven days, as SigV4 demands
/// - it is the same for every call within one bucket that asks for the same
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    signed_at: UnixTime,
    expires_in: ExpiresIn,
}

impl Lifetime {
    /// From `now` on, for `life`.
    pub fn new(now: UnixTime, life: ExpiresIn) -> Self {
        Self { signed_at: now, expires_in: life }
    }

    /// From the beginning of the bucket that `now` lies in, for `life` from the bucket's end on.
    /// None when `bucket` has not one whole second, or both together are over seven days.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cloakroom_core::{lifetime::Lifetime, sigv4::ExpiresIn, time::UnixTime};
    /// let hour = ExpiresIn::from_secs(3_600).unwrap();
    /// let at = |secs| Lifetime::stable(UnixTime::from_secs(secs), hour, Duration::from_secs(600));
    /// let lifetime = at(1_700_000_000).unwrap();
    /// assert_eq!(lifetime.signed_at().as_secs(), 1_699_999_800);
    /// assert_eq!(lifetime.expires_at().as_secs(), 1_700_004_000);
    /// assert_eq!(at(1_700_000_399), Some(lifetime));
    /// assert_ne!(at(1_700_000_400), Some(lifetime));
    /// ```
    pub fn stable(now: UnixTime, life: ExpiresIn, bucket: Duration) -> Option<Self> {
        let into_bucket = now.as_secs().checked_rem(bucket.as_secs())?;
        let whole = life.duration().as_secs().checked_add(bucket.as_secs())?;
        Some(Self {
            signed_at: now.saturating_sub(Duration::from_secs(into_bucket)),
            expires_in: ExpiresIn::from_secs(whole)?,
        })
    }

    /// The time to sign with.
    pub fn signed_at(self) -> UnixTime {
        self.signed_at
    }

    /// From signing to expiry.
    pub fn expires_in(self) -> ExpiresIn {
        self.expires_in
    }

    /// The last second at which the link works; at most [`UnixTime::MAX`].
    pub fn expires_at(self) -> UnixTime {
        self.signed_at.saturating_add(self.expires_in.duration())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sigv4::MAX_EXPIRES_IN;

    const WEEK: u64 = MAX_EXPIRES_IN.as_secs();

    fn stable(now: u64, life: u64, bucket: u64) -> Option<Lifetime> {
        let life = ExpiresIn::from_secs(life).unwrap();
        Lifetime::stable(UnixTime::from_secs(now), life, Duration::from_secs(bucket))
    }

    #[test]
    fn refuses_what_no_link_can_be() {
        for (life, bucket) in [(1, 0), (WEEK, 1), (1, WEEK), (WEEK - 600, 601), (1, u64::MAX)] {
            assert_eq!(stable(1_700_000_000, life, bucket), None, "{life} {bucket}");
        }
        let half_a_second = Duration::from_millis(500);
        let second = ExpiresIn::from_secs(1).unwrap();
        assert_eq!(Lifetime::stable(UnixTime::MAX, second, half_a_second), None);
        assert!(stable(1_700_000_000, WEEK - 600, 600).is_some());
    }

    #[test]
    fn without_a_bucket_it_begins_now() {
        let now = UnixTime::from_secs(1_700_000_000);
        let lifetime = Lifetime::new(now, ExpiresIn::from_secs(60).unwrap());
        assert_eq!(lifetime.signed_at(), now);
        assert_eq!(lifetime.expires_at().as_secs(), 1_700_000_060);
    }

    /// A time, a life and a bucket of which a lifetime can be made.
    fn possible() -> impl Strategy<Value = (u64, u64, u64)> {
        let now = 0..UnixTime::MAX.as_secs() - 2 * WEEK;
        (now, 1..WEEK).prop_flat_map(|(now, life)| (Just(now), Just(life), 1..=WEEK - life))
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
            prop_assert!(end - signed_at <= WEEK);
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
        fn nothing_panics(now: u64, life in 1..=WEEK, bucket: u64) {
            let _ = stable(now, life, bucket).map(Lifetime::expires_at);
        }
    }
}
