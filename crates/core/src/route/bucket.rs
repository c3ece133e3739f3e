//! A route as S3 clients see it: a bucket, of which the route's path prefix is the name.
//!
//! ```text
//! GET /media?list-type=2                  path /media/    the bucket `media`
//! GET /?list-type=2 of media.example      path /          the bucket `media.example`
//! ```
//!
//! Its keys are those that follow the prefix. The bucket of the store, and the location that
//! keys have there, are not seen.

use std::sync::Arc;

use super::account::is_for_container;
use super::{Entry, LocateError, Route, Routes};
use crate::acl::scope::{Scope, Viewer};
use crate::grant::Grant;
use crate::object::{Bucket, ObjectKey, decode_path};
use crate::query::Query;
use crate::request::{Method, Request};
use crate::store::Store;

/// The parameters by which listings are asked for.
const LISTING_PARAMETERS: [&str; 9] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "list-type",
    "location",
    "marker",
    "max-keys",
    "prefix",
    "start-after",
];

/// A proven request for a bucket: made by [`Routes::locate_bucket`] alone.
#[derive(Clone, Debug)]
pub struct LocatedBucket<'r> {
    grant: Grant<'r>,
    bucket: RouteBucket,
    is_for_swift: bool,
}

/// A route's objects under one path of one host.
#[derive(Clone, Debug)]
pub struct RouteBucket {
    routes: Routes,
    route: Arc<Route>,
    host: String,
    /// Decoded; it ends with `/`.
    path: String,
    bucket: Bucket,
    location: String,
}

impl Routes {
    /// Whether a proven request is for a bucket and not for an object in one.
    ///
    /// Where a document stands for the prefix, visitors ask for that; a listing then has to be
    /// asked for by its parameters, which nobody but a client of S3 sends.
    pub fn is_for_bucket(&self, grant: &Grant<'_>) -> bool {
        let request = grant.request();
        let Some(path) = bucket_path(request.path()) else { return false };
        let Some(route) = self.route_at(request.host(), &path) else { return false };
        let query = request.query();
        let is_explicit = is_for_container(grant)
            || asks_for_list(query)
            || grant.covers_query() && asks_for_listing(query);
        let is_object = if request.path().ends_with('/') {
            route.index.is_some()
        } else {
            route.index.is_some() || self.place(request.host(), request.path()).is_ok()
        };
        is_explicit || !is_object
    }

    /// Finds the bucket that a proven request asks for.
    ///
    /// # Errors
    /// [`LocateError`] when there is no way to one.
    pub fn locate_bucket<'r>(&self, grant: Grant<'r>) -> Result<LocatedBucket<'r>, LocateError> {
        let request = grant.request();
        let path = bucket_path(request.path()).ok_or(LocateError::NoRoute)?;
        let bucket = self.bucket(request.host(), path)?;
        let is_for_swift = is_for_container(&grant);
        Ok(LocatedBucket { grant, bucket, is_for_swift })
    }

    /// Whether a proven request is for the names of all buckets.
    pub fn is_for_buckets(&self, request: &Request<'_>) -> bool {
        let is_plain = request.method() == Method::Get && !asks_for_listing(request.query());
        is_plain && request.path() == "/" && self.table.find(request.host(), "/").is_none()
    }

    /// The buckets that a host has under one segment, in order of their names.
    pub fn buckets(&self, host: &str) -> Vec<RouteBucket> {
        let segments = self.table.segments_below(host, "/").into_iter();
        segments.filter_map(|name| self.bucket(host, format!("/{name}/")).ok()).collect()
    }

    pub(super) fn bucket(&self, host: &str, path: String) -> Result<RouteBucket, LocateError> {
        let found = self.table.find(host, &path).filter(|found| found.rest.is_empty());
        let found = found.ok_or(LocateError::NoRoute)?;
        let Entry::Served(route) = found.item else { return Err(LocateError::NoRoute) };
        let (bucket, location) = route.home.fill(&route.bindings(&found))?;
        let (routes, route) = (self.clone(), Arc::clone(route));
        Ok(RouteBucket { routes, route, host: host.to_owned(), path, bucket, location })
    }

    /// The route whose prefix is exactly `path`.
    fn route_at(&self, host: &str, path: &str) -> Option<&Route> {
        let found = self.table.find(host, path).filter(|found| found.rest.is_empty())?;
        match found.item {
            Entry::Served(route) => Some(route),
            Entry::Elsewhere(_) => None,
        }
    }
}

