//! What the program needs that measures under workerd: the edge's bundle, the core's signing as
//! WASM, the two ends around them, and nginx if it can be had.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context as _, Result};

use super::nginx;
use crate::cache::Cache;
use crate::checkout::{Checkout, cargo};
use crate::command::Run;
use crate::progress::step;
use crate::{bundle, npm};

const SIGNER: &str = "cloakroom-bench-worker";
const LOAD: &str = "cloakroom-bench-load";

/// Builds and installs all, and says where it is.
pub(super) fn install(checkout: &Checkout, cache: &Cache) -> Result<Vec<(&'static str, OsString)>> {
    // workerd and aws4fetch.
    step("npm packages", |step| npm::install(checkout.root(), step))?;
    let edge = bundle::default_folder(checkout);
    bundle::build(checkout, &edge)?;
    let folder = checkout.target().join("bench");
    let signer = folder.join("signer");
    bundle::build_module(checkout, SIGNER, &signer)?;
    step("load", |step| {
        let build = Run::new(cargo())?.dir(&checkout.root().join("bench"));
        let build = build.args(["build", "--release", "--locked", "--package", LOAD]);
        build.arg("--target-dir").args([&folder]).run(step)?;
        Ok(((), String::new()))
    })?;
    let work = folder.join("workerd");
    fs::create_dir_all(&work).with_context(|| format!("`{}` cannot be made", work.display()))?;
    let nginx = step("nginx", |step| {
        Ok(match nginx::install(cache, step) {
            Ok(folder) => (("CLOAKROOM_BENCH_NGINX", folder.into_os_string()), String::new()),
            Err(why) => {
                (("CLOAKROOM_BENCH_NO_NGINX", format!("{why:#}").into()), "left out".to_owned())
            }
        })
    })?;
    Ok(vec![
        ("CLOAKROOM_BENCH_WORK", work.into_os_string()),
        ("CLOAKROOM_BENCH_SIGNER", signer.into_os_string()),
        ("CLOAKROOM_BENCH_LOAD", folder.join("release").join(LOAD).into_os_string()),
        ("CLOAKROOM_BENCH_EDGE", edge.into_os_string()),
        nginx,
    ])
}
