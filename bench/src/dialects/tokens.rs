//! What one secret signs: TempURLs, EdgeAuth tokens, Swift's tokens, cookies for tickets.

use std::hint::black_box;

use cloakroom_core::crypto::Hash;
use cloakroom_core::edgeauth::sign::{Opens, Unsigned};
use cloakroom_core::edgeauth::{Escaping, Signer};
use cloakroom_core::key::{EdgeAuthKey, Keyring, Principal, SwiftKey, TempUrlKey};
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::swift_auth::token::seal;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::ticket_cookie::token::Token;
use cloakroom_core::ticket_id::TicketId;

use super::add_proof;
use crate::growth::cookie;
use crate::prove::Sent;
use crate::{Case, Contest};

pub fn add(contest: &mut Contest<'_>, case: &Case) {
    tempurl(contest, case);
    edgeauth(contest, case);
    swift(contest, case);
    ticket_cookie(contest, case);
}

fn tempurl(contest: &mut Contest<'_>, case: &Case) {
    let (path, key, expires_at) =
        (case.swift_path.clone(), Secret::new(case.secret.as_str()), case.end());
    let mut keyring = Keyring::default();
    keyring.add_tempurl(TempUrlKey {
        id: case.key_id.clone(),
        secret: key.clone(),
        path: "/v1/AUTH_acme/".to_owned(),
        digests: vec![Hash::Sha256],
        principal: Principal::EveryOwner,
    });
    let sign = move || {
        let url = TempUrl {
            method: Method::Get,
            resource: Resource::Object(black_box(path.as_str())),
            expires_at,
            notation: ExpiryNotation::Epoch,
            ip_range: None,
            digest: Hash::Sha256,
        };
        url.sign(&key).expect("the path is one of an object").encoded()
    };
    let signed = sign();
    contest.add("TempURL: sign", "cloakroom", sign).made(signed.expose());
    let sent = Sent::get(&format!("https://media.example{}", signed.expose()));
    add_proof(contest, "TempURL", &sent, keyring, case.now());
}

fn edgeauth(contest: &mut Contest<'_>, case: &Case) {
    let (secret, acl, expires_at) =
        (Secret::new(case.hex_key.as_str()), case.edgeauth_acl.clone(), case.end());
    let mut keyring = Keyring::default();
    keyring.add_edgeauth(EdgeAuthKey {
        id: case.key_id.clone(),
        token_name: "__token__".to_owned(),
        secret: secret.clone(),
        salt: None,
        algorithm: Hash::Sha256,
        escape_early: false,
        principal: Principal::EveryOwner,
    });
    let sign = move || {
        let (algorithm, escaping) = (Hash::Sha256, Escaping::None);
        let signer = Signer { secret: &secret, salt: None, algorithm, escaping };
        let token = signer.sign(&Unsigned {
            opens: Opens::Acl(&[black_box(acl.as_str())]),
            starts_at: None,
            expires_at,
            address: None,
            id: None,
            data: None,
        });
        token.expect("the ACL is one")
    };
    let token = sign();
    contest.add("EdgeAuth: sign", "cloakroom", sign).made(token.expose());
    let sent = Sent::get(&format!("{}?__token__={}", case.media_url, token.expose()));
    add_proof(contest, "EdgeAuth", &sent, keyring, case.now());
}

fn swift(contest: &mut Contest<'_>, case: &Case) {
    let (user, secret, until) = ("acme:alice", Secret::new(case.secret.as_str()), case.end());
    let mut keyring = Keyring::default();
    keyring.add_swift(SwiftKey {
        id: user.to_owned(),
        secret: secret.clone(),
        path: "/v1/AUTH_acme/".to_owned(),
        principal: Principal::User("alice".to_owned()),
    });
    let sign = move || seal(black_box(user), until, &secret);
    let sent = Sent::get(&case.media_url).with("x-auth-token", sign().expose());
    contest.add("Swift token: issue", "cloakroom", sign);
    add_proof(contest, "Swift token", &sent, keyring, case.now());
}

fn ticket_cookie(contest: &mut Contest<'_>, case: &Case) {
    let secret = Secret::new(case.secret.as_str());
    let token = Token {
        route: "media".to_owned(),
        host: "media.example".to_owned(),
        folder: "/media/users/alice/2026/".to_owned(),
        key_id: case.key_id.clone(),
        // As long as that of a key.
        proof: "A".repeat(43),
        ticket: TicketId::parse(&"7".repeat(32)).expect("32 digits"),
        principal: Principal::EveryOwner.to_string(),
        until: case.end(),
        address: None,
    };
    contest.add("Ticket cookie: issue", "cloakroom", move || black_box(&token).seal(&secret));
    let (gate, sent) = cookie(case, 1);
    add_proof(contest, "Ticket cookie", &sent, gate.keyring().clone(), case.now());
}
