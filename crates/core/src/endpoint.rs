//! Where a service is reached: scheme, host and port.

use std::fmt;

/// `http://` or `https://`, a host and perhaps a port; nothing behind them.
///
/// ```
/// # use cloakroom_core::endpoint::Endpoint;
/// let endpoint = Endpoint::parse("https://s3.us-east-1.amazonaws.com:443").unwrap();
/// assert_eq!(endpoint.host(), "s3.us-east-1.amazonaws.com"); // a default port is not sent
/// assert_eq!(Endpoint::parse("http://[::1]:9000/").unwrap().to_string(), "http://[::1]:9000");
/// assert!(Endpoint::parse("https://user@host").is_err());
/// assert!(Endpoint::parse("https://host/path").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    /// With the scheme in front of the host.
    text: String,
}

impl Endpoint {
    /// Reads an endpoint. A single `/` at the end is dropped.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            // Before an `@` stands a password, perhaps, and errors end up in logs.
            let shown = if text.contains('@') { "the text" } else { &format!("`{text}`") };
            Err(format!(
                "{shown} {why}; an endpoint looks like `https://s3.us-east-1.amazonaws.com`"
            ))
        };
        let (scheme, rest, default_port) = if let Some(rest) = text.strip_prefix("https://") {
            ("https", rest, ":443")
        } else if let Some(rest) = text.strip_prefix("http://") {
            ("http", rest, ":80")
        } else {
            return wrong("does not begin with `https://` or `http://`");
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.contains('@') {
            return wrong("carries a user name");
        }
        if host.contains(['/', '?', '#']) {
            return wrong("has something behind the host");
        }
        if !is_host_and_port(host) {
            return wrong("does not name a host");
        }
        let host = host.strip_suffix(default_port).unwrap_or(host).to_ascii_lowercase();
        Ok(Self::new(scheme, &host))
    }

    fn new(scheme: &'static str, host: &str) -> Self {
        Self { scheme, text: format!("{scheme}://{host}") }
    }

    /// All of it: what URLs begin with.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Host and, unless it is the scheme's own, port: the value of the `host` header.
    pub fn host(&self) -> &str {
        self.text.get(self.scheme.len() + "://".len()..).unwrap_or_default()
    }

    /// Whether the host is an address, which has no names below it.
    pub fn is_address(&self) -> bool {
        let host = self.host().rsplit_once(':').map_or(self.host(), |(host, _)| host);
        self.host().starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok()
    }

    /// Whether it is on this machine: `localhost`, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        let (host, port) = self.host().rsplit_once(':').unwrap_or((self.host(), ""));
        let host = if port.ends_with(']') { self.host() } else { host };
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// This endpoint with `label.` before its host, as virtual-hosted buckets are reached.
    #[must_use]
    pub fn with_subdomain(&self, label: &str) -> Self {
        Self::new(self.scheme, &format!("{label}.{}", self.host()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_is_fine = port.is_none_or(|p| {
        p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok_and(|n| n > 0)
    });
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let address = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let host_is_fine = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.is_some_and(|ip| ip.contains(':') && ip.bytes().all(address)),
        None => !host.is_empty() && host.bytes().all(name),
    };
    port_is_fine && host_is_fine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        for (text, why) in [
            ("s3.amazonaws.com", "does not begin with"),
            ("ftp://host", "does not begin with"),
            ("https://", "does not name a host"),
            ("https://host:0", "does not name a host"),
            ("https://host:65536", "does not name a host"),
            ("https://host:+443", "does not name a host"),
            ("https://ho st", "does not name a host"),
            ("https://[::1", "does not name a host"),
            ("https://key:secret@host", "carries a user name"),
            ("https://host/bucket", "something behind the host"),
            ("https://host?x", "something behind the host"),
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
