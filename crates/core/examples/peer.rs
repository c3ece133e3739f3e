//! The core as a program that answers questions, one JSON object a line, so that tests of
//! other ecosystems can ask it: `tests/peers` compares it with botocore, PyJWT and
//! Swift.
//!
//! ```text
//! $ echo '{"op":"post_policy","policy_base64":"…","region":"us-east-1","time":"…",
//!          "secret_access_key":"…"}' | cargo run -p cloakroom-core --example peer
//! {"signature":"8afdbf40…"}
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a question that is not understood ends the program"
)]

use std::io::{BufRead, Write};

use cloakroom_core::acl::permission::Permission;
use cloakroom_core::acl::swift::{ContainerAcl, ContainerHeader, Entry};
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::gate::{Gate, Outcome, Step};
use cloakroom_core::grant::{Grant, Verified};
use cloakroom_core::jwt;
use cloakroom_core::key::{JwtKey, JwtPrincipal, JwtProof, Keyring, Principal, Sigv4Key};
use cloakroom_core::policy::Policy;
use cloakroom_core::presented::Presented;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::{Method, Query, Request, RequestError, Scheme};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::scope::Scope;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::tempurl::DIGESTS;
use cloakroom_core::tempurl::ip_range::IpRange;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

fn main() {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.unwrap()).unwrap();
        writeln!(output, "{}", answer(&question)).unwrap();
        output.flush().unwrap();
    }
}

fn answer(question: &Value) -> Value {
    match text(question, "op") {
        "presign" | "sign" => sign(question),
        "post_policy" => post_policy(question),
        "verify" => verify(question),
        "prove" => prove(question),
        "respond" => respond(question),
        "tempurl_sign" => tempurl_sign(question),
        "jwt_sign" => {
            let secret = Secret::new(text(question, "secret"));
            let claims = question.get("claims").unwrap();
            json!({ "token": jwt::sign(text(question, "kid"), &secret, claims).expose() })
        }
        "jwt_verify" => jwt_verify(question),
        "acl" => acl(question).unwrap_or_else(|error| json!({ "error": error })),
        "swift_acl" => swift_acl(question),
        op => json!({ "error": format!("there is no op `{op}`") }),
    }
}

