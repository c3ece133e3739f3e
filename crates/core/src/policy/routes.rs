//! `routes`: from paths to objects, and who may read them.

use std::sync::Arc;

use crate::acl::rules::AccessRules;
use crate::cache::CacheRule;
use crate::cors::Cors;
use crate::disclosure::Disclosure;
use crate::disposition::DispositionType;
use crate::named::Named;
use crate::object::ObjectKey;
use crate::policy::access::read_access;
use crate::policy::cache::read_cache;
use crate::policy::cookie::CookieSpec;
use crate::policy::cors::read_cors;
use crate::policy::keys::KeySpec;
use crate::policy::reader::{Fields, Node, PolicyError, quoted_list};
use crate::policy::stores::StoreSpec;
use crate::route::table::Table;
use crate::route::{DeliveryMode, Elsewhere, Home, HostPattern, PathPattern, Route, Template};
use crate::store::Store;
use crate::ticket_cookie::CookieKey;

/// A route whose store is still a name.
#[derive(Clone, Debug)]
pub(super) struct RouteSpec {
    pub(super) hosts: Vec<HostPattern>,
    pub(super) path: PathPattern,
    pub(super) home: HomeSpec,
    fallback: Option<HomeSpec>,
    pub(super) index: Option<String>,
    access: AccessRules,
    disclosure: Disclosure,
    cors: Cors,
    cache: Option<CacheRule>,
    disposition: Option<DispositionType>,
    delivery: DeliveryMode,
    pub(super) cookie: Option<CookieSpec>,
}

/// A place for objects whose store is still a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HomeSpec {
    pub(super) store: String,
    pub(super) bucket: Template,
    pub(super) location: Template,
}

/// All routes by name, and the names by what they are for.
#[derive(Clone, Debug, Default)]
pub(super) struct RouteSpecs {
    pub(super) by_name: Named<RouteSpec>,
    pub(super) table: Table<String>,
}

/// Reads all routes; no two may be for the same paths of the same host.
pub(super) fn read_all(
    node: &Node<'_>,
    stores: &Named<StoreSpec>,
    keys: &Named<KeySpec>,
) -> Result<RouteSpecs, PolicyError> {
    let mut routes = RouteSpecs::default();
    for (name, node) in node.entries()? {
        let spec = RouteSpec::read(&node, stores, keys)?;
        for host in &spec.hosts {
            if let Err(other) = routes.table.add(host, &spec.path, name.to_owned()) {
                return node.error(format!("has the same host and path as route `{other}`"));
            }
        }
        routes.by_name.insert(name.to_owned(), spec);
    }
    if routes.by_name.is_empty() {
        return node.error("must have at least one route");
    }
    Ok(routes)
}

impl RouteSpec {
    /// Who may do what there.
    pub(super) fn access(&self) -> &AccessRules {
        &self.access
    }

    fn read(
        node: &Node<'_>,
        stores: &Named<StoreSpec>,
        keys: &Named<KeySpec>,
    ) -> Result<Self, PolicyError> {
        let fields = node.object(&[
            "host",
            "path",
            "store",
            "bucket",
            "bucket_owner",
            "location",
            "fallback",
            "index",
            "access",
            "hide",
            "cors",
            "cache",
            "disposition",
            "deliver",
            "cookie",
        ])?;
        let path_node = fields.required("path")?;
        let path = PathPattern::parse(path_node.string()?).or_else(|why| path_node.error(why))?;
        let hosts = match fields.optional("host") {
            Some(node) => read_hosts(&node)?,
            None => vec![HostPattern::Any],
        };
        let home = HomeSpec::read(&fields, stores)?;
        let fallback = match fields.optional("fallback") {
            Some(node) => Some(read_fallback(&node, stores, &home)?),
            None => None,
        };
        home.check_names(&fields, &path, &hosts)?;
        if let Some(name) = path.names().find(|name| !home.has_placeholder(name)) {
            return path_node.error(format!(
                "has a placeholder `{{{name}}}` that neither `bucket` nor `location` holds: paths \
                 that differ in it would be one object"
            ));
        }
        if let (Some(node), Some(fallback)) = (fields.optional("fallback"), &fallback) {
            fallback.check_names(&node.fields()?, &path, &hosts)?;
            if let Some(name) = path.names().find(|name| !fallback.has_placeholder(name)) {
                return node.error(format!(
                    "has a placeholder `{{{name}}}` of `path` in neither `bucket` nor `location`: \
                     paths that differ in it would be one object"
                ));
            }
        }
        if let Some(node) = fields.optional("access") {
            check_patterns(&node, &home.location)?;
        }
        let delivery = match fields.optional("deliver") {
            Some(node) => {
                let has_url = stores.get(&home.store).is_some_and(StoreSpec::has_url);
                read_delivery(&node, has_url, fallback.is_some())?
            }
            None => DeliveryMode::Stream,
        };
        let access = read_access(fields.optional("access"), fields.optional("bucket_owner"))?;
        Ok(Self {
            hosts,
            path,
            home,
            fallback,
            index: fields.optional("index").map(|node| read_index(&node)).transpose()?,
            access,
            disclosure: match fields.optional("hide") {
                Some(node) => node.one_of(&[
                    ("not-found", Disclosure::NotFound),
                    ("forbidden", Disclosure::Forbidden),
                ])?,
                None => Disclosure::Full,
            },
            cors: read_cors(fields.optional("cors"))?,
            cache: fields.optional("cache").map(|node| read_cache(&node)).transpose()?,
            disposition: match fields.optional("disposition") {
                Some(node) => Some(node.one_of(&[
                    ("inline", DispositionType::Inline),
                    ("attachment", DispositionType::Attachment),
                ])?),
                None => None,
            },
            delivery,
            cookie: match fields.optional("cookie") {
                Some(node) => Some(CookieSpec::read(&node, delivery, keys)?),
                None => None,
            },
        })
    }

