//! The tests of `tests/stores` against OpenStack Swift, which is a Python package, and those that
//! need no store but our own.

use std::path::PathBuf;

use anyhow::Result;

use super::pytest::Tests;
use super::{Bench, behind};
use crate::checkout::cargo;
use crate::progress::Step;
use crate::python;

/// Runs the tests and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    let python = provide(bench, step)?;
    let (doctor, store) = (build_cli(bench, step)?, behind::build_store(bench, step)?);
    let tests = Tests {
        name: "swift",
        folder: "tests/stores",
        marker: Some("swift or embedded"),
        programs: &[
            ("CLOAKROOM_SWIFT_PYTHON", &python),
            ("CLOAKROOM_CLI", &doctor),
            ("CLOAKROOM_STORE", &store),
        ],
    };
    Ok(tests.run(bench, step)?.summary_with_start())
}

/// The Python that has Swift; installed where it is missing.
pub(super) fn provide(bench: &Bench, step: &Step) -> Result<PathBuf> {
    let requirements = bench.checkout.root().join("tests/requirements-swift.txt");
    let environment = python::environment(&bench.cache, "swift", &requirements, step)?;
    Ok(environment.join("bin/python"))
}

/// Builds the command line, whose `doctor` the stores are shown to.
pub(super) fn build_cli(bench: &Bench, step: &Step) -> Result<PathBuf> {
    let cli = ["build", "--package", "cloakroom-cli", "--bin", "cloakroom"];
    bench.program(cargo(), "cli")?.args(cli).run(step)?;
    Ok(bench.checkout.binary("cloakroom"))
}
