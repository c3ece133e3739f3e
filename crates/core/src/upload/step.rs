//! Steps of an upload that a URL alone allows: for clients that believe they talk to S3.
//!
//! Such a client asks the app for the URL of each step and goes there without a token. The URL of a
//! part is one of the store. The others are of the desk, which answers as S3 does, so that sizes are
//! added up and types are checked before anything is stored.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::json::Json;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::receipt::{Receipt, rule_of};
use crate::upload::rule::{Naming, UploadRule, UploadRules};
use crate::upload::seal::{Purpose, open, seal};
use crate::upload::uploader::Uploader;

/// How long a step may be taken after it was signed: a file is sent before it is completed.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// A step.
#[derive(Clone, Debug)]
pub enum Step {
    /// To begin an upload in parts, of a file of this name, as it was named then.
    Create {
        /// Who uploads.
        uploader: Uploader,
        /// The name of the file.
        filename: String,
        /// What its key is made of.
        naming: Naming,
    },
    /// To list the parts.
    ListParts(Receipt),
    /// To put the parts together.
    Complete(Receipt),
    /// To throw the parts away.
    Abort(Receipt),
}

impl Step {
    /// The sealed step, for a URL.
    pub fn seal(&self, rule: &UploadRule, now: UnixTime) -> String {
        let (name, mut json) = match self {
            Self::Create { uploader, filename, naming } => (
                "create",
                json!({
                    "rule": rule.name,
                    "principal": uploader.user(),
                    "filename": filename,
                    "random": hex::encode(naming.random),
                    "named_at": naming.now.as_secs(),
                }),
            ),
            Self::ListParts(receipt) => ("list", receipt.to_json()),
            Self::Complete(receipt) => ("complete", receipt.to_json()),
            Self::Abort(receipt) => ("abort", receipt.to_json()),
        };
        if let Some(fields) = json.as_object_mut() {
            fields.insert("step".to_owned(), json!(name));
            fields.insert("step_until".to_owned(), json!(now.saturating_add(LIFETIME).as_secs()));
        }
        seal(Purpose::Step, &rule.seal_secret, &json)
    }

    /// Opens a sealed step.
    ///
    /// # Errors
    /// [`UploadError::UnknownUpload`] when it is forged, and [`UploadError::TooLate`].
    pub fn unseal<'r>(
        text: &str,
        rules: &'r UploadRules,
        now: UnixTime,
    ) -> Result<(&'r Arc<UploadRule>, Self), UploadError> {
        let (rule, step, until) = Self::open(text, rules).ok_or(UploadError::UnknownUpload)?;
        if now > until { Err(UploadError::TooLate) } else { Ok((rule, step)) }
    }

    fn open<'r>(
        text: &str,
        rules: &'r UploadRules,
    ) -> Option<(&'r Arc<UploadRule>, Self, UnixTime)> {
        let json = open(Purpose::Step, text, |json| Some(&rule_of(json, rules)?.seal_secret))?;
        let rule = rule_of(&json, rules)?;
        let step = match json.get("step")?.as_str()? {
            "create" => read_create(&json)?,
            "list" => Self::ListParts(Receipt::from_json(&json, rule)?),
            "complete" => Self::Complete(Receipt::from_json(&json, rule)?),
            "abort" => Self::Abort(Receipt::from_json(&json, rule)?),
            _ => return None,
        };
        Some((rule, step, UnixTime::from_secs(json.get("step_until")?.as_u64()?)))
    }
}

fn read_create(json: &Json) -> Option<Step> {
    let string = |name| json.get(name).and_then(Json::as_str);
    let mut random = [0; 16];
    hex::decode_to_slice(string("random")?, &mut random).ok()?;
    let now = UnixTime::from_secs(json.get("named_at")?.as_u64()?);
    Some(Step::Create {
        uploader: match string("principal") {
            Some(user) => Uploader::User(user.to_owned()),
            None => Uploader::Anonymous,
        },
        filename: string("filename")?.to_owned(),
        naming: Naming { now, random },
    })
}
