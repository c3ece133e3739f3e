//! Every dialect, made and proven; beside it the crates that others publish for it.
//!
//! A proof is what the edge does with a request that was read: the credential is found, read and
//! proven under a keyring that has the one key.

mod cloudfront;
mod jwt;
mod sigv4;
mod tokens;

use std::hint::black_box;

use cloakroom_core::key::Keyring;
use cloakroom_core::time::UnixTime;

use crate::prove::{Sent, prove};
use crate::{Case, Contest};

pub fn run(case: &Case) {
    let mut contest = Contest::new("dialects");
    sigv4::add(&mut contest, case);
    tokens::add(&mut contest, case);
    cloudfront::add(&mut contest, case);
    jwt::add(&mut contest, case);
    contest.run();
}

/// Adds the proof of what was sent.
fn add_proof(
    contest: &mut Contest<'_>,
    dialect: &str,
    sent: &Sent,
    keyring: Keyring,
    now: UnixTime,
) {
    // Contestants live as long as the contest, and this one's request is read once.
    let sent: &'static Sent = Box::leak(Box::new(sent.clone()));
    let request = sent.read();
    if let Err(rejection) = prove(&request, &keyring, now) {
        panic!("{dialect}: {rejection}");
    }
    contest.add(format!("{dialect}: verify"), "cloakroom", move || {
        prove(black_box(&request), &keyring, now).is_ok()
    });
}
