//! The checks, in the order in which they run: the quick ones first.

use anyhow::Result;

use super::Needs::{Everything, Rust};
use super::pytest::Tests;
use super::{Bench, Check, behind, browser, ceph, clients, deploy, fuzz, swift, system};
use crate::bundle;
use crate::checkout::{cargo, find_program};
use crate::guard;
use crate::npm;
use crate::progress::Step;

/// The Workers compile for WASM; tests and most lints of the others need the host.
const HOST: [&str; 5] =
    ["--workspace", "--exclude", "cloakroom-edge", "--exclude", "cloakroom-bench-worker"];

const DENY_WARNINGS: &str = "-Dwarnings";

/// Every check.
pub(super) fn all() -> Vec<Check> {
    vec![
        Check { name: "format", needs: Rust, run: format },
        Check { name: "lints", needs: Rust, run: lints },
        Check { name: "lints of the edge", needs: Rust, run: edge_lints },
        Check { name: "tests", needs: Rust, run: tests },
        Check { name: "documentation tests", needs: Rust, run: doc_tests },
        Check { name: "documentation", needs: Rust, run: documentation },
        Check { name: "fuzz targets", needs: Everything, run: fuzz::smoke },
        Check { name: "other libraries", needs: Everything, run: peers },
        Check { name: "OpenStack Swift", needs: Everything, run: swift::run },
        Check { name: "Ceph", needs: Everything, run: ceph::run },
        Check { name: "npm packages", needs: Everything, run: npm_packages },
        Check { name: "bundle", needs: Everything, run: edge_bundle },
        Check { name: "edge shim", needs: Everything, run: shim },
        Check { name: "cost on paper", needs: Everything, run: cost },
        Check { name: "system", needs: Everything, run: system_tests },
        Check { name: "stores behind the edge", needs: Everything, run: behind::run },
        Check { name: "decisions", needs: Everything, run: decisions },
        Check { name: "clients", needs: Everything, run: clients::run },
        Check { name: "deploy the edge", needs: Everything, run: deploy::edge },
        Check { name: "deploy the function", needs: Everything, run: deploy::function },
    ]
}

fn format(bench: &Bench, step: &Step) -> Result<String> {
    bench.program(cargo(), "format")?.args(["fmt", "--all", "--check"]).run(step)?;
    // Workspaces of their own.
    for folder in ["bench", "fuzz"] {
        let manifest = bench.checkout.root().join(folder).join("Cargo.toml");
        let format = bench.program(cargo(), &format!("format-{folder}"))?;
        format.args(["fmt", "--all", "--check", "--manifest-path"]).args([&manifest]).run(step)?;
    }
    Ok(String::new())
}

fn lints(bench: &Bench, step: &Step) -> Result<String> {
    let clippy = bench.program(cargo(), "lints")?.arg("clippy").args(HOST);
    clippy.args(["--all-targets", "--features", "xtask/bindgen", "--", DENY_WARNINGS]).run(step)?;
    Ok(String::new())
}

/// On the host's target: Debian's compiler for WASM brings no clippy.
fn edge_lints(bench: &Bench, step: &Step) -> Result<String> {
    let clippy = bench.program(cargo(), "edge-lints")?.args(["clippy", "--package"]);
    let clippy = clippy.args(["cloakroom-edge", "--package", "cloakroom-bench-worker"]);
    clippy.args(["--", DENY_WARNINGS]).run(step)?;
    Ok(String::new())
}

fn tests(bench: &Bench, step: &Step) -> Result<String> {
    let command = bench.program(cargo(), "tests")?;
    let command = match find_program("cargo-nextest") {
        Some(_) => command.args(["nextest", "run"]),
        None => command.arg("test").args(["--bins", "--lib", "--tests"]),
    };
    let output = command.args(HOST).run_to_text(step)?;
    Ok(last_summary(&output))
}

fn doc_tests(bench: &Bench, step: &Step) -> Result<String> {
    bench.program(cargo(), "doc-tests")?.args(["test", "--doc"]).args(HOST).run(step)?;
    Ok(String::new())
}

fn documentation(bench: &Bench, step: &Step) -> Result<String> {
    let rustdoc = bench.program(cargo(), "documentation")?.args(["doc", "--no-deps"]).args(HOST);
    rustdoc.env("RUSTDOCFLAGS", DENY_WARNINGS).run(step)?;
    Ok(String::new())
}

fn peers(bench: &Bench, step: &Step) -> Result<String> {
    let tests = Tests { name: "peers", folder: "tests/peers", marker: None, programs: &[] };
    Ok(tests.run(bench, step)?.summary().to_owned())
}

/// One table, decided by the core, by the edge and by the function.
fn decisions(bench: &Bench, step: &Step) -> Result<String> {
    let xtask = guard::this_program()?;
    let tests = Tests {
        name: "decisions",
        folder: "tests/decisions",
        marker: None,
        programs: &[("CLOAKROOM_XTASK", &xtask)],
    };
    Ok(tests.run(bench, step)?.summary().to_owned())
}

fn npm_packages(bench: &Bench, step: &Step) -> Result<String> {
    npm::install(bench.checkout.root(), step).map(|((), said)| said)
}

fn edge_bundle(bench: &Bench, _step: &Step) -> Result<String> {
    bundle::build(&bench.checkout, &bundle::default_folder(&bench.checkout))?;
    Ok(String::new())
}

/// The instance is replaced after a trap.
fn shim(bench: &Bench, step: &Step) -> Result<String> {
    node_tests(bench, "shim", "edge/shim.test.mjs", step)
}

/// `docs/cost.md` has what its inputs come to.
fn cost(bench: &Bench, step: &Step) -> Result<String> {
    node_tests(bench, "cost", "bench/cost/cost.test.mjs", step)
}

fn node_tests(bench: &Bench, name: &str, file: &str, step: &Step) -> Result<String> {
    let node = bench.program("node", name)?;
    let output = node.args(["--test", "--test-reporter=spec", file]).run_to_text(step)?;
    Ok(system::summary(&output))
}

fn system_tests(bench: &Bench, step: &Step) -> Result<String> {
    let chromium = browser::find(step)?;
    system::run(bench, &chromium, step)
}

/// The line in which the test runner says how many tests there were.
fn last_summary(output: &str) -> String {
    let is_summary = |line: &&str| line.contains("tests run:") || line.contains("test result:");
    output.lines().rev().find(is_summary).unwrap_or_default().trim().to_owned()
}
