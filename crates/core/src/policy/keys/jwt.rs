//! Keys for JSON Web Tokens.

use crate::jwt::JwtAlgorithm;
use crate::key::{JwtKey, JwtPrincipal, JwtProof};
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_signing_secret};
use crate::public_key::PublicKey;

use super::{optional_string, place, read_principal};

#[derive(Clone, Debug)]
pub(in crate::policy) struct JwtSpec {
    id: String,
    proof: ProofSpec,
    issuer: Option<String>,
    audience: Option<String>,
    cookie: Option<String>,
    principal: JwtPrincipal,
}

/// What proves a signature; a secret is still a name.
#[derive(Clone, Debug)]
enum ProofSpec {
    Secret(String),
    PublicKey(PublicKey),
}

impl JwtSpec {
    pub(super) fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    pub(super) fn principal(&self) -> &JwtPrincipal {
        &self.principal
    }

    pub(super) fn public_key(&self) -> Option<&PublicKey> {
        match &self.proof {
            ProofSpec::Secret(_) => None,
            ProofSpec::PublicKey(key) => Some(key),
        }
    }

    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let algorithms = JwtAlgorithm::ALL.map(|each| (each.as_str(), each.public_key()));
        let algorithm = node.fields()?.required("algorithm")?.one_of(&algorithms)?;
        let key = if algorithm.is_some() { "public_key" } else { "secret" };
        let fields = node.object(&[
            "dialect",
            "algorithm",
            key,
            "issuer",
            "audience",
            "cookie",
            "principal",
        ])?;
        let proof = match algorithm {
            None => ProofSpec::Secret(fields.required(key)?.secret_name()?),
            Some(algorithm) => ProofSpec::PublicKey(fields.required(key)?.public_key(algorithm)?),
        };
        Ok(Self {
            id: id.to_owned(),
            proof,
            issuer: optional_string(fields.optional("issuer"))?,
            audience: optional_string(fields.optional("audience"))?,
            cookie: fields.optional("cookie").map(|node| node.token_name()).transpose()?,
            principal: read_jwt_principal(&fields.required("principal")?)?,
        })
    }

    pub(super) fn resolve(&self, secrets: &Secrets<'_>) -> Result<JwtKey, PolicyError> {
        let proof = match &self.proof {
            ProofSpec::Secret(name) => {
                JwtProof::Hs256(resolve_signing_secret(secrets, name, place(&self.id, "secret"))?)
            }
            ProofSpec::PublicKey(key) => JwtProof::PublicKey(key.clone()),
        };
        Ok(JwtKey {
            id: self.id.clone(),
            proof,
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            cookie: self.cookie.clone(),
            principal: self.principal.clone(),
        })
    }

    pub(super) fn secret_names(&self) -> Vec<(String, String)> {
        match &self.proof {
            ProofSpec::Secret(name) => vec![(name.clone(), place(&self.id, "secret"))],
            ProofSpec::PublicKey(_) => Vec::new(),
        }
    }
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
