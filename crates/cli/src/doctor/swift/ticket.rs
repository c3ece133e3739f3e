//! TempURLs that Swift must refuse.

use std::time::Duration;

use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;

use super::super::clause;
use super::super::form::tampered;
use super::super::http::Heard;
use super::super::verdict::ticket;
use super::{BODY, Bench, CONTROL, LIFE, end};
use crate::now;

const BROKEN: Option<&str> =
    Some("do not keep private objects there: it serves them without a proof");

impl Bench<'_> {
    pub(super) fn probe_tickets(&mut self) {
        let path = self.object_path(CONTROL);
        let right = self.sign(Method::Get, &path, self.key, end());
        let control = Heard::of(&self.send(Method::Get, &right, &[], b""));
        let heard = Heard::of(&self.send(Method::Get, &with_tampered_signature(&right), &[], b""));
        self.found(&clause::SIGNATURE, ticket(&control, &heard), &heard, BROKEN);
        let before = now().saturating_sub(Duration::from_secs(LIFE));
        let expired = self.sign(Method::Get, &path, self.key, before);
        let heard = Heard::of(&self.send(Method::Get, &expired, &[], b""));
        self.found(&clause::EXPIRY, ticket(&control, &heard), &heard, BROKEN);
        // A URL for reading, used for writing.
        let reading = self.sign(Method::Get, &self.object_path("method"), self.key, end());
        let heard = Heard::of(&self.put_to("method", &reading, &[], BODY));
        self.found(&clause::METHOD, ticket(&control, &heard), &heard, BROKEN);
    }
}

/// The signature comes first in the query.
fn with_tampered_signature(url: &Secret) -> Secret {
    match url.expose().split_once('&') {
        Some((signed, rest)) => Secret::new(format!("{}&{rest}", tampered(signed))),
        None => Secret::new(tampered(url.expose())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_alone_is_changed() {
        let url = Secret::new("http://a/b?temp_url_sig=0123456789&temp_url_expires=1");
        let changed = with_tampered_signature(&url);
        assert_eq!(changed.expose(), "http://a/b?temp_url_sig=0103456789&temp_url_expires=1");
    }
}
