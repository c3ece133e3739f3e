//! A presigned GET, and its proof: Cloakroom, the crates that others publish, and the hashes that
//! no signer can do without.

mod floor;
mod peers;

use std::hint::black_box;

use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::key::{Keyring, Principal, Sigv4Key};
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::sign::{Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};

pub use self::peers::{aws_sigv4_signer, ready};
use crate::prove::{Sent, prove};
use crate::{Case, Contest};

pub fn run(case: &Case) {
    let (credentials, time) = (credentials(case), case.now());
    let signer = Signer { credentials: &credentials, region: &case.region, service: "s3", time };
    let endpoint = Endpoint::parse(&case.endpoint).expect("the endpoint can be read");
    let path = format!("/{}/{}", case.bucket, case.key);
    let (method, query, headers) = (Method::Get, &[], &[]);
    let request = Unsigned { method, endpoint: &endpoint, path: &path, query, headers };
    let life = ExpiresIn::from_secs(case.expires_in).expect("the time to live is in range");
    let url = signer.presign(&request, life);
    let (sent, keyring) = (Sent::get(url.expose()), keyring(&credentials));
    let read = sent.read();
    assert!(prove(&read, &keyring, time).is_ok(), "what was signed is proven");

    let mut contest = Contest::new("presign");
    contest
        .add("sign", "cloakroom", || signer.presign(black_box(&request), life))
        .made(url.expose());
    // The key of a day and region is derived once and kept with its secret.
    contest.add("sign, the first of a day", "cloakroom", || {
        let credentials = self::credentials(case);
        Signer { credentials: &credentials, ..signer }.presign(black_box(&request), life)
    });
    floor::add(&mut contest, &signer.prepare_query(&request, life));
    peers::add(&mut contest, case);
    contest.add("verify", "cloakroom", || prove(black_box(&read), &keyring, time).is_ok());
    contest.add("read and verify", "cloakroom", || {
        prove(&black_box(&sent).read(), &keyring, time).is_ok()
    });
    contest.run();
}

pub fn credentials(case: &Case) -> Credentials {
    Credentials {
        access_key_id: case.access_key_id.clone(),
        secret_access_key: SecretAccessKey::new(case.secret_access_key.as_str()),
        session_token: None,
    }
}

pub fn keyring(credentials: &Credentials) -> Keyring {
    let mut keyring = Keyring::default();
    keyring.add_sigv4(Sigv4Key {
        id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret_access_key.clone(),
        session_token: None,
        regions: Vec::new(),
        principal: Principal::EveryOwner,
    });
    keyring
}
