//! The processes of the function: started, given events, replaced when they end.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::front::{Front, Server};
use super::runtime_api::RuntimeApi;
use super::{INSTANCES, Queue};
use crate::guard;
use crate::http::{listen, serve};
use crate::process::{Log, Process, Stop};

/// The function that is to run.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Its binary.
    pub(crate) binary: PathBuf,
    /// Its environment, beside what the Lambda service sets.
    pub(crate) environment: Vec<(String, String)>,
    /// Its region.
    pub(crate) region: String,
    /// Where its output goes.
    pub(crate) log: Log,
}

/// The running function: resolves when it can no longer run, with the reason.
pub(crate) type Instances = JoinSet<Result<()>>;

/// Runs the function behind `fronts`, each served on its listener, until `stop`.
pub(crate) fn run(
    function: &Function,
    fronts: Vec<(Front, TcpListener)>,
    stop: &Stop,
) -> Instances {
    let (sender, receiver) = mpsc::channel(1024);
    let queue: Queue = Arc::new(Mutex::new(receiver));
    let mut tasks = JoinSet::new();
    for _ in 0..INSTANCES {
        tasks.spawn(instance(function.clone(), Arc::clone(&queue), stop.clone()));
    }
    for (front, listener) in fronts {
        let (server, mut stop) = (Arc::new(Server::new(front, sender.clone())), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = serve(listener, server) => Ok(()),
                () = stop.requested() => Ok(()),
            }
        });
    }
    tasks
}

/// One process after the other, until `stop`.
async fn instance(function: Function, queue: Queue, mut stop: Stop) -> Result<()> {
    let (listener, port) = listen(0).await?;
    let arn = format!("arn:aws:lambda:{}:000000000000:function:{}", function.region, function.name);
    let api = Arc::new(RuntimeApi::new(queue, arn));
    let server = tokio::spawn(serve(listener, Arc::clone(&api)));
    let outcome = loop {
        let mut process = start(&function, port)?;
        let status = tokio::select! {
            status = process.ended() => status,
            () = api.overdue() => Ok("stopped: it took too long".to_owned()),
            () = stop.requested() => {
                process.stop().await;
                break Ok(());
            }
        };
        process.stop().await;
        // A process that fails before it has asked for an event would fail for ever.
        if !api.reset() {
            let status = status?;
            break Err(anyhow::anyhow!("the upload function ended while it started ({status})"));
        }
    };
    server.abort();
    outcome
}

fn start(function: &Function, runtime_api_port: u16) -> Result<Process> {
    if !function.binary.is_file() {
        bail!("the function's binary `{}` is missing", function.binary.display());
    }
    let mut command = guard::command(&function.binary)?;
    set_environment(&mut command, function, runtime_api_port);
    Process::spawn(command, &function.log).context("the upload function cannot be started")
}

/// What the Lambda service sets, and what is the function's own.
pub(super) fn set_environment(command: &mut Command, function: &Function, runtime_api_port: u16) {
    command
        // What the function would take for its own has to be in its environment.
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("BASE_PATH")
        .env_remove("PUBLIC_URL")
        .env_remove("SECRETS")
        .envs(function.environment.iter().map(|(name, value)| (name, value)))
        .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{runtime_api_port}"))
        .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
        .env("AWS_REGION", &function.region)
        .env("AWS_DEFAULT_REGION", &function.region)
        // The machine's own AWS settings must not reach the function.
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_PROFILE");
}
