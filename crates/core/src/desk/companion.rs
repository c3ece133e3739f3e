//! Uppy's Companion protocol for S3, as its clients of versions 3 to 6 speak it.
//!
//! | request below `/companion`, `/companion/{rule}`, or either with `/t/{token}` | answer |
//! |---|---|
//! | `GET /s3/params?filename&type&metadata[k]=v` | `{method, url, fields, expires}` |
//! | `POST /s3/multipart` `{filename, type, metadata}` | `{key, uploadId, bucket}` |
//! | `GET /s3/multipart/{uploadId}?key` | `[{PartNumber, Size, ETag}]` |
//! | `GET /s3/multipart/{uploadId}/{partNumber}?key` | `{url, expires}` |
//! | `GET /s3/multipart/{uploadId}/batch?key&partNumbers=1,2` | `{presignedUrls}` |
//! | `POST /s3/multipart/{uploadId}/complete?key` `{parts: [{PartNumber, ETag}]}` | `{location, key, bucket}` |
//! | `DELETE /s3/multipart/{uploadId}?key` | `{}` |
//!
//! `uploadId` is the sealed id, so that nobody's upload is another's. What a client says as
//! `metadata` is not stored: what an object is stored as, the rule says. `GET /s3/sts` is not
//! served: temporary credentials would be a key to more than one upload.
//!
//! Source: *Companion* and *AWS S3* in the documentation of Uppy, and what `@uppy/aws-s3` 5.1 and
//! 6.3 send.

use serde_json::{Value, json};

use crate::encoding::decode;
use crate::rejection::Row;
use crate::request::{Method, Request};
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::kind::Kind;
use crate::upload::multipart::part_number;
use crate::upload::order::{
    MAX_LENGTH, Order, optional_string, problem, read_content_type, read_filename, read_object,
};
use crate::upload::rule::UploadRule;

use super::api::{MAX_PARTS_LENGTH, pairs, read_sent_parts};
use super::protocol::Ask;
use super::work::{Done, Way};

/// What an answer is, beyond what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The parts by their numbers.
    Batch,
    /// As the table has it.
    Plain,
}

/// What a request to a path below `/s3` asks for.
pub(super) fn read<'r>(
    request: &Request<'_>,
    rule: Option<&str>,
    path: &'r str,
    body: &[u8],
) -> Result<Result<(Ask<'r>, Form), UploadError>, &'static str> {
    let mut segments = path.split('/');
    let (first, id, step, end) =
        (segments.next(), segments.next(), segments.next(), segments.next());
    let method = request.method();
    if end.is_some() {
        return Ok(Err(UploadError::NoSuchPath));
    }
    let asked = match (first, id, step, method) {
        (Some("params"), None, None, Method::Get) => read_params(request, rule),
        (Some("params"), None, None, _) => return Err("GET, OPTIONS"),
        (Some("multipart"), None, None, Method::Post) => read_create(body, rule),
        (Some("multipart"), None, None, _) => return Err("POST, OPTIONS"),
        (Some("multipart"), Some(id), None, Method::Get) => {
            key_of(request).map(|key| Ask::ListParts { id, key })
        }
        (Some("multipart"), Some(id), None, Method::Delete) => {
            key_of(request).map(|key| Ask::Abort { id, key })
        }
        (Some("multipart"), Some(_), None, _) => return Err("GET, DELETE, OPTIONS"),
        (Some("multipart"), Some(id), Some("complete"), Method::Post) => {
            read_complete(request, id, body)
        }
        (Some("multipart"), Some(_), Some("complete"), _) => return Err("POST, OPTIONS"),
        (Some("multipart"), Some(id), Some("batch"), Method::Get) => {
            return Ok(read_batch(request, id).map(|ask| (ask, Form::Batch)));
        }
        (Some("multipart"), Some(id), Some(number), Method::Get) => {
            part_number(number).and_then(|number| {
                let key = key_of(request)?;
                Ok(Ask::SignParts { id, key, numbers: vec![number] })
            })
        }
        (Some("multipart"), Some(_), Some(_), _) => return Err("GET, OPTIONS"),
        _ => Err(UploadError::NoSuchPath),
    };
    Ok(asked.map(|ask| (ask, Form::Plain)))
}

fn read_params<'r>(request: &Request<'_>, rule: Option<&str>) -> Result<Ask<'r>, UploadError> {
    let content_type = parameter(request, "type")?;
    let order = Order {
        rule: rule.map(str::to_owned),
        kind: Some(Kind::Form),
        filename: read_filename(parameter(request, "filename")?)?,
        content_type: read_content_type(content_type.as_deref())?,
        size: None,
        checksum: None,
    };
    Ok(Ask::Begin { rule: order.rule.clone(), orders: vec![order] })
}

