//! Keys that may sign tickets.
//!
//! Every key has an id, and the id alone decides which dialect and algorithm it speaks and for
//! whom it acts. A ticket names a key; it never chooses an algorithm.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// What a viewer acts as once a ticket is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A user of the app.
    User(String),
    /// The app itself, which acts as the owner of every object.
    EveryOwner,
}

/// A SigV4 key; its id is the access key id.
#[derive(Clone, Debug)]
pub struct Sigv4Key {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token that requests must carry, when the key is a temporary one.
    pub session_token: Option<Secret>,
    /// The region that credential scopes must name; any when absent.
    pub region: Option<String>,
    /// For whom it acts.
    pub principal: Principal,
}

/// A JWT key; its id is the `kid`.
#[derive(Clone, Debug)]
pub struct JwtKey {
    /// The `kid`.
    pub id: String,
    /// The HMAC key of HS256.
    pub secret: Secret,
    /// The `iss` that tokens must carry, when one is set.
    pub issuer: Option<String>,
    /// The `aud` that tokens must carry, when one is set.
    pub audience: Option<String>,
    /// For whom it acts.
    pub principal: JwtPrincipal,
}

/// Where a JWT key finds the principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtPrincipal {
    /// In the named claim, the id of a user.
    Claim(String),
    /// The key acts for one principal always.
    Fixed(Principal),
}

/// All live keys.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    sigv4: BTreeMap<String, Sigv4Key>,
    jwt: BTreeMap<String, JwtKey>,
}

impl Keyring {
    /// Adds a SigV4 key.
    pub fn add_sigv4(&mut self, key: Sigv4Key) {
        self.sigv4.insert(key.id.clone(), key);
    }

    /// Adds a JWT key.
    pub fn add_jwt(&mut self, key: JwtKey) {
        self.jwt.insert(key.id.clone(), key);
    }

    /// The SigV4 key with this access key id.
    pub fn sigv4(&self, id: &str) -> Option<&Sigv4Key> {
        self.sigv4.get(id)
    }

    /// The JWT key with this `kid`. A token without `kid` gets the only key, if there is one only.
    pub fn jwt(&self, kid: Option<&str>) -> Option<&JwtKey> {
        match kid {
            Some(kid) => self.jwt.get(kid),
            None if self.jwt.len() == 1 => self.jwt.values().next(),
            None => None,
        }
    }
}
