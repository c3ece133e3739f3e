//! What a decision costs when a policy has more of something: a request is read, its credential
//! proven, its object found, its ACL applied and the request to the store signed.
//!
//! One thing grows at a time. The request is for the last of them. Signatures of public keys are
//! taken for right: to check one takes as long under any policy.

use std::hint::black_box;

use cloakroom_core::crypto::Hash;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::gate::{Gate, Outcome, Service, Step};
use cloakroom_core::health::Health;
use cloakroom_core::jwt;
use cloakroom_core::policy::Policy;
use cloakroom_core::public_key::Algorithm;
use cloakroom_core::request::Method;
use cloakroom_core::retrieval::{Next, Retrieval};
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::ExpiresIn;
use cloakroom_core::sigv4::sign::{Signer, Unsigned};
use cloakroom_core::store::StoreAnswer;
use cloakroom_core::swift_auth::token::seal;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use serde_json::{Map, Value, json};

use crate::presign::credentials;
use crate::prove::Sent;
use crate::{Case, Contest};

/// That of RFC 6979, appendix A.2.5.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END PUBLIC KEY-----
";

const COUNTS: [usize; 3] = [1, 100, 10_000];

/// A policy, and a request for the last of that which grows.
type Grown = fn(&Case, usize) -> (Gate, Sent);

const GROWING: [(&str, Grown); 10] = [
    ("routes by path", routes_by_path),
    ("routes by host", routes_by_host),
    ("access rules", access_rules),
    ("SigV4 keys", sigv4_keys),
    ("JWT keys", jwt_keys),
    ("TempURL keys", tempurl_keys),
    ("EdgeAuth keys", edgeauth_keys),
    ("CloudFront keys", cloudfront_keys),
    ("Swift users", swift_users),
    ("keys beside a ticket cookie", cookie),
];

pub fn run(case: &Case) {
    let mut contest = Contest::new("growth");
    let now = case.now();
    for (what, grow) in GROWING {
        for count in COUNTS {
            let (gate, sent) = grow(case, count);
            let decide = move || {
                let service = decide(&gate, black_box(&sent), now);
                service.first_request(now).expect("the store is asked")
            };
            contest.add(what, "cloakroom", decide).count(count);
        }
    }
    contest.run();
}

fn decide(gate: &Gate, sent: &Sent, now: UnixTime) -> Service {
    let request = sent.read();
    let decision = match gate.decide(&request, now) {
        Step::Decided(decision) => decision,
        Step::Check(checking) => checking.answer(true),
    };
    match decision.outcome {
        Outcome::Allow(service) => service,
        Outcome::Reject { rejection, .. } => panic!("refused: {rejection}"),
        Outcome::Preflight(_) => panic!("not asked for"),
    }
}

fn routes_by_path(case: &Case, count: usize) -> (Gate, Sent) {
    let routes = named(count, |n| (format!("route{n}"), route(&format!("/route{n}/"))));
    let url = format!("https://media.example/route{}/users/alice/photo.jpg", count - 1);
    (gate(case, routes, only(one_sigv4_key(case))), presigned(case, &url))
}

fn routes_by_host(case: &Case, count: usize) -> (Gate, Sent) {
    let routes = named(count, |n| {
        let mut route = route("/media/");
        route["host"] = json!(format!("media{n}.example"));
        (format!("route{n}"), route)
    });
    let url = format!("https://media{}.example/media/users/alice/photo.jpg", count - 1);
    (gate(case, routes, only(one_sigv4_key(case))), presigned(case, &url))
}

fn access_rules(case: &Case, count: usize) -> (Gate, Sent) {
    let mut route = route("/media/");
    let rule = |n| json!({ "keys": format!("users/user{n}/*"), "acl": "authenticated-read" });
    route["access"] = (0..count).map(rule).collect();
    let url = format!("https://media.example/media/users/user{}/photo.jpg", count - 1);
    (
        gate(case, only(("media".to_owned(), route)), only(one_sigv4_key(case))),
        presigned(case, &url),
    )
}

fn sigv4_keys(case: &Case, count: usize) -> (Gate, Sent) {
    let mut all = named(count - 1, |n| (format!("ANOTHER{n}"), one_sigv4_key(case).1));
    all.extend([one_sigv4_key(case)]);
    let url = "https://media.example/media/users/alice/photo.jpg";
    (gate(case, media(), all), presigned(case, url))
}

