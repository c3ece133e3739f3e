//! Steps that a URL alone allows, answered as S3 answers them.
//!
//! | request | answer |
//! |---|---|
//! | `POST /upload-steps/{create}` with the type of the file as its `Content-Type` | `InitiateMultipartUploadResult` |
//! | `GET /upload-steps/{list}` | `ListPartsResult` |
//! | `POST /upload-steps/{complete}` with a `CompleteMultipartUpload` | `CompleteMultipartUploadResult` |
//! | `DELETE /upload-steps/{abort}` | 204 |
//!
//! A no is S3's `Error`. The `UploadId` is the sealed id, and the `Location` the link by which the
//! object is read.
//!
//! Source: *CreateMultipartUpload*, *ListParts*, *CompleteMultipartUpload* and
//! *AbortMultipartUpload* in the Amazon S3 API reference.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use crate::rejection::{Rejection, Row};
use crate::request::{Method, Request};
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::kind::Kind;
use crate::upload::multipart::{Part, SentPart, part_number};
use crate::upload::order::{Order, problem, read_content_type};
use crate::upload::rule::{UploadRule, UploadRules};
use crate::upload::step::Step;

use super::api::MAX_PARTS_LENGTH;
use super::work::{self, Done, Progress, Upload, Way};

/// Elements lie in each other no deeper than this.
const MAX_DEPTH: usize = 4;

/// Takes a step.
pub(super) fn take(
    rules: &UploadRules,
    sealed: &str,
    request: &Request<'_>,
    body: &[u8],
    now: UnixTime,
    trail: &mut Trail,
) -> Result<(Arc<UploadRule>, Progress), Rejection> {
    let (rule, step) = Step::unseal(sealed, rules, now)?;
    let upload = |receipt, trail: &mut Trail| Upload::new(rule, receipt, trail);
    let progress = match (step, request.method()) {
        (Step::Create { uploader, filename, naming }, Method::Post) => {
            let order = Order {
                rule: Some(rule.name.clone()),
                kind: Some(Kind::Multipart),
                filename,
                content_type: read_content_type(request.header("content-type"))?,
                size: None,
                checksum: None,
            };
            work::begin(rule, &uploader, vec![order], [naming].into_iter(), trail)?
        }
        (Step::ListParts(receipt), Method::Get) => {
            Progress::Ask(Box::new(upload(receipt, trail).list_parts()?))
        }
        (Step::Complete(receipt), Method::Post) => {
            let sent = Some(read_parts(body)?);
            Progress::Ask(Box::new(upload(receipt, trail).complete(sent)?))
        }
        (Step::Abort(receipt), Method::Delete) => {
            Progress::Ask(Box::new(upload(receipt, trail).abort()?))
        }
        (Step::ListParts(_), _) => {
            return Err(Rejection::MethodNotAllowed { allow: "GET, OPTIONS" });
        }
        (Step::Abort(_), _) => {
            return Err(Rejection::MethodNotAllowed { allow: "DELETE, OPTIONS" });
        }
        (Step::Create { .. } | Step::Complete(_), _) => {
            return Err(Rejection::MethodNotAllowed { allow: "POST, OPTIONS" });
        }
    };
    Ok((Arc::clone(rule), progress))
}

/// Reads the parts of a `CompleteMultipartUpload`.
fn read_parts(body: &[u8]) -> Result<Vec<SentPart>, UploadError> {
    const WRONG: &str = "The body must be a CompleteMultipartUpload with its parts.";
    if body.len() > MAX_PARTS_LENGTH {
        return problem(format!("The body is longer than {MAX_PARTS_LENGTH} bytes."));
    }
    let text = str::from_utf8(body).or_else(|_| problem("The body must be UTF-8."))?;
    let mut reader = Reader::from_str(text);
    let (mut path, mut parts): (Vec<String>, Vec<SentPart>) = (Vec::new(), Vec::new());
    let (mut number, mut etag) = (String::new(), String::new());
    loop {
        match reader.read_event().or_else(|_| problem(WRONG))? {
            Event::Start(start) => {
                let name = str::from_utf8(start.local_name().as_ref()).map(str::to_owned);
                path.push(name.or_else(|_| problem(WRONG))?);
                if path.len() > MAX_DEPTH {
                    return problem(WRONG);
                }
                if path_is(&path, &["CompleteMultipartUpload", "Part"]) {
                    number.clear();
                    etag.clear();
                }
            }
            Event::Text(text) => {
                let text = text.decode().or_else(|_| problem(WRONG))?;
                if let Some(value) = value_of(&path, &mut number, &mut etag) {
                    value.push_str(&text);
                }
            }
            // Clients write the quotes of an ETag as `&quot;`.
            Event::GeneralRef(entity) => {
                let name = entity.decode().or_else(|_| problem(WRONG))?;
                let meant = match entity.resolve_char_ref() {
                    Ok(Some(char)) => Some(char.to_string()),
                    _ => resolve_predefined_entity(&name).map(str::to_owned),
                };
                match (value_of(&path, &mut number, &mut etag), meant) {
                    (Some(value), Some(meant)) => value.push_str(&meant),
                    _ => return problem(WRONG),
                }
            }
            Event::End(_) => {
                if path_is(&path, &["CompleteMultipartUpload", "Part"]) {
                    let etag = etag.trim().to_owned();
                    parts.push(SentPart { number: part_number(number.trim())?, etag });
                }
                path.pop();
            }
            Event::Eof => break,
            Event::DocType(_) => return problem(WRONG),
            _ => {}
        }
    }
    if parts.is_empty() || !path.is_empty() { problem(WRONG) } else { Ok(parts) }
}

