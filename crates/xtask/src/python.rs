//! Python environments with pinned packages, in the cache.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::cache::Cache;
use crate::checkout::find_program;
use crate::command::Run;
use crate::debian;
use crate::progress::Step;

/// The oldest Python that the packages run on.
const OLDEST: (u32, u32) = (3, 9);

/// An environment that has the packages of a requirements file. Another one is made when the
/// file or the version of Python changes.
pub(crate) fn environment(
    cache: &Cache,
    name: &str,
    requirements: &Path,
    step: &Step,
) -> Result<PathBuf> {
    let text = fs::read_to_string(requirements)
        .with_context(|| format!("`{}` cannot be read", requirements.display()))?;
    let (python, version) = match find() {
        Some(found) => found,
        None => {
            debian::install(&["python3", "python3-venv"], step)
                .with_context(|| format!("Python {}.{} or newer is missing", OLDEST.0, OLDEST.1))?;
            find().context("Python was installed but cannot be found")?
        }
    };
    let mut hasher = DefaultHasher::new();
    (&text, &version).hash(&mut hasher);
    let item = format!("python-{name}-{:016x}", hasher.finish());
    if let Some(folder) = cache.installed(&item) {
        // The Python that it points to may have been removed.
        if Run::new(folder.join("bin/python"))?.args(["--version"]).output().is_ok() {
            return Ok(folder);
        }
        cache.remove(&item)?;
    }
    cache.install(&item, |folder| {
        create(&python, folder, step)?;
        let pip = Run::new(folder.join("bin/python"))?.args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
        ]);
        pip.arg("--requirement").args([requirements]).run(step)
    })
}

/// The search path with the environment's programs before all others.
pub(crate) fn path_with(environment: &Path) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(environment.join("bin")).chain(env::split_paths(&rest));
    env::join_paths(all).context("the cache's path holds a `:`")
}

fn create(python: &Path, folder: &Path, step: &Step) -> Result<()> {
    let create = || Run::new(python)?.args(["-m", "venv"]).args([folder]).run(step);
    let Err(error) = create() else { return Ok(()) };
    // Debian has the module in a package of its own.
    if debian::install(&["python3-venv"], step).is_err() {
        return Err(
            error.context("this Python cannot make environments: install its `venv` module")
        );
    }
    create()
}

fn find() -> Option<(PathBuf, String)> {
    let python = find_program("python3")?;
    let ask = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
    let version = Run::new(&python).ok()?.args(["-c", ask]).output().ok()?;
    let version = version.trim().to_owned();
    require_new(&version).ok()?;
    Some((python, version))
}

fn require_new(version: &str) -> Result<()> {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    let found = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if found < OLDEST {
        bail!("Python {version} is too old");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for fine in ["3.9.0", "3.11.7", "3.14.0", "4.0.0"] {
            assert!(require_new(fine).is_ok(), "{fine}");
        }
        for old in ["3.8.19", "2.7.18", ""] {
            assert!(require_new(old).is_err(), "{old}");
        }
    }
}
