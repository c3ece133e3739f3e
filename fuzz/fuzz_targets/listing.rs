//! Listings: whatever is asked and whatever the store says, nothing panics, the store is not asked
//! without end, and what is shown is what the viewer may list and read.
//!
//! The first line is a query. What follows is the body of each of the store's answers, or, when it
//! does not begin with `<`, the keys that the store has, one a line.

#![no_main]

use cloakroom_core::gate::{Outcome, Service, Step};
use cloakroom_core::listing::answer::{Item, StorePage};
use cloakroom_core::request::Request;
use cloakroom_fuzz::{NOW, bearer, gate, page_of, store_document};
use libfuzzer_sys::fuzz_target;

/// Of one page; a page of the store that is well-formed is never asked for again.
const MAX_QUESTIONS: usize = 8;

fuzz_target!(|text: &str| {
    let (query, said) = text.split_once('\n').unwrap_or((text, ""));
    let target = format!("/media?{query}");
    let alice = bearer("alice");
    let headers = [("host", "media.example"), ("authorization", alice.as_str())];
    let Ok(request) = Request::parse("GET", &target, headers) else { return };
    let Step::Decided(decision) = gate().decide::<Service>(&request, NOW) else { return };
    let Outcome::Allow(Service::Listing(listing)) = decision.outcome else { return };
    let body = if said.starts_with('<') { said.to_owned() } else { store_document(said) };
    if let Ok(page) = StorePage::parse(body.as_bytes()) {
        assert!(page.items.is_sorted_by(|a, b| a.text() <= b.text()));
    }
    let response = match page_of(*listing, &body, MAX_QUESTIONS) {
        Ok(response) => response,
        Err(rejection) => return assert_eq!(rejection.row().status, 502, "{rejection}"),
    };
    let Some(body) = response.body.filter(|body| body.contains("<ListBucketResult ")) else {
        return;
    };
    let page = StorePage::parse(body.as_bytes()).expect("what is written can be read");
    for item in &page.items {
        let (text, is_group) = match item {
            Item::Object(object) => (&object.key, false),
            Item::Group(prefix) => (prefix, true),
        };
        let roots = ["public/", "users/alice/"];
        let is_below = roots.iter().any(|root| text.starts_with(root));
        let leads_there = is_group && roots.iter().any(|root| root.starts_with(text.as_str()));
        assert!(is_below || leads_there, "shows {text:?}");
    }
});
