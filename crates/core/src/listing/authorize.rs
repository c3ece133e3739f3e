//! Who may list, and from where on.

use crate::access::referer;
use crate::acl::scope::Viewer;
use crate::grant::{Dialect, Grant};
use crate::key::Principal;
use crate::route::{LocatedBucket, RouteBucket, Routes};
use crate::secret::Secret;
use crate::sigv4;
use crate::store::Store;

use super::error::{ListError, argument};
use super::query::{BucketQuery, ObjectsQuery};
use super::swift::{self, query::ContainerQuery};
use super::token::Sealer;
use super::walk::{Walk, end_of, group_of};
use super::{Asked, Listing, Objects, TOKEN_MARKER, Task, place};

/// The viewer, beyond the life of its request.
#[derive(Clone, Debug)]
pub(super) struct Seer {
    principal: Principal,
    referer: Option<String>,
}

impl Seer {
    pub(super) fn of(grant: &Grant<'_>) -> Self {
        let referer = referer(grant.request()).map(str::to_owned);
        Self { principal: grant.principal().clone(), referer }
    }

    pub(super) fn viewer(&self) -> Viewer<'_> {
        Viewer { principal: &self.principal, referer: self.referer.as_deref() }
    }
}

impl LocatedBucket<'_> {
    /// Asks the access rules whether the grant's principal may list anything, and reads what is
    /// asked.
    ///
    /// # Errors
    /// [`ListError`] when it may not, or the request is not one for a listing.
    pub fn authorize(self) -> Result<Listing, ListError> {
        let (grant, bucket) = (self.grant(), self.bucket());
        let viewer = Seer::of(grant);
        if !lists(grant.dialect()) {
            return Err(ListError::Capability);
        }
        if bucket.scopes(bucket.location(), viewer.viewer()).is_empty() {
            return Err(match grant.principal() {
                Principal::Anonymous => ListError::NoCredential,
                Principal::User(_) | Principal::EveryOwner => ListError::Principal,
            });
        }
        if self.is_for_swift() {
            return self.list_container(viewer);
        }
        let query = BucketQuery::parse(grant.request())?;
        let Store::S3(store) = bucket.store() else { return Err(ListError::Unsupported) };
        let cors = bucket.route().cors.headers(grant.request());
        let region = region(grant);
        let task = match query {
            BucketQuery::Head => Task::Head,
            BucketQuery::Location => Task::Location,
            BucketQuery::Objects(query) => {
                let secret = store.credentials.secret_access_key.secret();
                let position = position(bucket, &query, secret)?;
                let prefix = format!("{}{}", bucket.location(), query.prefix);
                let (delimiter, max_keys) = (query.delimiter.clone(), query.max_keys);
                let walk = Walk::new(prefix, delimiter, max_keys, position);
                let (bucket, asked) = (self.into_bucket(), Asked::S3(query));
                Task::Objects(Box::new(Objects { bucket, asked, walk, question: None, tries: 0 }))
            }
        };
        Ok(Listing { task, viewer, region, cors })
    }

    /// The same, as a client of Swift asks.
    fn list_container(self, viewer: Seer) -> Result<Listing, ListError> {
        let (request, bucket) = (self.grant().request(), self.bucket());
        let query = ContainerQuery::parse(request)?;
        let Store::S3(_) = bucket.store() else { return Err(ListError::Unsupported) };
        let cors = bucket.route().cors.headers(request);
        let located = |text: &str| format!("{}{text}", bucket.location());
        let ContainerQuery { prefix, delimiter, marker, .. } = &query;
        let position = (!marker.is_empty()).then(|| behind(bucket, marker, prefix, delimiter));
        let (prefix, end) = (located(&query.prefix), query.end_marker.as_deref().map(located));
        let walk = Walk::new(prefix, query.delimiter.clone(), query.limit, position)
            .asking(swift::MAX_QUESTIONS)
            .up_to(end);
        let (bucket, asked) = (self.into_bucket(), Asked::Swift(query));
        let objects = Objects { bucket, asked, walk, question: None, tries: 0 };
        Ok(Listing { task: Task::Objects(Box::new(objects)), viewer, region: None, cors })
    }
}

/// Behind a key or a group. Behind a group is behind all that is put into it.
fn behind(bucket: &RouteBucket, text: &str, prefix: &str, delimiter: &str) -> String {
    let is_group = group_of(text, prefix, delimiter) == Some(text);
    let text = format!("{}{text}", bucket.location());
    if is_group { end_of(&text) } else { text }
}

impl Listing {
    /// The names of the buckets in which the principal of `grant` may list something.
    ///
    /// # Errors
    /// [`ListError`] when the credential is not one of S3, or something else is asked.
    pub fn of_buckets(routes: &Routes, grant: &Grant<'_>) -> Result<Self, ListError> {
        let viewer = Seer::of(grant);
        if !grant.dialect().is_sigv4() {
            return Err(ListError::Capability);
        }
        BucketQuery::parse(grant.request())?;
        let mut buckets = routes.buckets(grant.request().host());
        buckets.retain(|bucket| !bucket.scopes(bucket.location(), viewer.viewer()).is_empty());
        let names = buckets.iter().map(|bucket| bucket.name().to_owned()).collect();
        let (task, region) = (Task::Buckets(names), region(grant));
        Ok(Self { task, viewer, region, cors: Vec::new() })
    }
}

/// Whether a credential says who asks, and not for what.
pub(super) fn lists(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Anonymous
        | Dialect::Sigv4Query
        | Dialect::Sigv4Header
        | Dialect::JwtBearer
        | Dialect::JwtAuthToken
        | Dialect::SwiftToken => true,
        // A cookie comes along with requests that another site's page makes.
        Dialect::JwtCookie
        | Dialect::JwtPath
        | Dialect::TicketCookie
        | Dialect::TempUrl
        | Dialect::CloudFrontUrl
        | Dialect::CloudFrontCookie
        | Dialect::EdgeAuthQuery
        | Dialect::EdgeAuthHeader
        | Dialect::EdgeAuthCookie => false,
    }
}

/// The region that a client has signed for, which is the one that it is to sign for.
fn region(grant: &Grant<'_>) -> Option<String> {
    let request = grant.request();
    let presented = match grant.dialect() {
        Dialect::Sigv4Header => sigv4::present::PresentedSigv4::parse_header(request),
        Dialect::Sigv4Query => sigv4::present::PresentedSigv4::parse_query(request),
        _ => return None,
    };
    // Some rules take any region, and what is not one must not reach a header.
    let is_region = |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let presented = presented.ok()?;
    Some(presented.region()).filter(is_region).map(str::to_owned)
}

/// Where a listing begins.
fn position(
    bucket: &RouteBucket,
    query: &ObjectsQuery,
    secret: &Secret,
) -> Result<Option<String>, ListError> {
    let place = place(bucket, query);
    let sealer = Sealer { secret, place: &place };
    if let Some(token) = &query.token {
        return match sealer.open(token) {
            Some(position) => Ok(Some(position)),
            None => argument("continuation-token", "one that the same listing gave"),
        };
    }
    let Some(after) = query.after.as_deref().filter(|after| !after.is_empty()) else {
        return Ok(None);
    };
    if let Some(position) = after.strip_prefix(TOKEN_MARKER).and_then(|token| sealer.open(token)) {
        return Ok(Some(position));
    }
    Ok(Some(behind(bucket, after, &query.prefix, &query.delimiter)))
}
