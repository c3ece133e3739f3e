//! Which keys below a prefix somebody may see in a listing, known from the rules alone.
//!
//! ```text
//! public/*           list: all-users       alice sees   public/
//! users/{owner}/*    list: owner                        users/alice/
//! logo.svg                                 and nothing that begins otherwise
//! ```
//!
//! A key is seen by whoever may list *and* read it. [`AccessRules::scopes`] names the prefixes
//! outside of which nobody need look. Within a scope that is not `whole`, each key has to be
//! asked about; that a key begins with it says nothing yet.

use super::decision::AllowedBy;
use super::permission::Permission;
use super::rules::{AccessRules, Leaf, Node, Rule};
use crate::key::Principal;
use crate::named::Named;

/// Somebody who looks at a listing.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// For whom the request acts.
    pub principal: &'a Principal,
    /// The page that it comes from.
    pub referer: Option<&'a str>,
}

/// A prefix below which keys may be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// What the keys begin with.
    pub prefix: String,
    /// Whether every key that begins so is seen.
    pub is_whole: bool,
}

impl Rule<'_> {
    /// Whether a listing may show the key to `viewer`: who may not read a key does not see it.
    pub fn shows(&self, viewer: Viewer<'_>) -> bool {
        let allows =
            |permission| self.allows(permission, viewer.principal, viewer.referer).is_some();
        allows(Permission::List) && allows(Permission::Read)
    }

    /// By what, if by anything, `principal` may read the key on every page: what a page alone
    /// allows does not count.
    pub fn opens(&self, principal: &Principal) -> Option<AllowedBy> {
        let allowed = self.allows(Permission::Read, principal, None)?;
        Some(allowed.by).filter(|by| *by != AllowedBy::Referrer)
    }
}

impl AccessRules {
    /// The prefixes of all keys that begin with `prefix` and are seen by `viewer`, in order, none
    /// beginning with another.
    ///
    /// ```
    /// # use cloakroom_core::acl::{canned::CannedAcl, grants::Grantee, permission::Owner};
    /// # use cloakroom_core::acl::{rules::AccessRules, scope::{Scope, Viewer}};
    /// # use cloakroom_core::key::Principal;
    /// let mut rules = AccessRules::new(Owner::App);
    /// rules.add("users/{owner}/*", CannedAcl::Private, vec![Grantee::Owner]).unwrap();
    /// let alice = Principal::User("alice".to_owned());
    /// let alice = Viewer { principal: &alice, referer: None };
    /// let own = Scope { prefix: "users/alice/".to_owned(), is_whole: true };
    /// assert_eq!(rules.scopes("", alice), [own.clone()]);
    /// assert_eq!(rules.scopes("users/al", alice), [own]);
    /// assert_eq!(rules.scopes("users/bob/", alice), []);
    /// ```
    pub fn scopes(&self, prefix: &str, viewer: Viewer<'_>) -> Vec<Scope> {
        let mut prefixes = Named::default();
        self.survey(prefix, viewer, |rule, viewer| rule.shows(viewer), &mut |part| {
            if part.is_allowed {
                prefixes.insert(part.text, ());
            }
        });
        let mut scopes: Vec<Scope> = Vec::new();
        for prefix in prefixes.names() {
            if scopes.last().is_none_or(|scope| !prefix.starts_with(&scope.prefix)) {
                let is_whole = self.shows_all(prefix, viewer);
                scopes.push(Scope { prefix: prefix.to_owned(), is_whole });
            }
        }
        scopes
    }

    /// Whether every key that begins with `prefix` is seen by `viewer`.
    fn shows_all(&self, prefix: &str, viewer: Viewer<'_>) -> bool {
        let mut all = true;
        self.survey(prefix, viewer, |rule, viewer| rule.shows(viewer), &mut |part| {
            all &= part.is_allowed
        });
        all
    }

    /// Whether `principal` may read every key that begins with `prefix`, on every page. False also
    /// where the rules alone do not say so.
    ///
    /// ```
    /// # use cloakroom_core::acl::{canned::CannedAcl, permission::Owner, rules::AccessRules};
    /// # use cloakroom_core::key::Principal;
    /// let mut rules = AccessRules::new(Owner::App);
    /// rules.add("users/{owner}/*", CannedAcl::Private, vec![]).unwrap();
    /// let alice = Principal::User("alice".to_owned());
    /// assert!(rules.opens_all("users/alice/2026/", &alice));
    /// assert!(!rules.opens_all("users/", &alice) && !rules.opens_all("users/al", &alice));
    /// ```
    pub fn opens_all(&self, prefix: &str, principal: &Principal) -> bool {
        let viewer = Viewer { principal, referer: None };
        let mut all = true;
        let opens: Question = |rule, viewer| rule.opens(viewer.principal).is_some();
        self.survey(prefix, viewer, opens, &mut |part| all &= part.is_allowed);
        all
    }

