//! `signed_urls`: with which keys the function signs tickets for reading, and for whom.

use std::sync::Arc;
use std::time::Duration;

use crate::cors::Cors;
use crate::endpoint::Endpoint;
use crate::named::Named;
use crate::policy::cors::read_cors;
use crate::policy::keys::{Key, KeySpec};
use crate::policy::reader::{Fields, Node, PolicyError, quoted_list};
use crate::policy::routes::RouteSpecs;
use crate::policy::{Secrets, resolve_secret};
use crate::public_key::{Algorithm, SigningKey};
use crate::route::HostPattern;
use crate::signed_urls::issuer::{CookieSettings, Issuer, IssuerKey, MAX_LIFE};
use crate::sigv4::MAX_EXPIRES_IN;

/// How long tickets live when nobody says.
const DEFAULT_LIFE: u64 = 3600;

/// Claims that a token has besides its user.
const OTHER_CLAIMS: [&str; 5] = ["aud", "exp", "iat", "iss", "nbf"];

/// An issuer whose secrets are still names.
#[derive(Clone, Debug)]
pub(super) struct IssuerSpec {
    url: Endpoint,
    key: KeySpec,
    private_key: Option<String>,
    expires_in: Duration,
    max_expires_in: Duration,
    stable_for: Option<Duration>,
    cookies: Option<CookieSettings>,
    cors: Cors,
}

impl IssuerSpec {
    pub(super) fn read(
        node: &Node<'_>,
        routes: &RouteSpecs,
        keys: &Named<KeySpec>,
    ) -> Result<Self, PolicyError> {
        let fields = node.object(&[
            "url",
            "key",
            "private_key",
            "expires_in",
            "max_expires_in",
            "stable_for",
            "cookies",
            "cors",
        ])?;
        let url = read_url(&fields.required("url")?, routes)?;
        let key_node = fields.required("key")?;
        let Some(key) = keys.get(key_node.string()?) else {
            let names = quoted_list(&mut keys.names());
            return key_node.error(format!("must be the id of a key: {names}"));
        };
        check_key(&key_node, key, &url, routes)?;
        let cookies = match fields.optional("cookies") {
            Some(node) => Some(read_cookies(&node, key, &url)?),
            None => None,
        };
        if matches!(key, KeySpec::Jwt(_)) && cookies.is_none() {
            return node.error(
                "needs a field `cookies`: tokens stand in cookies, and a key of dialect `jwt` \
                 signs nothing else",
            );
        }
        let private_key = read_private_key(node, &fields, key)?;
        let (expires_in, max_expires_in, stable_for) = read_life(&fields, key)?;
        Ok(Self {
            url,
            key: key.clone(),
            private_key,
            expires_in,
            max_expires_in,
            stable_for,
            cookies,
            cors: read_cors(fields.optional("cors"))?,
        })
    }

    pub(super) fn resolve(
        &self,
        name: &str,
        secrets: &Secrets<'_>,
    ) -> Result<Option<Issuer>, PolicyError> {
        let signing_key = match (&self.private_key, self.key.public_key()) {
            (Some(secret), Some(public_key)) => Some(Arc::new(SigningKey {
                place: place(name),
                pem: resolve_secret(secrets, secret, place(name))?,
                public_key: public_key.clone(),
            })),
            _ => None,
        };
        let key = match (self.key.resolve(secrets)?, signing_key) {
            (Key::Sigv4(key), _) => IssuerKey::Sigv4(key),
            (Key::TempUrl(key), _) => IssuerKey::TempUrl(key),
            (Key::EdgeAuth(key), _) => IssuerKey::EdgeAuth(key),
            (Key::Jwt(key), signing_key) => IssuerKey::Jwt { key, signing_key },
            (Key::CloudFront(key), Some(signing_key)) => IssuerKey::CloudFront { key, signing_key },
            // INVARIANT: when the policy was read, there was no such issuer.
            (Key::CloudFront(_), None) | (Key::Swift(_), _) => return Ok(None),
        };
        Ok(Some(Issuer {
            name: name.to_owned(),
            url: self.url.clone(),
            key,
            expires_in: self.expires_in,
            max_expires_in: self.max_expires_in,
            stable_for: self.stable_for,
            cookies: self.cookies.clone(),
            cors: self.cors.clone(),
        }))
    }

    /// The name of its private key's secret, with the place that names it.
    pub(super) fn secret_name(&self, name: &str) -> Option<(String, String)> {
        Some((self.private_key.clone()?, place(name)))
    }
}

fn place(name: &str) -> String {
    format!("signed_urls.{name}.private_key")
}

fn read_url(node: &Node<'_>, routes: &RouteSpecs) -> Result<Endpoint, PolicyError> {
    let url = Endpoint::parse(node.string()?).or_else(|why| node.error(why))?;
    let hosts = || routes.by_name.values().flat_map(|route| &route.hosts);
    if hosts().any(|host| host.fits(url.host())) {
        return Ok(url);
    }
    let mut names: Vec<_> = hosts().map(HostPattern::to_string).collect();
    names.sort();
    names.dedup();
    let names = quoted_list(&mut names.iter().map(String::as_str));
    node.error(format!("must be at a host that a route is for: {names}"))
}

