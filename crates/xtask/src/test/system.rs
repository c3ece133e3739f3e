//! Runs `tests/system/` against a whole system on free ports with an empty data folder.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};

use anyhow::{Context as _, Result, bail};

use super::Bench;
use crate::guard;
use crate::progress::Step;

/// Runs the tests and returns how many passed.
pub(super) fn run(bench: &Bench, chromium: &Path, step: &Step) -> Result<String> {
    let files = test_files(&bench.checkout.root().join("tests/system"))?;
    step.note("starting the system");
    let system = System::start(bench)?;
    let output = bench
        .program("node", "system")?
        // One file after the other: some of them measure memory and time.
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(&files)
        .env("CLOAKROOM_DEV", &system.ready)
        .env("CLOAKROOM_XTASK", guard::this_program()?)
        .env("CLOAKROOM_CHROMIUM", chromium)
        .run_to_text(step);
    system.stop()?;
    Ok(summary(&output?))
}

/// A running `xtask dev`.
struct System {
    child: Child,
    alive: Option<ChildStdin>,
    ready: String,
    data: PathBuf,
}

impl System {
    fn start(bench: &Bench) -> Result<Self> {
        let data = bench.folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)
                .with_context(|| format!("`{}` cannot be removed", data.display()))?;
        }
        let log = bench.folder.join("dev.log");
        let output =
            File::create(&log).with_context(|| format!("`{}` cannot be written", log.display()))?;
        let mut command = guard::command(guard::this_program()?)?;
        command.current_dir(bench.checkout.root()).args(["dev", "--json", "--data"]).arg(&data);
        for part in ["edge", "uploads", "store", "app"] {
            command.arg(format!("--{part}-port=0"));
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .context("the system cannot start")?;
        let alive = child.stdin.take();
        let mut ready = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut ready)
                .context("the system's output cannot be read")?;
        }
        let ready = ready.trim().to_owned();
        let system = Self { child, alive, ready, data };
        if system.ready.is_empty() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            system.stop()?;
            bail!("the system did not start:\n{said}");
        }
        Ok(system)
    }

    fn stop(mut self) -> Result<()> {
        drop(self.alive.take());
        self.child.wait().context("the system is lost")?;
        fs::remove_dir_all(&self.data)
            .with_context(|| format!("`{}` cannot be removed", self.data.display()))
    }
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| is_test(file)).collect();
    if files.is_empty() {
        bail!("`{}` holds no tests", folder.display());
    }
    files.sort();
    Ok(files)
}

fn is_test(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(b".test.mjs"))
}

/// What Node says at the end: `ℹ pass 40` and so on.
pub(super) fn summary(output: &str) -> String {
    let count = |what: &str| {
        let line = output.lines().rev().find_map(|line| line.split_once(&format!(" {what} ")));
        line.map(|(_, number)| format!("{number} {what}"))
    };
    ["pass", "fail", "skipped"].into_iter().filter_map(count).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_node_says() {
        let output = "ℹ tests 4\nℹ suites 0\nℹ pass 3\nℹ fail 0\nℹ cancelled 0\nℹ skipped 1\n";
        assert_eq!(summary(output), "3 pass, 0 fail, 1 skipped");
    }
}
