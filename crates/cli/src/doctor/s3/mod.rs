//! A store that speaks S3.
//!
//! Every request is signed as the function signs uploads: into the URL, with the headers that
//! must be sent. What is wrong in a probe is wrong in it alone.

mod access;
mod form;
mod multipart;
mod put;
mod read;
mod versions;

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::object::{Bucket, ObjectKey};
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::ExpiresIn;
use cloakroom_core::sigv4::sign::Unsigned;
use cloakroom_core::store::{ListCall, S3Store};

use self::access::{Access, access};
use self::versions::versions;
use super::Ground;
use super::clause;
use super::http::{Answer, Call, Client, Heard, Silence};
use super::report::StoreReport;
use super::scratch::{Scratch, Stored, remove};
use super::verdict::Verdict;
use crate::now;

/// How long the doctor's own URLs live, in seconds.
const LIFE: u64 = 300;

/// The one object that rightly signed requests write, again and again.
const CONTROL: &str = "control";

/// A bucket of a store, and what is found out about it.
struct Bench<'a> {
    store: &'a S3Store,
    client: Client,
    bucket: Bucket,
    origin: Option<&'a str>,
    headers: &'a [&'a str],
    scratch: Scratch,
    /// Uploads in parts that could not be thrown away.
    unfinished: Vec<String>,
    report: StoreReport,
}

/// Examines a store.
pub(super) fn examine(
    store: &S3Store,
    ground: &Ground<'_>,
    mut report: StoreReport,
) -> StoreReport {
    let Some((bucket, location)) = ground.sites.first() else {
        return report.unprobed(super::NO_SITE);
    };
    report.probed_in(bucket.as_str());
    let mut bench = Bench {
        store,
        client: Client::new(store.timeout),
        bucket: bucket.clone(),
        origin: ground.origin,
        headers: &ground.headers,
        scratch: Scratch::new(location, ground.random),
        unfinished: Vec::new(),
        report,
    };
    let others = ground.sites.iter().skip(1).map(|(bucket, _)| bucket);
    if bench.is_let_in(others.filter(|other| *other != bucket)) {
        bench.probe();
    }
    bench.finish()
}

