//! Tokens for the two users of development.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use cloakroom_core::jwt;
use cloakroom_core::secret::Secret;
use cloakroom_core::time::UnixTime;
use serde_json::json;

use super::policy::{JWT_AUDIENCE, JWT_KID};
use super::system::Plan;

const DAYS_VALID: u64 = 30;

/// A token that says who the bearer is.
pub(super) fn for_user(user: &str, plan: &Plan) -> Result<Secret> {
    let now = now()?.as_secs();
    let claims = json!({
        "sub": user,
        "iss": plan.ports.app_url(),
        "aud": JWT_AUDIENCE,
        "iat": now,
        "exp": now.saturating_add(DAYS_VALID * 86_400),
    });
    Ok(jwt::sign(JWT_KID, &Secret::new(plan.secrets.users.clone()), &claims))
}

/// The time on this machine.
pub(super) fn now() -> Result<UnixTime> {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(UnixTime::from_secs(since.as_secs()))
}
