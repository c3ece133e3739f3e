//! CloudFront signed URLs and cookies: what is made here is proven here, and nothing else is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::capability::CapabilityError;
use cloakroom_core::cloudfront::resource::Resource;
use cloakroom_core::cloudfront::sign::{Policy, SignError, Signed, Url};
use cloakroom_core::cloudfront::source_ip::SourceIp;
use cloakroom_core::cloudfront::statement::Statement;
use cloakroom_core::grant::{Dialect, Verified};
use cloakroom_core::key::{CloudFrontKey, Keyring, Principal};
use cloakroom_core::presented::{CredentialError, Presented};
use cloakroom_core::public_key::{Algorithm, PublicKey};
use cloakroom_core::request::{Request, Scheme};
use cloakroom_core::time::UnixTime;
use proptest::prelude::*;

const NOW: u64 = 1_767_290_000;
const EXPIRES_AT: u64 = 1_767_290_400;
const URL: &str = "https://media.example/users/alice/a%20b.jpg?size=large&versionId=7";

/// The key of RFC 6979, appendix A.2.5, in the form of RFC 5915.
fn private_key() -> PrivateKey {
    let der = "30310201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721\
               a00a06082a8648ce3d030107";
    let base64 = BASE64_STANDARD.encode(hex::decode(der).unwrap());
    // Lines of PEM have 64 characters (RFC 7468, section 2).
    let (line, rest) = base64.split_at(64);
    let label = "EC PRIVATE KEY";
    let pem = format!("-----BEGIN {label}-----\n{line}\n{rest}\n-----END {label}-----\n");
    PrivateKey::from_pem(&pem).unwrap()
}

fn keyring() -> Keyring {
    let mut keyring = Keyring::default();
    for (id, algorithm) in [("K1", Algorithm::EcdsaSha1), ("K256", Algorithm::EcdsaSha256)] {
        keyring.add_cloudfront(CloudFrontKey {
            id: id.to_owned(),
            public_key: PublicKey::from_pem(algorithm, private_key().public_pem()).unwrap(),
            principal: Principal::User("alice".to_owned()),
        });
    }
    keyring
}

fn sign(policy: &Policy, id: &str) -> Signed {
    let algorithm = if id == "K1" { Algorithm::EcdsaSha1 } else { Algorithm::EcdsaSha256 };
    let signature = private_key().sign(algorithm, policy.message()).unwrap();
    policy.signed(id, algorithm, &signature).unwrap()
}

fn canned() -> Signed {
    sign(&Policy::canned(Url::parse(URL).unwrap(), UnixTime::from_secs(EXPIRES_AT)).unwrap(), "K1")
}

fn statement(resource: Option<&str>) -> Statement {
    Statement {
        resource: resource.map(|text| Resource::parse(text).unwrap()),
        expires_at: UnixTime::from_secs(EXPIRES_AT),
        starts_at: None,
        source_ip: None,
    }
}

fn custom(statement: &Statement) -> Signed {
    sign(&Policy::custom(statement), "K256")
}

fn signed_url(signed: &Signed) -> String {
    signed.url(Url::parse(URL).unwrap()).into_exposed()
}

fn cookie(signed: &Signed) -> String {
    let pairs = signed.cookies().map(|(name, value)| format!("{name}={}", value.expose()));
    pairs.collect::<Vec<_>>().join("; ")
}

/// A request as a viewer sends it.
struct Sent {
    url: String,
    cookie: String,
    address: Option<&'static str>,
    now: u64,
}

impl Sent {
    fn url(url: impl Into<String>) -> Self {
        Self { url: url.into(), cookie: String::new(), address: None, now: NOW }
    }

    fn cookie(cookie: impl Into<String>) -> Self {
        Self { cookie: cookie.into(), ..Self::url(URL) }
    }

