//! `routes`: from paths to objects, and who may read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::acl::rules::AccessRules;
use crate::cors::Cors;
use crate::endpoint::Endpoint;
use crate::object::Bucket;
use crate::policy::access::read_access;
use crate::policy::reader::{Node, PolicyError, quoted_list};
use crate::policy::stores::StoreSpec;
use crate::route::Route;
use crate::store::Store;

/// A route whose store is still a name.
#[derive(Clone, Debug)]
pub(super) struct RouteSpec {
    pub(super) host: Option<String>,
    pub(super) path: String,
    pub(super) store: String,
    pub(super) bucket: Bucket,
    pub(super) access: AccessRules,
    pub(super) cors: Cors,
}

/// Reads all routes; no two may be for the same host and path.
pub(super) fn read_all(
    node: &Node<'_>,
    stores: &BTreeMap<String, StoreSpec>,
) -> Result<BTreeMap<String, RouteSpec>, PolicyError> {
    let mut routes = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for (name, node) in node.entries()? {
        let spec = RouteSpec::read(&node, stores)?;
        if let Some(other) = seen.insert((spec.host.clone(), spec.path.clone()), name) {
            return node.error(format!("has the same host and path as route `{other}`"));
        }
        routes.insert(name.to_owned(), spec);
    }
    if routes.is_empty() {
        return node.error("must have at least one route");
    }
    Ok(routes)
}

impl RouteSpec {
    fn read(node: &Node<'_>, stores: &BTreeMap<String, StoreSpec>) -> Result<Self, PolicyError> {
        let fields =
            node.object(&["host", "path", "store", "bucket", "bucket_owner", "access", "cors"])?;
        let store = fields.required("store")?;
        let Some(spec) = stores.get(store.string()?) else {
            let names = quoted_list(stores.keys().map(String::as_str));
            return store.error(format!("must be the name of a store: {names}"));
        };
        let bucket_node = fields.required("bucket")?;
        let Some(bucket) = Bucket::new(bucket_node.string()?) else {
            return bucket_node.error(
                "must be a bucket's name: 3 to 63 of `a`-`z`, `0`-`9`, `.` and `-`, beginning and \
                 ending with a letter or digit",
            );
        };
        if spec.is_virtual_hosted() && bucket.as_str().contains('.') {
            return bucket_node.error(
                "has a dot, which virtual-hosted addressing cannot carry over HTTPS; set \
                 `addressing` of the store to `path`",
            );
        }
        Ok(Self {
            host: fields.optional("host").map(|node| read_host(&node)).transpose()?,
            path: read_path(&fields.required("path")?)?,
            store: store.string()?.to_owned(),
            bucket,
            access: read_access(fields.optional("access"), fields.optional("bucket_owner"))?,
            cors: read_cors(fields.optional("cors"))?,
        })
    }

    pub(super) fn resolve(&self, name: &str, store: Arc<Store>) -> Route {
        Route {
            name: name.to_owned(),
            host: self.host.clone(),
            prefix: self.path.clone(),
            store,
            bucket: self.bucket.clone(),
            access: self.access.clone(),
            cors: self.cors.clone(),
        }
    }
}

fn read_host(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = node.string()?;
    match Endpoint::parse(&format!("https://{text}")) {
        Ok(endpoint) if endpoint.host() == text => Ok(text.to_owned()),
        _ => node.error("must be a host in lower case, such as `media.example.com`"),
    }
}

fn read_path(node: &Node<'_>) -> Result<String, PolicyError> {
    let path = node.string()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.' | b'_' | b'~');
    let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if !path.starts_with('/') || !path.ends_with('/') {
        return node.error(format!("must begin and end with `/`, as in `/media/`; found `{path}`"));
    }
    if dots || path.contains("//") || !path.bytes().all(plain) {
        return node.error(
            "must be made of letters, digits, `-`, `.`, `_`, `~` and single `/`, so that it \
             needs no escapes",
        );
    }
    Ok(path.to_owned())
}

/// Reads `cors`, which no one needs to give.
pub(super) fn read_cors(node: Option<Node<'_>>) -> Result<Cors, PolicyError> {
    let Some(node) = node else { return Ok(Cors::default()) };
    let origins = node.object(&["allow_origins"])?.required("allow_origins")?;
    let mut allow_origins = Vec::new();
    for node in origins.list()? {
        let origin = node.string()?;
        let exact = Endpoint::parse(origin).is_ok_and(|endpoint| endpoint.to_string() == origin);
        if origin != "*" && !exact {
            return node.error(
                "must be an origin as browsers send it, such as `https://app.example` (no path, \
                 no slash at the end, no default port), or `*`",
            );
        }
        allow_origins.push(origin.to_owned());
    }
    Ok(Cors { allow_origins })
}
