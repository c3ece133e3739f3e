//! `cargo xtask test`: every check of the project, each with its time, and a summary.
//!
//! A check that fails does not stop the others. One that this machine cannot run is skipped and
//! says why; with `CI=true` that is a failure. The whole output of each is in
//! `target/xtask-test/`.

mod behind;
mod browser;
mod ceph;
mod checks;
mod clients;
mod deploy;
mod fuzz;
mod pytest;
mod swift;
mod system;

use std::env;
use std::fmt;
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

/// How a check ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Skipped,
}

/// The error of a check that this machine cannot run.
#[derive(Debug)]
struct Skipped {
    reason: String,
}

impl Skipped {
    fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Skipped {}

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
    let may_skip = env::var_os("CI").is_none_or(|value| value != "true");
    let (mut failures, mut skipped) = (Vec::new(), 0_usize);
    for check in &chosen {
        match step(check.name, |step| outcome((check.run)(&bench, step), may_skip)) {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::Skipped) => skipped = skipped.saturating_add(1),
            Err(error) => failures.push((check.name, error)),
        }
    }
    for (name, error) in &failures {
        eprintln!("\n--- {name}\n{error:#}");
    }
    let failed = failures.len();
    let passed = chosen.len().saturating_sub(failed).saturating_sub(skipped);
    eprintln!("\n  logs in {}, {} in all", bench.folder.display(), seconds(started.elapsed()));
    println!("{}", summary(passed, failed, skipped));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How a check ended, and what is shown beside its time.
fn outcome(result: Result<String>, may_skip: bool) -> Result<(Outcome, String)> {
    match result {
        Ok(said) => Ok((Outcome::Passed, said)),
        Err(error) if may_skip && error.is::<Skipped>() => {
            Ok((Outcome::Skipped, format!("skipped: {error}")))
        }
        Err(error) => Err(error),
    }
}

fn summary(passed: usize, failed: usize, skipped: usize) -> String {
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(", {skipped} skipped"),
    };
    format!("{passed} passed, {failed} failed{skipped}")
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

    #[test]
    fn what_this_machine_cannot_run_is_skipped_except_in_ci() {
        let impossible = || Err(Skipped::because("there is no Ceph").into());
        let (ended, said) = outcome(impossible(), true).unwrap();
        assert_eq!((ended, said.as_str()), (Outcome::Skipped, "skipped: there is no Ceph"));
        assert!(outcome(impossible(), false).is_err());
        assert!(outcome(Err(anyhow::anyhow!("it broke")), true).is_err());
        assert_eq!(outcome(Ok("4 KB".into()), false).unwrap().0, Outcome::Passed);
    }

    #[test]
    fn the_last_line() {
        assert_eq!(summary(14, 0, 0), "14 passed, 0 failed");
        assert_eq!(summary(12, 1, 2), "12 passed, 1 failed, 2 skipped");
    }
}
