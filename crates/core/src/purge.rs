//! Copies that are not to be used any more, though they are fresh.
//!
//! The platform deletes a copy in one data centre only. So a purge deletes nothing: it says that
//! copies which were kept up to some time do not count, and every edge that knows of it asks the
//! store again.

use std::time::Duration;

use crate::time::UnixTime;

/// No copy is kept for longer, so older purges may be dropped.
pub const MAX_RETENTION: Duration = Duration::from_secs(32 * 24 * 3600);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// The route whose copies are meant.
    pub route: String,
    /// Which objects.
    pub objects: Objects,
    /// Copies that were kept later count.
    pub at: UnixTime,
}

/// Which objects a purge is about, by their whole keys: location and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// The one with this key.
    Key(String),
    /// Those whose keys begin so; all, when it is empty.
    Prefix(String),
}

impl Objects {
    fn include(&self, key: &str) -> bool {
        match self {
            Self::Key(own) => own == key,
            Self::Prefix(prefix) => key.starts_with(prefix.as_str()),
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purges(Vec<Purge>);

impl Purges {
    /// Adds one. What it makes superfluous is dropped.
    pub fn add(&mut self, purge: Purge) {
        let is_older = |other: &Purge| {
            other.route == purge.route && other.objects == purge.objects && other.at <= purge.at
        };
        self.0.retain(|other| !is_older(other));
        self.0.push(purge);
    }

    /// In the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Purge> {
        self.0.iter()
    }

    /// Up to when copies of an object do not count, if any.
    pub(crate) fn latest(&self, route: &str, key: &str) -> Option<UnixTime> {
        let about_it = |purge: &&Purge| purge.route == route && purge.objects.include(key);
        self.0.iter().filter(about_it).map(|purge| purge.at).max()
    }

    /// Drops those that are older than any copy.
    pub fn forget_old(&mut self, now: UnixTime) {
        self.0.retain(|purge| now.since(purge.at) <= MAX_RETENTION);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purge(objects: Objects, at: u64) -> Purge {
        Purge { route: "media".to_owned(), objects, at: UnixTime::from_secs(at) }
    }

    #[test]
    fn the_latest_that_is_about_an_object_counts() {
        let mut purges = Purges::default();
        purges.add(purge(Objects::Prefix("users/".to_owned()), 10));
        purges.add(purge(Objects::Key("users/a".to_owned()), 20));
        purges.add(purge(Objects::Key("b*".to_owned()), 30));
        let latest = |key| purges.latest("media", key).map(UnixTime::as_secs);
        assert_eq!(latest("users/a"), Some(20));
        assert_eq!(latest("users/ab"), Some(10));
        assert_eq!(latest("users"), None);
        assert_eq!(latest("b*"), Some(30));
        assert_eq!(latest("bc"), None);
        assert_eq!(purges.latest("other", "users/a"), None);
    }

    #[test]
    fn one_that_is_repeated_stands_once() {
        let mut purges = Purges::default();
        for at in [10, 20] {
            purges.add(purge(Objects::Prefix(String::new()), at));
            purges.add(purge(Objects::Key("a".to_owned()), at));
        }
        let times: Vec<_> = purges.iter().map(|purge| purge.at.as_secs()).collect();
        assert_eq!(times, [20, 20]);
        let kept = |now: u64| {
            let mut purges = purges.clone();
            purges.forget_old(UnixTime::from_secs(20 + now));
            purges.iter().count()
        };
        assert_eq!((kept(MAX_RETENTION.as_secs()), kept(MAX_RETENTION.as_secs() + 1)), (2, 0));
    }
}
