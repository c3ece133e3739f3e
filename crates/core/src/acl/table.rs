//! Who may do what: a rule asked on behalf of everybody whom it names.

use std::fmt;

use super::canned::CannedAcl;
use super::decision::Acl;
use super::grants::{AclGrant, Grantee};
use super::permission::{Owner, Permission};
use super::referrer::Hosts;
use super::rules::Rule;
use super::swift::Item;
use crate::key::Principal;

/// Somebody whom a rule may let in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Everyone, without a credential and without a Referer.
    Everyone,
    /// Every user.
    AnyUser,
    /// Viewers of pages of these hosts, as a referrer designation writes them.
    PagesOf(String),
    /// The users of an account of Swift, and the user whose id is the account.
    Account(String),
    /// One user.
    User(String),
    /// The bucket's owner, when it is a user.
    BucketOwner(String),
    /// The object's owner, when it is a user.
    Owner(String),
    /// The app.
    App,
}

impl Who {
    /// Its kind, as JSON names it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::AnyUser => "any_user",
            Self::PagesOf(_) => "pages_of",
            Self::Account(_) => "account",
            Self::User(_) => "user",
            Self::BucketOwner(_) => "bucket_owner",
            Self::Owner(_) => "owner",
            Self::App => "app",
        }
    }

    /// Its name, when it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Everyone | Self::AnyUser | Self::App => None,
            Self::PagesOf(name)
            | Self::Account(name)
            | Self::User(name)
            | Self::BucketOwner(name)
            | Self::Owner(name) => Some(name),
        }
    }

    /// The principal and the Referer that stand for it.
    fn example(&self) -> (Principal, Option<String>) {
        match self {
            Self::Everyone => (Principal::Anonymous, None),
            // No credential proves an empty id, so no rule means this user in particular.
            Self::AnyUser => (Principal::User(String::new()), None),
            Self::PagesOf(hosts) => {
                let below = if hosts.starts_with('.') { "any" } else { "" };
                let host = if hosts == "*" { "any.invalid" } else { hosts.as_str() };
                (Principal::Anonymous, Some(format!("https://{below}{host}/")))
            }
            Self::Account(account) => (Principal::User(format!("{account}:")), None),
            Self::User(user) | Self::BucketOwner(user) | Self::Owner(user) => {
                (Principal::User(user.clone()), None)
            }
            Self::App => (Principal::EveryOwner, None),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::AnyUser => f.write_str("every signed-in user"),
            Self::PagesOf(hosts) => write!(f, "pages of {hosts}"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::User(user) => write!(f, "user {user}"),
            Self::BucketOwner(user) => write!(f, "bucket owner {user}"),
            Self::Owner(user) => write!(f, "owner {user}"),
            Self::App => f.write_str("the app"),
        }
    }
}

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub who: Who,
    /// What, in the order of [`Permission::ALL`].
    pub may: Vec<Permission>,
}

impl Rule<'_> {
    /// What each may do whom the rule knows: everyone, every user, those that it names, the
    /// owners, the app.
    pub fn table(&self) -> Vec<Row> {
        let permissions = Permission::ALL.into_iter().map(|(_, permission)| permission);
        let row = |who: Who| {
            let (principal, referer) = who.example();
            let may = permissions.clone().filter(|permission| {
                self.allows(*permission, &principal, referer.as_deref()).is_some()
            });
            Row { may: may.collect(), who }
        };
        self.everybody().into_iter().map(row).collect()
    }

    /// All who have `permission`.
    pub fn holders(&self, permission: Permission) -> Vec<Who> {
        let rows = self.table().into_iter().filter(|row| row.may.contains(&permission));
        rows.map(|row| row.who).collect()
    }

    /// Each once, in order.
    fn everybody(&self) -> Vec<Who> {
        let mut all = vec![Who::Everyone, Who::AnyUser, Who::App];
        let mut add = |who: Who| {
            if let Err(place) = all.binary_search(&who) {
                all.insert(place, who);
            }
        };
        for grantee in self.grants().iter().map(|grant| &grant.to).chain(self.list) {
            if let Grantee::User(user) = grantee {
                add(Who::User(user.clone()));
            }
        }
        if let Acl::Swift(acl) = self.acl {
            let items = acl.read.items().iter().chain(acl.write.items());
            items.filter_map(named_by).for_each(&mut add);
        }
        if let Owner::User(user) = &self.owner {
            add(Who::Owner(user.clone()));
        }
        if let Owner::User(user) = self.bucket_owner {
            add(Who::BucketOwner(user.clone()));
        }
        all
    }

    fn grants(&self) -> &[AclGrant] {
        match self.acl {
            Acl::Canned(acl) => CannedAcl::grants(*acl),
            Acl::Grants(grants) => grants,
            Acl::Swift(_) => &[],
        }
    }
}

fn named_by(item: &Item) -> Option<Who> {
    match item {
        Item::Referrer(designation) if designation.hosts == Hosts::Any => {
            Some(Who::PagesOf("*".to_owned()))
        }
        Item::Referrer(designation) => Some(Who::PagesOf(designation.hosts.to_string())),
        Item::Group(user) if user.contains(':') => Some(Who::User(user.clone())),
        Item::Group(account) => Some(Who::Account(account.clone())),
        Item::Listings => None,
    }
}
