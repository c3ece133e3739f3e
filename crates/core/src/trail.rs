//! What was found out on the way to a decision, for the log and for `explain`.

use crate::access::Access;
use crate::acl::permission::Owner;
use crate::grant::{Dialect, Grant};
use crate::key::Principal;
use crate::object::ObjectKey;
use crate::presented::Presented;
use crate::route::{Located, LocatedBucket, Place};
use crate::swift_auth::issue::{Issued, TokenAnswer};
use crate::ticket_cookie::exchange::Exchange;
use crate::ticket_id::TicketId;
use crate::time::UnixTime;
use crate::upload::rule::UploadRule;

/// The facts, as far as the request got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// How the credential was presented.
    pub dialect: Option<Dialect>,
    /// The key that it names, or that proved it; proven only when `principal` is there.
    pub key_id: Option<String>,
    /// The ticket, by the name under which it can be revoked.
    pub ticket: Option<TicketId>,
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
    /// What keys of a listing begin with there: the location.
    pub location: Option<String>,
    /// The pattern of the access rule, or the name of the upload rule or the issuer; none when no
    /// rule fits.
    pub pattern: Option<String>,
    /// Whose the object is.
    pub owner: Option<Owner>,
    /// The ACL of the object.
    pub acl: Option<String>,
    /// By what the request is allowed.
    pub allowed_by: Option<&'static str>,
    /// The clause of the ACL that allows it.
    pub clause: Option<String>,
    /// What became of the wish for a cookie: the folder that it is for, or why there is none.
    pub cookie: Option<String>,
}

impl Trail {
    /// The facts that are known, in the order in which they were found, as logs and `explain`
    /// write them.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        // No rule is a fact, too, once the object is found.
        let no_rule =
            || self.acl.as_ref().map(|_| "none fits, so the object is the app's own".to_owned());
        let facts = [
            ("dialect", self.dialect.map(|dialect| dialect.to_string())),
            ("key_id", self.key_id.clone()),
            ("ticket", self.ticket.map(|ticket| ticket.to_string())),
            ("principal", self.principal.as_ref().map(Principal::to_string)),
            ("expires_at", self.expires_at.map(UnixTime::to_rfc3339)),
            ("route", self.route.clone()),
            ("store", self.store.clone()),
            ("bucket", self.bucket.clone()),
            ("key", self.key.clone()),
            ("location", self.location.clone()),
            ("rule", self.pattern.clone().or_else(no_rule)),
            ("owner", self.owner.as_ref().map(Owner::to_string)),
            ("acl", self.acl.clone()),
            ("allowed_by", self.allowed_by.map(str::to_owned)),
            ("clause", self.clause.clone()),
            ("cookie", self.cookie.clone()),
        ];
        facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
    }

    pub(crate) fn presented<'r>(&mut self, presented: Presented<'r>) -> Presented<'r> {
        self.dialect = Some(presented.dialect());
        self.key_id = presented.key_id().map(str::to_owned);
        presented
    }

    pub(crate) fn granted<'r>(&mut self, grant: Grant<'r>) -> Grant<'r> {
        self.dialect = Some(grant.dialect());
        self.principal = Some(grant.principal().clone());
        // A dialect whose credentials name no key has it from here on only.
        self.key_id = grant.key_id().map(str::to_owned);
        self.ticket = grant.ticket();
        self.expires_at = grant.expires_at();
        grant
    }

    /// A token, which its key has sealed.
    pub(crate) fn issued(&mut self, issued: Issued<'_>) -> TokenAnswer {
        self.key_id = Some(issued.key.id.clone());
        self.principal = Some(issued.key.principal.clone());
        self.expires_at = Some(issued.until);
        issued.answer
    }

    /// An upload, which has no route: its rule leads to the object.
    pub(crate) fn ruled(&mut self, rule: &UploadRule, key: &ObjectKey) {
        self.store = Some(rule.destination.store.name().to_owned());
        self.bucket = Some(rule.destination.bucket.to_string());
        self.key = Some(key.to_string());
        self.pattern = Some(rule.name.clone());
    }

    pub(crate) fn located<'p, 'r>(&mut self, located: Located<'p, 'r>) -> Located<'p, 'r> {
        self.placed(located.place());
        located
    }

    pub(crate) fn located_bucket<'r>(&mut self, located: LocatedBucket<'r>) -> LocatedBucket<'r> {
        let bucket = located.bucket();
        self.route = Some(bucket.route().name.clone());
        self.store = Some(bucket.store().name().to_owned());
        self.bucket = Some(bucket.store_bucket().to_string());
        self.location = Some(bucket.location().to_owned()).filter(|location| !location.is_empty());
        located
    }

    /// Where a path leads.
    pub fn placed(&mut self, place: &Place<'_>) {
        self.route = Some(place.route.name.clone());
        self.store = Some(place.source.store.name().to_owned());
        self.bucket = Some(place.source.bucket.to_string());
        self.key = Some(place.source.key.to_string());
        self.pattern = place.rule.pattern.map(str::to_owned);
        self.owner = Some(place.rule.owner.clone());
        self.acl = Some(place.rule.acl.to_string());
    }

    pub(crate) fn exchanged(&mut self, exchange: Exchange) -> Exchange {
        self.cookie = match &exchange {
            Exchange::NotAsked => None,
            Exchange::Set(cookie) => Some(cookie.folder().to_owned()),
            Exchange::Refused(refusal) => Some(refusal.to_string()),
        };
        exchange
    }

    pub(crate) fn allowed<'p, 'r>(&mut self, access: Access<'p, 'r>) -> Access<'p, 'r> {
        let allowed = access.allowed();
        self.allowed_by = Some(allowed.by.as_str());
        self.clause = Some(allowed.clause.to_string());
        access
    }
}
