//! Which ACL a key has: patterns over key segments, the most specific first.
//!
//! ```text
//! public/*            everything below public/
//! users/{owner}/*     everything below users/alice/, owned by alice
//! logo.svg            this key alone
//! ```
//!
//! Where several patterns fit, segments are compared from the left: a literal one beats
//! `{owner}`, which beats `*`. The order in which rules are written does not matter. A key that
//! no pattern fits is private and the app's. One rule decides about a key; what the others say
//! does not count.

use std::fmt;

use super::canned::CannedAcl;
use super::decision::{Acl, Allowed, AllowedBy, Clause, Owners, allowed_to_list};
use super::grants::Grantee;
use super::permission::{Owner, Permission};
use crate::key::Principal;
use crate::named::Named;

/// Why something is not a pattern, or cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is empty.
    Empty,
    /// `*` stands elsewhere than alone at the end.
    Star,
    /// A brace stands elsewhere than in a segment `{owner}`.
    Placeholder,
    /// `{owner}` occurs twice.
    TwoOwners,
    /// No key of a request can ever fit.
    Unreachable,
    /// The same pattern was given before.
    Duplicate,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "must not be empty; `*` means every key",
            Self::Star => "may have `*` as its last segment only, as in `public/*`",
            Self::Placeholder => {
                "may have braces in a segment `{owner}` only, as in `users/{owner}/*`"
            }
            Self::TwoOwners => "may have one `{owner}` only",
            Self::Unreachable => {
                "must not begin with `/` or have a segment `.` or `..`: patterns begin where keys do"
            }
            Self::Duplicate => "is the same pattern as that of an earlier rule",
        })
    }
}

/// The ACL of a key, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<'p> {
    /// The pattern that fits best; none when none fits.
    pub pattern: Option<&'p str>,
    /// The ACL.
    pub acl: &'p Acl,
    /// Who may see the key in a listing, unless the ACL says so itself.
    pub list: &'p [Grantee],
    /// Whose the object is.
    pub owner: Owner,
    /// Whose the bucket is.
    pub bucket_owner: &'p Owner,
}

impl<'p> Rule<'p> {
    /// By what, if by anything, `principal` has `permission` when its request comes from a page
    /// at `referer`.
    pub fn allows(
        &self,
        permission: Permission,
        principal: &Principal,
        referer: Option<&str>,
    ) -> Option<Allowed<'p>> {
        let owners = Owners { object: &self.owner, bucket: self.bucket_owner };
        let allowed = self.acl.allows(permission, principal, referer, owners).or_else(|| {
            let listing = permission == Permission::List;
            allowed_to_list(self.list, principal, owners).filter(|_| listing)
        });
        match (allowed, principal) {
            // That everyone may says more than that the app may: the answer can be shared.
            (Some(Allowed { by: AllowedBy::Everyone, .. }), _) => allowed,
            (_, Principal::EveryOwner) => {
                Some(Allowed { by: AllowedBy::App, clause: Clause::Ownership })
            }
            _ => allowed,
        }
    }
}

/// The rules of one route.
#[derive(Clone, Debug)]
pub struct AccessRules {
    bucket_owner: Owner,
    pub(super) root: Node,
}

/// The patterns that begin with the same segments.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) literal: Named<Node>,
    pub(super) owner: Option<Box<Node>>,
    pub(super) rest: Option<Leaf>,
    pub(super) exact: Option<Leaf>,
}

/// A pattern that ends here, and what its rule says.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pattern: String,
    acl: Acl,
    list: Vec<Grantee>,
}

/// The ACL of keys that no pattern fits.
static NO_RULE: Acl = Acl::Canned(CannedAcl::Private);

impl AccessRules {
    /// No rules, for a bucket of this owner.
    pub fn new(bucket_owner: Owner) -> Self {
        Self { bucket_owner, root: Node::default() }
    }

    /// Adds a rule: the ACL of the keys that fit `pattern`, and to whom listings may show them.
    ///
    /// # Errors
    /// [`PatternError`] when `pattern` is not one, or is there already.
    pub fn add(
        &mut self,
        pattern: &str,
        acl: impl Into<Acl>,
        list: Vec<Grantee>,
    ) -> Result<(), PatternError> {
        if pattern.is_empty() {
            return Err(PatternError::Empty);
        }
        let (segments, is_rest) = match pattern.strip_suffix('*') {
            Some("") => (None, true),
            Some(before) => (Some(before.strip_suffix('/').ok_or(PatternError::Star)?), true),
            None => (Some(pattern), false),
        };
        if pattern.starts_with('/') || pattern.split('/').any(|s| matches!(s, "." | "..")) {
            return Err(PatternError::Unreachable);
        }
        let mut node = &mut self.root;
        let mut owners = 0;
        for segment in segments.into_iter().flat_map(|text| text.split('/')) {
            node = if segment == "{owner}" {
                owners += 1;
                node.owner.get_or_insert_default()
            } else if segment.contains(['{', '}']) {
                return Err(PatternError::Placeholder);
            } else if segment.contains('*') {
                return Err(PatternError::Star);
            } else {
                node.literal.entry(segment.to_owned())
            };
        }
        if owners > 1 {
            return Err(PatternError::TwoOwners);
        }
        let leaf = if is_rest { &mut node.rest } else { &mut node.exact };
        if leaf.is_some() {
            return Err(PatternError::Duplicate);
        }
        *leaf = Some(Leaf { pattern: pattern.to_owned(), acl: acl.into(), list });
        Ok(())
    }

