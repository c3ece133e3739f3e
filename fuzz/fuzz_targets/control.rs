//! Control documents: none panics, and one that is sound is written as it is read.

#![no_main]

use cloakroom_core::control::Control;
use cloakroom_core::time::UnixTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut control = match Control::parse(text) {
        Ok(control) => control,
        Err(error) => return assert!(error.to_string().starts_with("control: ")),
    };
    let written = control.to_json().to_string();
    assert_eq!(Control::parse(&written).as_ref(), Ok(&control));
    control.forget_past(UnixTime::MAX);
    assert!(control.purges.iter().next().is_none(), "a purge for ever");
});
