//! The tests of `tests/stores` against OpenStack Swift, which is a Python package.

use std::path::PathBuf;

use anyhow::Result;

use super::pytest::Tests;
use super::{Bench, python};
use crate::progress::Step;

/// Runs the tests and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    let python = provide(bench, step)?;
    let tests = Tests {
        name: "swift",
        folder: "tests/stores",
        marker: Some("swift"),
        programs: &[("CLOAKROOM_SWIFT_PYTHON", &python)],
    };
    Ok(tests.run(bench, step)?.summary_with_start())
}

/// The Python that has Swift; installed where it is missing.
pub(super) fn provide(bench: &Bench, step: &Step) -> Result<PathBuf> {
    let requirements = bench.checkout.root().join("tests/requirements-swift.txt");
    let environment = python::environment(&bench.cache, "swift", &requirements, step)?;
    Ok(environment.join("bin/python"))
}