fn jwt_keys(case: &Case, count: usize) -> (Gate, Sent) {
    let principal = json!({ "claim": "sub" });
    let all = named(count, |n| {
        let key = json!({
            "dialect": "jwt", "algorithm": "HS256", "secret": "SECRET", "principal": principal,
            "issuer": case.claims["iss"], "audience": case.claims["aud"],
        });
        (format!("users{n}"), key)
    });
    let kid = format!("users{}", count - 1);
    let token = jwt::sign(&kid, &Secret::new(case.secret.as_str()), &case.claims);
    let sent = Sent::get("https://media.example/media/users/alice/photo.jpg");
    (gate(case, media(), all), sent.with("authorization", format!("Bearer {}", token.expose())))
}

fn tempurl_keys(case: &Case, count: usize) -> (Gate, Sent) {
    let path = format!("/v1/AUTH_{}/photos/a/photo.jpg", count - 1);
    let target = tempurl(case, Resource::Object(&path));
    let gate = gate(case, only(("swift".to_owned(), route("/v1/"))), tempurl_ring(count));
    (gate, Sent::get(&format!("https://media.example{target}")))
}

fn edgeauth_keys(case: &Case, count: usize) -> (Gate, Sent) {
    use cloakroom_core::edgeauth::sign::{Opens, Unsigned};
    use cloakroom_core::edgeauth::{Escaping, Signer};
    let all = named(count, |n| {
        let key = json!({
            "dialect": "edgeauth", "secret": "HEX", "token_name": format!("token{n}"),
            "principal": "every-owner",
        });
        (format!("edgeauth{n}"), key)
    });
    let secret = Secret::new(case.hex_key.as_str());
    let (algorithm, escaping) = (Hash::Sha256, Escaping::None);
    let signer = Signer { secret: &secret, salt: None, algorithm, escaping };
    let opens = Opens::Acl(&[case.edgeauth_acl.as_str()]);
    let (starts_at, expires_at, address, id, data) = (None, case.end(), None, None, None);
    let token = signer.sign(&Unsigned { opens, starts_at, expires_at, address, id, data });
    let token = token.expect("the ACL is one").into_exposed();
    let url = "https://media.example/media/users/alice/photo.jpg";
    (gate(case, media(), all), Sent::get(&format!("{url}?token{}={token}", count - 1)))
}

fn cloudfront_keys(case: &Case, count: usize) -> (Gate, Sent) {
    use cloakroom_core::cloudfront::sign::{Policy as SignedPolicy, Url};
    let all = named(count, |n| {
        let key = json!({
            "dialect": "cloudfront", "algorithm": "ECDSA-SHA256", "public_key": PUBLIC_KEY,
            "principal": "every-owner",
        });
        (format!("K{n}"), key)
    });
    let url = "https://media.example/media/users/alice/photo.jpg";
    let url = Url::parse(url).expect("the URL can be signed");
    let policy = SignedPolicy::canned(url, case.end()).expect("the URL holds no `*`");
    let id = format!("K{}", count - 1);
    let signed = policy.signed(&id, Algorithm::EcdsaSha256, &[7; 64]).expect("the parts fit");
    (gate(case, media(), all), Sent::get(signed.url(url).expose()))
}

fn swift_users(case: &Case, count: usize) -> (Gate, Sent) {
    let all = named(count, |n| {
        let key = json!({
            "dialect": "swift", "secret": "SECRET", "path": format!("/v1/AUTH_{n}/"),
            "principal": "every-owner",
        });
        (format!("acme:user{n}"), key)
    });
    let user = format!("acme:user{}", count - 1);
    let token = seal(&user, case.end(), &Secret::new(case.secret.as_str()));
    let url = format!("https://media.example/v1/AUTH_{}/photos/a/photo.jpg", count - 1);
    let gate = gate(case, only(("swift".to_owned(), route("/v1/"))), all);
    (gate, Sent::get(&url).with("x-auth-token", token.expose()))
}

