//! The strict rules of access, in AWS's own order and words.
//!
//! `s3s` proves the signature afterwards; these rules are what it leaves open. Each refuses
//! before anything of the body is read, so a refused request stores nothing.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use s3s::{S3Error, S3Result, s3_error};
use time::OffsetDateTime;

use crate::form::Fields;
use crate::presented::{Place, Presented, signature_version_2};
use crate::request::{Query, Target};

/// How far the clock of a client may be off.
const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// How long a signing key is good for after its date.
const LIFE_OF_SIGNING_KEY: Duration = Duration::from_secs(604_800);

/// What a ticket must name to be taken.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) region: String,
    pub(crate) access_key_id: String,
}

impl Rules {
    /// Refuses a request that AWS would refuse before or beside its signature.
    pub(crate) fn admit(
        &self,
        request: &Parts,
        query: &Query,
        now: OffsetDateTime,
    ) -> S3Result<()> {
        let headers = &request.headers;

        // Rule 1: one mechanism a request.
        let in_header = headers.contains_key(AUTHORIZATION);
        let in_query_v2 = query.has("Signature") || query.has("AWSAccessKeyId");
        let in_query = ["X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential"]
            .iter()
            .any(|name| query.has(name));
        if usize::from(in_header) + usize::from(in_query_v2) + usize::from(in_query) > 1 {
            return Err(two_mechanisms());
        }

        // Rule 2: no signature version 2.
        if in_query_v2 {
            return Err(signature_version_2());
        }

        // Rule 3: nobody is let in anonymously.
        if !in_header && !in_query {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }

        // Rule 4: the ticket is complete, well-formed and lives at most a week.
        let ticket = if in_header {
            Presented::parse_header(headers)?
        } else {
            Presented::parse_query(query)?
        };

        // Rule 5: it is made for this service and this region.
        self.in_scope(&ticket)?;

        // Rule 6: a header ticket says what its payload is.
        if ticket.place == Place::Header {
            payload_declared(headers)?;
        }

        // Rule 7: the key exists.
        self.known(&ticket)?;

        // Rule 8: the key is a long-term one, so no session token belongs to it.
        if headers.contains_key("x-amz-security-token") || query.has("X-Amz-Security-Token") {
            return Err(no_token());
        }

        // Rule 9: the ticket is neither expired nor from the future.
        within_its_time(&ticket, now)?;

        // Rule 10: what decides the meaning of the request is signed.
        signed_enough(&ticket, headers)
    }

    /// Refuses a request with a form in it that no form can make good.
    pub(crate) fn admit_form_request(
        &self,
        request: &Parts,
        target: &Target,
        query: &Query,
    ) -> S3Result<()> {
        // Rule 1: one mechanism a request; a form brings its own.
        if request.headers.contains_key(AUTHORIZATION) || query.has("X-Amz-Signature") {
            return Err(two_mechanisms());
        }

        // Rule 2: it goes to the bucket itself. With a query it would be another operation.
        if target.bucket.is_empty() || !target.key.is_empty() || query.pairs().next().is_some() {
            return Err(s3_error!(
                MethodNotAllowed,
                "A form is posted to the URL of the bucket, without a key and without a query."
            ));
        }

        // Rule 3: nothing unsigned decides what it means.
        no_unsigned(request.headers.keys().map(HeaderName::as_str).filter(|n| is_amz(n)))
    }

