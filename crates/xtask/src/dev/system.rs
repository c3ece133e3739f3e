//! The running parts: started together, watched together, stopped together.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::policy::RunPolicy;
use super::ports::Ports;
use super::secrets::Secrets;
use super::{BUCKET, REGION, edge, policy, seed};
use crate::checkout::Checkout;
use crate::process::{Log, Process, Stop, Stopper};
use crate::progress::timed;
use crate::{guard, http, lambda};

/// How long a part may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);
const POLL_EVERY: Duration = Duration::from_millis(20);

/// Everything that is needed to start.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) checkout: Checkout,
    pub(super) data: PathBuf,
    pub(super) bundle: PathBuf,
    pub(super) ports: Ports,
    pub(super) secrets: Secrets,
    pub(super) policy: RunPolicy,
}

/// The parts that run.
#[derive(Debug)]
pub(super) struct System {
    stopper: Stopper,
    stop: Stop,
    parts: JoinSet<()>,
    failed: mpsc::Receiver<anyhow::Error>,
    fail: mpsc::Sender<anyhow::Error>,
}

impl System {
    /// Nothing runs yet.
    pub(super) fn new() -> Self {
        let (stopper, stop) = Stopper::new();
        let (fail, failed) = mpsc::channel(16);
        Self { stopper, stop, parts: JoinSet::new(), failed, fail }
    }

    /// Starts every part and returns when all answer.
    pub(super) async fn start(&mut self, plan: &Plan) -> Result<()> {
        let logs = plan.data.join("logs");
        fs::create_dir_all(&logs)
            .with_context(|| format!("`{}` cannot be created", logs.display()))?;
        let log = |part: &str| Log::create(logs.join(format!("{part}.log")));
        let store = log("store")?;
        self.run("store", store.clone(), store_command(plan)?)?;
        let app = log("app")?;
        self.run("app", app.clone(), app_command(plan)?)?;
        let edge = log("edge")?;
        self.run("edge", edge.clone(), edge::command(plan)?)?;
        let uploads = log("uploads")?;
        self.run_function(plan, uploads.clone()).await?;

        let ports = &plan.ports;
        self.until("store", answers(&ports.store_url(), "/", &store)).await?;
        self.until("samples", seed::run(plan)).await?;
        self.until("upload function", answers(&ports.uploads_url(), "/", &uploads)).await?;
        self.until("edge worker", answers(&ports.edge_url(), "/", &edge)).await?;
        self.until("gallery page", answers(&ports.app_url(), "/healthz", &app)).await
    }

    /// Waits until a part fails.
    pub(super) async fn watch(&mut self) -> Result<()> {
        Err(self.failure().await)
    }

    /// Stops every part.
    pub(super) async fn stop(&mut self) {
        self.stopper.request();
        while self.parts.join_next().await.is_some() {}
    }

    /// Runs a program as a part of the system: when it ends, the system has failed.
    fn run(&mut self, name: &'static str, log: Log, command: Command) -> Result<()> {
        let mut process = Process::spawn(command, &log)
            .with_context(|| format!("the {name} cannot be started"))?;
        let (mut stop, fail) = (self.stop.clone(), self.fail.clone());
        self.parts.spawn(async move {
            tokio::select! {
                ended = process.ended() => {
                    let how = ended.unwrap_or_else(|error| error.to_string());
                    report(&fail, failure(&format!("the {name} ended by itself ({how})"), &log)).await;
                }
                () = stop.requested() => {}
            }
            process.stop().await;
        });
        Ok(())
    }

