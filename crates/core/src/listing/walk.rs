//! The way through a store's listing: what to ask next, and what of the answers may be shown.
//!
//! The store's keys lie in order. Everything up to a *position* is dealt with; beyond it, only the
//! scopes of the viewer are of interest (see [`scope`](crate::acl::scope)). So the next question is
//! always about the first of these:
//!
//! | keys are | asked for |
//! |---|---|
//! | not put together | the keys of the first scope |
//! | put together, and all scopes lie in one group | whether there is a key in it that is seen |
//! | put together, and they do not | keys and groups of what the scopes have in common |
//!
//! A group that the store names is shown at once when everything in it is seen, passed over when
//! nothing can be, and looked into otherwise: it is shown when a key is found in it that is seen.
//! So the name of a folder is never told for the sake of keys that are hidden.

use std::collections::VecDeque;

use super::answer::{Item, StorePage};
use super::query::MAX_KEYS;
use crate::acl::scope::Scope;

/// How often the store is asked for one page. A listing that finds little among much that is
/// hidden goes on with the next one.
pub(super) const MAX_QUESTIONS: u32 = 8;

/// Enough to see that there is something, where everything may be seen.
const A_FEW: usize = 10;

/// What the viewer may see.
pub(super) trait Sight {
    /// Whether it may see a key.
    fn shows(&self, key: &str) -> bool;

    /// The prefixes of all keys that begin with `prefix` and that it may see.
    fn scopes(&self, prefix: &str) -> Vec<Scope>;
}

/// A request for one page of the store's listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// What keys begin with.
    pub(super) prefix: String,
    /// Up to where keys are put together; empty when they are not.
    pub(super) delimiter: String,
    /// The position to go on from.
    pub(super) after: Option<String>,
    /// The most entries.
    pub(super) max_keys: usize,
}

/// A walk as far as it has come.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    prefix: String,
    delimiter: String,
    max_keys: usize,
    position: String,
    shown: Vec<Item>,
    /// What the store has said and was not looked at yet.
    heard: VecDeque<Item>,
    /// The prefix that is through when all that was heard is.
    through: Option<String>,
    /// The group that is looked into.
    group: Option<String>,
    asked: u32,
    max_questions: u32,
    /// The text before which the walk ends.
    end: Option<String>,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the store, and tell the walk what it [says](Walk::hear).
    Ask(Question),
    /// The page is done.
    Done {
        /// Keys and groups, in order.
        shown: Vec<Item>,
        /// Where the next page begins, if there may be one.
        next: Option<Onward>,
    },
}

/// Where a page ends that is not the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Onward {
    /// The position.
    pub(super) position: String,
    /// The entry that it is right behind. None when it is among keys that are hidden, and then
    /// nobody may read the position.
    pub(super) shown: Option<String>,
}

/// The store says what it was not asked, so that the walk would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Astray;

/// The position behind every key that begins with `prefix`.
pub(super) fn end_of(prefix: &str) -> String {
    // No character is greater, and no key that people use begins so.
    format!("{prefix}{}", char::MAX)
}

/// The group that a key or prefix is put into.
pub(super) fn group_of<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    let rest = key.strip_prefix(prefix).filter(|_| !delimiter.is_empty())?;
    let at = rest.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

impl Walk {
    /// Sets out from behind `position`.
    pub(super) fn new(
        prefix: String,
        delimiter: String,
        max_keys: usize,
        position: Option<String>,
    ) -> Self {
        Self {
            prefix,
            delimiter,
            max_keys,
            position: position.unwrap_or_default(),
            shown: Vec::new(),
            heard: VecDeque::new(),
            through: None,
            group: None,
            asked: 0,
            max_questions: MAX_QUESTIONS,
            end: None,
        }
    }

    /// This walk, for which the store is asked so often at most.
    #[must_use]
    pub(super) fn asking(self, max_questions: u32) -> Self {
        Self { max_questions, ..self }
    }

    /// This walk, up to what is not less than `end`.
    #[must_use]
    pub(super) fn up_to(self, end: Option<String>) -> Self {
        Self { end, ..self }
    }

