//! One line of JSON for each request: what was decided, and why. It names keys, principals and
//! objects, and holds neither secrets nor tickets: of the target only the path is written.

use std::fmt;

use cloakroom_core::key::Principal;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::time::UnixTime;
use cloakroom_core::trail::Trail;
use serde_json::{Map, Value, json};

use crate::viewer::ViewerRequest;

/// The line, as it fills up.
pub(crate) struct LogLine(Map<String, Value>);

impl LogLine {
    pub(crate) fn new(viewer: &ViewerRequest, time: UnixTime) -> Self {
        let path = viewer.target().split('?').next().unwrap_or_default();
        let mut line = Self(Map::new());
        line.set("time", json!(time.to_rfc3339()));
        line.set("request_id", json!(viewer.id));
        line.set("method", json!(viewer.method));
        line.set("path", json!(path));
        line
    }

    pub(crate) fn trail(&mut self, trail: Trail) {
        self.set("dialect", json!(trail.dialect.map(|dialect| dialect.as_str())));
        self.set("key_id", json!(trail.key_id));
        self.set("principal", json!(trail.principal.as_ref().map(principal)));
        self.set("expires_at", json!(trail.expires_at.map(UnixTime::to_rfc3339)));
        self.set("route", json!(trail.route));
        self.set("store", json!(trail.store));
        self.set("bucket", json!(trail.bucket));
        self.set("key", json!(trail.key));
        self.set("rule", json!(trail.pattern));
        self.set("acl", json!(trail.acl));
        self.set("allowed_by", json!(trail.allowed_by));
        self.set("clause", json!(trail.clause));
    }

    pub(crate) fn allowed(&mut self) {
        self.decision("allow", "allowed");
    }

    pub(crate) fn preflight(&mut self) {
        self.decision("allow", "preflight");
    }

    pub(crate) fn rejected(&mut self, rejection: &Rejection) {
        self.decision("deny", rejection.row().reason);
        self.set("detail", json!(rejection.to_string()));
    }

    pub(crate) fn not_configured(&mut self, problem: &str) {
        self.decision("deny", "not_configured");
        self.set("detail", json!(problem));
    }

    pub(crate) fn store_status(&mut self, status: u16) {
        self.set("store_status", json!(status));
    }

    pub(crate) fn status(&mut self, status: u16) {
        self.set("status", json!(status));
    }

    fn decision(&mut self, decision: &str, reason: &str) {
        self.set("decision", json!(decision));
        self.set("reason", json!(reason));
    }

    /// Sets a field; what is not known is left out.
    fn set(&mut self, name: &str, value: Value) {
        if !value.is_null() {
            self.0.insert(name.to_owned(), value);
        }
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(&self.0) {
            Ok(text) => f.write_str(&text),
            Err(_) => Err(fmt::Error),
        }
    }
}

fn principal(principal: &Principal) -> String {
    match principal {
        Principal::Anonymous => "anonymous".to_owned(),
        Principal::User(user) => format!("user:{user}"),
        Principal::EveryOwner => "every-owner".to_owned(),
    }
}
