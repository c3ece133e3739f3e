//! Everything of a deployment but the upload to the cloud.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::Bench;
use crate::command::Run;
use crate::package::Size;
use crate::progress::Step;
use crate::python;

/// What template.yaml can be deployed as: its parameters, and what it is then built for.
const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];
const FRONTS: [&str; 2] = ["function-url", "http-api"];
const RESOURCES: [&[&str]; 4] = [
    &["Bucket="],
    &["Bucket=", "EventBridgeBucket=example-other"],
    &["Bucket=example-app-media"],
    &["Bucket=example-app-media", "BucketEvents=true", "SweepEvery=rate(1 hour)"],
];

/// How large the Worker may be, compressed, in KiB as wrangler counts: a free account's limit is
/// 3 MiB, but each start of an instance compiles it.
const EDGE_BUDGET: f64 = 235.0;

/// Everything that `wrangler deploy` does but the upload, with the example document.
pub(super) fn edge(bench: &Bench, step: &Step) -> Result<String> {
    let policy = bench.checkout.root().join("policy.json");
    let policy = fs::read_to_string(&policy)
        .with_context(|| format!("`{}` cannot be read", policy.display()))?;
    let output = bench
        .program(bench.checkout.npm_binary("wrangler"), "deploy-edge")?
        .args(["deploy", "--dry-run", "--var", &format!("POLICY:{policy}"), "--outdir"])
        .args([bench.folder.join("wrangler")])
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("CI", "1")
        .env("XDG_CONFIG_HOME", bench.folder.join("config"))
        .run_to_text(step)?;
    let size = output.lines().find_map(|line| line.split_once("Total Upload:"));
    let (_, size) = size.context("wrangler did not say how large the Worker is")?;
    require_small(size, EDGE_BUDGET)?;
    Ok(size.trim().to_owned())
}

/// Holds what wrangler says, ` 640.12 KiB / gzip: 259.01 KiB`, to the budget.
fn require_small(size: &str, budget: f64) -> Result<()> {
    let compressed = size.split_once("gzip:").and_then(|(_, size)| size.trim().strip_suffix("KiB"));
    let compressed: f64 = compressed
        .and_then(|size| size.trim().parse().ok())
        .with_context(|| format!("wrangler said `{size}`, which is no size"))?;
    if compressed > budget {
        bail!("the Worker has {compressed} KiB (compressed), {budget} is its budget");
    }
    Ok(())
}

/// The template is linted as each of its variants, and the function built for each processor that
/// the toolchain has the target of, and weighed.
pub(super) fn function(bench: &Bench, step: &Step) -> Result<String> {
    let requirements = bench.checkout.root().join("crates/xtask/src/test/requirements.txt");
    let environment = python::environment(&bench.cache, "sam", &requirements, step)?;
    let path = python::path_with(&environment)?;
    let tool = |name: &str, log: &str| -> Result<Run> {
        let command = bench.program(environment.join("bin").join(name), log)?;
        let quiet = command
            .env("SAM_CLI_TELEMETRY", "0")
            .env("__SAM_CLI_APP_DIR", bench.folder.join("sam"));
        Ok(quiet.env("AWS_DEFAULT_REGION", "us-east-1").env("PATH", &path))
    };
    tool("sam", "sam-validate")?.args(["validate", "--lint"]).run(step)?;
    for architecture in ARCHITECTURES {
        for front in FRONTS {
            for (variant, resources) in RESOURCES.iter().enumerate() {
                tool("cfn-lint", &format!("cfn-lint-{architecture}-{front}-{variant}"))?
                    .args(["--template", "template.yaml", "--parameters"])
                    .args([format!("Architecture={architecture}"), format!("Front={front}")])
                    .args(*resources)
                    .run(step)?;
            }
        }
    }
    let mut said = Vec::new();
    for architecture in ARCHITECTURES {
        if !has_target(bench, architecture, step)? {
            said.push(format!("{architecture} linted, its target is not installed"));
            continue;
        }
        let built = bench.folder.join(format!("function-{architecture}"));
        tool("sam", &format!("sam-build-{architecture}"))?
            .args(["build", "--parameter-overrides"])
            .arg(format!("Architecture={architecture}"))
            .arg("--build-dir")
            .arg(&built)
            .run(step)?;
        let binary = built.join("Uploads/bootstrap");
        let size = Size::of(&binary, &environment.join("bin/python"))?;
        size.require_in_budget().with_context(|| format!("built for {architecture}"))?;
        includes_permissions(&built)?;
        said.push(format!("{architecture} {size}"));
    }
    Ok(said.join(", "))
}

fn has_target(bench: &Bench, architecture: &str, step: &Step) -> Result<bool> {
    let name = if architecture == "arm64" { "aarch64" } else { architecture };
    let library = bench
        .program("rustc", "rustc")?
        .args(["--print", "target-libdir", "--target"])
        .arg(format!("{name}-unknown-linux-gnu"))
        .run_to_text(step)?;
    Ok(Path::new(library.trim()).is_dir())
}

/// `sam deploy` uploads the file that the built template includes.
fn includes_permissions(built: &Path) -> Result<()> {
    let template = built.join("template.yaml");
    let text = fs::read_to_string(&template)
        .with_context(|| format!("`{}` cannot be read", template.display()))?;
    let location = text.lines().find_map(|line| line.trim().strip_prefix("Location:"));
    let location = location.context("the built template includes no permissions")?;
    let included = built.join(location.trim());
    if !included.is_file() {
        bail!("the built template includes `{}`, which is not there", included.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_kept() {
        require_small(" 640.12 KiB / gzip: 259.01 KiB", 259.01).unwrap();
        let error = |size| require_small(size, 259.0).unwrap_err().to_string();
        let large = "the Worker has 259.01 KiB (compressed), 259 is its budget";
        assert_eq!(error(" 640.12 KiB / gzip: 259.01 KiB"), large);
        assert_eq!(error("much"), "wrangler said `much`, which is no size");
    }
}