    /// Goes on as far as is possible without asking.
    pub(super) fn next(&mut self, sight: &dyn Sight) -> Step {
        if self.max_keys == 0 {
            return self.done(None);
        }
        loop {
            while self.group.is_none()
                && let Some(item) = self.heard.pop_front()
            {
                if self.is_behind(&item) {
                    continue;
                }
                if self.ends_at(item.text()) {
                    return self.done(None);
                }
                match &item {
                    Item::Object(object) if sight.shows(&object.key) => {}
                    Item::Object(object) => {
                        self.position.clone_from(&object.key);
                        continue;
                    }
                    Item::Group(group) => match sight.scopes(group).as_slice() {
                        [] => {
                            self.position = end_of(group);
                            continue;
                        }
                        [scope] if scope.is_whole && scope.prefix == *group => {}
                        _ => {
                            self.group = Some(group.clone());
                            continue;
                        }
                    },
                }
                if self.is_full() {
                    return self.done(self.after_last_shown());
                }
                self.show(item);
            }
            if self.group.is_none()
                && let Some(prefix) = self.through.take()
            {
                self.position = end_of(&prefix);
            }
            match self.question(sight) {
                _ if self.ends_at(self.group.as_ref().unwrap_or(&self.position)) => {
                    return self.done(None);
                }
                None if self.group.take().is_some() => {}
                None => return self.done(None),
                Some(_) if self.is_full() => return self.done(self.after_last_shown()),
                Some(_) if self.asked == self.max_questions => {
                    return self.done(self.after_position());
                }
                Some(question) => {
                    self.asked += 1;
                    return Step::Ask(question);
                }
            }
        }
    }

    /// Hears what the store says to a question.
    ///
    /// # Errors
    /// [`Astray`] when it names keys that were not asked for, or there are to be more behind none.
    pub(super) fn hear(
        &mut self,
        question: &Question,
        page: StorePage,
        sight: &dyn Sight,
    ) -> Result<(), Astray> {
        let mut items = page.items;
        if items.iter().any(|item| !item.text().starts_with(&question.prefix)) {
            return Err(Astray);
        }
        items.retain(|item| !self.is_behind(item));
        if items.is_empty() && page.is_truncated {
            return Err(Astray);
        }
        let through = (!page.is_truncated).then(|| question.prefix.clone());
        let Some(group) = &self.group else {
            self.heard = items.into();
            self.through = through;
            return Ok(());
        };
        let is_seen = items.iter().any(|item| match item {
            Item::Object(object) => sight.shows(&object.key),
            Item::Group(_) => false,
        });
        if is_seen {
            self.show(Item::Group(group.clone()));
            self.group = None;
        } else if let Some(prefix) = through {
            self.position = end_of(&prefix);
        } else if let Some(item) = items.last() {
            self.position = item.text().to_owned();
        }
        Ok(())
    }

    /// The next question; none when nothing is left to ask about, of the group or at all.
    fn question(&mut self, sight: &dyn Sight) -> Option<Question> {
        let within = self.group.as_deref().unwrap_or(&self.prefix);
        let scopes = sight.scopes(within);
        let is_left = |scope: &&Scope| self.position < end_of(&scope.prefix);
        let mut left = scopes.iter().filter(is_left);
        let Some(first) = left.next() else {
            if let Some(group) = &self.group {
                self.position = end_of(group);
            }
            return None;
        };
        let common = left
            .next_back()
            .map_or(first.prefix.as_str(), |last| common_prefix(&first.prefix, &last.prefix));
        if self.group.is_none() {
            self.group = group_of(common, &self.prefix, &self.delimiter).map(str::to_owned);
        }
        let (prefix, delimiter) = match &self.group {
            // A longer delimiter may begin in what the scopes have in common.
            None if self.delimiter.chars().nth(1).is_some() => {
                (self.prefix.as_str(), self.delimiter.clone())
            }
            None if !self.delimiter.is_empty() => (common, self.delimiter.clone()),
            _ => (first.prefix.as_str(), String::new()),
        };
        // One more than is wanted tells whether there are more.
        let wanted = (self.max_keys - self.shown.len()).saturating_add(1).min(MAX_KEYS);
        let max_keys = match &self.group {
            _ if !first.is_whole || prefix != first.prefix => MAX_KEYS,
            Some(_) => A_FEW,
            None => wanted,
        };
        let after = (self.position.as_str() > prefix).then(|| self.position.clone());
        Some(Question { prefix: prefix.to_owned(), delimiter, after, max_keys })
    }

