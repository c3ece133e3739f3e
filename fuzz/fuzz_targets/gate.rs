//! Every dialect through the gate: no request panics, none decides twice in two ways, and what
//! is fetched was allowed to somebody.

#![no_main]

use cloakroom_core::gate::{Outcome, Step};
use cloakroom_core::key::Principal;
use cloakroom_core::origin::FORWARDED_HEADERS;
use cloakroom_core::presented::Presented;
use cloakroom_core::request::Method;
use cloakroom_core::retrieval::Retrieval;
use cloakroom_fuzz::{NOW, gate, keyring, read_request};
use libfuzzer_sys::fuzz_target;

const SIGNED: [&str; 4] =
    ["authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

fuzz_target!(|text: &str| {
    let Some(request) = read_request(text) else { return };
    if let Ok(presented) = Presented::parse(&request, keyring()) {
        let _ = presented.signed_text();
    }
    let decision = match gate().decide::<Retrieval>(&request, NOW) {
        Step::Decided(decision) => decision,
        Step::Check(checking) => {
            let refused = checking.clone().answer::<Retrieval>(false);
            assert!(matches!(refused.outcome, Outcome::Reject { .. }));
            checking.answer(true)
        }
    };
    match decision.outcome {
        Outcome::Allow(retrieval) => {
            let origin = retrieval.request(NOW);
            assert!(matches!(request.method(), Method::Get | Method::Head));
            assert_eq!(origin.method(), request.method());
            let url = origin.url().expose();
            assert!(url.starts_with("https://s3.example/bucket/"), "{url}");
            for (name, _) in origin.headers() {
                assert!(SIGNED.contains(name) || FORWARDED_HEADERS.contains(name), "{name}");
            }
            let key = decision.trail.key.expect("what is fetched has a key");
            match decision.trail.principal.expect("what is fetched has a principal") {
                Principal::Anonymous => assert!(key.starts_with("public/"), "{key}"),
                Principal::User(user) => {
                    let own = format!("users/{user}/");
                    let open = ["public/", "members/", &own];
                    assert!(open.iter().any(|prefix| key.starts_with(prefix)), "{user} {key}");
                }
                Principal::EveryOwner => assert!(decision.trail.key_id.is_some()),
            }
        }
        Outcome::Preflight(_) => assert_eq!(request.method(), Method::Options),
        Outcome::Reject { rejection, .. } => {
            // 501 is for what S3 knows and nothing here serves, such as an object's ACL.
            let status = rejection.row().status;
            assert!((400..500).contains(&status) || status == 501, "{rejection}");
        }
    }
});
