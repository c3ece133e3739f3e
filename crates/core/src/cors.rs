//! Which pages of other origins may read an answer (the Fetch standard, *CORS protocol*).

use crate::request::Request;

/// The origins that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins such as `https://app.example`, or `*` for any.
    pub allow_origins: Vec<String>,
}

/// How long a browser may remember a preflight: one hour.
const MAX_AGE: &str = "3600";

/// What scripts may read beside the few headers that they always may.
const EXPOSED: &str = "accept-ranges, content-disposition, content-length, content-range, etag, \
                       last-modified, x-request-id";

impl Cors {
    /// The headers for an answer to `request`.
    pub fn headers(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        if self.allow_origins.is_empty() {
            return Vec::new();
        }
        // Also without an `Origin`, or a cache would hand that answer to a page of one.
        let mut headers = vec![("vary", "origin".to_owned())];
        if let Some(allowed) = self.allowed(request.header("origin")) {
            headers.push(("access-control-allow-origin", allowed));
            headers.push(("access-control-expose-headers", EXPOSED.to_owned()));
        }
        headers
    }

    /// The headers for an answer to a preflight of `request`, which may use `methods` and send
    /// `request_headers`.
    pub fn preflight(
        &self,
        request: &Request<'_>,
        methods: &str,
        request_headers: &str,
    ) -> Vec<(&'static str, String)> {
        let mut headers = self.headers(request);
        if self.allowed(request.header("origin")).is_some() {
            headers.push(("access-control-allow-methods", methods.to_owned()));
            headers.push(("access-control-allow-headers", request_headers.to_owned()));
            headers.push(("access-control-max-age", MAX_AGE.to_owned()));
        }
        headers
    }

    fn allowed(&self, origin: Option<&str>) -> Option<String> {
        let origin = origin?;
        self.allow_origins.iter().find(|allowed| *allowed == "*" || *allowed == origin).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow_origin(allowed: &[&str], origin: &str) -> Option<String> {
        let cors = Cors { allow_origins: allowed.iter().map(|o| (*o).to_owned()).collect() };
        let request = Request::parse("GET", "/", [("host", "h"), ("origin", origin)]).unwrap();
        let headers = cors.headers(&request);
        headers.into_iter().find(|(n, _)| *n == "access-control-allow-origin").map(|(_, v)| v)
    }

    #[test]
    fn only_the_origins_named() {
        let app = "https://app.example";
        assert_eq!(allow_origin(&[app], app).as_deref(), Some(app));
        assert_eq!(allow_origin(&["*"], app).as_deref(), Some("*"));
        assert_eq!(allow_origin(&[app], "https://app.example.evil"), None);
        assert_eq!(allow_origin(&[app], "null"), None);
        assert_eq!(allow_origin(&[], app), None);
    }
}
