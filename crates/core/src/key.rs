//! Keys that may sign tickets.
//!
//! Every key has an id, and the id alone decides which dialect and algorithm it speaks and for
//! whom it acts. A ticket names a key; it never chooses an algorithm.

use std::fmt;
use std::sync::Arc;

use crate::crypto::Hash;
use crate::encoding::prefixes_of;
use crate::named::Named;
use crate::public_key::PublicKey;
use crate::revocation::Revocations;
use crate::secret::Secret;
use crate::sigv4::signing_key::SecretAccessKey;
use crate::ticket_cookie::CookieKey;

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

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(user) => write!(f, "user {user}"),
            Self::EveryOwner => f.write_str("every owner"),
        }
    }
}

/// A SigV4 key; its id is the access key id.
#[derive(Clone, Debug)]
pub struct Sigv4Key {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret_access_key: SecretAccessKey,
    /// The session token that requests must carry, when the key is a temporary one.
    pub session_token: Option<Secret>,
    /// The regions of which credential scopes must name one; any when there are none.
    pub regions: Vec<String>,
    /// For whom it acts.
    pub principal: Principal,
}

/// A JWT key; its id is the `kid`.
#[derive(Clone, Debug)]
pub struct JwtKey {
    /// The `kid`.
    pub id: String,
    /// What proves a signature.
    pub proof: JwtProof,
    /// The `iss` that tokens must carry, when one is set.
    pub issuer: Option<String>,
    /// The `aud` that tokens must carry, when one is set.
    pub audience: Option<String>,
    /// The cookie that may carry the token in place of the `Authorization` header.
    pub cookie: Option<String>,
    /// For whom it acts.
    pub principal: JwtPrincipal,
}

/// What proves a token's signature.
#[derive(Clone, Debug)]
pub enum JwtProof {
    /// The HMAC key of HS256.
    Hs256(Secret),
    /// The public key of RS256, ES256 or EdDSA.
    PublicKey(PublicKey),
}

/// Where a JWT key finds the principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtPrincipal {
    /// In the named claim, the id of a user.
    Claim(String),
    /// The key acts for one principal always.
    Fixed(Principal),
}

/// A Swift TempURL key. Tickets do not name it; it is found by the path that they are for.
#[derive(Clone, Debug)]
pub struct TempUrlKey {
    /// Its id in the policy, for logs.
    pub id: String,
    /// The key.
    pub secret: Secret,
    /// The account or container that it opens: a path that begins and ends with `/`.
    pub path: String,
    /// The hashes that it may be used with.
    pub digests: Vec<Hash>,
    /// For whom it acts.
    pub principal: Principal,
}

/// A key for Swift's authentication; its id is the user's name.
#[derive(Clone, Debug)]
pub struct SwiftKey {
    /// The user, as `X-Auth-User` says it: `acme:bob`.
    pub id: String,
    /// The key. It seals tokens, too.
    pub secret: Secret,
    /// Where the account's containers are: a path that begins and ends with `/`.
    pub path: String,
    /// For whom it acts.
    pub principal: Principal,
}

/// A CloudFront key; its id is the `Key-Pair-Id`.
#[derive(Clone, Debug)]
pub struct CloudFrontKey {
    /// The `Key-Pair-Id`.
    pub id: String,
    /// The public key, RSA or P-256.
    pub public_key: PublicKey,
    /// For whom it acts.
    pub principal: Principal,
}

/// An Akamai EdgeAuth key. Tokens do not name it; it is found by the name of the parameter,
/// cookie or header that they stand in.
#[derive(Clone, Debug)]
pub struct EdgeAuthKey {
    /// Its id in the policy, for logs.
    pub id: String,
    /// The name that tokens stand under, in lower case: `__token__`, `hdnts` or `hdntl`, say.
    pub token_name: String,
    /// The key in hexadecimal digits, as Akamai hands it out.
    pub secret: Secret,
    /// The salt, which tokens never show.
    pub salt: Option<Secret>,
    /// The hash: SHA-256, SHA-1 or MD5.
    pub algorithm: Hash,
    /// Whether ip, id, data and url are escaped before they are signed.
    pub escape_early: bool,
    /// For whom it acts.
    pub principal: Principal,
}

/// A key that signs tickets in URLs, whatever its dialect.
#[derive(Clone, Copy)]
pub struct TicketKey<'a> {
    /// For whom it acts.
    pub principal: &'a Principal,
    /// What its signatures depend on. It is secret, but for CloudFront.
    pub(crate) proof: [&'a [u8]; 2],
}

fn bytes_of(secret: Option<&Secret>) -> &[u8] {
    secret.map(|secret| secret.expose().as_bytes()).unwrap_or_default()
}

/// All live keys.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    sigv4: Named<Sigv4Key>,
    jwt: Named<JwtKey>,
    jwt_cookies: Named<()>,
    /// By path.
    tempurl: Named<Vec<TempUrlKey>>,
    /// The path of each, by its id.
    tempurl_paths: Named<String>,
    swift: Named<SwiftKey>,
    cloudfront: Named<CloudFrontKey>,
    /// By token name.
    edgeauth: Named<Vec<EdgeAuthKey>>,
    /// The token name of each, by its id.
    edgeauth_names: Named<String>,
    /// By the name of the cookie.
    ticket_cookies: Named<Vec<Arc<CookieKey>>>,
    revocations: Revocations,
}

