//! `uploads`: who may store what, where.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::acl::permission::Permission;
use crate::cors::Cors;
use crate::endpoint::Endpoint;
use crate::key::Principal;
use crate::named::Named;
use crate::object::Bucket;
use crate::policy::cors::read_origins_alone;
use crate::policy::keys::{KeySpec, Sigv4Spec};
use crate::policy::notify::NotifySpec;
use crate::policy::reader::{Node, PolicyError, quoted_list};
use crate::policy::routes::{RouteSpec, RouteSpecs};
use crate::policy::stored_as::{clauses as clauses_of, read_stored_as};
use crate::policy::stores::StoreSpec;
use crate::policy::wants::Wants;
use crate::policy::{Secrets, resolve_signing_secret};
use crate::sigv4::{Credentials, ExpiresIn, MAX_EXPIRES_IN};
use crate::store::{Store, SwiftAuth};
use crate::upload::checksum::ChecksumAlgorithm;
use crate::upload::content_type::ContentTypes;
use crate::upload::key_template::KeyTemplate;
use crate::upload::kind::{Clause, Kind, Taker};
use crate::upload::multipart::{DEFAULT_PART_SIZE, MAX_PART_SIZE, MIN_PART_SIZE};
use crate::upload::rule::{Destination, MAX_PUT_SIZE, ReadTicket, UploadRule};
use crate::upload::segments::Segments;
use crate::upload::stored_as::{Provenance, StoredAs};
use crate::upload::uploader::Uploaders;

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
    who: Uploaders,
    kinds: Vec<Kind>,
    key: KeyTemplate,
    content_types: ContentTypes,
    size: RangeInclusive<u64>,
    checksums: Vec<ChecksumAlgorithm>,
    create_only: bool,
    stored_as: StoredAs,
    unenforced: Vec<Clause>,
    part_size: u64,
    /// The container of parts, where they are objects.
    pub(super) segments: Option<Bucket>,
    sniff: bool,
    expires_in: ExpiresIn,
    read_url: Endpoint,
    read_key: Sigv4Spec,
    read_expires_in: ExpiresIn,
    seal_secret: String,
    notify: Option<NotifySpec>,
    cors: Cors,
}

