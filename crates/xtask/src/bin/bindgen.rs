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
    Bindgen::new()
        .input_path(input)
        .out_name("index")
        // The shim hands the compiled module over, so nothing is fetched at start.
        .web(true)?
        // The shim starts a new instance after a trap.
        .reset_state_function(true)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(output)
}
