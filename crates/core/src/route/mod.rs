//! From the path of a proven request to an object.
//!
//! ```text
//! host      *.media.example.com          acme.media.example.com
//! path      /v1/{account}/               /v1/shop/2026/été.jpg
//! bucket    {host}-media                 acme-media
//! location  {account}/                   shop/2026/été.jpg
//! ```
//!
//! A route maps a path prefix, perhaps of some hosts only, to a bucket of a store. The key is
//! the route's location and what follows the prefix, byte for byte. Where several routes fit, a
//! named host beats a star and a star beats any; then a literal segment beats a placeholder,
//! from the left, and a longer prefix beats a shorter one.

mod account;
mod bucket;
mod error;
mod folder;
mod host;
mod path;
pub(crate) mod table;
mod template;
mod view;

use std::sync::Arc;

use crate::acl::rules::{AccessRules, Rule};
use crate::cache::CacheRule;
use crate::cors::Cors;
use crate::disclosure::Disclosure;
use crate::disposition::DispositionType;
use crate::encoding::decode;
use crate::grant::{Dialect, Grant};
use crate::object::{Bucket, KeyError, ObjectKey, decode_path};
use crate::request::Request;
use crate::store::Store;
use crate::ticket_cookie::CookieKey;

pub(crate) use self::host::canonical as canonical_host;

pub use self::bucket::{LocatedBucket, RouteBucket};
pub use self::error::LocateError;
pub use self::folder::{Extent, Folder};
pub use self::host::HostPattern;
pub use self::path::PathPattern;
pub use self::template::Template;

pub use self::view::View;

use self::bucket::asks_for_list;
use self::table::{Found, Table};
use self::template::Bindings;

/// One way from paths to objects.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name in the policy.
    pub name: String,
    /// The hosts it is for.
    pub hosts: Vec<HostPattern>,
    /// The path prefix.
    pub path: PathPattern,
    /// Where the objects are.
    pub home: Home,
    /// Where they are looked for when they are not there, or when that store does not answer.
    pub fallback: Option<Home>,
    /// The document that stands for a folder, and for the prefix itself; none when absent.
    pub index: Option<String>,
    /// Who may read which of them, by whole keys.
    pub access: AccessRules,
    /// What those learn who may not.
    pub disclosure: Disclosure,
    /// Which other origins' pages may read the answers.
    pub cors: Cors,
    /// How copies are kept near the viewers; not at all when absent.
    pub cache: Option<CacheRule>,
    /// How browsers are to take the files; as stored when absent.
    pub disposition: Option<DispositionType>,
    /// How the edge hands out the objects.
    pub delivery: DeliveryMode,
    /// What seals the cookies that tickets are exchanged for; they are not when absent.
    pub cookie: Option<Arc<CookieKey>>,
}

/// How the edge hands out objects. A function cannot stream, so it always redirects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeliveryMode {
    /// It fetches them and passes the bytes on.
    #[default]
    Stream,
    /// It sends the viewer to a signed URL of the store.
    Redirect,
}

/// A place for objects.
#[derive(Clone, Debug)]
pub struct Home {
    /// The store.
    pub store: Store,
    /// The bucket they are in.
    pub bucket: Template,
    /// What their keys begin with: empty, or a prefix that ends with `/`.
    pub location: Template,
}

/// All routes. A clone is the same ones again.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    table: Arc<Table<Entry>>,
    ticket_cookies: Vec<Arc<CookieKey>>,
}

#[derive(Clone, Debug)]
enum Entry {
    Served(Arc<Route>),
    Elsewhere(Arc<Elsewhere>),
}

/// A route that is served elsewhere, by whoever has the secrets of its store. It keeps its place:
/// what it is for must not fall to a route around it, which may be open to more people.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The hosts that it is for.
    pub hosts: Vec<HostPattern>,
    /// The paths that it is for.
    pub path: PathPattern,
    /// What those learn who may not.
    pub disclosure: Disclosure,
    /// Which other origins' pages may read the answers.
    pub cors: Cors,
}

