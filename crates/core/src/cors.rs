//! Which pages of other origins may read an answer (the Fetch standard, *CORS protocol*).

use std::time::Duration;

use crate::request::Request;

/// Who may read, and what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Origins such as `https://app.example`, or `*` for any.
    pub allow_origins: Vec<String>,
    /// Headers of the answer that scripts may read beside those that they may read here anyway.
    pub expose_headers: Vec<String>,
    /// Headers that requests may have beside those that they may have here anyway.
    pub allow_headers: Vec<String>,
    /// How long a browser may remember a preflight.
    pub max_age: Duration,
    /// Whether pages may send cookies, which they may from origins that are named only.
    pub allow_credentials: bool,
}

/// How long a browser may remember a preflight when nobody says.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(3600);

/// What scripts may read beside the few headers that they always may.
const EXPOSED: [&str; 7] = [
    "accept-ranges",
    "content-disposition",
    "content-length",
    "content-range",
    "etag",
    "last-modified",
    "x-request-id",
];

/// Nobody may.
impl Default for Cors {
    fn default() -> Self {
        Self {
            allow_origins: Vec::new(),
            expose_headers: Vec::new(),
            allow_headers: Vec::new(),
            max_age: DEFAULT_MAX_AGE,
            allow_credentials: false,
        }
    }
}

impl Cors {
    /// The headers for an answer to `request`.
    pub fn headers(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        let mut headers = self.allowance(request);
        if self.allowed(request).is_some() {
            let exposed = list(&EXPOSED, &self.expose_headers);
            headers.push(("access-control-expose-headers", exposed));
        }
        headers.extend(self.timing().map(|origins| ("timing-allow-origin", origins)));
        headers
    }

    /// The headers for an answer to a preflight of `request`, which may use `methods` and send
    /// `request_headers`.
    pub fn preflight(
        &self,
        request: &Request<'_>,
        methods: &str,
        request_headers: &[&str],
    ) -> Vec<(&'static str, String)> {
        let mut headers = self.allowance(request);
        if self.allowed(request).is_some() {
            let allowed = list(request_headers, &self.allow_headers);
            headers.push(("access-control-allow-methods", methods.to_owned()));
            headers.push(("access-control-allow-headers", allowed));
            headers.push(("access-control-max-age", self.max_age.as_secs().to_string()));
        }
        headers
    }

    /// What every answer says.
    fn allowance(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        if self.allow_origins.is_empty() {
            return Vec::new();
        }
        // Also without an `Origin`, or a cache would hand that answer to a page of one.
        let mut headers = vec![("vary", "origin".to_owned())];
        if let Some(allowed) = self.allowed(request) {
            headers.push(("access-control-allow-origin", allowed.to_owned()));
            // With `*` browsers would refuse it, and the policy does not have both.
            if self.allow_credentials && allowed != "*" {
                headers.push(("access-control-allow-credentials", "true".to_owned()));
            }
        }
        headers
    }

    fn allowed(&self, request: &Request<'_>) -> Option<&str> {
        let origin = request.header("origin")?;
        let mut origins = self.allow_origins.iter().map(String::as_str);
        origins.find(|allowed| *allowed == "*" || *allowed == origin)
    }

    /// `Timing-Allow-Origin` (Resource Timing, section 4.5). An image comes without an `Origin`
    /// by which one of them could be chosen, so all of them are told.
    fn timing(&self) -> Option<String> {
        let any = self.allow_origins.iter().find(|origin| *origin == "*");
        let origins = any.cloned().unwrap_or_else(|| self.allow_origins.join(", "));
        (!origins.is_empty()).then_some(origins)
    }
}

/// Names of headers in a row, each once.
fn list(always: &[&str], more: &[String]) -> String {
    let more = more.iter().map(String::as_str).filter(|name| !always.contains(name));
    always.iter().copied().chain(more).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "https://app.example";

    fn cors(allowed: &[&str]) -> Cors {
        let allow_origins = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        Cors { allow_origins, ..Cors::default() }
    }

    fn request(origin: Option<&str>) -> Request<'_> {
        let origin = origin.map(|origin| ("origin", origin));
        Request::parse("GET", "/", [("host", "h")].into_iter().chain(origin)).unwrap()
    }

    fn value<'h>(headers: &'h [(&'static str, String)], name: &str) -> Option<&'h str> {
        headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn only_the_origins_named() {
        for (allowed, origin, expected) in [
            (&[APP][..], APP, Some(APP)),
            (&["https://other.example", APP], APP, Some(APP)),
            (&["*"], APP, Some("*")),
            (&[APP], "https://app.example.evil", None),
            (&[APP], "https://app.example:8443", None),
            (&[APP], "http://app.example", None),
            (&[APP], "null", None),
            (&[], APP, None),
        ] {
            let cors = cors(allowed);
            for headers in [
                cors.headers(&request(Some(origin))),
                cors.preflight(&request(Some(origin)), "GET", &["range"]),
            ] {
                assert_eq!(value(&headers, "access-control-allow-origin"), expected, "{origin}");
                assert_eq!(value(&headers, "access-control-allow-credentials"), None);
                assert_eq!(value(&headers, "vary"), (!allowed.is_empty()).then_some("origin"));
            }
        }
    }

    #[test]
    fn cookies_are_for_origins_that_are_named() {
        let credentials = |allowed: &[&str], origin| {
            let cors = Cors { allow_credentials: true, ..cors(allowed) };
            let (request, name) = (request(Some(origin)), "access-control-allow-credentials");
            let answer = value(&cors.headers(&request), name).map(str::to_owned);
            let preflight = cors.preflight(&request, "GET", &[]);
            assert_eq!(value(&preflight, name), answer.as_deref());
            answer
        };
        assert_eq!(credentials(&[APP], APP).as_deref(), Some("true"));
        assert_eq!(credentials(&[APP], "https://other.example"), None);
        assert_eq!(credentials(&["*"], APP), None);
    }

    #[test]
    fn headers_are_added_and_none_is_named_twice() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let cors = Cors {
            expose_headers: names(&["etag", "server-timing"]),
            allow_headers: names(&["range", "x-app"]),
            max_age: Duration::from_secs(60),
            ..cors(&[APP])
        };
        let answer = cors.headers(&request(Some(APP)));
        assert_eq!(
            value(&answer, "access-control-expose-headers"),
            Some(
                "accept-ranges, content-disposition, content-length, content-range, etag, \
                 last-modified, x-request-id, server-timing"
            )
        );
        assert_eq!(value(&answer, "access-control-max-age"), None);
        let preflight = cors.preflight(&request(Some(APP)), "GET, HEAD", &["if-match", "range"]);
        assert_eq!(
            preflight,
            [
                ("vary", "origin".to_owned()),
                ("access-control-allow-origin", APP.to_owned()),
                ("access-control-allow-methods", "GET, HEAD".to_owned()),
                ("access-control-allow-headers", "if-match, range, x-app".to_owned()),
                ("access-control-max-age", "60".to_owned()),
            ]
        );
    }

    #[test]
    fn timing_is_told_to_every_page_that_may_read() {
        for (allowed, expected) in [
            (&[][..], None),
            (&[APP], Some(APP)),
            (&[APP, "https://b.example"], Some("https://app.example, https://b.example")),
            (&[APP, "*"], Some("*")),
        ] {
            for origin in [None, Some("https://other.example")] {
                let headers = cors(allowed).headers(&request(origin));
                assert_eq!(value(&headers, "timing-allow-origin"), expected);
            }
        }
    }
}
