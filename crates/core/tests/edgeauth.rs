//! EdgeAuth tokens, from a request to a grant: what holds, and why everything else does not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::net::IpAddr;

use cloakroom_core::capability::CapabilityError;
use cloakroom_core::crypto::Hash;
use cloakroom_core::edgeauth::sign::{Opens, SignError, Unsigned};
use cloakroom_core::edgeauth::{Escaping, Signer};
use cloakroom_core::grant::{Dialect, Grant, Verified};
use cloakroom_core::key::{EdgeAuthKey, Keyring, Principal};
use cloakroom_core::policy::Policy;
use cloakroom_core::presented::{CredentialError, Presented};
use cloakroom_core::request::Request;
use cloakroom_core::secret::Secret;
use cloakroom_core::time::UnixTime;
use proptest::prelude::*;

const NOW: UnixTime = UnixTime::from_secs(1_616_545_640);
const END: UnixTime = UnixTime::from_secs(1_616_545_657);
const NAME: &str = "__token__";

/// What a token opens, and nothing else about it.
const ANY: Unsigned<'_> = Unsigned {
    opens: Opens::Acl(&["/*"]),
    starts_at: None,
    expires_at: END,
    address: None,
    id: None,
    data: None,
};

fn key(id: &str, secret: &str) -> EdgeAuthKey {
    EdgeAuthKey {
        id: id.into(),
        token_name: NAME.into(),
        secret: Secret::new(secret),
        salt: None,
        algorithm: Hash::Sha256,
        escape_early: false,
        principal: Principal::EveryOwner,
    }
}

fn keyring(keys: impl IntoIterator<Item = EdgeAuthKey>) -> Keyring {
    let mut keyring = Keyring::default();
    keys.into_iter().for_each(|key| keyring.add_edgeauth(key));
    keyring
}

fn sign(key: &EdgeAuthKey, unsigned: &Unsigned<'_>) -> String {
    Signer::new(key).sign(unsigned).unwrap().into_exposed()
}

/// What of a grant a test looks at.
#[derive(Debug, PartialEq)]
struct Granted {
    key_id: String,
    dialect: Dialect,
    expires_at: UnixTime,
}

fn granted(grant: &Grant<'_>) -> Granted {
    assert_eq!(grant.principal(), &Principal::EveryOwner);
    assert!(!grant.covers_query());
    Granted {
        key_id: grant.key_id().unwrap().to_owned(),
        dialect: grant.dialect(),
        expires_at: grant.expires_at().unwrap(),
    }
}

fn prove(
    request: &Request<'_>,
    keyring: &Keyring,
    now: UnixTime,
) -> Result<Granted, CredentialError> {
    match Presented::parse(request, keyring)?.verify(keyring, now)? {
        Verified::Granted(grant) => Ok(granted(&grant)),
        Verified::Pending(_) => panic!("a MAC does not wait"),
    }
}

/// A token in a header, where it stands as it is.
fn in_header(keys: &Keyring, path: &str, token: &str) -> Result<Granted, CredentialError> {
    let request = Request::parse("GET", path, [("host", "h"), (NAME, token)]).unwrap();
    prove(&request, keys, NOW)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, CredentialError>) -> CapabilityError {
    match result.unwrap_err() {
        CredentialError::Capability(error) => error,
        other => panic!("{other:?} is no capability's"),
    }
}

#[test]
fn published_answers_verify() {
    let acl = keyring([key("k", "abc123")]);
    let token = "st=1616545627~exp=1616545657~acl=/foo~\
         hmac=ba0d665ffc7c80159d08e1a9a143ed345bc2f3e374f8af73248ff67fb087a420";
    let dialect = Dialect::EdgeAuthHeader;
    let expected = Granted { key_id: "k".into(), dialect, expires_at: END };
    assert_eq!(in_header(&acl, "/foo", token), Ok(expected));
    assert_eq!(refusal(in_header(&acl, "/foo/", token)), CapabilityError::WrongResource);

    let url = keyring([key("k", "52a152a152a152a152a152a152a1")]);
    let token = "st=1500000000~exp=1500003600~\
         hmac=9afc768739f1d74a48f923971ef39c0f987b6796ff4a8835b98e20153c342f1f";
    let at = |path| {
        let request = Request::parse("GET", path, [("host", "h"), (NAME, token)]).unwrap();
        prove(&request, &url, UnixTime::from_secs(1_500_000_000))
    };
    assert!(at("/akamai/edgeauth").is_ok());
    assert!(at("/akamai/edgeauth?a=b").is_ok());
    assert_eq!(refusal(at("/akamai/edgeauth/")), CapabilityError::SignatureMismatch);
}

