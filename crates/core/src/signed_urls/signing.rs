//! From drafts to the answer: the signatures of private keys, and the JSON.
//!
//! The adapter is told what to sign, all of one order at once, and hands the signatures back.

use serde_json::{Value, json};

use crate::cloudfront::sign::{Policy, Url};
use crate::jwt::UnsignedJwt;
use crate::key::CloudFrontKey;
use crate::public_key::SigningKey;
use crate::rejection::Rejection;
use crate::request::{Method, Scheme};
use crate::secret::Secret;
use crate::time::UnixTime;

use super::error::{SignedUrlError, unsignable};
use super::issuer::Issuer;
use super::readable::{Readable, ReadableFolder};
use super::{Answer, SignedUrls};

/// Browsers keep no more of a cookie (RFC 6265, section 6.1).
const MAX_COOKIE: usize = 4096;

/// A ticket, or what one needs to become one.
#[derive(Clone, Debug)]
pub(super) enum Draft {
    Signed(Box<Ticket>),
    Waiting(Box<Waiting>),
}

/// A signed ticket.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) form: Form,
    pub(super) scope: Scope,
}

/// How a ticket is handed out.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Url(Secret),
    /// Names and values, for requests below the path.
    Cookies {
        cookies: Vec<(String, Secret)>,
        path: String,
    },
}

/// What a ticket is for.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    Object(Readable, Method),
    Folder(ReadableFolder),
    /// Whatever the caller may read.
    Caller,
}

/// A ticket that waits for a private key's signature.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) message: Message,
    pub(super) scope: Scope,
}

/// What a private key signs, and what becomes of it.
#[derive(Clone, Debug)]
pub(super) enum Message {
    CloudFrontUrl { key: CloudFrontKey, policy: Policy, url: String },
    CloudFrontCookies { key: CloudFrontKey, policy: Policy, path: String },
    Token { unsigned: UnsignedJwt, name: String },
}

/// What an order comes to.
#[derive(Clone, Debug)]
pub(super) enum Tickets {
    Urls(Vec<Result<Draft, Rejection>>),
    Cookies { draft: Box<Draft>, domain: Option<String> },
}

/// An order that waits for the signatures of a private key.
#[derive(Clone, Debug)]
pub struct Signing {
    pub(super) issuers: SignedUrls,
    pub(super) issuer: String,
    pub(super) tickets: Tickets,
    pub(super) expires_at: UnixTime,
    pub(super) now: UnixTime,
    pub(super) cors: Vec<(&'static str, String)>,
}

impl Ticket {
    pub(super) fn url(url: Secret, scope: Scope) -> Self {
        Self { form: Form::Url(url), scope }
    }

    pub(super) fn cookies(cookies: Vec<(String, Secret)>, path: String, scope: Scope) -> Self {
        Self { form: Form::Cookies { cookies, path }, scope }
    }
}

impl Waiting {
    fn message(&self) -> &[u8] {
        match &self.message {
            Message::CloudFrontUrl { policy, .. } | Message::CloudFrontCookies { policy, .. } => {
                policy.message()
            }
            Message::Token { unsigned, .. } => unsigned.signing_input().as_bytes(),
        }
    }

    fn signed(self, signature: &[u8]) -> Result<Ticket, SignedUrlError> {
        let sign = |policy: &Policy, key: &CloudFrontKey| {
            let signed = policy.signed(&key.id, key.public_key.algorithm(), signature);
            signed.map_err(|_| SignedUrlError::NotSigned)
        };
        Ok(match self.message {
            Message::CloudFrontUrl { key, policy, url } => {
                let url = Url::parse(&url).map_err(|_| SignedUrlError::NotSigned)?;
                Ticket::url(sign(&policy, &key)?.url(url), self.scope)
            }
            Message::CloudFrontCookies { key, policy, path } => {
                let signed = sign(&policy, &key)?;
                let cookies = signed.cookies().map(|(name, value)| (name.to_owned(), value));
                Ticket::cookies(cookies.collect(), path, self.scope)
            }
            Message::Token { unsigned, name } => {
                let cookies = vec![(name, unsigned.with_signature(signature))];
                Ticket::cookies(cookies, "/".to_owned(), self.scope)
            }
        })
    }
}

impl Draft {
    fn waiting(&self) -> Option<&Waiting> {
        match self {
            Self::Signed(_) => None,
            Self::Waiting(waiting) => Some(waiting),
        }
    }
}

impl Signing {
    /// The key that signs; none when the issuer has no private key.
    pub fn key(&self) -> Option<&SigningKey> {
        self.issuers.0.issuers.get(&self.issuer)?.key.signing_key().map(AsRef::as_ref)
    }

