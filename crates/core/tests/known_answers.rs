//! The examples of the Amazon S3 documentation, each stage asserted by itself.
//!
//! Key `AKIAIOSFODNN7EXAMPLE`, 2013-05-24T00:00:00Z, us-east-1, bucket `examplebucket`
//! (*Signature Calculations for the Authorization Header* and *Authenticating Requests: Using
//! Query Parameters*); the POST policy is that of *Example: Browser-Based Upload using HTTP
//! POST*.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloakroom_core::crypto::sha256;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::scope::Scope;
use cloakroom_core::sigv4::sign::{Payload, Prepared, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const WELCOME: &str = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";

struct Case {
    method: Method,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    sign: fn(&Signer<'static>, &Unsigned<'static>) -> Prepared<'static>,
    canonical_request_hash: &'static str,
    signature: &'static str,
}

fn check(case: &Case) {
    let credentials = Box::leak(Box::new(Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
    }));
    let endpoint = Endpoint::parse("https://examplebucket.s3.amazonaws.com").unwrap();
    let signer = Signer {
        credentials,
        region: "us-east-1",
        service: "s3",
        time: UnixTime::parse_amz_date("20130524T000000Z").unwrap(),
    };
    let request = Unsigned {
        method: case.method,
        endpoint: Box::leak(Box::new(endpoint)),
        path: case.path,
        query: case.query,
        headers: case.headers,
    };
    let prepared = (case.sign)(&signer, &request);
    let canonical = prepared.canonical_request();
    assert_eq!(hex::encode(sha256(canonical.as_str().as_bytes())), case.canonical_request_hash);
    assert_eq!(canonical.hash(), sha256(canonical.as_str().as_bytes()));
    assert_eq!(
        prepared.string_to_sign(),
        format!(
            "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n{}",
            case.canonical_request_hash
        )
    );
    assert_eq!(prepared.signature().expose(), case.signature);
}

#[test]
fn get_object_with_range() {
    check(&Case {
        method: Method::Get,
        path: "/test.txt",
        query: &[],
        headers: &[("range", "bytes=0-9")],
        sign: |signer, request| signer.prepare_headers(request, Payload::Sha256(EMPTY)),
        canonical_request_hash: "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
        signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    });
}

#[test]
fn put_object() {
    check(&Case {
        method: Method::Put,
        path: "/test$file.text",
        query: &[],
        headers: &[
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ],
        sign: |signer, request| signer.prepare_headers(request, Payload::Sha256(WELCOME)),
        canonical_request_hash: "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
        signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    });
}

#[test]
fn get_bucket_lifecycle() {
    check(&Case {
        method: Method::Get,
        path: "/",
        query: &[("lifecycle", "")],
        headers: &[],
        sign: |signer, request| signer.prepare_headers(request, Payload::Sha256(EMPTY)),
        canonical_request_hash: "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
        signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    });
}

#[test]
fn list_objects() {
    check(&Case {
        method: Method::Get,
        path: "/",
        query: &[("prefix", "J"), ("max-keys", "2")],
        headers: &[],
        sign: |signer, request| signer.prepare_headers(request, Payload::Sha256(EMPTY)),
        canonical_request_hash: "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
        signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    });
}

#[test]
fn presigned_get() {
    check(&Case {
        method: Method::Get,
        path: "/test.txt",
        query: &[],
        headers: &[],
        sign: |signer, request| {
            signer.prepare_query(request, ExpiresIn::from_secs(86_400).unwrap())
        },
        canonical_request_hash: "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04",
        signature: "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    });
}

#[test]
fn post_policy() {
    let policy = [
        r#"{ "expiration": "2015-12-30T12:00:00.000Z","#,
        r#"  "conditions": ["#,
        r#"    {"bucket": "sigv4examplebucket"},"#,
        r#"    ["starts-with", "$key", "user/user1/"],"#,
        r#"    {"acl": "public-read"},"#,
        r#"    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},"#,
        r#"    ["starts-with", "$Content-Type", "image/"],"#,
        r#"    {"x-amz-meta-uuid": "14365123651274"},"#,
        r#"    {"x-amz-server-side-encryption": "AES256"},"#,
        r#"    ["starts-with", "$x-amz-meta-tag", ""],"#,
        r#""#,
        r#"    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},"#,
        r#"    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},"#,
        r#"    {"x-amz-date": "20151229T000000Z" }"#,
        r#"  ]"#,
        r#"}"#,
    ]
    .join("\r\n");
    let time = UnixTime::parse_amz_date("20151229T000000Z").unwrap();
    let secret = SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let key = secret.signing_key(&Scope::new(time, "us-east-1", "s3"));
    assert_eq!(
        key.sign(BASE64_STANDARD.encode(policy)).expose(),
        "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
    );
}