    /// What stands in its place where it is not served.
    pub(super) fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            hosts: self.hosts.clone(),
            path: self.path.clone(),
            disclosure: self.disclosure,
            cors: self.cors.clone(),
        }
    }

    /// As a function serves it: it asks no store, so a fallback is never needed, and it sends
    /// readers to the store, where a cookie of its own would not come along.
    pub(super) fn of_function(self) -> Self {
        Self { fallback: None, cookie: None, ..self }
    }

    /// Its own place, and then the fallback's.
    pub(super) fn homes(&self) -> impl Iterator<Item = &HomeSpec> {
        [&self.home].into_iter().chain(&self.fallback)
    }

    /// The stores that it needs.
    pub(super) fn stores(&self) -> impl Iterator<Item = &str> {
        self.homes().map(|home| home.store.as_str())
    }

    /// The route with its stores; none when `stores` has not all of them.
    pub(super) fn resolve(
        self,
        name: &str,
        stores: &Named<Store>,
        cookie: Option<CookieKey>,
    ) -> Option<Route> {
        let home = self.home.resolve(stores)?;
        let fallback = match self.fallback {
            Some(home) => Some(home.resolve(stores)?),
            None => None,
        };
        Some(Route {
            name: name.to_owned(),
            hosts: self.hosts,
            path: self.path,
            home,
            fallback,
            index: self.index,
            access: self.access,
            disclosure: self.disclosure,
            cors: self.cors,
            cache: self.cache,
            disposition: self.disposition,
            delivery: self.delivery,
            cookie: cookie.map(Arc::new),
        })
    }
}

impl HomeSpec {
    fn read(fields: &Fields<'_>, stores: &Named<StoreSpec>) -> Result<Self, PolicyError> {
        let store = fields.required("store")?;
        let spec = find_store(&store, stores)?;
        Ok(Self {
            store: store.string()?.to_owned(),
            bucket: read_bucket(&fields.required("bucket")?, spec)?,
            location: match fields.optional("location") {
                Some(node) => read_location(&node)?,
                None => Template::default(),
            },
        })
    }

    fn has_placeholder(&self, name: &str) -> bool {
        self.bucket.names().chain(self.location.names()).any(|other| other == name)
    }

    fn check_names(
        &self,
        fields: &Fields<'_>,
        path: &PathPattern,
        hosts: &[HostPattern],
    ) -> Result<(), PolicyError> {
        for (field, template) in [("bucket", &self.bucket), ("location", &self.location)] {
            check_names(fields, field, template, path, hosts)?;
        }
        Ok(())
    }

    fn resolve(self, stores: &Named<Store>) -> Option<Home> {
        let store = stores.get(&self.store)?.clone();
        Some(Home { store, bucket: self.bucket, location: self.location })
    }
}

fn read_fallback(
    node: &Node<'_>,
    stores: &Named<StoreSpec>,
    home: &HomeSpec,
) -> Result<HomeSpec, PolicyError> {
    let fallback = HomeSpec::read(&node.object(&["store", "bucket", "location"])?, stores)?;
    if fallback == *home {
        return node.error("must be another place than the route's own");
    }
    Ok(fallback)
}

fn find_store<'s>(
    node: &Node<'_>,
    stores: &'s Named<StoreSpec>,
) -> Result<&'s StoreSpec, PolicyError> {
    let Some(spec) = stores.get(node.string()?) else {
        let names = quoted_list(&mut stores.names());
        return node.error(format!("must be the name of a store: {names}"));
    };
    Ok(spec)
}

