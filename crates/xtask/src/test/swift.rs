//! The tests of `tests/stores` against OpenStack Swift, which is a Python package.

use anyhow::Result;

use super::{Bench, pytest, python};
use crate::progress::Step;

/// Runs the tests and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    let requirements = bench.checkout.root().join("tests/requirements-swift.txt");
    let environment = python::environment(&bench.cache, "swift", &requirements, step)?;
    let tests = pytest::command(bench, "swift", "tests/stores", step)?
        .args(["-m", "swift", "--basetemp"])
        .args([bench.folder.join("swift")])
        .env("CLOAKROOM_SWIFT_PYTHON", environment.join("bin/python"));
    let output = pytest::run(tests, step)?;
    Ok(format!("{}; {}", output.summary(), output.start()))
}
