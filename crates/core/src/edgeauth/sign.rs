//! Making EdgeAuth tokens, byte for byte as Akamai's own library does.

use std::fmt;
use std::net::IpAddr;

use crate::secret::Secret;
use crate::time::UnixTime;

use super::acl::{self, Acl};
use super::{DELIMITER, Signer};

/// What a token is to say.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// What it opens.
    pub opens: Opens<'a>,
    /// The first second at which it is valid; at once when absent.
    pub starts_at: Option<UnixTime>,
    /// The last second at which it is valid.
    pub expires_at: UnixTime,
    /// The one address that viewers may have; any when absent.
    pub address: Option<IpAddr>,
    /// The id of a session, which Akamai logs.
    pub id: Option<&'a str>,
    /// Data for others who read the token.
    pub data: Option<&'a str>,
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens<'a> {
    /// The paths that one of these patterns covers, each written as paths are sent.
    Acl(&'a [&'a str]),
    /// This path, as it is sent, without the query.
    Url(&'a str),
}

/// Why there can be no such token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The key is not an even number of hexadecimal digits, or is empty.
    Key,
    /// No pattern, or one that is not of a path as it is sent, or holds `!` or `~`.
    Acl,
    /// The path does not begin with `/`, or holds what cannot stand in one.
    Url,
    /// A field is empty or holds `~`, which would end it.
    Field(&'static str),
    /// It would expire before it is valid.
    Time,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("the key must be an even number of hexadecimal digits"),
            Self::Acl => f.write_str(
                "an ACL must be made of patterns of paths as they are sent, without `!`, `~` \
                 and `%2F`",
            ),
            Self::Url => f.write_str("the URL must be a path as it is sent, without a query"),
            Self::Field(name) => write!(f, "`{name}` must not be empty or hold `~`"),
            Self::Time => f.write_str("the token would expire before it is valid"),
        }
    }
}

impl Signer<'_> {
    /// Makes a token.
    ///
    /// ```
    /// # use cloakroom_core::{crypto::Hash, secret::Secret, time::UnixTime};
    /// # use cloakroom_core::edgeauth::{Escaping, Signer, sign::{Opens, Unsigned}};
    /// let secret = Secret::new("abc123");
    /// let signer =
    ///     Signer { secret: &secret, salt: None, algorithm: Hash::Sha256, escaping: Escaping::None };
    /// let token = signer.sign(&Unsigned {
    ///     opens: Opens::Acl(&["/foo"]),
    ///     starts_at: Some(UnixTime::from_secs(1_616_545_627)),
    ///     expires_at: UnixTime::from_secs(1_616_545_657),
    ///     address: None,
    ///     id: None,
    ///     data: None,
    /// });
    /// assert_eq!(
    ///     token.unwrap().expose(),
    ///     "st=1616545627~exp=1616545657~acl=/foo~\
    ///      hmac=ba0d665ffc7c80159d08e1a9a143ed345bc2f3e374f8af73248ff67fb087a420"
    /// );
    /// ```
    ///
    /// # Errors
    /// [`SignError`] when it could not be read as it was meant.
    pub fn sign(&self, unsigned: &Unsigned<'_>) -> Result<Secret, SignError> {
        if unsigned.starts_at.is_some_and(|starts_at| starts_at >= unsigned.expires_at) {
            return Err(SignError::Time);
        }
        let (acl, path) = match unsigned.opens {
            Opens::Acl(patterns) => (Some(join(patterns)?), None),
            Opens::Url(path) => (None, Some(path_as_sent(path)?)),
        };
        let address = unsigned.address.map(|address| self.escaping.apply(&address.to_string()));
        let fields: Vec<String> = [
            ("ip", address),
            ("st", unsigned.starts_at.map(|time| time.as_secs().to_string())),
            ("exp", Some(unsigned.expires_at.as_secs().to_string())),
            ("acl", acl),
            ("id", self.field("id", unsigned.id)?),
            ("data", self.field("data", unsigned.data)?),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={value}")))
        .collect();
        let fields = fields.join("~");
        let mac = self.mac(&fields, path).ok_or(SignError::Key)?;
        Ok(Secret::new(format!("{fields}{DELIMITER}hmac={mac}")))
    }

    fn field(&self, name: &'static str, value: Option<&str>) -> Result<Option<String>, SignError> {
        match value {
            Some(value) if value.is_empty() || value.contains(DELIMITER) => {
                Err(SignError::Field(name))
            }
            value => Ok(value.map(|value| self.escaping.apply(value))),
        }
    }
}

fn join(patterns: &[&str]) -> Result<String, SignError> {
    let is_whole = |pattern: &&str| {
        !pattern.contains([DELIMITER, acl::DELIMITER]) && Acl::parse(pattern).is_some()
    };
    if patterns.is_empty() || !patterns.iter().all(is_whole) {
        return Err(SignError::Acl);
    }
    Ok(patterns.join("!"))
}

fn path_as_sent(path: &str) -> Result<&str, SignError> {
    let may_stand = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#');
    let is_path = path.starts_with('/') && path.bytes().all(may_stand);
    if is_path { Ok(path) } else { Err(SignError::Url) }
}