    fn is_behind(&self, item: &Item) -> bool {
        match item {
            Item::Object(object) => object.key <= self.position,
            Item::Group(prefix) => end_of(prefix) <= self.position,
        }
    }

    fn ends_at(&self, text: &str) -> bool {
        self.end.as_deref().is_some_and(|end| text >= end)
    }

    fn is_full(&self) -> bool {
        self.shown.len() >= self.max_keys
    }

    fn show(&mut self, item: Item) {
        self.position = position_behind(&item);
        self.shown.push(item);
    }

    /// From the last entry on.
    fn after_last_shown(&self) -> Option<Onward> {
        let last = self.shown.last()?;
        Some(Onward { position: position_behind(last), shown: Some(last.text().to_owned()) })
    }

    /// From here on.
    fn after_position(&self) -> Option<Onward> {
        let position = self.position.clone();
        let last = self.shown.last().filter(|last| position_behind(last) == position);
        Some(Onward { shown: last.map(|last| last.text().to_owned()), position })
    }

    fn done(&mut self, next: Option<Onward>) -> Step {
        Step::Done { shown: std::mem::take(&mut self.shown), next }
    }
}

fn position_behind(item: &Item) -> String {
    match item {
        Item::Object(object) => object.key.clone(),
        Item::Group(prefix) => end_of(prefix),
    }
}

