//! Signed forms: what a browser may POST into a bucket.
//!
//! A policy says which fields the form may have, and when it ends. What is signed is its base64, so
//! a form works without anything in its URL. The fields are written as botocore writes them, byte
//! for byte, but for characters that JSON escapes in two halves: Ceph's gateway (16.2) does not put
//! the halves together.
//!
//! ```text
//! {"expiration": "2015-12-30T12:00:00Z", "conditions": [["content-length-range", 1, 1000],
//!  {"bucket": "sigv4examplebucket"}, {"key": "user/user1/a.jpg"}, {"x-amz-algorithm": …}, …]}
//! ```
//!
//! Source: *Browser-Based Uploads Using POST (AWS Signature Version 4)* in the Amazon S3 API
//! reference, with its page on POST policies.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::form::SignedForm;
use crate::secret::Secret;

use super::sign::Signer;
use super::{ALGORITHM, ExpiresIn};

/// What a form may store.
#[derive(Clone, Copy, Debug)]
pub struct PostPolicy<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key of the object.
    pub key: &'a str,
    /// What else has to hold.
    pub conditions: &'a [Condition<'a>],
    /// For how long the form works.
    pub expires_in: ExpiresIn,
}

/// What has to hold of a form. S3 refuses every field that no condition names, but for those that
/// begin with `x-ignore-`.
#[derive(Clone, Debug)]
pub enum Condition<'a> {
    /// It has a field of this name with this value.
    Field(&'a str, &'a str),
    /// It has a field of this name whose value begins so; with anything, when it is empty.
    StartsWith(&'a str, &'a str),
    /// The file has so many bytes.
    ContentLength(RangeInclusive<u64>),
}

impl Signer<'_> {
    /// Signs a form.
    pub fn sign_form(&self, policy: &PostPolicy<'_>) -> SignedForm {
        let credentials = self.credentials;
        let (scope, key) = self.scope();
        let expires_at = self.time.saturating_add(policy.expires_in.duration());
        let credential = format!("{}/{}", credentials.access_key_id, key.scope());
        let mut fields = Vec::new();
        let mut conditions: Vec<_> = policy.conditions.iter().map(Condition::to_json).collect();
        for condition in policy.conditions {
            if let Condition::Field(name, value) = condition {
                fields.push(((*name).to_owned(), Secret::new(*value)));
            }
        }
        conditions.push(object("bucket", policy.bucket));
        let token = credentials.session_token.as_ref().map(Secret::expose);
        let own = [
            ("key", Some(policy.key)),
            ("x-amz-algorithm", Some(ALGORITHM)),
            ("x-amz-credential", Some(credential.as_str())),
            ("x-amz-date", Some(scope.amz_date())),
            ("x-amz-security-token", token),
        ];
        for (name, value) in own {
            let Some(value) = value else { continue };
            conditions.push(object(name, value));
            fields.push((name.to_owned(), Secret::new(value)));
        }
        let document = format!(
            "{{\"expiration\": {}, \"conditions\": [{}]}}",
            string(&expires_at.to_rfc3339()),
            conditions.join(", ")
        );
        let encoded = BASE64_STANDARD.encode(document);
        let signature = key.sign(&encoded);
        fields.push(("policy".to_owned(), Secret::new(encoded)));
        fields.push(("x-amz-signature".to_owned(), Secret::new(signature.expose())));
        SignedForm { fields, expires_at }
    }
}

impl Condition<'_> {
    fn to_json(&self) -> String {
        match self {
            Self::Field(name, value) => object(name, value),
            Self::StartsWith(name, prefix) => {
                format!("[\"starts-with\", {}, {}]", string(&format!("${name}")), string(prefix))
            }
            Self::ContentLength(range) => {
                format!("[\"content-length-range\", {}, {}]", range.start(), range.end())
            }
        }
    }
}

fn object(name: &str, value: &str) -> String {
    format!("{{{}: {}}}", string(name), string(value))
}

/// A string in JSON as Python writes it, but that no character is escaped in two halves.
fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(character),
            '\u{10000}'.. => json.push(character),
            _ => json.push_str(&format!("\\u{:04x}", u32::from(character))),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::Credentials;
    use crate::sigv4::signing_key::SecretAccessKey;
    use crate::time::UnixTime;

    #[test]
    fn a_form_says_nothing_when_it_is_shown() {
        let credentials = Credentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session_token: Some(Secret::new("token")),
        };
        let time = UnixTime::parse_rfc3339("2015-12-29T00:00:00Z").unwrap();
        let signer = Signer { credentials: &credentials, region: "us-east-1", service: "s3", time };
        let form = signer.sign_form(&PostPolicy {
            bucket: "sigv4examplebucket",
            key: "user/user1/é.jpg",
            conditions: &[
                Condition::Field("acl", "private"),
                Condition::StartsWith("Content-Type", "image/"),
                Condition::ContentLength(1..=1000),
            ],
            expires_in: ExpiresIn::from_secs(60).unwrap(),
        });
        let value = |name: &str| {
            let mut named = form.fields.iter().filter(|(known, _)| known == name);
            named.next().map(|(_, value)| value.expose().to_owned()).unwrap()
        };
        let policy = BASE64_STANDARD.decode(value("policy")).unwrap();
        assert_eq!(
            String::from_utf8(policy).unwrap(),
            r#"{"expiration": "2015-12-29T00:01:00Z", "conditions": [{"acl": "private"}, "#
                .to_owned()
                + r#"["starts-with", "$Content-Type", "image/"], ["content-length-range", 1, 1000], "#
                + r#"{"bucket": "sigv4examplebucket"}, {"key": "user/user1/\u00e9.jpg"}, "#
                + r#"{"x-amz-algorithm": "AWS4-HMAC-SHA256"}, {"x-amz-credential": "#
                + r#""AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"}, "#
                + r#"{"x-amz-date": "20151229T000000Z"}, {"x-amz-security-token": "token"}]}"#
        );
        let names: Vec<_> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
        let own = ["key", "x-amz-algorithm", "x-amz-credential", "x-amz-date"];
        let last = ["x-amz-security-token", "policy", "x-amz-signature"];
        assert_eq!(names, [&["acl"][..], &own, &last].concat());
        let shown = format!("{form:?}");
        assert!(!shown.contains(&value("x-amz-signature")) && !shown.contains("token\")"));
    }

    #[test]
    fn strings_are_written_as_python_writes_them() {
        for (text, expected) in [
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\n\r\t\u{8}\u{c}\u{1}\u{7f}", r#""\n\r\t\b\f\u0001\u007f""#),
            ("é🧥/", "\"\\u00e9🧥/\""),
        ] {
            assert_eq!(string(text), expected);
        }
    }
}
