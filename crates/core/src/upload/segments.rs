//! Files in parts to Swift: static large objects.
//!
//! Swift has no uploads in parts. Each part is an object, a *segment*, sent by a TempURL; in the
//! end a *manifest* names them, and is what people read. Segments are kept in a container of their
//! own, by what they are a part of:
//!
//! ```text
//! CONTAINER_segments / KEY / UPLOAD ID / 00000001
//! ```
//!
//! The id is made of random bytes, so two uploads of one key never share a segment. A manifest says
//! the ETag and the size of each segment, and Swift refuses one that is not so. From then on the
//! segments *are* the object: an upload whose manifest is there has none to be listed or removed,
//! just as S3 does not know of an upload that was completed.
//!
//! A manifest, and to list and remove segments, takes a token ([`SwiftAuth`]).
//!
//! Source: *Static Large Objects* in the OpenStack Swift documentation, and *Show container details
//! and list objects* in the Object Storage API reference.

use serde_json::json;

use crate::encoding::{Slash, encode};
use crate::json::Json;
use crate::object::{Bucket, KeyError, ObjectKey};
use crate::secret::Secret;
use crate::store::{SwiftAuth, SwiftStore};
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::multipart::Part;

/// How many bytes an upload's id is made of.
pub const ID_LENGTH: usize = 16;

/// Where segments are, and who puts them together.
#[derive(Clone, Debug)]
pub struct Segments {
    /// The container, in the account of the objects.
    pub container: Bucket,
    /// What gives the token.
    pub auth: SwiftAuth,
}

/// An object that is being sent in parts, or was.
#[derive(Clone, Copy, Debug)]
pub struct LargeObject<'a> {
    /// The account.
    pub store: &'a SwiftStore,
    /// Where its segments are.
    pub segments: &'a Segments,
    /// Its own container.
    pub container: &'a Bucket,
    /// Its key.
    pub key: &'a ObjectKey,
    /// The id of its upload.
    pub upload_id: &'a str,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The parts on it.
    pub parts: Vec<Part>,
    /// The last name on it, behind which the next one begins; none when it was empty.
    pub last: Option<String>,
}

/// The id of an upload, made of bytes that were never given before.
pub fn upload_id(random: [u8; ID_LENGTH]) -> String {
    hex::encode(random)
}

/// Whether an object of this key can have segments: their names are longer than its own.
///
/// # Errors
/// [`UploadError::Order`] says how long it may be.
pub fn check_key(key: &ObjectKey) -> Result<(), UploadError> {
    named(key, &upload_id([0; ID_LENGTH]), 1).map(drop).map_err(too_long)
}

fn named(key: &ObjectKey, upload_id: &str, number: u16) -> Result<ObjectKey, KeyError> {
    ObjectKey::new(format!("{key}/{upload_id}/{number:08}"))
}

fn too_long(why: KeyError) -> UploadError {
    UploadError::Order {
        problem: format!("The file's name is too long for a file in parts: of a part, {why}."),
    }
}

