//! The npm packages that a package-lock.json names, in node_modules beside it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::checkout::find_program;
use crate::command::Run;
use crate::progress::Step;

/// The oldest Node.js that wrangler runs on.
const OLDEST_NODE: u32 = 20;

/// Installs the packages unless node_modules is what the lock file says.
pub(crate) fn install(folder: &Path, step: &Step) -> Result<((), String)> {
    let node = node_version()?;
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("`{}` cannot be read", lock.display()))?;
    // `npm ci` empties node_modules first, so this copy is there only after a whole run.
    let installed = folder.join("node_modules/.cloakroom-lock.json");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(((), format!("up to date (Node {node})")));
    }
    if find_program("npm").is_none() {
        bail!("npm is missing: install Node.js {OLDEST_NODE} or newer, which brings it");
    }
    Run::new("npm")?.args(["ci", "--ignore-scripts"]).dir(folder).run(step)?;
    fs::write(&installed, &wanted)
        .with_context(|| format!("`{}` cannot be written", installed.display()))?;
    Ok(((), format!("installed (Node {node})")))
}

fn node_version() -> Result<String> {
    if find_program("node").is_none() {
        bail!("node is missing: install Node.js {OLDEST_NODE} or newer");
    }
    let output = Run::new("node")?.args(["--version"]).output()?;
    let version = output.trim().trim_start_matches('v');
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(version.to_owned()),
        _ => bail!("Node.js {version} is too old: {OLDEST_NODE} or newer is needed"),
    }
}