    fn prove(&self) -> Result<Proven, CredentialError> {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let (host, target) = rest.split_at(rest.find('/').unwrap());
        let headers = [("host", host), ("cookie", self.cookie.as_str())];
        let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
        let address = self.address.map(|address| address.parse().unwrap());
        let request = Request::parse("GET", target, headers).unwrap();
        let request = request.over(scheme).from_address(address);
        let keyring = keyring();
        let presented = Presented::parse(&request, &keyring)?;
        let pending = match presented.verify(&keyring, UnixTime::from_secs(self.now))? {
            Verified::Pending(pending) => pending,
            Verified::Granted(grant) => return Ok(Proven::of(&grant)),
        };
        let holds = cloakroom_asymmetric::holds(pending.check());
        pending.answer(holds).map(|grant| Proven::of(&grant))
    }

    fn refusal(&self) -> CapabilityError {
        match self.prove() {
            Err(CredentialError::Capability(error)) => error,
            other => unreachable!("{}: {other:?}", self.url),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Proven {
    dialect: Dialect,
    key_id: Option<String>,
    expires_at: Option<u64>,
    covers_query: bool,
}

impl Proven {
    fn of(grant: &cloakroom_core::grant::Grant<'_>) -> Self {
        Self {
            dialect: grant.dialect(),
            key_id: grant.key_id().map(str::to_owned),
            expires_at: grant.expires_at().map(UnixTime::as_secs),
            covers_query: grant.covers_query(),
        }
    }
}

fn proven(dialect: Dialect, key_id: &str, covers_query: bool) -> Result<Proven, CredentialError> {
    let key_id = Some(key_id.to_owned());
    Ok(Proven { dialect, key_id, expires_at: Some(EXPIRES_AT), covers_query })
}

#[test]
fn what_is_signed_is_proven() {
    let url = proven(Dialect::CloudFrontUrl, "K1", true);
    assert_eq!(Sent::url(signed_url(&canned())).prove(), url);
    let cookies = proven(Dialect::CloudFrontCookie, "K1", true);
    assert_eq!(Sent::cookie(cookie(&canned())).prove(), cookies);
    for (resource, covers_query) in [
        (None, false),
        (Some("*"), false),
        (Some("https://media.example/users/alice/*"), false),
        (Some("media.example/users/alice/*"), false),
        (Some("http*://media.example/users/alice/a%20b.jpg?*"), false),
        (Some(URL), true),
    ] {
        let signed = custom(&statement(resource));
        let url = proven(Dialect::CloudFrontUrl, "K256", covers_query);
        assert_eq!(Sent::url(signed_url(&signed)).prove(), url, "{resource:?}");
        let cookies = proven(Dialect::CloudFrontCookie, "K256", covers_query);
        assert_eq!(Sent::cookie(cookie(&signed)).prove(), cookies, "{resource:?}");
    }
}

#[test]
fn the_forms_of_url_and_cookies() {
    let url = signed_url(&canned());
    let (own, ticket) = url.split_at(URL.len());
    assert_eq!(own, URL);
    let names: Vec<_> = ticket.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
    assert_eq!(names, ["", "Expires", "Signature", "Key-Pair-Id"]);
    let names: Vec<_> = custom(&statement(None)).cookies().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "CloudFront-Policy",
            "CloudFront-Signature",
            "CloudFront-Key-Pair-Id",
            "CloudFront-Hash-Algorithm"
        ]
    );
    let bare = "https://media.example/a";
    let signed = canned().url(Url::parse(bare).unwrap()).into_exposed();
    assert!(signed.starts_with("https://media.example/a?Expires=1767290400&Signature="));
    let (_, signature) = canned().cookies().nth(1).unwrap();
    assert!(!format!("{:?}", canned()).contains(signature.expose()));
}

#[test]
fn a_query_counts_as_it_was_sent() {
    for (url, after) in [
        ("https://media.example/a?b", "https://media.example/a?b="),
        ("https://media.example/a?b=1&c=2", "https://media.example/a?c=2&b=1"),
        ("https://media.example/a?b=1", "https://media.example/a?b=1&b=1"),
        ("https://media.example/a?b=%7E", "https://media.example/a?b=~"),
        ("https://media.example/a?b&&c", "https://media.example/a?b&c"),
        ("https://media.example/a?", "https://media.example/a"),
        ("https://media.example/%C3%A9", "https://media.example/%c3%a9"),
        ("https://media.example/a", "https://media.example:443/a"),
        ("https://media.example/a", "http://media.example/a"),
    ] {
        let expires_at = UnixTime::from_secs(EXPIRES_AT);
        let signed = sign(&Policy::canned(Url::parse(url).unwrap(), expires_at).unwrap(), "K1");
        let ticket = |url: &str| {
            let parameters: Vec<_> = signed
                .cookies()
                .map(|(name, value)| (name.replace("CloudFront-", ""), value))
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .collect();
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}{}", parameters.join("&"))
        };
        assert!(Sent::url(ticket(url)).prove().is_ok(), "{url}");
        assert_eq!(Sent::url(ticket(after)).refusal(), CapabilityError::SignatureMismatch);
    }
}

