//! `cargo xtask dev`: the whole system on this machine, from an empty checkout on.
//!
//! ```text
//!                  ┌─▶ app       gallery page (Node)
//! browser ─────────┼─▶ uploads   function URL ─▶ the Lambda binary ◀── invoke   events, posted as JSON
//!                  ├─▶ store     S3-compatible store ◀── PUT straight from the browser
//!                  └─▶ edge      the Worker under workerd ──▶ store
//! ```

mod edge;
mod policy;
mod ports;
mod secrets;
mod seed;
mod setup;
mod system;
mod tokens;

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::checkout::Checkout;
use crate::progress::{step, timed};
use policy::RunPolicy;
use ports::Ports;
use secrets::Secrets;
use system::{Plan, System};

/// The region and the bucket of development.
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const BUCKET: &str = "media";

/// Options of `cargo xtask dev`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print one line of JSON on standard output when everything answers.
    #[arg(long)]
    json: bool,
    /// The data folder: objects, secrets, logs [default: .cloakroom in the checkout].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Run this policy in place of the development one. Its secrets are read from the
    /// environment; STORE_ACCESS_KEY_ID and STORE_SECRET_ACCESS_KEY are those of the store here.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Port of the edge Worker; 0 is any free port.
    #[arg(long, value_name = "N", default_value_t = 8787)]
    edge_port: u16,
    /// Port of the upload function; 0 is any free port.
    #[arg(long, value_name = "N", default_value_t = 9001)]
    uploads_port: u16,
    /// Port of the object store; 0 is any free port.
    #[arg(long, value_name = "N", default_value_t = 9000)]
    store_port: u16,
    /// Port of the gallery page; 0 is any free port.
    #[arg(long, value_name = "N", default_value_t = 8000)]
    app_port: u16,
}

/// Runs the system until it is told to stop.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let data = match &options.data {
        Some(dir) => std::path::absolute(dir).context("the data folder has no absolute path")?,
        None => checkout.root().join(".cloakroom"),
    };
    let _lock = open_data(&data)?;
    let ports = Ports::choose(options)?;
    let bundle = setup::run(&checkout)?;
    let secrets = step("secrets", |_| Secrets::open(&data))?;
    let policy = match &options.policy {
        Some(file) => RunPolicy::read(file, &secrets)?,
        None => RunPolicy::of_development(&ports, &secrets),
    };
    let plan = Plan { checkout, data, bundle, ports, secrets, policy };
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot be started")?;
    runtime.block_on(serve(&plan, options.json))
}

async fn serve(plan: &Plan, json: bool) -> Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut system = System::new();
    let outcome = tokio::select! {
        outcome = run_system(&mut system, plan, json) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    timed("stop", system.stop()).await;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Starts everything, says so, and watches it. Returns only when something went wrong.
async fn run_system(system: &mut System, plan: &Plan, json: bool) -> Result<()> {
    system.start(plan).await?;
    let summary = summary(plan)?;
    let mut out = std::io::stdout();
    if json { writeln!(out, "{summary}") } else { write!(out, "{}", describe(plan)) }
        .and_then(|()| out.flush())
        .context("standard output cannot be written")?;
    system.watch().await
}

/// Creates the data folder, readable by its owner alone, and locks it.
fn open_data(data: &Path) -> Result<File> {
    let create = fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    create.with_context(|| format!("the data folder `{}` cannot be created", data.display()))?;
    let path = data.join("lock");
    let lock =
        File::create(&path).with_context(|| format!("`{}` cannot be written", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "another `cargo xtask dev` uses `{}`: stop it, or choose another folder with --data",
            data.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("`{}` cannot be locked", path.display()))
        }
    }
}

/// What scripts need to know.
fn summary(plan: &Plan) -> Result<Value> {
    let secrets = &plan.secrets;
    let key = |id: &str, secret: &str| json!({ "access_key_id": id, "secret_access_key": secret });
    Ok(json!({
        "ready": true,
        "edge": plan.ports.edge_url(),
        "uploads": plan.ports.uploads_url(),
        "invoke": plan.ports.invoke_url(),
        "store": plan.ports.store_url(),
        "app": plan.ports.app_url(),
        "region": REGION,
        "bucket": BUCKET,
        "data": plan.data,
        "keys": {
            "edge": key(policy::EDGE_KEY, &secrets.edge),
            "alice": key(policy::ALICE_KEY, &secrets.alice),
            "bob": key(policy::BOB_KEY, &secrets.bob),
            "store": key(policy::STORE_KEY, &secrets.store),
        },
        "users": {
            "alice": tokens::for_user("alice", plan)?.expose(),
            "bob": tokens::for_user("bob", plan)?.expose(),
        },
    }))
}

fn describe(plan: &Plan) -> String {
    let ports = &plan.ports;
    format!(
        "\n  Cloakroom is open. Start at the gallery:\n\n    {app}\n\n  \
         edge     {edge}/media/…\n  uploads  {uploads}/uploads\n  events   {invoke}\n  \
         store    {store}/{BUCKET}\n  \
         logs     {logs}\n\n  Ctrl-C stops everything.\n",
        app = ports.app_url(),
        edge = ports.edge_url(),
        uploads = ports.uploads_url(),
        invoke = ports.invoke_url(),
        store = ports.store_url(),
        logs = plan.data.join("logs").display(),
    )
}
