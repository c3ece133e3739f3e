//! `cargo xtask function`: the function alone, behind everything that AWS can put in front of it.
//!
//! All fronts lead to the same processes. Two of them have the stage `prod` in front of their
//! paths. `invoke` takes events themselves. The function's environment is that of the command: `POLICY`, its secrets, `BASE_PATH`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

use crate::checkout::Checkout;
use crate::dev::REGION;
use crate::http;
use crate::lambda::{Front, Function, run as run_function};
use crate::process::{Log, Stopper};

/// Options of `cargo xtask function`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the function's log goes.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// The function's binary [default: the one that `cargo xtask dev` has built].
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs the function until it is told to stop. Prints one line of JSON: where each front is.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let binary = match &options.binary {
        Some(file) => std::path::absolute(file).context("the binary has no absolute path")?,
        None => Checkout::find()?.binary("uploads"),
    };
    let function = Function {
        name: "cloakroom-uploads".to_owned(),
        binary,
        environment: std::env::vars().collect(),
        region: REGION.to_owned(),
        log: Log::create(options.log.clone())?,
    };
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot be started")?;
    runtime.block_on(serve(&function)).map(|()| ExitCode::SUCCESS)
}

async fn serve(function: &Function) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let (mut fronts, mut said) = (Vec::new(), Map::new());
    for front in Front::ALL.into_iter().chain([Front::Invoke]) {
        let (listener, port) = http::listen(0).await?;
        said.insert(front.to_string(), format!("http://127.0.0.1:{port}").into());
        fronts.push((front, listener));
    }
    let (stopper, stop) = Stopper::new();
    let mut instances = run_function(function, fronts, &stop);
    let mut out = std::io::stdout();
    writeln!(out, "{}", Value::Object(said))
        .and_then(|()| out.flush())
        .context("standard output cannot be written")?;
    let outcome = tokio::select! {
        Some(ended) = instances.join_next() => ended.context("the function's supervisor failed")
            .and_then(|outcome| outcome)
            .and_then(|()| Err(anyhow!("the function ended by itself"))),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    stopper.request();
    while instances.join_next().await.is_some() {}
    outcome
}