/// In certain rare circumstances an app's parameters stand behind CloudFront's, the guide says.
#[test]
fn parameters_stand_in_any_order() {
    let url = signed_url(&canned());
    let (path, query) = url.split_once('?').unwrap();
    let parts: Vec<_> = query.split('&').collect();
    let [size, version, expires, signature, id] = parts[..] else { unreachable!() };
    let mixed = format!("{path}?{id}&{size}&{signature}&{version}&{expires}");
    assert_eq!(Sent::url(mixed).prove(), proven(Dialect::CloudFrontUrl, "K1", true));
}

#[test]
fn a_policy_counts_as_it_was_signed() {
    let json = "{ \"Statement\" : [ {\"Condition\": {\"DateGreaterThan\": {\"AWS:EpochTime\": \
                1767290000}, \"DateLessThan\": {\"AWS:EpochTime\": 1767290400}}, \"Resource\": \
                \"https:\\/\\/media.example\\/*\" }]}\n";
    let algorithm = Algorithm::EcdsaSha256;
    let signature = private_key().sign(algorithm, json.as_bytes()).unwrap();
    let encode = |bytes: &[u8]| {
        BASE64_STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
    };
    let signature: [u8; 64] = signature.try_into().unwrap();
    let signature = encode(&cloakroom_core::public_key::der_from_p1363(&signature));
    let url = |policy: &str| {
        let policy = encode(policy.as_bytes());
        let id = "Key-Pair-Id=K256&Hash-Algorithm=SHA256";
        Sent::url(format!("{URL}&Policy={policy}&Signature={signature}&{id}"))
    };
    assert_eq!(url(json).prove(), proven(Dialect::CloudFrontUrl, "K256", false));
    let trimmed = json.trim();
    assert_eq!(url(trimmed).refusal(), CapabilityError::SignatureMismatch);
}

#[test]
fn time_begins_and_ends_at_a_second() {
    let time = UnixTime::from_secs;
    let starting = Statement { starts_at: Some(time(NOW)), ..statement(None) };
    for (signed, now, expected) in [
        (canned(), EXPIRES_AT - 1, None),
        (
            canned(),
            EXPIRES_AT,
            Some(CapabilityError::Expired {
                now: time(EXPIRES_AT),
                not_after: time(EXPIRES_AT - 1),
            }),
        ),
        (custom(&starting), NOW, None),
        (
            custom(&starting),
            NOW - 1,
            Some(CapabilityError::NotYetValid { now: time(NOW - 1), not_before: time(NOW) }),
        ),
    ] {
        for sent in [Sent::url(signed_url(&signed)), Sent::cookie(cookie(&signed))] {
            let found = Sent { now, ..sent }.prove().err();
            assert_eq!(found, expected.clone().map(CredentialError::Capability));
        }
    }
}

#[test]
fn an_address_must_be_known_and_fit() {
    let range = SourceIp::parse("192.0.2.0/24");
    let signed = signed_url(&custom(&Statement { source_ip: range, ..statement(None) }));
    let from = |address| Sent { address, ..Sent::url(signed.as_str()) };
    assert!(from(Some("192.0.2.77")).prove().is_ok());
    assert!(from(Some("::ffff:192.0.2.77")).prove().is_ok());
    for address in [None, Some("192.0.3.77"), Some("2001:db8::1")] {
        let found = address.map(|address: &str| address.parse().unwrap());
        assert_eq!(from(address).refusal(), CapabilityError::WrongAddress { found });
    }
}

