//! `keys`: who may sign tickets, and for whom.

use crate::key::{JwtKey, JwtPrincipal, Keyring, Principal, Sigv4Key};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret, resolve_signing_secret};

/// A key whose secret is still a name.
#[derive(Clone, Debug)]
pub(super) enum KeySpec {
    /// For SigV4.
    Sigv4 {
        secret: String,
        session_token: Option<String>,
        region: Option<String>,
        principal: Principal,
    },
    /// For HS256 tokens.
    Jwt {
        secret: String,
        issuer: Option<String>,
        audience: Option<String>,
        principal: JwtPrincipal,
    },
}

#[derive(Clone, Copy)]
enum Dialect {
    Sigv4,
    Jwt,
}

impl KeySpec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        // The dialect decides which fields there are, so it is read before they are named.
        let any = [
            "dialect",
            "secret",
            "principal",
            "session_token",
            "region",
            "algorithm",
            "issuer",
            "audience",
        ];
        let dialects = [("sigv4", Dialect::Sigv4), ("jwt", Dialect::Jwt)];
        match node.object(&any)?.required("dialect")?.one_of(&dialects)? {
            Dialect::Sigv4 => Self::read_sigv4(node),
            Dialect::Jwt => Self::read_jwt(node),
        }
    }

    fn read_sigv4(node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "secret", "principal", "session_token", "region"])?;
        Ok(Self::Sigv4 {
            secret: fields.required("secret")?.secret_name()?,
            session_token: fields.optional("session_token").map(|n| n.secret_name()).transpose()?,
            region: optional_string(fields.optional("region"))?,
            principal: match read_principal(&fields.required("principal")?, &["user"])? {
                JwtPrincipal::Fixed(principal) => principal,
                JwtPrincipal::Claim(_) => return node.error("has no claims"),
            },
        })
    }

    fn read_jwt(node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields =
            node.object(&["dialect", "secret", "principal", "algorithm", "issuer", "audience"])?;
        fields.required("algorithm")?.one_of(&[("HS256", ())])?;
        Ok(Self::Jwt {
            secret: fields.required("secret")?.secret_name()?,
            issuer: optional_string(fields.optional("issuer"))?,
            audience: optional_string(fields.optional("audience"))?,
            principal: read_principal(&fields.required("principal")?, &["user", "claim"])?,
        })
    }

    /// Whether URLs that it signs may be for any object.
    pub(super) fn signs_for_every_owner(&self) -> bool {
        matches!(self, Self::Sigv4 { principal: Principal::EveryOwner, .. })
    }

    pub(super) fn add_to(
        &self,
        keyring: &mut Keyring,
        id: &str,
        secrets: &Secrets<'_>,
    ) -> Result<(), PolicyError> {
        let place = |field: &str| format!("keys.{id}.{field}");
        match self {
            Self::Sigv4 { secret, session_token, region, principal } => {
                keyring.add_sigv4(Sigv4Key {
                    id: id.to_owned(),
                    secret_access_key: resolve_signing_secret(secrets, secret, place("secret"))?,
                    session_token: session_token
                        .as_ref()
                        .map(|name| resolve_secret(secrets, name, place("session_token")))
                        .transpose()?,
                    region: region.clone(),
                    principal: principal.clone(),
                });
            }
            Self::Jwt { secret, issuer, audience, principal } => keyring.add_jwt(JwtKey {
                id: id.to_owned(),
                secret: resolve_signing_secret(secrets, secret, place("secret"))?,
                issuer: issuer.clone(),
                audience: audience.clone(),
                principal: principal.clone(),
            }),
        }
        Ok(())
    }

    pub(super) fn secret_names(&self, id: &str) -> Vec<(String, String)> {
        let place = |field: &str| format!("keys.{id}.{field}");
        let (secret, session_token) = match self {
            Self::Sigv4 { secret, session_token, .. } => (secret, session_token.as_ref()),
            Self::Jwt { secret, .. } => (secret, None),
        };
        let token = session_token.map(|name| (name.clone(), place("session_token")));
        [(secret.clone(), place("secret"))].into_iter().chain(token).collect()
    }
}

/// `"every-owner"`, `{"user": "alice"}` or `{"claim": "sub"}`.
fn read_principal(node: &Node<'_>, fields: &[&str]) -> Result<JwtPrincipal, PolicyError> {
    if node.is_string() {
        node.one_of(&[("every-owner", ())])?;
        return Ok(JwtPrincipal::Fixed(Principal::EveryOwner));
    }
    let object = node.object(fields)?;
    match (object.optional("user"), object.optional("claim")) {
        (Some(user), None) => Ok(JwtPrincipal::Fixed(Principal::User(user.string()?.to_owned()))),
        (None, Some(claim)) => Ok(JwtPrincipal::Claim(claim.string()?.to_owned())),
        _ => node.error(format!(
            "must be `\"every-owner\"` or an object with one of {}",
            super::reader::quoted_list(fields.iter().copied())
        )),
    }
}

fn optional_string(node: Option<Node<'_>>) -> Result<Option<String>, PolicyError> {
    node.map(|node| node.string().map(str::to_owned)).transpose()
}
