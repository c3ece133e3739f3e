//! Cookies that tickets were exchanged for: what was sealed is opened, and nothing else.
//!
//! Lines: the value of a cookie, a folder, a key's id, a principal.

#![no_main]

use cloakroom_core::secret::Secret;
use cloakroom_core::ticket_cookie::token::Token;
use cloakroom_core::ticket_id::TicketId;
use cloakroom_fuzz::NOW;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let secret = Secret::new("a secret that the input does not know");
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let value = line();
    assert_eq!(Token::open(&value, &secret), None, "forged");
    let token = Token {
        route: "media".to_owned(),
        host: "media.example".to_owned(),
        folder: format!("{}/", line()),
        key_id: line(),
        proof: line(),
        ticket: TicketId::parse("00112233445566778899aabbccddeeff").expect("a name"),
        principal: line(),
        until: NOW,
        address: None,
    };
    let Some(sealed) = token.seal(&secret) else { return };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    assert!(sealed.expose().bytes().all(plain), "more than a cookie can hold");
    assert_eq!(Token::open(sealed.expose(), &secret), Some(token));
    assert_eq!(Token::open(sealed.expose(), &Secret::new("another")), None);
    assert_eq!(Token::open(&format!("{}{value}x", sealed.expose()), &secret), None);
});
