//! The policy document: stores, keys, routes and upload rules in one JSON text.
//!
//! It serves the worker, the function and the command line alike. Secrets are never in it; it
//! names them, and whoever runs the core looks them up.
//!
//! ```json
//! {
//!   "version": 1,
//!   "stores":  { "main":  { "kind": "s3", "endpoint": "…", "region": "…", "credentials": {…} } },
//!   "keys":    { "AKIA…": { "dialect": "sigv4", "secret": "NAME", "principal": "every-owner" } },
//!   "routes":  { "media": { "path": "/media/", "store": "main", "bucket": "…", "access": […] } },
//!   "uploads": { "media": { "route": "media", "key": "…", "size": {…}, "read": {…} } },
//!   "signed_urls": { "media": { "url": "…", "key": "AKIA…", "expires_in": 600 } }
//! }
//! ```

mod access;
mod cache;
mod control;
mod cookie;
mod cors;
mod iam;
mod keys;
mod notify;
mod premises;
mod reader;
mod routes;
mod signed_urls;
mod stored_as;
mod stores;
mod uploads;
mod wants;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::health::HealthCheck;
use crate::json::Json;
use crate::key::Keyring;
use crate::route::Routes;
use crate::secret::Secret;
use crate::signed_urls::issuer::Issuer;
use crate::store::Store;
use crate::upload::rule::UploadRules;

pub use self::control::ControlError;
pub use self::iam::Permissions;
use self::keys::KeySpec;
pub use self::premises::{Premises, Site};
pub use self::reader::PolicyError;
use self::reader::{Fields, Node};
use self::routes::{RouteSpec, RouteSpecs};
use self::signed_urls::IssuerSpec;
use self::stores::StoreSpec;
use self::uploads::UploadSpec;
pub use self::wants::Wants;

/// Looks up a secret by its name.
pub type Secrets<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A policy that was read and found sound. Its secrets are still names.
#[derive(Clone, Debug)]
pub struct Policy {
    stores: BTreeMap<String, StoreSpec>,
    keys: BTreeMap<String, KeySpec>,
    routes: RouteSpecs,
    uploads: BTreeMap<String, UploadSpec>,
    signed_urls: BTreeMap<String, IssuerSpec>,
    health: Option<String>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let json = read_root(text)?;
        let root = Node::root(&json);
        let fields = root.object(&[
            "version",
            "stores",
            "keys",
            "routes",
            "uploads",
            "signed_urls",
            "health",
        ])?;
        read_version(&fields)?;
        let stores = read_entries(&fields.required("stores")?, |_, node| StoreSpec::read(node))?;
        let keys = match fields.optional("keys") {
            Some(keys) => read_entries(&keys, KeySpec::read)?,
            None => BTreeMap::new(),
        };
        let routes = fields.required("routes")?;
        let routes = routes::read_all(&routes, &stores, &keys)?;
        let uploads = match fields.optional("uploads") {
            Some(uploads) => {
                read_entries(&uploads, |_, node| UploadSpec::read(node, &stores, &routes, &keys))?
            }
            None => BTreeMap::new(),
        };
        let signed_urls = match fields.optional("signed_urls") {
            Some(issuers) => {
                read_entries(&issuers, |_, node| IssuerSpec::read(node, &routes, &keys))?
            }
            None => BTreeMap::new(),
        };
        let health = fields.optional("health").map(|node| node.path()).transpose()?;
        Ok(Self { stores, keys, routes, uploads, signed_urls, health })
    }

    /// The keys with their secrets.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn keyring(&self, secrets: &Secrets<'_>) -> Result<Keyring, PolicyError> {
        let mut keyring = Keyring::default();
        for spec in self.keys.values() {
            spec.add_to(&mut keyring, secrets)?;
        }
        Ok(keyring)
    }

    /// The routes, and the stores behind them with their secrets.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn routes(&self, secrets: &Secrets<'_>) -> Result<Routes, PolicyError> {
        self.resolve_routes(|_, spec| Some(spec.clone()), secrets)
    }

    /// The same, but that only the routes that upload rules name are served, and only the
    /// secrets of their own stores are needed: a function does not ask a store whether it has an
    /// object, so it never needs a fallback. The others keep their places.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn upload_routes(&self, secrets: &Secrets<'_>) -> Result<Routes, PolicyError> {
        let served: BTreeSet<_> = self.uploads.values().map(|spec| spec.route.as_str()).collect();
        let serve = |name: &str, spec: &RouteSpec| {
            served.contains(name).then(|| spec.clone().of_function())
        };
        self.resolve_routes(serve, secrets)
    }

    /// `serve` says in which form a route is served; one without is served elsewhere.
    fn resolve_routes(
        &self,
        serve: impl Fn(&str, &RouteSpec) -> Option<RouteSpec>,
        secrets: &Secrets<'_>,
    ) -> Result<Routes, PolicyError> {
        let mut stores: BTreeMap<&str, Store> = BTreeMap::new();
        let mut routes = Routes::default();
        for (name, spec) in &self.routes.by_name {
            let Some(spec) = serve(name, spec) else {
                // INVARIANT: `read_all` saw that no other route has the same host and path.
                let _added = routes.add_elsewhere(spec.elsewhere());
                continue;
            };
            for store in spec.stores() {
                if let Some((store, spec)) = self.stores.get_key_value(store)
                    && !stores.contains_key(store.as_str())
                {
                    stores.insert(store, spec.resolve(store, secrets)?);
                }
            }
            let cookie = spec.cookie.as_ref().map(|cookie| cookie.resolve(name, secrets));
            let cookie = cookie.transpose()?;
            // INVARIANT: the names were found sound when the policy was read.
            if let Some(route) = spec.resolve(name, &|name| stores.get(name).cloned(), cookie) {
                let _added = routes.add(route);
            }
        }
        Ok(routes)
    }

    /// By what path it is asked how the edge is, and by what stores that is measured.
    pub fn health_check(&self) -> Option<HealthCheck> {
        let named: BTreeSet<_> = self.routes.by_name.values().flat_map(RouteSpec::stores).collect();
        let stores = named.into_iter().map(str::to_owned).collect();
        Some(HealthCheck { path: self.health.clone()?, stores })
    }

    /// The upload rules with their secrets.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn upload_rules(&self, secrets: &Secrets<'_>) -> Result<UploadRules, PolicyError> {
        let mut stores: BTreeMap<&str, Store> = BTreeMap::new();
        let mut rules = UploadRules::default();
        for (name, spec) in &self.uploads {
            // INVARIANT: when the policy was read, there was such a store.
            let Some((store, store_spec)) = self.stores.get_key_value(&spec.store) else {
                continue;
            };
            let store = match stores.entry(store) {
                Entry::Occupied(resolved) => resolved.get().clone(),
                Entry::Vacant(entry) => entry.insert(store_spec.resolve(store, secrets)?).clone(),
            };
            // Who reads has no need of it, so no secret of it is asked for elsewhere.
            let auth = match spec.segments {
                Some(_) => store_spec.resolve_auth(&spec.store, secrets)?,
                None => None,
            };
            rules.add(spec.resolve(name, (store, auth), secrets)?);
        }
        Ok(rules)
    }

    /// The issuers of signed URLs with their secrets.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn issuers(&self, secrets: &Secrets<'_>) -> Result<Vec<Issuer>, PolicyError> {
        let issuers = self.signed_urls.iter();
        issuers.filter_map(|(name, spec)| spec.resolve(name, secrets).transpose()).collect()
    }

    /// The names of the routes.
    pub fn route_names(&self) -> impl Iterator<Item = &str> {
        self.routes.by_name.keys().map(String::as_str)
    }

    /// The ids of the keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The names of all secrets, each with the place that names it.
    pub fn secret_names(&self) -> Vec<(String, String)> {
        let stores = self.stores.iter().flat_map(|(name, spec)| spec.secret_names(name));
        let keys = self.keys.values().flat_map(KeySpec::secret_names);
        let cookies = self.routes.by_name.iter();
        let cookies =
            cookies.filter_map(|(name, spec)| Some(spec.cookie.as_ref()?.secret_name(name)));
        let uploads = self.uploads.iter().flat_map(|(name, spec)| spec.secret_names(name));
        let issuers = self.signed_urls.iter();
        let issuers = issuers.filter_map(|(name, spec)| spec.secret_name(name));
        stores.chain(keys).chain(cookies).chain(uploads).chain(issuers).collect()
    }
}