/// How a no is told to whom.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'p> {
    /// What those learn who may not.
    pub disclosure: Disclosure,
    /// Which other origins' pages may read the answers.
    pub cors: &'p Cors,
}

/// Where a path leads, whoever asks.
#[derive(Clone, Debug)]
pub struct Place<'p> {
    /// The route.
    pub route: &'p Route,
    /// The object.
    pub source: Source,
    /// The object again, where it is looked for if it is not there.
    pub fallback: Option<Source>,
    /// What follows the route's prefix in the decoded path.
    pub rest: String,
    /// The rule that decides about the object.
    pub rule: Rule<'p>,
}

/// An object of a store.
#[derive(Clone, Debug)]
pub struct Source {
    /// The store.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// The key of the object, location and all.
    pub key: ObjectKey,
}

impl Source {
    /// The headers of the store's answer as the object has them.
    pub(crate) fn stored_headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let stored = |(name, value): &(String, String)| {
            Some((name.clone(), self.store.stored_header(name, value, &self.key)?))
        };
        headers.iter().filter_map(stored).collect()
    }
}

impl Routes {
    /// Adds a route. False when there is one for the same paths of one of its hosts.
    #[must_use]
    pub fn add(&mut self, route: Route) -> bool {
        let (route, table) = (Arc::new(route), Arc::make_mut(&mut self.table));
        self.ticket_cookies.extend(route.cookie.clone());
        let entry = || Entry::Served(Arc::clone(&route));
        route.hosts.iter().all(|host| table.add(host, &route.path, entry()).is_ok())
    }

    /// Keeps the place of a route that is not served here. False as with [`Routes::add`].
    #[must_use]
    pub fn add_elsewhere(&mut self, route: Elsewhere) -> bool {
        let (route, table) = (Arc::new(route), Arc::make_mut(&mut self.table));
        let entry = || Entry::Elsewhere(Arc::clone(&route));
        route.hosts.iter().all(|host| table.add(host, &route.path, entry()).is_ok())
    }

    /// What seals the cookies that tickets are exchanged for.
    pub fn ticket_cookies(&self) -> &[Arc<CookieKey>] {
        &self.ticket_cookies
    }

    /// How a request is answered that gets no object, whoever sends it.
    pub fn manner(&self, request: &Request<'_>) -> Option<Manner<'_>> {
        // A path that cannot be decoded is refused, in the manner of the route that it is below.
        let path = decode(request.path()).unwrap_or_default();
        let path = String::from_utf8_lossy(&path);
        let found = self.table.find(request.host(), &path);
        // A bucket is asked for without the last slash of its path.
        let with_slash = format!("{path}/");
        let bucket = self.table.find(request.host(), &with_slash);
        let bucket = bucket.filter(|bucket| bucket.rest.is_empty());
        // Whoever has no credential yet is told of the bucket only where nothing else can be meant.
        let is_bucket = bucket.is_some() && (found.is_none() || asks_for_list(request.query()));
        let found = if is_bucket { bucket } else { found }?;
        Some(match found.item {
            Entry::Served(route) => Manner { disclosure: route.disclosure, cors: &route.cors },
            Entry::Elsewhere(route) => Manner { disclosure: route.disclosure, cors: &route.cors },
        })
    }

    /// Where a raw path of a host leads.
    ///
    /// # Errors
    /// [`LocateError`] when it leads to no object.
    pub fn place(&self, host: &str, path: &str) -> Result<Place<'_>, LocateError> {
        let path = decode_path(path).map_err(LocateError::Key)?;
        self.place_decoded(host, &path)
    }

