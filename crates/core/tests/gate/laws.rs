//! What holds for every request.

use std::borrow::Cow;

use cloakroom_core::query::{DecodedPair, Query};
use proptest::prelude::*;

use crate::*;

proptest! {
    #[test]
    fn what_is_signed_is_served_and_any_changed_byte_is_not(
        key in "[ -~é]{1,30}",
        at in any::<prop::sample::Index>(),
        byte in 0x21_u8..0x7f,
    ) {
        let path = format!("/media/x{key}");
        let target = Ticket { path: &path, ..ticket("AKAPP") }.target();
        prop_assume!(reason("GET", &target, &[]) != "malformed_key");
        prop_assert_eq!(reason("GET", &target, &[]), "fetch", "{}", target);
        let mut bytes = target.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        // The case of an escape's digits carries no meaning, so it is not signed.
        prop_assume!(!same_bytes(&changed, &target));
        prop_assert_ne!(reason("GET", &changed, &[]), "fetch", "{}", changed);
    }

    #[test]
    fn no_request_panics(method in ".{0,8}", target in ".{0,200}", value in ".{0,200}") {
        for name in ["authorization", "x-amz-date", "range", "origin"] {
            let _ = reason(&method, &target, &[(name, &value)]);
            let _ = reason("GET", &format!("/media/{target}"), &[(name, &value)]);
        }
    }
}

/// Whether two targets mean the same bytes: escapes and `&` apart, nothing is left to choose.
fn same_bytes(a: &str, b: &str) -> bool {
    fn decoded(text: &str) -> Option<(Cow<'_, [u8]>, Vec<DecodedPair<'_>>)> {
        let (path, query) = text.split_once('?')?;
        let path = cloakroom_core::encoding::decode(path).ok()?;
        let mut pairs = Query::new(query).decoded().ok()?;
        pairs.sort();
        Some((path, pairs))
    }
    decoded(a).is_some() && decoded(a) == decoded(b)
}
