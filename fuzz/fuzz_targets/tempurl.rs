//! TempURLs whose signature is right: what they open has not expired, and lies where they say.
//!
//! Lines: path, expiry, range of addresses, prefix, the rest of the query.

#![no_main]

use cloakroom_core::crypto::Hash;
use cloakroom_core::encoding::{Slash, decode, encode};
use cloakroom_core::request::Request;
use cloakroom_core::time::UnixTime;
use cloakroom_fuzz::{NOW, gate, hmac, opens, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(5, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (path, expires, range, prefix, rest) = (line(), line(), line(), line(), line());
    let path = format!("/media/{path}");
    let Ok(decoded) = decode(&path) else { return };
    let Ok(decoded) = str::from_utf8(&decoded) else { return };
    // The time is signed as a number, however it is written.
    let time = UnixTime::parse_rfc3339(expires).map(|time| time.as_secs().to_string());
    let time = time.as_deref().unwrap_or(expires);
    let signed_path =
        if prefix.is_empty() { decoded.to_owned() } else { format!("prefix:/media/{prefix}") };
    let ip = if range.is_empty() { String::new() } else { format!("ip={range}\n") };
    let body = format!("{ip}GET\n{time}\n{signed_path}");
    let key = secret("TEMPURL_SECRET").expect("every secret");
    let signature = hmac(Hash::Sha256, key.as_bytes(), &body);
    let parameter = |text: &str| encode(text, Slash::Encode);
    let mut target =
        format!("{path}?temp_url_sig={signature}&temp_url_expires={}", parameter(expires));
    if !range.is_empty() {
        target.push_str(&format!("&temp_url_ip_range={}", parameter(range)));
    }
    if !prefix.is_empty() {
        target.push_str(&format!("&temp_url_prefix={}", parameter(prefix)));
    }
    if !rest.is_empty() {
        target.push_str(&format!("&{rest}"));
    }
    let headers = [("host", "media.example")];
    let Ok(request) = Request::parse("GET", &target, headers) else { return };
    let request = request.from_address("192.0.2.7".parse().ok());
    if opens(gate(), &request) {
        let time: u64 = time.parse().expect("what opens has a time");
        assert!(time >= NOW.as_secs(), "{target}");
        // What the prefix form covers is compared as text.
        assert!(decoded.starts_with(&format!("/media/{prefix}")), "{target}");
        let unknown = Request::parse("GET", &target, headers).expect("it was read before");
        assert!(range.is_empty() || !opens(gate(), &unknown), "{target}");
    }
});