fn read_root(text: &str) -> Result<Json, PolicyError> {
    Json::parse(text).map_err(|problem| PolicyError {
        place: String::new(),
        problem: format!("is not JSON: {problem}"),
    })
}

fn read_version(fields: &Fields<'_, '_>) -> Result<(), PolicyError> {
    let version = fields.required("version")?;
    if version.is_one() { Ok(()) } else { version.error("must be 1") }
}

fn read_entries<T>(
    node: &Node<'_>,
    read: impl Fn(&str, &Node<'_>) -> Result<T, PolicyError>,
) -> Result<BTreeMap<String, T>, PolicyError> {
    node.entries()?
        .into_iter()
        .map(|(name, child)| Ok((name.to_owned(), read(name, &child)?)))
        .collect()
}

/// Our own secrets are at least this long (RFC 7518, section 3.2): whatever they sign can be
/// tried against guesses for ever.
const MIN_SECRET_LENGTH: usize = 32;

/// The secret that `place` names, with which something is signed here.
fn resolve_signing_secret(
    secrets: &Secrets<'_>,
    name: &str,
    place: String,
) -> Result<Secret, PolicyError> {
    let secret = resolve_secret(secrets, name, place.clone())?;
    if secret.expose().len() < MIN_SECRET_LENGTH {
        let problem =
            format!("secret `{name}` is too short: at least {MIN_SECRET_LENGTH} bytes are needed");
        return Err(PolicyError { place, problem });
    }
    Ok(secret)
}

/// The secret that `place` names.
fn resolve_secret(secrets: &Secrets<'_>, name: &str, place: String) -> Result<Secret, PolicyError> {
    match secrets(name) {
        Some(value) if !value.is_empty() => Ok(Secret::new(value)),
        Some(_) => Err(PolicyError { place, problem: format!("secret `{name}` is empty") }),
        None => Err(PolicyError { place, problem: format!("secret `{name}` is not set") }),
    }
}
