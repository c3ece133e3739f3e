//! What is installed once for all checkouts: `$CLOAKROOM_CACHE`, by default
//! `$XDG_CACHE_HOME/cloakroom` or `~/.cache/cloakroom`.
//!
//! An item is a folder with a file `complete` in it, which is written last. A folder without
//! that file is what an interrupted installation left behind, and is started afresh. Items are
//! built where they stay, because some (Python environments) cannot be moved.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

const COMPLETE: &str = "complete";

/// The cache folder.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens the cache, creating it when it is not there.
    pub(crate) fn open() -> Result<Self> {
        let root =
            folder(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
                .context("no place for the cache: set CLOAKROOM_CACHE or HOME")?;
        Self::at(root)
    }

    fn at(root: PathBuf) -> Result<Self> {
        fs::create_dir_all(&root)
            .with_context(|| format!("the cache `{}` cannot be created", root.display()))?;
        Ok(Self { root })
    }

    /// The folder of an item that is installed, or none.
    pub(crate) fn installed(&self, item: &str) -> Option<PathBuf> {
        let folder = self.root.join(item);
        folder.join(COMPLETE).is_file().then_some(folder)
    }

    /// Installs an item by `build`, which fills an empty folder, unless it is installed.
    /// Two processes that want the same item wait for each other.
    pub(crate) fn install(
        &self,
        item: &str,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let lock_path = self.root.join(format!("{item}.lock"));
        let lock = File::create(&lock_path)
            .with_context(|| format!("`{}` cannot be written", lock_path.display()))?;
        lock.lock().with_context(|| format!("`{}` cannot be locked", lock_path.display()))?;
        if let Some(folder) = self.installed(item) {
            return Ok(folder);
        }
        let folder = self.root.join(item);
        self.remove(item)?;
        fs::create_dir_all(&folder)
            .with_context(|| format!("`{}` cannot be created", folder.display()))?;
        build(&folder)?;
        fs::write(folder.join(COMPLETE), "")
            .with_context(|| format!("`{}` cannot be written", folder.display()))?;
        Ok(folder)
    }

    /// Removes an item.
    pub(crate) fn remove(&self, item: &str) -> Result<()> {
        let folder = self.root.join(item);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("`{}` cannot be removed", folder.display()))?;
        }
        Ok(())
    }
}

fn folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("CLOAKROOM_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|dir| dir.join("cloakroom")))
        .or_else(|| variable("HOME").map(|dir| dir.join(".cache/cloakroom")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_cache() {
        let check = |set: &[(&str, &str)], expected: Option<&str>| {
            let found = folder(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
            });
            assert_eq!(found, expected.map(PathBuf::from));
        };
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("CLOAKROOM_CACHE", "/c")], Some("/c"));
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")], Some("/x/cloakroom"));
        check(&[("HOME", "/h")], Some("/h/.cache/cloakroom"));
        check(&[], None);
    }

    #[test]
    fn an_interrupted_installation_starts_afresh() {
        let root = env::temp_dir().join(format!("cloakroom-cache-test-{}", std::process::id()));
        let cache = Cache::at(root.clone()).unwrap();
        let interrupted = cache.install("item", |dir| {
            fs::write(dir.join("half"), "")?;
            anyhow::bail!("the power went out")
        });
        assert!(interrupted.is_err());
        assert_eq!(cache.installed("item"), None);
        let folder = cache.install("item", |dir| Ok(fs::write(dir.join("whole"), "")?)).unwrap();
        assert!(!folder.join("half").exists());
        assert!(folder.join("whole").exists());
        let again = cache.install("item", |_| anyhow::bail!("it is there already")).unwrap();
        assert_eq!(again, folder);
        fs::remove_dir_all(root).unwrap();
    }
}
