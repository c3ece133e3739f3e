//! Installs Debian's packages, where that is possible.

use anyhow::{Context as _, Result, bail};

use crate::checkout::find_program;
use crate::command::Run;
use crate::progress::Step;

/// Installs packages. Needs Debian or a relative of it, and the right to do so.
pub(crate) fn install(packages: &[&str], step: &Step) -> Result<()> {
    let names = packages.join(" ");
    if find_program("apt-get").is_none() {
        bail!("this system has no apt-get; install by its own means: {names}");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("only root may install packages; run `apt-get install {names}` as root");
    }
    let apt = |arguments: &[&str]| -> Result<()> {
        Run::new("apt-get")?
            .arg("-qy")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run(step)
    };
    let install: Vec<_> =
        ["install", "--no-install-recommends"].iter().chain(packages).copied().collect();
    if apt(&install).is_ok() {
        return Ok(());
    }
    // The lists of packages may be missing or out of date.
    apt(&["update"])
        .and_then(|()| apt(&install))
        .with_context(|| format!("apt-get could not install {names}"))
}