/// Tokens that `akamai-edgeauth` 0.3.2 made.
#[test]
fn every_option_is_signed_as_the_library_does() {
    let key = EdgeAuthKey {
        salt: Some(Secret::new("salt & pepper")),
        algorithm: Hash::Sha1,
        escape_early: true,
        ..key("k", "0123456789abcdef")
    };
    let all = Unsigned {
        opens: Opens::Url("/a/%C3%A9+b~.jpg"),
        starts_at: Some(UnixTime::from_secs(1_616_545_627)),
        address: Some("2001:db8::1".parse().unwrap()),
        id: Some("s 1%2B+é"),
        data: Some("x=y&z"),
        ..ANY
    };
    assert_eq!(
        sign(&key, &all),
        "ip=2001%3adb8%3a%3a1~st=1616545627~exp=1616545657~id=s+1%252B%2b%c3%a9~data=x%3dy%26z~\
         hmac=eaaf1ed51855a8aa8f24893451d2dfe92c2b5810"
    );
    let key = EdgeAuthKey { algorithm: Hash::Md5, escape_early: false, ..key };
    let acl = Unsigned {
        opens: Opens::Acl(&["/a/*", "/x"]),
        starts_at: None,
        address: Some("192.0.2.7".parse().unwrap()),
        ..all
    };
    assert_eq!(
        sign(&key, &acl),
        "ip=192.0.2.7~exp=1616545657~acl=/a/*!/x~id=s 1%2B+é~data=x=y&z~\
         hmac=093afa96c00527b4b43989929b78ae99"
    );
}

#[test]
fn every_option_reads_back() {
    for algorithm in [Hash::Sha256, Hash::Sha1, Hash::Md5] {
        for salt in [None, Some(Secret::new("salt & pepper"))] {
            for escape_early in [false, true] {
                let key = EdgeAuthKey {
                    algorithm,
                    salt: salt.clone(),
                    escape_early,
                    ..key("k", "0123456789abcdef")
                };
                let keys = keyring([key.clone()]);
                for opens in [Opens::Acl(&["/x", "/a/*"]), Opens::Url("/a/%C3%A9+b.jpg")] {
                    let address: IpAddr = "2001:db8::1".parse().unwrap();
                    let token = sign(
                        &key,
                        &Unsigned {
                            opens,
                            starts_at: Some(NOW),
                            address: Some(address),
                            id: Some("s 1%2B+é"),
                            data: Some("x=y&z"),
                            ..ANY
                        },
                    );
                    let headers = [("host", "h"), (NAME, token.as_str())];
                    let request = Request::parse("GET", "/a/%C3%A9+b.jpg", headers).unwrap();
                    let request = request.from_address(Some(address));
                    assert!(prove(&request, &keys, NOW).is_ok(), "{token}");
                    let other = Request::parse("GET", "/b", headers).unwrap();
                    assert!(prove(&other.from_address(Some(address)), &keys, NOW).is_err());
                }
            }
        }
    }
}

#[test]
fn stands_in_query_cookie_and_header() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    let token = sign(&key, &ANY);
    let encoded = token.replace('=', "%3D").replace('*', "%2A");
    let host = ("host", "h");
    for (target, headers, dialect) in [
        (format!("/a?{NAME}={token}"), vec![host], Dialect::EdgeAuthQuery),
        (format!("/a?x=1&{NAME}={encoded}&y"), vec![host], Dialect::EdgeAuthQuery),
        ("/a".into(), vec![host, (NAME, &token)], Dialect::EdgeAuthHeader),
        (
            "/a".into(),
            vec![host, ("cookie", &format!("a=b; {NAME}={token}; c=d"))],
            Dialect::EdgeAuthCookie,
        ),
        (
            "/a".into(),
            vec![host, ("cookie", &format!("{NAME}={encoded}"))],
            Dialect::EdgeAuthCookie,
        ),
        (
            "/a".into(),
            vec![host, ("cookie", &format!("{NAME}=\"{token}\""))],
            Dialect::EdgeAuthCookie,
        ),
    ] {
        let request = Request::parse("GET", &target, headers).unwrap();
        assert_eq!(prove(&request, &keys, NOW).unwrap().dialect, dialect, "{target}");
    }
}

