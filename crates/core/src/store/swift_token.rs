//! The token of a Swift account, for what no TempURL allows: the manifest of a large object, and
//! to list and remove its segments.
//!
//! | credentials | request | the token |
//! |---|---|---|
//! | v1: TempAuth, Ceph's gateway, Rackspace | `GET` with `X-Auth-User` and `X-Auth-Key` | `X-Auth-Token` |
//! | v3: an application credential of Keystone | `POST …/auth/tokens`, in JSON | `X-Subject-Token` |
//!
//! What else such an answer says is not read: where the account is, the policy knows.
//!
//! Sources: *Auth v1* in the OpenStack Swift documentation; *Authenticating with an application
//! credential* in the Keystone API reference.

use serde_json::json;

use crate::endpoint::Endpoint;
use crate::request::Method;
use crate::secret::Secret;

/// Where tokens are given, and to whom.
#[derive(Clone, Debug)]
pub struct SwiftAuth {
    /// The host.
    pub endpoint: Endpoint,
    /// The path: `/auth/v1.0`, or `/v3` of Keystone.
    pub path: String,
    /// Who asks.
    pub credentials: SwiftCredentials,
}

/// What a token is given for.
#[derive(Clone, Debug)]
pub enum SwiftCredentials {
    /// A user and a key.
    V1 {
        /// The user, such as `shop:media`.
        user: Secret,
        /// The key.
        key: Secret,
    },
    /// An application credential of Keystone.
    V3 {
        /// Its id.
        id: Secret,
        /// Its secret.
        secret: Secret,
    },
}

/// A question for a token.
#[derive(Clone, Debug)]
pub struct TokenCall {
    /// `GET` or `POST`.
    pub method: Method,
    /// The URL, which holds no secret.
    pub url: String,
    /// The headers.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body; empty for `GET`.
    pub body: Secret,
}

impl SwiftAuth {
    /// The question.
    pub fn call(&self) -> TokenCall {
        let Self { endpoint, path, .. } = self;
        match &self.credentials {
            SwiftCredentials::V1 { user, key } => TokenCall {
                method: Method::Get,
                url: format!("{endpoint}{path}"),
                headers: vec![("x-auth-user", user.clone()), ("x-auth-key", key.clone())],
                body: Secret::new(""),
            },
            SwiftCredentials::V3 { id, secret } => {
                let credential = json!({ "id": id.expose(), "secret": secret.expose() });
                let identity = json!({
                    "methods": ["application_credential"],
                    "application_credential": credential,
                });
                TokenCall {
                    method: Method::Post,
                    url: format!("{endpoint}{}/auth/tokens", path.trim_end_matches('/')),
                    headers: vec![("content-type", Secret::new("application/json"))],
                    body: Secret::new(json!({ "auth": { "identity": identity } }).to_string()),
                }
            }
        }
    }

    /// The token that an answer holds: of its status and its headers. None when it is a no.
    pub fn token(
        &self,
        status: u16,
        header: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Secret> {
        let name = match self.credentials {
            SwiftCredentials::V1 { .. } => "x-auth-token",
            SwiftCredentials::V3 { .. } => "x-subject-token",
        };
        let is_success = (200..300).contains(&status);
        header(name).filter(|token| is_success && !token.is_empty()).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(path: &str, credentials: SwiftCredentials) -> SwiftAuth {
        let endpoint = Endpoint::parse("https://auth.example:5000").unwrap();
        SwiftAuth { endpoint, path: path.to_owned(), credentials }
    }

    #[test]
    fn version_1_has_headers() {
        let secret = Secret::new;
        let auth = auth(
            "/auth/v1.0",
            SwiftCredentials::V1 { user: secret("shop:media"), key: secret("k") },
        );
        let call = auth.call();
        assert_eq!(
            (call.method, call.url.as_str()),
            (Method::Get, "https://auth.example:5000/auth/v1.0")
        );
        let headers: Vec<_> = call.headers.iter().map(|(n, v)| (*n, v.expose())).collect();
        assert_eq!(headers, [("x-auth-user", "shop:media"), ("x-auth-key", "k")]);
        assert_eq!(call.body.expose(), "");
        let token = |status, header: Option<&'static str>| {
            let header = header.map(str::to_owned);
            auth.token(status, |name| header.filter(|_| name == "x-auth-token"))
                .map(Secret::into_exposed)
        };
        assert_eq!(token(200, Some("AUTH_tk1")).as_deref(), Some("AUTH_tk1"));
        assert_eq!(token(204, Some("t")).as_deref(), Some("t"));
        for (status, header) in [(401, Some("t")), (200, None), (200, Some(""))] {
            assert_eq!(token(status, header), None, "{status} {header:?}");
        }
        assert!(!format!("{auth:?} {call:?}").contains("shop:media"));
    }

    #[test]
    fn version_3_has_an_application_credential() {
        let secret = Secret::new;
        for path in ["/v3", "/v3/"] {
            let auth = auth(path, SwiftCredentials::V3 { id: secret("i"), secret: secret("s") });
            let call = auth.call();
            assert_eq!(call.method, Method::Post);
            assert_eq!(call.url, "https://auth.example:5000/v3/auth/tokens");
            let body: serde_json::Value = serde_json::from_str(call.body.expose()).unwrap();
            let expected = json!({ "auth": { "identity": {
                "methods": ["application_credential"],
                "application_credential": { "id": "i", "secret": "s" },
            } } });
            assert_eq!(body, expected);
            let named = |name: &str| (name == "x-subject-token").then(|| "gAAAA".to_owned());
            assert_eq!(auth.token(201, named).map(Secret::into_exposed).as_deref(), Some("gAAAA"));
        }
    }
}