/// The path of a bucket, decoded: clients leave out the last slash.
fn bucket_path(raw: &str) -> Option<String> {
    let mut path = decode_path(raw).ok()?;
    if !path.ends_with('/') {
        path.push('/');
    }
    Some(path)
}

/// Whether a query asks for a listing and for nothing else.
pub(super) fn asks_for_list(query: &Query<'_>) -> bool {
    query.pairs().any(|(name, _)| name == "list-type")
}

/// Whether a query has a parameter of a listing.
fn asks_for_listing(query: &Query<'_>) -> bool {
    query.pairs().any(|(name, _)| LISTING_PARAMETERS.contains(&name))
}

impl<'r> LocatedBucket<'r> {
    /// The proven authority of the request.
    pub fn grant(&self) -> &Grant<'r> {
        &self.grant
    }

    /// The bucket.
    pub fn bucket(&self) -> &RouteBucket {
        &self.bucket
    }

    /// Whether a client of Swift asks.
    pub(crate) fn is_for_swift(&self) -> bool {
        self.is_for_swift
    }

    pub(crate) fn into_bucket(self) -> RouteBucket {
        self.bucket
    }
}

impl RouteBucket {
    /// Its name: the last segment of the path, or the host when there is none.
    pub fn name(&self) -> &str {
        let segment = self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let host = self.host.split(':').next().unwrap_or_default();
        if segment.is_empty() { host } else { segment }
    }

    /// The route.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The store that its objects are in. What a fallback has besides is not listed.
    pub fn store(&self) -> &Store {
        &self.route.home.store
    }

    /// The bucket there.
    pub fn store_bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// What keys begin with there.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// A key or prefix as clients see it.
    pub fn relative<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(&self.location)
    }

    /// Whether `viewer` may see a key, location and all: whether the rule of the key shows it, and
    /// the path of the key leads to it. It may belong to another route.
    pub fn shows(&self, key: &str, viewer: Viewer<'_>) -> bool {
        let Some(path) = self.relative(key).map(|rest| format!("{}{rest}", self.path)) else {
            return false;
        };
        let place = self.routes.place_decoded(&self.host, &path);
        place.is_ok_and(|place| {
            std::ptr::eq(place.route, &*self.route)
                && place.source.bucket == self.bucket
                && place.source.key.as_str() == key
                && place.rule.shows(viewer)
        })
    }

    /// The prefixes of all keys that begin with `prefix`, location and all, and that `viewer` may
    /// see; see [`AccessRules::scopes`](crate::acl::rules::AccessRules::scopes).
    pub fn scopes(&self, prefix: &str, viewer: Viewer<'_>) -> Vec<Scope> {
        let mut scopes = self.route.access.scopes(prefix, viewer);
        scopes.retain(|scope| self.leads_here(&scope.prefix));
        for scope in &mut scopes {
            scope.is_whole &= !self.routes.table.branches(&self.host, &self.path_of(&scope.prefix));
        }
        scopes
    }

    /// Whether a key can begin so, and paths that do lead to this route.
    fn leads_here(&self, prefix: &str) -> bool {
        if ObjectKey::new(format!("{prefix}x")).is_err() {
            return false;
        }
        let path = self.path_of(prefix);
        let found = self.routes.table.find(&self.host, &path);
        found.is_some_and(|found| match found.item {
            Entry::Served(route) => Arc::ptr_eq(route, &self.route),
            Entry::Elsewhere(_) => false,
        })
    }

    fn path_of(&self, prefix: &str) -> String {
        format!("{}{}", self.path, self.relative(prefix).unwrap_or_default())
    }
}
