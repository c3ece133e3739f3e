//! S3 and S3-compatible stores.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret};
use crate::sigv4::Credentials;
use crate::store::{Addressing, S3Store};
use crate::upload::kind::{Clause, Kind};

use super::read_timeout;

#[derive(Clone, Debug)]
pub(in crate::policy) struct S3Spec {
    endpoint: Endpoint,
    region: String,
    pub(super) addressing: Addressing,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    pub(super) lacks: Vec<Lack>,
    timeout: Duration,
}

/// Something that S3 does and a compatible store does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// It does not enforce this.
    Clause(Clause),
    /// It does not take uploads of this kind.
    Kind(Kind),
}

impl Lack {
    /// Its name in a policy.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Clause(clause) => clause.as_str(),
            Self::Kind(kind) => kind.as_str(),
        }
    }
}

fn read_lacks(node: &Node<'_>) -> Result<Vec<Lack>, PolicyError> {
    let clauses = Clause::ALL.map(|(name, clause)| (name, Lack::Clause(clause)));
    let kinds = Kind::ALL.map(|(name, kind)| (name, Lack::Kind(kind)));
    let known = [&clauses[..], &kinds].concat();
    node.each(|node| node.one_of(&known))
}

impl S3Spec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&[
            "kind",
            "endpoint",
            "region",
            "addressing",
            "credentials",
            "lacks",
            "timeout",
        ])?;
        let endpoint = fields.required("endpoint")?;
        let endpoint = Endpoint::parse(endpoint.string()?).or_else(|why| endpoint.error(why))?;
        let region = fields.required("region")?;
        let name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !region.string()?.bytes().all(name) {
            return region.error("must be a region such as `us-east-1`");
        }
        let addressing = match fields.optional("addressing") {
            Some(node) => node.one_of(&[
                ("path", Addressing::Path),
                ("virtual-hosted", Addressing::VirtualHosted),
            ])?,
            None => Addressing::VirtualHosted,
        };
        if endpoint.is_address() && addressing == Addressing::VirtualHosted {
            return node.error(
                "has an address as its endpoint, which has no buckets below it; set `addressing` \
                 to `path`",
            );
        }
        let credentials = fields.required("credentials")?;
        let credentials =
            credentials.object(&["access_key_id", "secret_access_key", "session_token"])?;
        Ok(Self {
            endpoint,
            region: region.string()?.to_owned(),
            addressing,
            access_key_id: credentials.required("access_key_id")?.secret_name()?,
            secret_access_key: credentials.required("secret_access_key")?.secret_name()?,
            session_token: credentials
                .optional("session_token")
                .map(|node| node.secret_name())
                .transpose()?,
            lacks: fields
                .optional("lacks")
                .map(|node| read_lacks(&node))
                .transpose()?
                .unwrap_or_default(),
            timeout: read_timeout(&fields)?,
        })
    }

    pub(in crate::policy) fn may_be_temporary(&self) -> bool {
        self.session_token.is_some()
    }

    pub(in crate::policy) fn resolve(
        &self,
        name: &str,
        secrets: &Secrets<'_>,
    ) -> Result<S3Store, PolicyError> {
        let place = |field: &str| format!("stores.{name}.credentials.{field}");
        let id = resolve_secret(secrets, &self.access_key_id, place("access_key_id"))?;
        Ok(S3Store {
            name: name.to_owned(),
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            addressing: self.addressing,
            credentials: Credentials {
                access_key_id: id.into_exposed(),
                secret_access_key: resolve_secret(
                    secrets,
                    &self.secret_access_key,
                    place("secret_access_key"),
                )?
                .into(),
                // Where credentials are not temporary, there is no token to look up.
                session_token: self
                    .session_token
                    .as_ref()
                    .and_then(|name| resolve_secret(secrets, name, place("session_token")).ok()),
            },
            timeout: self.timeout,
        })
    }

    pub(super) fn secret_names(&self, name: &str) -> Vec<(String, String)> {
        let place = |field: &str| format!("stores.{name}.credentials.{field}");
        let mut names = vec![
            (self.access_key_id.clone(), place("access_key_id")),
            (self.secret_access_key.clone(), place("secret_access_key")),
        ];
        names.extend(self.session_token.clone().map(|token| (token, place("session_token"))));
        names
    }
}
