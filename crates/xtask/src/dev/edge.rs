//! The Worker under workerd, through miniflare (`edge.mjs`).
//!
//! Why miniflare and not `wrangler dev`: both run the same workerd from the same npm tree. But
//! `wrangler dev` puts a proxy in front that rewrites what the Worker sees (`%2e%2e` and `\` in
//! a path are resolved, `"` and `'` are escaped, `accept-encoding` is replaced), takes 4 s to
//! start and runs a second isolate. miniflare can open a socket straight to the Worker: it sees
//! the request as it was sent, and starts in 0.2 s. workerd by itself still resolves a literal
//! `/./` and `/../` in the path. `cargo xtask test` runs `wrangler deploy --dry-run` as well.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::system::Plan;
use crate::guard;

/// The command that serves the Worker.
pub(super) fn command(plan: &Plan) -> Result<Command> {
    let settings = settings(&plan.checkout.root().join("wrangler.toml"))?;
    let mut bindings = Map::new();
    for (name, value) in &plan.policy.secrets {
        bindings.insert(name.clone(), value.as_str().into());
    }
    bindings.insert("POLICY".to_owned(), plan.policy.text.as_str().into());
    let config = json!({
        "port": plan.ports.edge,
        "bundle": plan.bundle,
        "settings": settings,
        "bindings": bindings,
    });
    // miniflare leaves its folder behind when it is killed: give it a place that is cleaned.
    let temporary = plan.data.join("tmp");
    if temporary.exists() {
        fs::remove_dir_all(&temporary)
            .with_context(|| format!("`{}` cannot be emptied", temporary.display()))?;
    }
    fs::create_dir(&temporary)
        .with_context(|| format!("`{}` cannot be created", temporary.display()))?;
    let mut command = guard::command("node")?;
    command
        .arg(plan.checkout.root().join("crates/xtask/src/dev/edge.mjs"))
        .env("EDGE_CONFIG", config.to_string())
        .env("TMPDIR", temporary)
        .current_dir(plan.checkout.root());
    Ok(command)
}

/// The settings of wrangler.toml that change what the Worker does.
fn settings(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    parse_settings(&text).with_context(|| format!("`{}` is malformed", path.display()))
}

fn parse_settings(text: &str) -> Result<Value> {
    let table: toml::Table = text.parse()?;
    let date = table
        .get("compatibility_date")
        .and_then(toml::Value::as_str)
        .context("no `compatibility_date`")?;
    let flags = table.get("compatibility_flags").and_then(toml::Value::as_array);
    let flags: Vec<_> = flags.into_iter().flatten().filter_map(toml::Value::as_str).collect();
    Ok(json!({ "compatibilityDate": date, "compatibilityFlags": flags }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_wrangler() {
        let both = parse_settings(
            "compatibility_date = \"2026-04-01\"\ncompatibility_flags = [\"a\", \"b\"]",
        )
        .unwrap();
        assert_eq!(
            both,
            json!({ "compatibilityDate": "2026-04-01", "compatibilityFlags": ["a", "b"] })
        );
        assert!(parse_settings("name = \"edge\"").is_err());
    }
}
