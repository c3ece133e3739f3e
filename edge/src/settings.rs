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

use crate::now;
use crate::platform::{self, variable};

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

/// The gate for a request that came at the time `started`, or why there is none; and what is wrong
/// with newer documents than its own.
pub(crate) async fn gate(started: UnixTime) -> (Result<Arc<Gate>, String>, Option<String>) {
    if SETTINGS.with_borrow(|settings| settings.is_due(started)) {
        let read = read().await;
        SETTINGS.with_borrow_mut(|settings| settings.take(read, &variable, now()));
    }
    SETTINGS.with_borrow(|settings| (settings.gate(started), settings.problem().map(str::to_owned)))
}

/// The documents. A policy in a variable comes before one in the namespace.
async fn read() -> Result<Documents, String> {
    let policy = variable("POLICY");
    if !platform::is_bound(NAMESPACE) {
        return Ok(Documents { policy, control: None, max_age: None });
    }
    let max_age = variable("SETTINGS_MAX_AGE").map(|text| read_max_age(&text)).transpose();
    let max_age = max_age.map_err(|why| format!("`SETTINGS_MAX_AGE` {why}"))?;
    let read_policy = async {
        match policy {
            Some(policy) => Ok(Some(policy)),
            None => entry(POLICY).await,
        }
    };
    let entries = pin!(join(read_policy, entry(CONTROL)));
    match select(entries, pin!(platform::wait(TIMEOUT))).await {
        Either::Left(((policy, control), _)) => Ok(Documents {
            policy: policy?,
            control: control?,
            max_age: Some(max_age.unwrap_or(MAX_AGE)),
        }),
        Either::Right(_) => Err(format!("the namespace `{NAMESPACE}` did not answer in time")),
    }
}

/// An entry of the namespace, if it is there.
async fn entry(key: &str) -> Result<Option<String>, String> {
    let found = platform::entry(NAMESPACE, key).await;
    found.map_err(|_| format!("`{key}` cannot be read of `{NAMESPACE}`"))
}
