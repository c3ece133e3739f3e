//! Copies of objects, kept near the viewers.
//!
//! Every request is authorized before a copy is looked for, and a copy is found by what the
//! object is, never by the ticket: viewers with different tickets share one. What is kept is the
//! object as its store has it; what the viewer gets of it is made anew for each.
//!
//! A copy is fresh for the time that the object's own `Cache-Control` or `Expires` says (RFC 9111,
//! sections 5.2.2 and 5.3), or else the route. After that it is asked about, by its ETag, and used on when the
//! store says 304; while the store is down it may serve for a while longer, where the route says
//! so.

use std::time::Duration;

use crate::conditions::Validators;
use crate::encoding::{Slash, encode};
use crate::endpoint::Endpoint;
use crate::purge::MAX_RETENTION;
use crate::response::PASSED_HEADERS;
use crate::route::Source;
use crate::store::StoreAnswer;
use crate::time::UnixTime;

/// How a route keeps copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheRule {
    /// How long a copy is fresh of an object that says nothing itself.
    pub ttl: Duration,
    /// How much longer it may serve while the store fails.
    pub stale_if_error: Duration,
    /// Larger objects are not kept, in bytes.
    pub max_size: u64,
    /// Larger objects are kept in chunks of so many bytes, where parts of them are wanted.
    pub chunk_size: Option<u64>,
    /// Part of every copy's name: another one, and all that was kept is forgotten.
    pub generation: u64,
}

/// A copy that is no longer fresh is kept for so long, to be asked about.
const REVALIDATION: Duration = Duration::from_secs(24 * 3600);

/// When a copy was kept, and for how many seconds it is fresh.
pub(crate) const KEPT: &str = "x-cloakroom-kept";

/// What the object itself says of its freshness; what the copy says is for the cache.
const OBJECT_FRESHNESS: [(&str, &str); 2] =
    [("cache-control", "x-cloakroom-cache-control"), ("expires", "x-cloakroom-expires")];

/// Where a copy is kept: a URL that is nothing but a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyKey(String);

impl CopyKey {
    /// The name of an object's copy. It is one of the route: another one to the same place may
    /// keep copies in another way, and may have found the object elsewhere. The platform wants it
    /// to be of a host that it knows, so the host is the viewer's. None when that is no host:
    /// whatever else it is, such as one with a `#` at its end, it must not make the name into that
    /// of another object.
    pub(crate) fn new(
        host: &str,
        (route, rule): (&str, &CacheRule),
        source: &Source,
        version: Option<&str>,
    ) -> Option<Self> {
        let host = Endpoint::parse(&format!("https://{host}")).ok()?;
        let part = |text: &str| encode(text, Slash::Encode);
        // The letters keep a name that is `..` from being two dots.
        let mut url = format!(
            "{host}/.cloakroom/{}/r-{}/s-{}/{}/{}",
            rule.generation,
            part(route),
            part(source.store.name()),
            part(source.bucket.as_str()),
            encode(source.key.as_str(), Slash::Keep),
        );
        if let Some(version) = version {
            url.push_str("?versionId=");
            url.push_str(&part(version));
        }
        Some(Self(url))
    }

    /// Where the outline of the object is kept when it is a large one. A key has no `?` in it, so
    /// nothing else has this name.
    pub(crate) fn outline(&self) -> Self {
        self.with("outline")
    }

    /// Where a chunk of it is kept.
    pub(crate) fn chunk(&self, number: u64, size: u64, etag: &str) -> Self {
        self.with(&format!("chunk={number}&size={size}&etag={}", encode(etag, Slash::Encode)))
    }

