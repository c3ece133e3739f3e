//! `keys`: who may sign tickets, and for whom.
//!
//! Each dialect has its own fields; what they have in common is read here.

mod cloudfront;
mod edgeauth;
mod jwt;
mod sigv4;
mod swift;
mod tempurl;

use crate::key::{Keyring, Principal};
use crate::policy::Secrets;
use crate::policy::reader::{Node, PolicyError};

use self::cloudfront::CloudFrontSpec;
use self::edgeauth::EdgeAuthSpec;
use self::jwt::JwtSpec;
pub(super) use self::sigv4::Sigv4Spec;
use self::swift::SwiftSpec;
use self::tempurl::TempUrlSpec;

/// A key whose secret is still a name.
#[derive(Clone, Debug)]
pub(super) enum KeySpec {
    Sigv4(Sigv4Spec),
    TempUrl(TempUrlSpec),
    CloudFront(CloudFrontSpec),
    EdgeAuth(EdgeAuthSpec),
    Jwt(JwtSpec),
    Swift(SwiftSpec),
}

#[derive(Clone, Copy)]
enum Dialect {
    Sigv4,
    TempUrl,
    CloudFront,
    EdgeAuth,
    Jwt,
    Swift,
}

const DIALECTS: [(&str, Dialect); 6] = [
    ("sigv4", Dialect::Sigv4),
    ("tempurl", Dialect::TempUrl),
    ("cloudfront", Dialect::CloudFront),
    ("edgeauth", Dialect::EdgeAuth),
    ("jwt", Dialect::Jwt),
    ("swift", Dialect::Swift),
];

impl KeySpec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        // The dialect decides which fields there are, so it is read before they are named.
        match node.fields()?.required("dialect")?.one_of(&DIALECTS)? {
            Dialect::Sigv4 => Sigv4Spec::read(id, node).map(Self::Sigv4),
            Dialect::TempUrl => TempUrlSpec::read(id, node).map(Self::TempUrl),
            Dialect::CloudFront => CloudFrontSpec::read(id, node).map(Self::CloudFront),
            Dialect::EdgeAuth => EdgeAuthSpec::read(id, node).map(Self::EdgeAuth),
            Dialect::Jwt => JwtSpec::read(id, node).map(Self::Jwt),
            Dialect::Swift => SwiftSpec::read(id, node).map(Self::Swift),
        }
    }

    pub(super) fn add_to(
        &self,
        keyring: &mut Keyring,
        secrets: &Secrets<'_>,
    ) -> Result<(), PolicyError> {
        match self {
            Self::Sigv4(spec) => keyring.add_sigv4(spec.resolve(secrets)?),
            Self::TempUrl(spec) => keyring.add_tempurl(spec.resolve(secrets)?),
            Self::CloudFront(spec) => keyring.add_cloudfront(spec.resolve()),
            Self::EdgeAuth(spec) => keyring.add_edgeauth(spec.resolve(secrets)?),
            Self::Jwt(spec) => keyring.add_jwt(spec.resolve(secrets)?),
            Self::Swift(spec) => keyring.add_swift(spec.resolve(secrets)?),
        }
        Ok(())
    }

    /// The cookie in which a credential of it may stand.
    pub(super) fn cookie(&self) -> Option<&str> {
        match self {
            Self::EdgeAuth(spec) => Some(spec.token_name()),
            Self::Jwt(spec) => spec.cookie(),
            Self::Sigv4(_) | Self::TempUrl(_) | Self::CloudFront(_) | Self::Swift(_) => None,
        }
    }

    /// The names of its secrets, each with the place that names it.
    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        match self {
            Self::Sigv4(spec) => spec.secret_names(),
            Self::TempUrl(spec) => spec.secret_names(),
            Self::CloudFront(_) => Vec::new(),
            Self::EdgeAuth(spec) => spec.secret_names(),
            Self::Jwt(spec) => spec.secret_names(),
            Self::Swift(spec) => spec.secret_names(),
        }
    }
}

fn place(id: &str, field: &str) -> String {
    format!("keys.{id}.{field}")
}

/// `"every-owner"` or `{"user": "alice"}`.
fn read_principal(node: &Node<'_>) -> Result<Principal, PolicyError> {
    if node.is_string() {
        return node.one_of(&[("every-owner", ())]).map(|()| Principal::EveryOwner);
    }
    let user = node.object(&["user"])?.required("user")?;
    Ok(Principal::User(user.string()?.to_owned()))
}

fn optional_string(node: Option<Node<'_>>) -> Result<Option<String>, PolicyError> {
    node.map(|node| node.string().map(str::to_owned)).transpose()
}
