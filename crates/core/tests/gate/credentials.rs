//! Which tickets open, and the reason of each that does not.

use crate::*;

#[test]
fn presigned_urls_act_as_their_key() {
    let of = |key, path| Ticket { path, ..ticket(key) }.target();
    for (key, path, expected) in [
        ("AKAPP", "/media/users/alice/a.jpg", "fetch"),
        ("AKAPP", "/media/anything at all", "fetch"),
        ("AKTEMP", "/media/users/bob/a.jpg", "fetch"),
        ("AKALICE", "/media/users/alice/a.jpg", "fetch"),
        ("AKALICE", "/media/members/a.jpg", "fetch"),
        ("AKALICE", "/media/users/bob/a.jpg", "principal_may_not"),
    ] {
        assert_eq!(reason("GET", &of(key, path), &[]), expected, "{key} {path}");
    }
    let head = Ticket { method: Method::Head, ..ticket("AKAPP") }.target();
    assert_eq!(reason("HEAD", &head, &[]), "fetch");
}

#[test]
fn every_bad_ticket_has_its_reason() {
    let good = ticket("AKAPP").target();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let last = good.chars().last().unwrap();
    let flipped = if last == '0' { "1" } else { "0" };
    let minutes = |n: u64| std::time::Duration::from_secs(n * 60);
    let aged = |n| now().saturating_sub(minutes(n));
    let ahead = |n| now().saturating_add(minutes(n));
    let exp = now().as_secs() + 60;
    let alice = bearer("alice", exp);
    for (what, target, expected) in [
        ("as it was made", good.clone(), "fetch"),
        (
            "signature",
            format!("{}{flipped}", &good.strip_suffix(last).unwrap()),
            "signature_mismatch",
        ),
        ("path", with("a.jpg", "b.jpg"), "signature_mismatch"),
        ("expiry", with("Expires=600", "Expires=601"), "signature_mismatch"),
        ("expiry", with("Expires=600", "Expires=604801"), "expiry_out_of_range"),
        ("expiry", with("Expires=600", "Expires=99999999999999999999"), "expiry_out_of_range"),
        ("expiry", with("Expires=600", "Expires=0"), "expiry_out_of_range"),
        ("expiry", with("Expires=600", "Expires=%2B60"), "malformed_credential"),
        ("expiry", with("&X-Amz-Expires=600", ""), "malformed_credential"),
        ("parameter added", format!("{good}&x=1"), "signature_mismatch"),
        ("parameter twice", format!("{good}&X-Amz-Expires=600"), "duplicate_parameter"),
        ("parameter twice, escaped", format!("{good}&X-Amz-%45xpires=600"), "duplicate_parameter"),
        (
            "parameter twice, other case",
            format!("{good}&x-amz-expires=600"),
            "malformed_credential",
        ),
        ("any parameter twice", format!("{good}&x=1&x=2"), "duplicate_parameter"),
        ("key", with("AKAPP", "AKOTHER"), "unknown_key"),
        ("another's key", with("AKAPP", "AKALICE"), "signature_mismatch"),
        ("token missing", with("AKAPP", "AKTEMP"), "session_token"),
        ("token added", format!("{good}&X-Amz-Security-Token=x"), "session_token"),
        ("algorithm", with("HMAC-SHA256", "HMAC-SHA1"), "malformed_credential"),
        ("service", with("%2Fs3%2F", "%2Fec2%2F"), "malformed_credential"),
        ("day of the scope", with("20261123%2F", "20261122%2F"), "malformed_credential"),
        (
            "host unsigned",
            with("SignedHeaders=host", "SignedHeaders=range"),
            "malformed_credential",
        ),
        (
            "header missing",
            with("SignedHeaders=host", "SignedHeaders=host%3Brange"),
            "signed_header_missing",
        ),
        (
            "signature missing",
            good.split("&X-Amz-Signature").next().unwrap().into(),
            "malformed_credential",
        ),
        (
            "one parameter alone",
            "/media/users/alice/a.jpg?X-Amz-Signature=0".into(),
            "malformed_credential",
        ),
        (
            "for HEAD",
            Ticket { method: Method::Head, ..ticket("AKAPP") }.target(),
            "method_mismatch",
        ),
        ("for PUT", Ticket { method: Method::Put, ..ticket("AKAPP") }.target(), "method_mismatch"),
        ("expired", Ticket { signed_at: aged(11), ..ticket("AKAPP") }.target(), "expired"),
        ("in its last second", Ticket { signed_at: aged(10), ..ticket("AKAPP") }.target(), "fetch"),
        (
            "from 20 minutes ahead",
            Ticket { signed_at: ahead(20), ..ticket("AKAPP") }.target(),
            "not_yet_valid",
        ),
        (
            "from 15 minutes ahead",
            Ticket { signed_at: ahead(15), ..ticket("AKAPP") }.target(),
            "fetch",
        ),
        (
            "sub-resource",
            Ticket { query: &[("acl", "")], ..ticket("AKAPP") }.target(),
            "sub_resource",
        ),
    ] {
        assert_eq!(reason("GET", &target, &[]), expected, "{what}: {target}");
    }
    let both = [("authorization", alice.as_str())];
    assert_eq!(reason("GET", &good, &both), "several_credentials");
    assert_eq!(reason("HEAD", &good, &[]), "method_mismatch");
    for method in ["PUT", "POST", "DELETE"] {
        assert_eq!(reason(method, &good, &[]), "method_not_allowed");
    }
    assert_eq!(reason("PATCH", &good, &[]), "unknown_method");
    let version_2 = "/media/users/alice/a.jpg?AWSAccessKeyId=AKAPP&Signature=x&Expires=1";
    assert_eq!(reason("GET", version_2, &[]), "signature_version_2");
    let version_2 = [("authorization", "AWS AKAPP:x")];
    assert_eq!(reason("GET", "/media/a.jpg", &version_2), "signature_version_2");
    let unsigned = [("x-amz-copy-source", "/bucket/secret")];
    assert_eq!(reason("GET", &good, &unsigned), "header_not_signed");
    assert_eq!(reason("GET", &good, &[("host", "evil.example")]), "duplicate_header");
    assert_eq!(reason("GET", "/media/%zz", &[]), "malformed_escape");
    assert_eq!(reason("GET", "media/a.jpg", &[]), "malformed_target");
}

