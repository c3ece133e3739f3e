//! Forms as a browser sends them, signed by the SDK's signer.

use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::support::{ORIGIN, Reply, Served, Signer, base64};

pub(crate) const BOUNDARY: &str = "----WebKitFormBoundaryq1w2e3r4t5y6u7i8";

/// A form to be signed: every field of it has an exact condition.
pub(crate) struct Form {
    pub(crate) signer: Signer,
    /// Seconds from now.
    pub(crate) life: i64,
    fields: Vec<(String, String)>,
    /// The fields whose conditions are in `conditions`.
    covered: Vec<String>,
    conditions: Vec<Value>,
}

impl Form {
    /// A form for the key `photo` in the bucket `media`.
    pub(crate) fn new() -> Self {
        let (fields, covered) = (Vec::new(), Vec::new());
        let conditions = vec![json!({"bucket": "media"})];
        let form = Self { signer: Signer::default(), life: 600, fields, covered, conditions };
        form.field("key", "photo")
    }

    /// Gives a field this value.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a condition in the place of the exact one, if it is of a field.
    pub(crate) fn condition(mut self, condition: Value) -> Self {
        if let Some(field) = condition[1].as_str().and_then(|name| name.strip_prefix('$')) {
            self.covered.push(field.to_ascii_lowercase());
        }
        self.conditions.push(condition);
        self
    }

    pub(crate) fn signed_by(mut self, signer: Signer) -> Self {
        self.signer = signer;
        self
    }

    /// Its policy, before it is signed.
    pub(crate) fn policy(&self) -> Value {
        let mut conditions = self.conditions.clone();
        for (name, value) in self.fields.iter().chain(&self.ticket()) {
            if !self.covered.contains(&name.to_ascii_lowercase()) {
                conditions.push(json!({name: value}));
            }
        }
        json!({"expiration": rfc3339(self.life), "conditions": conditions})
    }

    pub(crate) fn signed(&self) -> SignedForm {
        self.signed_with(&self.policy().to_string())
    }

    /// With another policy, signed as it is.
    pub(crate) fn signed_with(&self, policy: &str) -> SignedForm {
        self.signed_encoded(&base64(policy))
    }

    pub(crate) fn signed_encoded(&self, policy: &str) -> SignedForm {
        let Signer { secret, region, service, time, .. } = self.signer;
        let key = generate_signing_key(secret, time, region, service);
        let mut fields = self.fields.clone();
        fields.extend(self.ticket());
        fields.push(("policy".to_owned(), policy.to_owned()));
        let signature = calculate_signature(key, policy.as_bytes());
        fields.push(("x-amz-signature".to_owned(), signature));
        SignedForm { fields, file_name: "coat.jpg".to_owned() }
    }

    fn ticket(&self) -> Vec<(String, String)> {
        let Signer { access_key_id, token, region, service, time, .. } = &self.signer;
        let date = OffsetDateTime::from(*time);
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = date.format(format).unwrap();
        let credential = format!("{access_key_id}/{}/{region}/{service}/aws4_request", &date[..8]);
        let mut fields = vec![
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", &credential),
            ("x-amz-date", &date),
        ];
        if let Some(token) = token {
            fields.push(("x-amz-security-token", token));
        }
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// The fields of a signed form, which can still be changed.
#[derive(Clone)]
pub(crate) struct SignedForm {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) file_name: String,
}

impl SignedForm {
    /// With another value of a field, or a field more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> String {
        self.fields.iter().find(|(known, _)| known == name).unwrap().1.clone()
    }

    /// The parts before the file, each with its boundary.
    pub(crate) fn head(&self) -> String {
        self.fields.iter().map(|(name, value)| part(name, value)).collect()
    }

    /// The whole body.
    pub(crate) fn body(&self, file: &[u8]) -> Vec<u8> {
        [self.head().as_bytes(), self.file_head().as_bytes(), file, end().as_bytes()].concat()
    }

    pub(crate) fn file_head(&self) -> String {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: text/x-of-the-part\r\n\r\n",
            self.file_name
        )
    }

    pub(crate) fn request(&self, store: &Served, file: &[u8]) -> Request<Bytes> {
        request(store, "/media", &self.body(file))
    }

    pub(crate) async fn send(&self, store: &Served, file: &[u8]) -> Reply {
        store.send(self.request(store, file)).await
    }
}

/// One field with its boundary.
pub(crate) fn part(name: &str, value: &str) -> String {
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

pub(crate) fn end() -> String {
    format!("\r\n--{BOUNDARY}--\r\n")
}

pub(crate) fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// A request with a body of parts.
pub(crate) fn request(store: &Served, path: &str, body: &[u8]) -> Request<Bytes> {
    let content_type = content_type();
    let headers = [("content-type", content_type.as_str()), ("origin", ORIGIN)];
    store.unsigned(Method::POST, path, &headers, body)
}

fn rfc3339(seconds_from_now: i64) -> String {
    let by = Duration::from_secs(seconds_from_now.unsigned_abs());
    let now = SystemTime::now();
    let then = OffsetDateTime::from(if seconds_from_now < 0 { now - by } else { now + by });
    then.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z")).unwrap()
}
