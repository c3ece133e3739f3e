//! Runs the tests that are in Python and ask the core as a program.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Bench;
use crate::checkout::cargo;
use crate::progress::Step;
use crate::python;

/// What is to be run.
pub(super) struct Tests<'a> {
    /// Names the log, and the folder for what the tests write.
    pub(super) name: &'a str,
    /// A folder of the checkout.
    pub(super) folder: &'a str,
    /// Only the tests that are marked with this.
    pub(super) marker: Option<&'a str>,
    /// Variables that name programs.
    pub(super) programs: &'a [(&'a str, &'a Path)],
}

/// What pytest said.
pub(super) struct Output {
    text: String,
}

impl Tests<'_> {
    /// Runs them with a fresh build of the core. What they wrote is kept when one of them fails.
    pub(super) fn run(&self, bench: &Bench, step: &Step) -> Result<Output> {
        let requirements = bench.checkout.root().join("tests/requirements.txt");
        let environment = python::environment(&bench.cache, "peers", &requirements, step)?;
        let peer = ["build", "--package", "cloakroom-core", "--example", "peer"];
        bench.program(cargo(), "peer")?.args(peer).run(step)?;
        let written = bench.folder.join(self.name);
        let mut pytest = bench
            .program(environment.join("bin/python"), self.name)?
            .args(["-m", "pytest", "-p", "no:cacheprovider", self.folder, "--basetemp"])
            .args([&written])
            .env("CLOAKROOM_PEER", bench.checkout.binary("examples/peer"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(marker) = self.marker {
            pytest = pytest.args(["-m", marker]);
        }
        for (name, program) in self.programs {
            pytest = pytest.env(name, program);
        }
        let text = pytest.run_to_text(step)?;
        if written.exists() {
            fs::remove_dir_all(&written)
                .with_context(|| format!("`{}` cannot be removed", written.display()))?;
        }
        Ok(Output { text })
    }
}

impl Output {
    /// The last line: how many tests passed, and in what time.
    pub(super) fn summary(&self) -> &str {
        self.text.lines().last().unwrap_or_default().trim_matches(['=', ' '])
    }

    /// The summary, and the line in which a fixture says how long its server took to start.
    pub(super) fn summary_with_start(&self) -> String {
        let start = self.text.lines().find(|line| line.contains(" answered after "));
        format!("{}; {}", self.summary(), start.unwrap_or("the server did not start"))
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
        assert_eq!(output.summary_with_start(), "4 passed in 2.11s; swift answered after 0.7 s");
    }
}
