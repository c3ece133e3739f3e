//! Keys for CloudFront signed URLs and cookies.

use crate::key::{CloudFrontKey, Principal};
use crate::policy::reader::{Node, PolicyError};
use crate::public_key::{Algorithm, PublicKey};

use super::read_principal;

#[derive(Clone, Debug)]
pub(in crate::policy) struct CloudFrontSpec {
    id: String,
    public_key: PublicKey,
    principal: Principal,
}

const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RSA-SHA1", Algorithm::RsaSha1),
    ("RSA-SHA256", Algorithm::RsaSha256),
    ("ECDSA-SHA1", Algorithm::EcdsaSha1),
    ("ECDSA-SHA256", Algorithm::EcdsaSha256),
];

impl CloudFrontSpec {
    pub(super) fn read(id: &str, node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["dialect", "algorithm", "public_key", "principal"])?;
        let algorithm = fields.required("algorithm")?.one_of(&ALGORITHMS)?;
        Ok(Self {
            id: id.to_owned(),
            public_key: fields.required("public_key")?.public_key(algorithm)?,
            principal: read_principal(&fields.required("principal")?)?,
        })
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    pub(super) fn resolve(&self) -> CloudFrontKey {
        CloudFrontKey {
            id: self.id.clone(),
            public_key: self.public_key.clone(),
            principal: self.principal.clone(),
        }
    }
}
