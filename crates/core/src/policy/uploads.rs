//! `uploads`: who may store what, where.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cors::Cors;
use crate::endpoint::Endpoint;
use crate::key::Principal;
use crate::object::Bucket;
use crate::policy::cors::read_origins_alone;
use crate::policy::keys::{KeySpec, Sigv4Spec};
use crate::policy::reader::{Node, PolicyError, quoted_list};
use crate::policy::routes::{RouteSpec, RouteSpecs};
use crate::policy::stores::StoreSpec;
use crate::policy::{Secrets, resolve_signing_secret};
use crate::sigv4::{Credentials, ExpiresIn, MAX_EXPIRES_IN};
use crate::store::S3Store;
use crate::upload::content_type::ContentTypes;
use crate::upload::key_template::KeyTemplate;
use crate::upload::rule::{Destination, MAX_PUT_SIZE, ReadTicket, UploadRule};

/// Temporary credentials live an hour at least.
const MAX_TEMPORARY: Duration = Duration::from_secs(3600);

/// An upload rule whose secrets are still names.
#[derive(Clone, Debug)]
pub(super) struct UploadSpec {
    pub(super) route: String,
    pub(super) store: String,
    bucket: Bucket,
    prefix: String,
    location: String,
    key: KeyTemplate,
    content_types: ContentTypes,
    min_size: u64,
    max_size: u64,
    expires_in: ExpiresIn,
    read_url: Endpoint,
    read_key: Sigv4Spec,
    read_expires_in: ExpiresIn,
    seal_secret: String,
    cors: Cors,
}

impl UploadSpec {
    pub(super) fn read(
        node: &Node<'_>,
        stores: &BTreeMap<String, StoreSpec>,
        routes: &RouteSpecs,
        keys: &BTreeMap<String, KeySpec>,
    ) -> Result<Self, PolicyError> {
        let fields = node.object(&[
            "route",
            "key",
            "content_types",
            "size",
            "expires_in",
            "read",
            "seal_secret",
            "cors",
        ])?;
        let route = fields.required("route")?;
        let Some(route_spec) = routes.by_name.get(route.string()?) else {
            let names = quoted_list(routes.by_name.keys().map(String::as_str));
            return route.error(format!("must be the name of a route: {names}"));
        };
        let (bucket, location) = read_place(&route, route_spec)?;
        let key = fields.required("key")?;
        let template = KeyTemplate::parse(key.string()?).or_else(|why| key.error(why))?;
        let (min_size, max_size) = read_size(&fields.required("size")?)?;
        let read = fields.required("read")?;
        let read = read.object(&["url", "key", "expires_in"])?;
        let url = read.required("url")?;
        let read_url = Endpoint::parse(url.string()?).or_else(|why| url.error(why))?;
        if !route_spec.hosts.iter().any(|host| host.fits(read_url.host())) {
            let hosts: Vec<_> = route_spec.hosts.iter().map(ToString::to_string).collect();
            let hosts = quoted_list(hosts.iter().map(String::as_str));
            return url.error(format!("must be at {hosts}, the host that the rule's route is for"));
        }
        let sample = template.sample();
        let path = format!("{}{sample}", route_spec.path);
        let reader = routes.table.find(read_url.host(), &path).map(|found| found.item.as_str());
        if let Some(other) = reader.filter(|name| Ok(*name) != route.string()) {
            return key.error(format!(
                "is below the path of route `{other}`, so the rule's own route would not read what \
                 was uploaded"
            ));
        }
        if route_spec.index.is_some() && sample.ends_with('/') {
            return key.error("must not end in `/`, where the route's `index` would be read");
        }
        let template = template.below(&location).or_else(|why| key.error(why))?;
        let read_key = read.required("key")?;
        let Some(spec) = keys.get(read_key.string()?) else {
            let names = quoted_list(keys.keys().map(String::as_str));
            return read_key.error(format!("must be the id of a key: {names}"));
        };
        let KeySpec::Sigv4(spec) = spec else {
            return read_key.error("must be the id of a key of dialect `sigv4`");
        };
        if spec.principal != Principal::EveryOwner {
            return read_key.error(
                "must be the id of a key whose principal is `every-owner`, or its links could not \
                 open what was uploaded",
            );
        }
        let expires = fields.optional("expires_in");
        let expires_in = read_expires_in(expires.clone(), 300)?;
        let Some(StoreSpec::S3(store)) = stores.get(&route_spec.home.store) else {
            return route.error("must be a route to a store of kind `s3`, which takes signed PUTs");
        };
        let temporary = store.may_be_temporary();
        if let Some(expires) = expires
            && temporary
            && expires_in.duration() > MAX_TEMPORARY
        {
            return expires.error(format!(
                "must be at most {} seconds where the store's credentials have a `session_token`: \
                 a URL dies with the credentials that signed it",
                MAX_TEMPORARY.as_secs()
            ));
        }
        Ok(Self {
            route: route.string()?.to_owned(),
            store: route_spec.home.store.clone(),
            bucket,
            prefix: route_spec.path.to_string(),
            location,
            key: template,
            content_types: read_content_types(&fields.required("content_types")?)?,
            min_size,
            max_size,
            expires_in,
            read_url,
            read_key: spec.clone(),
            read_expires_in: read_expires_in(read.optional("expires_in"), 3600)?,
            seal_secret: fields.required("seal_secret")?.secret_name()?,
            cors: read_origins_alone(fields.optional("cors"))?,
        })
    }