    fn place_decoded(&self, host: &str, path: &str) -> Result<Place<'_>, LocateError> {
        let found = self.table.find(host, path).ok_or(LocateError::NoRoute)?;
        match found.item {
            Entry::Served(route) => route.place(&found),
            Entry::Elsewhere(_) => Err(LocateError::NoRoute),
        }
    }

    /// Finds the object that a proven request asks for.
    ///
    /// # Errors
    /// [`LocateError`] when there is no way to one.
    pub fn locate<'p, 'r>(&'p self, grant: Grant<'r>) -> Result<Located<'p, 'r>, LocateError> {
        let request = grant.request();
        let place = self.place(request.host(), request.path())?;
        if grant.route().is_some_and(|route| route != place.route.name) {
            return Err(LocateError::OtherRoute);
        }
        if place.route.is_by_host() && signs_path_alone(grant.dialect()) {
            return Err(LocateError::UnsignedHost);
        }
        let view = View::parse(&grant)?;
        if view.version.is_some() && !place.source.store.has_versions() {
            return Err(LocateError::SubResource("versionId".to_owned()));
        }
        Ok(Located { grant, place, view })
    }
}

impl Route {
    fn place<'p>(&'p self, found: &Found<'_, '_, Entry>) -> Result<Place<'p>, LocateError> {
        let bindings = self.bindings(found);
        let source = |home: &Home| {
            let (bucket, location) = home.fill(&bindings)?;
            let key = self.key(&location, found.rest).map_err(LocateError::Key)?;
            Ok(Source { store: home.store.clone(), bucket, key })
        };
        let main = source(&self.home)?;
        Ok(Place {
            route: self,
            rule: self.access.find(main.key.as_str()),
            source: main,
            rest: found.rest.to_owned(),
            // What the fallback cannot have a name for, it does not have.
            fallback: self.fallback.as_ref().and_then(|home| source(home).ok()),
        })
    }

    fn bindings<'b>(&'b self, found: &'b Found<'_, '_, Entry>) -> Bindings<'b> {
        let mut bindings = Bindings::default();
        for (name, value) in self.path.names().zip(&found.values) {
            bindings.bind(name, value);
        }
        if let Some(label) = &found.label {
            bindings.bind("host", label);
        }
        bindings
    }

    fn key(&self, location: &str, rest: &str) -> Result<ObjectKey, KeyError> {
        let is_folder = rest.is_empty() || rest.ends_with('/');
        let document = self.index.as_deref().filter(|_| is_folder).unwrap_or_default();
        // A location alone would be a key, too.
        if rest.is_empty() && document.is_empty() {
            return Err(KeyError::Empty);
        }
        ObjectKey::new(format!("{location}{rest}{document}"))
    }

    /// Whether hosts that share the route have different objects.
    fn is_by_host(&self) -> bool {
        let homes = [&self.home].into_iter().chain(&self.fallback);
        let mut names = homes.flat_map(|home| home.bucket.names().chain(home.location.names()));
        names.any(|name| name == "host")
    }
}

impl Home {
    /// The bucket, and what keys begin with.
    fn fill(&self, bindings: &Bindings<'_>) -> Result<(Bucket, String), LocateError> {
        // INVARIANT: the policy binds every name. Where one is not bound, nothing is found.
        let fill = |template: &Template| template.fill(bindings).ok_or(LocateError::NoRoute);
        let (name, location) = (fill(&self.bucket)?, fill(&self.location)?);
        let bucket = self.store.bucket(&name);
        Ok((bucket.map_err(|why| LocateError::Bucket { name, why })?, location))
    }
}

/// Whether a credential is for some paths, whichever host they are asked of.
fn signs_path_alone(dialect: Dialect) -> bool {
    match dialect {
        Dialect::TempUrl
        | Dialect::EdgeAuthQuery
        | Dialect::EdgeAuthHeader
        | Dialect::EdgeAuthCookie => true,
        // These sign the host, or say who asks and not for what.
        Dialect::Sigv4Query
        | Dialect::Sigv4Header
        | Dialect::CloudFrontUrl
        | Dialect::CloudFrontCookie
        | Dialect::JwtBearer
        | Dialect::JwtCookie
        | Dialect::JwtPath
        | Dialect::JwtAuthToken
        | Dialect::SwiftToken
        | Dialect::TicketCookie
        | Dialect::Anonymous => false,
    }
}

/// A proven request with the object it asks for: made by [`Routes::locate`] alone.
#[derive(Clone, Debug)]
pub struct Located<'p, 'r> {
    grant: Grant<'r>,
    place: Place<'p>,
    view: View,
}

