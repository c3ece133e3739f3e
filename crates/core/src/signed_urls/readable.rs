//! What the caller may read: the only thing that is ever signed.
//!
//! The routes and rules are those by which the edge decides. What a page alone allows, by its
//! Referer, does not count: a ticket works on every page.

use crate::access::{AccessDenied, Denial};
use crate::acl::permission::Permission;
use crate::encoding::{Slash, encode};
use crate::endpoint::Endpoint;
use crate::object::decode_path;
use crate::rejection::Rejection;
use crate::request::{Request, RequestError};
use crate::route::{Extent, LocateError, Place, Route, Routes};

use super::Caller;
use super::error::{SignedUrlError, unsignable};
use super::issuer::Issuer;

/// Proof that the caller may read an object: made by [`Readable::find`] alone.
#[derive(Clone, Debug)]
pub(super) struct Readable {
    path: String,
    route: String,
    key: String,
}

/// Proof that the caller may read all objects below a path: made by [`ReadableFolder::find`]
/// alone.
#[derive(Clone, Debug)]
pub(super) struct ReadableFolder {
    path: String,
    route: String,
    prefix: String,
}

impl Readable {
    /// Decides whether the caller may read the object at `url`.
    pub(super) fn find(
        routes: &Routes,
        issuer: &Issuer,
        caller: Caller<'_>,
        url: &str,
    ) -> Result<Self, Rejection> {
        let request = request_for(issuer, url)?;
        disclosed(routes, &request, || {
            let path = decode_path(request.path()).map_err(LocateError::Key)?;
            let place = routes.place(request.host(), request.path())?;
            allow(&place, caller)?;
            require_one_host(routes, issuer, place.route, &path, Extent::Object)?;
            let key = place.source.key.as_str().to_owned();
            Ok(Self { path, route: place.route.name.clone(), key })
        })
    }

    /// The path, decoded.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The path as it is sent: written anew, whatever the order's spelling was.
    pub(super) fn path_as_sent(&self) -> String {
        encode(&self.path, Slash::Keep)
    }

    /// The route and the key.
    pub(super) fn object(&self) -> (&str, &str) {
        (&self.route, &self.key)
    }
}

impl ReadableFolder {
    /// Decides whether the caller may read everything below `resource`, which ends in `/*`.
    pub(super) fn find(
        routes: &Routes,
        issuer: &Issuer,
        caller: Caller<'_>,
        resource: &str,
    ) -> Result<Self, Rejection> {
        let Some(url) = resource.strip_suffix('*').filter(|url| url.ends_with('/')) else {
            return Ok(unsignable(
                "`cookies` must be the URL of a folder and `*`, as in \
                 `https://media.example/media/users/alice/*`.",
            )?);
        };
        let request = request_for(issuer, url)?;
        disclosed(routes, &request, || {
            let path = decode_path(request.path()).map_err(LocateError::Key)?;
            let folder = routes.folder(request.host(), &path)?;
            if !folder.route.access.opens_all(&folder.prefix, caller.principal) {
                return Err(refused("You may not read every file that could be below it"));
            }
            // Told to those alone who may read what is around them.
            if routes.branches_below(request.host(), &path) {
                return Err(refused("Other places of this site begin below it"));
            }
            require_one_host(routes, issuer, folder.route, &path, Extent::Folder)?;
            let route = folder.route.name.clone();
            Ok(Self { path, route, prefix: folder.prefix })
        })
    }

    /// The path as it is sent; it ends with `/`.
    pub(super) fn path_as_sent(&self) -> String {
        encode(&self.path, Slash::Keep)
    }

    /// The route, and what keys begin with.
    pub(super) fn objects(&self) -> (&str, &str) {
        (&self.route, &self.prefix)
    }
}

fn refused(why: &str) -> Rejection {
    let problem = format!("{why}. Ask for a folder that is all yours, or for single files.");
    SignedUrlError::Folder { problem }.into()
}

/// The request that the ticket is to be for, but for the ticket.
fn request_for<'u>(issuer: &'u Issuer, url: &'u str) -> Result<Request<'u>, Rejection> {
    let target = target_at(&issuer.url, url)?;
    let request = Request::parse("GET", target, [("host", issuer.url.host())])?;
    if target.contains('?') {
        return Ok(unsignable(format!(
            "`{}` must have no query; a `?` in a name is written `%3F`.",
            request.path()
        ))?);
    }
    Ok(request)
}

/// The path of a URL at the edge; a path is one already.
fn target_at<'u>(edge: &Endpoint, url: &'u str) -> Result<&'u str, Rejection> {
    if url.starts_with('/') {
        return Ok(url);
    }
    let parts = || {
        let host = url.find("://")?.checked_add("://".len())?;
        let path = url.get(host..)?.find('/')?.checked_add(host)?;
        url.split_at_checked(path)
    };
    let (origin, path) = parts().ok_or(RequestError::MalformedTarget)?;
    if Endpoint::parse(origin).is_ok_and(|origin| origin == *edge) {
        return Ok(path);
    }
    Ok(unsignable(format!("This issuer signs for `{edge}` only."))?)
}

/// A no, as the route that it is about tells it.
fn disclosed<T>(
    routes: &Routes,
    request: &Request<'_>,
    find: impl FnOnce() -> Result<T, Rejection>,
) -> Result<T, Rejection> {
    find().map_err(|rejection| match routes.manner(request) {
        Some(manner) => rejection.disclosed(manner.disclosure),
        None => rejection,
    })
}

fn allow(place: &Place<'_>, caller: Caller<'_>) -> Result<(), AccessDenied> {
    let rule = &place.rule;
    if rule.opens(caller.principal).is_some() {
        return Ok(());
    }
    let by_page = rule.allows(Permission::Read, caller.principal, None).is_some();
    let why = if by_page { Denial::Referrer } else { Denial::Principal };
    Err(AccessDenied { why, readers: rule.holders(Permission::Read) })
}

/// A ticket that does not name a host must open the same everywhere.
fn require_one_host(
    routes: &Routes,
    issuer: &Issuer,
    route: &Route,
    path: &str,
    extent: Extent,
) -> Result<(), SignedUrlError> {
    if issuer.key.signs_path_alone() && !routes.is_same_on_every_host(route, path, extent) {
        return unsignable(
            "This issuer's tickets do not name a host, and the path leads to other files on \
             another one.",
        );
    }
    Ok(())
}