    pub(super) fn resolve(
        &self,
        name: &str,
        store: Arc<S3Store>,
        secrets: &Secrets<'_>,
    ) -> Result<UploadRule, PolicyError> {
        let place = |field: &str| format!("uploads.{name}.{field}");
        let read_key = self.read_key.resolve(secrets)?;
        Ok(UploadRule {
            name: name.to_owned(),
            destination: Destination {
                store,
                bucket: self.bucket.clone(),
                location: self.location.clone(),
                prefix: self.prefix.clone(),
            },
            key: self.key.clone(),
            content_types: self.content_types.clone(),
            size: self.min_size..=self.max_size,
            expires_in: self.expires_in,
            read: ReadTicket {
                url: self.read_url.clone(),
                credentials: Credentials {
                    access_key_id: read_key.id,
                    secret_access_key: read_key.secret_access_key,
                    session_token: read_key.session_token,
                },
                region: read_key
                    .regions
                    .into_iter()
                    .next()
                    .unwrap_or_else(|| "us-east-1".to_owned()),
                expires_in: self.read_expires_in,
            },
            seal_secret: resolve_signing_secret(secrets, &self.seal_secret, place("seal_secret"))?,
            cors: self.cors.clone(),
        })
    }

    pub(super) fn secret_name(&self, name: &str) -> (String, String) {
        (self.seal_secret.clone(), format!("uploads.{name}.seal_secret"))
    }
}

/// The bucket and the location of a rule's route. One with placeholders has many.
fn read_place(node: &Node<'_>, route: &RouteSpec) -> Result<(Bucket, String), PolicyError> {
    let home = &route.home;
    let names = home.bucket.names().chain(home.location.names());
    let bucket = Bucket::new(&home.bucket.to_string());
    match (bucket, names.count()) {
        (Ok(bucket), 0) => Ok((bucket, home.location.to_string())),
        _ => node.error(
            "must be a route without placeholders, so that bucket and key are known when an \
             upload is signed",
        ),
    }
}

fn read_size(node: &Node<'_>) -> Result<(u64, u64), PolicyError> {
    let fields = node.object(&["min", "max"])?;
    let range = 0..=MAX_PUT_SIZE;
    let max = fields.required("max")?.number_in(range.clone(), "bytes")?;
    let min = match fields.optional("min") {
        Some(node) => node.number_in(range, "bytes")?,
        None => 0,
    };
    if min > max {
        return node.error(format!("has a `min` of {min} above its `max` of {max}"));
    }
    Ok((min, max))
}

fn read_content_types(node: &Node<'_>) -> Result<ContentTypes, PolicyError> {
    let mut types = ContentTypes::default();
    for node in node.list()? {
        types.add(node.string()?).or_else(|why| node.error(why))?;
    }
    if types.is_empty() {
        return node.error("must name at least one type; `*/*` allows all");
    }
    Ok(types)
}

fn read_expires_in(node: Option<Node<'_>>, default: u64) -> Result<ExpiresIn, PolicyError> {
    let max = MAX_EXPIRES_IN.as_secs();
    let secs = match &node {
        Some(node) => node.number_in(1..=max, "seconds")?,
        None => default,
    };
    ExpiresIn::from_secs(secs).ok_or_else(|| PolicyError {
        place: node.map(|node| node.place().to_owned()).unwrap_or_default(),
        problem: format!("must be a whole number of seconds from 1 to {max}"),
    })
}
