//! JSON Web Tokens.

use std::hint::black_box;

use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::jwt::{JwtAlgorithm, UnsignedJwt, sign};
use cloakroom_core::key::{JwtKey, JwtPrincipal, JwtProof, Keyring};
use cloakroom_core::public_key::PublicKey;
use cloakroom_core::secret::Secret;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::add_proof;
use crate::case::private_key;
use crate::prove::Sent;
use crate::{Case, Contest};

const KID: &str = "users";

/// The claims as somebody would write them who knows what they are.
#[derive(Clone, Serialize, Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: String,
    exp: u64,
}

pub fn add(contest: &mut Contest<'_>, case: &Case) {
    hs256(contest, case);
    for (algorithm, file) in [
        (JwtAlgorithm::Rs256, "rsa"),
        (JwtAlgorithm::Es256, "p256"),
        (JwtAlgorithm::EdDsa, "ed25519"),
    ] {
        with_public_key(contest, case, algorithm, file);
    }
}

fn hs256(contest: &mut Contest<'_>, case: &Case) {
    let (secret, claims) = (Secret::new(case.secret.as_str()), case.claims.clone());
    let proof = JwtProof::Hs256(secret.clone());
    let work = move || sign(KID, &secret, black_box(&claims));
    let token = work();
    contest.add("JWT HS256: sign", "cloakroom", work);
    let bytes = case.secret.as_bytes();
    let (ours, theirs) = (EncodingKey::from_secret(bytes), DecodingKey::from_secret(bytes));
    peer(contest, case, Algorithm::HS256, ours, theirs, token.expose());
    prove(contest, case, "JWT HS256", proof, token.expose());
}

fn with_public_key(contest: &mut Contest<'_>, case: &Case, algorithm: JwtAlgorithm, file: &str) {
    let private_pem = private_key(file);
    let key = PrivateKey::from_pem(&private_pem).expect("the key can be read");
    let public_pem = key.public_pem().to_owned();
    let by = algorithm.public_key().expect("the algorithm has public keys");
    let public = PublicKey::from_pem(by, &public_pem).expect("the key has a public half");
    let claims = case.claims.clone();
    let work = move || {
        let unsigned = UnsignedJwt::new(algorithm, KID, black_box(&claims));
        let message = unsigned.signing_input().as_bytes();
        let signature = key.sign(by, message).expect("the key signs");
        unsigned.with_signature(&signature)
    };
    let token = work();
    let dialect = format!("JWT {algorithm}");
    contest.add(format!("{dialect}: sign"), "cloakroom", work);
    let (private_pem, public_pem) = (private_pem.as_bytes(), public_pem.as_bytes());
    let (theirs, ours, peer_algorithm) = match algorithm {
        JwtAlgorithm::Rs256 => (
            EncodingKey::from_rsa_pem(private_pem),
            DecodingKey::from_rsa_pem(public_pem),
            Algorithm::RS256,
        ),
        JwtAlgorithm::Es256 => (
            EncodingKey::from_ec_pem(private_pem),
            DecodingKey::from_ec_pem(public_pem),
            Algorithm::ES256,
        ),
        _ => (
            EncodingKey::from_ed_pem(private_pem),
            DecodingKey::from_ed_pem(public_pem),
            Algorithm::EdDSA,
        ),
    };
    let (encoding, decoding) = (theirs.expect("a key"), ours.expect("a key"));
    peer(contest, case, peer_algorithm, encoding, decoding, token.expose());
    prove(contest, case, &dialect, JwtProof::PublicKey(public), token.expose());
}

fn prove(contest: &mut Contest<'_>, case: &Case, dialect: &str, proof: JwtProof, token: &str) {
    let text = |name: &str| case.claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut keyring = Keyring::default();
    keyring.add_jwt(JwtKey {
        id: KID.to_owned(),
        proof,
        issuer: text("iss"),
        audience: text("aud"),
        cookie: None,
        principal: JwtPrincipal::Claim("sub".to_owned()),
    });
    let sent = Sent::get(&case.media_url).with("authorization", format!("Bearer {token}"));
    add_proof(contest, dialect, &sent, keyring, case.now());
}

fn peer(
    contest: &mut Contest<'_>,
    case: &Case,
    algorithm: Algorithm,
    encoding: EncodingKey,
    decoding: DecodingKey,
    token: &str,
) {
    let dialect = format!("JWT {algorithm:?}");
    let claims: Claims = serde_json::from_value(case.claims.clone()).expect("the claims are known");
    let mut header = Header::new(algorithm);
    header.kid = Some(KID.to_owned());
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&claims.iss]);
    validation.set_audience(&[&claims.aud]);
    contest.add(format!("{dialect}: sign"), "jsonwebtoken", move || {
        encode(&header, black_box(&claims), &encoding).expect("the token is signed")
    });
    let token = token.to_owned();
    contest.add(format!("{dialect}: verify"), "jsonwebtoken", move || {
        decode::<Claims>(black_box(&token), &decoding, &validation).expect("the token holds")
    });
}
