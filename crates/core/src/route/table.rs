//! Looking up a host and a path among all routes.
//!
//! Hosts come first: one that is named beats a star, and a star beats any; where no path of
//! theirs fits, the next ones are asked. Paths are compared segment by segment from the left:
//! a literal beats a placeholder, and whatever goes on beats what ends. The order in which
//! routes were added does not matter, and neither does their number: each step looks up one
//! segment.

use super::host::{HostPattern, canonical, split_label};
use super::path::{PathPattern, Segment};
use crate::named::Named;

/// Things by host and path prefix.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    exact: Named<Node<T>>,
    below: Named<Node<T>>,
    any: Node<T>,
}

#[derive(Clone, Debug)]
struct Node<T> {
    literal: Named<Node<T>>,
    placeholder: Option<Box<Node<T>>>,
    here: Option<T>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found<'t, 'k, T> {
    /// The thing.
    pub(crate) item: &'t T,
    /// What the star of its host stands for.
    pub(super) label: Option<String>,
    /// What its placeholders stand for, from the left.
    pub(super) values: Vec<&'k str>,
    /// What follows the prefix.
    pub(super) rest: &'k str,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { literal: Named::default(), placeholder: None, here: None }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { exact: Named::default(), below: Named::default(), any: Node::default() }
    }
}

impl<T> Table<T> {
    /// Adds a thing.
    ///
    /// # Errors
    /// The one that is there already for the same host and the same paths; names of
    /// placeholders make no difference.
    pub(crate) fn add(
        &mut self,
        host: &HostPattern,
        path: &PathPattern,
        item: T,
    ) -> Result<(), &T> {
        let mut node = match host {
            HostPattern::Any => &mut self.any,
            HostPattern::Below(parent) => self.below.entry(parent.clone()),
            HostPattern::Exact(host) => self.exact.entry(host.clone()),
        };
        for segment in path.segments() {
            node = match segment {
                Segment::Literal(text) => node.literal.entry(text.clone()),
                Segment::Placeholder(_) => node.placeholder.get_or_insert_default(),
            };
        }
        match &mut node.here {
            Some(there) => Err(there),
            free => {
                *free = Some(item);
                Ok(())
            }
        }
    }

    /// Looks up a host as sent and a decoded path.
    pub(crate) fn find<'k>(&self, host: &str, path: &'k str) -> Option<Found<'_, 'k, T>> {
        let path = path.strip_prefix('/')?;
        let host = canonical(host);
        let exact = || self.exact.get(&host)?.find(path, None);
        let below = || {
            let (label, parent) = split_label(&host)?;
            self.below.get(parent)?.find(path, Some(label))
        };
        exact().or_else(below).or_else(|| self.any.find(path, None))
    }

    /// A host for each way in which hosts are told apart: all that are named, one below each star,
    /// and one for which there are only the routes of any host.
    pub(super) fn samples(&self) -> Vec<String> {
        let is_named = |host: &String| self.exact.contains(host);
        let one = |name: &dyn Fn(u64) -> String| (0..).map(name).find(|host| !is_named(host));
        let below = self.below.names().filter_map(|parent| one(&|n| format!("{n}.{parent}")));
        // It has no dot, so it is below no star.
        self.exact
            .names()
            .map(str::to_owned)
            .chain(below)
            .chain(one(&|n| format!("host{n}")))
            .collect()
    }

    /// Whether a path that begins with `path` may lead to something else than `path` does.
    pub(crate) fn branches(&self, host: &str, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return true };
        let host = canonical(host);
        let below = split_label(&host).and_then(|(_, parent)| self.below.get(parent));
        let nodes = [self.exact.get(&host), below, Some(&self.any)];
        for node in nodes.into_iter().flatten() {
            if node.branches(path) {
                return true;
            }
            // The hosts that come later are not asked.
            if node.find(path, None).is_some() {
                return false;
            }
        }
        false
    }

    /// The segments that follow `path`, which ends with `/`, in a host's paths and are literal, in
    /// order.
    pub(super) fn segments_below(&self, host: &str, path: &str) -> Vec<&str> {
        let Some(path) = path.strip_prefix('/') else { return Vec::new() };
        let host = canonical(host);
        let below = split_label(&host).and_then(|(_, parent)| self.below.get(parent));
        let nodes = [self.exact.get(&host), below, Some(&self.any)];
        let mut segments = Vec::new();
        nodes.into_iter().flatten().for_each(|node| node.add_segments_below(path, &mut segments));
        segments
    }
}

