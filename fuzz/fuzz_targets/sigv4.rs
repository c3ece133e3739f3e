//! What is signed holds; with one byte changed it does not.
//!
//! Three bytes: where which one is changed. Then lines: key, parameter's name and value, header's
//! value.

#![no_main]

use std::borrow::Cow;

use cloakroom_core::encoding::decode;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::presented::Presented;
use cloakroom_core::query::{DecodedPair, Query};
use cloakroom_core::request::{Method, Request};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_fuzz::{NOW, keyring, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [high, low, byte, text @ ..] = data else { return };
    let (at, byte) = (usize::from(u16::from_be_bytes([*high, *low])), *byte);
    let Ok(text) = str::from_utf8(text) else { return };
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (key, name, value, header) = (line(), line(), line(), line());
    // Parameters of a credential's own are another matter.
    if name.is_empty() || name.to_ascii_lowercase().starts_with("x-amz-") || is_known(name) {
        return;
    }
    let credentials = Credentials {
        access_key_id: "AKTEMP".into(),
        secret_access_key: SecretAccessKey::new(secret("TEMP_SECRET").expect("every secret")),
        session_token: secret("TEMP_TOKEN").map(Secret::new),
    };
    let endpoint = Endpoint::parse("https://media.example").expect("an endpoint");
    let path = format!("/media/{key}");
    let signer = Signer { credentials: &credentials, region: "auto", service: "s3", time: NOW };
    let unsigned = Unsigned {
        method: Method::Get,
        endpoint: &endpoint,
        path: &path,
        query: &[(name, value)],
        headers: &[("range", header)],
    };
    let expires_in = ExpiresIn::from_secs(60).expect("within seven days");
    let url = signer.presign(&unsigned, expires_in).into_exposed();
    let target = url.strip_prefix("https://media.example").expect("the endpoint").to_owned();
    assert!(holds(&target, &[("range", header)]), "{target}");

    let signed = signer.sign_headers(&unsigned, Payload::EMPTY);
    let sent: Vec<_> = signed.headers.iter().map(|(n, v)| (*n, v.expose())).collect();
    let headers: Vec<_> = sent.iter().copied().chain([("range", header)]).collect();
    let plain = signed.url.strip_prefix("https://media.example").expect("the endpoint");
    assert!(holds(plain, &headers), "{plain}");
    let folded = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let other = format!("{header}{}", char::from(byte));
    if folded(&other) != folded(header) {
        let headers: Vec<_> = sent.into_iter().chain([("range", other.as_str())]).collect();
        assert!(!holds(plain, &headers), "range: {other}");
    }

    let mut changed = target.clone().into_bytes();
    let length = changed.len();
    changed[at % length] = byte;
    let Ok(changed) = String::from_utf8(changed) else { return };
    if meaning(&changed) != meaning(&target) {
        assert!(!holds(&changed, &[("range", header)]), "{target}\n{changed}");
    }
});

fn holds(target: &str, headers: &[(&str, &str)]) -> bool {
    let headers = [("host", "media.example")].into_iter().chain(headers.iter().copied());
    let Ok(request) = Request::parse("GET", target, headers) else { return false };
    match Presented::parse(&request, keyring()) {
        Ok(presented @ Presented::Sigv4(_)) => presented.verify(keyring(), NOW).is_ok(),
        _ => false,
    }
}

/// Whether another dialect, or Signature Version 2, has a parameter of this name.
fn is_known(name: &str) -> bool {
    const NAMES: [&str; 7] =
        ["AWSAccessKeyId", "Expires", "Policy", "Signature", "Key-Pair-Id", "__token__", "hdnts"];
    NAMES.contains(&name) || name.starts_with("temp_url_")
}

/// What a target says: the decoded path, and the decoded parameters in any order.
fn meaning(target: &str) -> Option<(Cow<'_, [u8]>, Vec<DecodedPair<'_>>)> {
    let (path, query) = target.split_once('?')?;
    let mut pairs = Query::new(query).decoded().ok()?;
    pairs.sort();
    Some((decode(path).ok()?, pairs))
}
