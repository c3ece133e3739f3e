//! `keys`: who may sign tickets, and for whom.

use crate::key::{JwtKey, JwtPrincipal, Keyring, Principal, Sigv4Key};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret, resolve_signing_secret};

/// A key whose secret is still a name.
#[derive(Clone, Debug)]
pub(super) enum KeySpec {
    Sigv4(Sigv4Spec),
    Jwt(JwtSpec),
}

/// A key for SigV4.
#[derive(Clone, Debug)]
pub(super) struct Sigv4Spec {
    id: String,
    secret: String,
    session_token: Option<String>,
    region: Option<String>,
    pub(super) principal: Principal,
}

/// A key for HS256 tokens.
#[derive(Clone, Debug)]
pub(super) struct JwtSpec {
    id: String,
    secret: String,
    issuer: Option<String>,
    audience: Option<String>,
    principal: JwtPrincipal,
}

#[derive(Clone, Copy)]
enum Dialect {
    Sigv4,
    Jwt,
}

impl KeySpec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
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
            Dialect::Sigv4 => Sigv4Spec::read(id, node).map(Self::Sigv4),
            Dialect::Jwt => JwtSpec::read(id, node).map(Self::Jwt),
        }
    }

    pub(super) fn add_to(
        &self,
        keyring: &mut Keyring,
        secrets: &Secrets<'_>,
    ) -> Result<(), PolicyError> {
        match self {
            Self::Sigv4(spec) => keyring.add_sigv4(spec.resolve(secrets)?),
            Self::Jwt(spec) => keyring.add_jwt(spec.resolve(secrets)?),
        }
        Ok(())
    }

    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        match self {
            Self::Sigv4(spec) => {
                let secret = (spec.secret.clone(), place(&spec.id, "secret"));
                let token = spec.session_token.clone();
                let token = token.map(|name| (name, place(&spec.id, "session_token")));
                [secret].into_iter().chain(token).collect()
            }
            Self::Jwt(spec) => vec![(spec.secret.clone(), place(&spec.id, "secret"))],
        }
    }
}

impl Sigv4Spec {
    fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "secret", "principal", "session_token", "region"])?;
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            session_token: fields.optional("session_token").map(|n| n.secret_name()).transpose()?,
            region: optional_string(fields.optional("region"))?,
            principal: read_principal(&fields.required("principal")?)?,
        })
    }

    pub(super) fn resolve(&self, secrets: &Secrets<'_>) -> Result<Sigv4Key, PolicyError> {
        let token = self.session_token.as_ref();
        let token =
            token.map(|name| resolve_secret(secrets, name, place(&self.id, "session_token")));
        Ok(Sigv4Key {
            id: self.id.clone(),
            secret_access_key: resolve_signing_secret(
                secrets,
                &self.secret,
                place(&self.id, "secret"),
            )?,
            session_token: token.transpose()?,
            region: self.region.clone(),
            principal: self.principal.clone(),
        })
    }
}

impl JwtSpec {
    fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields =
            node.object(&["dialect", "secret", "principal", "algorithm", "issuer", "audience"])?;
        fields.required("algorithm")?.one_of(&[("HS256", ())])?;
        Ok(Self {
            id: id.to_owned(),
            secret: fields.required("secret")?.secret_name()?,
            issuer: optional_string(fields.optional("issuer"))?,
            audience: optional_string(fields.optional("audience"))?,
            principal: read_jwt_principal(&fields.required("principal")?)?,
        })
    }

    fn resolve(&self, secrets: &Secrets<'_>) -> Result<JwtKey, PolicyError> {
        Ok(JwtKey {
            id: self.id.clone(),
            secret: resolve_signing_secret(secrets, &self.secret, place(&self.id, "secret"))?,
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            principal: self.principal.clone(),
        })
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

/// As any principal, or `{"claim": "sub"}`.
fn read_jwt_principal(node: &Node<'_>) -> Result<JwtPrincipal, PolicyError> {
    if node.is_string() {
        return read_principal(node).map(JwtPrincipal::Fixed);
    }
    let object = node.object(&["user", "claim"])?;
    match (object.optional("user"), object.optional("claim")) {
        (Some(_), None) => read_principal(node).map(JwtPrincipal::Fixed),
        (None, Some(claim)) => Ok(JwtPrincipal::Claim(claim.string()?.to_owned())),
        _ => node.error("must be `\"every-owner\"` or an object with one of `user` or `claim`"),
    }
}

fn optional_string(node: Option<Node<'_>>) -> Result<Option<String>, PolicyError> {
    node.map(|node| node.string().map(str::to_owned)).transpose()
}
