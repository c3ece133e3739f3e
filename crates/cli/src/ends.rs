//! When a link ends.

use std::time::Duration;

use clap::Args;
use cloakroom_core::lifetime::Lifetime;
use cloakroom_core::time::UnixTime;

use crate::{Common, Failure};

/// `--stable-for`, for every command that signs for a time.
#[derive(Debug, Args)]
pub(crate) struct TimeBucket {
    /// Print the same for this many seconds, so that browsers can cache; it then works for up to
    /// that much longer
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    stable_for: Option<u64>,
}

impl TimeBucket {
    /// A life of `seconds` from now on.
    pub(crate) fn lifetime(&self, common: &Common, seconds: u64) -> Result<Lifetime, Failure> {
        let (now, life) = (common.time(), Duration::from_secs(seconds));
        let Some(bucket) = self.stable_for else { return Ok(Lifetime::new(now, life)) };
        Lifetime::stable(now, life, Duration::from_secs(bucket))
            .ok_or_else(|| "--stable-for must be at least 1".to_owned())
    }

    pub(crate) fn is_given(&self) -> bool {
        self.stable_for.is_some()
    }
}

/// A time, or a life from now on.
#[derive(Debug, Args)]
pub(crate) struct Ends {
    /// When it ends, such as 2026-11-23T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = crate::parse_time, required_unless_present = "expires_in", conflicts_with_all = ["expires_in", "stable_for"])]
    expires_at: Option<UnixTime>,
    /// How long it works, in seconds from now on
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    expires_in: Option<u64>,
    #[command(flatten)]
    bucket: TimeBucket,
}

impl Ends {
    pub(crate) fn time(&self, common: &Common) -> Result<UnixTime, Failure> {
        match (self.expires_at, self.expires_in) {
            (Some(time), _) => Ok(time),
            (None, Some(life)) => Ok(self.bucket.lifetime(common, life)?.expires_at()),
            (None, None) => Err("give --expires-at or --expires-in".to_owned()),
        }
    }
}
