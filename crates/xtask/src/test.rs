//! `cargo xtask test`: every check of the project, each with its time, and a summary.
//!
//! A check that fails does not stop the others. The whole output of each is in
//! `target/xtask-test/`.

mod browser;
mod checks;
mod debian;
mod fuzz;
mod python;
mod system;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::cache::Cache;
use crate::checkout::Checkout;
use crate::command::Run;
use crate::progress::{Step, seconds, step};

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only what needs no server and installs nothing.
    #[arg(long)]
    fast: bool,
    /// Only these checks, by name.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// A check: its name, what it needs, and what it does.
struct Check {
    name: &'static str,
    needs: Needs,
    run: fn(&Bench, &Step) -> Result<String>,
}

#[derive(PartialEq, Eq)]
enum Needs {
    /// Rust alone.
    Rust,
    /// Packages, servers, a browser.
    Everything,
}

/// What the checks share.
struct Bench {
    checkout: Checkout,
    cache: Cache,
    /// Where logs and temporary files go.
    folder: PathBuf,
}

impl Bench {
    /// A program that works on the checkout and writes a log.
    fn program(&self, program: impl AsRef<std::ffi::OsStr>, log: &str) -> Result<Run> {
        let log = self.folder.join(format!("{log}.log"));
        Ok(Run::new(program)?.dir(self.checkout.root()).log(log))
    }
}

/// Runs the checks. The exit status tells whether all passed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let folder = checkout.target().join("xtask-test");
    fs::create_dir_all(&folder)
        .with_context(|| format!("`{}` cannot be created", folder.display()))?;
    let bench = Bench { checkout, cache: Cache::open()?, folder };
    let chosen = choose(options)?;
    let started = Instant::now();
    let mut failures = Vec::new();
    for check in &chosen {
        let outcome = step(check.name, |step| (check.run)(&bench, step).map(|said| ((), said)));
        if let Err(error) = outcome {
            failures.push((check.name, error));
        }
    }
    for (name, error) in &failures {
        eprintln!("\n--- {name}\n{error:#}");
    }
    let (failed, passed) = (failures.len(), chosen.len().saturating_sub(failures.len()));
    eprintln!("\n  logs in {}, {} in all", bench.folder.display(), seconds(started.elapsed()));
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn choose(options: &Options) -> Result<Vec<Check>> {
    let all = checks::all();
    for name in &options.only {
        if !all.iter().any(|check| check.name == name) {
            let names: Vec<_> = all.iter().map(|check| format!("`{}`", check.name)).collect();
            bail!("no check is called `{name}`; there are {}", names.join(", "));
        }
    }
    let wanted = |check: &Check| {
        let named = options.only.is_empty() || options.only.iter().any(|name| name == check.name);
        named && (!options.fast || check.needs == Needs::Rust)
    };
    let chosen: Vec<_> = all.into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        bail!("none of the chosen checks is among the fast ones");
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fast: bool, only: &[&str]) -> Result<Vec<&'static str>> {
        let options = Options { fast, only: only.iter().map(|name| (*name).to_owned()).collect() };
        Ok(choose(&options)?.iter().map(|check| check.name).collect())
    }

    #[test]
    fn choosing() {
        let all = names(false, &[]).unwrap();
        let fast = names(true, &[]).unwrap();
        assert!(fast.len() < all.len() && fast.iter().all(|name| all.contains(name)));
        assert_eq!(names(false, &["format"]).unwrap(), ["format"]);
        assert!(names(false, &["fromat"]).is_err());
        assert!(names(true, &["system"]).is_err());
    }
}
