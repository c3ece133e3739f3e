//! CloudFront's signed URLs and cookies.

use std::hint::black_box;

use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::cloudfront::resource::Resource;
use cloakroom_core::cloudfront::sign::{Policy, Url};
use cloakroom_core::cloudfront::statement::Statement;
use cloakroom_core::key::{CloudFrontKey, Keyring, Principal};
use cloakroom_core::public_key::{Algorithm, PublicKey};
use cloudfront_sign::{SignedOptions, get_signed_url};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, LineEnding};

use super::add_proof;
use crate::case::private_key;
use crate::prove::Sent;
use crate::{Case, Contest};

pub fn add(contest: &mut Contest<'_>, case: &Case) {
    for (name, file, algorithm) in [
        ("RSA-SHA1", "rsa", Algorithm::RsaSha1),
        ("RSA-SHA256", "rsa", Algorithm::RsaSha256),
        ("ECDSA-SHA256", "p256", Algorithm::EcdsaSha256),
    ] {
        url(contest, case, name, file, algorithm);
        cookie(contest, case, name, file, algorithm);
    }
}

fn url(contest: &mut Contest<'_>, case: &Case, name: &str, file: &str, algorithm: Algorithm) {
    let key = read_key(file);
    let keyring = keyring(case, &key, algorithm);
    let (media_url, id, end) = (case.media_url.clone(), case.key_id.clone(), case.end());
    let sign = move || {
        let url = Url::parse(black_box(media_url.as_str())).expect("the URL can be signed");
        let policy = Policy::canned(url, end).expect("the URL holds no `*`");
        let signature = key.sign(algorithm, policy.message()).expect("the key signs");
        policy.signed(&id, algorithm, &signature).expect("the parts fit").url(url)
    };
    let signed = sign();
    let dialect = format!("CloudFront URL, {name}");
    let facts = contest.add(format!("{dialect}: sign"), "cloakroom", sign);
    if file == "rsa" {
        facts.made(signed.expose());
    }
    if algorithm == Algorithm::RsaSha1 {
        peer(contest, case, &dialect);
    }
    add_proof(contest, &dialect, &Sent::get(signed.expose()), keyring, case.now());
}

fn cookie(contest: &mut Contest<'_>, case: &Case, name: &str, file: &str, algorithm: Algorithm) {
    let key = read_key(file);
    let keyring = keyring(case, &key, algorithm);
    let (pattern, id, expires_at) =
        ("https://media.example/media/*", case.key_id.clone(), case.end());
    let sign = move || {
        let resource = Resource::parse(black_box(pattern));
        let statement = Statement { resource, expires_at, starts_at: None, source_ip: None };
        let policy = Policy::custom(&statement);
        let signature = key.sign(algorithm, policy.message()).expect("the key signs");
        let signed = policy.signed(&id, algorithm, &signature).expect("the parts fit");
        signed.cookies().collect::<Vec<_>>()
    };
    let cookies: Vec<_> =
        sign().iter().map(|(name, value)| format!("{name}={}", value.expose())).collect();
    let dialect = format!("CloudFront cookies, {name}");
    contest.add(format!("{dialect}: sign"), "cloakroom", sign);
    let sent = Sent::get(&case.media_url).with("cookie", cookies.join("; "));
    add_proof(contest, &dialect, &sent, keyring, case.now());
}

/// It knows RSA with SHA-1 alone, and reads the key each time.
fn peer(contest: &mut Contest<'_>, case: &Case, dialect: &str) {
    let key = rsa::PrivateKey::from_pkcs8_pem(&private_key("rsa")).expect("the key can be read");
    let key = key.to_pkcs1_pem(LineEnding::LF).expect("the key can be written");
    let options = SignedOptions {
        key_pair_id: case.key_id.clone().into(),
        private_key: key.to_string().into(),
        date_less_than: case.expires_at,
        ..SignedOptions::default()
    };
    let url = case.media_url.clone();
    let sign = move || get_signed_url(black_box(&url), &options).expect("the URL can be signed");
    let signed = sign();
    contest.add(format!("{dialect}: sign"), "cloudfront_sign", sign).made(signed);
}

fn read_key(file: &str) -> PrivateKey {
    PrivateKey::from_pem(&private_key(file)).expect("the key can be read")
}

fn keyring(case: &Case, key: &PrivateKey, algorithm: Algorithm) -> Keyring {
    let mut keyring = Keyring::default();
    keyring.add_cloudfront(CloudFrontKey {
        id: case.key_id.clone(),
        public_key: PublicKey::from_pem(algorithm, key.public_pem()).expect("the key has a half"),
        principal: Principal::EveryOwner,
    });
    keyring
}
