//! The tests of `tests/stores` against OpenStack Swift, which is a Python package.

use anyhow::Result;

use super::pytest::Tests;
use super::{Bench, python};
use crate::progress::Step;

/// Runs the tests and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    let requirements = bench.checkout.root().join("tests/requirements-swift.txt");
    let environment = python::environment(&bench.cache, "swift", &requirements, step)?;
    let python = environment.join("bin/python");
    let tests = Tests {
        name: "swift",
        folder: "tests/stores",
        marker: Some("swift"),
        programs: &[("CLOAKROOM_SWIFT_PYTHON", &python)],
    };
    Ok(tests.run(bench, step)?.summary_with_start())
}
