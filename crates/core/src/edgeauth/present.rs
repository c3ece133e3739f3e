//! Reading an EdgeAuth token from a request, without proving anything yet.
//!
//! Tokens are made to be sent as they are, but clients and frameworks encode them on the way,
//! some the whole value and some only what a URL cannot hold. Escapes may belong to the token
//! itself, too, when its key escapes early or its ACL names an escaped path. A token is
//! therefore read in at most two ways; the MAC, which covers what was read, says which is
//! right.
//!
//! | place | read |
//! |---|---|
//! | query | as sent, and percent-decoded once; a wholly encoded value as a form encodes it |
//! | cookie | as sent, and percent-decoded once; without the quotes around it, if there are any |
//! | header | as sent |

use std::borrow::Cow;
use std::net::IpAddr;

use crate::capability::{CapabilityError, malformed};
use crate::encoding::decode;
use crate::grant::Dialect;
use crate::request::Request;
use crate::time::UnixTime;

use super::DELIMITER;
use super::acl::Acl;

/// Longer tokens, in bytes as sent, are not read.
pub const MAX_LENGTH: usize = 4096;

/// The fields before `hmac`, in the order in which they stand.
const FIELDS: [&str; 6] = ["ip", "st", "exp", "acl", "id", "data"];

/// A token as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedEdgeAuth<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) dialect: Dialect,
    pub(super) name: &'r str,
    /// One or two.
    pub(super) readings: Vec<Token>,
}

/// One reading of a token.
#[derive(Clone)]
pub(super) struct Token {
    /// What the MAC covers of it: everything before `~hmac=`.
    pub(super) fields: String,
    pub(super) address: Option<IpAddr>,
    pub(super) starts_at: Option<UnixTime>,
    pub(super) expires_at: UnixTime,
    /// None when the token is made for one URL.
    pub(super) acl: Option<Acl>,
    pub(super) mac: String,
}

