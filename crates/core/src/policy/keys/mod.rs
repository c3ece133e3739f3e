//! `keys`: who may sign tickets, and for whom.
//!
//! Each dialect has its own fields; what they have in common is read here.

mod cloudfront;
mod edgeauth;
mod jwt;
mod sigv4;
mod swift;
mod tempurl;

use crate::key::{
    CloudFrontKey, EdgeAuthKey, JwtKey, JwtPrincipal, Keyring, Principal, Sigv4Key, SwiftKey,
    TempUrlKey,
};
use crate::policy::Secrets;
use crate::policy::reader::{Node, PolicyError};
use crate::public_key::PublicKey;

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

/// A key with its secret.
#[derive(Clone, Debug)]
pub(super) enum Key {
    Sigv4(Sigv4Key),
    TempUrl(TempUrlKey),
    CloudFront(CloudFrontKey),
    EdgeAuth(EdgeAuthKey),
    Jwt(JwtKey),
    Swift(SwiftKey),
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
        match self.resolve(secrets)? {
            Key::Sigv4(key) => keyring.add_sigv4(key),
            Key::TempUrl(key) => keyring.add_tempurl(key),
            Key::CloudFront(key) => keyring.add_cloudfront(key),
            Key::EdgeAuth(key) => keyring.add_edgeauth(key),
            Key::Jwt(key) => keyring.add_jwt(key),
            Key::Swift(key) => keyring.add_swift(key),
        }
        Ok(())
    }

    /// The key with its secret.
    pub(super) fn resolve(&self, secrets: &Secrets<'_>) -> Result<Key, PolicyError> {
        Ok(match self {
            Self::Sigv4(spec) => Key::Sigv4(spec.resolve(secrets)?),
            Self::TempUrl(spec) => Key::TempUrl(spec.resolve(secrets)?),
            Self::CloudFront(spec) => Key::CloudFront(spec.resolve()),
            Self::EdgeAuth(spec) => Key::EdgeAuth(spec.resolve(secrets)?),
            Self::Jwt(spec) => Key::Jwt(spec.resolve(secrets)?),
            Self::Swift(spec) => Key::Swift(spec.resolve(secrets)?),
        })
    }

    /// Whether it acts as the owner of every object, whoever shows what it signed.
    pub(super) fn is_every_owner(&self) -> bool {
        let principal = match self {
            Self::Sigv4(spec) => &spec.principal,
            Self::TempUrl(spec) => spec.principal(),
            Self::CloudFront(spec) => spec.principal(),
            Self::EdgeAuth(spec) => spec.principal(),
            Self::Swift(spec) => spec.principal(),
            Self::Jwt(spec) => match spec.principal() {
                JwtPrincipal::Fixed(principal) => principal,
                JwtPrincipal::Claim(_) => return false,
            },
        };
        *principal == Principal::EveryOwner
    }

    /// The public key that proves its signatures; none when a secret does.
    pub(super) fn public_key(&self) -> Option<&PublicKey> {
        match self {
            Self::CloudFront(spec) => Some(spec.public_key()),
            Self::Jwt(spec) => spec.public_key(),
            Self::Sigv4(_) | Self::TempUrl(_) | Self::EdgeAuth(_) | Self::Swift(_) => None,
        }
    }

    /// The paths that it is for: those below this one.
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::TempUrl(spec) => Some(spec.path()),
            _ => None,
        }
    }

    /// The claim that names the user.
    pub(super) fn claim(&self) -> Option<&str> {
        match self {
            Self::Jwt(spec) => match spec.principal() {
                JwtPrincipal::Claim(claim) => Some(claim),
                JwtPrincipal::Fixed(_) => None,
            },
            _ => None,
        }
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