impl<'p, 'r> Located<'p, 'r> {
    /// The proven authority of the request.
    pub fn grant(&self) -> &Grant<'r> {
        &self.grant
    }

    /// Where the path leads.
    pub fn place(&self) -> &Place<'p> {
        &self.place
    }

    /// The route that led here.
    pub fn route(&self) -> &'p Route {
        self.place.route
    }

    /// The object.
    pub fn source(&self) -> &Source {
        &self.place.source
    }

    /// What is asked besides: the version, and other headers than those stored.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The rule that decides about the object.
    pub fn rule(&self) -> &Rule<'p> {
        &self.place.rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::permission::Owner;
    use crate::endpoint::Endpoint;
    use crate::grant::{Proof, Reach};
    use crate::key::Principal;
    use crate::sigv4::Credentials;
    use crate::sigv4::signing_key::SecretAccessKey;
    use crate::store::{Addressing, DEFAULT_TIMEOUT, S3Store};

    fn routes(bucket: &str) -> Routes {
        let store = S3Store {
            name: "main".to_owned(),
            endpoint: Endpoint::parse("https://s3.example").unwrap(),
            region: "us-east-1".to_owned(),
            addressing: Addressing::Path,
            credentials: Credentials {
                access_key_id: "id".to_owned(),
                secret_access_key: SecretAccessKey::new("secret"),
                session_token: None,
            },
            timeout: DEFAULT_TIMEOUT,
        };
        let home = Home {
            store: Store::S3(Arc::new(store)),
            bucket: Template::parse(bucket).unwrap(),
            location: Template::default(),
        };
        let mut routes = Routes::default();
        let added = routes.add(Route {
            name: "media".to_owned(),
            hosts: vec![HostPattern::parse("*.media.example").unwrap()],
            path: PathPattern::parse("/").unwrap(),
            home,
            fallback: None,
            index: None,
            access: AccessRules::new(Owner::App),
            disclosure: Disclosure::Full,
            cors: Cors::default(),
            cache: None,
            disposition: None,
            delivery: DeliveryMode::Stream,
            cookie: None,
        });
        assert!(added);
        routes
    }

    #[test]
    fn a_credential_for_a_path_alone_opens_no_tenant_of_its_choice() {
        let request = Request::parse("GET", "/a.jpg", [("host", "acme.media.example")]).unwrap();
        let located = |bucket: &str, dialect| {
            let proof = Proof {
                dialect,
                key_id: None,
                ticket: None,
                principal: Principal::EveryOwner,
                expires_at: None,
                covers_query: true,
                bound_to_address: false,
                reach: Reach::Request,
                route: None,
                disposition: None,
            };
            let located = routes(bucket).locate(Grant::verified(&request, proof)).map(|_| ());
            located.map_err(|error| error == LocateError::UnsignedHost)
        };
        for (dialect, signs_host) in [
            (Dialect::TempUrl, false),
            (Dialect::EdgeAuthQuery, false),
            (Dialect::EdgeAuthHeader, false),
            (Dialect::EdgeAuthCookie, false),
            (Dialect::Sigv4Query, true),
            (Dialect::Sigv4Header, true),
            (Dialect::CloudFrontUrl, true),
            (Dialect::CloudFrontCookie, true),
            (Dialect::JwtBearer, true),
            (Dialect::JwtCookie, true),
            (Dialect::JwtPath, true),
            (Dialect::JwtAuthToken, true),
            (Dialect::SwiftToken, true),
            (Dialect::TicketCookie, true),
        ] {
            let expected = if signs_host { Ok(()) } else { Err(true) };
            assert_eq!(located("media-{host}", dialect), expected, "{dialect}");
            assert_eq!(located("media", dialect), Ok(()), "{dialect}");
        }
    }

    #[test]
    fn a_placeholder_that_nothing_binds_finds_nothing() {
        let routes = routes("media-{tenant}");
        let found = routes.place("acme.media.example", "/a.jpg");
        assert_eq!(found.map(|_| ()), Err(LocateError::NoRoute));
    }
}
