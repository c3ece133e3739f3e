//! `cargo xtask bench`: Cloakroom measured beside what a user would pick instead, in one run on
//! this machine.
//!
//! The contestants are programs in Rust, JavaScript and Python below `bench/`, each installed
//! from its registry. Each program measures its own in turns and tells times; all programs run
//! one after the other, and that several times over. One of them measures under workerd, which
//! runs Workers; functions are measured from outside.

mod figures;
mod functions;
mod goals;
mod json;
mod machine;
mod nginx;
mod page;
mod plot;
mod programs;
mod tables;
mod workerd;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use self::figures::Figures;
use self::functions::Functions;
use self::machine::Machine;
use self::programs::{Language, Programs};
use crate::cache::Cache;
use crate::checkout::Checkout;
use crate::progress::step;

/// How often each program runs. A figure is the median.
const ROUNDS: usize = 5;

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these benches, by name.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Write all figures into a file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Put the tables into docs/performance.md, and the plots beside it.
    #[arg(long)]
    docs: bool,
}

/// Something that is measured.
#[derive(Debug)]
struct Bench {
    name: &'static str,
    /// What is done, as the heading of its tables.
    title: &'static str,
    /// In which languages there are contestants that measure themselves.
    languages: &'static [Language],
    table: fn(&Figures) -> String,
    plot: Option<fn(&Figures) -> String>,
    goals: fn(&Figures) -> Vec<goals::Goal>,
}

/// Every bench, in the order in which they are told.
static ALL: [Bench; 7] = [
    Bench {
        name: "presign",
        title: "A presigned GET of S3",
        languages: &[Language::Rust, Language::JavaScript, Language::Python],
        table: tables::contestants,
        plot: Some(plot::bars),
        goals: goals::of_presigning,
    },
    Bench {
        name: "dialects",
        title: "Every dialect",
        languages: &[Language::Rust, Language::JavaScript, Language::Python],
        table: tables::rows,
        plot: None,
        goals: |_| Vec::new(),
    },
    Bench {
        name: "growth",
        title: "A decision under a policy that grows",
        languages: &[Language::Rust],
        table: tables::growth,
        plot: Some(plot::growth),
        goals: goals::of_growth,
    },
    Bench {
        name: "wasm",
        title: "A presigned GET under workerd",
        languages: &[Language::Workerd],
        table: tables::requests,
        plot: None,
        goals: goals::of_wasm,
    },
    Bench {
        name: "edge",
        title: "A read at the edge",
        languages: &[Language::Workerd],
        table: tables::requests,
        plot: None,
        goals: goals::of_edge,
    },
    Bench {
        name: "start",
        title: "A Worker's start",
        languages: &[Language::Workerd],
        table: tables::requests,
        plot: None,
        goals: goals::of_start,
    },
    Bench {
        name: functions::BENCH,
        title: "A function that issues an upload",
        languages: &[],
        table: tables::functions,
        plot: None,
        goals: goals::of_function,
    },
];

/// Measures, and tells.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let benches = choose(&options.only)?;
    let machine = Machine::find()?;
    let all = measure(&checkout, &benches)?;
    let told: Vec<_> = benches.iter().map(|bench| (*bench, all.of(bench.name))).collect();
    println!("{machine}\n");
    for (bench, figures) in &told {
        println!("## {}\n\n{}", bench.title, tables::with_goals(bench, figures));
    }
    if let Some(file) = &options.json {
        let text = json::write(&machine, ROUNDS, &told);
        fs::write(file, text).with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    if options.docs {
        page::update(&checkout.root().join("docs"), &machine, &told)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs everything in turn, several times over.
fn measure(checkout: &Checkout, benches: &[&Bench]) -> Result<Figures> {
    let cache = Cache::open()?;
    let programs = Programs::install(checkout, &cache, benches)?;
    let has_functions = benches.iter().any(|bench| bench.name == functions::BENCH);
    let functions = has_functions.then(|| Functions::install(checkout, &cache)).transpose()?;
    let mut figures = Figures::default();
    for round in 1..=ROUNDS {
        step(&format!("round {round} of {ROUNDS}"), |_| {
            programs.measure(benches, &mut figures)?;
            if let Some(functions) = &functions {
                functions.measure(&mut figures)?;
            }
            Ok(((), String::new()))
        })?;
    }
    figures.require_same_outputs()?;
    Ok(figures)
}

fn choose(only: &[String]) -> Result<Vec<&'static Bench>> {
    for name in only {
        if !ALL.iter().any(|bench| bench.name == name) {
            let names: Vec<_> = ALL.iter().map(|bench| format!("`{}`", bench.name)).collect();
            bail!("no bench is called `{name}`; there are {}", names.join(", "));
        }
    }
    let wanted = |bench: &&Bench| only.is_empty() || only.iter().any(|name| name == bench.name);
    Ok(ALL.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choosing() {
        let names = |only: &[&str]| -> Result<Vec<&str>> {
            let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
            Ok(choose(&only)?.iter().map(|bench| bench.name).collect())
        };
        assert_eq!(
            names(&[]).unwrap(),
            ["presign", "dialects", "growth", "wasm", "edge", "start", "function"]
        );
        assert_eq!(names(&["growth", "presign"]).unwrap(), ["presign", "growth"]);
        let error = names(&["sign"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "no bench is called `sign`; there are `presign`, `dialects`, `growth`, `wasm`, `edge`, \
             `start`, `function`"
        );
    }
}
