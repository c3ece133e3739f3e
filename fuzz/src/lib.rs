//! What the fuzz targets share: a policy with keys of every dialect, and how a request is
//! read from bytes.

use std::sync::LazyLock;

use cloakroom_core::crypto::Hash;
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::gate::{Gate, Outcome, Step};
use cloakroom_core::health::Health;
use cloakroom_core::jwt;
use cloakroom_core::key::Keyring;
use cloakroom_core::listing::{ListAnswer, ListResponse, Listing, Next};
use cloakroom_core::policy::Policy;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::Request;
use cloakroom_core::retrieval::Retrieval;
use cloakroom_core::secret::Secret;
use cloakroom_core::store::StoreAnswer;
use cloakroom_core::time::UnixTime;
use serde_json::Value;

/// The policy that targets decide by.
pub const POLICY: &str = include_str!("policy.json");

/// When every request comes: 2026-11-23T12:00:00Z.
pub const NOW: UnixTime = UnixTime::from_secs(1_795_435_200);

/// Every secret is known: the targets sign, too.
pub fn secret(name: &str) -> Option<String> {
    Some(match name {
        // Akamai hands keys out in hexadecimal.
        "EDGEAUTH_SECRET" => "52a152a152a152a152a152a152a1".to_owned(),
        _ => format!("{name} of more than thirty-two bytes"),
    })
}

/// The policy's gate.
pub fn gate() -> &'static Gate {
    static GATE: LazyLock<Gate> = LazyLock::new(|| {
        Gate::new(Policy::parse(POLICY).expect("a sound policy").read_side(), &secret)
            .expect("its secrets")
    });
    &GATE
}

/// The policy's keys.
pub fn keyring() -> &'static Keyring {
    static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
        let policy = Policy::parse(POLICY).expect("a sound policy");
        policy.read_side().keyring(&secret).expect("its secrets")
    });
    &KEYRING
}

/// The header that makes a request one of the user `user`.
pub fn bearer(user: &str) -> String {
    let secret = Secret::new(secret("JWT_SECRET").expect("every secret"));
    let claims = serde_json::json!({ "sub": user, "exp": NOW.as_secs() + 60 });
    format!("Bearer {}", jwt::sign("users", &secret, &claims).expose())
}

/// The HMAC of `text` in hexadecimal.
pub fn hmac(hash: Hash, key: &[u8], text: &str) -> String {
    hex::encode(hash.hmac(key, &[text.as_bytes()]))
}

/// Reads a request as HTTP/1 writes it: `GET /path`, then lines of `name: value`.
pub fn read_request(text: &str) -> Option<Request<'_>> {
    let mut lines = text.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    Request::parse(method, target, headers).ok()
}

/// Decides, with every public key's signature held for right.
pub fn decide(gate: &Gate, request: &Request<'_>) -> Outcome<Retrieval> {
    match gate.decide(request, NOW) {
        Step::Decided(decision) => decision.outcome,
        Step::Check(checking) => {
            let refused = checking.clone().answer::<Retrieval>(false).outcome;
            assert!(matches!(refused, Outcome::Reject { .. }), "a wrong signature opens");
            checking.answer(true).outcome
        }
    }
}

/// Whether the object may be had.
pub fn opens(gate: &Gate, request: &Request<'_>) -> bool {
    matches!(decide(gate, request), Outcome::Allow(_))
}

/// A JSON number as seconds; nothing for what is no number.
pub fn seconds(value: Option<&Value>) -> Option<f64> {
    value?.as_f64()
}

/// What a store says that has these keys.
pub fn store_document(keys: &str) -> String {
    let mut xml = "<ListBucketResult><EncodingType>url</EncodingType>\
                   <IsTruncated>false</IsTruncated>"
        .to_owned();
    for key in keys.lines() {
        let key = encode(key, Slash::Keep);
        xml += &format!(
            "<Contents><Key>{key}</Key><Size>1</Size>\
             <LastModified>2026-11-26T06:00:00.000Z</LastModified></Contents>"
        );
    }
    xml + "</ListBucketResult>"
}

/// What a listing comes to where the store answers every question with `body`, and is asked
/// `max_questions` times at most.
pub fn page_of(
    listing: Listing,
    body: &str,
    max_questions: usize,
) -> Result<ListResponse, Rejection> {
    let (mut health, mut asked) = (Health::default(), 0);
    let mut next = listing.begin(&mut health, NOW);
    loop {
        match next {
            Next::Ask { listing, .. } => {
                asked += 1;
                assert!(asked <= max_questions, "the store is asked without end");
                let request = listing.request(NOW).expect("a question");
                let url = request.url().expose();
                assert!(url.starts_with("https://s3.example/bucket?"), "{url}");
                let head = StoreAnswer { status: 200, headers: &[] };
                let answer = ListAnswer { head, body: body.as_bytes() };
                next = listing.settle(Ok(answer), &mut health, NOW);
            }
            Next::Respond(response) => return Ok(response),
            Next::Reject(rejection) => return Err(rejection),
        }
    }
}
