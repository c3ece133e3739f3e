//! What the query asks of the store besides the object.

use super::LocateError;
use crate::grant::Grant;

/// Parameters of GetObject that travel on, when a signature covers them.
const VIEW_PARAMETERS: [&str; 7] = [
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "versionId",
];

/// Parameters by which S3 is asked for something else than the object. Serving the object in
/// its place would be a wrong answer.
const SUB_RESOURCES: [&str; 12] = [
    "acl",
    "attributes",
    "legal-hold",
    "partNumber",
    "renameObject",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
];

pub(super) fn parse(grant: &Grant<'_>) -> Result<Vec<(&'static str, String)>, LocateError> {
    let signed = grant.covers_query();
    let mut view: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in grant.request().query().decoded().unwrap_or_default() {
        let name = String::from_utf8_lossy(&name).into_owned();
        let refused = || Err(LocateError::SubResource(name.clone()));
        if SUB_RESOURCES.contains(&name.as_str()) {
            return refused();
        }
        if let Some(known) = VIEW_PARAMETERS.into_iter().find(|known| *known == name) {
            let twice = view.iter().any(|(name, _)| *name == known);
            match String::from_utf8(value) {
                Ok(value) if signed && !twice => view.push((known, value)),
                _ => return refused(),
            }
        }
    }
    Ok(view)
}