#[test]
fn two_tokens_are_none() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    let token = sign(&key, &ANY);
    let twice = format!("/a?{NAME}={token}&{NAME}={token}");
    let cookies = format!("{NAME}={token}; {NAME}={token}");
    for (target, headers) in [
        (twice.as_str(), vec![("host", "h")]),
        ("/a", vec![("host", "h"), (NAME, &token), (NAME, &token)]),
        ("/a", vec![("host", "h"), ("cookie", &cookies)]),
    ] {
        let request = Request::parse("GET", target, headers).unwrap();
        assert_eq!(prove(&request, &keys, NOW), Err(CredentialError::Several), "{target}");
    }
}

#[test]
fn holds_from_its_first_second_to_its_last() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    let token = sign(&key, &Unsigned { starts_at: Some(NOW), ..ANY });
    let request = Request::parse("GET", "/", [("host", "h"), (NAME, token.as_str())]).unwrap();
    let at = |secs| prove(&request, &keys, UnixTime::from_secs(secs));
    let (before, after) =
        (UnixTime::from_secs(NOW.as_secs() - 1), UnixTime::from_secs(END.as_secs() + 1));
    assert_eq!(
        refusal(at(before.as_secs())),
        CapabilityError::NotYetValid { now: before, not_before: NOW }
    );
    assert!(at(NOW.as_secs()).is_ok() && at(END.as_secs()).is_ok());
    let expired = CapabilityError::Expired { now: after, not_after: END };
    assert_eq!(refusal(at(after.as_secs())), expired);
}

#[test]
fn is_for_one_address() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    let bound =
        |address: &str| sign(&key, &Unsigned { address: Some(address.parse().unwrap()), ..ANY });
    let from = |token: &str, address: Option<&str>| {
        let request = Request::parse("GET", "/", [("host", "h"), (NAME, token)]).unwrap();
        let address = address.map(|address| address.parse().unwrap());
        prove(&request.from_address(address), &keys, NOW)
    };
    for (signed, sent) in [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:0db8:0::1"),
    ] {
        assert!(from(&bound(signed), Some(sent)).is_ok(), "{signed} {sent}");
    }
    assert!(from(&sign(&key, &ANY), Some("192.0.2.7")).is_ok());
    let token = bound("192.0.2.7");
    for sent in [Some("192.0.2.8"), Some("2001:db8::1"), None] {
        let found = sent.map(|address| address.parse().unwrap());
        assert_eq!(refusal(from(&token, sent)), CapabilityError::WrongAddress { found });
    }
}

#[test]
fn each_live_key_of_a_name_counts() {
    let (old, new) =
        (key("old", "abc123"), EdgeAuthKey { escape_early: true, ..key("new", "def0") });
    let other_name = EdgeAuthKey { token_name: "hdnts".into(), ..key("other", "0a") };
    let keys = keyring([old.clone(), new.clone(), other_name.clone()]);
    for key in [&old, &new] {
        let token = sign(key, &Unsigned { data: Some("a b"), ..ANY });
        assert_eq!(in_header(&keys, "/a", &token).unwrap().key_id, key.id);
    }
    // A key of another name is not tried.
    let token = sign(&other_name, &ANY);
    assert_eq!(refusal(in_header(&keys, "/a", &token)), CapabilityError::SignatureMismatch);
    let retired = keyring([new]);
    let token = sign(&old, &ANY);
    assert_eq!(refusal(in_header(&retired, "/a", &token)), CapabilityError::SignatureMismatch);
}

#[test]
fn a_token_does_not_choose_the_algorithm() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    for algorithm in [Hash::Md5, Hash::Sha1] {
        let token = sign(&EdgeAuthKey { algorithm, ..key.clone() }, &ANY);
        let expected = CapabilityError::WrongAlgorithm { expected: "sha256" };
        assert_eq!(refusal(in_header(&keys, "/a", &token)), expected);
    }
}

