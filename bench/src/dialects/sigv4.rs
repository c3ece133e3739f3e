//! Signature Version 4, in the query and in the header.

use std::hint::black_box;
use std::str::FromStr as _;

use aws_sigv4::http_request::{PayloadChecksumKind, SigningSettings};
use chrono::DateTime;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::sign::{Payload, SignedHeaders, Signer, Unsigned};
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;
use scratchstack_aws_signature::{
    GetSigningKeyRequest, GetSigningKeyResponse, KSecretKey, NO_ADDITIONAL_SIGNED_HEADERS,
    SignatureOptions, service_for_signing_key_fn, sigv4_validate_request,
};

use super::add_proof;
use crate::presign::{aws_sigv4_signer, credentials, keyring, ready};
use crate::prove::Sent;
use crate::{Case, Contest};

pub fn add(contest: &mut Contest<'_>, case: &Case) {
    let maker = Maker::new(case);
    let url = maker.with(|signer, request| signer.presign(request, expires_in(case)));
    let keyring = keyring(&maker.credentials);
    let life = expires_in(case);
    contest.add("SigV4 query: sign", "cloakroom", move || {
        maker.with(|signer, request| signer.presign(request, life))
    });
    add_proof(contest, "SigV4 query", &Sent::get(url.expose()), keyring.clone(), case.now());

    let maker = Maker::new(case);
    let sign =
        move || maker.with(|signer, request| signer.sign_headers(request, Payload::Unsigned));
    let SignedHeaders { url, headers } = sign();
    let made = headers.iter().find(|(name, _)| *name == "authorization");
    let (_, authorization) = made.expect("there is a header");
    contest.add("SigV4 header: sign", "cloakroom", sign).made(authorization.expose());
    aws_sigv4(contest, case);
    let add = |sent: Sent, (name, value): &(&'static str, _)| with(sent, name, value);
    let sent = headers.iter().fold(Sent::get(&url), add);
    add_proof(contest, "SigV4 header", &sent, keyring, case.now());
    scratchstack(contest, case);
}

fn with(sent: Sent, name: &'static str, value: &cloakroom_core::secret::Secret) -> Sent {
    sent.with(name, value.expose())
}

struct Maker {
    credentials: Credentials,
    endpoint: Endpoint,
    region: String,
    path: String,
    time: UnixTime,
}

impl Maker {
    fn new(case: &Case) -> Self {
        Self {
            credentials: credentials(case),
            endpoint: Endpoint::parse(&case.endpoint).expect("the endpoint can be read"),
            region: case.region.clone(),
            path: format!("/{}/{}", case.bucket, case.key),
            time: case.now(),
        }
    }

    fn with<T>(&self, sign: impl Fn(&Signer<'_>, &Unsigned<'_>) -> T) -> T {
        let Self { credentials, endpoint, region, path, time } = self;
        let signer = Signer { credentials, region, service: "s3", time: *time };
        let method = Method::Get;
        sign(&signer, black_box(&Unsigned { method, endpoint, path, query: &[], headers: &[] }))
    }
}

fn expires_in(case: &Case) -> ExpiresIn {
    ExpiresIn::from_secs(case.expires_in).expect("the time to live is in range")
}

fn aws_sigv4(contest: &mut Contest<'_>, case: &Case) {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let work = aws_sigv4_signer(case, settings);
    let made = work();
    let (_, authorization) =
        made.headers().find(|(name, _)| *name == "authorization").expect("there is a header");
    contest.add("SigV4 header: sign", "aws-sigv4", work).made(authorization);
}

/// It hashes the body itself, which is empty here, and takes nothing for `UNSIGNED-PAYLOAD`; so no
/// URL of S3 holds with it. Like Cloakroom it is given a request that was read and keeps the key
/// of the day.
fn scratchstack(contest: &mut Contest<'_>, case: &Case) {
    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let maker = Maker::new(case);
    let SignedHeaders { url, headers } =
        maker.with(|signer, request| signer.sign_headers(request, Payload::Sha256(NOTHING)));
    let host = case.endpoint.trim_start_matches("https://");
    let mut request = http::Request::get(url).header("host", host);
    for (name, value) in &headers {
        request = request.header(*name, value.expose());
    }
    let request = request.body(()).expect("the request is one");
    let seconds = i64::try_from(case.time).expect("the time is in range");
    let now = DateTime::from_timestamp(seconds, 0).expect("the time is in range");
    let key = KSecretKey::from_str(&case.secret_access_key).expect("the secret has 40 bytes");
    let key = key.to_ksigning(now.date_naive(), &case.region, "s3");
    let key = GetSigningKeyResponse::builder().signing_key(key).build().expect("a key is all");
    // Not written into the call, which would make it a closure to be called once.
    let find = move |_: GetSigningKeyRequest| std::future::ready(Ok(key.clone()));
    let mut keys = service_for_signing_key_fn(find);
    let region = case.region.clone();
    contest.add("SigV4 header: verify", "scratchstack-aws-signature", move || {
        let request = black_box(&request).clone();
        let (none, options) = (&NO_ADDITIONAL_SIGNED_HEADERS, SignatureOptions::S3);
        ready(sigv4_validate_request(request, &region, "s3", &mut keys, now, none, options))
            .expect("the signature holds")
    });
}