    fn with(&self, query: &str) -> Self {
        let mark = if self.0.contains('?') { '&' } else { '?' };
        Self(format!("{}{mark}{query}", self.0))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is to be kept: the body that goes to the viewer, under these headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Where.
    pub key: CopyKey,
    /// The headers of the copy.
    pub headers: Vec<(&'static str, String)>,
}

/// A copy that was found.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    kept_at: UnixTime,
    ttl: Duration,
    /// The status: 200, or 206 when a part was asked for.
    status: u16,
    /// The headers as the store gave them.
    headers: Vec<(String, String)>,
}

impl Copy {
    /// Reads a copy; none when it is not one.
    pub(crate) fn read(found: StoreAnswer<'_>) -> Option<Self> {
        // Of whatever else a cache answers, nothing is to be made.
        if !matches!(found.status, 200 | 206) {
            return None;
        }
        let (kept_at, ttl) = found.header(KEPT)?.split_once(' ')?;
        let mut headers: Vec<_> = found
            .headers
            .iter()
            .filter(|(name, _)| PASSED_HEADERS.contains(&name.as_str()))
            .cloned()
            .collect();
        headers.retain(|(name, _)| name != "expires");
        for (name, kept) in OBJECT_FRESHNESS {
            headers.extend(found.header(kept).map(|value| (name.to_owned(), value.to_owned())));
        }
        Some(Self {
            kept_at: UnixTime::from_secs(kept_at.parse().ok()?),
            ttl: Duration::from_secs(ttl.parse().ok()?),
            status: found.status,
            headers,
        })
    }

    pub(crate) fn answer(&self) -> StoreAnswer<'_> {
        StoreAnswer { status: self.status, headers: &self.headers }
    }

    /// Whether it is to be looked at: it was kept after `purged_until`, and not too long ago.
    pub(crate) fn counts(&self, purged_until: Option<UnixTime>, now: UnixTime) -> bool {
        let is_purged = purged_until.is_some_and(|until| self.kept_at <= until);
        !is_purged && self.age(now) <= MAX_RETENTION
    }

    /// How old it is, since the store gave it or said that it is still right.
    pub(crate) fn age(&self, now: UnixTime) -> Duration {
        now.since(self.kept_at)
    }

    /// Whether it may be used without asking.
    pub(crate) fn is_fresh(&self, now: UnixTime) -> bool {
        self.age(now) < self.ttl
    }

    /// Whether it may be used though the store fails; never where the object itself forbids it
    /// (RFC 9111, section 4.2.4).
    pub(crate) fn may_serve_stale(&self, rule: &CacheRule, now: UnixTime) -> bool {
        let must_ask = |directive: &String| {
            let name = directive.split('=').next().unwrap_or_default();
            matches!(name, "no-cache" | "must-revalidate" | "proxy-revalidate")
        };
        let forbidden = directives(self.answer().header("cache-control")).iter().any(must_ask);
        !forbidden && self.age(now) < self.ttl.saturating_add(rule.stale_if_error)
    }

    /// Whether the store, which says that the object is the same, has changed what it says of it.
    pub(crate) fn is_described_anew(&self, unchanged: StoreAnswer<'_>) -> bool {
        let (old, new) = (self.validators().last_modified, unchanged.header("last-modified"));
        new.is_some() && old != new
    }

    /// What a store can be asked about it by.
    pub(crate) fn validators(&self) -> Validators<'_> {
        self.answer().validators()
    }

    /// The copy, kept again since the store says that it is still the object. A part is not.
    pub(crate) fn renewed(&self, key: CopyKey, rule: &CacheRule, now: UnixTime) -> Option<Keep> {
        keep(self.answer(), key, rule, now)
    }

    /// For a part, how the whole is kept again.
    pub(crate) fn renewal(&self, key: CopyKey, rule: &CacheRule) -> Option<Renewal> {
        let (rule, kept_at) = (rule.clone(), self.kept_at);
        (self.status == 206).then_some(Renewal { key, rule, kept_at })
    }
}

/// A copy of which a part was found, and the store has said that it is still the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Where the whole is.
    pub key: CopyKey,
    rule: CacheRule,
    kept_at: UnixTime,
}

impl Renewal {
    /// What to keep of the whole that was found there; nothing if it is another one by now.
    pub fn keep(self, whole: StoreAnswer<'_>, now: UnixTime) -> Option<Keep> {
        let whole = Copy::read(whole).filter(|whole| whole.kept_at == self.kept_at)?;
        whole.renewed(self.key, &self.rule, now)
    }
}