impl Keyring {
    /// Adds a SigV4 key.
    pub fn add_sigv4(&mut self, key: Sigv4Key) {
        self.sigv4.insert(key.id.clone(), key);
    }

    /// Adds a JWT key.
    pub fn add_jwt(&mut self, key: JwtKey) {
        if let Some(name) = &key.cookie {
            self.jwt_cookies.insert(name.clone(), ());
        }
        self.jwt.insert(key.id.clone(), key);
    }

    /// Adds a TempURL key.
    pub fn add_tempurl(&mut self, key: TempUrlKey) {
        self.tempurl_paths.insert(key.id.clone(), key.path.clone());
        self.tempurl.entry(key.path.clone()).push(key);
    }

    /// Adds a key for Swift's authentication.
    pub fn add_swift(&mut self, key: SwiftKey) {
        self.swift.insert(key.id.clone(), key);
    }

    /// Adds a CloudFront key.
    pub fn add_cloudfront(&mut self, key: CloudFrontKey) {
        self.cloudfront.insert(key.id.clone(), key);
    }

    /// Adds an EdgeAuth key.
    pub fn add_edgeauth(&mut self, key: EdgeAuthKey) {
        self.edgeauth_names.insert(key.id.clone(), key.token_name.clone());
        self.edgeauth.entry(key.token_name.clone()).push(key);
    }

    /// Adds what seals the cookies of a route.
    pub fn add_ticket_cookie(&mut self, key: Arc<CookieKey>) {
        self.ticket_cookies.entry(key.name.clone()).push(key);
    }

    /// Takes back what has been revoked, and nothing else.
    pub fn revoke(&mut self, revocations: Revocations) {
        self.revocations = revocations;
    }

    /// What has been revoked.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
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

    /// Whether a cookie of this name may carry a JWT.
    pub fn is_jwt_cookie(&self, name: &str) -> bool {
        self.jwt_cookies.contains(name)
    }

    /// The TempURL keys that may sign for a decoded path, those of the longest path first.
    pub fn tempurl(&self, path: &str) -> impl Iterator<Item = &TempUrlKey> {
        prefixes_of(path).filter_map(|prefix| self.tempurl.get(prefix)).flatten()
    }

    /// The key of this user for Swift's authentication.
    pub fn swift(&self, user: &str) -> Option<&SwiftKey> {
        self.swift.get(user)
    }

    /// Whether there is any key for Swift's authentication.
    pub fn has_swift(&self) -> bool {
        !self.swift.is_empty()
    }

    /// Whether the headers in which Swift's clients send a token have a meaning: whether there is a
    /// key whose tokens stand there.
    pub fn takes_auth_tokens(&self) -> bool {
        self.has_swift() || !self.jwt.is_empty()
    }

    /// The CloudFront key with this `Key-Pair-Id`.
    pub fn cloudfront(&self, id: &str) -> Option<&CloudFrontKey> {
        self.cloudfront.get(id)
    }

    /// Whether there is any CloudFront key.
    pub fn has_cloudfront(&self) -> bool {
        !self.cloudfront.is_empty()
    }

    /// What may have sealed a cookie of this name that a ticket was exchanged for.
    pub fn ticket_cookies(&self, name: &str) -> &[Arc<CookieKey>] {
        self.ticket_cookies.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The key with this id, when it is one that signs tickets in URLs. The ids of a policy are
    /// of all dialects together.
    pub fn ticket(&self, id: &str) -> Option<TicketKey<'_>> {
        if let Some(key) = self.sigv4.get(id) {
            let secret = key.secret_access_key.secret().expose().as_bytes();
            let proof = [secret, bytes_of(key.session_token.as_ref())];
            return Some(TicketKey { principal: &key.principal, proof });
        }
        if let Some(key) = self.cloudfront.get(id) {
            return Some(TicketKey {
                principal: &key.principal,
                proof: [key.public_key.spki(), &[]],
            });
        }
        if let Some(path) = self.tempurl_paths.get(id) {
            let key = self.tempurl.get(path)?.iter().find(|key| key.id == id)?;
            let proof = [key.secret.expose().as_bytes(), &[]];
            return Some(TicketKey { principal: &key.principal, proof });
        }
        let name = self.edgeauth_names.get(id)?;
        let key = self.edgeauth.get(name)?.iter().find(|key| key.id == id)?;
        let proof = [key.secret.expose().as_bytes(), bytes_of(key.salt.as_ref())];
        Some(TicketKey { principal: &key.principal, proof })
    }

    /// The EdgeAuth keys whose tokens have this name; none when the name is not one of a token.
    pub fn edgeauth(&self, token_name: &str) -> &[EdgeAuthKey] {
        self.edgeauth.get(token_name).map(Vec::as_slice).unwrap_or_default()
    }
}
