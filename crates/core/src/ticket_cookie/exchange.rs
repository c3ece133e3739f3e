//! Which ticket gets a cookie, and for what.
//!
//! A ticket that gets none still opens what it is for; the log says why there is no cookie.

use std::fmt;
use std::time::Duration;

use crate::access::Access;
use crate::key::Keyring;
use crate::object::decode_path;
use crate::request::{Method, Scheme};
use crate::route::canonical_host;
use crate::secret::Secret;
use crate::time::UnixTime;

use super::token::{Token, fingerprint};
use super::{CookieKey, PARAMETER, Scope, folder_of};

/// What became of the wish for a cookie.
#[derive(Clone, Debug)]
pub enum Exchange {
    /// It was not asked for, or the route has none.
    NotAsked,
    /// It is set.
    Set(SetCookie),
    /// It is not.
    Refused(Refusal),
}

/// Why a ticket gets no cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request shows none in its URL.
    NoTicket,
    /// The object lies in no folder below the route's prefix.
    NoFolder,
    /// The ticket opens less than the folder.
    Narrow,
    /// The folder cannot be the path of a cookie.
    Unsendable,
    /// The ticket is in its last second.
    Ending,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTicket => "none: only a ticket in the URL is exchanged",
            Self::NoFolder => "none: the file is in no folder below the route's prefix",
            Self::Narrow => {
                "none: the ticket does not open all of the folder; sign a prefix, a wildcard or \
                 an ACL that does, or set the route's `cookie.scope` to `folder` and sign the \
                 parameter `ticket=cookie`"
            }
            Self::Unsendable => "none: the folder's path is too long for a cookie, or holds `;`",
            Self::Ending => "none: the ticket ends within a second",
        })
    }
}

/// A cookie to set.
#[derive(Clone, Debug)]
pub struct SetCookie {
    header: Secret,
    folder: String,
}

impl SetCookie {
    /// The value of `Set-Cookie`.
    pub(crate) fn header(&self) -> &Secret {
        &self.header
    }

    /// What the cookie opens: the folder, as sent.
    pub fn folder(&self) -> &str {
        &self.folder
    }
}

impl Access<'_, '_> {
    /// Looks at the time `now` whether a cookie is asked for and may be given.
    pub(crate) fn exchange(&self, keyring: &Keyring, now: UnixTime) -> Exchange {
        let (request, route) = (self.located().grant().request(), self.located().route());
        let is_asked = request.query().pairs().any(|pair| pair == PARAMETER);
        let Some(key) = route.cookie.as_deref().filter(|_| is_asked) else {
            return Exchange::NotAsked;
        };
        // A HEAD may come with a ticket for an upload.
        if request.method() != Method::Get {
            return Exchange::NotAsked;
        }
        match self.seal(key, keyring, now) {
            Ok(cookie) => Exchange::Set(cookie),
            Err(refusal) => Exchange::Refused(refusal),
        }
    }

    fn seal(
        &self,
        key: &CookieKey,
        keyring: &Keyring,
        now: UnixTime,
    ) -> Result<SetCookie, Refusal> {
        let located = self.located();
        let (grant, place) = (located.grant(), located.place());
        let request = grant.request();
        // Rule 1: there is a ticket in the URL.
        let (Some(key_id), Some(ticket_id), Some(expires_at)) =
            (grant.key_id(), grant.ticket(), grant.expires_at())
        else {
            return Err(Refusal::NoTicket);
        };
        if !grant.dialect().is_in_url() {
            return Err(Refusal::NoTicket);
        }
        // INVARIANT: a key of the ring has proven the ticket.
        let ticket = keyring.ticket(key_id).ok_or(Refusal::NoTicket)?;
        // Rule 2: the object lies in a folder, and the route's prefix is none.
        let below = folder_of(&place.rest);
        if below.is_empty() || below.starts_with('/') {
            return Err(Refusal::NoFolder);
        }
        // Rule 3: the ticket opens all of the folder. Where the route lets one object stand for
        // its folder, whoever signed the ticket must have signed the wish, too.
        let is_wished = key.scope == Scope::Folder && grant.covers_query();
        if !grant.opens_folder() && !is_wished {
            return Err(Refusal::Narrow);
        }
        // Rule 4: browsers can send it to the folder, and to nothing else.
        let folder = folder_of(request.path());
        if folder.contains(';') {
            return Err(Refusal::Unsendable);
        }
        // Rule 5: there is time left. For CloudFront `expires_at` is no longer part of it.
        let until = expires_at.saturating_sub(Duration::from_secs(1));
        let life = until.since(now).as_secs();
        if life == 0 {
            return Err(Refusal::Ending);
        }
        let token = Token {
            route: located.route().name.clone(),
            host: canonical_host(request.host()),
            // INVARIANT: the path was located, so it can be decoded, and has each slash as one.
            folder: decode_path(folder).map_err(|_| Refusal::Unsendable)?,
            key_id: key_id.to_owned(),
            proof: fingerprint(ticket, &key.secret),
            ticket: ticket_id,
            principal: grant.principal().to_string(),
            until,
            address: request.client_address().filter(|_| grant.is_bound_to_address()),
        };
        let value = token.seal(&key.secret).ok_or(Refusal::Unsendable)?;
        let is_secure = request.scheme() == Scheme::Https;
        // Browsers take `None` with `Secure` only.
        let crosses_sites = is_secure && located.route().cors.allow_credentials;
        let header = format!(
            "{}={}; Path={folder}; Max-Age={life}; HttpOnly{}; SameSite={}",
            key.name,
            value.expose(),
            if is_secure { "; Secure" } else { "" },
            if crosses_sites { "None" } else { "Lax" },
        );
        if header.len() > MAX_HEADER {
            return Err(Refusal::Unsendable);
        }
        Ok(SetCookie { header: Secret::new(header), folder: folder.to_owned() })
    }
}

/// Browsers keep no more of a cookie (RFC 6265, section 6.1).
const MAX_HEADER: usize = 4096;