fn read_hosts(node: &Node<'_>) -> Result<Vec<HostPattern>, PolicyError> {
    let nodes = if node.is_string() { vec![*node] } else { node.list()? };
    let mut hosts = Vec::new();
    for node in nodes {
        let Some(host) = HostPattern::parse(node.string()?) else {
            return node.error(
                "must be a host in lower case, such as `media.example.com`, or the hosts one label \
                 below it, `*.media.example.com`",
            );
        };
        if hosts.contains(&host) {
            return node.error(format!("names `{host}` twice"));
        }
        hosts.push(host);
    }
    if hosts.is_empty() {
        return node.error("must name at least one host; without `host` the route is for any");
    }
    Ok(hosts)
}

fn read_bucket(node: &Node<'_>, store: &StoreSpec) -> Result<Template, PolicyError> {
    let bucket = Template::parse(node.string()?).or_else(|why| node.error(why))?;
    // What stands for a placeholder is seen when a request comes; the rest can be seen now.
    if let Err(why) = store.bucket(&bucket.sample("abc")) {
        return node.error(why.to_string());
    }
    // A Worker is bound to other things than buckets, too.
    if matches!(store, StoreSpec::R2(_)) && bucket.names().next().is_some() {
        return node.error("must be the name of one binding, without placeholders");
    }
    Ok(bucket)
}

fn read_location(node: &Node<'_>) -> Result<Template, PolicyError> {
    let text = node.string()?;
    let location = Template::parse(text).or_else(|why| node.error(why))?;
    if text.starts_with('/') || text.contains("//") || !text.ends_with('/') {
        return node.error("must end with `/`, as in `site/`, and not begin with `/` or hold `//`");
    }
    if let Err(why) = ObjectKey::new(location.sample("x")) {
        return node.error(format!("must be what keys can begin with: {why}"));
    }
    Ok(location)
}

/// What a template asks for must be there in every request.
fn check_names(
    fields: &Fields<'_>,
    field: &str,
    template: &Template,
    path: &PathPattern,
    hosts: &[HostPattern],
) -> Result<(), PolicyError> {
    let Some(node) = fields.optional(field) else { return Ok(()) };
    for name in template.names() {
        let by_star = name == "host";
        let stars = hosts.iter().all(|host| matches!(host, HostPattern::Below(_)));
        if by_star && !stars {
            return node.error(
                "has `{host}`, so every `host` of the route must begin with a star, as in \
                 `*.media.example.com`",
            );
        }
        if !by_star && !path.names().any(|other| other == name) {
            return node.error(format!("has a placeholder `{{{name}}}` that `path` does not have"));
        }
    }
    Ok(())
}

/// Patterns are of whole keys. One that no key of the route can fit was meant for what follows
/// the location, and would leave those objects private without a word.
fn check_patterns(node: &Node<'_>, location: &Template) -> Result<(), PolicyError> {
    let location = location.to_string();
    for node in node.list()? {
        let Some(keys) = node.fields()?.optional("keys") else { continue };
        if !may_fit_below(keys.string()?, &location) {
            return keys.error(format!(
                "fits no key of the route: they begin with its location, `{location}`"
            ));
        }
    }
    Ok(())
}

fn may_fit_below(pattern: &str, location: &str) -> bool {
    let mut segments = pattern.split('/');
    for folder in location.split_terminator('/') {
        match segments.next() {
            Some("*") => return true,
            Some(segment) if segment == folder => {}
            Some(segment) if segment.contains('{') || folder.contains('{') => {}
            _ => return false,
        }
    }
    // The pattern goes on below the location, as keys do.
    segments.next().is_some()
}

fn read_delivery(
    node: &Node<'_>,
    has_url: bool,
    has_fallback: bool,
) -> Result<DeliveryMode, PolicyError> {
    let choices = [("stream", DeliveryMode::Stream), ("redirect", DeliveryMode::Redirect)];
    match node.one_of(&choices)? {
        DeliveryMode::Redirect if !has_url => node.error(
            "must be `stream` where the store is a binding: it has no URL to send a viewer to",
        ),
        DeliveryMode::Redirect if has_fallback => node.error(
            "must be `stream` where there is a `fallback`: a viewer who was sent to one store \
             cannot be sent to the other",
        ),
        delivery => Ok(delivery),
    }
}

fn read_index(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = node.string()?;
    if text.contains('/') || ObjectKey::new(text).is_err() {
        return node.error("must be the name of a file, such as `index.html`");
    }
    Ok(text.to_owned())
}
