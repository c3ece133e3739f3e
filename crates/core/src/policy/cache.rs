//! `cache` of a route: how copies are kept.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::cache::CacheRule;
use crate::policy::reader::{Node, PolicyError};

/// A month: whoever wants longer can say so with the object.
const MAX_TTL: u64 = 30 * 24 * 3600;

/// What the platform keeps of one object at most, in bytes.
const MAX_COPY: u64 = 512 * 1024 * 1024;

/// A body is held in memory as far as cache and viewer are apart, so most are kept small.
const DEFAULT_MAX_COPY: u64 = 25 * 1024 * 1024;

/// Fewer bytes are not worth a question, and more take too long to fetch.
const CHUNK_SIZES: RangeInclusive<u64> = 1024 * 1024..=64 * 1024 * 1024;

/// Of 1, 2, 4 and 8 MiB, what brought players their next 3 MiB soonest for the fewest questions.
const DEFAULT_CHUNK: u64 = 4 * 1024 * 1024;

pub(super) fn read_cache(node: &Node<'_>) -> Result<CacheRule, PolicyError> {
    let fields = node.object(&["ttl", "stale_if_error", "max_size", "chunk_size", "generation"])?;
    let number = |name, range, unit, default| match fields.optional(name) {
        Some(node) => node.number_in(range, unit),
        None => Ok(default),
    };
    Ok(CacheRule {
        ttl: Duration::from_secs(fields.required("ttl")?.number_in(0..=MAX_TTL, "seconds")?),
        stale_if_error: Duration::from_secs(number("stale_if_error", 0..=MAX_TTL, "seconds", 0)?),
        max_size: number("max_size", 0..=MAX_COPY, "bytes", DEFAULT_MAX_COPY)?,
        chunk_size: match fields.optional("chunk_size") {
            Some(node) if node.is_false() => None,
            Some(node) => Some(node.number_in(CHUNK_SIZES, "bytes")?),
            None => Some(DEFAULT_CHUNK),
        },
        generation: number("generation", 0..=u64::from(u32::MAX), "generations", 0)?,
    })
}