    /// Tells of every pattern that may decide about a key that begins with `prefix`, in the order
    /// in which [`AccessRules::find`] tries them, and whether its rule allows what is asked for.
    fn survey(
        &self,
        prefix: &str,
        viewer: Viewer<'_>,
        allows: Question,
        tell: &mut dyn FnMut(Part),
    ) {
        let mut survey = Survey { rules: self, prefix, viewer, allows, tell };
        if !survey.visit(&self.root, &Place::Inside { left: prefix }, None) {
            survey.tell(None, prefix.to_owned(), None);
        }
    }
}

/// What is asked of each rule.
type Question = fn(&Rule<'_>, Viewer<'_>) -> bool;

/// What one pattern says of the keys in question.
struct Part {
    /// What those begin with that it fits.
    text: String,
    /// Whether its rule allows what is asked for.
    is_allowed: bool,
}

struct Survey<'s> {
    rules: &'s AccessRules,
    prefix: &'s str,
    viewer: Viewer<'s>,
    allows: Question,
    tell: &'s mut dyn FnMut(Part),
}

/// How far a pattern has been followed.
enum Place<'s> {
    /// Within the whole segments of the prefix; this is left of it.
    Inside { left: &'s str },
    /// Beyond: to keys that are this text, or go on after a slash.
    Beyond { text: String },
    /// Beyond an owner whom nothing names: all that is known of the keys is the prefix.
    Anywhere,
}

impl<'s> Survey<'s> {
    /// Follows the patterns of a node for the keys of one owner. True when no key gets past it, so
    /// that patterns that are tried later decide about none.
    ///
    /// An owner who is not the viewer is as good as none.
    fn visit(&mut self, node: &Node, place: &Place<'s>, owner: Option<&'s str>) -> bool {
        let is_inside = matches!(place, Place::Inside { .. });
        match place {
            Place::Inside { left } => {
                if self.visit_inside(node, left, owner) {
                    return true;
                }
            }
            Place::Beyond { text } => {
                self.visit_beyond(node, Some(&format!("{text}/")), "", owner);
            }
            Place::Anywhere => self.visit_beyond(node, None, "", owner),
        }
        let text = |end| match place {
            Place::Beyond { text } => format!("{text}{end}"),
            Place::Inside { .. } | Place::Anywhere => self.prefix.to_owned(),
        };
        let (exactly, below) = (text(""), text("/"));
        // A key that ends within the prefix does not begin with it.
        if let Some(leaf) = node.exact.as_ref().filter(|_| !is_inside) {
            self.tell(Some(leaf), exactly, owner);
        }
        if let Some(leaf) = &node.rest {
            self.tell(Some(leaf), below, owner);
        }
        is_inside && node.rest.is_some()
    }

    fn visit_inside(&mut self, node: &Node, left: &'s str, owner: Option<&'s str>) -> bool {
        let Some((segment, rest)) = left.split_once('/') else {
            let base = self.prefix.strip_suffix(left).unwrap_or_default();
            self.visit_beyond(node, Some(base), left, owner);
            return false;
        };
        let place = Place::Inside { left: rest };
        let literal = node.literal.get(segment);
        let owned = node.owner.as_ref().filter(|_| !segment.is_empty());
        literal.is_some_and(|node| self.visit(node, &place, owner))
            || owned.is_some_and(|node| self.visit(node, &place, Some(segment)))
    }

    /// Goes on to the segments that begin with `start`, after keys that begin with `base`.
    fn visit_beyond(
        &mut self,
        node: &Node,
        base: Option<&str>,
        start: &str,
        owner: Option<&'s str>,
    ) {
        let place = |segment: &str| match base {
            Some(base) => Place::Beyond { text: format!("{base}{segment}") },
            None => Place::Anywhere,
        };
        for (segment, node) in node.literal.iter().filter(|(segment, _)| segment.starts_with(start))
        {
            self.visit(node, &place(segment), owner);
        }
        if let Some(node) = &node.owner {
            if let Some(viewer) = self.viewer_as_segment().filter(|id| id.starts_with(start)) {
                self.visit(node, &place(viewer), Some(viewer));
            }
            self.visit(node, &Place::Anywhere, None);
        }
    }

