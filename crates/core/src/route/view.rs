//! What the query asks for besides the object: a version, and other headers than those stored.

use super::LocateError;
use crate::grant::Grant;

/// The parameters of GetObject that set a header of the answer, and the header.
const HEADERS: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

const VERSION: &str = "versionId";

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

/// What is asked for besides the object. A signature has asked for it: nobody else can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The version, when it is not the newest.
    pub version: Option<String>,
    /// Headers of the answer that are to be others than those stored.
    pub headers: Vec<(&'static str, String)>,
}

impl View {
    /// Whether it is the object as it is.
    pub fn is_plain(&self) -> bool {
        self.version.is_none() && self.headers.is_empty()
    }

    pub(super) fn parse(grant: &Grant<'_>) -> Result<Self, LocateError> {
        let signed = grant.covers_query();
        let mut view = Self::default();
        for (name, value) in grant.request().query().decoded().unwrap_or_default() {
            let name = String::from_utf8_lossy(&name).into_owned();
            let refused = || Err(LocateError::SubResource(name.clone()));
            if SUB_RESOURCES.contains(&name.as_str()) {
                return refused();
            }
            let header = HEADERS.into_iter().find(|(known, _)| *known == name);
            if header.is_none() && name != VERSION {
                continue;
            }
            // Any other byte could end the header, or could not be sent at all.
            let may_stand = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
            let value = String::from_utf8(value.into_owned()).ok();
            let value = value.filter(|text| text.bytes().all(|b| may_stand(&b)));
            let Some(value) = value.filter(|_| signed) else { return refused() };
            let twice = match header {
                Some((_, header)) => {
                    let twice = view.headers.iter().any(|(other, _)| *other == header);
                    view.headers.push((header, value));
                    twice
                }
                None => view.version.replace(value).is_some(),
            };
            if twice {
                return refused();
            }
        }
        Ok(view)
    }
}
