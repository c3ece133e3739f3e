//! Which hosts a route is for.
//!
//! ```text
//! media.example.com      this host alone
//! *.media.example.com    every host one label below it, which templates know as {host}
//! ```
//!
//! The star is one whole label, the leftmost, as in certificates (RFC 9525, section 6.3): what
//! a route serves and what a certificate covers are then the same hosts.

use std::fmt;

use crate::endpoint::Endpoint;

/// A host, or the hosts below one.
///
/// ```
/// # use cloakroom_core::route::HostPattern;
/// let tenants = HostPattern::parse("*.media.example").unwrap();
/// assert!(tenants.fits("acme.media.example"));
/// assert!(!tenants.fits("media.example") && !tenants.fits("a.b.media.example"));
/// assert_eq!(HostPattern::parse("a.*.example"), None);
/// assert_eq!(HostPattern::parse("Media.example"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// Every host.
    Any,
    /// The hosts one label below this one.
    Below(String),
    /// This host.
    Exact(String),
}

impl HostPattern {
    /// Reads a pattern: a host in lower case, with its port unless it is 80 or 443, perhaps
    /// with `*.` before it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_host = |host: &str| {
            let endpoint = Endpoint::parse(&format!("https://{host}")).ok()?;
            (endpoint.host() == host && canonical(host) == host).then_some(endpoint)
        };
        match text.strip_prefix("*.") {
            Some(parent) => is_host(parent)
                .filter(|endpoint| !endpoint.is_address() && !parent.starts_with('.'))
                .map(|_| Self::Below(parent.to_owned())),
            None => is_host(text).map(|_| Self::Exact(text.to_owned())),
        }
    }

    /// Whether a host, as sent, is one of those meant.
    pub fn fits(&self, host: &str) -> bool {
        let host = canonical(host);
        match self {
            Self::Any => true,
            Self::Below(parent) => split_label(&host).is_some_and(|(_, below)| below == parent),
            Self::Exact(exact) => *exact == host,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(parent) => write!(f, "*.{parent}"),
            Self::Exact(host) => f.write_str(host),
        }
    }
}

/// A host as patterns spell it: `Media.example.`, `media.example:443` and `media.example` are
/// one.
pub(crate) fn canonical(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let without_port = host.strip_suffix(":443").or(host.strip_suffix(":80")).unwrap_or(&host);
    without_port.strip_suffix('.').unwrap_or(without_port).to_owned()
}

/// The leftmost label of a canonical host, and the host above it.
pub(super) fn split_label(host: &str) -> Option<(&str, &str)> {
    // A viewer may write anything into a header; only what DNS can carry is a label.
    let is_label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let (label, parent) = host.split_once('.')?;
    (!label.is_empty() && label.bytes().all(is_label)).then_some((label, parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_as_they_are_sent_and_nothing_else() {
        for text in ["media.example", "media.example:8080", "127.0.0.1:8787", "*.media.example"] {
            assert_eq!(
                HostPattern::parse(text).map(|host| host.to_string()).as_deref(),
                Some(text)
            );
        }
        for text in [
            "",
            "*",
            "*.",
            "*.*.example",
            "a.*.example",
            "a*.example",
            "*..example",
            "*.127.0.0.1",
            "media.example.",
            "media.example:443",
            "media.example:80",
            "Media.example",
            "media.example/",
            "https://media.example",
        ] {
            assert_eq!(HostPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_star_is_one_label() {
        let pattern = HostPattern::parse("*.media.example").unwrap();
        for (host, fits) in [
            ("acme.media.example", true),
            ("ACME.media.example.:443", true),
            ("a-b_2.media.example", true),
            ("media.example", false),
            (".media.example", false),
            ("a.b.media.example", false),
            ("acme.media.example:8080", false),
            ("acme.media.example.evil", false),
            ("a/b.media.example", false),
            ("é.media.example", false),
        ] {
            assert_eq!(pattern.fits(host), fits, "{host}");
        }
    }
}