fn sign(question: &Value) -> Value {
    let credentials = Credentials {
        access_key_id: text(question, "access_key_id").to_owned(),
        secret_access_key: Secret::new(text(question, "secret_access_key")),
        session_token: question.get("session_token").and_then(Value::as_str).map(Secret::new),
    };
    let (endpoint, target) = split_url(text(question, "url"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = String::from_utf8(cloakroom_core::encoding::decode(path).unwrap().into()).unwrap();
    let query: Vec<_> = Query::new(query)
        .decoded()
        .unwrap()
        .into_iter()
        .map(|(n, v)| (String::from_utf8(n).unwrap(), String::from_utf8(v).unwrap()))
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
        prepared = signer.prepare_query(&request, expires_in);
        answer = json!({ "url": signer.presign(&request, expires_in).expose() });
    } else {
        let payload = match text(question, "payload_sha256") {
            "UNSIGNED-PAYLOAD" => Payload::Unsigned,
            hash => Payload::Sha256(hash),
        };
        prepared = signer.prepare_headers(&request, payload);
        let signed = signer.sign_headers(&request, payload);
        let headers: serde_json::Map<_, _> =
            signed.headers.iter().map(|(n, v)| ((*n).to_owned(), json!(v.expose()))).collect();
        answer = json!({ "headers": headers, "url": signed.url });
    }
    let details = answer.as_object_mut().unwrap();
    details.insert("canonical_request".into(), json!(prepared.canonical_request().to_text()));
    details.insert("string_to_sign".into(), json!(prepared.string_to_sign()));
    details.insert("signature".into(), json!(prepared.signature().expose()));
    answer
}

fn post_policy(question: &Value) -> Value {
    let scope = Scope::new(time(question, "time"), text(question, "region"), "s3");
    let key = scope.signing_key(&Secret::new(text(question, "secret_access_key")));
    json!({ "signature": key.sign(text(question, "policy_base64")) })
}

fn verify(question: &Value) -> Value {
    let mut keyring = Keyring::default();
    for (id, key) in question.get("keys").and_then(Value::as_object).unwrap() {
        keyring.add_sigv4(Sigv4Key {
            id: id.clone(),
            secret_access_key: Secret::new(text(key, "secret_access_key")),
            session_token: key.get("session_token").and_then(Value::as_str).map(Secret::new),
            region: None,
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

/// Any dialect: `keys` as a policy has them, and the `secrets` that they name.
fn prove(question: &Value) -> Value {
    let policy = match policy(question) {
        Ok(policy) => policy,
        Err(error) => return error,
    };
    let (endpoint, target) = split_url(text(question, "url"));
    let request = request(question, &endpoint, target);
    match policy.keyring(&|name| secret(question, name)) {
        Ok(keyring) => outcome(request, &keyring, now(question)),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// As `prove`, and what the viewer gets when the store answers `status` and `stored`.
fn respond(question: &Value) -> Value {
    let policy = match policy(question) {
        Ok(policy) => policy,
        Err(error) => return error,
    };
    let gate = Gate::new(&policy, &|name| secret(question, name)).unwrap();
    let (endpoint, target) = split_url(text(question, "url"));
    let (request, now) = (request(question, &endpoint, target).unwrap(), now(question));
    let decision = match gate.decide(&request, now) {
        Step::Decided(decision) => decision,
        Step::Check(checking) => {
            let holds = cloakroom_asymmetric::holds(checking.check());
            checking.answer(holds)
        }
    };
    let status = question.get("status").and_then(Value::as_u64).unwrap();
    match decision.outcome {
        Outcome::Fetch(origin) => {
            let stored = question.get("stored").and_then(Value::as_object).unwrap();
            let stored =
                stored.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
            let response = origin.respond(u16::try_from(status).unwrap(), stored, now).unwrap();
            json!({ "status": response.status, "headers": response.headers })
        }
        Outcome::Preflight(_) => json!({ "ok": false, "reason": "preflight" }),
        Outcome::Reject { rejection, .. } => {
            json!({ "ok": false, "reason": rejection.row().reason })
        }
    }
}

fn policy(question: &Value) -> Result<Policy, Value> {
    let policy = json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
        } },
        "routes": { "all": { "path": "/", "store": "main", "bucket": "media" } },
        "keys": question.get("keys"),
    });
    Policy::parse(&policy.to_string()).map_err(|error| json!({ "error": error.to_string() }))
}

fn secret(question: &Value, name: &str) -> Option<String> {
    let secret = question.get("secrets").and_then(|all| all.get(name)?.as_str());
    // The store's own, which nothing here is sent to.
    let of_store = matches!(name, "ID" | "SECRET").then_some("a secret of the store, long enough");
    secret.or(of_store).map(str::to_owned)
}

fn request<'q>(
    question: &'q Value,
    endpoint: &'q Endpoint,
    target: &'q str,
) -> Result<Request<'q>, RequestError> {
    let mut headers = headers(question);
    headers.push(("host", endpoint.host()));
    let is_http = text(question, "url").starts_with("http:");
    let scheme = if is_http { Scheme::Http } else { Scheme::Https };
    let address = question.get("client_ip").and_then(Value::as_str);
    let address = address.map(|address| address.parse().unwrap());
    Request::parse(text(question, "method"), target, headers)
        .map(|request| request.over(scheme).from_address(address))
}

fn now(question: &Value) -> UnixTime {
    question.get("now").and_then(Value::as_u64).map(UnixTime::from_secs).unwrap()
}

fn tempurl_sign(question: &Value) -> Value {
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

fn jwt_verify(question: &Value) -> Value {
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
    let now = question.get("now").and_then(Value::as_u64).map(UnixTime::from_secs).unwrap();
    let headers = [("host", "h"), ("authorization", authorization.as_str())];
    outcome(Request::parse("GET", "/", headers), &keyring, now)
}

/// An access rule of a policy: `acl`, `grants` or `swift`, and `list`. `owner` and `bucket_owner`
/// are ids of users; without them it is the app. `principal` is `null`, `"every-owner"` or
/// `{"user": …}`.
fn acl(question: &Value) -> Result<Value, String> {
    let owner = question.get("owner").and_then(Value::as_str);
    let with_given = |mut object: Value, names: &[&str]| {
        for name in names {
            if let Some(value) = question.get(name).filter(|value| !value.is_null()) {
                object[name] = value.clone();
            }
        }
        object
    };
    let keys = if owner.is_some() { "{owner}/*" } else { "*" };
    let rule = with_given(json!({ "keys": keys }), &["acl", "grants", "swift", "list"]);
    let route = json!({ "path": "/", "store": "main", "bucket": "media", "access": [rule] });
    let route = with_given(route, &["bucket_owner"]);
    let policy = json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
        } },
        "routes": { "all": route },
    });
    let routes = Policy::parse(&policy.to_string())
        .and_then(|policy| policy.routes(&|name| Some(name.to_owned())))
        .map_err(|error| error.to_string())?;
    let path = format!("/{}/object", encode(owner.unwrap_or("object"), Slash::Encode));
    let request = Request::parse("GET", &path, [("host", "h")]).map_err(|e| e.to_string())?;
    let located = Presented::parse(&request, &Keyring::default())
        .and_then(|presented| presented.verify(&Keyring::default(), UnixTime::from_secs(0)))
        .map_err(|error| error.to_string())
        .and_then(|verified| match verified {
            Verified::Granted(grant) => routes.locate(grant).map_err(|error| error.to_string()),
            Verified::Pending(_) => Err("nobody's request cannot wait for a key".to_owned()),
        })?;
    let principal = match question.get("principal").unwrap() {
        Value::Null => Principal::Anonymous,
        Value::String(name) if name == "every-owner" => Principal::EveryOwner,
        user => Principal::User(text(user, "user").to_owned()),
    };
    let asked = text(question, "permission");
    let permission = Permission::ALL.into_iter().find(|(name, _)| *name == asked).unwrap().1;
    let referer = question.get("referer").and_then(Value::as_str);
    let allowed = located.rule().allows(permission, &principal, referer);
    Ok(json!({
        "allowed": allowed.is_some(),
        "by": allowed.map(|allowed| allowed.by.as_str()),
        "clause": allowed.map(|allowed| allowed.clause.to_string()),
    }))
}

