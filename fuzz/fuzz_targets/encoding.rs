//! Percent-encoding, times and endpoints: reading undoes writing.

#![no_main]

use cloakroom_core::encoding::{Slash, decode, encode, encode_alike, prefixes_of};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::canonical::{CanonicalHeaders, CanonicalRequest};
use cloakroom_core::sigv4::payload::Payload;
use cloakroom_core::sigv4::settings::Settings;
use cloakroom_core::sigv4::sign::Unsigned;
use cloakroom_core::time::UnixTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for slash in [Slash::Keep, Slash::Encode] {
        let encoded = encode(data, slash);
        assert_eq!(decode(&encoded).as_deref(), Ok(data));
    }
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(alike) = encode_alike(text, Slash::Encode) {
        assert_eq!(decode(&alike).ok(), decode(text).ok());
        assert_eq!(encode_alike(&alike, Slash::Encode).as_deref(), Ok(&*alike));
    }
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let headers = text.lines().filter_map(|line| line.split_once(':'));
    let headers = CanonicalHeaders::new(headers.filter(|(name, _)| is_name(name)));
    let query: Vec<_> = text.split('&').map(|name| (name, text)).collect();
    let endpoint = Endpoint::parse("https://h").unwrap();
    let request = Unsigned {
        method: Method::Get,
        endpoint: &endpoint,
        path: text,
        query: &query,
        headers: &[],
    };
    let general = Settings::GENERAL;
    let canonical = CanonicalRequest::new(&request, &general, &headers, Payload::Unsigned);
    assert!(canonical.uri().starts_with('/') && !canonical.uri().contains("//"));
    assert!(canonical.query().split('&').is_sorted_by_key(|pair| pair.split_once('=')));
    assert!(canonical.signed_headers().split(';').is_sorted_by(|a, b| a < b));
    assert!(prefixes_of(text).all(|prefix| text.starts_with(prefix) && prefix.ends_with('/')));
    for time in [UnixTime::parse_rfc3339(text), UnixTime::parse_amz_date(text)] {
        let Some(time) = time else { continue };
        assert_eq!(UnixTime::parse_rfc3339(&time.to_rfc3339()), Some(time));
        assert_eq!(UnixTime::parse_amz_date(time.to_amz_date().as_str()), Some(time));
    }
    if let Ok(endpoint) = Endpoint::parse(text) {
        assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint));
    }
});