impl Bench<'_> {
    fn probe(&mut self) {
        let control = self.store_control();
        self.probe_writes(&control);
        self.probe_tickets();
        self.probe_multipart();
        self.probe_forms();
        self.probe_cors();
    }

    /// Asks for the buckets; the first is the one to be probed.
    fn is_let_in<'b>(&mut self, others: impl Iterator<Item = &'b Bucket>) -> bool {
        let (first, date) = self.ask_bucket(&self.bucket);
        let other = others.map(|bucket| self.ask_bucket(bucket).0);
        let other = other.collect::<Vec<_>>().into_iter();
        let refused = [first].into_iter().chain(other).find(|access| *access != Access::Granted);
        let is_in = match refused {
            None => {
                self.report.add(&clause::ACCESS, Verdict::Holds, None, None);
                true
            }
            Some(Access::Refused { problem, fix }) => {
                self.report.add(&clause::ACCESS, Verdict::Fails, Some(problem), Some(fix));
                false
            }
            Some(Access::NoListing | Access::Granted) => {
                let said = "may not list the bucket, so a missing object is called forbidden";
                let fix = "give the credentials `s3:ListBucket`".to_owned();
                self.report.add(&clause::ACCESS, Verdict::Fails, Some(said.to_owned()), Some(fix));
                true
            }
        };
        super::add_clock(&mut self.report, date.as_deref());
        if !is_in {
            self.report.set_unprobed("it does not let us in");
        }
        is_in
    }

    /// Asks for a bucket by HEAD, and where that is refused by a listing, whose answer says why.
    fn ask_bucket(&self, bucket: &Bucket) -> (Access, Option<String>) {
        let (endpoint, path) = root(self.store, bucket);
        let url = self.presign(Method::Head, &endpoint, &path, &[], &[]);
        let head = self.send(Method::Head, &url, &[], b"");
        let (date, region) = match &head {
            Ok(answer) => (answer.header("date"), answer.header("x-amz-bucket-region")),
            Err(_) => (None, None),
        };
        if !matches!(&head, Ok(answer) if !answer.is_success()) {
            return (access(self.store, bucket.as_str(), &Heard::of(&head), None), date);
        }
        let list = ListCall {
            bucket,
            prefix: self.scratch.prefix(),
            delimiter: "",
            after: None,
            max_keys: 1,
        };
        let call = self.store.list(&list, now());
        let headers: Vec<_> =
            call.headers.iter().map(|(name, value)| (*name, value.expose())).collect();
        let listed = self.send(Method::Get, &call.url, &headers, b"");
        let named = listed.as_ref().ok().and_then(|answer| answer.element("Region"));
        (access(self.store, bucket.as_str(), &Heard::of(&listed), named.or(region)), date)
    }

    fn probe_cors(&mut self) {
        let Some(origin) = self.origin else { return };
        let url = self.object_url(Method::Put, CONTROL, &[], &[]);
        let asked = self.headers.join(",");
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", &asked),
        ];
        // A preflight comes without credentials.
        let bare = Secret::new(url.expose().split('?').next().unwrap_or_default());
        let preflight = self.send(Method::Options, &bare, &headers, b"");
        let answer = self.store_as_page(origin);
        let is_swift = |answer: &Answer| answer.header("x-trans-id").is_some();
        let fix = match preflight.as_ref().is_ok_and(is_swift) {
            true => super::swift::cors_fix(&self.bucket, origin),
            false => self.cors_fix(origin),
        };
        super::add_cors(&mut self.report, &preflight, &answer, origin, self.headers, &fix);
    }

    fn cors_fix(&self, origin: &str) -> String {
        let rule = serde_json::json!({ "CORSRules": [{
            "AllowedOrigins": [origin],
            "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
            "AllowedHeaders": self.headers,
            "ExposeHeaders": super::cors::EXPOSED,
            "MaxAgeSeconds": 3000,
        }] });
        format!(
            "set the bucket's CORS rules (it replaces those that are there):\n\
             aws s3api put-bucket-cors --bucket {} --endpoint-url {} \\\n  \
             --cors-configuration '{rule}'",
            self.bucket, self.store.endpoint
        )
    }

    /// Removes what was stored, and then whatever else the bucket keeps of it.
    fn finish(mut self) -> StoreReport {
        let mut left = std::mem::take(&mut self.unfinished);
        left.extend(remove(self.scratch.stored(), |stored| self.delete(stored)));
        if !self.scratch.stored().is_empty() {
            let (endpoint, path) = root(self.store, &self.bucket);
            let query = [("versions", ""), ("prefix", self.scratch.prefix())];
            let url = self.presign(Method::Get, &endpoint, &path, &query, &[]);
            let listed = self.send(Method::Get, &url, &[], b"").ok().filter(Answer::is_success);
            let listed = listed.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
            let kept = versions(&listed.unwrap_or_default(), &self.scratch);
            for key in remove(&kept, |stored| self.delete(stored)) {
                if !left.contains(&key) {
                    left.push(key);
                }
            }
        }
        let by_hand = format!(
            "aws s3 rm --recursive s3://{}/{} --endpoint-url {}",
            self.bucket,
            self.scratch.prefix(),
            self.store.endpoint
        );
        self.report.left(left, by_hand);
        self.report
    }

    fn delete(&self, Stored { key, version }: &Stored) -> Result<Answer, Silence> {
        let query = version.as_ref().map(|version| ("versionId", version.as_str()));
        let (endpoint, path) = address(self.store, &self.bucket, key);
        let url = self.presign(Method::Delete, &endpoint, &path, query.as_slice(), &[]);
        self.send(Method::Delete, &url, &[], b"")
    }

    fn send(
        &self,
        method: Method,
        url: &Secret,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Silence> {
        self.client.send(Call { method, url, headers, body })
    }

    /// A presigned URL of an object of the doctor's own.
    fn object_url(
        &self,
        method: Method,
        name: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Secret {
        let (endpoint, path) = address(self.store, &self.bucket, &self.scratch.key(name));
        self.presign(method, &endpoint, &path, query, headers)
    }

    fn presign(
        &self,
        method: Method,
        endpoint: &Endpoint,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Secret {
        let request = Unsigned { method, endpoint, path, query, headers };
        self.store.signer(now()).presign(&request, life())
    }
}

/// Where a bucket is: the endpoint, and the path.
fn root(store: &S3Store, bucket: &Bucket) -> (Endpoint, String) {
    let (endpoint, path) = address(store, bucket, "x");
    let root = path.strip_suffix("/x").filter(|root| !root.is_empty()).unwrap_or("/");
    (endpoint, root.to_owned())
}

fn life() -> ExpiresIn {
    ExpiresIn::from_secs(LIFE).unwrap_or(ExpiresIn::MIN)
}

/// Where an object is: the endpoint, and the decoded path.
fn address(store: &S3Store, bucket: &Bucket, key: &str) -> (Endpoint, String) {
    // INVARIANT: a location is part of keys, and what is added to it is plain; where they were
    // too long together, the store is asked for its root and refuses.
    match ObjectKey::new(key) {
        Ok(key) => store.address(bucket, &key),
        Err(_) => (store.endpoint.clone(), "/".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloakroom_core::sigv4::Credentials;

    use cloakroom_core::sigv4::signing_key::SecretAccessKey;
    use cloakroom_core::store::Addressing;

    use super::*;

    #[test]
    fn where_a_bucket_is() -> Result<(), String> {
        let bucket = Bucket::new("media").map_err(|error| error.to_string())?;
        let at = |addressing| -> Result<_, String> {
            let credentials = Credentials {
                access_key_id: "ID".to_owned(),
                secret_access_key: SecretAccessKey::new("secret"),
                session_token: None,
            };
            let store = S3Store {
                name: "main".to_owned(),
                endpoint: Endpoint::parse("https://s3.example")?,
                region: "us-east-1".to_owned(),
                addressing,
                credentials,
                timeout: Duration::from_secs(1),
            };
            let (endpoint, path) = root(&store, &bucket);
            Ok(format!("{endpoint}{path}"))
        };
        assert_eq!(at(Addressing::Path)?, "https://s3.example/media");
        assert_eq!(at(Addressing::VirtualHosted)?, "https://media.s3.example/");
        Ok(())
    }
}
