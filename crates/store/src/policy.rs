//! The POST policy: what a form has to be.
//!
//! ```text
//! {"expiration": "2015-12-30T12:00:00.000Z", "conditions": [{"bucket": "photos"},
//!  ["starts-with", "$key", "user/eric/"], ["content-length-range", 1, 1048576], …]}
//! ```
//!
//! Names of fields are compared without case, and so are the operators.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::{S3Error, S3Result, s3_error};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::form::Fields;
use crate::object::MAX_BODY;

/// A policy that is sound; whether a form is as it says is another question.
#[derive(Debug)]
pub(crate) struct Policy {
    expiration: OffsetDateTime,
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Equals(String, String),
    StartsWith(String, String),
    /// Bytes of the file.
    ContentLength(RangeInclusive<u64>),
}

impl Policy {
    /// Reads the field `policy`.
    pub(crate) fn parse(encoded: &str) -> S3Result<Self> {
        let decoded = STANDARD
            .decode(encoded)
            .map_err(|_| invalid("it is not base64 with padding and without line breaks"))?;
        let Ok(Value::Object(mut document)) = serde_json::from_slice(&decoded) else {
            return Err(invalid("Invalid JSON."));
        };
        let expiration =
            document.remove("expiration").ok_or_else(|| invalid("Policy missing expiration."))?;
        let conditions =
            document.remove("conditions").ok_or_else(|| invalid("Policy missing conditions."))?;
        if let Some(name) = document.keys().next() {
            return Err(invalid(&format!("Unexpected: '{name}'.")));
        }
        let Value::Array(conditions) = conditions else {
            return Err(invalid("Invalid 'conditions' value: it must be a list."));
        };
        Ok(Self {
            expiration: instant(&expiration)?,
            conditions: conditions.into_iter().map(Condition::parse).collect::<S3Result<_>>()?,
        })
    }

    /// Compares a form with the policy; returns the sizes that its file may have, in bytes.
    pub(crate) fn verify(
        &self,
        fields: &Fields,
        bucket: &str,
        now: OffsetDateTime,
    ) -> S3Result<RangeInclusive<u64>> {
        if now >= self.expiration {
            return Err(refused("Policy expired."));
        }
        let mut sizes = 0..=MAX_BODY;
        for condition in &self.conditions {
            match condition {
                Condition::ContentLength(range) => {
                    sizes = *sizes.start().max(range.start())..=*sizes.end().min(range.end());
                }
                _ if condition.holds(fields, bucket) => {}
                _ => return Err(refused(&format!("Policy Condition failed: {condition}"))),
            }
        }
        // The bucket is in the URL, and counts as a field.
        let sent = fields.pairs().map(|(name, _)| name).filter(|name| *name != "bucket");
        let extra: Vec<&str> = sent
            .chain(["bucket"])
            .filter(|name| !is_exempt(name))
            .filter(|name| !self.conditions.iter().any(|condition| condition.names(name)))
            .collect();
        if !extra.is_empty() {
            return Err(refused(&format!("Extra input fields: {}", extra.join(", "))));
        }
        Ok(sizes)
    }
}

impl Condition {
    fn parse(value: Value) -> S3Result<Self> {
        match value {
            Value::Object(pairs) => Self::parse_pair(&pairs),
            Value::Array(items) => Self::parse_list(&items),
            _ => Err(invalid("Invalid condition: it must be an object or a list.")),
        }
    }

    fn parse_pair(pairs: &Map<String, Value>) -> S3Result<Self> {
        let mut pairs = pairs.iter();
        let (Some((name, value)), None) = (pairs.next(), pairs.next()) else {
            return Err(invalid(
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
            ));
        };
        let Value::String(value) = value else {
            return Err(invalid("Invalid Simple-Condition: value must be a string."));
        };
        Ok(Self::Equals(name.to_ascii_lowercase(), value.clone()))
    }

    fn parse_list(items: &[Value]) -> S3Result<Self> {
        let [Value::String(operator), first, second] = items else {
            return Err(invalid("Invalid condition: a list is an operator and two values."));
        };
        match operator.to_ascii_lowercase().as_str() {
            "content-length-range" => match (first.as_u64(), second.as_u64()) {
                (Some(least), Some(most)) if least <= most => Ok(Self::ContentLength(least..=most)),
                _ => Err(invalid(
                    "Invalid content-length-range: it needs two numbers of bytes, the smaller one first.",
                )),
            },
            operator @ ("eq" | "starts-with") => {
                let field = first.as_str().and_then(|name| name.strip_prefix('$'));
                let (Some(field), Some(value)) = (field, second.as_str()) else {
                    return Err(invalid(&format!(
                        "Invalid condition: \"{operator}\" needs a field, written as \"$key\", and a string."
                    )));
                };
                let (field, value) = (field.to_ascii_lowercase(), value.to_owned());
                Ok(match operator {
                    "eq" => Self::Equals(field, value),
                    _ => Self::StartsWith(field, value),
                })
            }
            _ => Err(invalid(&format!(
                "Invalid condition: '{operator}' is not an operator; \"eq\", \"starts-with\" and \
                 \"content-length-range\" are."
            ))),
        }
    }

    fn names(&self, name: &str) -> bool {
        match self {
            Self::Equals(field, _) | Self::StartsWith(field, _) => field == name,
            Self::ContentLength(_) => false,
        }
    }

    /// A field that is not there has no value, not an empty one.
    fn holds(&self, fields: &Fields, bucket: &str) -> bool {
        let value = |field: &str| match (field, fields.get(field)) {
            ("bucket", Some(sent)) if sent != bucket => None,
            ("bucket", _) => Some(bucket.to_owned()),
            (_, sent) => sent.map(str::to_owned),
        };
        match self {
            Self::Equals(field, expected) => value(field).as_ref() == Some(expected),
            // A list of types has to fit as a whole.
            Self::StartsWith(field, prefix) if field == "content-type" => {
                value(field).is_some_and(|types| {
                    types.split(',').all(|one| one.trim_start().starts_with(prefix.as_str()))
                })
            }
            Self::StartsWith(field, prefix) => {
                value(field).is_some_and(|value| value.starts_with(prefix.as_str()))
            }
            Self::ContentLength(_) => true,
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (operator, field, value) = match self {
            Self::Equals(field, value) => ("eq", format!("${field}"), json!(value)),
            Self::StartsWith(field, value) => ("starts-with", format!("${field}"), json!(value)),
            Self::ContentLength(range) => {
                let (least, most) = (range.start(), range.end());
                return write!(f, "[\"content-length-range\", {least}, {most}]");
            }
        };
        write!(f, "[\"{operator}\", {}, {value}]", json!(field))
    }
}

/// Whether a field needs no condition.
fn is_exempt(name: &str) -> bool {
    matches!(name, "x-amz-signature" | "policy") || name.starts_with("x-ignore-")
}

/// Reads `2015-12-30T12:00:00Z`, with or without a fraction of a second.
fn instant(value: &Value) -> S3Result<OffsetDateTime> {
    let text = value.as_str().unwrap_or_default();
    let shape = text.as_bytes();
    let separated = shape.get(10) == Some(&b'T') && shape.last() == Some(&b'Z');
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| separated);
    parsed.ok_or_else(|| {
        invalid(&format!(
            "Invalid 'expiration' value: {value}; it is written as \"2015-12-30T12:00:00.000Z\"."
        ))
    })
}

fn invalid(why: &str) -> S3Error {
    s3_error!(InvalidPolicyDocument, "Invalid Policy: {why}")
}

fn refused(why: &str) -> S3Error {
    s3_error!(AccessDenied, "Invalid according to Policy: {why}")
}
