//! Receipts: what was agreed upon when an upload was signed. An upload id is a sealed receipt.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::json::Json;
use crate::object::ObjectKey;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::checksum::{Checksum, ChecksumAlgorithm};
use crate::upload::content_type::ContentType;
use crate::upload::kind::Kind;
use crate::upload::multipart::Multipart;
use crate::upload::rule::{Admitted, UploadRule, UploadRules};
use crate::upload::seal::{Purpose, open, seal};
use crate::upload::uploader::Uploader;

/// How long an upload can be confirmed: one day.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// What was agreed upon when the upload was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The rule.
    pub rule: String,
    /// The user; none when nobody signed in.
    pub principal: Option<String>,
    /// The key of the object.
    pub key: ObjectKey,
    /// Its type.
    pub content_type: ContentType,
    /// Its size in bytes, when it was announced.
    pub size: Option<u64>,
    /// Its checksum, when the store was told to compare it.
    pub checksum: Option<Checksum>,
    /// What the store knows it by, while it is sent in parts.
    pub multipart: Option<Multipart>,
    /// The name of the file, where the store is told of it when the parts are put together.
    pub filename: Option<String>,
    /// Until when it can be confirmed.
    pub until: UnixTime,
}

impl Receipt {
    /// The receipt for an upload that was admitted at the time `now`, and begun as `multipart`.
    pub fn new(admitted: &Admitted<'_>, multipart: Option<Multipart>, now: UnixTime) -> Self {
        Self {
            rule: admitted.rule().name.clone(),
            principal: admitted.uploader().user().map(str::to_owned),
            key: admitted.key().clone(),
            content_type: admitted.order().content_type.clone(),
            size: admitted.order().size,
            checksum: admitted.order().checksum.clone(),
            multipart,
            filename: (admitted.kind() == Kind::Multipart
                && admitted.rule().destination.segments.is_some())
            .then(|| admitted.order().filename.clone()),
            until: now.saturating_add(LIFETIME),
        }
    }

    /// The sizes that the object may have.
    pub fn sizes(&self, rule: &UploadRule) -> RangeInclusive<u64> {
        self.size.map_or_else(|| rule.size.clone(), |size| size..=size)
    }

    /// The id.
    pub fn seal(&self, secret: &Secret) -> String {
        seal(Purpose::Upload, secret, &self.to_json())
    }

    pub(super) fn to_json(&self) -> Value {
        let checksum = self.checksum.as_ref().map(|it| (it.algorithm.as_str(), it.value.as_str()));
        let multipart = self.multipart.as_ref().map(|it| (it.upload_id.as_str(), it.part_size));
        json!({
            "rule": self.rule,
            "principal": self.principal,
            "key": self.key.as_str(),
            "content_type": self.content_type.as_str(),
            "size": self.size,
            "checksum": checksum,
            "multipart": multipart,
            "filename": self.filename,
            "until": self.until.as_secs(),
        })
    }

    /// Opens an id that `uploader` shows at the time `now`.
    ///
    /// # Errors
    /// [`UploadError::UnknownUpload`] alike for a forged id and for another user's.
    pub fn unseal<'r>(
        id: &str,
        uploader: &Uploader,
        rules: &'r UploadRules,
        now: UnixTime,
    ) -> Result<(&'r Arc<UploadRule>, Self), UploadError> {
        let opened = Self::open(id, rules)
            .filter(|(_, receipt)| receipt.principal.as_deref() == uploader.user());
        let (rule, receipt) = opened.ok_or(UploadError::UnknownUpload)?;
        if now > receipt.until { Err(UploadError::TooLate) } else { Ok((rule, receipt)) }
    }

    fn open<'r>(id: &str, rules: &'r UploadRules) -> Option<(&'r Arc<UploadRule>, Self)> {
        let json = open(Purpose::Upload, id, |json| Some(&rule_of(json, rules)?.seal_secret))?;
        let rule = rule_of(&json, rules)?;
        Some((rule, Self::from_json(&json, rule)?))
    }

    pub(super) fn from_json(json: &Json, rule: &UploadRule) -> Option<Self> {
        let string = |name| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let key = ObjectKey::new(string("key")?).ok()?;
        // A policy with another location has come since.
        rule.destination.read_path(&key)?;
        let size = json.get("size").and_then(Json::as_u64);
        Some(Self {
            rule: rule.name.clone(),
            principal: string("principal"),
            key,
            content_type: ContentType::parse(&string("content_type")?)?,
            size,
            checksum: json.get("checksum").and_then(read_checksum),
            multipart: json.get("multipart").and_then(|it| read_multipart(it, size)),
            filename: string("filename"),
            until: UnixTime::from_secs(json.get("until")?.as_u64()?),
        })
    }
}

/// The rule that a sealed text is of.
pub(super) fn rule_of<'r>(json: &Json, rules: &'r UploadRules) -> Option<&'r Arc<UploadRule>> {
    rules.find(Some(json.get("rule")?.as_str()?)).ok()
}

fn read_checksum(json: &Json) -> Option<Checksum> {
    let Json::Array(pair) = json else { return None };
    let [Json::String(name), Json::String(value)] = pair.as_slice() else { return None };
    let (_, algorithm) = ChecksumAlgorithm::ALL.into_iter().find(|(known, _)| known == name)?;
    Checksum::parse(algorithm, value)
}

fn read_multipart(json: &Json, size: Option<u64>) -> Option<Multipart> {
    let Json::Array(pair) = json else { return None };
    let [Json::String(upload_id), Json::Unsigned(part_size)] = pair.as_slice() else { return None };
    Some(Multipart { upload_id: upload_id.clone(), part_size: *part_size, size })
}
