//! POST Object: a file out of a browser's form.
//!
//! ```text
//! fields ─ ticket ─ signature ─ policy ─▶ file, streamed ─ rest ─▶ stored, answered
//! ```
//!
//! Nothing of the file is read before its form has been found good, and nothing is stored before
//! the request has been read to its end.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use std::sync::Arc;

use http::header::{CONTENT_TYPE, ETAG, HOST, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{Body, S3Error, S3Result, s3_error};
use time::OffsetDateTime;

use crate::access::Rules;
use crate::body::Upload;
use crate::conditional::WriteCondition;
use crate::error::escape;
use crate::form::{Fields, Form, missing};
use crate::index::Index;
use crate::meta::{KEPT, ObjectMeta, refuse_unsupported};
use crate::object::NewObject;
use crate::policy::Policy;
use crate::receive::Size;
use crate::request::Query;
use crate::signature::Secret;

/// The longest key, in bytes of UTF-8.
const MAX_KEY: usize = 1024;

/// What the `Location` of an object leaves unencoded. S3 encodes the slashes too.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The fields that sign a form and say nothing of its object.
const OF_THE_TICKET: [&str; 4] =
    ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"];

/// Takes forms.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    pub(crate) index: Arc<Index>,
    pub(crate) secret: Secret,
}

/// The key that a form was stored under, for the log.
#[derive(Clone, Debug)]
pub(crate) struct Stored(pub(crate) String);

impl Forms {
    /// Stores the file of a form that `rules` have let in so far.
    pub(crate) async fn post(
        &self,
        rules: &Rules,
        headers: &HeaderMap,
        bucket: &str,
        upload: &Upload,
    ) -> S3Result<Response<Body>> {
        let Form { fields, file, rest } = Form::read(headers, upload).await?;
        let now = OffsetDateTime::now_utc();
        let ticket = rules.admit_form(&fields, now)?;
        let policy = fields.get("policy").ok_or_else(|| missing("policy"))?;
        let signature = fields.get("x-amz-signature").ok_or_else(|| missing("X-Amz-Signature"))?;
        let key = key(&fields)?;
        self.secret.verify(&ticket, policy, signature)?;
        let sizes = Policy::parse(policy)?.verify(&fields, bucket, now)?;

        let said = object_fields(&fields)?;
        refuse_unsupported(&said, &Query::default())?;
        let unconditional = WriteCondition::Unconditional;
        let new = NewObject::parse(bucket.to_owned(), key.to_owned(), &said, unconditional)?;
        let received = new.receive(&self.index, file.bytes(), &Size::Allowed(sizes)).await?;
        rest.finish().await?;
        let object = new.commit(&self.index, received, None).await?;

        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        answer(&fields, bucket, host, &object)
    }
}

fn key(fields: &Fields) -> S3Result<&str> {
    match fields.get("key") {
        None => Err(missing("key")),
        Some("") => Err(s3_error!(InvalidArgument, "User key must have a length greater than 0.")),
        Some(key) if key.len() > MAX_KEY => Err(s3_error!(KeyTooLongError, "Your key is too long")),
        Some(key) => Ok(key),
    }
}

/// What a form says of its object, as the headers of a PUT would.
fn object_fields(fields: &Fields) -> S3Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (field, value) in fields.pairs() {
        let name = match field {
            "acl" => "x-amz-acl",
            "tagging" => "x-amz-tagging",
            field if OF_THE_TICKET.contains(&field) => continue,
            field if field.starts_with("x-amz-") || field == "content-md5" => field,
            // A form has no field for the language, and none that S3 does not name.
            "content-language" => continue,
            field if KEPT.contains(&field) => field,
            _ => continue,
        };
        let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name), HeaderValue::try_from(value.as_bytes()))
        else {
            return Err(s3_error!(
                InvalidArgument,
                "The field '{field}' or its value could not be a header, and would become one."
            ));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

fn answer(
    fields: &Fields,
    bucket: &str,
    host: &str,
    object: &ObjectMeta,
) -> S3Result<Response<Body>> {
    let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let etag = format!("\"{}\"", object.etag);
    let mut location = format!("http://{host}/{bucket}/{}", encoded(&object.key));
    let mut response = Response::new(Body::empty());
    let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
    if let Some(target) = redirect.filter(|target| is_web_address(target)) {
        let joint = if target.contains('?') { '&' } else { '?' };
        let (bucket, key, etag) = (encoded(bucket), encoded(&object.key), encoded(&etag));
        location = format!("{target}{joint}bucket={bucket}&key={key}&etag={etag}");
        *response.status_mut() = StatusCode::SEE_OTHER;
    } else {
        match fields.get("success_action_status") {
            Some("200") => {}
            Some("201") => {
                *response.status_mut() = StatusCode::CREATED;
                *response.body_mut() = Body::from(document(&location, bucket, &object.key, &etag));
                let xml = HeaderValue::from_static("application/xml");
                response.headers_mut().insert(CONTENT_TYPE, xml);
            }
            // Whatever else is asked for, S3 answers so.
            _ => *response.status_mut() = StatusCode::NO_CONTENT,
        }
    }
    let checksum = &object.checksum;
    let headers = response.headers_mut();
    headers.insert(LOCATION, value(&location)?);
    headers.insert(ETAG, value(&etag)?);
    headers.insert("x-amz-server-side-encryption", HeaderValue::from_static("AES256"));
    headers.insert(checksum.algorithm.header(), value(&checksum.value)?);
    headers.insert("x-amz-checksum-type", HeaderValue::from_static(checksum.coverage.name()));
    response.extensions_mut().insert(Stored(object.key.clone()));
    Ok(response)
}

fn document(location: &str, bucket: &str, key: &str, etag: &str) -> String {
    let [location, bucket, key, etag] = [location, bucket, key, etag].map(escape);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{location}</Location>\
         <Bucket>{bucket}</Bucket><Key>{key}</Key><ETag>{etag}</ETag></PostResponse>"
    )
}

/// Whether a browser can be sent there; S3 ignores what is not.
fn is_web_address(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
    })
}

fn value(text: &str) -> S3Result<HeaderValue> {
    HeaderValue::try_from(text).map_err(S3Error::internal_error)
}
