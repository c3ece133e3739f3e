//! What a client is told of a no: never markup of its own, and never more in one form than in
//! another.

#![no_main]

use cloakroom_core::client::{Client, Form};
use cloakroom_core::rejection::Rejection;
use cloakroom_core::store::StoreError;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let target = lines.next().unwrap_or_default();
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let client = Client::new("GET", target, headers.iter().copied(), text);
    let told = client.tell(&Rejection::Store(StoreError::NotFound), Vec::new());
    let elements = match client.form() {
        Form::Json | Form::Nothing => return,
        Form::Xml => 11,
        Form::Html => 24,
    };
    assert_eq!(told.body.matches('<').count(), elements);
    let denied = client.tell(&Rejection::Store(StoreError::Denied), Vec::new());
    assert_eq!(denied, told);
    let head = Client::new("HEAD", target, headers, text);
    assert_eq!(head.form(), client.form());
});