fn path_is(path: &[String], expected: &[&str]) -> bool {
    path.iter().map(String::as_str).eq(expected.iter().copied())
}

fn value_of<'v>(
    path: &[String],
    number: &'v mut String,
    etag: &'v mut String,
) -> Option<&'v mut String> {
    let (last, before) = path.split_last()?;
    if !path_is(before, &["CompleteMultipartUpload", "Part"]) {
        return None;
    }
    match last.as_str() {
        "PartNumber" => Some(number),
        "ETag" => Some(etag),
        _ => None,
    }
}

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The XML that says what was done; none when there is nothing to say.
pub(super) fn write(done: &Done, rule: &UploadRule, now: UnixTime) -> Option<String> {
    let bucket = escape(rule.destination.bucket.as_str());
    let (name, fields) = match done {
        Done::Begun(begun) => {
            let begun = begun.first().filter(|begun| matches!(begun.way, Way::Multipart(_)))?;
            let key = escape(begun.receipt.key.as_str());
            let fields = format!(
                "<Bucket>{bucket}</Bucket><Key>{key}</Key><UploadId>{}</UploadId>",
                begun.id
            );
            ("InitiateMultipartUploadResult", fields)
        }
        Done::Listed(parts) => {
            let part = |part: &Part| {
                format!(
                    "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag><Size>{}</Size></Part>",
                    part.number,
                    escape(part.etag.as_str()),
                    part.size
                )
            };
            let parts: String = parts.iter().map(part).collect();
            (
                "ListPartsResult",
                format!("<Bucket>{bucket}</Bucket><IsTruncated>false</IsTruncated>{parts}"),
            )
        }
        Done::Stored { key, head, .. } => {
            let location = rule.read_url(key, now);
            let fields = format!(
                "<Location>{}</Location><Bucket>{bucket}</Bucket><Key>{}</Key><ETag>{}</ETag>",
                escape(location.expose()),
                escape(key.as_str()),
                escape(head.etag.as_str())
            );
            ("CompleteMultipartUploadResult", fields)
        }
        Done::Aborted | Done::Parts { .. } | Done::StepSigned { .. } => return None,
    };
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{NAMESPACE}\">{fields}</{name}>"
    ))
}

/// The XML of a no.
pub(super) fn write_error(row: &Row) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>",
        row.code,
        escape(row.text.as_ref())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        for body in [
            "\n<CompleteMultipartUpload>\n  <Part>\n    <ETag>e1</ETag>\n    <PartNumber>1</PartNumber>\n  </Part></CompleteMultipartUpload>\n  ",
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber><ETag>e1</ETag></Part></CompleteMultipartUpload>",
        ] {
            let part = SentPart { number: 1, etag: "e1".to_owned() };
            assert_eq!(read_parts(body.as_bytes()), Ok(vec![part]), "{body}");
        }
        let quoted = "<CompleteMultipartUpload><Part><ETag>&quot;e&#49;&quot;</ETag><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>";
        let part = SentPart { number: 2, etag: "\"e1\"".to_owned() };
        assert_eq!(read_parts(quoted.as_bytes()), Ok(vec![part]));
        for body in [
            "",
            "<CompleteMultipartUpload/>",
            "<CompleteMultipartUpload><Part><ETag>e</ETag></Part></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Part><PartNumber>0</PartNumber></Part></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>",
            "<!DOCTYPE a><CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
            "<Other><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></Other>",
            "<a><b><c><d><e/></d></c></b></a>",
        ] {
            assert!(read_parts(body.as_bytes()).is_err(), "{body}");
        }
    }
}
