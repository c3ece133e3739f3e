//! A compiler for wasm32-unknown-unknown, in this order:
//!
//! 1. the active toolchain, when it has the target;
//! 2. the private toolchain that an earlier run made of Debian's packages;
//! 3. `rustup target add`, bounded, because a closed network may swallow it;
//! 4. a private toolchain made of Debian's packages ([`debian`]).
//!
//! The checkout has no `rust-toolchain.toml`: one that names a target makes every call of cargo
//! try to fetch it, on every machine that cannot.

mod debian;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cache::Cache;
use crate::checkout::{Checkout, find_program};
use crate::command::Run;
use crate::progress::Step;

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// A compiler that has the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// The active toolchain's.
    Active,
    /// This program instead.
    Private(PathBuf),
}

impl Compiler {
    /// Makes cargo use this compiler.
    pub(crate) fn apply(&self, cargo: Run) -> Run {
        match self {
            Self::Active => cargo,
            Self::Private(rustc) => cargo.env("RUSTC", rustc).env_remove("RUSTC_WRAPPER"),
        }
    }
}

/// Finds or installs a compiler.
pub(crate) fn install(
    checkout: &Checkout,
    cache: &Cache,
    step: &Step,
) -> Result<(Compiler, String)> {
    let sysroot = sysroot(checkout)?;
    if has_target(&sysroot) {
        return Ok((Compiler::Active, "the active toolchain has it".to_owned()));
    }
    if let Some(rustc) = debian::installed(cache, &sysroot)? {
        return Ok((Compiler::Private(rustc), "from the cache".to_owned()));
    }
    let rustup = if find_program("rustup").is_some() {
        step.note("asking rustup");
        rustup_add(checkout).map(|()| has_target(&sysroot))
    } else {
        Ok(false)
    };
    if let Ok(true) = rustup {
        return Ok((Compiler::Active, "added by rustup".to_owned()));
    }
    let rustc = debian::install(cache, &sysroot, step).map_err(|error| match rustup {
        // What rustup said is the better hint: most people have it.
        Err(refused) => {
            error.context(format!("rustup could not add the target {TARGET}: {refused:#}"))
        }
        Ok(_) => error.context(format!("the active toolchain lacks the target {TARGET}")),
    })?;
    Ok((
        Compiler::Private(rustc),
        "built from Debian's packages, once for all checkouts".to_owned(),
    ))
}

fn rustup_add(checkout: &Checkout) -> Result<()> {
    Run::new("rustup")?
        .args(["target", "add", TARGET])
        .dir(checkout.root())
        .limit(RUSTUP_LIMIT)
        .output()
        .map(drop)
}

fn sysroot(checkout: &Checkout) -> Result<PathBuf> {
    let output = Run::new("rustc")?
        .args(["--print", "sysroot"])
        .dir(checkout.root())
        .output()
        .context("the Rust compiler cannot be asked for its folder")?;
    Ok(PathBuf::from(output.trim()))
}

fn has_target(sysroot: &Path) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    libraries.read_dir().is_ok_and(|mut files| {
        files.any(|file| {
            file.is_ok_and(|file| file.file_name().as_encoded_bytes().starts_with(b"libstd-"))
        })
    })
}
