//! What a client asks for: `POST /uploads`.
//!
//! ```json
//! {"filename": "harbour.jpg", "content_type": "image/jpeg", "size": 123456,
//!  "checksum_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "rule": "media"}
//! ```

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::json::Json;
use crate::upload::UploadError;
use crate::upload::content_type::{self, ContentType};

/// The longest order that is read, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// An order that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The rule it asks for; the only one, or the one named `default`, when absent.
    pub rule: Option<String>,
    /// The name of the file.
    pub filename: String,
    /// Its type; `application/octet-stream` when absent or empty, as browsers leave it.
    pub content_type: ContentType,
    /// Its exact size in bytes.
    pub size: u64,
    /// The base64 of its SHA-256, when the client computed it.
    pub checksum_sha256: Option<String>,
}

impl Order {
    /// Reads an order.
    ///
    /// # Errors
    /// [`UploadError::Order`] names the field and says what would be right.
    pub fn parse(body: &[u8]) -> Result<Self, UploadError> {
        if body.len() > MAX_LENGTH {
            return problem(format!("The order is longer than {MAX_LENGTH} bytes."));
        }
        let text = str::from_utf8(body).or_else(|_| problem("The body must be UTF-8."))?;
        let json =
            Json::parse(text).or_else(|why| problem(format!("The body must be JSON: {why}.")))?;
        let Json::Object(fields) = &json else {
            return problem("The body must be a JSON object.");
        };
        const KNOWN: [&str; 5] = ["filename", "content_type", "size", "checksum_sha256", "rule"];
        if let Some((name, _)) = fields.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
            return problem(format!(
                "There is no field `{name}`; the fields are {}.",
                KNOWN.map(|known| format!("`{known}`")).join(", ")
            ));
        }
        let Some(filename) = optional_string(&json, "filename")?.filter(|name| !name.is_empty())
        else {
            return problem("`filename` must be the name of the file.");
        };
        let content_type = optional_string(&json, "content_type")?.filter(|text| !text.is_empty());
        let content_type = content_type.unwrap_or_else(|| content_type::UNKNOWN.to_owned());
        let Some(content_type) = ContentType::parse(&content_type) else {
            return problem("`content_type` must be a type such as `image/jpeg`.");
        };
        let Some(size) = json.get("size").and_then(Json::as_u64) else {
            return problem("`size` must be the file's size in bytes, a whole number from 0.");
        };
        let checksum_sha256 = optional_string(&json, "checksum_sha256")?;
        let is_sha256 = |text: &String| BASE64_STANDARD.decode(text).is_ok_and(|b| b.len() == 32);
        if !checksum_sha256.as_ref().is_none_or(is_sha256) {
            return problem("`checksum_sha256` must be the base64 of 32 bytes.");
        }
        let rule = optional_string(&json, "rule")?;
        Ok(Self { rule, filename, content_type, size, checksum_sha256 })
    }
}

fn optional_string(json: &Json, name: &str) -> Result<Option<String>, UploadError> {
    match json.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(other) => problem(format!("`{name}` must be a string, not {}.", other.kind())),
    }
}

fn problem<T>(problem: impl Into<String>) -> Result<T, UploadError> {
    Err(UploadError::Order { problem: problem.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        let order =
            Order::parse(br#"{"filename": "a b.jpg", "content_type": "", "size": 0}"#).unwrap();
        assert_eq!(order.content_type.as_str(), "application/octet-stream");
        assert_eq!((order.filename.as_str(), order.size, order.rule), ("a b.jpg", 0, None));
    }

    #[test]
    fn says_which_field_is_wrong() {
        for (body, why) in [
            ("", "must be JSON"),
            ("[]", "must be a JSON object"),
            (r#"{"size": 1}"#, "`filename` must be"),
            (r#"{"filename": "", "size": 1}"#, "`filename` must be"),
            (r#"{"filename": 7, "size": 1}"#, "`filename` must be a string, not a number"),
            (r#"{"filename": "a"}"#, "`size` must be"),
            (r#"{"filename": "a", "size": -1}"#, "`size` must be"),
            (r#"{"filename": "a", "size": 1.5}"#, "`size` must be"),
            (r#"{"filename": "a", "size": "1"}"#, "`size` must be"),
            (r#"{"filename": "a", "size": 1, "size": 2}"#, "`size` is given twice"),
            (r#"{"filename": "a", "size": 1, "content_type": "image"}"#, "`content_type` must be"),
            (
                r#"{"filename": "a", "size": 1, "checksum_sha256": "AAAA"}"#,
                "`checksum_sha256` must be",
            ),
            (r#"{"filename": "a", "size": 1, "acl": "public-read"}"#, "no field `acl`"),
        ] {
            match Order::parse(body.as_bytes()) {
                Err(UploadError::Order { problem }) => {
                    assert!(problem.contains(why), "{body}: {problem}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}
