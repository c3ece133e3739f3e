//! Things by name, in the order of their names.
//!
//! The tree that finds a name holds places and not the things, so a program has the code of one
//! tree, whatever kinds of things it names. The edge would be a tenth larger otherwise.

use std::collections::BTreeMap;

/// Things by name. Finding one takes logarithmic time.
#[derive(Clone, Debug)]
pub(crate) struct Named<T> {
    /// INVARIANT: each place is one in `things`.
    places: BTreeMap<String, usize>,
    things: Vec<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), things: Vec::new() }
    }
}

impl<T: PartialEq> PartialEq for Named<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for Named<T> {}

impl<T> Named<T> {
    /// Adds a thing, or puts it in the place of the one that has the name. True when none had it.
    pub(crate) fn insert(&mut self, name: String, thing: T) -> bool {
        let place = place(&mut self.places, name);
        let is_new = place == self.things.len();
        match self.things.get_mut(place) {
            Some(there) => *there = thing,
            None => self.things.push(thing),
        }
        is_new
    }

    /// The thing of this name, which is added if there is none.
    #[expect(clippy::indexing_slicing, reason = "places are places in `things`")]
    pub(crate) fn entry(&mut self, name: String) -> &mut T
    where
        T: Default,
    {
        let place = place(&mut self.places, name);
        if place == self.things.len() {
            self.things.push(T::default());
        }
        &mut self.things[place]
    }

    /// Takes the thing of this name away; false when there is none.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let was_there = self.contains(name);
        self.retain(|other, _| other != name);
        was_there
    }

    /// Takes away all but those that are to be kept.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str, &T) -> bool) {
        let Self { places, things } = std::mem::take(self);
        let mut things: Vec<_> = things.into_iter().map(Some).collect();
        for (name, place) in places {
            let thing = things.get_mut(place).and_then(Option::take);
            if let Some(thing) = thing.filter(|thing| keep(&name, thing)) {
                self.insert(name, thing);
            }
        }
    }

    /// The thing of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.things.get(*self.places.get(name)?)
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.things.get_mut(*self.places.get(name)?)
    }

    /// Whether there is something of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The things with their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let places = self.places.iter();
        places.filter_map(|(name, place)| Some((name.as_str(), self.things.get(*place)?)))
    }

    /// The things.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, thing)| thing)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.things.is_empty()
    }
}

/// The place of this name: the next one, if it has none.
fn place(places: &mut BTreeMap<String, usize>, name: String) -> usize {
    let next = places.len();
    *places.entry(name).or_insert(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_by_name_and_told_in_its_order() {
        let mut named = Named::default();
        assert!(named.is_empty() && named.get("a").is_none());
        for (name, thing) in [("b", 1), ("c", 2), ("a", 3), ("c", 4)] {
            named.insert(name.to_owned(), thing);
        }
        *named.entry("d".to_owned()) += 5;
        *named.entry("b".to_owned()) += 6;
        *named.get_mut("a").unwrap() += 7;
        assert_eq!(named.iter().collect::<Vec<_>>(), [("a", &10), ("b", &7), ("c", &4), ("d", &5)]);
        assert_eq!(named.values().copied().sum::<i32>(), 26);
        assert_eq!(named.names().collect::<String>(), "abcd");
        assert_eq!((named.len(), named.get("c"), named.get("e")), (4, Some(&4), None));
        assert!(named.contains("d") && !named.contains("e") && !named.is_empty());
        let whole = named.clone();
        named.retain(|name, thing| name != "b" && *thing < 10);
        assert_eq!(named.iter().collect::<Vec<_>>(), [("c", &4), ("d", &5)]);
        assert_ne!(named, whole);
        named.insert("b".to_owned(), 7);
        named.insert("a".to_owned(), 10);
        assert_eq!(named, whole);
        assert!(named.remove("c") && !named.remove("c"));
        assert_eq!(named.names().collect::<String>(), "abd");
    }
}
