//! Ranges of addresses: the value of `temp_url_ip_range`.

use std::fmt;
use std::net::IpAddr;

/// An address, or a range of them in CIDR notation (RFC 4632, RFC 4291).
///
/// - the bits behind the prefix length are zero, as Swift demands
/// - it stays as it was written, since that is what is signed
/// - an IPv4 range holds no IPv6 address, and the other way round
///
/// ```
/// # use cloakroom_core::tempurl::ip_range::IpRange;
/// let range = IpRange::parse("1.2.3.0/24").unwrap();
/// assert!(range.contains("1.2.3.4".parse().unwrap()));
/// assert!(!range.contains("1.2.4.3".parse().unwrap()));
/// assert_eq!(IpRange::parse("1.2.3.4/24"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpRange {
    text: String,
    address: IpAddr,
    prefix_length: u32,
}

impl IpRange {
    /// Reads an address or a range.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().ok()?;
        let (bits, width) = bits(address);
        let prefix_length = match length {
            None => width,
            Some(length) if length.bytes().all(|b| b.is_ascii_digit()) => length.parse().ok()?,
            Some(_) => return None,
        };
        let host_length = width.checked_sub(prefix_length)?;
        let is_network = bits == 0 || bits.trailing_zeros() >= host_length;
        is_network.then(|| Self { text: text.to_owned(), address, prefix_length })
    }

    /// The range as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((network, width), (bits, other_width)) = (bits(self.address), bits(address));
        let differing = (network ^ bits).checked_shr(width.saturating_sub(self.prefix_length));
        width == other_width && differing.unwrap_or_default() == 0
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The bits of an address, and how many there are.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_lies_within() {
        for (range, inside, outside) in [
            ("1.2.3.4", "1.2.3.4", "1.2.3.5"),
            ("1.2.3.4/32", "1.2.3.4", "1.2.3.5"),
            ("1.2.3.0/24", "1.2.3.255", "1.2.4.0"),
            ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
            ("0.0.0.0/0", "9.9.9.9", "::9.9.9.9"),
            ("::/0", "2001:db8::1", "1.2.3.4"),
            ("::1", "::1", "0.0.0.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:DB8::8/125", "2001:db8::f", "2001:db8::10"),
        ] {
            let parsed = IpRange::parse(range).unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{range} {inside}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{range} {outside}");
            assert_eq!(parsed.to_string(), range);
        }
    }

    #[test]
    fn refuses_what_is_no_range() {
        for text in [
            "",
            "/",
            "1.2.3",
            "1.2.3.4/",
            "1.2.3.4/33",
            "1.2.3.4/24",
            "1.2.3.0/+24",
            "1.2.3.0/255.255.255.0",
            "01.2.3.4",
            " 1.2.3.4",
            "1.2.3.4\n",
            "1.2.3.4,1.2.3.5",
            "::1/129",
            "::1/0",
            "fe80::1%eth0",
            "[::1]",
            "1.2.3.0/99999999999999999999",
        ] {
            assert_eq!(IpRange::parse(text), None, "{text}");
        }
    }
}
