//! Direct uploads of Rails' Active Storage.
//!
//! | request | answer |
//! |---|---|
//! | `POST /rails/active_storage/direct_uploads`, perhaps with `/{rule}` at its end, `{"blob": {filename, content_type, byte_size, checksum}}` | `{key, filename, content_type, byte_size, checksum, signed_id, direct_upload: {url, headers}}` |
//!
//! `checksum` is the base64 of the MD5. `signed_id` is the id of the upload, by which an app
//! confirms it. What a client says as `metadata` is not read: beside the server's own it could say
//! what only the server may (CVE-2026-33173).
//!
//! Source: *Active Storage Overview*, Direct Uploads, and what `@rails/activestorage` 8.1 sends.

use serde_json::{Value, json};

use crate::json::Json;
use crate::upload::UploadError;
use crate::upload::checksum::{Checksum, ChecksumAlgorithm};
use crate::upload::kind::Kind;
use crate::upload::order::{
    MAX_LENGTH, Order, optional_string, problem, read_content_type, read_filename, read_object,
};

use super::api::pairs;
use super::protocol::Ask;
use super::work::{Begun, Way};

/// What a request asks for.
pub(super) fn read<'r>(rule: Option<&str>, body: &[u8]) -> Result<Ask<'r>, UploadError> {
    let json = read_object(body, MAX_LENGTH)?;
    let Some(blob @ Json::Object(_)) = json.get("blob") else {
        return problem("`blob` must say `filename`, `content_type`, `byte_size` and `checksum`.");
    };
    let Some(size) = blob.get("byte_size").and_then(Json::as_u64) else {
        return problem("`byte_size` must be the file's size in bytes, a whole number from 0.");
    };
    let checksum = optional_string(blob, "checksum")?;
    let checksum = checksum.and_then(|text| Checksum::parse(ChecksumAlgorithm::Md5, &text));
    if checksum.is_none() {
        return problem("`checksum` must be the base64 of the file's MD5.");
    }
    let order = Order {
        rule: rule.map(str::to_owned),
        kind: Some(Kind::Put),
        filename: read_filename(optional_string(blob, "filename")?)?,
        content_type: read_content_type(optional_string(blob, "content_type")?.as_deref())?,
        size: Some(size),
        checksum,
    };
    Ok(Ask::Begin { rule: order.rule.clone(), orders: vec![order] })
}

/// The body that says what has begun.
pub(super) fn write(begun: &Begun) -> Value {
    let Way::Put(put) = &begun.way else { return json!({}) };
    let named = |wanted: &str| put.headers.iter().find(|(name, _)| name == wanted);
    json!({
        "key": begun.receipt.key.as_str(),
        "filename": begun.filename,
        "content_type": begun.receipt.content_type.as_str(),
        "byte_size": begun.receipt.size,
        "checksum": named("content-md5").map(|(_, value)| value),
        "signed_id": begun.id,
        "direct_upload": {
            "url": put.url.expose(),
            "headers": pairs(put.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
        },
    })
}
