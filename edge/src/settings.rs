//! The documents that the edge runs by: variables of the Worker, and a KV namespace when it is
//! bound to one. When they are read again and what becomes of them, the core says.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cloakroom_core::gate::Gate;
use cloakroom_core::settings::{Documents, MAX_AGE, Settings, read_max_age};
use cloakroom_core::time::UnixTime;
use futures_util::future::{Either, join, select};
use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::{Delay, Env};

use crate::now;

/// The binding of the namespace, and its entries.
const NAMESPACE: &str = "SETTINGS";
const POLICY: &str = "policy";
const CONTROL: &str = "control";

/// How long the namespace may take.
const TIMEOUT: Duration = Duration::from_secs(2);

thread_local! {
    /// What this instance runs by. Variables and secrets cannot change under it: Workers starts
    /// new instances for new ones.
    static SETTINGS: RefCell<Settings> = RefCell::default();
}

#[wasm_bindgen]
extern "C" {
    /// A KV namespace, as the platform binds it to the Worker.
    type Namespace;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, key: &str) -> Result<Promise, JsValue>;
}

/// The gate for a request that came at the time `started`, or why there is none; and what is wrong
/// with newer documents than its own.
pub(crate) async fn gate(
    env: &Env,
    started: UnixTime,
) -> (Result<Arc<Gate>, String>, Option<String>) {
    if SETTINGS.with_borrow(|settings| settings.is_due(started)) {
        let read = read(env).await;
        let secret = |name: &str| env.secret(name).ok().map(|secret| secret.to_string());
        SETTINGS.with_borrow_mut(|settings| settings.take(read, &secret, now()));
    }
    SETTINGS.with_borrow(|settings| (settings.gate(started), settings.problem().map(str::to_owned)))
}

/// The documents. A policy in a variable comes before one in the namespace.
async fn read(env: &Env) -> Result<Documents, String> {
    let variable = |name: &str| env.var(name).ok().map(|text| text.to_string());
    let policy = variable("POLICY");
    let Some(namespace) = namespace(env) else {
        return Ok(Documents { policy, control: None, max_age: None });
    };
    let max_age = variable("SETTINGS_MAX_AGE").map(|text| read_max_age(&text)).transpose();
    let max_age = max_age.map_err(|why| format!("`SETTINGS_MAX_AGE` {why}"))?;
    let read_policy = async {
        match policy {
            Some(policy) => Ok(Some(policy)),
            None => entry(&namespace, POLICY).await,
        }
    };
    let entries = pin!(join(read_policy, entry(&namespace, CONTROL)));
    match select(entries, pin!(Delay::from(TIMEOUT))).await {
        Either::Left(((policy, control), _)) => Ok(Documents {
            policy: policy?,
            control: control?,
            max_age: Some(max_age.unwrap_or(MAX_AGE)),
        }),
        Either::Right(_) => Err(format!("the namespace `{NAMESPACE}` did not answer in time")),
    }
}

fn namespace(env: &Env) -> Option<Namespace> {
    let bound = Reflect::get(env, &NAMESPACE.into()).ok()?;
    bound.is_object().then(|| bound.unchecked_into())
}

/// An entry of the namespace, if it is there.
async fn entry(namespace: &Namespace, key: &str) -> Result<Option<String>, String> {
    let found = async { JsFuture::from(namespace.get(key)?).await };
    let found = found.await.map_err(|_| format!("`{key}` cannot be read of `{NAMESPACE}`"))?;
    Ok(found.as_string())
}