/// Whether what a key signs would open what callers may read, and whether users may choose what
/// it signs.
fn check_key(
    node: &Node<'_>,
    key: &KeySpec,
    url: &Endpoint,
    routes: &RouteSpecs,
) -> Result<(), PolicyError> {
    match key {
        KeySpec::Swift(_) => {
            return node.error(
                "must be the id of a key of dialect `sigv4`, `tempurl`, `cloudfront`, `edgeauth` \
                 or `jwt`: tokens of Swift stand in a header",
            );
        }
        KeySpec::Jwt(_) => match (key.claim(), key.cookie()) {
            (None, _) => {
                return node.error(
                    "must be the id of a key that acts as the user whom its tokens name: its \
                     `principal` must be a claim, as in `{\"claim\": \"sub\"}`",
                );
            }
            (_, None) => {
                return node.error("must be the id of a key with a `cookie`, where tokens stand");
            }
            (Some(claim), Some(_)) if OTHER_CLAIMS.contains(&claim) => {
                return node.error(format!(
                    "must be the id of a key whose users stand in another claim than `{claim}`"
                ));
            }
            _ => {}
        },
        _ if !key.is_every_owner() => {
            return node.error(
                "must be the id of a key whose principal is `every-owner`, or its tickets could \
                 not open what callers may read",
            );
        }
        _ => {}
    }
    let algorithm = key.public_key().map(|key| key.algorithm());
    if matches!(algorithm, Some(Algorithm::RsaSha1 | Algorithm::EcdsaSha1)) {
        return node.error(
            "must be the id of a key for `RSA-SHA256` or `ECDSA-SHA256`: users choose what is \
             signed, and SHA-1 has collisions",
        );
    }
    let leads_nowhere = |path: &str| {
        let table = &routes.table;
        table.find(url.host(), path).is_none() && !table.branches(url.host(), path)
    };
    if let Some(path) = key.path().filter(|path| leads_nowhere(path)) {
        return node.error(format!(
            "must be the id of a key for paths that a route of `url` is for; this one is for `{path}`"
        ));
    }
    Ok(())
}

fn read_private_key(
    node: &Node<'_>,
    fields: &Fields<'_>,
    key: &KeySpec,
) -> Result<Option<String>, PolicyError> {
    match (fields.optional("private_key"), key.public_key()) {
        (Some(node), Some(_)) => node.secret_name().map(Some),
        (None, None) => Ok(None),
        (Some(node), None) => {
            node.error("must be left out: the key signs with the secret that it names itself")
        }
        (None, Some(_)) => node.error(
            "needs a field `private_key`, the name of the secret that holds the key in PEM: the \
             public key alone cannot sign",
        ),
    }
}

fn read_cookies(
    node: &Node<'_>,
    key: &KeySpec,
    url: &Endpoint,
) -> Result<CookieSettings, PolicyError> {
    let fields = node.object(&["domain"])?;
    if !matches!(key, KeySpec::CloudFront(_) | KeySpec::EdgeAuth(_) | KeySpec::Jwt(_)) {
        return node.error(
            "must be left out: cookies are signed by keys of dialect `cloudfront`, `edgeauth` and \
             `jwt` alone",
        );
    }
    let Some(node) = fields.optional("domain") else {
        return Ok(CookieSettings { domain: None });
    };
    let domain = node.string()?;
    let host = url.host().split(':').next().unwrap_or_default();
    let is_above =
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !is_above || !domain.contains('.') || domain.starts_with('.') || url.is_address() {
        return node.error(format!(
            "must be the host of `url` or a domain above it, as in `example.com`; found `{domain}`"
        ));
    }
    Ok(CookieSettings { domain: Some(domain.to_owned()) })
}

fn read_life(
    fields: &Fields<'_>,
    key: &KeySpec,
) -> Result<(Duration, Duration, Option<Duration>), PolicyError> {
    let longest = match key {
        KeySpec::Sigv4(_) => MAX_EXPIRES_IN,
        _ => MAX_LIFE,
    };
    let read = |name| {
        let node = fields.optional(name);
        let secs = node.map(|node| node.number_in(1..=longest.as_secs(), "seconds"));
        secs.transpose()
    };
    let (life, max, bucket) = (read("expires_in")?, read("max_expires_in")?, read("stable_for")?);
    let default = max.map_or(DEFAULT_LIFE, |max| max.min(DEFAULT_LIFE));
    let life = life.unwrap_or(default);
    let max_life = max.unwrap_or(life);
    if let Some(node) = fields.optional("max_expires_in")
        && max_life < life
    {
        return node.error(format!("must be at least `expires_in`, which is {life}"));
    }
    if let (Some(bucket), Some(node)) = (bucket, fields.optional("stable_for")) {
        if matches!(key, KeySpec::Jwt(_)) {
            return node.error(
                "must be left out: a token ends with the one that it was asked for with, so it is \
                 another one each time",
            );
        }
        // A ticket is signed as of its bucket's beginning, and lives from the bucket's end on.
        if max_life.saturating_add(bucket) > longest.as_secs() {
            return node.error(format!(
                "must leave room: with the longest life, which is {max_life} s, a ticket would \
                 live for more than {} s",
                longest.as_secs()
            ));
        }
    }
    let secs = Duration::from_secs;
    Ok((secs(life), secs(max_life), bucket.map(secs)))
}