/// What two texts begin with.
fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    let length = same.map(|(char, _)| char.len_utf8()).sum();
    a.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::acl::canned::CannedAcl;
    use crate::acl::grants::Grantee;
    use crate::acl::permission::Owner;
    use crate::acl::rules::AccessRules;
    use crate::acl::scope::Viewer;
    use crate::acl::scope::tests::{any_principal, any_rules, segment};
    use crate::key::Principal;
    use crate::listing::answer::Object;

    struct Eyes<'a> {
        rules: &'a AccessRules,
        principal: &'a Principal,
    }

    impl Eyes<'_> {
        fn viewer(&self) -> Viewer<'_> {
            Viewer { principal: self.principal, referer: None }
        }
    }

    impl Sight for Eyes<'_> {
        fn shows(&self, key: &str) -> bool {
            self.rules.find(key).shows(self.viewer())
        }

        fn scopes(&self, prefix: &str) -> Vec<Scope> {
            self.rules.scopes(prefix, self.viewer())
        }
    }

    fn item(key: &str) -> Item {
        Item::Object(Object { key: key.to_owned(), ..Object::default() })
    }

    /// What a store with these keys says, `page` entries at a time at most.
    fn answer(keys: &BTreeSet<String>, question: &Question, page: usize) -> StorePage {
        let mut items: BTreeMap<String, Item> = BTreeMap::new();
        for key in keys.iter().filter(|key| key.starts_with(&question.prefix)) {
            if question.after.as_ref().is_some_and(|after| key <= after) {
                continue;
            }
            match group_of(key, &question.prefix, &question.delimiter) {
                Some(group) => items.insert(group.to_owned(), Item::Group(group.to_owned())),
                None => items.insert(key.clone(), item(key)),
            };
        }
        let max = question.max_keys.min(page);
        let is_truncated = items.len() > max;
        StorePage { items: items.into_values().take(max).collect(), is_truncated }
    }

    struct Heard {
        /// The entries of each page.
        pages: Vec<Vec<String>>,
        /// What the store was asked.
        questions: Vec<(String, String)>,
        /// The positions that were among hidden keys.
        sealed: usize,
    }

    struct Asked<'a> {
        prefix: &'a str,
        delimiter: &'a str,
        max_keys: usize,
        store_page: usize,
    }

    fn walk(sight: &dyn Sight, keys: &BTreeSet<String>, asked: &Asked<'_>) -> Heard {
        let mut heard = Heard { pages: Vec::new(), questions: Vec::new(), sealed: 0 };
        let mut position = None;
        for _ in 0..1000 {
            let (prefix, delimiter) = (asked.prefix.to_owned(), asked.delimiter.to_owned());
            let mut walk = Walk::new(prefix, delimiter, asked.max_keys, position);
            let (shown, next) = loop {
                match walk.next(sight) {
                    Step::Ask(question) => {
                        let page = answer(keys, &question, asked.store_page);
                        walk.hear(&question, page, sight).unwrap();
                        heard.questions.push((question.prefix, question.delimiter));
                    }
                    Step::Done { shown, next } => break (shown, next),
                }
            };
            assert!(shown.len() <= asked.max_keys);
            heard.pages.push(shown.iter().map(|item| item.text().to_owned()).collect());
            let Some(next) = next else { return heard };
            heard.sealed += usize::from(next.shown.is_none());
            if let Some(shown) = &next.shown {
                assert_eq!(shown, heard.pages.last().unwrap().last().unwrap());
            }
            position = Some(next.position);
        }
        panic!("the listing does not end");
    }

    /// What is seen, put together as S3 does.
    fn expected(sight: &dyn Sight, keys: &BTreeSet<String>, asked: &Asked<'_>) -> Vec<String> {
        let seen = keys.iter().filter(|key| key.starts_with(asked.prefix) && sight.shows(key));
        let entries =
            seen.map(|key| group_of(key, asked.prefix, asked.delimiter).unwrap_or(key).to_owned());
        entries.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn site() -> AccessRules {
        let mut rules = AccessRules::new(Owner::App);
        let everyone = vec![Grantee::AllUsers];
        rules.add("public/*", CannedAcl::PublicRead, everyone.clone()).unwrap();
        rules.add("users/{owner}/*", CannedAcl::Private, vec![Grantee::Owner]).unwrap();
        rules.add("teams/{owner}/*", CannedAcl::Private, vec![Grantee::Owner]).unwrap();
        rules.add("teams/{owner}/open/*", CannedAcl::PublicRead, everyone).unwrap();
        rules
    }

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    const ASKED: Asked<'static> =
        Asked { prefix: "", delimiter: "", max_keys: 1000, store_page: 1000 };

    #[test]
    fn looks_only_where_something_may_be_seen() {
        let (rules, alice) = (site(), Principal::User("alice".to_owned()));
        let eyes = Eyes { rules: &rules, principal: &alice };
        let keys = keys(&[
            "members/1",
            "private/1",
            "public/1",
            "users/alice/1",
            "users/bob/1",
            "users/carol/1",
        ]);
        let asked = Asked { prefix: "users/", delimiter: "/", ..ASKED };
        let heard = walk(&eyes, &keys, &asked);
        assert_eq!(heard.pages, [["users/alice/"]]);
        assert_eq!(heard.questions, [("users/alice/".to_owned(), String::new())]);
        let heard = walk(&eyes, &keys, &Asked { prefix: "users/bob/", ..ASKED });
        assert_eq!((heard.pages, heard.questions), (vec![Vec::<String>::new()], vec![]));
    }

    #[test]
    fn names_no_folder_for_the_sake_of_hidden_keys() {
        let (rules, alice) = (site(), Principal::User("alice".to_owned()));
        let eyes = Eyes { rules: &rules, principal: &alice };
        let keys = keys(&["teams/bob/1", "teams/carol/1", "teams/carol/open/1", "users/bob/1"]);
        for (prefix, shown) in
            [("teams/", vec!["teams/carol/"]), ("", vec!["teams/"]), ("teams/bob/", vec![])]
        {
            let heard = walk(&eyes, &keys, &Asked { prefix, delimiter: "/", ..ASKED });
            assert_eq!(heard.pages.concat(), shown, "{prefix}");
        }
    }

    #[test]
    fn the_store_is_not_asked_without_end() {
        let (rules, nobody) = (site(), Principal::Anonymous);
        let eyes = Eyes { rules: &rules, principal: &nobody };
        let mut all: BTreeSet<_> = (0..100).map(|n| format!("teams/bob/{n}")).collect();
        all.insert("teams/zoe/open/1".to_owned());
        let heard = walk(&eyes, &all, &Asked { prefix: "teams/", store_page: 5, ..ASKED });
        assert_eq!(heard.pages.concat(), ["teams/zoe/open/1"]);
        assert_eq!((heard.pages.len(), heard.sealed), (3, 2));
        assert_eq!(heard.questions.len(), 21);
    }

    #[test]
    fn a_store_that_goes_astray_is_not_followed() {
        let (rules, app) = (site(), Principal::EveryOwner);
        let eyes = Eyes { rules: &rules, principal: &app };
        for (items, is_truncated) in
            [(vec![item("b/1")], false), (vec![], true), (vec![item("a/0")], true)]
        {
            let mut walk = Walk::new("a/".to_owned(), String::new(), 10, Some("a/0".to_owned()));
            let Step::Ask(question) = walk.next(&eyes) else { panic!("nothing is asked") };
            let page = StorePage { items, is_truncated };
            assert_eq!(walk.hear(&question, page, &eyes), Err(Astray));
        }
    }

    fn any_keys() -> impl Strategy<Value = BTreeSet<String>> {
        let segment = prop_oneof![
            segment(),
            prop::sample::select(vec!["public", "teams", "open", "é", "\u{FFFD}"])
                .prop_map(str::to_owned),
        ];
        let key = prop::collection::vec(segment, 1..5).prop_map(|segments| segments.join("/"));
        let key = key.prop_filter("keys are not empty", |key| !key.is_empty());
        prop::collection::btree_set(key, 0..40)
    }

    /// As a client of Swift goes on: behind the last name, until a page has none.
    fn walk_by_names(
        sight: &dyn Sight,
        keys: &BTreeSet<String>,
        asked: &Asked<'_>,
        end: Option<&str>,
    ) -> Vec<String> {
        let (mut names, mut position) = (Vec::new(), None);
        loop {
            let (prefix, delimiter) = (asked.prefix.to_owned(), asked.delimiter.to_owned());
            let mut walk = Walk::new(prefix, delimiter, asked.max_keys, position)
                .asking(u32::MAX)
                .up_to(end.map(str::to_owned));
            let (shown, next) = loop {
                match walk.next(sight) {
                    Step::Ask(question) => {
                        let page = answer(keys, &question, asked.store_page);
                        walk.hear(&question, page, sight).unwrap();
                    }
                    Step::Done { shown, next } => break (shown, next),
                }
            };
            assert!(next.is_none() || shown.len() == asked.max_keys, "a page is not full");
            let Some(last) = shown.last() else { return names };
            position = Some(position_behind(last));
            names.extend(shown.iter().map(|item| item.text().to_owned()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn names_alone_lead_through_what_is_seen(
            rules in prop_oneof![any_rules(), Just(site())],
            principal in any_principal(),
            keys in any_keys(),
            end in prop::option::of(any::<prop::sample::Index>()),
            delimiter in prop::sample::select(vec!["", "/"]),
            (max_keys, store_page) in (1..12_usize, 2..12_usize),
        ) {
            let eyes = Eyes { rules: &rules, principal: &principal };
            let end = end.and_then(|end| keys.iter().nth(end.index(keys.len().max(1))));
            let end = end.map(String::as_str);
            let asked = Asked { prefix: "", delimiter, max_keys, store_page };
            let mut expected = expected(&eyes, &keys, &asked);
            expected.retain(|name| end.is_none_or(|end| name.as_str() < end));
            prop_assert_eq!(walk_by_names(&eyes, &keys, &asked, end), expected);
        }

        #[test]
        fn pages_of_any_size_add_up_to_what_is_seen(
            rules in prop_oneof![any_rules(), Just(site())],
            principal in any_principal(),
            keys in any_keys(),
            cut in any::<prop::sample::Index>(),
            delimiter in prop::sample::select(vec!["", "/", "a", "b/"]),
            max_keys in 1..12_usize,
            store_page in 2..12_usize,
        ) {
            let eyes = Eyes { rules: &rules, principal: &principal };
            let around = keys.iter().nth(cut.index(keys.len().max(1))).cloned().unwrap_or_default();
            let cuts = around.char_indices().map(|(at, _)| around.get(..at).unwrap());
            let cuts: Vec<_> = cuts.chain([""]).collect();
            let prefix = cut.get(&cuts);
            let asked = Asked { prefix, delimiter, max_keys, store_page };
            let heard = walk(&eyes, &keys, &asked);
            prop_assert_eq!(heard.pages.concat(), expected(&eyes, &keys, &asked));
        }
    }
}
