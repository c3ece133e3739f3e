//! From the path of a proven request to an object.
//!
//! A route maps a path prefix, perhaps of one host only, to a bucket of a store. The longest
//! prefix wins, and a route for the request's host beats one for any host. What follows the
//! prefix is the key, byte for byte.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::acl::rules::{AccessRules, Rule};
use crate::cors::Cors;
use crate::encoding::prefixes_of;
use crate::grant::Grant;
use crate::object::{Bucket, KeyError, ObjectKey, decode_path};
use crate::request::Request;
use crate::store::Store;

/// One way from paths to objects.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name in the policy.
    pub name: String,
    /// The host it is for; any when absent.
    pub host: Option<String>,
    /// The path prefix: begins and ends with `/`.
    pub prefix: String,
    /// The store that has the objects.
    pub store: Arc<Store>,
    /// The bucket they are in.
    pub bucket: Bucket,
    /// Who may read which of them.
    pub access: AccessRules,
    /// Which other origins' pages may read the answers.
    pub cors: Cors,
}

/// Why no object is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocateError {
    /// No route has this path.
    NoRoute,
    /// What follows the prefix is not a key.
    Key(KeyError),
    /// A query parameter asks for something else than the object, such as its ACL.
    SubResource(String),
}

impl fmt::Display for LocateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute => f.write_str("no route has this path"),
            Self::Key(error) => error.fmt(f),
            Self::SubResource(name) => write!(f, "query parameter `{name}` is not served"),
        }
    }
}

/// All routes.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// By host, then by prefix; the empty host stands for any.
    by_host: BTreeMap<String, BTreeMap<String, Route>>,
}

impl Routes {
    /// Adds a route. False when there is one for the same host and prefix.
    #[must_use]
    pub fn add(&mut self, route: Route) -> bool {
        let host = route.host.clone().unwrap_or_default();
        let prefixes = self.by_host.entry(host).or_default();
        prefixes.insert(route.prefix.clone(), route).is_none()
    }

    /// The route for a request, whoever sends it.
    pub fn of(&self, request: &Request<'_>) -> Option<&Route> {
        self.find(request.host(), &decode_path(request.path()).ok()?)
    }

    /// The route for a host and a decoded path.
    fn find(&self, host: &str, path: &str) -> Option<&Route> {
        let host = host.to_ascii_lowercase();
        // `media.example.`, `media.example:443` and `media.example` are one host.
        let host = host.strip_suffix(":443").or(host.strip_suffix(":80")).unwrap_or(&host);
        let host = host.strip_suffix('.').unwrap_or(host);
        [host, ""].into_iter().find_map(|host| {
            let prefixes = self.by_host.get(host)?;
            prefixes_of(path).find_map(|prefix| prefixes.get(prefix))
        })
    }

    /// Finds the object that a proven request asks for.
    ///
    /// # Errors
    /// [`LocateError`] when there is no way to one.
    pub fn locate<'p, 'r>(&'p self, grant: Grant<'r>) -> Result<Located<'p, 'r>, LocateError> {
        let request = grant.request();
        let path = decode_path(request.path()).map_err(LocateError::Key)?;
        let route = self.find(request.host(), &path).ok_or(LocateError::NoRoute)?;
        let rest = path.strip_prefix(&route.prefix).unwrap_or_default();
        let key = ObjectKey::new(rest).map_err(LocateError::Key)?;
        let view = parse_view(&grant)?;
        let rule = route.access.find(key.as_str());
        Ok(Located { grant, route, key, view, rule })
    }
}

/// A proven request with the object it asks for: made by [`Routes::locate`] alone.
#[derive(Clone, Debug)]
pub struct Located<'p, 'r> {
    grant: Grant<'r>,
    route: &'p Route,
    key: ObjectKey,
    view: Vec<(&'static str, String)>,
    rule: Rule<'p>,
}

impl<'p, 'r> Located<'p, 'r> {
    /// The proven authority of the request.
    pub fn grant(&self) -> &Grant<'r> {
        &self.grant
    }

    /// The route that led here.
    pub fn route(&self) -> &'p Route {
        self.route
    }

    /// The key of the object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// What the store is asked besides: the version, and headers to override.
    pub fn view(&self) -> &[(&'static str, String)] {
        &self.view
    }

    /// The rule that decides about the object.
    pub fn rule(&self) -> &Rule<'p> {
        &self.rule
    }
}

/// Parameters of GetObject that travel on, when a signature covers them.
const VIEW_PARAMETERS: [&str; 7] = [
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "versionId",
];

/// Parameters by which S3 is asked for something else than the object. Serving the object in
/// its place would be a wrong answer.
const SUB_RESOURCES: [&str; 12] = [
    "acl",
    "attributes",
    "legal-hold",
    "partNumber",
    "renameObject",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
];

fn parse_view(grant: &Grant<'_>) -> Result<Vec<(&'static str, String)>, LocateError> {
    let signed = grant.covers_query();
    let mut view: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in grant.request().query().decoded().unwrap_or_default() {
        let name = String::from_utf8_lossy(&name).into_owned();
        let refused = || Err(LocateError::SubResource(name.clone()));
        if SUB_RESOURCES.contains(&name.as_str()) {
            return refused();
        }
        if let Some(known) = VIEW_PARAMETERS.into_iter().find(|known| *known == name) {
            let twice = view.iter().any(|(name, _)| *name == known);
            match String::from_utf8(value) {
                Ok(value) if signed && !twice => view.push((known, value)),
                _ => return refused(),
            }
        }
    }
    Ok(view)
}
