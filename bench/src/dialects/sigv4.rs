//! Signature Version 4, in the query and in the header.

use std::hint::black_box;

use aws_sigv4::http_request::{PayloadChecksumKind, SigningSettings};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::sign::{Payload, SignedHeaders, Signer, Unsigned};
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;

use super::add_proof;
use crate::presign::{aws_sigv4_signer, credentials, keyring};
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