impl<'r> PresentedEdgeAuth<'r> {
    /// Reads the token that stands under `name`, in the place that `dialect` says.
    ///
    /// # Errors
    /// [`CapabilityError::Malformed`] or [`CapabilityError::Duplicate`] when it is not one.
    pub fn parse(
        request: &'r Request<'r>,
        dialect: Dialect,
        name: &'r str,
        token: &'r str,
    ) -> Result<Self, CapabilityError> {
        if token.len() > MAX_LENGTH {
            return malformed("token", "at most 4096 bytes long");
        }
        let (mut readings, mut problem) = (Vec::new(), None);
        for text in spellings(dialect, token) {
            match Token::parse(&text) {
                Ok(token) => readings.push(token),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        match problem {
            Some(error) if readings.is_empty() => Err(error),
            _ => Ok(Self { request, dialect, name, readings }),
        }
    }

    /// Where the token stands.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

/// The texts that a value may stand for.
fn spellings(dialect: Dialect, value: &str) -> Vec<Cow<'_, str>> {
    let value = match dialect {
        // RFC 6265, section 4.1.1: a value may stand in quotes.
        Dialect::EdgeAuthCookie => {
            value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
        }
        Dialect::EdgeAuthQuery => value,
        _ => return vec![Cow::Borrowed(value)],
    };
    // Every token has a `=`, and whoever encodes a whole value encodes it.
    let is_whole = !value.contains('=');
    let decoded = if is_whole && dialect == Dialect::EdgeAuthQuery {
        decode_text(&value.replace('+', " "))
    } else {
        decode_text(value)
    };
    let decoded = decoded.filter(|decoded| decoded != value).map(Cow::Owned);
    let as_sent = (!is_whole || decoded.is_none()).then_some(Cow::Borrowed(value));
    as_sent.into_iter().chain(decoded).collect()
}

fn decode_text(text: &str) -> Option<String> {
    String::from_utf8(decode(text).ok()?.into_owned()).ok()
}

impl Token {
    fn parse(text: &str) -> Result<Self, CapabilityError> {
        let Some((fields, mac)) = text.rsplit_once("~hmac=") else {
            return malformed("hmac", "the last field of the token");
        };
        let are_digits = mac.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !are_digits || !matches!(mac.len(), 32 | 40 | 64) {
            return malformed("hmac", "32, 40 or 64 lower-case hexadecimal digits");
        }
        let [ip, st, exp, acl, _, _] = split_fields(fields)?;
        let (address, acl) = (ip.map(parse_address).transpose()?, acl.map(parse_acl).transpose()?);
        let starts_at = st.map(|secs| parse_time("st", secs)).transpose()?;
        let expires_at = parse_time("exp", exp.unwrap_or_default())?;
        let (fields, mac) = (fields.to_owned(), mac.to_owned());
        Ok(Self { fields, address, starts_at, expires_at, acl, mac })
    }
}

/// The values of [`FIELDS`]: each at most once, in that order, and none empty.
fn split_fields(fields: &str) -> Result<[Option<&str>; 6], CapabilityError> {
    let mut values = [None; 6];
    let mut last = None;
    for field in fields.split(DELIMITER) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let mut known = FIELDS.into_iter().zip(&mut values).enumerate();
        let Some((place, (name, slot))) = known.find(|(_, (known, _))| *known == name) else {
            return malformed("token", "made of ip, st, exp, acl, id, data and hmac only");
        };
        if value.is_empty() {
            return malformed(name, "not empty");
        }
        if slot.replace(value).is_some() {
            return Err(CapabilityError::Duplicate(name));
        }
        if last.is_some_and(|last| place < last) {
            return malformed("token", "in the order ip, st, exp, acl, id, data, hmac");
        }
        last = Some(place);
    }
    Ok(values)
}

fn parse_address(text: &str) -> Result<IpAddr, CapabilityError> {
    // An escaping key has escaped it; an address holds no `%` of its own.
    let text = decode_text(text).unwrap_or_default();
    let address: Result<IpAddr, _> = text.parse();
    address.map(|address| address.to_canonical()).or_else(|_| malformed("ip", "an IP address"))
}

fn parse_acl(text: &str) -> Result<Acl, CapabilityError> {
    let expected = "one or more patterns of paths as they are sent, without `%2F`";
    Acl::parse(text).ok_or(CapabilityError::Malformed { part: "acl", expected })
}

fn parse_time(part: &'static str, text: &str) -> Result<UnixTime, CapabilityError> {
    // `u64::from_str` takes a sign, too.
    let digits = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|text| text.parse().ok()) {
        Some(secs) => Ok(UnixTime::from_secs(secs)),
        None => malformed(part, "a number of seconds since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As many as MD5 gives.
    const DIGITS: &str = "00112233445566778899aabbccddeeff";
    const MAC: &str = "~hmac=00112233445566778899aabbccddeeff";

    fn parse(dialect: Dialect, token: &str) -> Result<Vec<String>, CapabilityError> {
        let request = Request::parse("GET", "/", [("host", "h")]).unwrap();
        let presented = PresentedEdgeAuth::parse(&request, dialect, "__token__", token)?;
        Ok(presented.readings.into_iter().map(|token| token.fields).collect())
    }

    fn refusal(fields: &str) -> CapabilityError {
        parse(Dialect::EdgeAuthHeader, &format!("{fields}{MAC}")).unwrap_err()
    }

    fn part(error: CapabilityError) -> &'static str {
        match error {
            CapabilityError::Malformed { part, .. } => part,
            other => panic!("{other:?} is another reason"),
        }
    }

    #[test]
    fn each_part_must_be_of_its_form() {
        for (fields, expected) in [
            ("", "token"),
            ("acl=/*", "exp"),
            ("exp=", "exp"),
            ("exp=1x", "exp"),
            ("exp=+1", "exp"),
            ("exp=-1", "exp"),
            ("exp=1.5", "exp"),
            ("exp=99999999999999999999", "exp"),
            ("st=now~exp=1", "st"),
            ("st=~exp=1", "st"),
            ("ip=192.0.2~exp=1", "ip"),
            ("ip=192.0.2.0/24~exp=1", "ip"),
            ("exp=1~acl=", "acl"),
            ("exp=1~acl=/a%2Fb", "acl"),
            ("exp=1~id=", "id"),
            ("exp=1~data=", "data"),
            // Unknown, in another case, or what must not be shown.
            ("exp=1~x=1", "token"),
            ("EXP=1", "token"),
            ("exp=1~url=/a", "token"),
            ("exp=1~salt=s", "token"),
            ("exp=1~~acl=/a", "token"),
            ("~exp=1", "token"),
            ("exp=1~data=a~b", "token"),
            // In another order.
            ("exp=1~st=1", "token"),
            ("exp=1~ip=192.0.2.7", "token"),
            ("exp=1~id=1~acl=/*", "token"),
            ("exp=1~data=1~id=1", "token"),
        ] {
            assert_eq!(part(refusal(fields)), expected, "{fields}");
        }
        let upper = format!("exp=1~hmac={}", "AB".repeat(16));
        let long = format!("exp=1{MAC}0");
        let alone = MAC.trim_start_matches('~');
        for token in ["", "exp=1", "exp=1~hmac=", "exp=1~hmac=00", &upper, &long, alone] {
            let error = parse(Dialect::EdgeAuthHeader, token).unwrap_err();
            assert_eq!(part(error), "hmac", "{token}");
        }
    }

    #[test]
    fn no_field_stands_twice() {
        for (fields, name) in [
            ("exp=1~exp=2", "exp"),
            ("exp=1~acl=/a~acl=/b", "acl"),
            ("ip=192.0.2.7~ip=192.0.2.7~exp=1", "ip"),
            ("exp=1~id=1~data=1~id=2", "id"),
        ] {
            assert_eq!(refusal(fields), CapabilityError::Duplicate(name), "{fields}");
        }
        assert_eq!(part(refusal(&format!("exp=1{MAC}"))), "token");
    }

    #[test]
    fn is_not_read_when_too_long() {
        let of_length =
            |length: usize| format!("exp=1~data={}{MAC}", "x".repeat(length - 11 - MAC.len()));
        assert!(parse(Dialect::EdgeAuthHeader, &of_length(4096)).is_ok());
        assert_eq!(part(parse(Dialect::EdgeAuthHeader, &of_length(4097)).unwrap_err()), "token");
    }

    #[test]
    fn how_a_place_encodes_tokens() {
        let (query, cookie) = (Dialect::EdgeAuthQuery, Dialect::EdgeAuthCookie);
        let header = Dialect::EdgeAuthHeader;
        let plain = vec!["exp=1~data=a+b"];
        for (dialect, token, expected) in [
            (query, "exp=1~data=a+b~hmac=MAC", plain.clone()),
            (cookie, "exp=1~data=a+b~hmac=MAC", plain.clone()),
            (header, "exp=1~data=a+b~hmac=MAC", plain.clone()),
            // All of it, by a form or by `encodeURIComponent`.
            (query, "exp%3D1%7Edata%3Da%2Bb+c~hmac%3DMAC", vec!["exp=1~data=a+b c"]),
            (query, "exp%3D1~data%3Da%2Bb%20c~hmac%3DMAC", vec!["exp=1~data=a+b c"]),
            (cookie, "exp%3D1~data%3Da+b%20c~hmac%3DMAC", vec!["exp=1~data=a+b c"]),
            // Only what a URL cannot hold; or not at all.
            (query, "exp=1~data=a+b%20c~hmac=MAC", vec!["exp=1~data=a+b%20c", "exp=1~data=a+b c"]),
            (cookie, "exp=1~data=%20~hmac=MAC", vec!["exp=1~data=%20", "exp=1~data= "]),
            (header, "exp=1~data=%20~hmac=MAC", vec!["exp=1~data=%20"]),
            // What is not one token in one of both is left out there.
            (query, "exp=1~data=a%7Eb~hmac=MAC", vec!["exp=1~data=a%7Eb"]),
            (query, "exp=%31~hmac=MAC", vec!["exp=1"]),
            (query, "exp=1~data=%ff~hmac=MAC", vec!["exp=1~data=%ff"]),
            // Decoded once.
            (query, "exp%3D1~data%3D%252B~hmac%3DMAC", vec!["exp=1~data=%2B"]),
            // In quotes.
            (cookie, "\"exp=1~data=a+b~hmac=MAC\"", plain),
        ] {
            let token = token.replace("MAC", DIGITS);
            assert_eq!(parse(dialect, &token).unwrap(), expected, "{token}");
        }
        for (dialect, token) in [
            (header, "exp%3D1~hmac%3DMAC"),
            (query, "\"exp=1~hmac=MAC\""),
            (header, "\"exp=1~hmac=MAC\""),
            (query, "exp%253D1~hmac%253DMAC"),
            (query, "exp%3D1~hmac%3DMAC%"),
        ] {
            assert!(parse(dialect, &token.replace("MAC", DIGITS)).is_err(), "{token}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(token in "([a-z]{0,4}=|~|hmac=|%[0-9a-f]{0,2}|\\PC){0,12}") {
            for dialect in
                [Dialect::EdgeAuthQuery, Dialect::EdgeAuthCookie, Dialect::EdgeAuthHeader]
            {
                let _ = parse(dialect, &token);
            }
        }
    }
}
