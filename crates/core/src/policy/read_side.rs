//! What of a policy is for reading: all that an edge has a use for.
//!
//! An edge does not look into the rules for uploads and for signed URLs, which are for a function,
//! and has no code for them.

use crate::health::HealthCheck;
use crate::key::Keyring;
use crate::named::Named;
use crate::policy::keys::KeySpec;
use crate::policy::reader::{Fields, Node, PolicyError};
use crate::policy::routes::{self, RouteSpec, RouteSpecs};
use crate::policy::stores::StoreSpec;
use crate::policy::{FIELDS, Secrets, read_entries, read_root, read_version};
use crate::route::Routes;
use crate::store::Store;

/// The stores, keys and routes of a policy. Their secrets are still names.
#[derive(Clone, Debug)]
pub struct ReadSide {
    pub(super) stores: Named<StoreSpec>,
    pub(super) keys: Named<KeySpec>,
    pub(super) routes: RouteSpecs,
    health: Option<String>,
}

impl ReadSide {
    /// Reads what of a policy is for reading, and nothing else of it.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let json = read_root(text)?;
        Self::read(&Node::root(&json).object(&FIELDS)?)
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PolicyError> {
        read_version(fields)?;
        let stores = read_entries(&fields.required("stores")?, |_, node| StoreSpec::read(node))?;
        let keys = match fields.optional("keys") {
            Some(keys) => read_entries(&keys, KeySpec::read)?,
            None => Named::default(),
        };
        let routes = routes::read_all(&fields.required("routes")?, &stores, &keys)?;
        let health = fields.optional("health").map(|node| node.path()).transpose()?;
        Ok(Self { stores, keys, routes, health })
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

    /// `serve` says in which form a route is served; one without is served elsewhere.
    pub(super) fn resolve_routes(
        &self,
        serve: impl Fn(&str, &RouteSpec) -> Option<RouteSpec>,
        secrets: &Secrets<'_>,
    ) -> Result<Routes, PolicyError> {
        let mut stores: Named<Store> = Named::default();
        let mut routes = Routes::default();
        for (name, spec) in self.routes.by_name.iter() {
            let Some(spec) = serve(name, spec) else {
                // INVARIANT: `read_all` saw that no other route has the same host and path.
                let _added = routes.add_elsewhere(spec.elsewhere());
                continue;
            };
            for store in spec.stores() {
                if let Some(spec) = self.stores.get(store)
                    && !stores.contains(store)
                {
                    stores.insert(store.to_owned(), spec.resolve(store, secrets)?);
                }
            }
            let cookie = spec.cookie.as_ref().map(|cookie| cookie.resolve(name, secrets));
            let cookie = cookie.transpose()?;
            // INVARIANT: the names were found sound when the policy was read.
            if let Some(route) = spec.resolve(name, &stores, cookie) {
                let _added = routes.add(route);
            }
        }
        Ok(routes)
    }

    /// By what path it is asked how the edge is, and by what stores that is measured.
    pub fn health_check(&self) -> Option<HealthCheck> {
        let path = self.health.clone()?;
        let mut stores = Named::default();
        for store in self.routes.by_name.values().flat_map(RouteSpec::stores) {
            stores.insert(store.to_owned(), ());
        }
        Some(HealthCheck { path, stores: stores.names().map(str::to_owned).collect() })
    }

    /// The names of all secrets, each with the place that names it.
    pub(super) fn secret_names(&self) -> impl Iterator<Item = (String, String)> {
        let stores = self.stores.iter().flat_map(|(name, spec)| spec.secret_names(name));
        let keys = self.keys.values().flat_map(KeySpec::secret_names);
        let cookies = self.routes.by_name.iter();
        let cookies =
            cookies.filter_map(|(name, spec)| Some(spec.cookie.as_ref()?.secret_name(name)));
        stores.chain(keys).chain(cookies)
    }
}
