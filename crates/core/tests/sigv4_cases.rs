//! Requests to services other than S3, as botocore 1.44.5 signs them.
//!
//! `tests/peers/test_sigv4_general.py` compares a thousand random ones; these have names.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::settings::{SessionToken, Settings};
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;

struct Case {
    method: Method,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    payload: Payload<'static>,
    session_token: Option<&'static str>,
    /// Its lines, when it is signed in its headers.
    canonical_request: &'static [&'static str],
    /// The signature in the headers.
    signature: &'static str,
    /// The signature of a URL for 3600 s, where botocore makes the same URL.
    presigned: Option<&'static str>,
}

const PLAIN: Case = Case {
    method: Method::Get,
    path: "/",
    query: &[],
    headers: &[],
    payload: Payload::EMPTY,
    session_token: None,
    canonical_request: &[],
    signature: "",
    presigned: None,
};

impl Case {
    fn with<T>(&self, run: impl FnOnce(&Signer<'_>, &Unsigned<'_>) -> T) -> T {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: self.session_token.map(Secret::new),
        };
        let endpoint = Endpoint::parse("https://example.amazonaws.com").unwrap();
        let signer = Signer {
            credentials: &credentials,
            region: "eu-central-1",
            service: "service",
            time: UnixTime::parse_amz_date("20260301T120030Z").unwrap(),
        };
        let Self { method, path, query, headers, .. } = *self;
        run(&signer, &Unsigned { method, endpoint: &endpoint, path, query, headers })
    }
}

fn hour() -> ExpiresIn {
    ExpiresIn::from_secs(3600).unwrap()
}

fn check(case: &Case) {
    case.with(|signer, request| {
        let prepared = signer.prepare_headers(request, case.payload);
        let text = prepared.canonical_request().as_str();
        assert_eq!(text.split('\n').collect::<Vec<_>>(), case.canonical_request);
        assert_eq!(prepared.signature().expose(), case.signature);
        if let Some(signature) = case.presigned {
            assert_eq!(signer.prepare_query(request, hour()).signature().expose(), signature);
        }
    });
}

