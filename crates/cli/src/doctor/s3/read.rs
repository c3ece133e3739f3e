//! Tickets that a store must refuse: tampered, expired, for another method or region, too long.

use std::time::Duration;

use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::canonical::{CanonicalHeaders, CanonicalRequest};
use cloakroom_core::sigv4::payload::Payload;
use cloakroom_core::sigv4::scope::Scope;
use cloakroom_core::sigv4::settings::Settings;
use cloakroom_core::sigv4::sign::{Signer, Unsigned};
use cloakroom_core::sigv4::{ALGORITHM, MAX_EXPIRES_IN};
use cloakroom_core::store::S3Store;
use cloakroom_core::time::UnixTime;

use super::super::clause::{self, Clause};
use super::super::form::tampered;
use super::super::http::Heard;
use super::super::verdict::ticket;
use super::{Bench, CONTROL, LIFE, address, life};
use crate::now;

impl Bench<'_> {
    /// Asks for the control, which is there or not: a store that lets a ticket in says which.
    pub(super) fn probe_tickets(&mut self) {
        let (endpoint, path) = address(self.store, &self.bucket, &self.scratch.key(CONTROL));
        let request = Unsigned {
            method: Method::Get,
            endpoint: &endpoint,
            path: &path,
            query: &[],
            headers: &[],
        };
        let signer = self.store.signer(now());
        let right = signer.presign(&request, life());
        let control = Heard::of(&self.send(Method::Get, &right, &[], b""));
        let signature = Secret::new(tampered(right.expose()));
        let before = now().saturating_sub(Duration::from_secs(2 * LIFE));
        let expired = self.store.signer(before).presign(&request, life());
        let head = Unsigned { method: Method::Head, ..request };
        let method = signer.presign(&head, life());
        let region = Signer { region: "doctor-1", ..signer }.presign(&request, life());
        let too_long = presign_for(self.store, &request, MAX_EXPIRES_IN.as_secs() + 1, now());
        let broken = "do not keep private objects there: it serves them without a proof";
        let region_fix = "the region of a signature does not count there; no rule relies on it, \
                          for nobody but the holder of the secret can sign";
        let expiry_fix = "URLs may live for longer than seven days there; no rule relies on it, \
                          for no policy makes one";
        let probes: [(&'static Clause, &Secret, &str); 5] = [
            (&clause::SIGNATURE, &signature, broken),
            (&clause::EXPIRY, &expired, broken),
            (&clause::METHOD, &method, broken),
            (&clause::REGION, &region, region_fix),
            (&clause::MAX_EXPIRY, &too_long, expiry_fix),
        ];
        for (clause, url, fix) in probes {
            let heard = Heard::of(&self.send(Method::Get, url, &[], b""));
            self.found(clause, ticket(&control, &heard), &heard, Some(fix.to_owned()));
        }
    }
}

/// A presigned URL that lives for any number of seconds, which the core does not make.
fn presign_for(store: &S3Store, request: &Unsigned<'_>, seconds: u64, time: UnixTime) -> Secret {
    let credentials = &store.credentials;
    let scope = Scope::new(time, &store.region, "s3");
    let credential = format!("{}/{}", credentials.access_key_id, scope.to_text());
    let expires = seconds.to_string();
    let token = credentials.session_token.as_ref();
    let token = token.map(|token| ("X-Amz-Security-Token", token.expose()));
    let query = [
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", scope.amz_date()),
        ("X-Amz-Expires", &expires),
        ("X-Amz-SignedHeaders", "host"),
    ];
    let query: Vec<_> = query.into_iter().chain(token).collect();
    let request = Unsigned { query: &query, ..*request };
    let headers = CanonicalHeaders::new([("host", request.endpoint.host())]);
    let canonical = CanonicalRequest::new(&request, &Settings::S3, &headers, Payload::Unsigned);
    let key = credentials.secret_access_key.signing_key(&scope);
    let signature = scope.sign(&key, &canonical.hash());
    Secret::new(format!(
        "{}{}?{}&X-Amz-Signature={}",
        request.endpoint,
        canonical.uri(),
        canonical.query(),
        signature.expose()
    ))
}

#[cfg(test)]
mod tests {
    use cloakroom_core::endpoint::Endpoint;
    use cloakroom_core::sigv4::Credentials;
    use cloakroom_core::sigv4::signing_key::SecretAccessKey;
    use cloakroom_core::store::Addressing;

    use super::*;

    #[test]
    fn signs_as_the_core_does() -> Result<(), String> {
        let store = S3Store {
            name: String::new(),
            endpoint: Endpoint::parse("https://s3.example")?,
            region: "us-east-1".to_owned(),
            addressing: Addressing::Path,
            credentials: Credentials {
                access_key_id: "ID".to_owned(),
                secret_access_key: SecretAccessKey::new("secret"),
                session_token: Some(Secret::new("token+/=")),
            },
            timeout: Duration::from_secs(1),
        };
        let request = Unsigned {
            method: Method::Get,
            endpoint: &store.endpoint,
            path: "/media/a b",
            query: &[],
            headers: &[],
        };
        let time = UnixTime::from_secs(1_700_000_000);
        let ours = presign_for(&store, &request, LIFE, time);
        assert_eq!(ours.expose(), store.signer(time).presign(&request, life()).expose());
        Ok(())
    }
}