#[test]
fn a_statement_opens_what_it_names() {
    for resource in [
        "https://media.example/users/bob/*",
        "http://media.example/*",
        "https://other.example/*",
        "https://media.example/users/alice/a%20b.jpg",
        "media.example/users/alice/a%20b.jpg",
        "https://media.example/*.jpg",
    ] {
        let signed = custom(&statement(Some(resource)));
        let refusal = Sent::url(signed_url(&signed)).refusal();
        assert_eq!(refusal, CapabilityError::WrongResource, "{resource}");
        let refusal = Sent::cookie(cookie(&signed)).refusal();
        assert_eq!(refusal, CapabilityError::WrongResource, "{resource}");
    }
}

#[test]
fn the_key_fixes_the_hash() {
    let url = signed_url(&canned());
    let sha256 = CapabilityError::WrongAlgorithm { expected: "SHA256" };
    let sha1 = CapabilityError::WrongAlgorithm { expected: "SHA1" };
    assert!(Sent::url(format!("{url}&Hash-Algorithm=SHA1")).prove().is_ok());
    assert_eq!(Sent::url(format!("{url}&Hash-Algorithm=SHA256")).refusal(), sha1);
    let other_key = url.replace("Key-Pair-Id=K1", "Key-Pair-Id=K256");
    assert_eq!(Sent::url(&other_key).refusal(), sha256);
    let both = format!("{other_key}&Hash-Algorithm=SHA256");
    assert_eq!(Sent::url(both).refusal(), CapabilityError::SignatureMismatch);
    let cookies = format!("{}; CloudFront-Hash-Algorithm=SHA256", cookie(&canned()));
    assert_eq!(Sent::cookie(cookies).refusal(), sha1);
}

#[test]
fn each_part_has_its_form() {
    let malformed = |error: CapabilityError| match error {
        CapabilityError::Malformed { part, .. } => part,
        CapabilityError::Duplicate(part) => part,
        other => unreachable!("{other:?}"),
    };
    let custom = custom(&statement(None));
    for (from, to, part) in [
        ("Expires=1767290400&", "", "Expires"),
        ("Expires=1767290400", "Expires=", "Expires"),
        ("Expires=1767290400", "Expires=01767290400", "Expires"),
        ("Expires=1767290400", "Expires=+1767290400", "Expires"),
        ("Expires=1767290400", "Expires=1767290400.0", "Expires"),
        ("Expires=1767290400", "Expires=99999999999999999999", "Expires"),
        ("Expires=1767290400", "Expires=253402300800", "Expires"),
        ("Expires=1767290400", "Expires=2025-01-01", "Expires"),
        ("Expires=1767290400", "Expires=1767290400&Expires=1767290400", "Expires"),
        ("Expires=1767290400", "expires=1767290400", "Expires"),
        ("Expires=1767290400", "%45xpires=1767290400", "Expires"),
        ("Expires=1767290400", "Expires=1767290400&Policy=e30_", "Expires"),
        ("Expires=1767290400", "Expires=1767290400&policy=e30_", "Policy"),
        ("Expires=1767290400", "Policy=e30", "Policy"),
        ("Expires=1767290400", "Policy=e30=", "Policy"),
        ("Expires=1767290400", "Policy=e30%5F", "Policy"),
        ("Expires=1767290400", "Policy=~w__", "Policy"),
        ("Signature=", "Signature=&Signatur=", "Signature"),
        ("Signature=", "Signature=*", "Signature"),
        ("Signature=", "Signature=A", "Signature"),
        ("Signature=", "Signatur=", "Signature"),
        ("Signature=", "signature=", "Signature"),
        ("Key-Pair-Id=K1", "Key-Pair-Id=", "Key-Pair-Id"),
        ("&Key-Pair-Id=K1", "", "Key-Pair-Id"),
        ("&Key-Pair-Id=K1", "&Key-Pair-Id=K1&Key-Pair-Id=K1", "Key-Pair-Id"),
        ("&Key-Pair-Id=K1", "&Key-Pair-Id=K1&Hash-Algorithm=SHA512", "Hash-Algorithm"),
        ("&Key-Pair-Id=K1", "&Key-Pair-Id=K1&Hash-Algorithm=sha1", "Hash-Algorithm"),
        ("&Key-Pair-Id=K1", "&Key-Pair-Id=K1&Hash-Algorithm=", "Hash-Algorithm"),
        ("&Key-Pair-Id=K1", "&Key-Pair-Id=K1&Hash-algorithm=SHA1", "Hash-Algorithm"),
    ] {
        let url = signed_url(&canned());
        assert!(url.contains(from), "{from}");
        assert_eq!(malformed(Sent::url(url.replacen(from, to, 1)).refusal()), part, "{to}");
    }
    for (added, part) in [
        ("; CloudFront-Key-Pair-Id=K256", "CloudFront-Key-Pair-Id"),
        ("; CloudFront-Expires=1767290400", "CloudFront-Expires"),
        ("; cloudfront-policy=e30_", "CloudFront-Policy"),
        ("; CloudFront-Hash-Algorithm=SHA256", "CloudFront-Hash-Algorithm"),
    ] {
        let cookies = format!("{}{added}", cookie(&custom));
        assert_eq!(malformed(Sent::cookie(cookies).refusal()), part, "{added}");
    }
    let long = format!("https://media.example/a?Policy={}&Signature=AA__", "AAAA".repeat(2049));
    assert_eq!(malformed(Sent::url(long).refusal()), "Policy");
    let long = signed_url(&canned()).replace("a%20b", &"a".repeat(8_193));
    assert_eq!(malformed(Sent::url(long).refusal()), "URL");
    let starred = signed_url(&canned()).replace("a%20b", &"*".repeat(1_024));
    assert_eq!(malformed(Sent::url(starred).refusal()), "URL");
    let host = signed_url(&canned()).replace("media.example", "media.example\",\"");
    assert_eq!(malformed(Sent::url(host).refusal()), "host");
}

