//! Runs the tests that are in Python and ask the core as a program.

use anyhow::Result;

use super::{Bench, python};
use crate::checkout::cargo;
use crate::command::Run;
use crate::progress::Step;

/// What pytest said, when nothing failed.
pub(super) struct Output {
    text: String,
}

/// Pytest on `tests`, a folder of the checkout, with a fresh build of the core.
pub(super) fn command(bench: &Bench, name: &str, tests: &str, step: &Step) -> Result<Run> {
    let requirements = bench.checkout.root().join("tests/requirements.txt");
    let environment = python::environment(&bench.cache, "peers", &requirements, step)?;
    let peer = ["build", "--package", "cloakroom-core", "--example", "peer"];
    bench.program(cargo(), "peer")?.args(peer).run(step)?;
    let pytest = bench
        .program(environment.join("bin/python"), name)?
        .args(["-m", "pytest", "-p", "no:cacheprovider", tests])
        .env("CLOAKROOM_PEER", bench.checkout.binary("examples/peer"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(pytest)
}

/// Runs what [`command`] made.
pub(super) fn run(pytest: Run, step: &Step) -> Result<Output> {
    pytest.run_to_text(step).map(|text| Output { text })
}

impl Output {
    /// The last line: how many tests passed, and in what time.
    pub(super) fn summary(&self) -> &str {
        self.text.lines().last().unwrap_or_default().trim_matches(['=', ' '])
    }

    /// The line in which a fixture says how long its server took to start.
    pub(super) fn start(&self) -> &str {
        self.text.lines().find(|line| line.contains(" answered after ")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pytest_says() {
        let text = "....   [100%]\nswift answered after 0.7 s\n=== 4 passed in 2.11s ===\n";
        let output = Output { text: text.to_owned() };
        assert_eq!(output.summary(), "4 passed in 2.11s");
        assert_eq!(output.start(), "swift answered after 0.7 s");
    }
}