/// TempURL keys, and a request with a cookie that was got for a ticket of the last of them.
pub fn cookie(case: &Case, count: usize) -> (Gate, Sent) {
    let mut route = route("/v1/");
    route["cookie"] = json!({ "secret": "SECRET" });
    let gate = gate(case, only(("swift".to_owned(), route)), tempurl_ring(count));
    let folder = format!("/v1/AUTH_{}/photos/a/", count - 1);
    let target = tempurl(case, Resource::Prefix(&folder));
    let (_, query) = target.split_once('?').expect("a TempURL has a query");
    let url = format!("https://media.example{folder}film.m3u8");
    let ticket = Sent::get(&format!("{url}?{query}&ticket=cookie"));
    let Service::Object(retrieval) = decide(&gate, &ticket, case.now()) else {
        panic!("a route streams unless it says otherwise");
    };
    (gate, Sent::get(&url).with("cookie", set_cookie(*retrieval, case.now())))
}

fn set_cookie(retrieval: Retrieval, now: UnixTime) -> String {
    let answer = StoreAnswer { status: 200, headers: &[] };
    let Next::Respond(response) = retrieval.settle(Ok(answer), &mut Health::default(), now) else {
        panic!("the store answers at once");
    };
    let set = response.head.headers.iter().find(|(name, _)| *name == "set-cookie");
    let (_, value) = set.expect("the ticket is exchanged");
    value.split(';').next().expect("a cookie has a first part").to_owned()
}

fn tempurl_ring(count: usize) -> Map<String, Value> {
    named(count, |n| {
        let key = json!({
            "dialect": "tempurl", "secret": "SECRET", "path": format!("/v1/AUTH_{n}/"),
            "principal": "every-owner",
        });
        (format!("tempurl{n}"), key)
    })
}

fn tempurl(case: &Case, resource: Resource<'_>) -> String {
    let url = TempUrl {
        method: Method::Get,
        resource,
        expires_at: case.end(),
        notation: ExpiryNotation::Epoch,
        ip_range: None,
        digest: Hash::Sha256,
    };
    let signed = url.sign(&Secret::new(case.secret.as_str())).expect("the path is one of Swift");
    signed.encoded().into_exposed()
}

/// `url` signed with the key of [`one_sigv4_key`].
fn presigned(case: &Case, url: &str) -> Sent {
    let (credentials, time) = (credentials(case), case.now());
    let signer = Signer { credentials: &credentials, region: &case.region, service: "s3", time };
    let rest = url.strip_prefix("https://").expect("a URL begins with `https://`");
    let at = url.len() - rest.len() + rest.find('/').expect("a URL has a path");
    let (endpoint, path) = url.split_at(at);
    let endpoint = Endpoint::parse(endpoint).expect("the endpoint can be read");
    let method = Method::Get;
    let request = Unsigned { method, endpoint: &endpoint, path, query: &[], headers: &[] };
    let life = ExpiresIn::from_secs(case.expires_in).expect("the time to live is in range");
    Sent::get(signer.presign(&request, life).expose())
}

fn gate(case: &Case, routes: Map<String, Value>, keys: Map<String, Value>) -> Gate {
    let policy = json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": case.endpoint, "region": case.region,
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
        } },
        "routes": routes,
        "keys": keys,
    });
    let policy = Policy::parse(&policy.to_string()).expect("the policy is sound");
    let secret = |name: &str| match name {
        "HEX" => Some(case.hex_key.clone()),
        "APP" => Some(case.secret_access_key.clone()),
        _ => Some(case.secret.clone()),
    };
    Gate::new(policy.read_side(), &secret).expect("no secret is missing")
}

fn route(path: &str) -> Value {
    let access = json!([{ "keys": "*", "acl": "authenticated-read" }]);
    json!({ "path": path, "store": "main", "bucket": "media", "access": access })
}

fn media() -> Map<String, Value> {
    only(("media".to_owned(), route("/media/")))
}

fn one_sigv4_key(case: &Case) -> (String, Value) {
    let key = json!({ "dialect": "sigv4", "secret": "APP", "principal": "every-owner" });
    (case.access_key_id.clone(), key)
}

fn only(one: (String, Value)) -> Map<String, Value> {
    Map::from_iter([one])
}

fn named(count: usize, entry: impl Fn(usize) -> (String, Value)) -> Map<String, Value> {
    (0..count).map(entry).collect()
}