#[test]
fn a_signature_is_refused_for_itself() {
    let signed = signed_url(&canned()).replace("Key-Pair-Id=K1", "Key-Pair-Id=K2");
    assert_eq!(Sent::url(signed).refusal(), CapabilityError::UnknownKey);
    let signed = signed_url(&canned()).replace("Signature=ME", "Signature=NE");
    assert_eq!(Sent::url(signed).refusal(), CapabilityError::SignatureMismatch);
}

/// A URL that carries a part of a signature counts as a signed one, as CloudFront has it.
#[test]
fn a_url_goes_before_cookies() {
    let sent = Sent { url: format!("{URL}&Key-Pair-Id=K1"), ..Sent::cookie(cookie(&canned())) };
    assert!(matches!(sent.refusal(), CapabilityError::Malformed { part: "Expires", .. }));
    let signed = signed_url(&canned());
    let sent = Sent { cookie: "CloudFront-Policy=nonsense".to_owned(), ..Sent::url(signed) };
    assert_eq!(sent.prove(), proven(Dialect::CloudFrontUrl, "K1", true));
}

/// Whatever a viewer sends, a pattern takes steps of the order of both lengths multiplied.
#[test]
fn a_hostile_pattern_comes_to_an_end() {
    let url = format!("https://media.example/{}", "a".repeat(8_000));
    for pattern in [format!("{}b", "*a".repeat(500)), format!("*{}b", "a".repeat(1_000))] {
        let resource = format!("https://media.example/{pattern}");
        let signed = custom(&statement(Some(&resource)));
        let sent = signed.url(Url::parse(&url).unwrap()).into_exposed();
        assert_eq!(Sent::url(sent).refusal(), CapabilityError::WrongResource);
    }
}

