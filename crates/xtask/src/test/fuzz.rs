//! A short run of every fuzz target: they build, their seeds pass, and so does what is made of
//! them in a fixed number of runs.
//!
//! The compiler's own instrumentation is enough for libFuzzer, so the stable toolchain will do;
//! sanitizers, which `cargo fuzz` adds, want a nightly one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Bench;
use crate::checkout::{cargo, find_program};
use crate::command::Run;
use crate::progress::Step;

/// What `cargo fuzz --sanitizer none` passes, too.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Of each target. With the same seed they are the same ones every time.
const RUNS: u32 = 10_000;

pub(super) fn smoke(bench: &Bench, step: &Step) -> Result<String> {
    if !["c++", "g++", "clang++"].iter().any(|program| find_program(program).is_some()) {
        return Ok("not run: libFuzzer is written in C++, and there is no `c++`".to_owned());
    }
    let sources = bench.checkout.root().join("fuzz");
    let host = Run::new("rustc")?.args(["--print", "host-tuple"]).output()?;
    let built = bench.checkout.target().join("fuzz");
    // With `--target` the flags are for the programs alone, not for build scripts.
    bench
        .program(cargo(), "fuzz-build")?
        .dir(&sources)
        .args(["build", "--release", "--locked", "--target", host.trim(), "--target-dir"])
        .args([&built])
        .env("RUSTFLAGS", INSTRUMENTATION)
        .run(step)?;
    let programs = built.join(host.trim()).join("release");
    let targets = targets(&sources)?;
    for target in &targets {
        run(bench, &sources, &programs.join(target), target, step)?;
    }
    Ok(format!("{} targets, {RUNS} runs each", targets.len()))
}

fn run(bench: &Bench, sources: &Path, program: &Path, target: &str, step: &Step) -> Result<()> {
    // New inputs go into the first folder; the seeds stay as they are.
    let corpus = bench.folder.join("fuzz").join(target);
    if corpus.exists() {
        fs::remove_dir_all(&corpus)
            .with_context(|| format!("`{}` cannot be removed", corpus.display()))?;
    }
    fs::create_dir_all(&corpus)
        .with_context(|| format!("`{}` cannot be created", corpus.display()))?;
    bench
        .program(program, &format!("fuzz-{target}"))?
        .args([format!("-runs={RUNS}"), "-seed=1".to_owned(), "-timeout=10".to_owned()])
        .arg(format!("-dict={}", sources.join("words.dict").display()))
        .arg(format!("-artifact_prefix={}/{target}-", bench.folder.display()))
        .args([&corpus, &sources.join("seeds").join(target)])
        .run(step)
        .with_context(|| format!("the target `{target}` found something"))
}

/// The names of the targets.
fn targets(sources: &Path) -> Result<Vec<String>> {
    let folder = sources.join("fuzz_targets");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("`{}` is missing", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("`{}` cannot be read", folder.display()))?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
