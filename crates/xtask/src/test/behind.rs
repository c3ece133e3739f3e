//! The tests of `tests/stores` in which Swift, Ceph and the embedded store are behind one edge.

use std::path::PathBuf;

use anyhow::Result;

use super::pytest::Tests;
use super::{Bench, browser, ceph, clients, swift};
use crate::checkout::cargo;
use crate::guard;
use crate::progress::Step;

/// Runs the tests with the bundle that is built already, and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    ceph::provide(step)?;
    let python = swift::provide(bench, step)?;
    let [aws, s3cmd] = clients::provide(bench, step)?;
    let chromium = browser::find(step)?;
    let store = build_store(bench, step)?;
    let xtask = guard::this_program()?;
    let tests = Tests {
        name: "behind",
        folder: "tests/stores",
        marker: Some("edge"),
        programs: &[
            ("CLOAKROOM_SWIFT_PYTHON", &python),
            ("CLOAKROOM_STORE", &store),
            ("CLOAKROOM_AWS", &aws),
            ("CLOAKROOM_S3CMD", &s3cmd),
            ("CLOAKROOM_CHROMIUM", &chromium),
            ("CLOAKROOM_XTASK", &xtask),
        ],
    };
    Ok(tests.run(bench, step)?.summary().to_owned())
}

/// Builds the embedded store as `cargo xtask dev` does, so that it is built once.
pub(super) fn build_store(bench: &Bench, step: &Step) -> Result<PathBuf> {
    let packages = ["--package", "cloakroom-store", "--package", "cloakroom-lambda"];
    let binaries = ["--bin", "cloakroom-store", "--bin", "uploads"];
    bench.program(cargo(), "store")?.arg("build").args(packages).args(binaries).run(step)?;
    Ok(bench.checkout.binary("cloakroom-store"))
}