impl LargeObject<'_> {
    /// A URL that takes a part until `expires_at`.
    ///
    /// # Errors
    /// As of [`check_key`].
    pub fn part_url(&self, number: u16, expires_at: UnixTime) -> Result<Secret, UploadError> {
        let name = named(self.key, self.upload_id, number).map_err(too_long)?;
        Ok(self.store.upload_url(&self.segments.container, &name, expires_at))
    }

    /// The container of its segments.
    pub fn container_url(&self) -> String {
        self.url(&self.segments.container, "")
    }

    /// The page of the listing that begins behind `last`.
    pub fn listing_url(&self, last: Option<&str>) -> String {
        let mut url = format!(
            "{}?format=json&prefix={}",
            self.container_url(),
            encode(self.prefix(), Slash::Encode)
        );
        if let Some(last) = last {
            url.push_str("&marker=");
            url.push_str(&encode(last, Slash::Encode));
        }
        url
    }

    /// Reads a page of the listing; none when it is none. What is not a part of this upload is
    /// passed over.
    pub fn read_page(&self, body: &str) -> Option<Page> {
        let Json::Array(entries) = Json::parse(body).ok()? else { return None };
        let prefix = self.prefix();
        let name = |entry: &Json| entry.get("name").and_then(Json::as_str).map(str::to_owned);
        let part = |entry: &Json| {
            let number = entry.get("name")?.as_str()?.strip_prefix(&prefix)?;
            Some(Part {
                number: number.parse().ok().filter(|known| format!("{known:08}") == number)?,
                size: entry.get("bytes")?.as_u64()?,
                etag: format!("\"{}\"", entry.get("hash")?.as_str()?),
            })
        };
        Some(Page {
            parts: entries.iter().filter_map(part).collect(),
            last: entries.last().and_then(name),
        })
    }

    /// The object that is a part.
    pub fn segment_url(&self, number: u16) -> String {
        self.store.url_of(&self.path_of(number))
    }

    /// Its decoded path.
    pub fn path_of(&self, number: u16) -> String {
        format!("/v1/{}{}", self.store.account, self.segment_path(number))
    }

    /// Where the manifest is sent.
    pub fn put_manifest_url(&self) -> String {
        self.object_url("put")
    }

    /// Where the manifest is read.
    pub fn get_manifest_url(&self) -> String {
        self.object_url("get")
    }

    /// The manifest of these parts.
    pub fn manifest(&self, parts: &[Part]) -> String {
        let segment = |part: &Part| {
            json!({
                "path": self.segment_path(part.number),
                "etag": part.etag.trim_matches('"'),
                "size_bytes": part.size,
            })
        };
        json!(parts.iter().map(segment).collect::<Vec<_>>()).to_string()
    }

    /// Whether a manifest names segments of this upload. Swift gives it back in words of its own.
    pub fn is_in(&self, manifest: &str) -> bool {
        let Ok(Json::Array(segments)) = Json::parse(manifest) else { return false };
        let own = format!("/{}/{}", self.segments.container, self.prefix());
        let name = |segment: &Json| segment.get("name").and_then(Json::as_str).map(str::to_owned);
        segments.iter().filter_map(name).any(|name| name.starts_with(&own))
    }

    fn prefix(&self) -> String {
        format!("{}/{}/", self.key, self.upload_id)
    }

    fn segment_path(&self, number: u16) -> String {
        format!("/{}/{}{number:08}", self.segments.container, self.prefix())
    }

    fn object_url(&self, manifest: &str) -> String {
        let url = self.url(self.container, &format!("/{}", self.key));
        format!("{url}?multipart-manifest={manifest}")
    }

    fn url(&self, container: &Bucket, rest: &str) -> String {
        self.store.url_of(&format!("/v1/{}/{container}{rest}", self.store.account))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::crypto::Hash;
    use crate::endpoint::Endpoint;
    use crate::store::SwiftCredentials;

    const ID: &str = "000102030405060708090a0b0c0d0e0f";

    fn with<T>(key: &str, what: impl FnOnce(LargeObject<'_>) -> T) -> T {
        let endpoint = Endpoint::parse("https://swift.example").unwrap();
        let store = SwiftStore {
            name: "old".to_owned(),
            endpoint: endpoint.clone(),
            account: "AUTH_shop".to_owned(),
            keys: vec![Secret::new("key")],
            digest: Hash::Sha256,
            timeout: Duration::from_secs(1),
        };
        let credentials = SwiftCredentials::V1 { user: Secret::new("u"), key: Secret::new("k") };
        let segments = Segments {
            container: Bucket::container("media_segments").unwrap(),
            auth: SwiftAuth { endpoint, path: "/auth/v1.0".to_owned(), credentials },
        };
        let (container, key) = (Bucket::container("media").unwrap(), ObjectKey::new(key).unwrap());
        let (store, segments, container, key) = (&store, &segments, &container, &key);
        what(LargeObject { store, segments, container, key, upload_id: ID })
    }

    #[test]
    fn urls_are_encoded() {
        with("users/é b/?", |large| {
            let at = "https://swift.example/v1/AUTH_shop";
            let name = format!("users/%C3%A9%20b/%3F/{ID}/00000007");
            assert_eq!(large.container_url(), format!("{at}/media_segments"));
            assert_eq!(large.segment_url(7), format!("{at}/media_segments/{name}"));
            let part = large.part_url(7, UnixTime::from_secs(9)).unwrap().into_exposed();
            assert!(
                part.starts_with(&format!("{at}/media_segments/{name}?temp_url_sig=")),
                "{part}"
            );
            let prefix = format!("users%2F%C3%A9%20b%2F%3F%2F{ID}%2F");
            let listing = format!("{at}/media_segments?format=json&prefix={prefix}");
            assert_eq!(large.listing_url(None), listing);
            assert_eq!(large.listing_url(Some("a/&")), format!("{listing}&marker=a%2F%26"));
            let object = format!("{at}/media/users/%C3%A9%20b/%3F?multipart-manifest");
            assert_eq!(large.put_manifest_url(), format!("{object}=put"));
            assert_eq!(large.get_manifest_url(), format!("{object}=get"));
        });
    }

    #[test]
    fn a_listing_has_parts_of_this_upload_alone() {
        with("a", |large| {
            let entry = |name: &str| json!({ "name": name, "bytes": 5, "hash": "e" });
            let own = |rest: &str| entry(&format!("a/{ID}/{rest}"));
            let page = json!([
                own("00000001"),
                own("00001000"),
                own("1"),
                own("+0000001"),
                own("0000000a"),
                own("00070000"),
                // The segments of a key that begins as this one's do.
                own(&format!("{ID}/00000002")),
                entry("b/00000003"),
                { "subdir": "a/" },
                own("last"),
            ]);
            let page = large.read_page(&page.to_string()).unwrap();
            let part = |number| Part { number, size: 5, etag: "\"e\"".to_owned() };
            assert_eq!(page.parts, [part(1), part(1000)]);
            assert_eq!(page.last, Some(format!("a/{ID}/last")));
            assert_eq!(large.read_page("[]"), Some(Page { parts: Vec::new(), last: None }));
            for wrong in ["", "{}", "<html>"] {
                assert_eq!(large.read_page(wrong), None, "{wrong}");
            }
        });
    }

    #[test]
    fn a_manifest_names_its_segments() {
        with("a \"b\"", |large| {
            let parts = [Part { number: 2, size: 5, etag: "\"e\"".to_owned() }];
            let manifest: serde_json::Value =
                serde_json::from_str(&large.manifest(&parts)).unwrap();
            let path = format!("/media_segments/a \"b\"/{ID}/00000002");
            assert_eq!(manifest, json!([{ "path": path, "etag": "e", "size_bytes": 5 }]));
            // As Swift tells it.
            let said = |path: &str| json!([{ "name": path, "hash": "e", "bytes": 5 }]).to_string();
            assert!(large.is_in(&said(&path)));
            for other in [
                path.replace(ID, "ffffffffffffffffffffffffffffffff"),
                path.replace("media_segments", "media"),
                path.trim_start_matches('/').to_owned(),
            ] {
                assert!(!large.is_in(&said(&other)), "{other}");
            }
            assert!(!large.is_in("") && !large.is_in("{}") && !large.is_in("[]"));
        });
    }

    #[test]
    fn a_segment_has_a_longer_name_than_its_object() {
        let key = |length| ObjectKey::new("a".repeat(length)).unwrap();
        assert_eq!(check_key(&key(982)), Ok(()));
        let UploadError::Order { problem } = check_key(&key(983)).unwrap_err() else { panic!() };
        assert!(
            problem.ends_with("the key has 1025 bytes; at most 1024 are allowed."),
            "{problem}"
        );
    }
}
