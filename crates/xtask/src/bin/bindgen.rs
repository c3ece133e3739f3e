//! Makes the two halves of a Worker module from a compiled one: `index.js` and `index_bg.wasm`.
//!
//! The linker's output carries descriptions of what crosses between JavaScript and WASM;
//! `wasm-bindgen` turns them into code. This is its library in a program of its own, because
//! compiling it takes longer than everything else of xtask together.
//!
//! Usage: `xtask-bindgen INPUT.wasm OUTPUT_FOLDER`

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use walrus::Module;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: xtask-bindgen INPUT.wasm OUTPUT_FOLDER");
    };
    let mut bindgen = Bindgen::new();
    let mut halves = bindgen
        .input_path(input)
        .out_name("index")
        // The shim hands the compiled module over, so nothing is fetched at start.
        .web(true)?
        // The shim starts a new instance after a trap.
        .reset_state_function(true)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    drop_classes(halves.wasm_mut())?;
    halves.emit(output)
}

/// Drops what makes classes for JavaScript: the shim calls functions only. The classes are of
/// `worker` and of what it is made with, and each brings code that nothing else calls.
fn drop_classes(module: &mut Module) -> Result<()> {
    let names: Vec<_> = module.exports.iter().map(|export| export.name.clone()).collect();
    let class = |name: &str| -> Option<String> {
        Some(name.strip_prefix("__wbg_")?.strip_suffix("_free")?.to_owned())
    };
    let classes: Vec<_> = names.iter().filter_map(|name| class(name)).collect();
    let is_of_class = |name: &str| {
        let plain = ["__wbg_get_", "__wbg_set_", "__wbg_"];
        let plain = plain.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        let rest = classes.iter().find_map(|class| plain.strip_prefix(class.as_str()));
        rest.is_some_and(|rest| rest.starts_with('_'))
    };
    for name in names.iter().filter(|name| is_of_class(name)) {
        module.exports.remove(name)?;
    }
    walrus::passes::gc::run(module);
    Ok(())
}
