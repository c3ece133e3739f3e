//! Upload rules: who may store what, where, and for how long the permission lasts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::cors::Cors;
use crate::endpoint::Endpoint;
use crate::grant::{Dialect, Grant};
use crate::key::Principal;
use crate::object::{Bucket, ObjectKey};
use crate::secret::Secret;
use crate::sigv4::{Credentials, ExpiresIn};
use crate::store::S3Store;
use crate::upload::UploadError;
use crate::upload::content_type::ContentTypes;
use crate::upload::key_template::{Filling, KeyTemplate};
use crate::upload::order::Order;

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
    pub store: Arc<S3Store>,
    /// The bucket.
    pub bucket: Bucket,
    /// What keys begin with: empty, or a prefix that ends with `/`.
    pub location: String,
    /// What stands in its place in the paths by which objects are read.
    pub prefix: String,
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
    /// Which keys they get, location and all.
    pub key: KeyTemplate,
    /// What it may be.
    pub content_types: ContentTypes,
    /// How large it may be, in bytes.
    pub size: RangeInclusive<u64>,
    /// How long the upload URL lives.
    pub expires_in: ExpiresIn,
    /// How it is read.
    pub read: ReadTicket,
    /// What upload ids are sealed with.
    pub seal_secret: Secret,
    /// Which origins' pages may ask.
    pub cors: Cors,
}

/// All rules.
#[derive(Clone, Debug, Default)]
pub struct UploadRules(BTreeMap<String, UploadRule>);

impl UploadRules {
    /// Adds a rule.
    pub fn add(&mut self, rule: UploadRule) {
        self.0.insert(rule.name.clone(), rule);
    }

    /// The rules.
    pub fn iter(&self) -> impl Iterator<Item = &UploadRule> {
        self.0.values()
    }

    /// The rule of this name; without a name the only one, or the one named `default`.
    ///
    /// # Errors
    /// [`UploadError::Order`] when there is none.
    pub fn find(&self, name: Option<&str>) -> Result<&UploadRule, UploadError> {
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

/// Proof that a user may store an object: made by [`UploadRule::admit`] alone.
///
/// ```
/// # use cloakroom_core::{grant::Grant, object::ObjectKey};
/// # use cloakroom_core::upload::{order::Order, rule::{Admitted, UploadRule}};
/// fn admit(rule: &UploadRule, grant: &Grant<'_>, order: Order) -> Option<ObjectKey> {
///     let admitted: Admitted<'_> = rule.admit(grant, order, [0; 16]).ok()?;
///     Some(admitted.key().clone())
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{object::ObjectKey, upload::{order::Order, rule::{Admitted, UploadRule}}};
/// # fn forge(rule: &UploadRule, order: Order, key: ObjectKey) -> Admitted<'_> {
/// Admitted { rule, order, key, principal: "alice".to_owned() }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Admitted<'p> {
    rule: &'p UploadRule,
    order: Order,
    key: ObjectKey,
    principal: String,
}

/// The user that a grant proves.
///
/// # Errors
/// When nobody signed in, or the credential is not a user's token. A signature over a request
/// covers a body's hash at best, and the body is what counts here.
pub fn user_of<'g>(grant: &'g Grant<'_>) -> Result<&'g str, UploadError> {
    match (grant.dialect(), grant.principal()) {
        (Dialect::Anonymous, _) => Err(UploadError::SignIn),
        (Dialect::JwtBearer, Principal::User(user)) => Ok(user),
        _ => Err(UploadError::NotAUser),
    }
}

impl UploadRule {
    /// Decides about an order, and names the object. `random` must not be guessable.
    ///
    /// # Errors
    /// [`UploadError::NotAllowed`] and [`UploadError::Order`] say what would be right.
    pub fn admit(
        &self,
        grant: &Grant<'_>,
        order: Order,
        random: [u8; 16],
    ) -> Result<Admitted<'_>, UploadError> {
        let user = user_of(grant)?;
        if !self.content_types.allow(&order.content_type) {
            return not_allowed(format!(
                "Files of type `{}` are not taken here; these are: {}.",
                order.content_type, self.content_types
            ));
        }
        if !self.size.contains(&order.size) {
            return not_allowed(format!(
                "The file has {} bytes; from {} to {} are allowed.",
                order.size,
                self.size.start(),
                self.size.end()
            ));
        }
        let filling = Filling { principal: user, random, filename: &order.filename };
        let key = self
            .key
            .fill(filling)
            .map_err(|why| UploadError::Order { problem: why.to_string() })?;
        Ok(Admitted { rule: self, principal: user.to_owned(), order, key })
    }
}

impl<'p> Admitted<'p> {
    /// The rule that allows it.
    pub fn rule(&self) -> &'p UploadRule {
        self.rule
    }

    /// What was asked for.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The key of the object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The user.
    pub fn principal(&self) -> &str {
        &self.principal
    }
}

fn not_allowed<T>(problem: String) -> Result<T, UploadError> {
    Err(UploadError::NotAllowed { problem })
}
