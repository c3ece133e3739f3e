//! Requests proven and decided.

use cloakroom_core::gate::{Gate, Handout, Outcome, Service, Step};
use cloakroom_core::grant::{Grant, Verified};
use cloakroom_core::health::Health;
use cloakroom_core::key::{Keyring, Principal};
use cloakroom_core::policy::Policy;
use cloakroom_core::presented::Presented;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::{Request, RequestError};
use cloakroom_core::retrieval::{Next, Retrieval};
use cloakroom_core::store::StoreAnswer;
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

use crate::question::{now, request, split_url, text};

/// Any dialect: `keys` as a policy has them, and the `secrets` that they name.
pub(crate) fn prove(question: &Value) -> Value {
    let policy = match policy(question) {
        Ok(policy) => policy,
        Err(error) => return error,
    };
    let (endpoint, target) = split_url(text(question, "url"));
    let request = request(question, &endpoint, target);
    match policy.read_side().keyring(&|name| secret(question, name)) {
        Ok(keyring) => outcome(request, &keyring, now(question)),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// A whole decision: `policy`, `secrets` and a request.
pub(crate) fn decide(question: &Value) -> Value {
    let policy = Policy::parse(&question.get("policy").unwrap().to_string()).unwrap();
    let gate = Gate::new(policy.read_side(), &|name| secret(question, name)).unwrap();
    let (endpoint, target) = split_url(text(question, "url"));
    let outcome = match request(question, &endpoint, target) {
        Ok(request) => decided::<Service>(&gate, &request, now(question)),
        Err(error) => Outcome::Reject { rejection: error.into(), cors: Vec::new() },
    };
    match outcome {
        Outcome::Allow(_) => json!({ "reason": "allow" }),
        Outcome::Preflight(_) => json!({ "reason": "allow" }),
        Outcome::Reject { rejection, .. } => {
            json!({ "reason": rejection.row().reason, "detail": rejection.to_string() })
        }
    }
}

/// As `prove`, and what the viewer gets when the store answers `status` and `stored`.
pub(crate) fn respond(question: &Value) -> Value {
    let policy = match policy(question) {
        Ok(policy) => policy,
        Err(error) => return error,
    };
    let gate = Gate::new(policy.read_side(), &|name| secret(question, name)).unwrap();
    let (endpoint, target) = split_url(text(question, "url"));
    let (request, now) = (request(question, &endpoint, target).unwrap(), now(question));
    let status = question.get("status").and_then(Value::as_u64).unwrap();
    match decided::<Retrieval>(&gate, &request, now) {
        Outcome::Allow(retrieval) => {
            let stored = question.get("stored").and_then(Value::as_object).unwrap();
            let headers: Vec<_> = stored
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect();
            let status = u16::try_from(status).unwrap();
            let answer = StoreAnswer { status, headers: &headers };
            match retrieval.settle(Ok(answer), &mut Health::default(), now) {
                Next::Respond(response) => {
                    json!({ "status": response.head.status, "headers": response.head.headers })
                }
                Next::Ask { .. } | Next::Look(_) => json!({ "ok": false, "reason": "ask" }),
                Next::Reject { rejection, .. } => {
                    json!({ "ok": false, "reason": rejection.row().reason })
                }
            }
        }
        Outcome::Preflight(_) => json!({ "ok": false, "reason": "preflight" }),
        Outcome::Reject { rejection, .. } => {
            json!({ "ok": false, "reason": rejection.row().reason })
        }
    }
}

fn decided<T: Handout>(gate: &Gate, request: &Request<'_>, now: UnixTime) -> Outcome<T> {
    match gate.decide(request, now) {
        Step::Decided(decision) => decision.outcome,
        Step::Check(checking) => {
            let holds = cloakroom_asymmetric::holds(checking.check());
            checking.answer(holds).outcome
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

pub(crate) fn secret(question: &Value, name: &str) -> Option<String> {
    let secret = question.get("secrets").and_then(|all| all.get(name)?.as_str());
    // The store's own, which nothing here is sent to.
    let of_store = matches!(name, "ID" | "SECRET").then_some("a secret of the store, long enough");
    secret.or(of_store).map(str::to_owned)
}

pub(crate) fn outcome(
    request: Result<Request<'_>, RequestError>,
    keyring: &Keyring,
    now: UnixTime,
) -> Value {
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
