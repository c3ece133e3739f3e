//! Finds a Chromium, or installs Debian's.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::checkout::find_program;
use crate::debian;
use crate::progress::Step;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The browser's program: the one that `CLOAKROOM_CHROMIUM` names, or one in the search path.
pub(super) fn find(step: &Step) -> Result<PathBuf> {
    if let Some(named) = env::var_os("CLOAKROOM_CHROMIUM").map(PathBuf::from) {
        if !named.is_file() {
            bail!("CLOAKROOM_CHROMIUM names `{}`, which is not there", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = search() {
        return Ok(found);
    }
    debian::install(&["chromium"], step)
        .context("no Chromium was found; CLOAKROOM_CHROMIUM may name one")?;
    search().context("Chromium was installed but cannot be found")
}

fn search() -> Option<PathBuf> {
    NAMES.into_iter().find_map(find_program)
}