impl<T> Node<T> {
    fn find<'k>(&self, path: &'k str, label: Option<&str>) -> Option<Found<'_, 'k, T>> {
        let mut values = Vec::new();
        let (item, rest) = self.descend(path, &mut values)?;
        Some(Found { item, label: label.map(str::to_owned), values, rest })
    }

    /// Whether something lies beyond the whole segments of `path`.
    fn branches(&self, path: &str) -> bool {
        let placeholder = self.placeholder.as_deref();
        if let Some((segment, rest)) = path.split_once('/') {
            let literal = self.literal.get(segment);
            return literal.into_iter().chain(placeholder).any(|node| node.branches(rest));
        }
        let literal = self.literal.iter().filter(|(segment, _)| segment.starts_with(path));
        literal.map(|(_, node)| node).chain(placeholder).any(Self::has_any)
    }

    fn add_segments_below<'n>(&'n self, path: &str, segments: &mut Vec<&'n str>) {
        match path.split_once('/') {
            None => {
                for segment in self.literal.names() {
                    if let Err(place) = segments.binary_search(&segment) {
                        segments.insert(place, segment);
                    }
                }
            }
            Some((segment, rest)) => {
                let placeholder = self.placeholder.as_deref().filter(|_| may_be_value(segment));
                let literal = self.literal.get(segment);
                let nodes = literal.into_iter().chain(placeholder);
                nodes.for_each(|node| node.add_segments_below(rest, segments));
            }
        }
    }

    fn has_any(&self) -> bool {
        let mut children = self.literal.values().chain(self.placeholder.as_deref());
        self.here.is_some() || children.any(Self::has_any)
    }

    /// No deeper than the deepest route, however long the path is.
    fn descend<'k>(&self, path: &'k str, values: &mut Vec<&'k str>) -> Option<(&T, &'k str)> {
        if let Some((segment, rest)) = path.split_once('/') {
            if let Some(node) = self.literal.get(segment)
                && let Some(found) = node.descend(rest, values)
            {
                return Some(found);
            }
            if let Some(node) = self.placeholder.as_ref().filter(|_| may_be_value(segment)) {
                values.push(segment);
                if let Some(found) = node.descend(rest, values) {
                    return Some(found);
                }
                values.pop();
            }
        }
        self.here.as_ref().map(|item| (item, path))
    }
}

