//! What was found out on the way to a decision, for the log and for `explain`.

use crate::acl::Access;
use crate::acl::permission::Owner;
use crate::grant::{Dialect, Grant};
use crate::key::Principal;
use crate::presented::Presented;
use crate::route::Located;
use crate::time::UnixTime;

/// The facts, as far as the request got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// How the credential was presented.
    pub dialect: Option<Dialect>,
    /// The key that it names, or that proved it; proven only when `principal` is there.
    pub key_id: Option<String>,
    /// For whom the request acts.
    pub principal: Option<Principal>,
    /// When its authority ends.
    pub expires_at: Option<UnixTime>,
    /// The route.
    pub route: Option<String>,
    /// The store.
    pub store: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// The key of the object.
    pub key: Option<String>,
    /// The pattern of the access rule; none when no rule fits.
    pub pattern: Option<String>,
    /// Whose the object is.
    pub owner: Option<Owner>,
    /// The ACL of the object.
    pub acl: Option<String>,
    /// By what the request is allowed.
    pub allowed_by: Option<&'static str>,
    /// The clause of the ACL that allows it.
    pub clause: Option<String>,
}

impl Trail {
    pub(crate) fn presented<'r>(&mut self, presented: Presented<'r>) -> Presented<'r> {
        self.dialect = Some(presented.dialect());
        self.key_id = presented.key_id().map(str::to_owned);
        presented
    }

    pub(crate) fn granted<'r>(&mut self, grant: Grant<'r>) -> Grant<'r> {
        self.principal = Some(grant.principal().clone());
        // A dialect whose credentials name no key has it from here on only.
        self.key_id = grant.key_id().map(str::to_owned).or(self.key_id.take());
        self.expires_at = grant.expires_at();
        grant
    }

    pub(crate) fn located<'p, 'r>(&mut self, located: Located<'p, 'r>) -> Located<'p, 'r> {
        let route = located.route();
        self.route = Some(route.name.clone());
        self.store = Some(route.store.name.clone());
        self.bucket = Some(route.bucket.to_string());
        self.key = Some(located.key().to_string());
        self.pattern = located.rule().pattern.map(str::to_owned);
        self.owner = Some(located.rule().owner.clone());
        self.acl = Some(located.rule().acl.to_string());
        located
    }

    pub(crate) fn allowed<'p, 'r>(&mut self, access: Access<'p, 'r>) -> Access<'p, 'r> {
        let allowed = access.allowed();
        self.allowed_by = Some(allowed.by.as_str());
        self.clause = Some(allowed.clause.to_string());
        access
    }
}
