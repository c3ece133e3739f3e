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
mod read_side;
mod reader;
mod routes;
mod signed_urls;
mod stored_as;
mod stores;
mod uploads;
mod wants;

use std::collections::BTreeSet;

use crate::json::Json;
use crate::named::Named;
use crate::route::Routes;
use crate::secret::Secret;
use crate::signed_urls::issuer::Issuer;
use crate::store::Store;
use crate::upload::rule::UploadRules;

pub use self::control::ControlError;
pub use self::iam::Permissions;
pub use self::premises::{Premises, Site};
pub use self::read_side::ReadSide;
pub use self::reader::PolicyError;
use self::reader::{Fields, Node};
use self::routes::RouteSpec;
use self::signed_urls::IssuerSpec;
use self::uploads::UploadSpec;
pub use self::wants::Wants;

/// Looks up a secret by its name.
pub type Secrets<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What a policy consists of.
const FIELDS: [&str; 7] =
    ["version", "stores", "keys", "routes", "uploads", "signed_urls", "health"];

/// A policy that was read and found sound. Its secrets are still names.
#[derive(Clone, Debug)]
pub struct Policy {
    read_side: ReadSide,
    uploads: Named<UploadSpec>,
    signed_urls: Named<IssuerSpec>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let json = read_root(text)?;
        let root = Node::root(&json);
        let fields = root.object(&FIELDS)?;
        let read_side = ReadSide::read(&fields)?;
        let ReadSide { stores, keys, routes, .. } = &read_side;
        let uploads = match fields.optional("uploads") {
            Some(uploads) => {
                read_entries(&uploads, |_, node| UploadSpec::read(node, stores, routes, keys))?
            }
            None => Named::default(),
        };
        let signed_urls = match fields.optional("signed_urls") {
            Some(issuers) => {
                read_entries(&issuers, |_, node| IssuerSpec::read(node, routes, keys))?
            }
            None => Named::default(),
        };
        Ok(Self { read_side, uploads, signed_urls })
    }

    /// What of it is for reading.
    pub fn read_side(&self) -> &ReadSide {
        &self.read_side
    }

    /// The routes of a function, and the stores behind them with their secrets. Only the routes
    /// that upload rules name are served, and only the secrets of their own stores are needed: a
    /// function does not ask a store whether it has an object, so it never needs a fallback. The
    /// others keep their places.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn upload_routes(&self, secrets: &Secrets<'_>) -> Result<Routes, PolicyError> {
        let served: BTreeSet<_> = self.uploads.values().map(|spec| spec.route.as_str()).collect();
        let serve = |name: &str, spec: &RouteSpec| {
            served.contains(name).then(|| spec.clone().of_function())
        };
        self.read_side.resolve_routes(serve, secrets)
    }

    /// The upload rules with their secrets.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn upload_rules(&self, secrets: &Secrets<'_>) -> Result<UploadRules, PolicyError> {
        let mut stores: Named<Store> = Named::default();
        let mut rules = UploadRules::default();
        for (name, spec) in self.uploads.iter() {
            // INVARIANT: when the policy was read, there was such a store.
            let Some(store_spec) = self.read_side.stores.get(&spec.store) else {
                continue;
            };
            let store = match stores.get(&spec.store) {
                Some(resolved) => resolved.clone(),
                None => {
                    let store = store_spec.resolve(&spec.store, secrets)?;
                    stores.insert(spec.store.clone(), store.clone());
                    store
                }
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
        self.read_side.routes.by_name.names()
    }

    /// The ids of the keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.read_side.keys.names()
    }

    /// The names of all secrets, each with the place that names it.
    pub fn secret_names(&self) -> Vec<(String, String)> {
        let uploads = self.uploads.iter().flat_map(|(name, spec)| spec.secret_names(name));
        let issuers = self.signed_urls.iter();
        let issuers = issuers.filter_map(|(name, spec)| spec.secret_name(name));
        self.read_side.secret_names().chain(uploads).chain(issuers).collect()
    }
}

fn read_root(text: &str) -> Result<Json, PolicyError> {
    Json::parse(text)
        .map_err(|problem| PolicyError::new(String::new(), format!("is not JSON: {problem}")))
}

fn read_version(fields: &Fields<'_>) -> Result<(), PolicyError> {
    let version = fields.required("version")?;
    if version.is_one() { Ok(()) } else { version.error("must be 1") }
}

fn read_entries<T>(
    node: &Node<'_>,
    read: impl Fn(&str, &Node<'_>) -> Result<T, PolicyError>,
) -> Result<Named<T>, PolicyError> {
    let mut entries = Named::default();
    for (name, child) in node.entries()? {
        entries.insert(name.to_owned(), read(name, &child)?);
    }
    Ok(entries)
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
        return Err(PolicyError::new(place, problem));
    }
    Ok(secret)
}

/// The secret that `place` names.
fn resolve_secret(secrets: &Secrets<'_>, name: &str, place: String) -> Result<Secret, PolicyError> {
    match secrets(name) {
        Some(value) if !value.is_empty() => Ok(Secret::new(value)),
        Some(_) => Err(PolicyError::new(place, format!("secret `{name}` is empty"))),
        None => Err(PolicyError::new(place, format!("secret `{name}` is not set"))),
    }
}
