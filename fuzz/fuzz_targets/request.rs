//! A request is kept as it was sent, and read in one way only.

#![no_main]

use cloakroom_core::cors::Cors;
use cloakroom_core::query::Query;
use cloakroom_core::request::Request;
use cloakroom_fuzz::read_request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(request) = read_request(text) else { return };
    let sent = text.split(['\n']).next().and_then(|line| line.split_once(' '));
    let (method, target) = sent.expect("it was read");
    assert_eq!(request.method().as_str(), method);
    assert_eq!(target.split_once('?').unwrap_or((target, "")).0, request.path());
    assert!(!request.host().is_empty());
    for (name, _) in request.headers() {
        assert_eq!(name, name.to_ascii_lowercase());
    }
    for (name, value) in request.cookies() {
        assert!(!name.contains(';') && !value.contains(';'));
    }
    let pairs = request.query().pairs().count();
    // Every escape was looked at when the request was read.
    assert_eq!(request.query().decoded().map(|decoded| decoded.len()), Ok(pairs));
    let raw: Vec<_> = request.query().pairs().map(|(n, v)| format!("{n}={v}")).collect();
    let again = raw.join("&");
    assert!(Query::new(&again).pairs().eq(request.query().pairs()));
    let headers: Vec<_> = request.headers().collect();
    let twin = Request::parse(method, target, headers).expect("what was read can be read again");
    assert_eq!((twin.path(), twin.query()), (request.path(), request.query()));
    let allow_origins = vec!["https://app.example".into()];
    let _ = Cors { allow_origins, ..Cors::default() }.headers(&request);
});