/// A placeholder stands for something, and for nothing that means another folder.
fn may_be_value(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[(&'static str, &'static str)]) -> Table<&'static str> {
        let mut table = Table::default();
        for (host, path) in routes {
            let pattern = match *host {
                "" => HostPattern::Any,
                host => HostPattern::parse(host).unwrap(),
            };
            table.add(&pattern, &PathPattern::parse(path).unwrap(), *path).unwrap();
        }
        table
    }

    #[test]
    fn the_leftmost_literal_wins_in_any_order() {
        let mut routes = [
            ("", "/"),
            ("", "/a/"),
            ("", "/a/b/"),
            ("", "/a/{x}/c/"),
            ("", "/{x}/b/c/"),
            ("", "/v1/{account}/"),
            ("", "/v1/{account}/{container}/"),
        ];
        for _ in 0..routes.len() {
            routes.rotate_left(1);
            let table = table(&routes);
            for (path, pattern, values, rest) in [
                ("/x", "/", &[][..], "x"),
                ("/", "/", &[], ""),
                ("/a", "/", &[], "a"),
                ("/a/", "/a/", &[], ""),
                ("/a//b/x", "/a/", &[], "/b/x"),
                ("/a/b/c/x", "/a/b/", &[], "c/x"),
                ("/a/z/c/x", "/a/{x}/c/", &["z"], "x"),
                ("/a/z/d/x", "/a/", &[], "z/d/x"),
                ("/a/../c/x", "/a/", &[], "../c/x"),
                ("/z/b/c/x", "/{x}/b/c/", &["z"], "x"),
                ("/v1/acme/x", "/v1/{account}/", &["acme"], "x"),
                ("/v1/acme/box/x/y", "/v1/{account}/{container}/", &["acme", "box"], "x/y"),
                ("/v1/acme//x", "/v1/{account}/", &["acme"], "/x"),
                ("/v1//box/x", "/", &[], "v1//box/x"),
                ("/v1/./box/x", "/", &[], "v1/./box/x"),
            ] {
                let found = table.find("any.example", path).unwrap();
                assert_eq!((*found.item, found.rest), (pattern, rest), "{path}");
                assert_eq!(found.values, values, "{path}");
            }
        }
    }

    #[test]
    fn a_named_host_beats_a_star_and_a_star_beats_any() {
        let table = table(&[
            ("", "/any/"),
            ("", "/"),
            ("*.media.example", "/star/"),
            ("*.media.example", "/{x}/y/"),
            ("acme.media.example", "/named/"),
        ]);
        let find = |host, path| table.find(host, path).map(|found| (*found.item, found.label));
        let acme = Some("acme".to_owned());
        for (host, path, expected) in [
            ("acme.media.example", "/named/x", ("/named/", None)),
            ("acme.media.example", "/star/x", ("/star/", acme.clone())),
            ("acme.media.example", "/any/x", ("/any/", None)),
            ("acme.media.example", "/any/y/x", ("/{x}/y/", acme)),
            ("other.media.example", "/named/x", ("/", None)),
            ("other.media.example", "/star/x", ("/star/", Some("other".to_owned()))),
            ("media.example", "/star/x", ("/", None)),
            ("a.b.media.example", "/star/x", ("/", None)),
        ] {
            assert_eq!(find(host, path), Some(expected), "{host}{path}");
        }
    }

    #[test]
    fn a_path_branches_where_another_may_begin() {
        let table = table(&[
            ("", "/"),
            ("", "/media/"),
            ("", "/media/private/x/"),
            ("", "/t/{tenant}/"),
            ("a.example", "/media/"),
            ("b.example", "/"),
        ]);
        for (host, path, branches) in [
            ("any.example", "/", true),
            ("any.example", "/m", true),
            ("any.example", "/n", false),
            ("any.example", "/media/", true),
            ("any.example", "/media/p", true),
            ("any.example", "/media/private/", true),
            ("any.example", "/media/public/", false),
            ("any.example", "/media/private/x/", false),
            ("any.example", "/t/", true),
            ("any.example", "/t/a", true),
            ("any.example", "/t/a/", false),
            ("a.example", "/media/", false),
            ("a.example", "/", true),
            ("b.example", "/", false),
        ] {
            assert_eq!(table.branches(host, path), branches, "{host}{path}");
        }
        for (path, segments) in [
            ("/", Vec::from(["media", "t"])),
            ("/media/", Vec::from(["private"])),
            ("/media/private/", Vec::from(["x"])),
            ("/t/", Vec::new()),
            ("/none/", Vec::new()),
        ] {
            assert_eq!(table.segments_below("a.example", path), segments, "{path}");
        }
    }

    #[test]
    fn there_is_a_sample_of_each_kind_of_host() {
        let table =
            table(&[("", "/"), ("host0", "/"), ("*.media.example", "/"), ("0.media.example", "/")]);
        assert_eq!(table.samples(), ["0.media.example", "host0", "1.media.example", "host1"]);
    }

    #[test]
    fn two_of_one_shape_are_one_too_many() {
        let mut table = table(&[("", "/t/{tenant}/")]);
        let path = PathPattern::parse("/t/{account}/").unwrap();
        assert_eq!(table.add(&HostPattern::Any, &path, "new"), Err(&"/t/{tenant}/"));
        let host = HostPattern::parse("media.example").unwrap();
        assert_eq!(table.add(&host, &path, "new"), Ok(()));
    }
}
