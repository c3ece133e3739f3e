//! FormPost, with one thing wrong at a time.

use std::time::Duration;

use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::form::SignedForm;
use cloakroom_core::formpost::FormPost;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::time::UnixTime;

use super::super::clause;
use super::super::form::{CONTENT_TYPE, body, fields, tampered};
use super::super::http::{Answer, Heard, Silence};
use super::super::verdict::{offer, refusal};
use super::{BODY, Bench, LIFE, end};
use crate::now;

const LARGER: &[u8] = b"cloakroom doctor+";
const MAX_SIZE: u64 = 16;

impl Bench<'_> {
    pub(super) fn probe_forms(&mut self) {
        let Some(form) = self.form(end()) else { return };
        let control = Heard::of(&self.post("form", &fields(&form, None), BODY));
        let fix = self.digest_fix();
        self.found(&clause::FORM, offer(&control), &control, fix.as_deref());
        if !control.is_success() {
            return;
        }
        let before = now().saturating_sub(Duration::from_secs(LIFE));
        let expired = self.form(before).map(|form| fields(&form, None)).unwrap_or_default();
        let signature = form.fields.last().map(|(_, value)| tampered(value.expose()));
        let wrong = signature.as_deref().map(|signature| ("signature", signature));
        let probes = [
            (&clause::FORM_SIZE, "form-size", fields(&form, None), LARGER),
            (&clause::FORM_SIGNATURE, "form-signature", fields(&form, wrong), BODY),
            (&clause::FORM_EXPIRY, "form-expiry", expired, BODY),
        ];
        for (clause, name, fields, file) in probes {
            let heard = Heard::of(&self.post(name, &fields, file));
            self.found(clause, refusal(&control, &heard), &heard, None);
        }
    }

    /// What to sign forms with, where the cluster does not take the policy's digest.
    fn digest_fix(&self) -> Option<String> {
        let known = self.form_digests.as_ref()?;
        let is_known = |digest: &str| known.iter().any(|known| known == digest);
        let best = ["sha256", "sha512", "sha1"].into_iter().find(|digest| is_known(digest))?;
        (!is_known(self.store.digest.as_str())).then(|| {
            format!(
                "forms are signed with {} there; sign with one of them:\n\
                 \"stores\": {{ \"{}\": {{ …, \"digest\": \"{best}\" }} }}",
                known.join(", "),
                self.store.name
            )
        })
    }

    fn folder(&self) -> String {
        format!("/v1/{}/{}/{}", self.store.account, self.container, self.scratch.prefix())
    }

    fn form(&self, expires_at: UnixTime) -> Option<SignedForm> {
        let path = self.folder();
        let form = FormPost {
            path: &path,
            redirect: None,
            max_file_size: MAX_SIZE,
            max_file_count: 1,
            expires_at,
            digest: self.store.digest,
        };
        form.sign(self.store.keys.get(self.key)?).ok()
    }

    fn post(
        &mut self,
        name: &str,
        fields: &[(String, String)],
        file: &[u8],
    ) -> Result<Answer, Silence> {
        let path = encode(self.folder(), Slash::Keep);
        let url = Secret::new(format!("{}{path}", self.store.endpoint));
        let body = body(fields, name, file);
        let answer = self.send(Method::Post, &url, &[("content-type", CONTENT_TYPE)], &body);
        self.scratch.note(&self.scratch.key(name), &answer);
        answer
    }
}
