//! Where things are: the checkout, cargo's output folder, the tools that cargo brought along.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The checkout that the command works on.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    /// The checkout of the running xtask.
    ///
    /// Cargo names the package's folder when it starts the program. Started by hand, the
    /// program looks for the workspace upwards from the working directory.
    pub(crate) fn find() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => PathBuf::from(package),
            None => env::current_dir().context("the working directory cannot be read")?,
        };
        let Some(root) = start.ancestors().find(|dir| dir.join("wrangler.toml").is_file()) else {
            bail!("no checkout at or above `{}`: run `cargo xtask` inside one", start.display());
        };
        // `<target>/<profile>/xtask`, wherever the user's settings put the target folder.
        let program = env::current_exe().context("the path of xtask itself cannot be read")?;
        let Some(target) = program.ancestors().nth(2) else {
            bail!("`{}` is not in a target folder: run `cargo xtask`", program.display());
        };
        Ok(Self { root: root.to_owned(), target: target.to_owned() })
    }

    /// The top of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's output folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A program of this workspace, as the `dev` profile builds it.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// A program of an npm package.
    pub(crate) fn npm_binary(&self, name: &str) -> PathBuf {
        self.root.join("node_modules/.bin").join(name)
    }
}

/// The cargo that runs this program, or the one in the search path.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The full path of a program in the search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
