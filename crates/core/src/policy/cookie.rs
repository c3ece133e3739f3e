//! `cookie`: whether tickets of a route are exchanged for cookies, and for how much.

use crate::named::Named;
use crate::policy::keys::KeySpec;
use crate::policy::reader::{Node, PolicyError};
use crate::policy::{Secrets, resolve_signing_secret};
use crate::route::DeliveryMode;
use crate::ticket_cookie::{CookieKey, DEFAULT_NAME, Scope};

/// A route's cookie whose secret is still a name.
#[derive(Clone, Debug)]
pub(super) struct CookieSpec {
    name: String,
    secret: String,
    scope: Scope,
}

impl CookieSpec {
    pub(super) fn read(
        node: &Node<'_>,
        delivery: DeliveryMode,
        keys: &Named<KeySpec>,
    ) -> Result<Self, PolicyError> {
        let fields = node.object(&["name", "secret", "scope"])?;
        if delivery == DeliveryMode::Redirect {
            return node.error(
                "must not stand beside `deliver: redirect`: what a playlist names is looked for at \
                 the store then, where the cookie does not come along",
            );
        }
        let name = match fields.optional("name") {
            Some(node) => node.token_name()?,
            None => DEFAULT_NAME.to_owned(),
        };
        if let Some((id, _)) = keys.iter().find(|(_, key)| key.cookie() == Some(&name)) {
            return node.error(format!(
                "must have another `name` than `{name}`, which is the cookie of key `{id}`"
            ));
        }
        Ok(Self {
            name,
            secret: fields.required("secret")?.secret_name()?,
            scope: match fields.optional("scope") {
                Some(node) => {
                    node.one_of(&[("ticket", Scope::Ticket), ("folder", Scope::Folder)])?
                }
                None => Scope::Ticket,
            },
        })
    }

    pub(super) fn resolve(
        &self,
        route: &str,
        secrets: &Secrets<'_>,
    ) -> Result<CookieKey, PolicyError> {
        Ok(CookieKey {
            route: route.to_owned(),
            name: self.name.clone(),
            secret: resolve_signing_secret(secrets, &self.secret, place(route))?,
            scope: self.scope,
        })
    }

    /// The name of its secret, with the place that names it.
    pub(super) fn secret_name(&self, route: &str) -> (String, String) {
        (self.secret.clone(), place(route))
    }
}

fn place(route: &str) -> String {
    format!("routes.{route}.cookie.secret")
}
