//! Orders for signed URLs and cookies: what is signed opens what the caller's own token opens.
//!
//! Lines: the user, the order, and a path at the edge that is tried with each ticket.

#![no_main]

use std::sync::LazyLock;

use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::gate::{self, Outcome};
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_core::retrieval::Retrieval;
use cloakroom_fuzz::{NOW, POLICY, bearer, gate, secret};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const EDGE: &str = "media.example";

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    Desk::new(&Policy::parse(POLICY).expect("a sound policy"), &secret).expect("its secrets")
});

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let user = lines.next().unwrap_or_default();
    let (Some(order), Some(path)) = (lines.next(), lines.next()) else { return };
    let Some(body) = answer(user, order) else { return };
    for entry in body["urls"].as_array().into_iter().flatten() {
        let Some(url) = entry["url"].as_str() else { continue };
        let target = url.strip_prefix("https://media.example").expect("a URL at the edge");
        let (signed, ticket) = target.split_once('?').expect("a ticket");
        assert!(opens(target, "cookie", "").is_some(), "{url} opens nothing");
        for path in [signed, path] {
            check(user, path, &format!("{path}?{ticket}"), "");
        }
    }
    let cookies = body["cookies"].as_array().into_iter().flatten().map(|cookie| {
        format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap())
    });
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    if !cookies.is_empty() {
        check(user, path, path, &cookies);
    }
});

/// What opens with a ticket opens with the caller's own token.
fn check(user: &str, path: &str, target: &str, cookies: &str) {
    if let Some(object) = opens(target, "cookie", cookies) {
        let bare = path.split('?').next().unwrap_or_default();
        let own = opens(bare, "authorization", &bearer(user));
        assert_eq!(own, Some(object), "{user} could not read {path}");
    }
}

/// The object that a request at the edge is for, if it may be had.
fn opens(target: &str, name: &str, value: &str) -> Option<String> {
    let request = Request::parse("GET", target, [("host", EDGE), (name, value)]).ok()?;
    let decision = match gate().decide::<Retrieval>(&request, NOW) {
        gate::Step::Decided(decision) => decision,
        gate::Step::Check(checking) => checking.answer(false),
    };
    let is_allowed = matches!(decision.outcome, Outcome::Allow(_));
    decision.trail.key.filter(|_| is_allowed)
}

fn answer(user: &str, order: &str) -> Option<Value> {
    let authorization = bearer(user);
    let headers = [("host", "desk.example"), ("authorization", authorization.as_str())];
    let request = Request::parse("POST", "/signed-urls", headers).ok()?;
    match DESK.handle(&request, order.as_bytes(), NOW, [7; 16]) {
        Step::Answer(answer) => {
            assert!(answer.status < 500, "{}", answer.body);
            serde_json::from_str(&answer.body).ok().filter(|_| answer.status == 200)
        }
        Step::Check(_) | Step::Ask(_) | Step::Sign(_) | Step::Tell(_) => {
            panic!("HMACs do not wait")
        }
    }
}