impl UploadSpec {
    pub(super) fn read(
        node: &Node<'_>,
        stores: &Named<StoreSpec>,
        routes: &RouteSpecs,
        keys: &Named<KeySpec>,
    ) -> Result<Self, PolicyError> {
        let fields = node.object(&[
            "route",
            "who",
            "kinds",
            "key",
            "content_types",
            "size",
            "checksums",
            "create_only",
            "stored_as",
            "part_size",
            "segments",
            "sniff",
            "unenforced",
            "expires_in",
            "read",
            "seal_secret",
            "notify",
            "cors",
        ])?;
        let route = fields.required("route")?;
        let Some(route_spec) = routes.by_name.get(route.string()?) else {
            let names = quoted_list(&mut routes.by_name.names());
            return route.error(format!("must be the name of a route: {names}"));
        };
        let store_spec = stores.get(&route_spec.home.store);
        let (bucket, location) = read_place(&route, route_spec, store_spec)?;
        let key = fields.required("key")?;
        let template = KeyTemplate::parse(key.string()?).or_else(|why| key.error(why))?;
        let kinds = read_names(fields.optional("kinds"), &Kind::ALL)?.unwrap_or(vec![Kind::Put]);
        let read = fields.required("read")?;
        let read = read.object(&["url", "key", "expires_in"])?;
        let url = read.required("url")?;
        let read_url = Endpoint::parse(url.string()?).or_else(|why| url.error(why))?;
        if !route_spec.hosts.iter().any(|host| host.fits(read_url.host())) {
            let hosts: Vec<_> = route_spec.hosts.iter().map(ToString::to_string).collect();
            let hosts = quoted_list(&mut hosts.iter().map(String::as_str));
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
        let who = read_who(fields.optional("who"), route_spec, &template, &location)?;
        let taker = match store_spec.map(|spec| (spec, spec.taker())) {
            Some((spec, Some(taker))) => {
                if let Some(kind) = kinds.iter().find(|kind| spec.lacks_kind(**kind)) {
                    return node.error(format!(
                        "has the kind `{kind}`, which store `{}` does not take",
                        route_spec.home.store
                    ));
                }
                if kinds.contains(&Kind::Multipart) && !spec.can_list_parts() {
                    return node.error(format!(
                        "has the kind `multipart`, for which store `{0}` needs `auth`: parts are \
                         put together by a token, as in `\"{0}\": {{ …, \"auth\": {{ \"version\": \
                         \"v1\", \"url\": \"https://swift.example/auth/v1.0\", \"user\": \
                         \"SWIFT_USER\", \"key\": \"SWIFT_KEY\" }} }}`",
                        route_spec.home.store
                    ));
                }
                taker
            }
            _ => {
                return route.error(
                    "must be a route to a store of kind `s3` or `swift`, which take signed uploads",
                );
            }
        };
        if taker == Taker::Swift && kinds.contains(&Kind::Form) && !template.ends_in_filename() {
            return key.error(
                "must end in `/{filename}` where files are sent by forms to Swift: there the \
                 browser's name of the file is the end of the object's name",
            );
        }
        let most = if kinds == [Kind::Put] { MAX_PUT_SIZE } else { taker.max_object_size() };
        let size = read_size(&fields.required("size")?, most)?;
        let has_segments = taker == Taker::Swift && kinds.contains(&Kind::Multipart);
        let segments = fields.optional("segments");
        let segments = read_segments(node, segments, has_segments, &bucket)?;
        let template = template.below(&location).or_else(|why| key.error(why))?;
        let read_key = read.required("key")?;
        let Some(spec) = keys.get(read_key.string()?) else {
            let names = quoted_list(&mut keys.names());
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
        let expires_in = read_expires_in(expires, 300)?;
        let temporary = store_spec.is_some_and(StoreSpec::may_be_temporary);
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
        let content_types = read_content_types(&fields.required("content_types")?)?;
        let checksums = read_names(fields.optional("checksums"), &ChecksumAlgorithm::ALL)?;
        let create_only = fields.optional("create_only");
        let spec = Self {
            route: route.string()?.to_owned(),
            store: route_spec.home.store.clone(),
            bucket,
            prefix: route_spec.path.to_string(),
            location,
            who,
            kinds,
            key: template,
            sniff: fields.optional("sniff").map(|node| node.boolean()).transpose()?.unwrap_or(true),
            content_types,
            size,
            checksums: checksums.unwrap_or_default(),
            create_only: create_only.map(|node| node.boolean()).transpose()?.unwrap_or(true),
            stored_as: read_stored_as(fields.optional("stored_as"))?,
            unenforced: read_names(fields.optional("unenforced"), &Clause::ALL)?
                .unwrap_or_default(),
            part_size: match fields.optional("part_size") {
                Some(node) => node.number_in(MIN_PART_SIZE..=MAX_PART_SIZE, "bytes")?,
                None => DEFAULT_PART_SIZE,
            },
            segments,
            expires_in,
            read_url,
            read_key: spec.clone(),
            read_expires_in: read_expires_in(read.optional("expires_in"), 3600)?,
            seal_secret: fields.required("seal_secret")?.secret_name()?,
            notify: fields.optional("notify").map(|node| NotifySpec::read(&node)).transpose()?,
            cors: read_origins_alone(fields.optional("cors"))?,
        };
        let lacks = |clause| store_spec.is_some_and(|store| store.lacks_clause(clause));
        spec.check_enforced(node, taker, &lacks)?;
        Ok(spec)
    }

    /// What the rule says of a file.
    fn said(&self) -> Vec<Clause> {
        let clauses = [
            (Clause::SignedHeaders, true),
            (Clause::Size, true),
            (Clause::ContentType, !self.content_types.allow_all()),
            (Clause::CreateOnly, self.create_only),
            (Clause::Checksum, !self.checksums.is_empty()),
        ];
        let mut said: Vec<_> =
            clauses.into_iter().filter(|(_, is_said)| *is_said).map(|(clause, _)| clause).collect();
        said.extend(clauses_of(&self.stored_as));
        said
    }

    /// Adds what the rule has its store do.
    pub(super) fn add_to(&self, wants: &mut Wants, taker: Taker) {
        wants.kinds.extend(&self.kinds);
        wants.unenforced.extend(&self.unenforced);
        let relied_on = || self.said().into_iter().filter(|said| !self.unenforced.contains(said));
        for kind in &self.kinds {
            let enforced =
                relied_on().filter(|said| taker.enforces(*said, *kind, *self.size.start()));
            wants.relied_on.extend(enforced.map(|clause| (*kind, clause)));
        }
        if !self.kinds.contains(&Kind::Put) {
            return;
        }
        if !self.unenforced.contains(&Clause::Checksum) {
            wants.checksums.extend(&self.checksums);
        }
        wants.headers.insert("content-type".to_owned());
        if self.create_only {
            wants.headers.insert("if-none-match".to_owned());
        }
        if taker == Taker::S3 {
            let all = ChecksumAlgorithm::ALL.map(|(_, algorithm)| algorithm);
            let sums = if self.checksums.is_empty() { &all[..] } else { &self.checksums[..] };
            wants.headers.extend(sums.iter().map(|sum| sum.header().to_owned()));
            let nobody = Provenance { principal: "p", filename: "f" };
            let stored_as = self.stored_as.headers(nobody);
            wants.headers.extend(stored_as.into_iter().map(|(name, _)| name));
        }
    }

    /// Refuses clauses that the store would not enforce, unless they are named.
    fn check_enforced(
        &self,
        node: &Node<'_>,
        taker: Taker,
        lacks: &dyn Fn(Clause) -> bool,
    ) -> Result<(), PolicyError> {
        let unenforced = &self.unenforced;
        let mut open = BTreeSet::new();
        for clause in self.said() {
            let is_open = |kind: &&Kind| {
                // A form has no headers that could be added to.
                let is_moot = clause == Clause::SignedHeaders && **kind == Kind::Form;
                let is_enforced = taker.enforces(clause, **kind, *self.size.start());
                !is_enforced || lacks(clause) && !is_moot
            };
            let Some(kind) = self.kinds.iter().find(is_open) else { continue };
            if !unenforced.contains(&clause) {
                let store = &self.store;
                return node.error(match clause {
                    Clause::SignedHeaders => format!(
                        "sends files by `{kind}`, and store `{store}` heeds headers that were not \
                         signed, by which a client could have it copy other objects; leave the \
                         kind out, or name `signed_headers` in `unenforced` if all who may upload \
                         may read everything"
                    ),
                    _ => format!(
                        "says `{clause}`, which store `{store}` does not enforce when a file is \
                         sent by `{kind}`; leave it out, or name it in `unenforced`, and it is no \
                         more than a wish"
                    ),
                });
            }
            open.insert(clause);
        }
        match unenforced.iter().find(|clause| !open.contains(clause)) {
            Some(clause) => node.error(format!(
                "names `{clause}` in `unenforced`, and it is enforced, or not said at all"
            )),
            None => Ok(()),
        }
    }

    pub(super) fn resolve(
        &self,
        name: &str,
        (store, auth): (Store, Option<SwiftAuth>),
        secrets: &Secrets<'_>,
    ) -> Result<UploadRule, PolicyError> {
        let segments = self.segments.clone().zip(auth);
        let segments = segments.map(|(container, auth)| Arc::new(Segments { container, auth }));
        let place = |field: &str| format!("uploads.{name}.{field}");
        let read_key = self.read_key.resolve(secrets)?;
        Ok(UploadRule {
            name: name.to_owned(),
            destination: Destination {
                store,
                bucket: self.bucket.clone(),
                location: self.location.clone(),
                prefix: self.prefix.clone(),
                segments,
            },
            who: self.who.clone(),
            kinds: self.kinds.clone(),
            key: self.key.clone(),
            content_types: self.content_types.clone(),
            size: self.size.clone(),
            checksums: self.checksums.clone(),
            create_only: self.create_only,
            stored_as: self.stored_as.clone(),
            part_size: self.part_size,
            sniff: self.sniff,
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
            notify: self
                .notify
                .as_ref()
                .map(|notify| notify.resolve(secrets, &place("notify.secrets")))
                .transpose()?,
            cors: self.cors.clone(),
        })
    }

    /// The names of its secrets, each with the place that names it.
    pub(super) fn secret_names(&self, name: &str) -> Vec<(String, String)> {
        let place = |field: &str| format!("uploads.{name}.{field}");
        let mut names = vec![(self.seal_secret.clone(), place("seal_secret"))];
        names.extend(self.notify.iter().flat_map(|it| it.secret_names(&place("notify.secrets"))));
        names
    }
}

/// The bucket and the location of a rule's route. One with placeholders has many.
fn read_place(
    node: &Node<'_>,
    route: &RouteSpec,
    store: Option<&StoreSpec>,
) -> Result<(Bucket, String), PolicyError> {
    let home = &route.home;
    let names = home.bucket.names().chain(home.location.names());
    let bucket = store.and_then(|store| store.bucket(&home.bucket.to_string()).ok());
    match (bucket, names.count()) {
        (Some(bucket), 0) => Ok((bucket, home.location.to_string())),
        _ => node.error(
            "must be a route without placeholders, so that bucket and key are known when an \
             upload is signed",
        ),
    }
}

/// The container of parts: where python-swiftclient has them, unless the rule says another.
fn read_segments(
    rule: &Node<'_>,
    node: Option<Node<'_>>,
    has_segments: bool,
    bucket: &Bucket,
) -> Result<Option<Bucket>, PolicyError> {
    match node {
        Some(node) if !has_segments => {
            node.error("is for rules with the kind `multipart` to a store of kind `swift`")
        }
        Some(node) => {
            Bucket::container(node.string()?).map(Some).or_else(|why| node.error(why.to_string()))
        }
        None if has_segments => {
            Bucket::container(&format!("{bucket}_segments")).map(Some).or_else(|_| {
                rule.error(format!(
                    "needs `segments`, the container of parts: `{bucket}_segments` is too long \
                     for the name of one"
                ))
            })
        }
        None => Ok(None),
    }
}

/// Whom a rule lets upload: `"users"`, `"anyone"` or the ids of some users.
fn read_who(
    node: Option<Node<'_>>,
    route: &RouteSpec,
    template: &KeyTemplate,
    location: &str,
) -> Result<Uploaders, PolicyError> {
    let Some(node) = node else { return Ok(Uploaders::Users) };
    if !node.is_string() {
        let users = node.each(|node| node.string().map(str::to_owned))?;
        let users = BTreeSet::from_iter(users);
        return match users.is_empty() {
            true => node.error("must be `users`, `anyone`, or name at least one user"),
            false => Ok(Uploaders::These(users)),
        };
    }
    let who = node.one_of(&[("users", Uploaders::Users), ("anyone", Uploaders::Anyone)])?;
    if who == Uploaders::Anyone {
        if template.names_principal() {
            return node.error("must be `users` where `key` holds `{principal}`");
        }
        let sample = format!("{location}{}", template.sample());
        let rule = route.access().find(&sample);
        if rule.allows(Permission::Write, &Principal::Anonymous, None).is_none() {
            return node.error(
                "must be `users`, unless the route's access lets everyone write there, as the ACL \
                 `public-read-write` does",
            );
        }
    }
    Ok(who)
}

/// A list of names, each once.
fn read_names<T: Copy + PartialEq>(
    node: Option<Node<'_>>,
    known: &[(&str, T)],
) -> Result<Option<Vec<T>>, PolicyError> {
    let Some(list) = node else { return Ok(None) };
    let mut names = Vec::new();
    for node in list.list()? {
        let name = node.one_of(known)?;
        if names.contains(&name) {
            return node.error("is named twice");
        }
        names.push(name);
    }
    if names.is_empty() {
        return list.error("must name at least one");
    }
    Ok(Some(names))
}

fn read_size(node: &Node<'_>, most: u64) -> Result<RangeInclusive<u64>, PolicyError> {
    let fields = node.object(&["min", "max"])?;
    let range = 0..=most;
    let max = fields.required("max")?.number_in(range.clone(), "bytes")?;
    let min = match fields.optional("min") {
        Some(node) => node.number_in(range, "bytes")?,
        None => 0,
    };
    if min > max {
        return node.error(format!("has a `min` of {min} above its `max` of {max}"));
    }
    Ok(min..=max)
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
    ExpiresIn::from_secs(secs).ok_or_else(|| {
        PolicyError::new(
            node.map(|node| node.place().to_owned()).unwrap_or_default(),
            format!("must be a whole number of seconds from 1 to {max}"),
        )
    })
}
