//! Policies: none panics, and one that is sound makes a gate and a desk.

#![no_main]

use cloakroom_core::desk::Desk;
use cloakroom_core::gate::Gate;
use cloakroom_core::policy::Policy;
use cloakroom_fuzz::{opens, read_request, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(error) => return assert!(error.to_string().starts_with("policy: ")),
    };
    let names = policy.secret_names();
    assert!(!names.is_empty(), "a store has a secret");
    let missing = |_: &str| None;
    assert!(Gate::new(policy.read_side(), &missing).is_err());
    let request = read_request("GET /media/a.jpg\nhost: media.example").expect("a request");
    if let Ok(gate) = Gate::new(policy.read_side(), &secret) {
        let _ = opens(&gate, &request);
    }
    let _ = Desk::new(&policy, &secret);
    let _ = policy.permissions().to_document();
});