    async fn run_function(&mut self, plan: &Plan, log: Log) -> Result<()> {
        let mut environment = plan.policy.secrets.clone();
        environment.extend([
            ("POLICY".to_owned(), plan.policy.text.clone()),
            ("PUBLIC_URL".to_owned(), plan.ports.uploads_url()),
            ("AWS_ACCESS_KEY_ID".to_owned(), policy::STORE_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), plan.secrets.store.clone()),
        ]);
        let function = lambda::Function {
            name: "cloakroom-uploads".to_owned(),
            binary: plan.checkout.binary("uploads"),
            environment,
            region: REGION.to_owned(),
            log: log.clone(),
        };
        let (listener, _) = http::listen(plan.ports.uploads).await?;
        let (events, _) = http::listen(plan.ports.invoke).await?;
        let fronts = vec![(lambda::Front::FunctionUrl, listener), (lambda::Front::Invoke, events)];
        let mut instances = lambda::run(&function, fronts, &self.stop);
        let fail = self.fail.clone();
        self.parts.spawn(async move {
            while let Some(ended) = instances.join_next().await {
                let outcome = ended.unwrap_or_else(|error| {
                    Err(anyhow!("the function's supervisor failed: {error}"))
                });
                if let Err(error) = outcome {
                    report(&fail, failure(&error.to_string(), &log)).await;
                }
            }
        });
        Ok(())
    }

    /// Waits for `ready`, unless a part fails before.
    async fn until(&mut self, name: &str, ready: impl Future<Output = Result<()>>) -> Result<()> {
        timed(name, async {
            tokio::select! {
                biased;
                error = self.failure() => Err(error),
                outcome = ready => outcome,
            }
        })
        .await
    }

    async fn failure(&mut self) -> anyhow::Error {
        // The sender lives as long as `self`, so there is always an error to wait for.
        self.failed.recv().await.unwrap_or_else(|| anyhow!("the parts are lost"))
    }
}

/// The first failure ends everything; that nobody listens to a later one does no harm.
async fn report(fail: &mpsc::Sender<anyhow::Error>, error: anyhow::Error) {
    let _later = fail.send(error).await;
}

fn failure(what: &str, log: &Log) -> anyhow::Error {
    anyhow!("{what}; the last lines of {}:\n{}", log.path().display(), log.tail())
}

/// Waits until a server answers, with anything but a failure of its own.
async fn answers(base: &str, path: &str, log: &Log) -> Result<()> {
    let url = format!("{base}{path}");
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let request = Request::get(&url).body(Full::default()).context("a URL is malformed")?;
        match http::send(request).await {
            Ok(answer) if answer.status() < StatusCode::INTERNAL_SERVER_ERROR => return Ok(()),
            Ok(answer) => {
                let text: &Bytes = answer.body();
                let what =
                    format!("{url} answers {}: {}", answer.status(), String::from_utf8_lossy(text));
                return Err(failure(&what, log));
            }
            Err(error) if Instant::now() >= deadline => {
                return Err(failure(&format!("{error:#}"), log));
            }
            Err(_) => tokio::time::sleep(POLL_EVERY).await,
        }
    }
}

fn store_command(plan: &Plan) -> Result<Command> {
    let binary = plan.checkout.binary("cloakroom-store");
    if !binary.is_file() {
        bail!("the store's binary `{}` is missing", binary.display());
    }
    let mut command = guard::command(binary)?;
    command.arg("--data").arg(plan.data.join("objects"));
    command.args(["--port", &plan.ports.store.to_string(), "--bucket", BUCKET, "--region", REGION]);
    for origin in plan.ports.app_origins() {
        command.args(["--allow-origin", &origin]);
    }
    command
        .env("STORE_ACCESS_KEY_ID", policy::STORE_KEY)
        .env("STORE_SECRET_ACCESS_KEY", &plan.secrets.store);
    Ok(command)
}

fn app_command(plan: &Plan) -> Result<Command> {
    let ports = &plan.ports;
    let mut command = guard::command("node")?;
    command
        .arg("examples/gallery/server.mjs")
        .current_dir(plan.checkout.root())
        .env("PORT", ports.app.to_string())
        .env("EDGE_URL", ports.edge_url())
        .env("UPLOADS_URL", ports.uploads_url())
        .env("STORE_URL", ports.store_url())
        .env("REGION", REGION)
        .env("BUCKET", BUCKET)
        .env("EDGE_ACCESS_KEY_ID", policy::EDGE_KEY)
        .env("EDGE_SECRET_ACCESS_KEY", &plan.secrets.edge)
        .env("STORE_ACCESS_KEY_ID", policy::STORE_KEY)
        .env("STORE_SECRET_ACCESS_KEY", &plan.secrets.store)
        .env("USERS_JWT_SECRET", &plan.secrets.users)
        .env("JWT_ISSUER", ports.app_url())
        .env("JWT_AUDIENCE", policy::JWT_AUDIENCE)
        .env("JWT_KID", policy::JWT_KID);
    Ok(command)
}