#[test]
fn salt_and_escaping_are_the_keys() {
    let plain = key("k", "abc123");
    let salted = EdgeAuthKey { salt: Some(Secret::new("s")), ..plain.clone() };
    let escaping = EdgeAuthKey { escape_early: true, ..plain.clone() };
    let unsigned = Unsigned { opens: Opens::Url("/a"), ..ANY };
    for (signer, verifier) in
        [(&plain, &salted), (&salted, &plain), (&plain, &escaping), (&escaping, &plain)]
    {
        let token = sign(signer, &unsigned);
        let keys = keyring([verifier.clone()]);
        assert_eq!(refusal(in_header(&keys, "/a", &token)), CapabilityError::SignatureMismatch);
    }
    let token = sign(&salted, &unsigned);
    assert!(in_header(&keyring([salted]), "/a", &token).is_ok());
    assert!(!token.contains("salt") && !token.contains("url"));
}

#[test]
fn a_url_token_is_for_the_path_as_sent() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    let token = sign(&key, &Unsigned { opens: Opens::Url("/a/%41~b"), ..ANY });
    assert!(in_header(&keys, "/a/%41~b", &token).is_ok());
    for path in ["/a/A~b", "/a/%41%7Eb", "/a/%2541~b", "/a/%41~b/", "/A/%41~b"] {
        let error = refusal(in_header(&keys, path, &token));
        assert_eq!(error, CapabilityError::SignatureMismatch, "{path}");
    }
    // An ACL cannot be added to it, nor taken from another.
    let (exp, mac) = token.split_once("~hmac=").unwrap();
    for forged in [
        format!("{exp}~acl=/*~hmac={mac}"),
        format!("{exp}~acl=/a/%41~hmac={mac}"),
        sign(&key, &ANY).replace("~acl=/*", ""),
    ] {
        let error = refusal(in_header(&keys, "/a/%41~b", &forged));
        assert_eq!(error, CapabilityError::SignatureMismatch, "{forged}");
    }
}

#[test]
fn an_acl_is_for_objects_however_their_paths_are_spelled() {
    let key = key("k", "abc123");
    let keys = keyring([key.clone()]);
    let token = sign(&key, &Unsigned { opens: Opens::Acl(&["/u/???", "/v/%C3%A9/*"]), ..ANY });
    for path in ["/u/abc", "/u/%41%42C", "/v/%c3%a9/x", "/v/%C3%A9/%2A", "/u/%2541"] {
        assert!(in_header(&keys, path, &token).is_ok(), "{path}");
    }
    for path in ["/u/%41", "/u/a%62", "/v/%25C3%25A9/x", "/v/x/x"] {
        let error = refusal(in_header(&keys, path, &token));
        assert_eq!(error, CapabilityError::WrongResource, "{path}");
    }
}

#[test]
fn what_could_not_be_read_back_is_not_signed() {
    let key = key("k", "abc123");
    let sign = |unsigned: &Unsigned<'_>| Signer::new(&key).sign(unsigned).map(|_| ());
    for (unsigned, error) in [
        (Unsigned { opens: Opens::Acl(&[]), ..ANY }, SignError::Acl),
        (Unsigned { opens: Opens::Acl(&[""]), ..ANY }, SignError::Acl),
        (Unsigned { opens: Opens::Acl(&["/a", "/b!/c"]), ..ANY }, SignError::Acl),
        (Unsigned { opens: Opens::Acl(&["/a~data=x"]), ..ANY }, SignError::Acl),
        (Unsigned { opens: Opens::Acl(&["/a%2Fb"]), ..ANY }, SignError::Acl),
        (Unsigned { opens: Opens::Acl(&["/100%"]), ..ANY }, SignError::Acl),
        (Unsigned { opens: Opens::Url("a"), ..ANY }, SignError::Url),
        (Unsigned { opens: Opens::Url("/a?b"), ..ANY }, SignError::Url),
        (Unsigned { opens: Opens::Url("/a b"), ..ANY }, SignError::Url),
        (Unsigned { id: Some("a~data=x"), ..ANY }, SignError::Field("id")),
        (Unsigned { data: Some(""), ..ANY }, SignError::Field("data")),
        (Unsigned { starts_at: Some(END), ..ANY }, SignError::Time),
    ] {
        assert_eq!(sign(&unsigned), Err(error), "{unsigned:?}");
    }
    for secret in ["", "abc", "xyz0"] {
        let secret = Secret::new(secret);
        let algorithm = Hash::Sha256;
        let signer = Signer { secret: &secret, salt: None, algorithm, escaping: Escaping::None };
        assert_eq!(signer.sign(&ANY).map(|_| ()), Err(SignError::Key));
    }
}

