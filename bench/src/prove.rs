//! Requests proven, whatever their dialect, as the edge and the function prove them.

use cloakroom_core::grant::{Grant, Verified};
use cloakroom_core::key::Keyring;
use cloakroom_core::presented::Presented;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::Request;
use cloakroom_core::time::UnixTime;

/// Finds the credential of a request and proves it.
pub fn prove<'r>(
    request: &'r Request<'r>,
    keyring: &Keyring,
    now: UnixTime,
) -> Result<Grant<'r>, Rejection> {
    match Presented::parse(request, keyring)?.verify(keyring, now)? {
        Verified::Granted(grant) => Ok(grant),
        Verified::Pending(pending) => {
            let holds = cloakroom_asymmetric::holds(pending.check());
            Ok(pending.answer(holds)?)
        }
    }
}

#[derive(Clone)]
/// A request as it was sent, kept to be read as often as wanted.
pub struct Sent {
    target: String,
    headers: Vec<(&'static str, String)>,
}

impl Sent {
    pub fn get(url: &str) -> Self {
        let rest = url.strip_prefix("https://").expect("a URL begins with `https://`");
        let (host, path) = rest.split_once('/').expect("a URL has a path");
        Self { target: format!("/{path}"), headers: vec![("host", host.to_owned())] }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn read(&self) -> Request<'_> {
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        Request::parse("GET", &self.target, headers).expect("the request can be read")
    }
}
