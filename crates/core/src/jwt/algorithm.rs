//! The algorithms that tokens are signed with.

use std::fmt;

use crate::key::{JwtKey, JwtProof};
use crate::public_key::Algorithm;

/// An algorithm of tokens (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl JwtAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in the header parameter `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// What its public keys are used with; HS256 has none.
    pub const fn public_key(self) -> Option<Algorithm> {
        match self {
            Self::Hs256 => None,
            Self::Rs256 => Some(Algorithm::RsaSha256),
            Self::Es256 => Some(Algorithm::EcdsaSha256),
            Self::EdDsa => Some(Algorithm::Ed25519),
        }
    }

    /// The length of each signature in bytes, unless it is the key's. For ES256 it tells the two
    /// numbers side by side from any other form (RFC 7518, section 3.4).
    pub(super) const fn signature_length(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Rs256 => None,
            Self::Es256 | Self::EdDsa => Some(64),
        }
    }

    /// The one that `key` is for; none when it is a public key for something that no token says.
    pub(crate) fn of(key: &JwtKey) -> Option<Self> {
        let wanted = match &key.proof {
            JwtProof::Hs256(_) => None,
            JwtProof::PublicKey(key) => Some(key.algorithm()),
        };
        Self::ALL.into_iter().find(|algorithm| algorithm.public_key() == wanted)
    }
}

impl fmt::Display for JwtAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