#[test]
fn a_policy_names_keys_and_salts() {
    let document = serde_json::json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
        } },
        "routes": { "all": { "path": "/", "store": "main", "bucket": "media" } },
        "keys": {
            "hls": {
                "dialect": "edgeauth", "secret": "HLS_KEY", "salt": "HLS_SALT",
                "token_name": "hdnts", "algorithm": "sha1", "escape_early": true,
                "principal": { "user": "alice" }
            },
            "plain": { "dialect": "edgeauth", "secret": "PLAIN_KEY", "principal": "every-owner" }
        }
    });
    let policy = Policy::parse(&document.to_string()).unwrap();
    let keyring = |plain: &'static str| {
        policy.read_side().keyring(&move |name| match name {
            "HLS_KEY" => Some("00ff".to_owned()),
            "HLS_SALT" => Some("salt".to_owned()),
            "PLAIN_KEY" => Some(plain.to_owned()),
            _ => None,
        })
    };
    let keys = keyring("abc123").unwrap();
    let [hls] = keys.edgeauth("hdnts") else { panic!("one key has this name") };
    assert_eq!((hls.algorithm, hls.escape_early), (Hash::Sha1, true));
    assert_eq!(hls.salt.as_ref().unwrap().expose(), "salt");
    assert_eq!(hls.principal, Principal::User("alice".into()));
    let [plain] = keys.edgeauth("__token__") else { panic!("one key has this name") };
    assert_eq!((plain.algorithm, plain.escape_early), (Hash::Sha256, false));
    assert!(plain.salt.is_none());
    for bad in ["abc", "no hexadecimal"] {
        let error = keyring(bad).unwrap_err().to_string();
        assert!(error.contains("keys.plain.secret") && error.contains("hexadecimal digits"));
        assert!(!error.contains(&format!("`{bad}`")), "{error}");
    }
    for name in ["host", "cookie", "x-amz-date", "if-none-match"] {
        let mut document = document.clone();
        document["keys"]["hls"]["token_name"] = name.into();
        let error = Policy::parse(&document.to_string()).unwrap_err().to_string();
        assert!(error.contains("keys.hls.token_name") && error.contains("header"), "{error}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let secret = Secret::new("abc123");
    let salt = Secret::new("the salt");
    let signer = Signer {
        secret: &secret,
        salt: Some(&salt),
        algorithm: Hash::Sha256,
        escaping: Escaping::None,
    };
    let shown = format!("{signer:?} {:?}", signer.sign(&ANY));
    assert!(!shown.contains("abc123") && !shown.contains("the salt") && !shown.contains("hmac"));
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_no_byte_of_it_can_change(
        (id, data) in ("[^~\\p{Cc}]{1,12}", "[^~\\p{Cc}]{1,12}"),
        key_name in "[a-z]{0,8}",
        escape_early: bool,
        is_url: bool,
        place: prop::sample::Index,
        byte in "[ -~]",
    ) {
        let path = format!("/dir/{key_name}");
        let opens = if is_url { Opens::Url(&path) } else { Opens::Acl(&["/dir/*"]) };
        let key = EdgeAuthKey { escape_early, ..key("k", "00ff") };
        let keys = keyring([key.clone()]);
        let token = sign(&key, &Unsigned { opens, id: Some(&id), data: Some(&data), ..ANY });
        prop_assert!(in_header(&keys, &path, &token).is_ok());

        let places: Vec<_> = token.char_indices().collect();
        let (at, character) = places[place.index(places.len())];
        let mut changed = token.clone();
        changed.replace_range(at..at + character.len_utf8(), &byte);
        prop_assume!(changed != token);
        prop_assert!(in_header(&keys, &path, &changed).is_err(), "{}", changed);
    }
}
