//! Listings as Swift's clients ask for them: containers of an account, objects of a container.
//!
//! <https://docs.openstack.org/api-ref/object-store/#show-container-details-and-list-objects>
//!
//! They are the same listings as S3's, in another form, but for two things. A page goes on behind
//! the last name of the one before it; no token can say that it stopped among keys that are hidden.
//! And a page that is not full is the last one to many a client. So a page is filled, or it is
//! refused; but where no `limit` was asked for, one that has anything will do, because
//! python-swiftclient asks on until a page is empty.

pub mod query;

mod page;

use super::answer::Item;
use super::authorize::Seer;
use super::error::ListError;
use super::walk::Onward;
use super::{Answer, Listing, Task};
use crate::grant::Grant;
use crate::key::Principal;
use crate::request::Method;
use crate::route::Routes;

use self::query::ContainerQuery;

/// How often a store is asked for one page. A Worker may send fifty requests for one of its own.
pub(super) const MAX_QUESTIONS: u32 = 40;

impl Listing {
    /// The containers of an account in which the principal of `grant` may list something.
    ///
    /// # Errors
    /// [`ListError`] when the credential says nothing of who asks, or something else is asked.
    pub fn of_containers(routes: &Routes, grant: &Grant<'_>) -> Result<Self, ListError> {
        let (request, viewer) = (grant.request(), Seer::of(grant));
        if !super::authorize::lists(grant.dialect()) {
            return Err(ListError::Capability);
        }
        if *grant.principal() == Principal::Anonymous {
            return Err(ListError::NoCredential);
        }
        let query = ContainerQuery::parse(request)?;
        let containers = routes.containers(request).ok_or(ListError::NoBucket)?;
        let seen = containers.iter().filter(|container| {
            !container.scopes(container.location(), viewer.viewer()).is_empty()
        });
        let names: Vec<_> = seen.map(|container| container.name().to_owned()).collect();
        let answer = match request.method() {
            Method::Head => {
                let count = ("x-account-container-count", names.len().to_string());
                Answer { headers: vec![count], ..page::nothing(query.format) }
            }
            _ => page::containers(&query, names),
        };
        Ok(Self { task: Task::Containers(answer), viewer, region: None, cors: Vec::new() })
    }
}

/// The answer about a container, of which the viewer may see `items`, without the location.
pub(super) fn answer(
    query: &ContainerQuery,
    items: &[Item],
    next: Option<&Onward>,
) -> Result<Answer, ListError> {
    if query.is_head {
        return Ok(Answer {
            headers: if next.is_none() { totals(items) } else { Vec::new() },
            ..page::nothing(query.format)
        });
    }
    let is_short = next.is_some() && items.len() < query.limit;
    if is_short && (query.is_limited || items.is_empty()) {
        return Err(ListError::Hidden);
    }
    Ok(page::objects(query, items))
}

/// What there is in all. Swift keeps count; here it is counted, as far as one page goes.
fn totals(items: &[Item]) -> Vec<(&'static str, String)> {
    let sizes = items.iter().map(|item| match item {
        Item::Object(object) => object.size,
        Item::Group(_) => 0,
    });
    let bytes: u64 = sizes.fold(0, u64::saturating_add);
    vec![
        ("x-container-object-count", items.len().to_string()),
        ("x-container-bytes-used", bytes.to_string()),
    ]
}