/// One ACL of a container: `header` is `read` or `write`, `asked` is `object` or `listing`.
fn swift_acl(question: &Value) -> Value {
    let header = match text(question, "header") {
        "write" => ContainerHeader::Write,
        _ => ContainerHeader::Read,
    };
    let acl = match ContainerAcl::parse(text(question, "acl"), header) {
        Ok(acl) => acl,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let groups = question.get("groups").and_then(Value::as_array).unwrap();
    let groups: Vec<_> = groups.iter().map(|group| group.as_str().unwrap()).collect();
    let referer = question.get("referer").and_then(Value::as_str);
    let entry = match text(question, "asked") {
        "listing" => acl.admits_listing(&groups, referer),
        _ => acl.admits(&groups, referer),
    };
    let by = entry.map(|entry| match entry {
        Entry::Everyone => "everyone",
        Entry::Referrer(_) => "referrer",
        Entry::Group(_) => "group",
    });
    json!({ "clean": acl.to_string(), "allowed": by.is_some(), "by": by })
}

fn outcome(request: Result<Request<'_>, RequestError>, keyring: &Keyring, now: UnixTime) -> Value {
    let described = |grant: Grant<'_>| {
        let user = match grant.principal() {
            Principal::User(user) => Some(user.clone()),
            _ => None,
        };
        json!({
            "ok": true,
            "key_id": grant.key_id(),
            "user": user,
            "expires_at": grant.expires_at().map(UnixTime::as_secs),
        })
    };
    let prove = || -> Result<Value, Rejection> {
        let request = request?;
        match Presented::parse(&request, keyring)? {
            Presented::Anonymous(_) => Ok(json!({ "ok": false, "reason": "no_credential" })),
            presented => match presented.verify(keyring, now)? {
                Verified::Granted(grant) => Ok(described(grant)),
                Verified::Pending(pending) => {
                    let holds = cloakroom_asymmetric::holds(pending.check());
                    Ok(described(pending.answer(holds)?))
                }
            },
        }
    };
    prove().unwrap_or_else(|rejection| {
        let detail = rejection.to_string();
        json!({ "ok": false, "reason": rejection.row().reason, "detail": detail })
    })
}

fn split_url(url: &str) -> (Endpoint, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(authority..).unwrap();
    let end = rest.find('/').map_or(url.len(), |at| authority + at);
    let (endpoint, target) = url.split_at_checked(end).unwrap();
    (Endpoint::parse(endpoint).unwrap(), if target.is_empty() { "/" } else { target })
}

fn headers(question: &Value) -> Vec<(&str, &str)> {
    let headers = question.get("headers").and_then(Value::as_object).unwrap();
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

fn time(question: &Value, name: &str) -> UnixTime {
    UnixTime::parse_amz_date(text(question, name)).unwrap()
}

fn text<'q>(question: &'q Value, name: &str) -> &'q str {
    question.get(name).and_then(Value::as_str).unwrap()
}
