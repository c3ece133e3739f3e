//! Upload rules: who may store what, where, and for how long the permission lasts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::cors::Cors;
use crate::crypto::hmac_sha256;
use crate::endpoint::Endpoint;
use crate::object::{Bucket, ObjectKey};
use crate::secret::Secret;
use crate::sigv4::{Credentials, ExpiresIn};
use crate::store::Store;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::checksum::ChecksumAlgorithm;
use crate::upload::content_type::ContentTypes;
use crate::upload::key_template::{Filling, KeyTemplate};
use crate::upload::kind::Kind;
use crate::upload::notice::Notify;
use crate::upload::order::Order;
use crate::upload::segments::{self, Segments};
use crate::upload::stored_as::{Provenance, StoredAs};
use crate::upload::uploader::{Uploader, Uploaders};

/// The most that one PUT can store: 5 GiB.
pub const MAX_PUT_SIZE: u64 = 5 * 1024 * 1024 * 1024;

/// How the object is read afterwards: by a URL that the edge accepts.
#[derive(Clone, Debug)]
pub struct ReadTicket {
    /// Where the edge is.
    pub url: Endpoint,
    /// The key that signs for every owner.
    pub credentials: Credentials,
    /// The region of its scope.
    pub region: String,
    /// How long the URL lives.
    pub expires_in: ExpiresIn,
}

/// Where a rule's route has its objects.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The store.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// What keys begin with: empty, or a prefix that ends with `/`.
    pub location: String,
    /// What stands in its place in the paths by which objects are read.
    pub prefix: String,
    /// Where parts are until they are put together, and after; none where the store itself knows
    /// of uploads in parts, or there are none.
    pub segments: Option<Arc<Segments>>,
}

impl Destination {
    /// The decoded path by which an object is read; none when it is at another location.
    pub(crate) fn read_path(&self, key: &ObjectKey) -> Option<String> {
        let rest = key.as_str().strip_prefix(&self.location)?;
        Some(format!("{}{rest}", self.prefix))
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct UploadRule {
    /// Its name in the policy.
    pub name: String,
    /// Where objects go, and where they are read.
    pub destination: Destination,
    /// Who may upload by it.
    pub who: Uploaders,
    /// How files may be sent; in the first way when nobody says.
    pub kinds: Vec<Kind>,
    /// Which keys they get, location and all.
    pub key: KeyTemplate,
    /// What it may be.
    pub content_types: ContentTypes,
    /// How large it may be, in bytes.
    pub size: RangeInclusive<u64>,
    /// The checksums one of which has to be announced; none has to be when there are none.
    pub checksums: Vec<ChecksumAlgorithm>,
    /// Whether a store is to refuse a file where there is one by its key.
    pub create_only: bool,
    /// What it is stored as.
    pub stored_as: StoredAs,
    /// How large the parts of a multipart upload are, in bytes, unless there would be too many.
    pub part_size: u64,
    /// Whether its first bytes have to be those of its type when it is confirmed.
    pub sniff: bool,
    /// How long the upload URL lives.
    pub expires_in: ExpiresIn,
    /// How it is read.
    pub read: ReadTicket,
    /// What upload ids are sealed with.
    pub seal_secret: Secret,
    /// Who is told of what was stored; nobody when absent.
    pub notify: Option<Notify>,
    /// Which origins' pages may ask.
    pub cors: Cors,
}

/// All rules.
#[derive(Clone, Debug, Default)]
pub struct UploadRules(BTreeMap<String, Arc<UploadRule>>);

impl UploadRules {
    /// Adds a rule.
    pub fn add(&mut self, rule: UploadRule) {
        self.0.insert(rule.name.clone(), Arc::new(rule));
    }

    /// Whether somebody who did not sign in may upload by one of them.
    pub fn admit_anyone(&self) -> bool {
        self.0.values().any(|rule| rule.who == Uploaders::Anyone)
    }

    /// The rules.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<UploadRule>> {
        self.0.values()
    }

    /// The rule of this name; without a name the only one, or the one named `default`.
    ///
    /// # Errors
    /// [`UploadError::Order`] when there is none.
    pub fn find(&self, name: Option<&str>) -> Result<&Arc<UploadRule>, UploadError> {
        let found = match name {
            Some(name) => self.0.get(name),
            None if self.0.len() == 1 => self.0.values().next(),
            None => self.0.get("default"),
        };
        found.ok_or_else(|| UploadError::Order {
            problem: match name {
                Some(name) => format!("There is no upload rule `{name}`."),
                None => "`rule` must name an upload rule.".to_owned(),
            },
        })
    }
}

/// What of an object's name is not up to the client.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// The time.
    pub now: UnixTime,
    /// Must not be guessable, and never given twice.
    pub random: [u8; 16],
}