    /// What it is to sign, message by message.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        let (urls, cookies) = match &self.tickets {
            Tickets::Urls(urls) => (urls.as_slice(), None),
            Tickets::Cookies { draft, .. } => (&[][..], Some(draft.as_ref())),
        };
        let drafts = urls.iter().filter_map(|draft| draft.as_ref().ok()).chain(cookies);
        drafts.filter_map(Draft::waiting).map(Waiting::message)
    }

    /// The answer, with the signatures of all messages in their order, each in the form that
    /// [`crate::public_key`] names. What has none is answered as not signed.
    ///
    /// # Errors
    /// When cookies were asked for and are not to be had.
    pub fn settle(self, signatures: &[Vec<u8>]) -> Result<Answer, Rejection> {
        let inner = &self.issuers.0;
        let issuer = inner.issuers.get(&self.issuer).ok_or(SignedUrlError::NotSigned)?;
        let mut signatures = signatures.iter();
        let mut finish = |draft: Draft| -> Result<Ticket, Rejection> {
            let ticket = match draft {
                Draft::Signed(ticket) => *ticket,
                Draft::Waiting(waiting) => {
                    waiting.signed(signatures.next().ok_or(SignedUrlError::NotSigned)?)?
                }
            };
            let is_good = ticket.opens(&inner.gate, issuer, self.now);
            is_good.then_some(ticket).ok_or_else(|| SignedUrlError::NotOpened.into())
        };
        let mut headers = self.cors;
        let (body, verdict) = match self.tickets {
            Tickets::Urls(drafts) => {
                let tickets = drafts.into_iter().map(|draft| draft.and_then(&mut finish));
                urls_answer(tickets.collect(), self.expires_at)
            }
            Tickets::Cookies { draft, domain } => {
                let ticket = finish(*draft)?;
                let life = self.expires_at.since(self.now).as_secs();
                let (body, set) = cookies_answer(issuer, ticket, domain, life, self.expires_at)?;
                headers.extend(set.into_iter().map(|cookie| ("set-cookie", cookie)));
                (body, "signed")
            }
        };
        Ok(Answer { body: body.to_string(), headers, issuer: self.issuer, verdict })
    }
}

fn urls_answer(
    tickets: Vec<Result<Ticket, Rejection>>,
    expires_at: UnixTime,
) -> (Value, &'static str) {
    let verdict = match (tickets.iter().any(Result::is_ok), tickets.iter().any(Result::is_err)) {
        (_, false) => "signed",
        (true, true) => "signed_in_part",
        (false, true) => "signed_none",
    };
    let expires_at = expires_at.to_rfc3339();
    let entry = |ticket: Result<Ticket, Rejection>| match ticket {
        Ok(Ticket { form: Form::Url(url), .. }) => {
            json!({ "url": url.into_exposed(), "expires_at": expires_at })
        }
        Ok(_) => error_json(&SignedUrlError::NotSigned.into()),
        Err(rejection) => error_json(&rejection),
    };
    (json!({ "urls": tickets.into_iter().map(entry).collect::<Vec<_>>() }), verdict)
}

fn error_json(rejection: &Rejection) -> Value {
    let row = rejection.row();
    json!({ "error": { "code": row.code, "message": row.text } })
}

/// The body, and the values of `Set-Cookie`. Where the answer sets cookies, scripts do not get to
/// see them.
fn cookies_answer(
    issuer: &Issuer,
    ticket: Ticket,
    domain: Option<String>,
    life: u64,
    expires_at: UnixTime,
) -> Result<(Value, Vec<String>), SignedUrlError> {
    let Form::Cookies { cookies, path } = ticket.form else {
        return Err(SignedUrlError::NotSigned);
    };
    let is_secure = issuer.url.scheme() == Scheme::Https.as_str();
    let secure = if is_secure { "; Secure" } else { "" };
    let (mut shown, mut set) = (Vec::new(), Vec::new());
    for (name, value) in cookies {
        let domain_part = domain.as_ref().map(|domain| format!("; Domain={domain}"));
        let header = format!(
            "{name}={}; Path={path}{}; Max-Age={life}; HttpOnly{secure}; SameSite=Lax",
            value.expose(),
            domain_part.unwrap_or_default(),
        );
        if header.len() > MAX_COOKIE {
            return unsignable("The folder's path is too long for a cookie.");
        }
        match &domain {
            Some(domain) => {
                shown.push(json!({ "name": name, "path": path, "domain": domain }));
                set.push(header);
            }
            None => {
                let value = value.into_exposed();
                shown.push(json!({ "name": name, "value": value, "path": path }));
            }
        }
    }
    Ok((json!({ "cookies": shown, "expires_at": expires_at.to_rfc3339() }), set))
}
