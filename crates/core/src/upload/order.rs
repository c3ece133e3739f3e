//! What a client asks for: `POST /uploads`.
//!
//! ```json
//! {"filename": "harbour.jpg", "content_type": "image/jpeg", "size": 123456, "kind": "put",
//!  "checksum_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "rule": "media"}
//! ```

use crate::json::Json;
use crate::upload::UploadError;
use crate::upload::checksum::{Checksum, ChecksumAlgorithm};
use crate::upload::content_type::{self, ContentType};
use crate::upload::kind::Kind;

/// The longest order that is read, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// An order that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The rule it asks for; the only one, or the one named `default`, when absent.
    pub rule: Option<String>,
    /// How the file is to be sent; in the rule's first way when absent.
    pub kind: Option<Kind>,
    /// The name of the file.
    pub filename: String,
    /// Its type; `application/octet-stream` when absent or empty, as browsers leave it.
    pub content_type: ContentType,
    /// Its exact size in bytes, when the client knows it.
    pub size: Option<u64>,
    /// Its checksum, when the client computed one.
    pub checksum: Option<Checksum>,
}

impl Order {
    /// Reads an order.
    ///
    /// # Errors
    /// [`UploadError::Order`] names the field and says what would be right.
    pub fn parse(body: &[u8]) -> Result<Self, UploadError> {
        let json = read_object(body, MAX_LENGTH)?;
        let mut known = vec!["filename", "content_type", "size", "rule", "kind"];
        known.extend(ChecksumAlgorithm::ALL.map(|(_, algorithm)| algorithm.field()));
        refuse_unknown(&json, &known)?;
        let kind = match optional_string(&json, "kind")? {
            None => None,
            Some(name) => Some(Kind::parse(&name).ok_or_else(|| UploadError::Order {
                problem: "`kind` must be `put`, `form` or `multipart`.".to_owned(),
            })?),
        };
        let size = match json.get("size") {
            None | Some(Json::Null) => None,
            Some(size) => {
                Some(
                    size.as_u64().ok_or_else(|| UploadError::Order {
                        problem: "`size` must be the file's size in bytes, a whole number from 0."
                            .to_owned(),
                    })?,
                )
            }
        };
        Ok(Self {
            rule: optional_string(&json, "rule")?,
            kind,
            filename: read_filename(optional_string(&json, "filename")?)?,
            content_type: read_content_type(optional_string(&json, "content_type")?.as_deref())?,
            size,
            checksum: read_checksum(&json)?,
        })
    }
}

/// The name of a file, which has to be there.
pub(crate) fn read_filename(name: Option<String>) -> Result<String, UploadError> {
    match name {
        Some(name) if !name.is_empty() => Ok(name),
        _ => problem("`filename` must be the name of the file."),
    }
}

/// A type; one that is absent or empty is not known.
pub(crate) fn read_content_type(text: Option<&str>) -> Result<ContentType, UploadError> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or(content_type::UNKNOWN);
    ContentType::parse(text).ok_or_else(|| UploadError::Order {
        problem: "`content_type` must be a type such as `image/jpeg`.".to_owned(),
    })
}

fn read_checksum(json: &Json) -> Result<Option<Checksum>, UploadError> {
    let mut checksum = None;
    for (_, algorithm) in ChecksumAlgorithm::ALL {
        let field = algorithm.field();
        let Some(text) = optional_string(json, field)? else { continue };
        let Some(read) = Checksum::parse(algorithm, &text) else {
            return problem(format!(
                "`{field}` must be the base64 of {} bytes.",
                algorithm.length()
            ));
        };
        if checksum.replace(read).is_some() {
            return problem("Give one checksum only; a store compares one.");
        }
    }
    Ok(checksum)
}

/// The JSON object that a body is.
pub(crate) fn read_object(body: &[u8], max_length: usize) -> Result<Json, UploadError> {
    if body.len() > max_length {
        return problem(format!("The body is longer than {max_length} bytes."));
    }
    let text = str::from_utf8(body).or_else(|_| problem("The body must be UTF-8."))?;
    match Json::parse(text) {
        Ok(json @ Json::Object(_)) => Ok(json),
        Ok(_) => problem("The body must be a JSON object."),
        Err(why) => problem(format!("The body must be JSON: {why}.")),
    }
}

/// Refuses fields that nobody would read.
pub(crate) fn refuse_unknown(json: &Json, known: &[&str]) -> Result<(), UploadError> {
    json.refuse_unknown(known).or_else(problem)
}

/// A string, when it is there and not `null`.
pub(crate) fn optional_string(json: &Json, name: &str) -> Result<Option<String>, UploadError> {
    json.optional_string(name).or_else(problem)
}

pub(crate) fn problem<T>(problem: impl Into<String>) -> Result<T, UploadError> {
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
        assert_eq!(
            (order.filename.as_str(), order.size, order.rule, order.kind),
            ("a b.jpg", Some(0), None, None)
        );
        let order = Order::parse(br#"{"filename": "a", "kind": "form", "size": null}"#).unwrap();
        assert_eq!((order.size, order.kind), (None, Some(Kind::Form)));
        let order = Order::parse(br#"{"filename": "a", "checksum_crc32c": "AAAAAA=="}"#).unwrap();
        assert_eq!(order.checksum, Checksum::parse(ChecksumAlgorithm::Crc32c, "AAAAAA=="));
    }

    #[test]
    fn says_which_field_is_wrong() {
        for (body, why) in [
            ("", "must be JSON"),
            ("[]", "must be a JSON object"),
            (r#"{"size": 1}"#, "`filename` must be"),
            (r#"{"filename": "", "size": 1}"#, "`filename` must be"),
            (r#"{"filename": 7, "size": 1}"#, "`filename` must be a string, not a number"),
            (r#"{"filename": "a", "size": -1}"#, "`size` must be"),
            (r#"{"filename": "a", "size": 1.5}"#, "`size` must be"),
            (r#"{"filename": "a", "size": "1"}"#, "`size` must be"),
            (r#"{"filename": "a", "size": 1, "size": 2}"#, "`size` is given twice"),
            (r#"{"filename": "a", "size": 1, "content_type": "image"}"#, "`content_type` must be"),
            (r#"{"filename": "a", "kind": "PUT"}"#, "`kind` must be"),
            (r#"{"filename": "a", "checksum_sha256": "AAAA"}"#, "must be the base64 of 32 bytes"),
            (r#"{"filename": "a", "content_md5": "AAAA"}"#, "must be the base64 of 16 bytes"),
            (
                r#"{"filename": "a", "checksum_crc32c": "AAAAAA==", "content_md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}"#,
                "one checksum only",
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
