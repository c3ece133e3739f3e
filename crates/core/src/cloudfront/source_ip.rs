//! `AWS:SourceIp`: the addresses that a statement is for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// One IPv4 address or a range of them in the notation of RFC 4632, section 3.1.
///
/// CloudFront knows no ranges of IPv6; a viewer who comes by IPv6 is in none.
///
/// ```
/// # use cloakroom_core::cloudfront::source_ip::SourceIp;
/// let range = SourceIp::parse("192.0.2.0/24").unwrap();
/// assert!(range.contains("192.0.2.77".parse().unwrap()));
/// assert!(!range.contains("2001:db8::1".parse().unwrap()));
/// assert!(SourceIp::parse("2001:db8::/32").is_none());
/// assert_eq!(SourceIp::parse("192.0.2.7").unwrap().to_string(), "192.0.2.7/32");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceIp {
    address: Ipv4Addr,
    prefix_length: u8,
}

impl SourceIp {
    /// Reads an address, or an address, a `/` and a number of bits from 0 to 32. Bits of the
    /// address behind those do not count: AWS's own examples have some.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix_length) = text.split_once('/').unwrap_or((text, "32"));
        let bits: u8 = prefix_length.parse().ok().filter(|bits| *bits <= 32)?;
        // `+8` and `08` are numbers to the parser, too.
        (bits.to_string() == prefix_length)
            .then_some(Self { address: address.parse().ok()?, prefix_length: bits })
    }

    /// Whether `address` is one of them.
    pub fn contains(self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        let differing = address.to_bits() ^ self.address.to_bits();
        differing.leading_zeros() >= u32::from(self.prefix_length)
    }
}

impl fmt::Display for SourceIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_what_shares_its_first_bits() {
        for (range, address, expected) in [
            ("192.0.2.10", "192.0.2.10", true),
            ("192.0.2.10/32", "192.0.2.11", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.1/24", "192.0.2.200", true),
            ("128.0.0.0/1", "255.1.2.3", true),
            ("128.0.0.0/1", "127.1.2.3", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("0.0.0.0/0", "::", false),
        ] {
            let found = SourceIp::parse(range).unwrap().contains(address.parse().unwrap());
            assert_eq!(found, expected, "{range} {address}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_range() {
        for text in [
            "",
            "192.0.2",
            "192.0.2.256",
            "192.0.02.1",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/+8",
            "192.0.2.0/08",
            "192.0.2.0/8/8",
            "192.0.2.0-192.0.2.9",
            "::1",
            "::ffff:192.0.2.0/120",
            " 192.0.2.0",
        ] {
            assert_eq!(SourceIp::parse(text), None, "{text}");
        }
    }
}