#[test]
fn what_would_come_back_otherwise_is_not_signed() {
    for (url, expected) in [
        ("media.example/a", SignError::NotAUrl),
        ("ftp://media.example/a", SignError::NotAUrl),
        ("https://media.example", SignError::NotAUrl),
        ("https://media.example?a=/", SignError::NotAUrl),
        ("https://user@media.example/a", SignError::NotAUrl),
        ("https://media.example/a?Policy=x", SignError::ReservedParameter("Policy")),
        ("https://media.example/a?b&%53ignature=x", SignError::ReservedParameter("Signature")),
        ("https://media.example/a?hash-algorithm", SignError::ReservedParameter("Hash-Algorithm")),
    ] {
        assert_eq!(Url::parse(url), Err(expected), "{url}");
    }
    for url in ["https:///a", "https://media.example/a b", "https://media.example/a#b"] {
        assert!(matches!(Url::parse(url), Err(SignError::Request(_))), "{url}");
    }
    let at = UnixTime::from_secs(EXPIRES_AT);
    let url = |text| Url::parse(text).unwrap();
    let wildcard = Policy::canned(url("https://media.example/a*"), at);
    assert_eq!(wildcard, Err(SignError::Wildcard));
    let policy = Policy::canned(url(URL), at).unwrap();
    let signed = |id, algorithm, signature| policy.signed(id, algorithm, signature).err();
    assert_eq!(signed("K 1", Algorithm::RsaSha1, &[1]), Some(SignError::KeyPairId));
    assert_eq!(signed("", Algorithm::RsaSha1, &[1]), Some(SignError::KeyPairId));
    assert_eq!(signed("K1", Algorithm::Ed25519, &[1; 64]), Some(SignError::Algorithm));
    assert_eq!(signed("K1", Algorithm::EcdsaSha1, &[1; 63]), Some(SignError::Signature));
}

#[test]
fn a_policy_document_says_which_keys_there_are() {
    let policy = |algorithm: &str| {
        let key = serde_json::json!({
            "dialect": "cloudfront",
            "algorithm": algorithm,
            "public_key": private_key().public_pem(),
            "principal": "every-owner",
        });
        let stores = serde_json::json!({ "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" },
        } });
        let routes =
            serde_json::json!({ "all": { "path": "/", "store": "main", "bucket": "media" } });
        let policy = serde_json::json!({
            "version": 1, "stores": stores, "routes": routes, "keys": { "K1": key },
        });
        cloakroom_core::policy::Policy::parse(&policy.to_string())
    };
    let keyring =
        policy("ECDSA-SHA256").unwrap().read_side().keyring(&|_| Some(String::new())).unwrap();
    let key = keyring.cloudfront("K1").unwrap();
    assert_eq!(key.public_key.algorithm(), Algorithm::EcdsaSha256);
    assert_eq!(key.principal, Principal::EveryOwner);
    for (algorithm, place) in [("ES256", "keys.K1.algorithm"), ("RSA-SHA256", "keys.K1.public_key")]
    {
        assert_eq!(policy(algorithm).unwrap_err().place(), place, "{algorithm}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every byte of a canned URL counts.
    #[test]
    fn one_changed_byte_is_refused(
        path in "[a-zA-Z0-9._~!$&'()+,;=:@/-]{0,40}",
        query in proptest::option::of("[a-z]{1,5}=[a-zA-Z0-9]{0,10}"),
        place in any::<prop::sample::Index>(),
        byte in "[a-zA-Z0-9/]",
    ) {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("https://media.example/{path}{query}");
        let Ok(url) = Url::parse(&url) else { return Ok(()) };
        let expires_at = UnixTime::from_secs(EXPIRES_AT);
        let policy = Policy::canned(url, expires_at).unwrap();
        let signed = sign(&policy, "K1").url(url).into_exposed();
        let sent = Sent::url(signed.as_str());
        prop_assert_eq!(sent.prove(), proven(Dialect::CloudFrontUrl, "K1", true));
        let first = "https://media.example/".len();
        let place = first + place.index(signed.len() - first);
        let mut changed = signed.clone();
        changed.replace_range(place..=place, &byte);
        prop_assume!(changed != signed);
        // Without its `?` a URL has no parameters, and then no credential either.
        let found = Sent::url(changed).prove().map(|proven| proven.dialect);
        prop_assert!(found.is_err() || found == Ok(Dialect::Anonymous));
    }

    #[test]
    fn nothing_panics(query in "[ -~]{0,60}", cookie in "[ -~]{0,60}") {
        let target = format!("/a?Policy={query}");
        let cookie = format!("CloudFront-Policy=e30_; {cookie}");
        let headers = [("host", "media.example"), ("cookie", cookie.as_str())];
        for target in [target.as_str(), "/a"] {
            if let Ok(request) = Request::parse("GET", target, headers) {
                let _ = Presented::parse(&request, &keyring());
            }
        }
    }
}
