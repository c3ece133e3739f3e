//! SigV4, signed and verified.

use cloakroom_core::key::{Keyring, Principal, Sigv4Key};
use cloakroom_core::query::Query;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::post::{Condition, PostPolicy};
use cloakroom_core::sigv4::scope::Scope;
use cloakroom_core::sigv4::settings::Settings;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use serde_json::{Value, json};

use crate::decide::outcome;
use crate::question::{headers, split_url, strings, text, time};

pub(crate) fn sign(question: &Value) -> Value {
    let credentials = credentials(question);
    let (endpoint, target) = split_url(text(question, "url"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = String::from_utf8(cloakroom_core::encoding::decode(path).unwrap().into()).unwrap();
    let query: Vec<_> = Query::new(query)
        .decoded()
        .unwrap()
        .into_iter()
        .map(|(n, v)| (text_of(&n), text_of(&v)))
        .collect();
    let query: Vec<_> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let headers = headers(question);
    let request = Unsigned {
        method: Method::parse(text(question, "method")).unwrap(),
        endpoint: &endpoint,
        path: &path,
        query: &query,
        headers: &headers,
    };
    let signer = Signer {
        credentials: &credentials,
        region: text(question, "region"),
        service: text(question, "service"),
        time: time(question, "time"),
    };
    let prepared;
    let mut answer;
    if text(question, "op") == "presign" {
        let seconds = question.get("expires_in").and_then(Value::as_u64).unwrap();
        let expires_in = ExpiresIn::from_secs(seconds).unwrap();
        prepared = match question.get("payload_sha256").and_then(Value::as_str) {
            None => signer.prepare_query(&request, expires_in),
            Some(hash) => {
                let settings = Settings::of_service(signer.service);
                let payload = Payload::parse(hash).unwrap();
                signer.prepare_query_with(&request, expires_in, payload, settings)
            }
        };
        answer = json!({ "url": prepared.presigned_url().expose() });
    } else {
        let payload = Payload::parse(text(question, "payload_sha256")).unwrap();
        prepared = signer.prepare_headers(&request, payload);
        let signed = prepared.signed_headers();
        let headers: serde_json::Map<_, _> =
            signed.headers.iter().map(|(n, v)| ((*n).to_owned(), json!(v.expose()))).collect();
        answer = json!({ "headers": headers, "url": signed.url });
    }
    let details = answer.as_object_mut().unwrap();
    details.insert("canonical_request".into(), json!(prepared.canonical_request().as_str()));
    details.insert("string_to_sign".into(), json!(prepared.string_to_sign()));
    details.insert("signature".into(), json!(prepared.signature().expose()));
    answer
}

fn text_of(bytes: &[u8]) -> String {
    str::from_utf8(bytes).unwrap().to_owned()
}

pub(crate) fn post_policy(question: &Value) -> Value {
    let scope = Scope::new(time(question, "time"), text(question, "region"), "s3");
    let secret = SecretAccessKey::new(text(question, "secret_access_key"));
    let signature = secret.signing_key(&scope).sign(text(question, "policy_base64"));
    json!({ "signature": signature.expose() })
}

pub(crate) fn sign_form(question: &Value) -> Value {
    fn pairs<'q>(question: &'q Value, name: &str) -> Vec<(&'q str, &'q str)> {
        let pairs = question.get(name).and_then(Value::as_array).unwrap();
        pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
    }
    let credentials = credentials(question);
    let length = |at: usize| question["length"][at].as_u64().unwrap();
    let mut conditions = Vec::new();
    conditions.extend(pairs(question, "fields").into_iter().map(|(n, v)| Condition::Field(n, v)));
    let starts = pairs(question, "starts").into_iter();
    conditions.extend(starts.map(|(name, prefix)| Condition::StartsWith(name, prefix)));
    conditions.push(Condition::ContentLength(length(0)..=length(1)));
    let signer = Signer {
        credentials: &credentials,
        region: text(question, "region"),
        service: "s3",
        time: time(question, "time"),
    };
    let form = signer.sign_form(&PostPolicy {
        bucket: text(question, "bucket"),
        key: text(question, "key"),
        conditions: &conditions,
        expires_in: ExpiresIn::from_secs(question["expires_in"].as_u64().unwrap()).unwrap(),
    });
    let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name, value.expose())).collect();
    json!({ "fields": fields, "expires_at": form.expires_at.as_secs() })
}

fn credentials(question: &Value) -> Credentials {
    Credentials {
        access_key_id: text(question, "access_key_id").to_owned(),
        secret_access_key: SecretAccessKey::new(text(question, "secret_access_key")),
        session_token: question.get("session_token").and_then(Value::as_str).map(Secret::new),
    }
}

pub(crate) fn verify(question: &Value) -> Value {
    let mut keyring = Keyring::default();
    for (id, key) in question.get("keys").and_then(Value::as_object).unwrap() {
        keyring.add_sigv4(Sigv4Key {
            id: id.clone(),
            secret_access_key: SecretAccessKey::new(text(key, "secret_access_key")),
            session_token: key.get("session_token").and_then(Value::as_str).map(Secret::new),
            regions: strings(key.get("regions")),
            principal: Principal::EveryOwner,
        });
    }
    let (endpoint, target) = split_url(text(question, "url"));
    let mut headers = headers(question);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        headers.push(("host", endpoint.host()));
    }
    let now = time(question, "now");
    outcome(Request::parse(text(question, "method"), target, headers), &keyring, now)
}
