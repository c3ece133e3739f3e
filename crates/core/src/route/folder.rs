//! Folders: all that is below a path, for tickets that open it whole.

use super::{Entry, LocateError, Route, Routes};
use crate::object::ObjectKey;

/// All objects below a path of a host.
#[derive(Clone, Debug)]
pub struct Folder<'p> {
    /// The route that leads to all of them.
    pub route: &'p Route,
    /// What their keys begin with, location and all.
    pub prefix: String,
}

/// How much of what is at a path is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The one object.
    Object,
    /// Everything below the path.
    Folder,
}

impl Routes {
    /// What is below a decoded path, which ends with `/`, as far as its own route leads there.
    ///
    /// # Errors
    /// [`LocateError`] when none does, or no key can begin so.
    pub fn folder(&self, host: &str, path: &str) -> Result<Folder<'_>, LocateError> {
        let found = self.table.find(host, path).ok_or(LocateError::NoRoute)?;
        let Entry::Served(route) = found.item else { return Err(LocateError::NoRoute) };
        let (_, location) = route.home.fill(&route.bindings(&found))?;
        let prefix = format!("{location}{}", found.rest);
        ObjectKey::new(format!("{prefix}x")).map_err(LocateError::Key)?;
        Ok(Folder { route, prefix })
    }

    /// Whether other routes begin below a decoded path, so that not all there is the folder's.
    pub fn branches_below(&self, host: &str, path: &str) -> bool {
        self.table.branches(host, path)
    }

    /// Whether a decoded path leads to the objects of `route` or nowhere, whichever host is asked:
    /// whether a ticket that does not name a host opens nothing else.
    pub fn is_same_on_every_host(&self, route: &Route, path: &str, extent: Extent) -> bool {
        let is_same = |host: &String| {
            if extent == Extent::Folder && self.table.branches(host, path) {
                return false;
            }
            match self.table.find(host, path).map(|found| found.item) {
                None => true,
                Some(Entry::Served(other)) => other.name == route.name,
                Some(Entry::Elsewhere(_)) => false,
            }
        };
        !route.is_by_host() && self.table.samples().iter().all(is_same)
    }
}
