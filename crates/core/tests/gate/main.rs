//! Requests through the whole gate: what is decided, for which reason, and what goes out.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::gate::{Decision, Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::jwt;
use cloakroom_core::origin::OriginRequest;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::{Method, Request};
use cloakroom_core::response::ViewerResponse;
use cloakroom_core::retrieval::{Next, Retrieval};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::store::StoreAnswer;
use cloakroom_core::time::UnixTime;

mod access;
mod credentials;
mod laws;
mod objects;
mod swift_auth;

const POLICY: &str = r#"{
  "version": 1,
  "stores": {
    "main": {
      "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1", "addressing": "path",
      "credentials": { "access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET", "session_token": "STORE_TOKEN" }
    }
  },
  "keys": {
    "AKAPP": { "dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner" },
    "AKALICE": { "dialect": "sigv4", "secret": "ALICE_SECRET", "principal": { "user": "alice" }, "region": "us-east-1" },
    "AKTEMP": { "dialect": "sigv4", "secret": "TEMP_SECRET", "principal": "every-owner", "session_token": "TEMP_TOKEN" },
    "users": { "dialect": "jwt", "algorithm": "HS256", "secret": "JWT_SECRET", "principal": { "claim": "sub" } }
  },
  "routes": {
    "media": {
      "path": "/media/", "store": "main", "bucket": "bucket",
      "access": [
        { "keys": "public/*", "acl": "public-read" },
        { "keys": "members/*", "acl": "authenticated-read" },
        { "keys": "users/{owner}/*", "acl": "private" }
      ],
      "cors": { "allow_origins": ["https://app.example"] }
    },
    "archive": { "host": "archive.example", "path": "/media/", "store": "main", "bucket": "archive" },
    "deep": { "path": "/media/deep/", "store": "main", "bucket": "deep" }
  }
}"#;

const HOST: &str = "media.example";

fn secret(name: &str) -> Option<String> {
    Some(format!("{name} of more than thirty-two bytes"))
}

fn gate() -> Gate {
    Gate::new(Policy::parse(POLICY).unwrap().read_side(), &secret).unwrap()
}

fn now() -> UnixTime {
    UnixTime::parse_amz_date("20261123T120000Z").unwrap()
}

fn credentials(id: &str) -> Credentials {
    let name = format!("{}_SECRET", id.strip_prefix("AK").unwrap());
    let token = (id == "AKTEMP").then(|| Secret::new(secret("TEMP_TOKEN").unwrap()));
    Credentials {
        access_key_id: id.into(),
        secret_access_key: SecretAccessKey::new(secret(&name).unwrap()),
        session_token: token,
    }
}

/// A ticket in the making; each field has a sound value.
#[derive(Clone)]
struct Ticket<'a> {
    key: &'a str,
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    signed_at: UnixTime,
    expires_in: u64,
}

fn ticket(key: &str) -> Ticket<'_> {
    Ticket {
        key,
        method: Method::Get,
        path: "/media/users/alice/a.jpg",
        query: &[],
        signed_at: now(),
        expires_in: 600,
    }
}

impl Ticket<'_> {
    fn signed<T>(&self, sign: impl FnOnce(&Signer<'_>, &Unsigned<'_>) -> T) -> T {
        let credentials = credentials(self.key);
        let endpoint = Endpoint::parse(&format!("https://{HOST}")).unwrap();
        let signer = Signer {
            credentials: &credentials,
            region: "us-east-1",
            service: "s3",
            time: self.signed_at,
        };
        let (method, path, query) = (self.method, self.path, self.query);
        sign(&signer, &Unsigned { method, endpoint: &endpoint, path, query, headers: &[] })
    }

    /// The target of the presigned URL.
    fn target(&self) -> String {
        let expires_in = ExpiresIn::from_secs(self.expires_in).unwrap();
        let url = self.signed(|signer, request| signer.presign(request, expires_in));
        url.expose().strip_prefix(&format!("https://{HOST}")).unwrap().to_owned()
    }

    /// The headers of the signed request.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let signed = self.signed(|signer, request| signer.sign_headers(request, Payload::Unsigned));
        signed.headers.into_iter().map(|(name, value)| (name, value.into_exposed())).collect()
    }
}

fn bearer(user: &str, exp: u64) -> String {
    let secret = Secret::new(secret("JWT_SECRET").unwrap());
    let claims = serde_json::json!({ "sub": user, "exp": exp });
    format!("Bearer {}", jwt::sign("users", &secret, &claims).expose())
}

fn decision(gate: &Gate, request: &Request<'_>, now: UnixTime) -> Decision<Retrieval> {
    match gate.decide::<Retrieval>(request, now) {
        Step::Decided(decision) => decision,
        Step::Check(checking) => {
            let holds = cloakroom_asymmetric::holds(checking.check());
            checking.answer(holds)
        }
    }
}

fn decide(method: &str, target: &str, headers: &[(&str, &str)]) -> Outcome<Retrieval> {
    let headers = [("host", HOST)].into_iter().chain(headers.iter().copied());
    match Request::parse(method, target, headers) {
        Ok(request) => decision(&gate(), &request, now()).outcome,
        Err(error) => Outcome::Reject { rejection: error.into(), cors: Vec::new() },
    }
}

/// The reason of a rejection, or `fetch`.
fn reason(method: &str, target: &str, headers: &[(&str, &str)]) -> &'static str {
    match decide(method, target, headers) {
        Outcome::Allow(_) => "fetch",
        Outcome::Preflight(_) => "preflight",
        Outcome::Reject { rejection, .. } => rejection.row().reason,
    }
}

fn retrieved(target: &str, headers: &[(&str, &str)]) -> Retrieval {
    match decide("GET", target, headers) {
        Outcome::Allow(retrieval) => retrieval,
        other => panic!("{target}: {other:?}"),
    }
}

/// The request to the store.
fn fetched(target: &str, headers: &[(&str, &str)]) -> OriginRequest {
    retrieved(target, headers).request(now())
}

/// What the viewer gets when the store answers `status` and `headers`.
fn respond(retrieval: Retrieval, status: u16, headers: &[(&str, &str)]) -> ViewerResponse {
    let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let answer = StoreAnswer { status, headers: &headers };
    match retrieval.settle(Ok(answer), &mut Health::default(), now()) {
        Next::Respond(response) => response.head,
        other => panic!("{status}: {other:?}"),
    }
}
