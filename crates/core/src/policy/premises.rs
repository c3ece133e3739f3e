//! A store with all that a policy has in it, for whoever examines the store itself.

use std::collections::BTreeSet;

use crate::policy::wants::Wants;
use crate::policy::{Policy, PolicyError, Secrets};
use crate::route::Template;
use crate::store::Store;
use crate::upload::segments::Segments;

/// A store, and where in it the policy's objects are.
#[derive(Clone, Debug)]
pub struct Premises {
    /// The store with its secrets.
    pub store: Store,
    /// What its operator says that it does not do as S3 does.
    pub lacks: Vec<&'static str>,
    /// What upload rules rely on.
    pub wants: Wants,
    /// The places, those that uploads go to first. None of them is named twice.
    pub sites: Vec<Site>,
    /// Where the parts of its uploads are, when they are objects of their own: each container once.
    pub segments: Vec<Segments>,
}

/// A bucket or container, and a location in it. Either may have placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The bucket or container.
    pub bucket: Template,
    /// What keys begin with: empty, or a prefix that ends with `/`.
    pub location: Template,
    /// Whether an upload rule puts objects there.
    pub takes_uploads: bool,
}

impl Policy {
    /// The names of the stores.
    pub fn store_names(&self) -> impl Iterator<Item = &str> {
        self.read_side.stores.names()
    }

    /// The store of this name; none when the policy has no such store. No secrets are needed but
    /// its own.
    ///
    /// # Errors
    /// When a secret is missing.
    pub fn premises(
        &self,
        name: &str,
        secrets: &Secrets<'_>,
    ) -> Result<Option<Premises>, PolicyError> {
        let Some(spec) = self.read_side.stores.get(name) else { return Ok(None) };
        let store = spec.resolve(name, secrets)?;
        let mut sites: Vec<Site> = Vec::new();
        for (route, spec) in self.read_side.routes.by_name.iter() {
            let takes_uploads = self.uploads.values().any(|upload| upload.route == *route);
            for (home, takes_uploads) in spec.homes().zip([takes_uploads, false]) {
                if home.store != name {
                    continue;
                }
                let (bucket, location) = (home.bucket.clone(), home.location.clone());
                let known = sites.iter_mut().find(|s| s.bucket == bucket && s.location == location);
                match known {
                    Some(site) => site.takes_uploads |= takes_uploads,
                    None => sites.push(Site { bucket, location, takes_uploads }),
                }
            }
        }
        sites.sort_by_key(|site| !site.takes_uploads);
        let mut wants = Wants::default();
        if let Some(taker) = spec.taker() {
            for rule in self.uploads.values().filter(|rule| rule.store == name) {
                rule.add_to(&mut wants, taker);
            }
        }
        let uploads = self.uploads.values().filter(|upload| upload.store == name);
        let containers: BTreeSet<_> = uploads.filter_map(|it| it.segments.as_ref()).collect();
        let auth = match containers.is_empty() {
            true => None,
            false => spec.resolve_auth(name, secrets)?,
        };
        let segments = containers.into_iter().zip(auth.iter().cycle());
        let segments = segments
            .map(|(container, auth)| Segments { container: container.clone(), auth: auth.clone() })
            .collect();
        Ok(Some(Premises { store, lacks: spec.lacks(), wants, sites, segments }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::kind::{Clause, Kind};

    const POLICY: &str = r#"{
      "version": 1,
      "stores": {
        "main": { "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
          "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" } },
        "old": { "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_a",
          "keys": ["KEY"] }
      },
      "keys": { "APP": { "dialect": "sigv4", "secret": "APP", "principal": "every-owner" } },
      "routes": {
        "a": { "path": "/a/{t}/", "store": "main", "bucket": "media-{t}", "access": [],
          "fallback": { "store": "old", "bucket": "media-{t}" } },
        "b": { "path": "/b/", "store": "main", "bucket": "uploads", "location": "x/", "access": [] },
        "c": { "path": "/c/", "store": "main", "bucket": "uploads", "location": "x/", "access": [] }
      },
      "uploads": { "u": { "route": "c", "key": "{random}", "content_types": ["*/*"],
        "size": { "max": 1 }, "seal_secret": "SEAL",
        "read": { "url": "https://media.example", "key": "APP" } } }
    }"#;

    #[test]
    fn uploads_come_first_and_nothing_twice() {
        let policy = Policy::parse(POLICY).unwrap();
        assert_eq!(policy.store_names().collect::<Vec<_>>(), ["main", "old"]);
        let sites = |name| -> Vec<_> {
            let premises = policy.premises(name, &|name| Some(name.to_owned()));
            let sites = premises.unwrap().unwrap().sites.into_iter();
            sites.map(|s| (s.bucket.to_string(), s.location.to_string(), s.takes_uploads)).collect()
        };
        let site = |b: &str, l: &str, takes_uploads| (b.to_owned(), l.to_owned(), takes_uploads);
        assert_eq!(sites("main"), [site("uploads", "x/", true), site("media-{t}", "", false)]);
        assert_eq!(sites("old"), [site("media-{t}", "", false)]);
        assert!(policy.premises("other", &|_| None).unwrap().is_none());
        let premises = policy.premises("main", &|name| Some(name.to_owned())).unwrap().unwrap();
        let relied_on = [Clause::SignedHeaders, Clause::Size, Clause::CreateOnly];
        assert_eq!(premises.wants.relied_on, relied_on.map(|clause| (Kind::Put, clause)).into());
        let headers: Vec<_> = premises.wants.headers.iter().map(String::as_str).collect();
        let expected = [
            "content-md5",
            "content-type",
            "if-none-match",
            "x-amz-checksum-crc32c",
            "x-amz-checksum-crc64nvme",
            "x-amz-checksum-sha256",
        ];
        assert_eq!(headers, expected);
        let old = policy.premises("old", &|name| Some(name.to_owned())).unwrap().unwrap();
        assert_eq!(old.wants, Wants::default());
        let own = |name: &str| (name == "KEY").then(|| name.to_owned());
        assert!(policy.premises("old", &own).is_ok());
        assert!(policy.premises("main", &own).is_err());
    }
}
