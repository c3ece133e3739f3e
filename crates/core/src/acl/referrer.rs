//! Referrer designations of Swift's container ACLs: which sites' pages may show an object
//! (`swift.common.middleware.acl` of OpenStack Swift).
//!
//! ```text
//! .r:*                    everyone, with or without a Referer
//! .r:www.example.com      pages of that host
//! .r:.example.com         pages of every host below it; so does .r:*.example.com
//! .r:-.thief.example      but not pages of these
//! ```
//!
//! The last designation that fits decides. A viewer chooses what it sends as Referer, so this
//! keeps other sites from embedding objects and keeps nobody from fetching them.

use std::fmt;
use std::net::Ipv6Addr;

/// What Swift takes for the host when there is no Referer, or one without a host.
const NO_HOST: &str = "unknown";

/// A referrer designation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designation {
    /// Whether it lets in or keeps out.
    pub effect: Effect,
    /// Whom it fits.
    pub hosts: Hosts,
}

/// What a designation does for those whom it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It lets them in.
    Allow,
    /// It keeps them out.
    Deny,
}

/// Which hosts a designation fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// Every host, and requests without a Referer.
    Any,
    /// Every host whose name ends so; begins with a dot.
    Below(String),
    /// One host.
    Exactly(String),
}

impl Designation {
    /// Reads what follows `.r:` in a cleaned ACL.
    pub(super) fn parse(text: &str) -> Self {
        let (effect, host) = match text.strip_prefix('-') {
            Some(host) => (Effect::Deny, host),
            None => (Effect::Allow, text),
        };
        let hosts = match (effect, host) {
            // Swift has no denial of everyone: there `-*` is a host of that name.
            (Effect::Allow, "*") => Hosts::Any,
            (_, host) if host.starts_with('.') => Hosts::Below(host.to_owned()),
            (_, host) => Hosts::Exactly(host.to_owned()),
        };
        Self { effect, hosts }
    }

    fn fits(&self, host: &str) -> bool {
        match &self.hosts {
            Hosts::Any => true,
            Hosts::Below(suffix) => host.ends_with(suffix),
            Hosts::Exactly(name) => host == name,
        }
    }
}

impl fmt::Display for Designation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minus = if self.effect == Effect::Deny { "-" } else { "" };
        write!(f, ".r:{minus}{}", self.hosts)
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(host) | Self::Exactly(host) => f.write_str(host),
        }
    }
}

/// The last designation that fits a Referer.
pub(super) fn deciding<'d>(
    designations: impl DoubleEndedIterator<Item = &'d Designation>,
    referer: Option<&str>,
) -> Option<&'d Designation> {
    let host = referer.and_then(host_of);
    let host = host.as_deref().unwrap_or(NO_HOST);
    designations.rev().find(|designation| designation.fits(host))
}

/// The host of a Referer in lower case, as Swift finds it (Python's `urlsplit(…).hostname`).
///
/// None when it has no host, or is no URL: then it counts as if it were not there. For Swift,
/// brackets around anything but an IPv6 address are an error of its own.
fn host_of(referer: &str) -> Option<String> {
    // URLs are ASCII (RFC 3986); browsers send hosts in their ASCII form.
    if !referer.is_ascii() {
        return None;
    }
    let url: String = referer
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect();
    let (_, rest) =
        without_scheme(&url).split_once("//").filter(|(before, _)| before.is_empty())?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user_info, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user_info.contains(['[', ']']) {
        return None;
    }
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed_host(bracketed)?,
        None if host.contains(['[', ']']) => return None,
        None => host.split(':').next()?,
    };
    if host.is_empty() {
        return None;
    }
    let zone = host.find('%').unwrap_or(host.len());
    let (name, zone) = host.split_at_checked(zone)?;
    Some(name.to_ascii_lowercase() + zone)
}

/// What follows the scheme. Text before `:` that cannot be a scheme belongs to the rest.
fn without_scheme(url: &str) -> &str {
    let may_be_one = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    };
    match url.split_once(':') {
        Some((scheme, rest)) if may_be_one(scheme) => rest,
        _ => url,
    }
}

/// The IPv6 address in `address]` or `address]:port`.
fn bracketed_host(text: &str) -> Option<&str> {
    let (host, port) = text.split_once(']')?;
    let address = host.split('%').next()?;
    let alone = port.is_empty() || (port.starts_with(':') && !port.contains(['[', ']']));
    (alone && address.parse::<Ipv6Addr>().is_ok()).then_some(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_host() {
        for (referer, host) in [
            ("https://www.example.com/page", Some("www.example.com")),
            ("HTTP://WWW.Example.COM:8080/", Some("www.example.com")),
            ("//example.com", Some("example.com")),
            ("http://user:pass@example.com?q", Some("example.com")),
            ("http://example.com#http://other/", Some("example.com")),
            ("http://a@b@example.com/", Some("example.com")),
            ("http://[2001:DB8::1]:80/", Some("2001:db8::1")),
            ("http://[fe80::1%Eth0]/", Some("fe80::1%Eth0")),
            ("  http://exa\tmple.com/", Some("example.com")),
            ("http://example.com.", Some("example.com.")),
            ("about:blank", None),
            ("www.example.com", None),
            ("/path//example.com", None),
            ("1http://example.com/", None),
            ("http:///path", None),
            ("http://:80/", None),
            ("http://[::1", None),
            ("http://::1]/", None),
            ("http://[1.2.3.4]/", None),
            ("http://[example.com]/", None),
            ("http://[::1].example.com/", None),
            ("http://[::1]@example.com/", None),
            ("http://exämple.com/", None),
            ("", None),
        ] {
            assert_eq!(host_of(referer).as_deref(), host, "{referer}");
        }
    }

    #[test]
    fn the_last_that_fits_decides() {
        let decide = |designations: &[&str], referer: Option<&str>| {
            let all: Vec<_> = designations.iter().map(|text| Designation::parse(text)).collect();
            deciding(all.iter(), referer).map(|designation| designation.effect)
        };
        let page = |host: &str| format!("https://{host}/page");
        let all_but = ["*", "-.thief.example", ".good.thief.example"];
        assert_eq!(decide(&all_but, None), Some(Effect::Allow));
        assert_eq!(decide(&all_but, Some(&page("www.thief.example"))), Some(Effect::Deny));
        assert_eq!(decide(&all_but, Some(&page("a.good.thief.example"))), Some(Effect::Allow));
        assert_eq!(decide(&[".example.com"], Some(&page("example.com"))), None);
        assert_eq!(decide(&[".example.com"], Some(&page("badexample.com"))), None);
        let inside = page("www.example.com.thief.example");
        assert_eq!(decide(&[".example.com"], Some(&inside)), None);
        assert_eq!(decide(&[".example.com"], None), None);
        // As in Swift, this is how to keep out what comes without a Referer.
        assert_eq!(decide(&["*", "-unknown"], None), Some(Effect::Deny));
        assert_eq!(decide(&["-*"], Some(&page("a.example"))), None);
    }

    proptest! {
        #[test]
        fn no_referer_panics(referer in "\\PC*", url in "[a-z]{0,3}:?//[\\[\\]@:%a-f0-9./]{0,20}") {
            let _ = (host_of(&referer), host_of(&url));
        }
    }
}