    /// The viewer's id, where it can be a segment of a key.
    fn viewer_as_segment(&self) -> Option<&'s str> {
        match self.viewer.principal {
            Principal::User(id) if !id.is_empty() && !id.contains('/') => Some(id),
            _ => None,
        }
    }

    fn tell(&mut self, leaf: Option<&Leaf>, text: String, owner: Option<&str>) {
        let is_allowed = (self.allows)(&self.rules.rule(leaf, owner), self.viewer);
        (self.tell)(Part { text, is_allowed });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::acl::canned::CannedAcl;
    use crate::acl::decision::Acl;
    use crate::acl::grants::{AclGrant, Granted, Grantee};
    use crate::acl::permission::Owner;
    use crate::acl::swift::{ContainerAcl, ContainerHeader, SwiftAcl};

    fn rules(rules: &[(&str, CannedAcl, &[Grantee])]) -> AccessRules {
        let mut all = AccessRules::new(Owner::App);
        for (pattern, acl, list) in rules {
            all.add(pattern, *acl, list.to_vec()).unwrap();
        }
        all
    }

    fn check(rules: &AccessRules, user: Option<&str>, prefix: &str, expected: &[(&str, bool)]) {
        let principal = user.map_or(Principal::Anonymous, |user| Principal::User(user.to_owned()));
        let scopes = rules.scopes(prefix, Viewer { principal: &principal, referer: None });
        let scopes: Vec<_> =
            scopes.iter().map(|scope| (scope.prefix.as_str(), scope.is_whole)).collect();
        assert_eq!(scopes, expected, "{user:?} {prefix:?}");
    }

    #[test]
    fn names_what_is_listed_and_read_and_no_more() {
        let site = rules(&[
            ("*", CannedAcl::Private, &[]),
            ("public/*", CannedAcl::PublicRead, &[Grantee::AllUsers]),
            ("unlisted/*", CannedAcl::PublicRead, &[]),
            ("unread/*", CannedAcl::Private, &[Grantee::AllUsers]),
            ("members/*", CannedAcl::AuthenticatedRead, &[Grantee::AuthenticatedUsers]),
            ("users/{owner}/*", CannedAcl::Private, &[Grantee::Owner]),
            ("logo.svg", CannedAcl::PublicRead, &[Grantee::AllUsers]),
        ]);
        let everyone = [("logo.svg", false), ("public/", true)];
        check(&site, None, "", &everyone);
        check(
            &site,
            Some("alice"),
            "",
            &[("logo.svg", false), ("members/", true), ("public/", true), ("users/alice/", true)],
        );
        check(&site, Some("alice"), "users/", &[("users/alice/", true)]);
        check(&site, Some("alice"), "users/alice", &[("users/alice/", true)]);
        check(&site, Some("alice"), "users/alice/2026/", &[("users/alice/2026/", true)]);
        check(&site, Some("alice"), "users/alice2", &[]);
        check(&site, Some("alice"), "users/bob/", &[]);
        check(&site, Some("a/b"), "users/", &[]);
        check(&site, None, "users/", &[]);
        check(&site, None, "unlisted/", &[]);
        check(&site, None, "unread/", &[]);
        check(&site, None, "pub", &[("public/", true)]);
        check(&site, None, "public/x", &[("public/x", true)]);
    }

    #[test]
    fn an_owner_whom_nothing_names_hides_what_follows() {
        let site = rules(&[
            ("{owner}/*", CannedAcl::Private, &[Grantee::Owner]),
            ("{owner}/public/*", CannedAcl::PublicRead, &[Grantee::AllUsers]),
            ("guide/*", CannedAcl::PublicRead, &[Grantee::AllUsers]),
            ("guide/draft.txt", CannedAcl::Private, &[]),
        ]);
        check(&site, Some("alice"), "", &[("", false)]);
        check(&site, Some("alice"), "alice/", &[("alice/", true)]);
        check(&site, Some("alice"), "bob/", &[("bob/public/", true)]);
        check(&site, Some("alice"), "bob/private/", &[]);
        check(&site, None, "guide/", &[("guide/", false)]);
        check(&site, None, "guide/x/", &[("guide/x/", true)]);
    }

    #[test]
    fn the_app_sees_all() {
        let rules = rules(&[("users/{owner}/*", CannedAcl::Private, &[])]);
        let app = Viewer { principal: &Principal::EveryOwner, referer: None };
        for prefix in ["", "users/", "users/bob/", "x"] {
            let whole = Scope { prefix: prefix.to_owned(), is_whole: true };
            assert_eq!(rules.scopes(prefix, app), [whole]);
        }
    }

    pub(crate) fn segment() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "ab", "b", "", "alice", "bob"]).prop_map(str::to_owned)
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = prop_oneof![3 => segment(), 1 => Just("{owner}".to_owned())];
        let parts = prop::collection::vec(part, 0..4);
        (parts, any::<bool>()).prop_map(|(mut parts, is_rest)| {
            if is_rest {
                parts.push("*".to_owned());
            }
            parts.join("/")
        })
    }

    fn grantees() -> impl Strategy<Value = Vec<Grantee>> {
        let known = vec![
            Grantee::AllUsers,
            Grantee::AuthenticatedUsers,
            Grantee::Owner,
            Grantee::BucketOwner,
            Grantee::User("bob".to_owned()),
        ];
        prop::collection::vec(prop::sample::select(known), 0..3)
    }

    prop_compose! {
        pub(crate) fn any_rules()(
            bucket_owner in prop::sample::select(vec![Owner::App, Owner::User("bob".to_owned())]),
            rules in prop::collection::vec((pattern(), grantees(), grantees()), 0..6),
        ) -> AccessRules {
            let mut all = AccessRules::new(bucket_owner);
            for (pattern, readers, list) in rules {
                let grant = |to| AclGrant { to, granted: Granted::Read };
                let acl = Acl::Grants(
                    readers.into_iter().map(grant).collect(),
                );
                // Some are no patterns, or there already.
                let _ = all.add(&pattern, acl, list);
            }
            all
        }
    }

    pub(crate) fn any_principal() -> impl Strategy<Value = Principal> {
        let user = |id: &str| Principal::User(id.to_owned());
        let all = vec![
            Principal::Anonymous,
            Principal::EveryOwner,
            user("alice"),
            user("bob"),
            user("a"),
            user("a/b"),
        ];
        prop::sample::select(all)
    }

    #[test]
    fn opens_all_is_what_the_rules_say_of_every_key() {
        let mut site = rules(&[
            ("public/*", CannedAcl::PublicRead, &[]),
            ("members/*", CannedAcl::AuthenticatedRead, &[]),
            ("users/{owner}/*", CannedAcl::Private, &[]),
            ("users/{owner}/drafts/notes.txt", CannedAcl::Private, &[]),
            ("users/alice/sealed/*", CannedAcl::BucketOwnerRead, &[]),
            ("public/hidden/*", CannedAcl::Private, &[]),
        ]);
        for (pattern, read) in [
            ("shop/*", ".r:.shop.example,acme"),
            ("thieves/*", ".r:*,.r:-thief.example"),
            ("open/*", ".r:*"),
        ] {
            let read = ContainerAcl::parse(read, ContainerHeader::Read).unwrap();
            let acl = SwiftAcl { read, write: ContainerAcl::default() };
            site.add(pattern, Acl::Swift(acl), vec![]).unwrap();
        }
        for (user, prefix, expected) in [
            ("bob", "users/bob/", true),
            // A rule that names nobody's folder makes some of it the app's.
            ("alice", "users/alice/", false),
            ("alice", "users/alice/2026/", true),
            ("bob", "users/bob", false),
            ("alice", "users/", false),
            ("alice", "", false),
            ("bob", "users/alice/", false),
            ("alice", "public/", false),
            ("alice", "public/art/", true),
            ("alice", "members/", true),
            ("acme:bob", "shop/", true),
            ("alice", "shop/", false),
            ("alice", "thieves/", false),
            ("alice", "open/", true),
            ("alice", "nowhere/", false),
        ] {
            let user = Principal::User(user.to_owned());
            assert_eq!(site.opens_all(prefix, &user), expected, "{user} {prefix}");
        }
        assert!(site.opens_all("", &Principal::EveryOwner));
        assert!(!site.opens_all("users/alice/", &Principal::Anonymous));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn what_opens_all_opens_each(
            rules in any_rules(),
            principal in any_principal(),
            segments in prop::collection::vec(segment(), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let key = segments.join("/");
            let prefix = key.get(..cut.index(key.len() + 1)).unwrap();
            if rules.opens_all(prefix, &principal) {
                prop_assert!(rules.find(&key).opens(&principal).is_some(), "{prefix} {key}");
            }
        }

        #[test]
        fn scopes_cover_what_is_seen_and_whole_ones_nothing_else(
            rules in any_rules(),
            principal in any_principal(),
            segments in prop::collection::vec(segment(), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let viewer = Viewer { principal: &principal, referer: None };
            let key = segments.join("/");
            let prefix = key.get(..cut.index(key.len() + 1)).unwrap();
            let scopes = rules.scopes(prefix, viewer);
            let around = |text: &str| {
                let scope = scopes.iter().find(|scope| text.starts_with(&scope.prefix));
                scope.map(|scope| scope.is_whole)
            };
            for scope in &scopes {
                prop_assert!(scope.prefix.starts_with(prefix));
            }
            let is_seen = rules.find(&key).shows(viewer);
            match around(&key) {
                None => prop_assert!(!is_seen, "outside of all scopes: {key}"),
                Some(true) => prop_assert!(is_seen, "in a whole scope: {key}"),
                Some(false) => {}
            }
            let in_order = |pair: &[Scope]| {
                let [a, b] = pair else { return false };
                a.prefix < b.prefix && !b.prefix.starts_with(&a.prefix)
            };
            prop_assert!(scopes.windows(2).all(in_order));
        }
    }
}