impl Naming {
    /// As many as are wanted, this one first.
    pub(crate) fn several(self) -> impl Iterator<Item = Self> {
        (0_u32..).map(move |number| {
            if number == 0 {
                return self;
            }
            let derived = hmac_sha256(&self.random, &[&number.to_be_bytes()]);
            let mut random = [0; 16];
            for (byte, derived) in random.iter_mut().zip(derived) {
                *byte = derived;
            }
            Self { random, ..self }
        })
    }
}

/// Proof that somebody may store an object: made by [`UploadRule::admit`] alone.
///
/// ```
/// # use cloakroom_core::{object::ObjectKey, upload::order::Order};
/// # use cloakroom_core::upload::rule::{Admitted, Naming, UploadRule};
/// # use cloakroom_core::upload::uploader::Uploader;
/// fn admit(rule: &UploadRule, who: Uploader, order: Order, naming: Naming) -> Option<ObjectKey> {
///     let admitted: Admitted<'_> = rule.admit(who, order, naming).ok()?;
///     Some(admitted.key().clone())
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{object::ObjectKey, upload::{kind::Kind, order::Order}};
/// # use cloakroom_core::upload::{rule::{Admitted, UploadRule}, uploader::Uploader};
/// # fn forge(rule: &UploadRule, order: Order, key: ObjectKey) -> Admitted<'_> {
/// Admitted { rule, kind: Kind::Put, order, key, uploader: Uploader::Anonymous }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Admitted<'p> {
    rule: &'p UploadRule,
    kind: Kind,
    order: Order,
    key: ObjectKey,
    uploader: Uploader,
}