#[test]
fn an_empty_path() {
    check(&Case {
        canonical_request: &[
            "GET",
            "/",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "1f893a9276259c150a3eee2c0db01194bc66fb936d0f639b5a1728f5a6445b53",
        presigned: Some("07361a43ad58ff12a8373300d287a1174d451242efa5f1a38036bc35299d7bc2"),
        ..PLAIN
    });
}

#[test]
fn dots_and_slashes() {
    check(&Case {
        path: "/a/./b//../c//",
        canonical_request: &[
            "GET",
            "/a/c/",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "36c73763e556a959719352597892e3acd2f87d12ebcc5ad2d4a9419797280b37",
        presigned: Some("353af3d4bb2a89cdb8b7788c4c6a1c361dd869d6d2b97a7ed4cbca8a9571b50c"),
        ..PLAIN
    });
}

#[test]
fn dots_beyond_the_root() {
    check(&Case {
        path: "/../../a/..",
        canonical_request: &[
            "GET",
            "/",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "1f893a9276259c150a3eee2c0db01194bc66fb936d0f639b5a1728f5a6445b53",
        presigned: Some("07361a43ad58ff12a8373300d287a1174d451242efa5f1a38036bc35299d7bc2"),
        ..PLAIN
    });
}

#[test]
fn dots_that_are_names() {
    check(&Case {
        path: "/.../..a/.b./",
        canonical_request: &[
            "GET",
            "/.../..a/.b./",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "2c1b729824ecb2c49c842def25f98e9b6836fdd943bd5625fbc9729481ed9b8d",
        presigned: Some("969db1353e82c21de53d3445a91b1bb6e51a663489396fbce50e3e8da64c60e4"),
        ..PLAIN
    });
}

#[test]
fn a_space_and_a_percent_sign() {
    check(&Case {
        path: "/b c/100%",
        canonical_request: &[
            "GET",
            "/b%2520c/100%2525",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "e54b181b895a63a0f857f26bc56a53bb091e2e90c31e49971fabf70486d820c0",
        presigned: Some("21222af0fe5b7383a788103eb35ffe1252e2ff7f48f88090b9485e4f2ebf0abb"),
        ..PLAIN
    });
}

#[test]
fn text_that_is_not_ascii() {
    check(&Case {
        path: "/é/日本",
        canonical_request: &[
            "GET",
            "/%25C3%25A9/%25E6%2597%25A5%25E6%259C%25AC",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "2cafd0bcbba34c3a19f744372809dfd771f63b80003193368b112134a457420a",
        presigned: Some("41bbb1e0e60d565ad3e1488d0052c63f629e52cc2cc9fefdcd3b077a08333eca"),
        ..PLAIN
    });
}

#[test]
fn reserved_characters() {
    check(&Case {
        path: "/a=b;c&d+e@f:g$h,i!j*k'(l)",
        canonical_request: &[
            "GET",
            "/a%253Db%253Bc%2526d%252Be%2540f%253Ag%2524h%252Ci%2521j%252Ak%2527%2528l%2529",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "e41a8e22c2b68e70aabb696869925f854d6ec1050a9fbf0c35161ade1cded194",
        presigned: Some("c6a88b2bf1c5f3923441bd67b1f025d2935ae93a7bdbccb2936fa930e7c80ef7"),
        ..PLAIN
    });
}

#[test]
fn parameters_of_one_name() {
    check(&Case {
        query: &[("a", "2"), ("a", "1"), ("A", "3"), ("a", "")],
        canonical_request: &[
            "GET",
            "/",
            "A=3&a=&a=1&a=2",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "7d0d3afc9b1032b46b37ec58eb44efab84eac55d0ea4650e6e7e94fc4ff08659",
        ..PLAIN
    });
}

#[test]
fn names_that_sort_by_their_escapes() {
    check(&Case {
        query: &[("é", "1"), ("a b", "2"), ("a-b", "3"), ("a", "4")],
        canonical_request: &[
            "GET",
            "/",
            "%C3%A9=1&a=4&a%20b=2&a-b=3",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "b65fb3379a4ab76a08da96438cbbe75f6cc08b86e00285d90db1b5dc9eb3aa06",
        presigned: Some("fb196587c86c1c114237aa1dcc3c1893148a5bca8d5256bcf8d776796cec9511"),
        ..PLAIN
    });
}

#[test]
fn values_of_one_header_in_the_order_sent() {
    check(&Case {
        headers: &[("my-header1", "value4"), ("My-Header1", "value1")],
        canonical_request: &[
            "GET",
            "/",
            "",
            "host:example.amazonaws.com",
            "my-header1:value4,value1",
            "x-amz-date:20260301T120030Z",
            "",
            "host;my-header1;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "b65ad7a2d0e11de301c3a1b4bf39988cc5068b6e106370f0edfdfd7ff9065c54",
        presigned: Some("945f49938b08991aea443c4d133d25caffd2cd043bc5ea3f5d43631a4d361fab"),
        ..PLAIN
    });
}

#[test]
fn runs_of_spaces_and_lines() {
    check(&Case {
        headers: &[("my-header1", "  a   b  "), ("my-header2", "one\n  two\n   three")],
        canonical_request: &[
            "GET",
            "/",
            "",
            "host:example.amazonaws.com",
            "my-header1:a b",
            "my-header2:one two three",
            "x-amz-date:20260301T120030Z",
            "",
            "host;my-header1;my-header2;x-amz-date",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "c99c708f7ffb929c93b501ad23c9ff82477a0f9330b7e9abb32a64a0bf8fa708",
        presigned: Some("8485268caf0861951fd90083e00e9d91dbf89f394fe09fc9136f126cbfa0a2c4"),
        ..PLAIN
    });
}

#[test]
fn a_body() {
    check(&Case {
        method: Method::Post,
        headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        payload: Payload::Sha256(
            "b6359072c78d70ebee1e81adcbab4f01bf2c23245fa365ef83fe8f1f955085e2",
        ),
        canonical_request: &[
            "POST",
            "/",
            "",
            "content-type:application/x-www-form-urlencoded; charset=utf-8",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "",
            "content-type;host;x-amz-date",
            "b6359072c78d70ebee1e81adcbab4f01bf2c23245fa365ef83fe8f1f955085e2",
        ],
        signature: "3f1a2490940e019909027bc7ba43b4ee8f05eea338bb5df8a4a6149fa593415a",
        ..PLAIN
    });
}

#[test]
fn a_body_that_is_not_signed() {
    check(&Case {
        method: Method::Put,
        payload: Payload::Unsigned,
        canonical_request: &[
            "PUT",
            "/",
            "",
            "host:example.amazonaws.com",
            "x-amz-content-sha256:UNSIGNED-PAYLOAD",
            "x-amz-date:20260301T120030Z",
            "",
            "host;x-amz-content-sha256;x-amz-date",
            "UNSIGNED-PAYLOAD",
        ],
        signature: "54febaec770ff40f220bbcaf86d05d7348bdd0f03bb6fe5958144457ec2e52c5",
        ..PLAIN
    });
}

#[test]
fn a_session_token() {
    check(&Case {
        session_token: Some("a/token+="),
        canonical_request: &[
            "GET",
            "/",
            "",
            "host:example.amazonaws.com",
            "x-amz-date:20260301T120030Z",
            "x-amz-security-token:a/token+=",
            "",
            "host;x-amz-date;x-amz-security-token",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
        signature: "921b30171cef29c1c5ffee988f877506bb934501a84281126070350e5e77e298",
        presigned: Some("bb3b8d60da50870aa947daac4a15e6488b4f4bafd30993d7ce991e6bfc704849"),
        ..PLAIN
    });
}

#[test]
fn the_url_is_sent_as_it_is_and_only_what_is_signed_is_normalized() {
    let case = Case { path: "/a/./b c//../", query: &[("q", "a b")], ..PLAIN };
    let signed = case.with(|signer, request| signer.sign_headers(request, Payload::EMPTY));
    assert_eq!(signed.url, "https://example.amazonaws.com/a/./b%20c//../?q=a%20b");
}

#[test]
fn a_token_that_is_appended_is_sent_and_not_signed() {
    let settings = Settings { session_token: SessionToken::Appended, ..Settings::GENERAL };
    let with_token = Case { session_token: Some("a/token+="), ..PLAIN };
    let signature = |case: &Case| {
        case.with(|signer, request| {
            let headers = signer.prepare_headers_with(request, Payload::EMPTY, settings);
            let query = signer.prepare_query_with(request, hour(), Payload::EMPTY, settings);
            [headers.signature(), query.signature()].map(|signature| signature.expose().to_owned())
        })
    };
    assert_eq!(signature(&with_token), signature(&PLAIN));
    with_token.with(|signer, request| {
        let query = signer.prepare_query_with(request, hour(), Payload::EMPTY, settings);
        assert!(query.presigned_url().expose().contains("&X-Amz-Security-Token=a%2Ftoken%2B%3D&"));
        let headers = signer.prepare_headers_with(request, Payload::EMPTY, settings);
        let sent = headers.signed_headers().headers;
        let token = sent.iter().find(|(name, _)| *name == "x-amz-security-token");
        assert_eq!(token.map(|(_, token)| token.expose()), Some("a/token+="));
    });
}

#[test]
fn services_name_the_payload_where_they_have_to() {
    let names = |service, payload| {
        PLAIN.with(|signer, request| {
            let signer = Signer { service, ..*signer };
            let signed = signer.sign_headers(request, payload);
            let settings = Settings::of_service(service);
            let url = signer.prepare_query_with(request, hour(), payload, settings).presigned_url();
            let in_headers = signed.headers.iter().any(|(name, _)| *name == "x-amz-content-sha256");
            (in_headers, url.expose().contains("X-Amz-Content-Sha256="))
        })
    };
    assert_eq!(names("s3", Payload::EMPTY), (true, true));
    assert_eq!(names("s3", Payload::Unsigned), (true, false));
    assert_eq!(names("sts", Payload::EMPTY), (false, false));
    assert_eq!(names("sts", Payload::Unsigned), (true, true));
}