/// What to keep of a store's answer, if anything.
pub(crate) fn keep(
    answer: StoreAnswer<'_>,
    key: CopyKey,
    rule: &CacheRule,
    now: UnixTime,
) -> Option<Keep> {
    let ttl = time_to_live(answer, rule.ttl, now)?;
    // Two readers of one body get it unpacked, and packed again it is other bytes than stored.
    if answer.header("content-encoding").is_some() {
        return None;
    }
    // Without a length nobody could tell a whole copy from a part of one.
    let length: u64 = answer.header("content-length")?.parse().ok()?;
    if answer.status != 200 || length > rule.max_size {
        return None;
    }
    let Validators { etag, last_modified } = answer.validators();
    let longer = if etag.or(last_modified).is_some() { REVALIDATION } else { Duration::ZERO };
    let retention = ttl.saturating_add(longer.max(rule.stale_if_error)).min(MAX_RETENTION);
    if retention.is_zero() {
        return None;
    }
    Some(Keep { key, headers: kept_headers(answer, ttl, retention, now) })
}

/// The headers of a copy that is fresh for one time and kept for another.
pub(crate) fn kept_headers(
    answer: StoreAnswer<'_>,
    ttl: Duration,
    retention: Duration,
    now: UnixTime,
) -> Vec<(&'static str, String)> {
    let passed = PASSED_HEADERS
        .into_iter()
        .filter_map(|name| Some((name, answer.header(name)?.to_owned())))
        .filter(|(name, _)| *name != "expires");
    let mut headers: Vec<_> = passed.collect();
    headers.push(("cache-control", format!("public, max-age={}", retention.as_secs())));
    headers.push((KEPT, format!("{} {}", now.as_secs(), ttl.as_secs())));
    for (name, kept) in OBJECT_FRESHNESS {
        headers.extend(answer.header(name).map(|own| (kept, own.to_owned())));
    }
    headers
}

/// The directives of a `Cache-Control`, in lower case.
fn directives(cache_control: Option<&str>) -> Vec<String> {
    cache_control
        .into_iter()
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect()
}

/// For how long a copy is fresh; none when there is to be none.
pub(crate) fn time_to_live(
    answer: StoreAnswer<'_>,
    default: Duration,
    now: UnixTime,
) -> Option<Duration> {
    let directives = directives(answer.header("cache-control"));
    let has = |name: &str| directives.iter().any(|directive| directive == name);
    let seconds = |name: &str| {
        let mut values = directives.iter().filter_map(|directive| directive.strip_prefix(name));
        values.next().map(|value| {
            value.trim_matches('"').parse().map_or(Duration::ZERO, Duration::from_secs)
        })
    };
    if has("no-store") || directives.iter().any(|directive| directive.starts_with("private")) {
        return None;
    }
    if directives.iter().any(|directive| directive.starts_with("no-cache")) {
        return Some(Duration::ZERO);
    }
    let said = seconds("s-maxage=").or_else(|| seconds("max-age="));
    Some(said.or_else(|| answer.header("expires").map(|date| rest(date, now))).unwrap_or(default))
}

