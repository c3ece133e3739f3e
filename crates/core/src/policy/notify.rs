//! `notify`: whom a rule tells of uploads.

use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_secret};
use crate::upload::notice::Notify;
use crate::webhook::{SigningSecret, WebhookUrl};

/// A receiver of webhooks whose secrets are still names.
#[derive(Clone, Debug)]
pub(super) struct NotifySpec {
    url: WebhookUrl,
    secrets: Vec<String>,
}

impl NotifySpec {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, PolicyError> {
        let fields = node.object(&["url", "secrets"])?;
        let url = fields.required("url")?;
        let parsed = WebhookUrl::parse(url.string()?).or_else(|why| url.error(why))?;
        let list = fields.required("secrets")?;
        let mut secrets = Vec::new();
        for node in list.list()? {
            let name = node.secret_name()?;
            if secrets.contains(&name) {
                return node.error("is named twice");
            }
            secrets.push(name);
        }
        if secrets.is_empty() {
            return list.error("must name at least one secret");
        }
        Ok(Self { url: parsed, secrets })
    }

    /// `place` is where the secrets are named.
    pub(super) fn resolve(
        &self,
        secrets: &Secrets<'_>,
        place: &str,
    ) -> Result<Notify, PolicyError> {
        let resolve = |(name, place): (String, String)| {
            let secret = resolve_secret(secrets, &name, place.clone())?;
            SigningSecret::parse(secret.expose())
                .map_err(|why| PolicyError::new(place, format!("secret `{name}` {why}")))
        };
        let secrets =
            self.secret_names(place).into_iter().map(resolve).collect::<Result<_, _>>()?;
        Ok(Notify { url: self.url.clone(), secrets })
    }

    /// The names of the secrets, each with the place that names it.
    pub(super) fn secret_names(&self, place: &str) -> Vec<(String, String)> {
        let named = |(n, name): (usize, &String)| (name.clone(), format!("{place}[{n}]"));
        self.secrets.iter().enumerate().map(named).collect()
    }
}
