//! better-upload's protocol.
//!
//! | request | answer |
//! |---|---|
//! | `POST /better-upload` `{route, files: [{name, size, type}], metadata}`, where the rule begins with `put` | `{files: [{signedUrl, file, headers}], metadata}` |
//! | the same, where it begins with `multipart` | `{multipart: {files: [{parts, uploadId, completeSignedUrl, abortSignedUrl, file}], partSize}, metadata}` |
//!
//! `route` is the rule. The client itself sends the type, and what `objectInfo` says, as headers;
//! `headers` are those that it would not send. The type of a file whose browser knows none is empty,
//! there as here. What the client says as `metadata` is not stored.
//!
//! Source: what `@better-upload/client` 3.0 sends and reads.

use serde_json::{Value, json};

use crate::json::Json;
use crate::rejection::Row;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::content_type::ContentType;
use crate::upload::multipart::{Multipart, PART_NUMBERS};
use crate::upload::order::{Order, optional_string, problem, read_filename, read_object};
use crate::upload::step::Step;

use super::api::pairs;
use super::protocol::Ask;
use super::work::{Begun, Way};

/// The most files of one call.
const MAX_FILES: usize = 100;

/// The longest body, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// What a request asks for.
pub(super) fn read<'r>(body: &[u8]) -> Result<Ask<'r>, UploadError> {
    let json = read_object(body, MAX_LENGTH)?;
    let Some(route) = optional_string(&json, "route")? else {
        return problem("`route` must be the name of an upload rule.");
    };
    let Some(Json::Array(files)) = json.get("files") else {
        return problem("`files` must be a list of `{\"name\", \"size\", \"type\"}`.");
    };
    if files.is_empty() || files.len() > MAX_FILES {
        return problem(format!("`files` must name from 1 to {MAX_FILES} files."));
    }
    let read = |file: &Json| {
        let Some(size) = file.get("size").and_then(Json::as_u64) else {
            return problem("`size` must be the file's size in bytes, a whole number from 0.");
        };
        // It sends what it says here, so nothing else can be put in its place, and no type is an
        // empty header.
        let content_type = match optional_string(file, "type")?.unwrap_or_default().as_str() {
            "" => Some(ContentType::none()),
            text => ContentType::parse(text),
        };
        let Some(content_type) = content_type else {
            return problem("`type` must be a type such as `image/jpeg`, or empty.");
        };
        Ok(Order {
            rule: Some(route.clone()),
            kind: None,
            filename: read_filename(optional_string(file, "name")?)?,
            content_type,
            size: Some(size),
            checksum: None,
        })
    };
    let orders = files.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Ask::Begin { rule: Some(route), orders })
}

/// The body that says what has begun. `base` is where the desk is.
pub(super) fn write(begun: &[Begun], base: &str, now: UnixTime) -> Result<Value, UploadError> {
    let part_size = begun.iter().find_map(|begun| match &begun.way {
        Way::Multipart(multipart) => Some(multipart.part_size),
        _ => None,
    });
    let files = begun.iter().map(|begun| write_file(begun, base, now));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    Ok(match part_size {
        None => json!({ "files": files, "metadata": {} }),
        Some(part_size) => {
            json!({ "multipart": { "files": files, "partSize": part_size }, "metadata": {} })
        }
    })
}

fn write_file(begun: &Begun, base: &str, now: UnixTime) -> Result<Value, UploadError> {
    let mut info = json!({ "key": begun.receipt.key.as_str(), "metadata": {} });
    let file = |info: Value| {
        json!({
            "name": begun.filename,
            "size": begun.receipt.size,
            // By which the client finds the file.
            "type": begun.receipt.content_type.header(),
            "objectInfo": info,
        })
    };
    match &begun.way {
        Way::Put(put) => {
            let mut others = Vec::new();
            let mut metadata = Vec::new();
            for (name, value) in &put.headers {
                match (name.as_str(), name.strip_prefix("x-amz-meta-")) {
                    ("content-type", _) => {}
                    ("cache-control", _) => {
                        if let Some(info) = info.as_object_mut() {
                            info.insert("cacheControl".to_owned(), json!(value));
                        }
                    }
                    (_, Some(meta)) => metadata.push((meta, value.as_str())),
                    (name, None) => others.push((name, value.as_str())),
                }
            }
            if let Some(info) = info.as_object_mut() {
                info.insert("metadata".to_owned(), pairs(metadata.into_iter()));
            }
            Ok(json!({
                "signedUrl": put.url.expose(),
                "file": file(info),
                "headers": pairs(others.into_iter()),
                "id": begun.id,
            }))
        }
        Way::Multipart(multipart) => {
            let url = |step: Step| format!("{base}/{}", step.seal(&begun.rule, now));
            let receipt = begun.receipt.clone();
            Ok(json!({
                "parts": write_parts(begun, multipart, now)?,
                "uploadId": begun.id,
                "completeSignedUrl": url(Step::Complete(receipt.clone())),
                "abortSignedUrl": url(Step::Abort(receipt)),
                "file": file(info),
                "id": begun.id,
            }))
        }
        Way::Form(_) => Err(UploadError::OtherKind {
            problem: "The rule's first kind must be `put` or `multipart` for this client.",
        }),
    }
}

fn write_parts(
    begun: &Begun,
    multipart: &Multipart,
    now: UnixTime,
) -> Result<Vec<Value>, UploadError> {
    let place = (&begun.rule.destination, &begun.receipt.key);
    let count = multipart.parts().unwrap_or_default();
    let numbers = PART_NUMBERS.filter(|number| u64::from(*number) <= count);
    numbers
        .map(|number| {
            let part = multipart.sign_part(place, number, (now, begun.rule.expires_in))?;
            Ok(json!({
                "signedUrl": part.url.expose(),
                "partNumber": part.number,
                "size": part.size,
            }))
        })
        .collect()
}

/// The body of a no, as the client reads it.
pub(super) fn write_error(row: &Row) -> Value {
    let kind = if row.status == 403 || row.status == 400 { "rejected" } else { "unknown" };
    json!({ "error": { "type": kind, "message": row.text } })
}
