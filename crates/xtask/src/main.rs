//! The commands of the project: `cargo xtask dev`, `cargo xtask test`, `cargo xtask bench`, `cargo xtask
//! build edge`.

mod bench;
mod bundle;
mod cache;
mod checkout;
mod command;
mod debian;
mod dev;
mod function;
mod guard;
mod http;
mod lambda;
mod npm;
mod package;
mod process;
mod progress;
mod python;
mod random;
mod test;
mod wasm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, runs and tests Cloakroom."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole system on this machine.
    Dev(dev::Options),
    /// Run the function alone, behind a function URL, APIs and load balancers; for tests.
    Function(function::Options),
    /// Run every check of the project.
    Test(test::Options),
    /// Measure it beside what others publish.
    Bench(bench::Options),
    /// Build what is deployed.
    Build {
        #[command(subcommand)]
        what: Build,
    },
    /// Run a command that ends when standard input does.
    #[command(hide = true)]
    Guard {
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

#[derive(Debug, Subcommand)]
enum Build {
    /// The Worker's bundle.
    Edge {
        /// Where it goes [default: build/edge in the checkout].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Dev(options) => dev::run(&options),
        Command::Function(options) => function::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Build { what: Build::Edge { out } } => build_edge(out),
        Command::Guard { command } => guard::run(&command),
    }
}

fn build_edge(out: Option<PathBuf>) -> Result<ExitCode> {
    let checkout = checkout::Checkout::find()?;
    let folder = match out {
        Some(dir) => std::path::absolute(dir).context("the output folder has no absolute path")?,
        None => bundle::default_folder(&checkout),
    };
    bundle::build(&checkout, &folder)?;
    Ok(ExitCode::SUCCESS)
}
