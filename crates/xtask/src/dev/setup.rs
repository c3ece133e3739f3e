//! What must be there before anything can start.

use std::path::PathBuf;

use anyhow::Result;

use crate::checkout::{Checkout, cargo};
use crate::command::Run;
use crate::progress::{Step, step};
use crate::{bundle, npm};

/// Builds what is out of date and returns the folder of the Worker's bundle.
pub(super) fn run(checkout: &Checkout) -> Result<PathBuf> {
    step("npm packages", |step| npm::install(checkout.root(), step))?;
    let bundle = bundle::default_folder(checkout);
    bundle::build(checkout, &bundle)?;
    step("store and function", |step| binaries(checkout, step))?;
    Ok(bundle)
}

fn binaries(checkout: &Checkout, step: &Step) -> Result<((), String)> {
    Run::new(cargo())?
        .args(["build", "--package", "cloakroom-store", "--package", "cloakroom-lambda"])
        .args(["--bin", "cloakroom-store", "--bin", "uploads"])
        .dir(checkout.root())
        .run(step)?;
    Ok(((), String::new()))
}