    /// The rule for `key`.
    pub fn find(&self, key: &str) -> Rule<'_> {
        let (leaf, owner) = self.root.find(Some(key), None).unzip();
        self.rule(leaf, owner.flatten())
    }

    /// The rule of a pattern, or of none, for the keys of one owner.
    pub(super) fn rule<'p>(&'p self, leaf: Option<&'p Leaf>, owner: Option<&str>) -> Rule<'p> {
        Rule {
            pattern: leaf.map(|leaf| leaf.pattern.as_str()),
            acl: leaf.map_or(&NO_RULE, |leaf| &leaf.acl),
            list: leaf.map(|leaf| leaf.list.as_slice()).unwrap_or_default(),
            owner: owner.map_or(Owner::App, |name| Owner::User(name.to_owned())),
            bucket_owner: &self.bucket_owner,
        }
    }
}

impl Node {
    /// `key` is what is left to match: `None` when all segments are used up.
    fn find<'n, 'k>(
        &'n self,
        key: Option<&'k str>,
        owner: Option<&'k str>,
    ) -> Option<(&'n Leaf, Option<&'k str>)> {
        let Some(key) = key else {
            return self.exact.as_ref().map(|leaf| (leaf, owner));
        };
        let (segment, rest) = match key.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (key, None),
        };
        let literal = || self.literal.get(segment)?.find(rest, owner);
        // An empty segment names nobody.
        let owned = || {
            let node = self.owner.as_ref().filter(|_| !segment.is_empty())?;
            node.find(rest, Some(segment))
        };
        let below = || self.rest.as_ref().map(|leaf| (leaf, owner));
        literal().or_else(owned).or_else(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(patterns: &[(&str, CannedAcl)]) -> AccessRules {
        let mut rules = AccessRules::new(Owner::App);
        for (pattern, acl) in patterns {
            rules.add(pattern, *acl, vec![]).unwrap();
        }
        rules
    }

    #[test]
    fn the_most_specific_pattern_wins_in_any_order() {
        let mut patterns = [
            ("*", CannedAcl::AuthenticatedRead),
            ("public/*", CannedAcl::PublicRead),
            ("users/{owner}/*", CannedAcl::Private),
            ("users/{owner}/shared/*", CannedAcl::AuthenticatedRead),
            ("users/guide/*", CannedAcl::PublicRead),
            ("logo.svg", CannedAcl::PublicRead),
        ];
        for _ in 0..patterns.len() {
            patterns.rotate_left(1);
            let rules = rules(&patterns);
            for (key, pattern, owner) in [
                ("public/a/b", "public/*", None),
                ("public/", "public/*", None),
                ("public//a", "public/*", None),
                ("public", "*", None),
                ("publicity/a", "*", None),
                ("users/alice/a.jpg", "users/{owner}/*", Some("alice")),
                ("users/alice/shared/a.jpg", "users/{owner}/shared/*", Some("alice")),
                ("users/alice", "*", None),
                ("users//a.jpg", "*", None),
                ("users/guide/a.jpg", "users/guide/*", None),
                ("logo.svg", "logo.svg", None),
                ("logo.svg/x", "*", None),
            ] {
                let rule = rules.find(key);
                assert_eq!(rule.pattern, Some(pattern), "{key}");
                let owner = owner.map_or(Owner::App, |name| Owner::User(name.into()));
                assert_eq!(rule.owner, owner, "{key}");
            }
        }
    }

    #[test]
    fn what_no_pattern_fits_is_private_and_the_apps() {
        let rule = AccessRules::new(Owner::App);
        let rule = rule.find("anything");
        let private = Acl::Canned(CannedAcl::Private);
        assert_eq!((rule.pattern, rule.acl, rule.owner), (None, &private, Owner::App));
        assert!(rule.list.is_empty());
    }

    #[test]
    fn refuses_what_is_not_a_pattern() {
        for (pattern, error) in [
            ("", PatternError::Empty),
            ("/private/*", PatternError::Unreachable),
            ("a/../b", PatternError::Unreachable),
            ("a*", PatternError::Star),
            ("a/*/b", PatternError::Star),
            ("**", PatternError::Star),
            ("users/{user}/*", PatternError::Placeholder),
            ("u{owner}/*", PatternError::Placeholder),
            ("{owner}/{owner}", PatternError::TwoOwners),
        ] {
            let mut rules = AccessRules::new(Owner::App);
            assert_eq!(rules.add(pattern, CannedAcl::Private, vec![]), Err(error), "{pattern}");
        }
        let mut rules = rules(&[("a/*", CannedAcl::Private)]);
        assert_eq!(rules.add("a/*", CannedAcl::PublicRead, vec![]), Err(PatternError::Duplicate));
    }
}