/// How long it is until an `Expires`. What is no date is in the past (RFC 9111, section 5.3).
pub(crate) fn rest(expires: &str, now: UnixTime) -> Duration {
    UnixTime::parse_http_date(expires).map_or(Duration::ZERO, |date| date.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: CacheRule = CacheRule {
        ttl: Duration::from_secs(300),
        stale_if_error: Duration::from_secs(60),
        max_size: 1000,
        chunk_size: None,
        generation: 1,
    };
    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn kept(status: u16, headers: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let answer = StoreAnswer { status, headers: &headers };
        let keep = keep(answer, CopyKey("https://h/".to_owned()), &RULE, NOW)?;
        Some(keep.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn fresh_for(headers: &[(&str, Option<&str>)]) -> Option<u64> {
        let headers: Vec<_> = headers
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), (*value)?.to_owned())))
            .collect();
        let answer = StoreAnswer { status: 200, headers: &headers };
        time_to_live(answer, RULE.ttl, NOW).map(|ttl| ttl.as_secs())
    }

    const LENGTH: (&str, &str) = ("content-length", "5");

    #[test]
    fn the_object_says_how_long_or_else_the_route() {
        for (cache_control, expected) in [
            (None, Some(300)),
            (Some("public"), Some(300)),
            (Some("max-age=9"), Some(9)),
            (Some("max-age=9, S-MaxAge=7"), Some(7)),
            (Some("max-age=\"9\""), Some(9)),
            (Some("max-age=soon"), Some(0)),
            (Some("no-cache, max-age=9"), Some(0)),
            (Some("no-cache=\"set-cookie\""), Some(0)),
            (Some("private, max-age=9"), None),
            (Some("No-Store"), None),
        ] {
            let ttl = fresh_for(&[("cache-control", cache_control)]);
            assert_eq!(ttl, expected, "{cache_control:?}");
        }
        let now = NOW.saturating_add(Duration::from_secs(77)).to_http_date();
        for (cache_control, expires, expected) in [
            (None, now.as_str(), 77),
            (Some("public"), now.as_str(), 77),
            (Some("max-age=9"), now.as_str(), 9),
            (None, "Thu, 01 Jan 1970 00:00:00 GMT", 0),
            (None, "0", 0),
        ] {
            let ttl = fresh_for(&[("cache-control", cache_control), ("expires", Some(expires))]);
            assert_eq!(ttl, Some(expected), "{cache_control:?} {expires}");
        }
    }

    #[test]
    fn a_copy_comes_back_as_the_store_gave_it() {
        let stored = [
            LENGTH,
            ("Content-Type", "image/png"),
            ("etag", "\"e\""),
            ("cache-control", "max-age=9"),
            ("expires", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-amz-request-id", "1"),
            ("set-cookie", "a=b"),
        ];
        let headers = kept(200, &stored).unwrap();
        let copy = Copy::read(StoreAnswer { status: 200, headers: &headers }).unwrap();
        let mut found: Vec<_> =
            copy.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        found.sort_unstable();
        let expected = [
            ("cache-control", "max-age=9"),
            LENGTH,
            ("content-type", "image/png"),
            ("etag", "\"e\""),
            ("expires", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ];
        assert_eq!(found, expected);
        let at = |secs: u64| UnixTime::from_secs(1_000 + secs);
        assert!(copy.is_fresh(at(8)) && !copy.is_fresh(at(9)));
        assert!(copy.may_serve_stale(&RULE, at(68)) && !copy.may_serve_stale(&RULE, at(69)));
    }

    #[test]
    fn what_is_not_kept() {
        assert!(kept(200, &[LENGTH]).is_some());
        for (status, headers) in [
            (200, vec![]),
            (200, vec![("content-length", "1001")]),
            (200, vec![("content-length", "many")]),
            (200, vec![LENGTH, ("cache-control", "no-store")]),
            (200, vec![LENGTH, ("content-encoding", "gzip")]),
            (206, vec![LENGTH]),
            (304, vec![LENGTH]),
            (404, vec![LENGTH]),
        ] {
            assert_eq!(kept(status, &headers), None, "{status} {headers:?}");
        }
    }

    #[test]
    fn how_long_it_stays() {
        let age = |headers: &[(&str, &str)]| {
            let headers = kept(200, &[&[LENGTH], headers].concat()).unwrap();
            let found = headers.iter().find(|(name, _)| name == "cache-control");
            found.map(|(_, value)| value.clone()).unwrap()
        };
        assert_eq!(age(&[]), "public, max-age=360");
        assert_eq!(age(&[("etag", "\"e\"")]), "public, max-age=86700");
        assert_eq!(age(&[("cache-control", "no-cache")]), "public, max-age=60");
    }

    #[test]
    fn what_anybody_else_wrote_is_no_copy() {
        for value in ["", "1000", "1000 x", "x 300", "1000 300 1"] {
            let headers = vec![(KEPT.to_owned(), value.to_owned())];
            assert!(
                Copy::read(StoreAnswer { status: 200, headers: &headers }).is_none(),
                "{value}"
            );
        }
        assert!(Copy::read(StoreAnswer { status: 200, headers: &[] }).is_none());
    }
}
