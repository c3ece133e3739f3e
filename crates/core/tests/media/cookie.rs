//! Tickets exchanged for cookies: which ticket gets one, and what it does not open.

use cloakroom_core::control::Control;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::grant::Dialect;
use cloakroom_core::health::Health;
use cloakroom_core::request::Scheme;
use cloakroom_core::retrieval::Next;
use cloakroom_core::sigv4::sign::{Signer as Sigv4, Unsigned as Sigv4Request};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::store::StoreAnswer;
use cloakroom_core::ticket_cookie::folder_of;
use proptest::prelude::*;

use crate::*;

const FILM: &str = "/v1/AUTH_a/c/film/u1/master.m3u8";

fn fields(cookie: &Value) -> Value {
    json!({ "cookie": cookie })
}

fn cookie_gate() -> Gate {
    gate(&fields(&json!({ "secret": "COOKIE_SECRET" })))
}

fn folder_gate() -> Gate {
    gate(&fields(&json!({ "secret": "COOKIE_SECRET", "scope": "folder" })))
}

/// A ticket that asks for a cookie.
fn wish(target: &str) -> String {
    format!("{target}&ticket=cookie")
}

fn prefix(path: &str, prefix: &str) -> String {
    let url = TempUrl {
        method: Method::Get,
        resource: Resource::Prefix(prefix),
        expires_at: UnixTime::from_secs(NOW.as_secs() + 600),
        notation: ExpiryNotation::Epoch,
        ip_range: None,
        digest: Hash::Sha256,
    };
    let signed = url.sign(&Secret::new(secret("TEMP_KEY").unwrap())).unwrap();
    format!("{path}?{}", signed.encoded().expose().split_once('?').unwrap().1)
}

/// A SigV4 URL with the parameter that asks for a cookie, signed as everything is.
fn presigned(path: &str) -> String {
    let credentials = Credentials {
        access_key_id: "AKAPP".into(),
        secret_access_key: SecretAccessKey::new(secret("APP_KEY").unwrap()),
        session_token: None,
    };
    let endpoint = Endpoint::parse(&format!("https://{HOST}")).unwrap();
    let signer = Sigv4 { credentials: &credentials, region: "us-east-1", service: "s3", time: NOW };
    let request = Sigv4Request {
        method: Method::Get,
        endpoint: &endpoint,
        path,
        query: &[("ticket", "cookie")],
        headers: &[],
    };
    let url = signer.presign(&request, ExpiresIn::from_secs(600).unwrap());
    url.expose().strip_prefix(&format!("https://{HOST}")).unwrap().to_owned()
}

/// The headers of the answer when the store has the object.
fn answer(gate: &Gate, target: &str) -> Vec<(&'static str, String)> {
    let Service::Object(retrieval) = allowed(gate, target, &[]) else { panic!("redirected") };
    let headers = [("cache-control".to_owned(), "public, max-age=9".to_owned())];
    let answer = StoreAnswer { status: 200, headers: &headers };
    match retrieval.settle(Ok(answer), &mut Health::default(), NOW) {
        Next::Respond(response) => response.head.headers,
        other => panic!("{other:?}"),
    }
}

/// The `Set-Cookie` of an answer.
fn set_cookie(gate: &Gate, target: &str) -> Option<String> {
    value(&answer(gate, target), "set-cookie").map(str::to_owned)
}

/// The cookie as a browser sends it.
fn cookie(gate: &Gate, target: &str) -> String {
    set_cookie(gate, target).unwrap().split(';').next().unwrap().to_owned()
}

struct Viewer {
    host: &'static str,
    address: &'static str,
    later: u64,
}

const VIEWER: Viewer = Viewer { host: HOST, address: ADDRESS, later: 0 };

