//! The programs that measure: built and installed, then run in turn.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::figures::Figures;
use super::{Bench, workerd};
use crate::cache::Cache;
use crate::checkout::{Checkout, cargo};
use crate::command::Run;
use crate::progress::{Step, step};
use crate::{npm, python};

/// What contestants are written in, or run under. Each has one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    JavaScript,
    Python,
    /// Workers in any language, and what stands in their place.
    Workerd,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Workerd => "workerd",
        })
    }
}

/// Programs that are ready to run.
#[derive(Debug)]
pub(super) struct Programs {
    all: Vec<Program>,
    keys: PathBuf,
}

#[derive(Debug)]
struct Program {
    language: Language,
    /// The program, and the script that it runs if it is an interpreter.
    command: Vec<PathBuf>,
    environment: Vec<(&'static str, OsString)>,
}

impl Programs {
    /// Builds or installs what `benches` need.
    pub(super) fn install(checkout: &Checkout, cache: &Cache, benches: &[&Bench]) -> Result<Self> {
        let sources = checkout.root().join("bench");
        let mut all = Vec::new();
        let is_wanted = |language| benches.iter().any(|bench| bench.languages.contains(&language));
        for language in [Language::Rust, Language::JavaScript, Language::Python] {
            if is_wanted(language) {
                let command = step(&format!("signers, {language}"), |step| {
                    let command = match language {
                        Language::JavaScript => install_npm(&sources.join("node"), step)?,
                        Language::Python => install_python(cache, &sources.join("python"), step)?,
                        _ => build(checkout, &sources, step)?,
                    };
                    Ok((command, String::new()))
                })?;
                all.push(Program { language, command, environment: Vec::new() });
            }
        }
        if is_wanted(Language::Workerd) {
            let environment = workerd::install(checkout, cache)?;
            let command = vec![PathBuf::from("node"), sources.join("workerd/main.mjs")];
            all.push(Program { language: Language::Workerd, command, environment });
        }
        let keys = checkout.target().join("bench-keys");
        // Without the signers in JavaScript nobody needs any.
        if all.iter().any(|program| program.language == Language::JavaScript) {
            make_keys(&sources, &keys)?;
        }
        Ok(Self { all, keys })
    }

    /// Runs all programs once, one after the other.
    pub(super) fn measure(&self, benches: &[&Bench], figures: &mut Figures) -> Result<()> {
        self.all.iter().try_for_each(|program| self.run(program, benches, figures))
    }

    fn run(&self, program: &Program, benches: &[&Bench], figures: &mut Figures) -> Result<()> {
        let mut command = program.command.iter();
        let mut run = Run::new(command.next().context("a program has a name")?)?.args(command);
        for bench in benches {
            if bench.languages.contains(&program.language) {
                run = run.arg(bench.name);
            }
        }
        for (name, value) in &program.environment {
            run = run.env(name, value);
        }
        let output = run
            .env("CLOAKROOM_BENCH_KEYS", &self.keys)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()?;
        output.lines().try_for_each(|line| figures.add(program.language, line))
    }
}

/// As for release, and with the flags that whoever runs this has set.
fn build(checkout: &Checkout, sources: &Path, step: &Step) -> Result<Vec<PathBuf>> {
    let built = checkout.target().join("bench");
    let build = Run::new(cargo())?.dir(sources).args(["build", "--release", "--locked"]);
    build.arg("--target-dir").args([&built]).run(step)?;
    Ok(vec![built.join("release/cloakroom-bench")])
}

fn install_npm(folder: &Path, step: &Step) -> Result<Vec<PathBuf>> {
    npm::install(folder, step)?;
    Ok(vec![PathBuf::from("node"), folder.join("main.mjs")])
}

fn install_python(cache: &Cache, folder: &Path, step: &Step) -> Result<Vec<PathBuf>> {
    let requirements = folder.join("requirements.txt");
    let environment = python::environment(cache, "bench", &requirements, step)?;
    Ok(vec![environment.join("bin/python"), folder.join("contestants.py")])
}

/// Private keys, once: all contestants of all runs sign with the same ones.
fn make_keys(sources: &Path, folder: &Path) -> Result<()> {
    if folder.join("ed25519.pem").is_file() {
        return Ok(());
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("`{}` cannot be created", folder.display()))?;
    let script = sources.join("node/keys.mjs");
    Run::new("node")?.args([&script, folder]).output().context("no keys can be made").map(drop)
}