#[test]
fn signed_headers_are_verified_too() {
    let send = |headers: &[(&str, String)], target: &str| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        reason("GET", target, &headers)
    };
    let target = "/media/users/alice/a.jpg";
    let good = ticket("AKAPP").headers();
    assert_eq!(send(&good, target), "fetch");
    assert_eq!(send(&good, "/media/users/alice/b.jpg"), "signature_mismatch");
    assert_eq!(send(&good, &format!("{target}?versionId=1")), "signature_mismatch");
    assert_eq!(send(&ticket("AKTEMP").headers(), target), "fetch");
    for minutes in [15, 20] {
        let expected = if minutes == 15 { "fetch" } else { "clock_skew" };
        let skew = std::time::Duration::from_secs(minutes * 60);
        for signed_at in [now().saturating_sub(skew), now().saturating_add(skew)] {
            let headers = Ticket { signed_at, ..ticket("AKAPP") }.headers();
            assert_eq!(send(&headers, target), expected, "{minutes} minutes");
        }
    }
    let mut added = good.clone();
    added.push(("x-amz-acl", "public-read".into()));
    assert_eq!(send(&added, target), "header_not_signed");
    let without = |name: &str| -> Vec<_> {
        good.iter().filter(|(header, _)| *header != name).cloned().collect()
    };
    assert_eq!(send(&without("x-amz-date"), target), "malformed_credential");
    assert_eq!(send(&without("x-amz-content-sha256"), target), "malformed_credential");
    assert_eq!(
        reason("GET", target, &[("authorization", "Basic YTpi")]),
        "unsupported_authorization"
    );
    for value in
        ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a, Credential=b", "AWS4-HMAC-SHA256 x=y"]
    {
        let expected = if value.contains("b") && value.contains("Credential=b") {
            "duplicate_parameter"
        } else {
            "malformed_credential"
        };
        assert_eq!(reason("GET", target, &[("authorization", value)]), expected, "{value}");
    }
}