/// The reason of a rejection, or `allowed`.
fn ask(gate: &Gate, viewer: &Viewer, path: &str, cookies: &str) -> &'static str {
    let headers = [("host", viewer.host), ("cookie", cookies)];
    let request = Request::parse("GET", path, headers).unwrap();
    let request = request.from_address(Some(viewer.address.parse().unwrap()));
    let now = UnixTime::from_secs(NOW.as_secs() + viewer.later);
    let Step::Decided(decision) = gate.decide::<Service>(&request, now) else {
        panic!("an HMAC does not wait")
    };
    match decision.outcome {
        Outcome::Allow(_) => {
            assert_eq!(decision.trail.dialect, Some(Dialect::TicketCookie));
            "allowed"
        }
        Outcome::Reject { rejection, .. } => rejection.row().reason,
        Outcome::Preflight(_) => "preflight",
    }
}

#[test]
fn a_cookie_opens_the_folder_and_nothing_else() {
    let gate = cookie_gate();
    let cookie = cookie(&gate, &wish(&prefix(FILM, "/v1/AUTH_a/c/film/")));
    for (path, expected) in [
        ("/v1/AUTH_a/c/film/u1/master.m3u8", "allowed"),
        ("/v1/AUTH_a/c/film/u1/720p/seg-07.ts", "allowed"),
        ("/v1/AUTH_a/c/film/%75%31/a.ts", "allowed"),
        ("/v1/AUTH_a/c/film/u1/a.ts?anything=1", "allowed"),
        // The ticket opens these, the cookie does not.
        ("/v1/AUTH_a/c/film/other.m3u8", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u2/a.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u10/a.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u1", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u1%2Fa.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u1%2fa.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film//u1/a.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film/U1/a.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u1%00/a.ts", "wrong_resource"),
        ("/v1/AUTH_a/c/film/u1/../u2/a.ts", "malformed_key"),
        ("/v1/AUTH_a/c/film/u1/%2e%2e/u2/a.ts", "malformed_key"),
        ("/other/v1/AUTH_a/c/film/u1/a.ts", "wrong_resource"),
    ] {
        assert_eq!(ask(&gate, &VIEWER, path, &cookie), expected, "{path}");
    }
}

#[test]
fn which_tickets_get_one() {
    let (narrow, wide) = (cookie_gate(), folder_gate());
    let object = "/v1/AUTH_a/c/film/u1/master.m3u8";
    let edge = |acl: &str| wish(&edgeauth(FILM, &[acl], None));
    let root = "/v1/AUTH_a/c/master.m3u8";
    for (target, by_ticket, by_folder) in [
        // All of the folder.
        (wish(&prefix(FILM, "/v1/AUTH_a/c/film/")), true, true),
        (wish(&prefix(FILM, "/v1/AUTH_a/c/film/u")), true, true),
        (wish(&prefix(FILM, "/v1/AUTH_a/c/film/u1/")), true, true),
        (edge("/v1/AUTH_a/c/film/*"), true, true),
        (edge("/v1/AUTH_a/c/film/u1/*"), true, true),
        (edge("/v1/AUTH_a/c/film/u1*"), true, true),
        // A part of it, and nobody signed the wish.
        (wish(&prefix(FILM, "/v1/AUTH_a/c/film/u1/m")), false, false),
        (edge("/v1/AUTH_a/c/film/u1/*.m3u8"), false, false),
        (edge("/v1/AUTH_a/c/film/u1/m*"), false, false),
        (edge(FILM), false, false),
        (wish(&tempurl(object, None)), false, false),
        // One object, and whoever signed it has signed the wish.
        (presigned(FILM), false, true),
        // The route's prefix is no folder.
        (wish(&prefix(root, "/v1/AUTH_a/c/")), false, false),
        (wish(&edgeauth(root, &["/*"], None)), false, false),
        (presigned(root), false, false),
        (wish(&edgeauth("/v1/AUTH_a/c//a.m3u8", &["/*"], None)), false, false),
        // Not asked for, or not so.
        (prefix(FILM, "/v1/AUTH_a/c/film/"), false, false),
        (format!("{}&ticket=Cookie", prefix(FILM, "/v1/AUTH_a/c/film/")), false, false),
        ("/v1/AUTH_a/c/public/x/a.m3u8?ticket=cookie".to_owned(), false, false),
        // What would end the path of the cookie.
        (wish(&edgeauth("/v1/AUTH_a/c/a;b/a.m3u8", &["/*"], None)), false, false),
    ] {
        assert_eq!(set_cookie(&narrow, &target).is_some(), by_ticket, "{target}");
        assert_eq!(set_cookie(&wide, &target).is_some(), by_folder, "{target}");
        assert!(set_cookie(&gate(&json!({})), &target).is_none());
    }
}

