//! The viewer's request, exactly as it was sent.
//!
//! Path and query stay the raw bytes of the request line. Canonical forms are read-only views
//! computed from them; nothing here is ever normalised, so no two layers can disagree.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use crate::encoding::{MalformedEscape, check_escapes};
use crate::query::Query;

/// An HTTP method (RFC 9110, section 9). Other tokens than these are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `PUT`
    Put,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
    /// `OPTIONS`
    Options,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Get, Self::Head, Self::Put, Self::Post, Self::Delete, Self::Options];

    /// Reads a method; case counts.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    /// The method's token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that cannot be understood in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// A method that nothing here serves.
    UnknownMethod,
    /// The target does not begin with `/`, or holds bytes that a URI cannot.
    MalformedTarget,
    /// A `%` without two digits behind it.
    MalformedEscape(MalformedEscape),
    /// A header that may come once came more often.
    DuplicateHeader(&'static str),
    /// A header whose value is not UTF-8.
    MalformedHeader,
    /// No host was sent.
    NoHost,
    /// The platform has decoded the path, and a `%` is left in it: a name's own, or an escape.
    AmbiguousPath,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownMethod => f.write_str("unknown method"),
            Self::MalformedTarget => {
                f.write_str("the target must begin with `/` and hold printable ASCII only")
            }
            Self::MalformedEscape(escape) => escape.fmt(f),
            Self::DuplicateHeader(name) => write!(f, "header `{name}` was sent more than once"),
            Self::MalformedHeader => f.write_str("a header is not UTF-8"),
            Self::NoHost => f.write_str("no host was sent"),
            Self::AmbiguousPath => {
                f.write_str("the platform decoded the path, and what its `%` stands for is lost")
            }
        }
    }
}

impl From<MalformedEscape> for RequestError {
    fn from(escape: MalformedEscape) -> Self {
        Self::MalformedEscape(escape)
    }
}

/// What a request came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The scheme as URLs write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A viewer request.
///
/// - the path begins with `/`; path and query are printable ASCII without `#`, `\` or quotes
/// - every `%` in them begins an escape
/// - header names are lower case
#[derive(Clone)]
pub struct Request<'a> {
    method: Method,
    scheme: Scheme,
    site: Option<&'a str>,
    path: &'a str,
    query: Query<'a>,
    headers: Vec<(Cow<'a, str>, &'a str)>,
    client_address: Option<IpAddr>,
}

/// Query and headers may hold tickets, so they are not shown.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method, self.path)
    }
}

impl<'a> Request<'a> {
    /// Reads a request from its method, its target (path and query as sent) and its headers,
    /// among them `host`. It is one over HTTPS unless [`Request::over`] says otherwise.
    ///
    /// # Errors
    /// [`RequestError`] when it could be read in more than one way.
    pub fn parse(
        method: &str,
        target: &'a str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, RequestError> {
        let method = Method::parse(method).ok_or(RequestError::UnknownMethod)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // All are looked at, so that the compiler looks at many at a time.
        let may_stand = target.bytes().fold(true, |all, byte| all & may_stand_in_target(byte));
        if !path.starts_with('/') || !may_stand {
            return Err(RequestError::MalformedTarget);
        }
        check_escapes(target)?;
        let headers: Vec<_> = headers.into_iter().map(|(n, v)| (lower_case(n), v)).collect();
        let request = Self {
            method,
            scheme: Scheme::Https,
            site: None,
            path,
            query: Query::new(query),
            headers,
            client_address: None,
        };
        for name in ["host", "authorization"] {
            if request.headers.iter().filter(|(n, _)| n == name).count() > 1 {
                return Err(RequestError::DuplicateHeader(name));
            }
        }
        if request.header("host").is_none_or(str::is_empty) {
            return Err(RequestError::NoHost);
        }
        Ok(request)
    }

    /// This request, come over `scheme`.
    #[must_use]
    pub fn over(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    /// This request, whose path viewers see behind `site`: an origin, and perhaps a path, as in
    /// `https://app.example/uploads-api`.
    #[must_use]
    pub fn at(self, site: &'a str) -> Self {
        Self { site: Some(site), ..self }
    }

    /// This request, come from `address`. Whoever calls must know that the viewer cannot choose
    /// what is passed here; `x-forwarded-for` is chosen by the viewer.
    #[must_use]
    pub fn from_address(self, address: Option<IpAddr>) -> Self {
        // A socket for both families shows IPv4 addresses in the form of IPv6.
        let client_address = address.map(|address| address.to_canonical());
        Self { client_address, ..self }
    }

    /// What URLs have in front of the path, for viewers.
    pub fn site(&self) -> String {
        match self.site {
            Some(site) => site.to_owned(),
            None => format!("{}://{}", self.scheme.as_str(), self.host()),
        }
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path as sent, beginning with `/`.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The query as sent, without the `?`.
    pub fn query(&self) -> &Query<'a> {
        &self.query
    }

    /// The host as sent, with its port.
    pub fn host(&self) -> &'a str {
        self.header("host").unwrap_or_default()
    }

    /// What the request came over.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The viewer's address, when it is known.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.client_address
    }

    /// The cookies (RFC 6265, section 4.2.1), as sent.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let headers = self.headers.iter().filter(|(name, _)| name == "cookie");
        headers
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
    }

    /// All headers; names are lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.headers.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// The first value of header `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }
}

fn may_stand_in_target(byte: u8) -> bool {
    byte.is_ascii_graphic() & !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>')
}

/// A name in lower case: itself, mostly.
pub(crate) fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &str, target: &'static str) -> Result<Request<'static>, RequestError> {
        Request::parse(method, target, [("Host", "media.example")])
    }

    #[test]
    fn keeps_path_and_query_as_sent() {
        let request = parse("GET", "/media//a%20b/../c?x=1&x=2&y&=z&").unwrap();
        assert_eq!(request.path(), "/media//a%20b/../c");
        assert_eq!(request.host(), "media.example");
        let pairs: Vec<_> = request.query().pairs().collect();
        assert_eq!(pairs, [("x", "1"), ("x", "2"), ("y", ""), ("", "z")]);
    }

    #[test]
    fn refuses_what_layers_read_differently() {
        for target in ["", "media", "/a b", "/a\\b", "/a#b", "/é", "/a\tb", "/a\0", "/\"", "/<"] {
            assert_eq!(
                parse("GET", target).unwrap_err(),
                RequestError::MalformedTarget,
                "{target}"
            );
        }
        for target in ["/%", "/a?b=%g0", "/%2"] {
            assert!(matches!(parse("GET", target), Err(RequestError::MalformedEscape(_))));
        }
        assert_eq!(parse("get", "/").unwrap_err(), RequestError::UnknownMethod);
        assert_eq!(Request::parse("GET", "/", []).unwrap_err(), RequestError::NoHost);
        assert_eq!(
            Request::parse("GET", "/", [("host", "a"), ("Host", "b")]).unwrap_err(),
            RequestError::DuplicateHeader("host")
        );
    }
}
