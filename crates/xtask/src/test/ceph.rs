//! The tests of `tests/stores` against Ceph's object gateway, which Debian has packages of.
//!
//! Its servers run as any user. Only to install them takes root.

use anyhow::{Context as _, Result};

use super::pytest::Tests;
use super::{Bench, Skipped, swift};
use crate::checkout::find_program;
use crate::debian;
use crate::progress::Step;

const PACKAGES: [&str; 4] = ["ceph-common", "ceph-mon", "ceph-osd", "radosgw"];
const PROGRAMS: [&str; 6] =
    ["ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"];

/// Runs the tests and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    provide(step)?;
    let doctor = swift::build_cli(bench, step)?;
    let tests = Tests {
        name: "ceph",
        folder: "tests/stores",
        marker: Some("ceph"),
        programs: &[("CLOAKROOM_CLI", &doctor)],
    };
    Ok(tests.run(bench, step)?.summary_with_start())
}

/// Installs Ceph where it is missing.
pub(super) fn provide(step: &Step) -> Result<()> {
    if PROGRAMS.into_iter().all(|name| find_program(name).is_some()) {
        return Ok(());
    }
    if let Some(obstacle) =
        obstacle(find_program("apt-get").is_some(), rustix::process::geteuid().is_root())
    {
        return Err(Skipped::because(obstacle).into());
    }
    debian::install(&PACKAGES, step).context("Ceph is missing")
}

/// Why Ceph cannot be installed here.
fn obstacle(has_apt: bool, is_root: bool) -> Option<String> {
    let names = PACKAGES.join(" ");
    if !has_apt {
        Some(format!("Ceph is missing, and this system has no apt-get to install {names}"))
    } else if !is_root {
        Some(format!(
            "Ceph is missing; run `apt-get install --no-install-recommends {names}` as root"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_on_debian_installs() {
        assert_eq!(obstacle(true, true), None);
        assert!(obstacle(true, false).is_some_and(|why| why.contains("as root")));
        assert!(obstacle(false, true).is_some_and(|why| why.contains("no apt-get")));
    }
}
