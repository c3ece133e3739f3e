//! Uppy's `signRequest` of `@uppy/aws-s3` 6: the URL of one step, asked for before each.
//!
//! | `POST /sign-request`, perhaps with `/{rule}` at its end | answer |
//! |---|---|
//! | `{method: "PUT", key, contentType}` | `{url, key, fields}`, a form |
//! | `{method: "POST", key}` | `{url, key}`, where an upload in parts is begun |
//! | `{method: "PUT", key, uploadId, partNumber}` | `{url}` of the part |
//! | `{method: "GET", key, uploadId}` | `{url}`, where the parts are listed |
//! | `{method: "POST", key, uploadId}` | `{url}`, where they are put together |
//! | `{method: "DELETE", key, uploadId}` | `{url}`, where they are thrown away |
//!
//! Of the first `key`, the last segment is the name of the file; the key that counts is the one in
//! the answer, and the later requests have it. A `DELETE` without an `uploadId` would delete an
//! object, and is refused.
//!
//! Source: `SignRequestFn` in the types of `@uppy/aws-s3` 6.3.

use serde_json::{Value, json};

use crate::json::Json;
use crate::upload::UploadError;
use crate::upload::kind::Kind;
use crate::upload::order::{
    MAX_LENGTH, Order, optional_string, problem, read_content_type, read_filename, read_object,
};

use super::api::{pairs, read_number};
use super::protocol::Ask;
use super::work::{Done, Way};

/// A step whose URL is wanted.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Create { rule: Option<String>, filename: String },
    List { id: String, key: String },
    Complete { id: String, key: String },
    Abort { id: String, key: String },
    Part { id: String, key: String, number: u16 },
}

/// What a request asks for.
pub(super) fn read<'r>(rule: Option<&str>, body: &[u8]) -> Result<Ask<'r>, UploadError> {
    let json = read_object(body, MAX_LENGTH)?;
    let string = |name| optional_string(&json, name);
    let (method, key, id) = (string("method")?, string("key")?, string("uploadId")?);
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return problem("`key` must be the key of the object.");
    };
    let filename = key.rsplit('/').next().map(str::to_owned);
    let rule = rule.map(str::to_owned);
    let part = json.get("partNumber").filter(|part| **part != Json::Null);
    let wanted = match (method.as_deref(), id, part) {
        (Some("PUT"), None, None) => {
            let order = Order {
                rule: rule.clone(),
                kind: Some(Kind::Form),
                filename: read_filename(filename)?,
                content_type: read_content_type(string("contentType")?.as_deref())?,
                size: None,
                checksum: None,
            };
            return Ok(Ask::Begin { rule, orders: vec![order] });
        }
        (Some("POST"), None, None) => Wanted::Create { rule, filename: read_filename(filename)? },
        (Some("PUT"), Some(id), Some(part)) => Wanted::Part { id, key, number: read_number(part)? },
        (Some("GET"), Some(id), None) => Wanted::List { id, key },
        (Some("POST"), Some(id), None) => Wanted::Complete { id, key },
        (Some("DELETE"), Some(id), None) => Wanted::Abort { id, key },
        (Some("DELETE"), None, _) => {
            return Err(UploadError::NotAllowed {
                problem: "Objects are not deleted here.".to_owned(),
            });
        }
        _ => {
            return problem(
                "`method`, `uploadId` and `partNumber` must be those of a step of an upload.",
            );
        }
    };
    Ok(Ask::SignStep(wanted))
}

/// The body that says what was signed.
pub(super) fn write(done: &Done) -> Value {
    match done {
        Done::Begun(begun) => match begun.first().map(|begun| (begun, &begun.way)) {
            Some((begun, Way::Form(form))) => json!({
                "url": form.url,
                "key": begun.receipt.key.as_str(),
                "fields": pairs(form.form.fields.iter().map(|(n, v)| (n.as_str(), v.expose()))),
                "id": begun.id,
            }),
            _ => json!({}),
        },
        Done::Parts { parts, .. } => {
            json!({ "url": parts.first().map(|part| part.url.expose()) })
        }
        Done::StepSigned { url, key } => match key {
            Some(key) => json!({ "url": url.expose(), "key": key.as_str() }),
            None => json!({ "url": url.expose() }),
        },
        Done::Listed(_) | Done::Stored { .. } | Done::Aborted => json!({}),
    }
}
