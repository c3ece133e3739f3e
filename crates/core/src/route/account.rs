//! Routes as Swift's clients see them: the containers of an account.
//!
//! ```text
//! GET /v1/AUTH_acme                 the account
//! GET /v1/AUTH_acme/photos          path /v1/AUTH_acme/photos/    the container `photos`
//! GET /v1/AUTH_acme/photos/a.jpg                                  an object in it
//! ```
//!
//! A Swift client is who sends `X-Auth-Token`, or the parameter `format`, which S3 has not. Whoever
//! signs with SigV4 is none.

use super::{RouteBucket, Routes};
use crate::grant::Grant;
use crate::object::decode_path;
use crate::request::Request;

/// What a path names that is no object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Resource {
    /// An account, with the path that its containers are below.
    Account(String),
    /// A container.
    Container,
}

impl Resource {
    fn parse(raw: &str) -> Option<Self> {
        let path = decode_path(raw).ok()?;
        let rest = path.strip_prefix("/v1/")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        match rest.split_once('/') {
            None if rest.is_empty() => None,
            None => Some(Self::Account(format!("/v1/{rest}/"))),
            Some((account, name)) if account.is_empty() || name.is_empty() => None,
            Some((_, name)) if name.contains('/') => None,
            Some(_) => Some(Self::Container),
        }
    }
}

/// Whether a proven request is for a container, as Swift's clients ask for one.
pub(super) fn is_for_container(grant: &Grant<'_>) -> bool {
    is_of_swift(grant) && Resource::parse(grant.request().path()) == Some(Resource::Container)
}

fn is_of_swift(grant: &Grant<'_>) -> bool {
    let has_format = || grant.request().query().pairs().any(|(name, _)| name == "format");
    !grant.dialect().is_sigv4() && (grant.dialect().is_auth_token() || has_format())
}

impl Routes {
    /// Whether a proven request is for an account, as Swift's clients ask for one.
    pub fn is_for_account(&self, grant: &Grant<'_>) -> bool {
        let resource = Resource::parse(grant.request().path());
        is_of_swift(grant) && matches!(resource, Some(Resource::Account(_)))
    }

    /// The containers of the account that a request is for, in order of their names. None when
    /// no route is below its path.
    pub fn containers(&self, request: &Request<'_>) -> Option<Vec<RouteBucket>> {
        let Some(Resource::Account(path)) = Resource::parse(request.path()) else { return None };
        if !self.table.branches(request.host(), &path) {
            return None;
        }
        // What a placeholder stands for is not known.
        let names = self.table.segments_below(request.host(), &path).into_iter();
        let bucket = |name| self.bucket(request.host(), format!("{path}{name}/")).ok();
        Some(names.filter_map(bucket).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_an_account_a_container_or_an_object() {
        let account = |path: &str| Some(Resource::Account(path.to_owned()));
        for (path, expected) in [
            ("/v1/AUTH_acme", account("/v1/AUTH_acme/")),
            ("/v1/AUTH_acme/", account("/v1/AUTH_acme/")),
            ("/v1/AUTH%5Facme", account("/v1/AUTH_acme/")),
            ("/v1/AUTH_acme/photos", Some(Resource::Container)),
            ("/v1/AUTH_acme/photos/", Some(Resource::Container)),
            ("/v1/AUTH_acme/my%20photos", Some(Resource::Container)),
            ("/v1/AUTH_acme/photos/a.jpg", None),
            ("/v1/AUTH_acme/photos//", None),
            ("/v1/AUTH_acme//", None),
            ("/v1/AUTH_acme%2Fphotos", None),
            ("/v1//photos", None),
            ("/v1/", None),
            ("/v1", None),
            ("/", None),
            ("/v2/AUTH_acme", None),
            ("/media/photos", None),
        ] {
            assert_eq!(Resource::parse(path), expected, "{path}");
        }
    }
}
