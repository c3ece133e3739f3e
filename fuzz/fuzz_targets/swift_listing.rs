//! Listings as Swift's clients ask for them: whatever is asked and whatever the store has, nothing
//! panics, the store is not asked without end, and what is shown is what the viewer may list and
//! read, in order, and behind the marker.
//!
//! The first line is a query. What follows is the body of each of the store's answers, or, when it
//! does not begin with `<`, the keys that the store has, one a line.

#![no_main]

use cloakroom_core::gate::{Outcome, Service, Step};
use cloakroom_core::request::Request;
use cloakroom_core::secret::Secret;
use cloakroom_core::swift_auth::token::seal;
use cloakroom_fuzz::{NOW, gate, page_of, secret, store_document};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Of one page.
const MAX_QUESTIONS: usize = 40;

fuzz_target!(|text: &str| {
    let (query, said) = text.split_once('\n').unwrap_or((text, ""));
    let target = format!("/v1/AUTH_acme/photos?format=json&{query}");
    let key = Secret::new(secret("SWIFT_KEY").expect("every secret"));
    let token = seal("acme:alice", NOW, &key).into_exposed();
    let headers = [("host", "media.example"), ("x-auth-token", token.as_str())];
    let Ok(request) = Request::parse("GET", &target, headers) else { return };
    let Step::Decided(decision) = gate().decide::<Service>(&request, NOW) else { return };
    let Outcome::Allow(Service::Listing(listing)) = decision.outcome else { return };
    let body = if said.starts_with('<') { said.to_owned() } else { store_document(said) };
    let response = match page_of(*listing, &body, MAX_QUESTIONS) {
        Ok(response) => response,
        Err(rejection) => {
            return assert!(matches!(rejection.row().status, 412 | 502), "{rejection}");
        }
    };
    let body = response.body.expect("JSON has a body");
    let entries: Vec<Value> = serde_json::from_str(&body).expect("an array");
    let names: Vec<_> = entries
        .iter()
        .map(|entry| match (entry["name"].as_str(), entry["subdir"].as_str()) {
            (Some(name), None) => (name, false),
            (None, Some(prefix)) => (prefix, true),
            _ => panic!("neither an object nor a folder: {entry}"),
        })
        .collect();
    assert!(names.is_sorted_by(|(a, _), (b, _)| a < b), "{names:?}");
    for (name, is_folder) in names {
        let roots = ["public/", "users/alice/"];
        let is_below = roots.iter().any(|root| name.starts_with(root));
        let leads_there = is_folder && roots.iter().any(|root| root.starts_with(name));
        assert!(is_below || leads_there, "shows {name:?}");
    }
});