    /// Refuses a form that AWS would refuse before or beside its signature; returns its ticket.
    pub(crate) fn admit_form<'a>(
        &self,
        fields: &'a Fields,
        now: OffsetDateTime,
    ) -> S3Result<Presented<'a>> {
        // Rule 1: no signature version 2.
        if fields.get("signature").is_some() || fields.get("awsaccesskeyid").is_some() {
            return Err(signature_version_2());
        }

        // Rule 2: nobody is let in anonymously, which is what a form without a policy asks for.
        if fields.get("policy").is_none() {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }

        // Rule 3: the ticket is complete and well-formed.
        let ticket = Presented::parse_form(fields)?;

        // Rule 4: it is made for this service and this region, and the key exists.
        self.in_scope(&ticket)?;
        self.known(&ticket)?;

        // Rule 5: the key is a long-term one, so no session token belongs to it.
        if fields.get("x-amz-security-token").is_some() {
            return Err(no_token());
        }

        // Rule 6: its date is neither in the future nor older than a signing key gets.
        within_its_time(&ticket, now)?;
        Ok(ticket)
    }

    fn in_scope(&self, ticket: &Presented<'_>) -> S3Result<()> {
        if ticket.service != "s3" {
            return Err(ticket.wrong_scope(&format!(
                "incorrect service `{}`; this endpoint belongs to `s3`",
                ticket.service
            )));
        }
        if ticket.region != self.region {
            return Err(ticket.wrong_scope(&format!(
                "the region '{}' is wrong; expecting '{}'",
                ticket.region, self.region
            )));
        }
        Ok(())
    }

    fn known(&self, ticket: &Presented<'_>) -> S3Result<()> {
        if ticket.access_key_id != self.access_key_id {
            return Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            ));
        }
        Ok(())
    }
}

fn two_mechanisms() -> S3Error {
    s3_error!(
        InvalidArgument,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
         parameter or the Authorization header should be specified"
    )
}

fn no_token() -> S3Error {
    s3_error!(InvalidToken, "The provided token is malformed or otherwise invalid.")
}

fn payload_declared(headers: &HeaderMap) -> S3Result<()> {
    let mut values = headers.get_all("x-amz-content-sha256").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(s3_error!(
            InvalidRequest,
            "Missing required header for this request: x-amz-content-sha256"
        ));
    };
    let value = value.to_str().unwrap_or_default();
    let is_hash =
        value.len() == 64 && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_word = matches!(
        value,
        "UNSIGNED-PAYLOAD"
            | "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
            | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    );
    if is_hash || is_word {
        return Ok(());
    }
    Err(s3_error!(
        InvalidArgument,
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
         STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
    ))
}

fn within_its_time(ticket: &Presented<'_>, now: OffsetDateTime) -> S3Result<()> {
    match ticket.place {
        Place::Header if (now - ticket.date).unsigned_abs() > MAX_SKEW => Err(s3_error!(
            RequestTimeTooSkewed,
            "The difference between the request time and the current time is too large."
        )),
        Place::Query { .. } | Place::Form if ticket.date - now > MAX_SKEW => {
            Err(s3_error!(AccessDenied, "Request is not valid yet"))
        }
        Place::Query { life } if now - ticket.date > life => {
            Err(s3_error!(AccessDenied, "Request has expired"))
        }
        Place::Form if now - ticket.date > LIFE_OF_SIGNING_KEY => {
            Err(s3_error!(AccessDenied, "Request has expired: its X-Amz-Date is over a week ago"))
        }
        Place::Header | Place::Query { .. } | Place::Form => Ok(()),
    }
}

fn signed_enough(ticket: &Presented<'_>, headers: &HeaderMap) -> S3Result<()> {
    let names = headers.keys().map(HeaderName::as_str).chain(["host"]);
    no_unsigned(
        names
            .filter(|name| *name == "host" || is_amz(name))
            .filter(|name| !ticket.signed_headers.contains(name)),
    )?;
    // AWS puts an absent header into the canonical request with an empty value, which no signer
    // signs. `s3s` would leave it out of both sides instead.
    let absent = ticket.signed_headers.iter().find(|name| !headers.contains_key(**name));
    if let Some(name) = absent {
        return Err(s3_error!(
            SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided: the signed header \
             `{name}` is not in the request."
        ));
    }
    Ok(())
}

fn no_unsigned<'a>(names: impl Iterator<Item = &'a str>) -> S3Result<()> {
    let mut unsigned: Vec<&str> = names.collect();
    unsigned.sort_unstable();
    unsigned.dedup();
    if unsigned.is_empty() {
        return Ok(());
    }
    Err(s3_error!(
        AccessDenied,
        "There were headers present in the request which were not signed: {}",
        unsigned.join(", ")
    ))
}

fn is_amz(name: &str) -> bool {
    name.starts_with("x-amz-")
}
