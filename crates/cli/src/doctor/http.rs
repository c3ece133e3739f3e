//! Asking a store, and what is heard of it.
//!
//! What the library says of its errors is never shown: it may hold the URL, and that may hold a
//! signature. Of a store's answer the status and the error code alone are.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig};

/// How much of an answer's body is read, in bytes.
const MAX_BODY: u64 = 64 * 1024;

/// What is sent; the headers come as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Secret,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// What a store answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Refused,
    NoSuchHost,
    TimedOut,
    Tls,
    Broken,
}

/// An answer or none, as verdicts are given on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Answer { status: u16, code: Option<String> },
    Silence(Silence),
}

pub(super) struct Client {
    agent: Agent,
}

impl Client {
    /// A client for a store that begins to answer within `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // Where a store sends one is part of its answer.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Each question on a connection of its own: none is lost to one that was closed.
            .max_idle_connections(0)
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_global(Some(timeout.saturating_mul(3)))
            .user_agent(concat!("cloakroom-doctor/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().new_agent() }
    }

    pub(super) fn send(&self, call: Call<'_>) -> Result<Answer, Silence> {
        let Call { method, url, headers, body } = call;
        let mut request = Request::builder().method(method.as_str()).uri(url.expose());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let has_body = matches!(method, Method::Put | Method::Post);
        let answer = if has_body {
            request.body(body).map(|request| self.agent.run(request))
        } else {
            request.body(()).map(|request| self.agent.run(request))
        };
        let mut answer = answer.map_err(|_| Silence::Broken)?.map_err(|error| silence(&error))?;
        let status = answer.status().as_u16();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = answer.headers().iter();
        let headers = headers.map(|(n, v)| (n.as_str().to_owned(), text(v.as_bytes()))).collect();
        let body = answer.body_mut().with_config().limit(MAX_BODY).read_to_vec();
        // A long body is an answer, too; what it says is then of no concern.
        let body = match body {
            Ok(body) => body,
            Err(ureq::Error::BodyExceedsLimit(_)) => Vec::new(),
            Err(error) => return Err(silence(&error)),
        };
        Ok(Answer { status, headers, body })
    }
}

fn silence(error: &ureq::Error) -> Silence {
    match error {
        ureq::Error::HostNotFound => Silence::NoSuchHost,
        ureq::Error::Timeout(_) => Silence::TimedOut,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => Silence::Tls,
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Silence::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Silence::TimedOut,
            // rustls reports what is wrong with a certificate so.
            ErrorKind::InvalidData => Silence::Tls,
            _ => Silence::Broken,
        },
        _ => Silence::Broken,
    }
}

impl Answer {
    #[cfg(test)]
    pub(super) fn made_of(status: u16, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(n, value)| ((*n).to_owned(), (*value).to_owned()));
        Self { status, headers: headers.collect(), body: Vec::new() }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of a header; several of one name joined by commas.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let values: Vec<_> = named.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The text of the first XML element of this name, where it is a plain word.
    pub(super) fn element(&self, name: &str) -> Option<String> {
        self.raw_element(name).filter(|text| is_word(text))
    }

    /// The text of the first XML element of this name, which is for the store alone to see again.
    pub(super) fn raw_element(&self, name: &str) -> Option<String> {
        let text = str::from_utf8(&self.body).ok()?;
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once('<')?;
        Some(text.to_owned())
    }

    /// S3's error code.
    pub(super) fn code(&self) -> Option<String> {
        self.element("Code")
    }
}

/// Whether a text of a store may be shown: a code or a region is, and no signature has a form
/// like that in these elements.
pub(super) fn is_word(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=60).contains(&text.len()) && text.bytes().all(plain)
}

impl Heard {
    pub(super) fn of(answer: &Result<Answer, Silence>) -> Self {
        match answer {
            Ok(answer) => Self::Answer { status: answer.status, code: answer.code() },
            Err(silence) => Self::Silence(*silence),
        }
    }

    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            Self::Silence(_) => None,
        }
    }

    pub(super) fn has_code(&self, name: &str) -> bool {
        matches!(self, Self::Answer { code: Some(code), .. } if code == name)
    }

    pub(super) fn is_success(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, code: Some(code) } => write!(f, "{status} {code}"),
            Self::Answer { status, code: None } => write!(f, "{status}"),
            Self::Silence(silence) => silence.fmt(f),
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "nothing listens there: the connection was refused",
            Self::NoSuchHost => "there is no such host",
            Self::TimedOut => "no answer came in time",
            Self::Tls => {
                "no secure connection: it does not speak TLS, or this machine does not trust its \
                 certificate"
            }
            Self::Broken => "the connection ended without an answer in HTTP",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        let headers = vec![("vary".into(), "a".into()), ("Vary".into(), "b".into())];
        Answer { status: 403, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn of_an_error_the_code_alone_is_shown() {
        let refused = answer(
            "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
             <StringToSign>AWS4-HMAC-SHA256 secret</StringToSign></Error>",
        );
        let heard = Heard::of(&Ok(refused.clone()));
        assert_eq!(heard.to_string(), "403 SignatureDoesNotMatch");
        assert!(heard.has_code("SignatureDoesNotMatch"));
        assert_eq!(refused.element("StringToSign"), None);
        assert_eq!(refused.header("VARY").as_deref(), Some("a, b"));
        for body in ["", "<Code>", "<Code></Code>", "<Code>a b</Code>", "no XML"] {
            assert_eq!(answer(body).code(), None, "{body}");
        }
        let silent = Heard::of(&Err(Silence::Refused));
        assert_eq!(silent.to_string(), "nothing listens there: the connection was refused");
    }
}