#[test]
fn the_log_says_why_there_is_none() {
    let gate = cookie_gate();
    let said = |target: &str| decide(&gate, target, &[]).trail.cookie;
    assert_eq!(
        said(&wish(&prefix(FILM, "/v1/AUTH_a/c/film/"))).as_deref(),
        Some("/v1/AUTH_a/c/film/u1/")
    );
    let narrow = said(&wish(&tempurl("/v1/AUTH_a/c/film/u1/master.m3u8", None))).unwrap();
    assert!(narrow.starts_with("none: the ticket does not open all of the folder"), "{narrow}");
    assert_eq!(said(FILM), None);
}

#[test]
fn what_browsers_are_told() {
    let target = wish(&prefix(FILM, "/v1/AUTH_a/c/film/"));
    let attributes = |gate: &Gate, target: &str| {
        set_cookie(gate, target).unwrap().split_once("; ").unwrap().1.to_owned()
    };
    let expected = "Path=/v1/AUTH_a/c/film/u1/; Max-Age=599; HttpOnly; Secure; SameSite=";
    assert_eq!(attributes(&cookie_gate(), &target), format!("{expected}Lax"));
    let cross = gate(&json!({
        "cookie": { "name": "film", "secret": "COOKIE_SECRET" },
        "cors": { "allow_origins": ["https://app.example"], "allow_credentials": true }
    }));
    assert_eq!(attributes(&cross, &target), format!("{expected}None"));
    assert!(cookie(&cross, &target).starts_with("film=1."));
    // Browsers refuse `Secure` over HTTP, and `None` without it.
    let request = Request::parse("GET", &target, [("host", HOST)]).unwrap().over(Scheme::Http);
    let Step::Decided(decision) = cross.decide::<Service>(&request, NOW) else { panic!("waits") };
    let Outcome::Allow(Service::Object(retrieval)) = decision.outcome else { panic!("no") };
    let stored = StoreAnswer { status: 200, headers: &[] };
    match retrieval.settle(Ok(stored), &mut Health::default(), NOW) {
        Next::Respond(response) => {
            let header = value(&response.head.headers, "set-cookie").unwrap();
            assert!(header.ends_with("; Max-Age=599; HttpOnly; SameSite=Lax"), "{header}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_with_a_cookie_is_for_one_viewer() {
    let gate = gate(&json!({
        "access": [{ "keys": "*", "acl": "public-read" }], "cookie": { "secret": "COOKIE_SECRET" }
    }));
    let plain = answer(&gate, FILM);
    assert_eq!(value(&plain, "cache-control"), Some("public, max-age=9"));
    let with = answer(&gate, &wish(&prefix(FILM, "/v1/AUTH_a/c/film/")));
    assert_eq!(value(&with, "cache-control"), Some("private, no-cache"));
}

#[test]
fn a_no_sets_none() {
    let gate = cookie_gate();
    let target = wish(&prefix(FILM, "/v1/AUTH_a/c/film/"));
    for status in [412, 416] {
        let Service::Object(retrieval) = allowed(&gate, &target, &[]) else { panic!("redirected") };
        let Service::Object(head) = allowed(&gate, &target, &[("range", "bytes=9-")]) else {
            panic!("redirected")
        };
        for retrieval in [retrieval, head] {
            let answer = StoreAnswer { status, headers: &[] };
            if let Next::Respond(answer) = retrieval.settle(Ok(answer), &mut Health::default(), NOW)
            {
                assert_eq!(value(&answer.head.headers, "set-cookie"), None);
            }
        }
    }
}

#[test]
fn time_host_and_address_are_those_of_the_ticket() {
    let gate = cookie_gate();
    let anywhere = cookie(&gate, &wish(&prefix(FILM, "/v1/AUTH_a/c/film/")));
    let address = Some(ADDRESS.parse().unwrap());
    let here = cookie(&gate, &wish(&edgeauth(FILM, &["/v1/*"], address)));
    let elsewhere = "192.0.2.8";
    for (cookies, viewer, expected) in [
        (&anywhere, Viewer { later: 599, ..VIEWER }, "allowed"),
        (&anywhere, Viewer { later: 600, ..VIEWER }, "expired"),
        (&anywhere, Viewer { host: "MEDIA.example:443", ..VIEWER }, "allowed"),
        (&anywhere, Viewer { host: "other.example", ..VIEWER }, "wrong_resource"),
        (&anywhere, Viewer { host: "media.example:8443", ..VIEWER }, "wrong_resource"),
        (&anywhere, Viewer { address: elsewhere, ..VIEWER }, "allowed"),
        (&here, VIEWER, "allowed"),
        (&here, Viewer { address: elsewhere, ..VIEWER }, "wrong_address"),
    ] {
        assert_eq!(ask(&gate, &viewer, FILM, cookies), expected);
    }
}

/// Two routes, one below the other, with the same secret, and keys that can be taken out.
fn nested(keys: &Value) -> Gate {
    nested_with(keys, &secret)
}

fn nested_with(keys: &Value, secret: &dyn Fn(&str) -> Option<String>) -> Gate {
    let route = |path: &str| {
        json!({
            "path": path, "store": "s3", "bucket": "films",
            "cookie": { "secret": "COOKIE_SECRET", "scope": "folder" }
        })
    };
    let policy = json!({
        "version": 1,
        "stores": {
            "s3": {
                "kind": "s3", "endpoint": "https://s3.example", "region": "eu-west-1",
                "addressing": "path",
                "credentials": { "access_key_id": "ID", "secret_access_key": "KEY" }
            }
        },
        "keys": keys,
        "routes": { "media": route("/media/"), "inner": route("/media/film/inner/") }
    });
    Gate::new(Policy::parse(&policy.to_string()).unwrap().read_side(), secret).unwrap()
}

#[test]
fn another_route_and_another_key_are_others() {
    let app = |principal: &Value| json!({ "AKAPP": { "dialect": "sigv4", "secret": "APP_KEY", "principal": principal } });
    let gate = nested(&app(&json!("every-owner")));
    let cookie = cookie(&gate, &presigned("/media/film/a.m3u8"));
    assert_eq!(ask(&gate, &VIEWER, "/media/film/a.ts", &cookie), "allowed");
    assert_eq!(ask(&gate, &VIEWER, "/media/film/inner/a.ts", &cookie), "wrong_resource");
    // The key is gone, or acts for somebody else.
    let path = "/media/film/a.ts";
    assert_eq!(ask(&nested(&json!({})), &VIEWER, path, &cookie), "unknown_key");
    let alice = nested(&app(&json!({ "user": "alice" })));
    assert_eq!(ask(&alice, &VIEWER, path, &cookie), "unknown_key");
    // It has a new secret, as after a leak.
    let rotated = |name: &str| match name {
        "APP_KEY" => Some("another secret of more than thirty-two bytes".to_owned()),
        name => secret(name),
    };
    let keys = app(&json!("every-owner"));
    assert_eq!(ask(&nested_with(&keys, &rotated), &VIEWER, path, &cookie), "unknown_key");
    assert_eq!(ask(&nested_with(&keys, &secret), &VIEWER, path, &cookie), "allowed");
}

#[test]
fn what_others_make_a_browser_send_changes_nothing() {
    let gate = cookie_gate();
    let good = cookie(&gate, &wish(&prefix(FILM, "/v1/AUTH_a/c/film/")));
    let other = "/v1/AUTH_a/c/film/u2/x.m3u8";
    let others = cookie(&gate, &wish(&prefix(other, "/v1/AUTH_a/c/film/")));
    let forged = good.replace("=1.", "=1.x");
    for cookies in [
        format!("{others}; {good}"),
        format!("{good}; {others}"),
        format!("cloakroom=; cloakroom=x; {good}"),
        format!("{forged}; {good}"),
        format!("theme=dark; {good}; a=b"),
    ] {
        assert_eq!(ask(&gate, &VIEWER, FILM, &cookies), "allowed", "{cookies}");
    }
    assert_eq!(ask(&gate, &VIEWER, FILM, &others), "wrong_resource");
    assert_eq!(ask(&gate, &VIEWER, FILM, &forged), "signature_mismatch");
    // What cannot be one of ours is no credential, so what is public stays so.
    assert_eq!(ask(&gate, &VIEWER, FILM, "cloakroom=x"), "no_credential");
    // This policy has no CloudFront key.
    let theirs = format!("CloudFront-Policy=x; {good}; CloudFront-Key-Pair-Id=K");
    assert_eq!(ask(&gate, &VIEWER, FILM, &theirs), "allowed");
    // A ticket in the URL counts before any cookie.
    let decision = decide(&gate, &tempurl("/v1/AUTH_a/c/a.jpg", None), &[("cookie", &good)]);
    assert_eq!(decision.trail.dialect, Some(Dialect::TempUrl));
}

#[test]
fn a_cookie_gets_no_other_cookie() {
    let gate = folder_gate();
    let cookie = cookie(&gate, &presigned(FILM));
    let Service::Object(retrieval) =
        allowed(&gate, &format!("{FILM}?ticket=cookie"), &[("cookie", &cookie)])
    else {
        panic!("redirected")
    };
    let answer = StoreAnswer { status: 200, headers: &[] };
    let Next::Respond(response) = retrieval.settle(Ok(answer), &mut Health::default(), NOW) else {
        panic!("no answer")
    };
    assert_eq!(value(&response.head.headers, "set-cookie"), None);
    // The file's URL alone must not be kept for the next viewer.
    assert_eq!(value(&response.head.headers, "cache-control"), Some("private, no-cache"));
}

proptest! {
    /// Whatever a cookie opens, its ticket opens, and it is below the folder of the exchange.
    #[test]
    fn a_cookie_never_widens(
        folders in proptest::collection::vec("[a-c]{1,2}", 1..3),
        cut in 0_usize..12,
        other in "[abc/]{1,8}",
    ) {
        let gate = cookie_gate();
        let object = format!("/v1/AUTH_a/c/{}/m", folders.join("/"));
        let container = "/v1/AUTH_a/c/".len();
        let signed = object.get(..container + cut).unwrap_or(&object);
        prop_assume!(signed.len() > container);
        let ticket = wish(&prefix(&object, signed));
        if let Some(header) = set_cookie(&gate, &ticket) {
            let cookie = header.split(';').next().unwrap();
            let path = format!("/v1/AUTH_a/c/{other}");
            if ask(&gate, &VIEWER, &path, cookie) == "allowed" {
                prop_assert!(path.starts_with(signed));
                prop_assert!(path.starts_with(folder_of(&object)));
                let by_ticket = decide(&gate, &prefix(&path, signed), &[]);
                prop_assert!(matches!(by_ticket.outcome, Outcome::Allow(_)));
            }
        }
    }
}

#[test]
fn a_cookie_ends_with_its_ticket_and_with_its_key() {
    let gate = folder_gate();
    let target = presigned(FILM);
    let cookie = cookie(&gate, &target);
    let under = |control: Value| {
        let control = Control::parse(&control.to_string()).unwrap();
        ask(&gate.clone().under(control), &VIEWER, FILM, &cookie)
    };
    let ticket = decide(&gate, &target, &[]).trail.ticket.unwrap();
    assert_eq!(under(json!({ "version": 1 })), "allowed");
    assert_eq!(under(json!({ "version": 1, "revoked_keys": ["AKAPP"] })), "key_revoked");
    let revoked = json!({ "version": 1, "revoked_tickets": { ticket.to_string(): null } });
    assert_eq!(under(revoked), "ticket_revoked");
    let other = decide(&gate, &tempurl(FILM, None), &[]).trail.ticket.unwrap();
    let revoked = json!({ "version": 1, "revoked_tickets": { other.to_string(): null } });
    assert_eq!(under(revoked), "allowed");
}
