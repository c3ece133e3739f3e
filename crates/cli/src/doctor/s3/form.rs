//! Signed forms, each with one thing wrong.

use std::time::Duration;

use cloakroom_core::form::SignedForm;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::post::{Condition, PostPolicy};
use cloakroom_core::time::UnixTime;

use super::super::clause::{self, Clause};
use super::super::form::{CONTENT_TYPE, body, fields, tampered};
use super::super::http::{Answer, Heard, Silence};
use super::super::verdict::{offer, refusal};
use super::{Bench, CONTROL, LIFE, life, root};
use crate::now;

const FILE: &[u8] = b"cloakroom doctor";
const LARGER_FILE: &[u8] = b"cloakroom doctor+";
const MAX_SIZE: u64 = 16;

/// A form that is sent, and what is wrong in it.
struct Post<'p> {
    clause: &'static Clause,
    name: &'p str,
    file: &'p [u8],
    change: Option<(&'p str, &'p str)>,
    signed_at: UnixTime,
}

impl Bench<'_> {
    pub(super) fn probe_forms(&mut self) {
        let control = self.post(CONTROL, &self.form(CONTROL, now()), FILE, None);
        let control = Heard::of(&control);
        self.found(&clause::FORM, offer(&control), &control, None);
        if !control.is_success() {
            return;
        }
        let post =
            |clause, name, file, change| Post { clause, name, file, change, signed_at: now() };
        let (more, other) = (("x-amz-meta-doctor", "unnamed"), ("Content-Type", "text/csv"));
        let expired = now().saturating_sub(Duration::from_secs(2 * LIFE));
        let posts = [
            post(&clause::FORM_SIZE, "form-size", LARGER_FILE, None),
            post(&clause::FORM_FIELDS, "form-fields", FILE, Some(more)),
            post(&clause::FORM_TYPE, "form-type", FILE, Some(other)),
            post(&clause::FORM_SIGNATURE, "form-signature", FILE, None),
            Post { signed_at: expired, ..post(&clause::FORM_EXPIRY, "form-expiry", FILE, None) },
        ];
        for Post { clause, name, file, change, signed_at } in posts {
            let form = self.form(name, signed_at);
            let signature = form.fields.last().map(|(_, value)| tampered(value.expose()));
            let change = match &signature {
                Some(wrong) if *clause == clause::FORM_SIGNATURE => {
                    Some(("x-amz-signature", wrong.as_str()))
                }
                _ => change,
            };
            let heard = Heard::of(&self.post(name, &form, file, change));
            self.found(clause, refusal(&control, &heard), &heard, None);
        }
    }

    fn form(&self, name: &str, signed_at: UnixTime) -> SignedForm {
        self.store.signer(signed_at).sign_form(&PostPolicy {
            bucket: self.bucket.as_str(),
            key: &self.scratch.key(name),
            conditions: &[
                Condition::Field("Content-Type", "text/plain"),
                Condition::ContentLength(1..=MAX_SIZE),
            ],
            expires_in: life(),
        })
    }

    fn post(
        &mut self,
        name: &str,
        form: &SignedForm,
        file: &[u8],
        change: Option<(&str, &str)>,
    ) -> Result<Answer, Silence> {
        let (endpoint, path) = root(self.store, &self.bucket);
        let url = Secret::new(format!("{endpoint}{path}"));
        let body = body(&fields(form, change), "file", file);
        let answer = self.send(Method::Post, &url, &[("content-type", CONTENT_TYPE)], &body);
        self.scratch.note(&self.scratch.key(name), &answer);
        answer
    }
}
