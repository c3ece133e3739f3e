//! Signing cookies: for a folder, or as the user who asks.

use serde_json::{Map, Value};

use crate::cloudfront::resource::Resource;
use crate::cloudfront::sign::Policy;
use crate::cloudfront::statement::Statement;
use crate::edgeauth::sign::Opens;
use crate::jwt::{JwtAlgorithm, UnsignedJwt, sign};
use crate::key::{JwtKey, JwtProof, Principal};
use crate::lifetime::Lifetime;

use super::Caller;
use super::error::{SignedUrlError, unsignable};
use super::issuer::{Issuer, IssuerKey};
use super::readable::ReadableFolder;
use super::signing::{Draft, Message, Scope, Ticket, Waiting};
use super::url::{sign_token, without_tilde};

impl Issuer {
    /// Signs cookies that open a folder.
    pub(super) fn sign_cookies(
        &self,
        folder: ReadableFolder,
        lifetime: Lifetime,
    ) -> Result<Draft, SignedUrlError> {
        match &self.key {
            IssuerKey::CloudFront { key, .. } => {
                let path = folder.path_as_sent();
                let resource = Resource::parse(&format!("{}{path}*", self.url));
                let Some(resource) = resource else {
                    return unsignable("The folder's path is too long for a cookie.");
                };
                let statement = Statement {
                    resource: Some(resource),
                    expires_at: lifetime.expires_at(),
                    starts_at: None,
                    source_ip: None,
                };
                let policy = Policy::custom(&statement);
                let message = Message::CloudFrontCookies { key: key.clone(), policy, path };
                let scope = Scope::Folder(folder);
                Ok(Draft::Waiting(Box::new(Waiting { message, scope })))
            }
            IssuerKey::EdgeAuth(key) => {
                let path = without_tilde(&folder.path_as_sent());
                let pattern = format!("{path}*");
                let token = sign_token(key, Opens::Acl(&[&pattern]), lifetime)?;
                let cookies = vec![(key.token_name.clone(), token)];
                Ok(Draft::Signed(Box::new(Ticket::cookies(cookies, path, Scope::Folder(folder)))))
            }
            IssuerKey::Sigv4(_) | IssuerKey::TempUrl(_) | IssuerKey::Jwt { .. } => {
                unsignable("This issuer signs no cookies for a folder.")
            }
        }
    }

    /// Signs a token that acts as the user who asks, and opens what that user may read anywhere.
    pub(super) fn sign_token(
        &self,
        key: &JwtKey,
        claim: &str,
        caller: Caller<'_>,
        resource: &str,
        lifetime: Lifetime,
    ) -> Result<Draft, SignedUrlError> {
        let all = format!("{}/*", self.url);
        if resource != all && resource != "/*" {
            return unsignable(format!(
                "A token opens all that you may read, wherever it is: ask for `{all}`."
            ));
        }
        // INVARIANT: the policy has no other such issuer.
        let algorithm = JwtAlgorithm::of(key).ok_or(SignedUrlError::NotSigned)?;
        let name = key.cookie.clone().ok_or(SignedUrlError::NotSigned)?;
        let Principal::User(user) = caller.principal else {
            return unsignable("Only a user gets such a token, and you are the app.");
        };
        let times = [("iat", lifetime.signed_at()), ("exp", lifetime.expires_at())];
        let times = times.map(|(name, time)| (name.to_owned(), Value::from(time.as_secs())));
        let mut claims: Map<String, Value> = times.into_iter().collect();
        claims.insert(claim.to_owned(), user.as_str().into());
        for (name, value) in [("iss", &key.issuer), ("aud", &key.audience)] {
            claims.extend(value.as_deref().map(|value| (name.to_owned(), value.into())));
        }
        let claims = Value::Object(claims);
        Ok(match &key.proof {
            JwtProof::Hs256(secret) => {
                let cookies = vec![(name, sign(&key.id, secret, &claims))];
                Draft::Signed(Box::new(Ticket::cookies(cookies, "/".to_owned(), Scope::Caller)))
            }
            JwtProof::PublicKey(_) => {
                let unsigned = UnsignedJwt::new(algorithm, &key.id, &claims);
                let message = Message::Token { unsigned, name };
                Draft::Waiting(Box::new(Waiting { message, scope: Scope::Caller }))
            }
        })
    }
}
