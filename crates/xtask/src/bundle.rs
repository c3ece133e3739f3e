//! The Worker's bundle: `shim.mjs`, `platform.mjs`, `index.js` and `index_bg.wasm` in one folder.
//!
//! cargo compiles `edge/` for WASM, `xtask-bindgen` makes the two halves of the module, and the
//! scripts of `edge/` are copied beside them. cargo decides whether there is something to compile;
//! the second step runs only when its input is new. `cargo xtask bench` makes a module of its own
//! in the same way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::cache::Cache;
use crate::checkout::{Checkout, cargo};
use crate::command::Run;
use crate::progress::{Step, step};
use crate::wasm::{self, Compiler, TARGET};

const PACKAGE: &str = "cloakroom-edge";
const PROFILE: &str = "edge";

/// SHA-256 is almost twice as fast with vectors, and every Workers runtime has them.
///
/// V8 compiles a function when it is first called. Without a limit LLVM puts what is called in one
/// place into its caller, however long it is: a first request then has code compiled for listings,
/// other dialects and other stores. What needs more of the stack than this many bytes stays apart.
const FLAGS: &str = "-Ctarget-feature=+simd128 -Cllvm-args=-inline-max-stacksize=256";

/// What the bundle was made of, in the bundle's folder.
const STAMP: &str = ".made-of";

/// Where the bundle goes when nothing else is said.
pub(crate) fn default_folder(checkout: &Checkout) -> PathBuf {
    checkout.root().join("build/edge")
}

/// Makes the bundle in `folder`, with all that it takes.
pub(crate) fn build(checkout: &Checkout, folder: &Path) -> Result<()> {
    build_module(checkout, PACKAGE, folder)?;
    for name in ["shim.mjs", "platform.mjs"] {
        let script = checkout.root().join("edge").join(name);
        fs::copy(&script, folder.join(name))
            .with_context(|| format!("`{}` cannot be copied", script.display()))?;
    }
    Ok(())
}

/// Makes the two halves of a package's module in `folder`, as they are made for the bundle.
pub(crate) fn build_module(checkout: &Checkout, package: &str, folder: &Path) -> Result<()> {
    let cache = Cache::open()?;
    let compiler = step("WASM compiler", |step| wasm::install(checkout, &cache, step))?;
    step("bindgen", |step| build_bindgen(checkout, step))?;
    let module = step(package, |step| compile(checkout, package, &compiler, step))?;
    step("WASM module", |step| assemble(checkout, &module, folder, step))
}

/// Compiles a package and returns the file that came out.
fn compile(
    checkout: &Checkout,
    package: &str,
    compiler: &Compiler,
    step: &Step,
) -> Result<(PathBuf, String)> {
    // Of its own, so that two compilers do not undo each other's work.
    let target = checkout.target().join("edge");
    let command = Run::new(cargo())?
        .args([
            "build",
            "--package",
            package,
            "--target",
            TARGET,
            "--profile",
            PROFILE,
            "--target-dir",
        ])
        .args([&target])
        .dir(checkout.root())
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    compiler.apply(command).run(step)?;
    let module = target.join(TARGET).join(PROFILE).join(package.replace('-', "_") + ".wasm");
    let outcome = size(&module)?;
    Ok((module, outcome))
}

/// Builds the program that makes the two halves.
fn build_bindgen(checkout: &Checkout, step: &Step) -> Result<((), String)> {
    Run::new(cargo())?
        .args(["build", "--package", "xtask", "--bin", "xtask-bindgen", "--features", "bindgen"])
        .dir(checkout.root())
        .run(step)?;
    Ok(((), String::new()))
}

/// Makes both halves in `folder` from the compiled module.
fn assemble(
    checkout: &Checkout,
    module: &Path,
    folder: &Path,
    step: &Step,
) -> Result<((), String)> {
    let bindgen = checkout.binary("xtask-bindgen");
    let stamp = folder.join(STAMP);
    let wanted = format!("{}\n{}\n", identity(module)?, identity(&bindgen)?);
    let fresh = fs::read_to_string(&stamp).is_ok_and(|found| found == wanted);
    if !fresh {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("`{}` cannot be replaced", folder.display()))?;
        }
        Run::new(&bindgen)?.args([module, folder]).run(step)?;
        fs::write(&stamp, wanted)
            .with_context(|| format!("`{}` cannot be written", stamp.display()))?;
    }
    Ok(((), if fresh { "up to date".to_owned() } else { size(&folder.join("index_bg.wasm"))? }))
}

/// Enough to tell whether a file was written again.
fn identity(file: &Path) -> Result<String> {
    let meta = fs::metadata(file).with_context(|| format!("`{}` is missing", file.display()))?;
    let modified = meta
        .modified()
        .unwrap_or(SystemTime::UNIX_EPOCH)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(format!("{} bytes, {} ns", meta.len(), modified.as_nanos()))
}

fn size(file: &Path) -> Result<String> {
    let bytes =
        fs::metadata(file).with_context(|| format!("`{}` is missing", file.display()))?.len();
    Ok(format!("{} KB of WASM", bytes.div_ceil(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code that the macro generates and the code that reads it must be of one version.
    #[test]
    fn both_halves_of_wasm_bindgen_have_one_version() {
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        let lock: toml::Table = fs::read_to_string(lock).unwrap().parse().unwrap();
        let versions = |name: &str| -> Vec<String> {
            let packages = lock["package"].as_array().unwrap().iter();
            let named = packages.filter(|package| package["name"].as_str() == Some(name));
            named.map(|package| package["version"].as_str().unwrap().to_owned()).collect()
        };
        let macros = versions("wasm-bindgen");
        assert_eq!(macros.len(), 1);
        assert_eq!(macros, versions("wasm-bindgen-cli-support"));
    }
}
