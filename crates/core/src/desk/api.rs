//! The desk's own API, in JSON.
//!
//! | request | answer |
//! |---|---|
//! | `POST /uploads` with an [order](crate::upload::order), `kind` `put` | 200 `{id, method, url, headers, key, expires_at, read}` |
//! | the same, `kind` `form` | 200 `{id, method, url, fields, key, expires_at, read}` |
//! | the same, `kind` `multipart` | 200 `{id, key, part_size, parts, read}` |
//! | `POST /uploads/{id}/parts` with `{"numbers": [1, 2]}` | 200 `{parts: [{number, method, url, size}], expires_at}` |
//! | `GET /uploads/{id}/parts` | 200 `{parts: [{number, size, etag}]}` |
//! | `POST /uploads/{id}/complete`, perhaps with `{"parts": [{number, etag}]}` | 200 `{key, size, etag, read}` |
//! | `POST /uploads/{id}/confirm` | 200 `{key, size, etag, read}` |
//! | `DELETE /uploads/{id}` | 204 |

use serde_json::{Value, json};

use crate::json::Json;
use crate::request::Method;
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::multipart::{self, Part, SentPart};
use crate::upload::order::{self, Order, problem, read_object, refuse_unknown};
use crate::upload::rule::UploadRule;

use super::protocol::Ask;
use super::work::{Begun, Done, Way};

/// The most parts that are signed at once.
const MAX_NUMBERS: usize = 1000;

/// The longest body that names parts, in bytes: 10,000 of them.
pub(super) const MAX_PARTS_LENGTH: usize = 1024 * 1024;

/// What a request to a path below `/uploads` asks for.
pub(super) fn read<'r>(
    method: Method,
    path: &'r str,
    body: &[u8],
) -> Result<Result<Ask<'r>, UploadError>, &'static str> {
    let (id, step) = match path.strip_prefix('/') {
        None => ("", ""),
        Some(rest) => rest.split_once('/').map_or((rest, "upload"), |(id, step)| (id, step)),
    };
    Ok(match (step, method) {
        _ if id.is_empty() && !step.is_empty() => Err(UploadError::NoSuchPath),
        ("", Method::Post) => Order::parse(body)
            .map(|order| Ask::Begin { rule: order.rule.clone(), orders: vec![order] }),
        ("", _) => return Err("POST, OPTIONS"),
        ("parts", Method::Post) => {
            read_numbers(body).map(|numbers| Ask::SignParts { id, key: None, numbers })
        }
        ("parts", Method::Get) => Ok(Ask::ListParts { id, key: None }),
        ("parts", _) => return Err("GET, POST, OPTIONS"),
        ("complete", Method::Post) => {
            read_sent(body).map(|sent| Ask::Complete { id, key: None, sent })
        }
        ("confirm", Method::Post) => Ok(Ask::Confirm { id }),
        ("complete" | "confirm", _) => return Err("POST, OPTIONS"),
        ("upload", Method::Delete) => Ok(Ask::Abort { id, key: None }),
        ("upload", _) => return Err("DELETE, OPTIONS"),
        _ => Err(UploadError::NoSuchPath),
    })
}

fn read_numbers(body: &[u8]) -> Result<Vec<u16>, UploadError> {
    let json = read_object(body, order::MAX_LENGTH)?;
    refuse_unknown(&json, &["numbers"])?;
    let Some(Json::Array(items)) = json.get("numbers") else {
        return problem("`numbers` must be the numbers of parts, as in `[1, 2]`.");
    };
    if items.is_empty() || items.len() > MAX_NUMBERS {
        return problem(format!("`numbers` must name from 1 to {MAX_NUMBERS} parts."));
    }
    items.iter().map(read_number).collect()
}

pub(super) fn read_number(json: &Json) -> Result<u16, UploadError> {
    multipart::in_range(json.as_u64().and_then(|number| u16::try_from(number).ok()))
}

fn read_sent(body: &[u8]) -> Result<Option<Vec<SentPart>>, UploadError> {
    if body.is_empty() {
        return Ok(None);
    }
    let json = read_object(body, MAX_PARTS_LENGTH)?;
    refuse_unknown(&json, &["parts"])?;
    let Some(parts) = json.get("parts") else { return Ok(None) };
    read_sent_parts(parts, ("number", "etag")).map(Some)
}

/// Parts as a client names them; the names of the fields are the protocol's.
pub(super) fn read_sent_parts(
    json: &Json,
    (number, etag): (&str, &str),
) -> Result<Vec<SentPart>, UploadError> {
    let Json::Array(items) = json else {
        return problem(format!("`parts` must be a list of `{{\"{number}\", \"{etag}\"}}`."));
    };
    let read = |item: &Json| {
        let text = item.get(etag).and_then(Json::as_str);
        match (item.get(number).map(read_number), text) {
            (Some(number), Some(text)) => Ok(SentPart { number: number?, etag: text.to_owned() }),
            _ => problem(format!("A part must have `{number}` and `{etag}`.")),
        }
    };
    items.iter().map(read).collect()
}

/// The body that says what was done; none when there is nothing to say.
pub(super) fn write(done: &Done, rule: &UploadRule, now: UnixTime) -> Option<Value> {
    Some(match done {
        Done::Begun(begun) => begun.first().map(|begun| write_begun(begun, now))?,
        Done::Parts { parts, expires_at } => {
            let parts: Vec<_> = parts
                .iter()
                .map(|part| {
                    json!({
                        "number": part.number,
                        "method": "PUT",
                        "url": part.url.expose(),
                        "size": part.size,
                    })
                })
                .collect();
            json!({ "parts": parts, "expires_at": expires_at.to_rfc3339() })
        }
        Done::Listed(parts) => {
            let part = |part: &Part| json!({ "number": part.number, "size": part.size, "etag": part.etag });
            json!({ "parts": parts.iter().map(part).collect::<Vec<_>>() })
        }
        Done::Stored { key, head, .. } => json!({
            "key": key.as_str(),
            "size": head.size,
            "etag": head.etag,
            "read": rule.read_url(key, now).expose(),
        }),
        Done::StepSigned { url, .. } => json!({ "url": url.expose() }),
        Done::Aborted => return None,
    })
}

fn write_begun(begun: &Begun, now: UnixTime) -> Value {
    let mut answer = json!({
        "id": begun.id,
        "key": begun.receipt.key.as_str(),
        "read": begun.read_url(now).expose(),
    });
    let way = match &begun.way {
        Way::Put(put) => json!({
            "method": "PUT",
            "url": put.url.expose(),
            "headers": pairs(put.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
            "expires_at": put.expires_at.to_rfc3339(),
        }),
        Way::Form(form) => json!({
            "method": "POST",
            "url": form.url,
            "fields": pairs(form.form.fields.iter().map(|(n, v)| (n.as_str(), v.expose()))),
            "expires_at": form.form.expires_at.to_rfc3339(),
        }),
        Way::Multipart(multipart) => json!({
            "part_size": multipart.part_size,
            "parts": multipart.parts(),
        }),
    };
    if let (Value::Object(answer), Value::Object(way)) = (&mut answer, way) {
        answer.extend(way);
    }
    answer
}

pub(super) fn pairs<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Value {
    Value::Object(pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect())
}