fn read_create<'r>(body: &[u8], rule: Option<&str>) -> Result<Ask<'r>, UploadError> {
    let json = read_object(body, MAX_LENGTH)?;
    let order = Order {
        rule: rule.map(str::to_owned),
        kind: Some(Kind::Multipart),
        filename: read_filename(optional_string(&json, "filename")?)?,
        content_type: read_content_type(optional_string(&json, "type")?.as_deref())?,
        size: None,
        checksum: None,
    };
    Ok(Ask::Begin { rule: order.rule.clone(), orders: vec![order] })
}

fn read_complete<'r>(
    request: &Request<'_>,
    id: &'r str,
    body: &[u8],
) -> Result<Ask<'r>, UploadError> {
    let json = read_object(body, MAX_PARTS_LENGTH)?;
    let Some(parts) = json.get("parts") else {
        return problem("`parts` must be a list of `{\"PartNumber\", \"ETag\"}`.");
    };
    let sent = Some(read_sent_parts(parts, ("PartNumber", "ETag"))?);
    Ok(Ask::Complete { id, key: key_of(request)?, sent })
}

fn read_batch<'r>(request: &Request<'_>, id: &'r str) -> Result<Ask<'r>, UploadError> {
    let numbers = parameter(request, "partNumbers")?.unwrap_or_default();
    let numbers = numbers.split(',').map(part_number).collect::<Result<_, _>>()?;
    Ok(Ask::SignParts { id, key: key_of(request)?, numbers })
}

/// The key that a client says the upload has, as it has to.
fn key_of(request: &Request<'_>) -> Result<Option<String>, UploadError> {
    match parameter(request, "key")? {
        Some(key) => Ok(Some(key)),
        None => problem("`key` must be the key that the upload was begun with."),
    }
}

/// A parameter of the query, in which `+` is a space, as forms have it.
fn parameter(request: &Request<'_>, name: &str) -> Result<Option<String>, UploadError> {
    let mut found = request.query().pairs().filter(|(known, _)| *known == name);
    let value = found.next().map(|(_, value)| value.replace('+', "%20"));
    if found.next().is_some() {
        return problem(format!("`{name}` is given twice."));
    }
    let read = |value: String| {
        let bytes = decode(&value).ok()?.into_owned();
        String::from_utf8(bytes).ok()
    };
    match value.map(read) {
        None => Ok(None),
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => problem(format!("`{name}` is not well encoded.")),
    }
}

/// The body that says what was done.
pub(super) fn write(done: &Done, form: Form, rule: &UploadRule, now: UnixTime) -> Value {
    let bucket = rule.destination.bucket.as_str();
    let expires = rule.expires_in.duration().as_secs();
    match done {
        Done::Begun(begun) => match begun.first().map(|begun| (begun, &begun.way)) {
            Some((begun, Way::Form(form))) => json!({
                "method": "POST",
                "url": form.url,
                "fields": pairs(form.form.fields.iter().map(|(n, v)| (n.as_str(), v.expose()))),
                "expires": expires,
                "id": begun.id,
            }),
            Some((begun, _)) => {
                json!({ "key": begun.receipt.key.as_str(), "uploadId": begun.id, "bucket": bucket })
            }
            None => json!({}),
        },
        Done::Parts { parts, .. } if form == Form::Batch => {
            let urls: serde_json::Map<_, _> = parts
                .iter()
                .map(|part| (part.number.to_string(), json!(part.url.expose())))
                .collect();
            json!({ "presignedUrls": urls })
        }
        Done::Parts { parts, .. } => {
            let url = parts.first().map(|part| part.url.expose());
            json!({ "url": url, "expires": expires })
        }
        Done::Listed(parts) => parts
            .iter()
            .map(|part| json!({ "PartNumber": part.number, "Size": part.size, "ETag": part.etag }))
            .collect(),
        Done::Stored { key, .. } => json!({
            "location": rule.read_url(key, now).expose(),
            "key": key.as_str(),
            "bucket": bucket,
        }),
        Done::StepSigned { .. } | Done::Aborted => json!({}),
    }
}

/// The body of a no, as clients of all versions read it.
pub(super) fn write_error(row: &Row) -> Value {
    json!({ "error": row.text, "message": row.text, "code": row.code })
}