impl UploadRule {
    /// Decides about an order, and names the object.
    ///
    /// # Errors
    /// [`UploadError::NotAllowed`] and [`UploadError::Order`] say what would be right.
    pub fn admit(
        &self,
        uploader: Uploader,
        order: Order,
        naming: Naming,
    ) -> Result<Admitted<'_>, UploadError> {
        self.who.admit(&uploader)?;
        let kind = self.kind_of(&order)?;
        if !self.content_types.allow(&order.content_type) {
            return not_allowed(format!(
                "Files of type `{}` are not taken here; these are: {}.",
                order.content_type, self.content_types
            ));
        }
        self.check_size(&order, kind)?;
        self.check_checksum(&order, kind)?;
        let key = self.name(&uploader, &order.filename, naming)?;
        if kind == Kind::Form {
            self.check_form(&order, &key)?;
        }
        if kind == Kind::Multipart && self.destination.segments.is_some() {
            segments::check_key(&key)?;
        }
        Ok(Admitted { rule: self, kind, order, key, uploader })
    }

    /// The key that a file gets.
    ///
    /// # Errors
    /// [`UploadError`] when it may not be uploaded whatever it is, or cannot be named so.
    pub fn name(
        &self,
        uploader: &Uploader,
        filename: &str,
        naming: Naming,
    ) -> Result<ObjectKey, UploadError> {
        self.who.admit(uploader)?;
        let filling = Filling {
            // INVARIANT: a rule that lets anyone in does not name principals.
            principal: uploader.user().unwrap_or("anonymous"),
            now: naming.now,
            random: naming.random,
            filename,
        };
        self.key.fill(filling).map_err(|why| UploadError::Order { problem: why.to_string() })
    }

    fn kind_of(&self, order: &Order) -> Result<Kind, UploadError> {
        let kind = order.kind.or_else(|| self.kinds.first().copied()).unwrap_or(Kind::Put);
        if self.kinds.contains(&kind) {
            return Ok(kind);
        }
        let kinds: Vec<_> = self.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        not_allowed(format!(
            "Files are not taken by `{kind}` here; `kind` may be {}.",
            kinds.join(", ")
        ))
    }

    fn check_size(&self, order: &Order, kind: Kind) -> Result<(), UploadError> {
        match order.size {
            Some(size) if !self.size.contains(&size) => not_allowed(format!(
                "The file has {size} bytes; from {} to {} are allowed.",
                self.size.start(),
                self.size.end()
            )),
            Some(size) if kind == Kind::Put && size > MAX_PUT_SIZE => not_allowed(format!(
                "The file has {size} bytes; one PUT takes up to {MAX_PUT_SIZE}."
            )),
            // Its length is signed.
            None if kind == Kind::Put => Err(UploadError::Order {
                problem: "`size` must be the file's size in bytes, a whole number from 0."
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses what a form would not say as it was ordered.
    fn check_form(&self, order: &Order, key: &ObjectKey) -> Result<(), UploadError> {
        // S3 puts the browser's name of the file in its place.
        const FILLED_IN: &str = "${filename}";
        let problem = match &self.destination.store {
            // The browser's name of the file is the end of the object's, and browsers write `"` as
            // `%22` there (HTML, *Multipart form data*).
            Store::Swift(_) if order.filename.contains('"') => {
                "`filename` must not hold `\"`, which a form cannot say."
            }
            Store::Swift(_) | Store::R2(_) => return Ok(()),
            Store::S3(_) if key.as_str().contains(FILLED_IN) => {
                "`filename` must not hold `${filename}`, which a form would replace."
            }
            Store::S3(_) if order.content_type.as_str().contains(FILLED_IN) => {
                "`content_type` must not hold `${filename}`, which a form would replace."
            }
            Store::S3(_) => return Ok(()),
        };
        Err(UploadError::Order { problem: problem.to_owned() })
    }

    fn check_checksum(&self, order: &Order, kind: Kind) -> Result<(), UploadError> {
        let needed = || {
            let fields: Vec<_> =
                self.checksums.iter().map(|known| format!("`{}`", known.field())).collect();
            fields.join(" or ")
        };
        let problem = match &order.checksum {
            Some(_) if kind != Kind::Put => {
                format!(
                    "A store does not compare a checksum of a file sent by `{kind}`; leave it out."
                )
            }
            _ if self.checksums.is_empty() => return Ok(()),
            None if kind == Kind::Put => format!("A checksum is needed: {}.", needed()),
            Some(checksum) if !self.checksums.contains(&checksum.algorithm) => {
                format!("Another checksum is needed: {}.", needed())
            }
            _ => return Ok(()),
        };
        Err(UploadError::Order { problem })
    }
}

impl<'p> Admitted<'p> {
    /// The rule that allows it.
    pub fn rule(&self) -> &'p UploadRule {
        self.rule
    }

    /// How the file is to be sent.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What was asked for.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The key of the object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Who uploads.
    pub fn uploader(&self) -> &Uploader {
        &self.uploader
    }

    /// Of whom and of what the object is.
    pub(crate) fn provenance(&self) -> Provenance<'_> {
        Provenance {
            principal: self.uploader.user().unwrap_or("anonymous"),
            filename: &self.order.filename,
        }
    }
}

fn not_allowed<T>(problem: String) -> Result<T, UploadError> {
    Err(UploadError::NotAllowed { problem })
}
