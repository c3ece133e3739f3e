//! Tickets of the other dialects, signed.

use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::cloudfront::resource::Resource as CloudFrontResource;
use cloakroom_core::cloudfront::sign::{Policy, Url};
use cloakroom_core::cloudfront::source_ip::SourceIp;
use cloakroom_core::cloudfront::statement::Statement;
use cloakroom_core::crypto::Hash;
use cloakroom_core::edgeauth::sign::Opens;
use cloakroom_core::edgeauth::{self, Escaping};
use cloakroom_core::formpost::FormPost;
use cloakroom_core::jwt::{self, JwtAlgorithm, UnsignedJwt};
use cloakroom_core::key::{JwtKey, JwtPrincipal, JwtProof, Keyring};
use cloakroom_core::public_key::Algorithm;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::secret::Secret;
use cloakroom_core::tempurl::DIGESTS;
use cloakroom_core::tempurl::ip_range::IpRange;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

use crate::decide::outcome;
use crate::question::{now, text};

pub(crate) fn tempurl_sign(question: &Value) -> Value {
    let path = text(question, "path");
    let flag = |name: &str| question.get(name).and_then(Value::as_bool).unwrap_or_default();
    let range = question.get("ip_range").and_then(Value::as_str);
    let digest = text(question, "digest");
    let url = TempUrl {
        method: Method::parse(text(question, "method")).unwrap(),
        resource: if flag("prefix") { Resource::Prefix(path) } else { Resource::Object(path) },
        expires_at: question
            .get("expires")
            .and_then(Value::as_u64)
            .map(UnixTime::from_secs)
            .unwrap(),
        notation: if flag("iso8601") { ExpiryNotation::Iso8601 } else { ExpiryNotation::Epoch },
        ip_range: range.map(|range| IpRange::parse(range).unwrap()),
        digest: DIGESTS.into_iter().find(|known| known.as_str() == digest).unwrap(),
    };
    match url.sign(&Secret::new(text(question, "key"))) {
        Ok(signed) => json!({
            "encoded": signed.encoded().expose(),
            "unencoded": signed.unencoded().expose(),
        }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

pub(crate) fn formpost_sign(question: &Value) -> Value {
    let number = |name: &str| question.get(name).and_then(Value::as_u64).unwrap();
    let digest = text(question, "digest");
    let form = FormPost {
        path: text(question, "path"),
        redirect: question.get("redirect").and_then(Value::as_str),
        max_file_size: number("max_file_size"),
        max_file_count: u32::try_from(number("max_file_count")).unwrap(),
        expires_at: UnixTime::from_secs(number("expires")),
        digest: DIGESTS.into_iter().find(|known| known.as_str() == digest).unwrap(),
    };
    match form.sign(&Secret::new(text(question, "key"))) {
        Ok(signed) => {
            let fields = signed.fields.iter().map(|(name, value)| (name, value.expose()));
            json!({ "fields": fields.collect::<Vec<_>>() })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// Signed with `private_key`: a canned policy for `url`, or a custom one when there is a
/// `resource`.
pub(crate) fn cloudfront_sign(question: &Value) -> Value {
    let optional = |name: &str| question.get(name).and_then(Value::as_str);
    let seconds = |name: &str| question.get(name).and_then(Value::as_u64).map(UnixTime::from_secs);
    let url = Url::parse(text(question, "url")).unwrap();
    let expires_at = seconds("expires_at").unwrap();
    let policy = match optional("resource") {
        None => Policy::canned(url, expires_at).unwrap(),
        Some(resource) => Policy::custom(&Statement {
            resource: Some(CloudFrontResource::parse(resource).unwrap()),
            expires_at,
            starts_at: seconds("starts_at"),
            source_ip: optional("source_ip").map(|range| SourceIp::parse(range).unwrap()),
        }),
    };
    let key = PrivateKey::from_pem(text(question, "private_key")).unwrap();
    let algorithm = match text(question, "algorithm") {
        "RSA-SHA1" => Algorithm::RsaSha1,
        "RSA-SHA256" => Algorithm::RsaSha256,
        "ECDSA-SHA1" => Algorithm::EcdsaSha1,
        _ => Algorithm::EcdsaSha256,
    };
    let signature = key.sign(algorithm, policy.message()).unwrap();
    let signed = policy.signed(text(question, "key_pair_id"), algorithm, &signature).unwrap();
    let cookies: serde_json::Map<_, _> =
        signed.cookies().map(|(name, value)| (name.to_owned(), json!(value.expose()))).collect();
    json!({
        "policy": str::from_utf8(policy.message()).unwrap(),
        "url": signed.url(url).expose(),
        "cookies": cookies,
    })
}

pub(crate) fn edgeauth_sign(question: &Value) -> Value {
    let optional = |name: &str| question.get(name).and_then(Value::as_str);
    let time = |name: &str| question.get(name).and_then(Value::as_u64).map(UnixTime::from_secs);
    let (secret, salt) = (Secret::new(text(question, "key")), optional("salt").map(Secret::new));
    let hashes = [Hash::Sha256, Hash::Sha1, Hash::Md5];
    let signer = edgeauth::Signer {
        secret: &secret,
        salt: salt.as_ref(),
        algorithm: hashes.into_iter().find(|h| h.as_str() == text(question, "algorithm")).unwrap(),
        escaping: match question.get("escape_early").and_then(Value::as_bool).unwrap() {
            true => Escaping::Early,
            false => Escaping::None,
        },
    };
    let acl = question.get("acl").and_then(Value::as_array).cloned().unwrap_or_default();
    let acl: Vec<_> = acl.iter().filter_map(Value::as_str).collect();
    let token = signer.sign(&edgeauth::sign::Unsigned {
        opens: optional("url").map_or(Opens::Acl(&acl), Opens::Url),
        starts_at: time("starts_at"),
        expires_at: time("expires_at").unwrap(),
        address: optional("ip").map(|address| address.parse().unwrap()),
        id: optional("id"),
        data: optional("data"),
    });
    match token {
        Ok(token) => json!({ "token": token.expose() }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// By HS256 with `secret`, or by `algorithm` with `private_key`.
pub(crate) fn jwt_sign(question: &Value) -> Value {
    let (kid, claims) = (text(question, "kid"), question.get("claims").unwrap());
    let token = match question.get("private_key").and_then(Value::as_str) {
        None => jwt::sign(kid, &Secret::new(text(question, "secret")), claims),
        Some(pem) => {
            let name = text(question, "algorithm");
            let algorithm = JwtAlgorithm::ALL.into_iter().find(|it| it.as_str() == name).unwrap();
            let unsigned = UnsignedJwt::new(algorithm, kid, claims);
            let key = PrivateKey::from_pem(pem).unwrap();
            let message = unsigned.signing_input().as_bytes();
            let signature = key.sign(algorithm.public_key().unwrap(), message).unwrap();
            unsigned.with_signature(&signature)
        }
    };
    json!({ "token": token.expose() })
}

pub(crate) fn jwt_verify(question: &Value) -> Value {
    let optional = |name: &str| question.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut keyring = Keyring::default();
    keyring.add_jwt(JwtKey {
        id: text(question, "kid").to_owned(),
        proof: JwtProof::Hs256(Secret::new(text(question, "secret"))),
        issuer: optional("issuer"),
        audience: optional("audience"),
        cookie: None,
        principal: JwtPrincipal::Claim("sub".to_owned()),
    });
    let authorization = format!("Bearer {}", text(question, "token"));
    let headers = [("host", "h"), ("authorization", authorization.as_str())];
    outcome(Request::parse("GET", "/", headers), &keyring, now(question))
}
