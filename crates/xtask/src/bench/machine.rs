//! Where it was measured.

use std::fmt;
use std::fs;
use std::thread::available_parallelism;

use anyhow::Result;
use serde_json::{Value, json};

use crate::command::Run;

/// What figures depend on.
#[derive(Debug)]
pub(super) struct Machine {
    cpu: String,
    cores: usize,
    has_sha: bool,
    kernel: String,
    /// Processes that ran or wanted to, on average over the minute before the run.
    load: String,
    rustc: String,
    node: String,
    python: String,
}

impl Machine {
    /// This one. What cannot be found out is `unknown`.
    pub(super) fn find() -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let flags = field("flags").or_else(|| field("Features")).unwrap_or_default();
        let or_unknown = |text: &str| match text {
            "" => "unknown".to_owned(),
            text => text.to_owned(),
        };
        Ok(Self {
            cpu: field("model name").unwrap_or_else(|| or_unknown("")),
            cores: available_parallelism().map_or(1, usize::from),
            has_sha: flags.split(' ').any(|flag| flag == "sha_ni" || flag == "sha2"),
            kernel: or_unknown(read("/proc/sys/kernel/osrelease").trim()),
            load: or_unknown(read("/proc/loadavg").split(' ').next().unwrap_or_default()),
            rustc: or_unknown(&version("rustc")),
            node: or_unknown(&version("node")),
            python: or_unknown(&version("python3")),
        })
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "cpu": self.cpu, "cores": self.cores, "sha_instructions": self.has_sha,
            "kernel": self.kernel, "load": self.load,
            "rustc": self.rustc, "node": self.node, "python": self.python,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, kernel, load, rustc, node, python, .. } = self;
        let sha = if self.has_sha { "with" } else { "without" };
        write!(
            f,
            "{cpu} {sha} instructions for SHA-256, {cores} cores, Linux {kernel}, load {load} \
             before the run; rustc {rustc}, Node.js {node}, Python {python}."
        )
    }
}

/// The version that a program tells: its first word that begins with a digit.
fn version(program: &str) -> String {
    let told = Run::new(program).and_then(|run| run.args(["--version"]).output());
    let told = told.unwrap_or_default();
    let mut words = told.split_whitespace().map(|word| word.trim_start_matches('v'));
    let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    words.find(is_number).unwrap_or_default().to_owned()
}
