//! `stores.NAME.auth`: who may ask for tokens of a Swift account, and where.

use crate::endpoint::Endpoint;
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret};
use crate::store::{SwiftAuth, SwiftCredentials};

/// Who asks for tokens, by names of secrets, and where.
#[derive(Clone, Debug)]
pub(super) struct AuthSpec {
    version: Version,
    endpoint: Endpoint,
    path: String,
    /// Of `user` and `key`, or of `id` and `secret`.
    names: [String; 2],
}

#[derive(Clone, Copy, Debug)]
enum Version {
    V1,
    V3,
}

impl Version {
    const ALL: [(&str, Self); 2] = [("v1", Self::V1), ("v3", Self::V3)];

    const fn fields(self) -> [&'static str; 2] {
        match self {
            Self::V1 => ["user", "key"],
            Self::V3 => ["id", "secret"],
        }
    }
}

impl AuthSpec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        // The version decides which fields there are, so it is read before they are named.
        let version = node.fields()?.required("version")?.one_of(&Version::ALL)?;
        let [first, second] = version.fields();
        let fields = node.object(&["version", "url", first, second])?;
        let url = fields.required("url")?;
        let (endpoint, path) = read_url(&url)?;
        if let Version::V3 = version
            && path.trim_end_matches('/').rsplit('/').next() != Some("v3")
        {
            return url.error("must end in `/v3`, as `OS_AUTH_URL` does");
        }
        let name = |field| fields.required(field)?.secret_name();
        Ok(Self { version, endpoint, path, names: [name(first)?, name(second)?] })
    }

    pub(super) fn resolve(
        &self,
        store: &str,
        secrets: &Secrets<'_>,
    ) -> Result<SwiftAuth, PolicyError> {
        let [first, second] =
            self.secret_names(store).map(|(secret, place)| resolve_secret(secrets, &secret, place));
        let (first, second) = (first?, second?);
        Ok(SwiftAuth {
            endpoint: self.endpoint.clone(),
            path: self.path.clone(),
            credentials: match self.version {
                Version::V1 => SwiftCredentials::V1 { user: first, key: second },
                Version::V3 => SwiftCredentials::V3 { id: first, secret: second },
            },
        })
    }

    /// Their names, each with the place that names it.
    pub(super) fn secret_names(&self, store: &str) -> [(String, String); 2] {
        let ([one, other], [first, second]) = (self.version.fields(), &self.names);
        let place = |field| format!("stores.{store}.auth.{field}");
        [(first.clone(), place(one)), (second.clone(), place(other))]
    }
}

/// An endpoint with a path behind it: `https://swift.example/auth/v1.0`.
fn read_url(node: &Node<'_>) -> Result<(Endpoint, String), PolicyError> {
    let text = node.string()?;
    let host = text.find("://").and_then(|at| text.get(at.saturating_add(3)..)).unwrap_or_default();
    let (origin, path) = match host.find('/') {
        Some(slash) => text.split_at(text.len().saturating_sub(host.len()).saturating_add(slash)),
        None => (text, ""),
    };
    let endpoint = Endpoint::parse(origin).or_else(|why| node.error(why))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if path.len() < 2 || !path.bytes().all(is_plain) {
        return node.error(
            "must be a URL with a path, such as `https://swift.example/auth/v1.0` or \
             `https://keystone.example/v3`",
        );
    }
    Ok((endpoint, path.to_owned()))
}
