//! The SigV4 ticket of a request or a form, read but not yet verified.
//!
//! Header: `Authorization: AWS4-HMAC-SHA256 Credential=<id>/<scope>,SignedHeaders=<a;b>,Signature=<hex>`.
//! Query: `X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders, -Signature`.
//! Form: the fields `x-amz-algorithm, -credential, -date, -signature` and `policy`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>

use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use s3s::{S3Error, S3Result, s3_error};
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use crate::form::{Fields, missing};
use crate::request::Query;

/// The one algorithm taken.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

const AMZ_DATE: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The longest life of a presigned URL.
const A_WEEK: u64 = 604_800;

/// Every parameter of a presigned URL.
const PARAMETERS: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

/// Where the ticket was found, which decides how it ages and what its errors are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The `Authorization` header: valid for 15 minutes around its date.
    Header,
    /// The query of a presigned URL: valid from its date for `life`.
    Query {
        /// `X-Amz-Expires`.
        life: Duration,
    },
    /// The fields of a form: valid until its policy expires.
    Form,
}

/// A well-formed ticket.
#[derive(Debug)]
pub(crate) struct Presented<'a> {
    pub(crate) place: Place,
    pub(crate) access_key_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// The date of the credential scope, as it is written there.
    pub(crate) day: &'a str,
    pub(crate) date: OffsetDateTime,
    pub(crate) signed_headers: Vec<&'a str>,
}

impl<'a> Presented<'a> {
    /// Reads the `Authorization` header.
    pub(crate) fn parse_header(headers: &'a HeaderMap) -> S3Result<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(malformed_header("exactly one Authorization header is expected"));
        };
        let value = value.to_str().map_err(|_| malformed_header("it is not ASCII"))?;
        let fields = match value.split_once(' ') {
            Some((ALGORITHM, fields)) => fields,
            Some(("AWS", _)) => return Err(signature_version_2()),
            _ => return Err(s3_error!(InvalidArgument, "Unsupported Authorization Type")),
        };
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field
                .trim()
                .split_once('=')
                .ok_or_else(|| malformed_header("a field has no `=`"))?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(malformed_header("it has an unknown field")),
            };
            if slot.replace(value).is_some() {
                return Err(malformed_header("a field is there twice"));
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (credential, signed_headers, signature)
        else {
            return Err(malformed_header("it needs Credential, SignedHeaders and Signature"));
        };
        let date = headers.get("x-amz-date").and_then(|v| v.to_str().ok()).ok_or_else(|| {
            s3_error!(AccessDenied, "AWS authentication requires a valid Date or x-amz-date header")
        })?;
        Self::assemble(Place::Header, credential, date, signed_headers, signature)
            .map_err(|why| malformed_header(&why))
    }

    /// Reads the parameters of a presigned URL.
    pub(crate) fn parse_query(query: &'a Query) -> S3Result<Self> {
        let [algorithm, credential, date, expires, signed_headers, signature] =
            PARAMETERS.map(|name| query.get(name).filter(|_| query.count(name) == 1));
        let (
            Some(algorithm),
            Some(credential),
            Some(date),
            Some(expires),
            Some(signed_headers),
            Some(signature),
        ) = (algorithm, credential, date, expires, signed_headers, signature)
        else {
            return Err(malformed_query(&format!(
                "Query-string authentication version 4 requires each of {} exactly once",
                PARAMETERS.join(", ")
            )));
        };
        if algorithm != ALGORITHM {
            return Err(malformed_query("X-Amz-Algorithm only supports AWS4-HMAC-SHA256"));
        }
        let life = match expires.parse::<u64>() {
            Ok(seconds @ 1..=A_WEEK) => Duration::from_secs(seconds),
            Ok(0) => return Err(malformed_query("X-Amz-Expires must be at least 1 second")),
            Ok(_) => {
                return Err(malformed_query(
                    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
                     less than 604800 seconds",
                ));
            }
            Err(_) => return Err(malformed_query("X-Amz-Expires should be a number")),
        };
        Self::assemble(Place::Query { life }, credential, date, signed_headers, signature)
            .map_err(|why| malformed_query(&format!("Error parsing the X-Amz parameters; {why}")))
    }

    /// Reads the fields of a form. Its signature is over the policy alone.
    pub(crate) fn parse_form(fields: &'a Fields) -> S3Result<Self> {
        let field =
            |name: &str| fields.get(&name.to_ascii_lowercase()).ok_or_else(|| missing(name));
        let algorithm = field("X-Amz-Algorithm")?;
        let credential = field("X-Amz-Credential")?;
        let date = field("X-Amz-Date")?;
        if algorithm != ALGORITHM {
            return Err(malformed_form("X-Amz-Algorithm only supports AWS4-HMAC-SHA256"));
        }
        let scope = Scope::parse(credential, date).map_err(|why| malformed_form(&why))?;
        Ok(scope.presented(Place::Form, Vec::new()))
    }

    /// The error for a ticket whose credential scope names the wrong place.
    pub(crate) fn wrong_scope(&self, why: &str) -> S3Error {
        match self.place {
            Place::Header => malformed_header(why),
            Place::Query { .. } => {
                malformed_query(&format!("Error parsing the X-Amz-Credential parameter; {why}"))
            }
            Place::Form => malformed_form(why),
        }
    }

    fn assemble(
        place: Place,
        credential: &'a str,
        date: &str,
        signed_headers: &'a str,
        signature: &str,
    ) -> Result<Self, String> {
        let scope = Scope::parse(credential, date)?;
        let names: Vec<&str> = signed_headers.split(';').collect();
        if !names.is_sorted_by(|a, b| a < b)
            || names.iter().any(|n| n.is_empty() || !is_header_name(n))
        {
            return Err(
                "SignedHeaders must be lower-case names in order, each once, separated by `;`"
                    .to_owned(),
            );
        }
        if signature.len() != 64
            || !signature.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err("the Signature must be 64 lower-case hexadecimal digits".to_owned());
        }
        Ok(scope.presented(place, names))
    }
}

/// Whose a ticket is, and what for.
struct Scope<'a> {
    access_key_id: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    date: OffsetDateTime,
}

impl<'a> Scope<'a> {
    fn parse(credential: &'a str, date: &str) -> Result<Self, String> {
        // The access key id comes first and could hold a slash of its own, so read from the end.
        let mut scope = credential.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(day), Some(access_key_id)) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"".to_owned()
            );
        };
        let instant = PrimitiveDateTime::parse(date, AMZ_DATE).map_err(|_| {
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned()
        })?;
        if date.split_once('T').map(|(d, _)| d) != Some(day) {
            return Err(format!(
                "the date of the Credential is `{day}`; expecting the day of the request's date"
            ));
        }
        Ok(Self { access_key_id, day, region, service, date: instant.assume_utc() })
    }

    fn presented(self, place: Place, signed_headers: Vec<&'a str>) -> Presented<'a> {
        let Self { access_key_id, day, region, service, date } = self;
        Presented { place, access_key_id, region, service, day, date, signed_headers }
    }
}

/// The error for the retired signature version.
pub(crate) fn signature_version_2() -> S3Error {
    s3_error!(
        InvalidRequest,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )
}

fn malformed_header(why: &str) -> S3Error {
    s3_error!(AuthorizationHeaderMalformed, "The authorization header is malformed; {why}")
}

fn malformed_query(why: &str) -> S3Error {
    s3_error!(AuthorizationQueryParametersError, "{why}")
}

fn malformed_form(why: &str) -> S3Error {
    s3_error!(InvalidArgument, "{why}")
}

fn is_header_name(name: &str) -> bool {
    name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}
