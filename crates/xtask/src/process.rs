//! Programs that run until they are told to stop, each below a guard, with its output in a log.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;

use crate::guard::GRACE;

const LINES_SHOWN: usize = 25;

/// Where a program's output goes.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    path: PathBuf,
}

impl Log {
    /// An empty log.
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        File::create(&path)
            .with_context(|| format!("the log `{}` cannot be written", path.display()))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its last lines.
    pub(crate) fn tail(&self) -> String {
        let bytes = fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        let shown = lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default();
        shown.join("\n")
    }

    /// Opens it to write at its end.
    pub(crate) fn open(&self) -> Result<File> {
        let open = OpenOptions::new().append(true).open(&self.path);
        open.with_context(|| format!("the log `{}` cannot be written", self.path.display()))
    }
}

/// A program that runs. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// The guard ends the program when this is closed.
    alive: Option<ChildStdin>,
}

impl Process {
    /// Starts a command that was made by [`crate::guard::command`].
    pub(crate) fn spawn(mut command: Command, log: &Log) -> Result<Self> {
        command.stdout(Stdio::from(log.open()?)).stderr(Stdio::from(log.open()?));
        let mut child = tokio::process::Command::from(command)
            .spawn()
            .context("a program cannot be started")?;
        let alive = child.stdin.take();
        Ok(Self { child, alive })
    }

    /// Waits until the program ends by itself; says how it ended.
    pub(crate) async fn ended(&mut self) -> Result<String> {
        let status = self.child.wait().await.context("a program is lost")?;
        Ok(status.to_string())
    }

    /// Asks the program to stop and waits until it has. The guard uses force after a while.
    pub(crate) async fn stop(mut self) {
        drop(self.alive.take());
        let limit = GRACE + Duration::from_secs(2);
        if tokio::time::timeout(limit, self.child.wait()).await.is_err() {
            eprintln!("a program did not stop within {} s", limit.as_secs());
        }
    }
}

/// Tells tasks to stop.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    receiver: watch::Receiver<bool>,
}

/// The other side of a [`Stop`]: requests it, at the latest when it is dropped.
#[derive(Debug)]
pub(crate) struct Stopper {
    sender: watch::Sender<bool>,
}

impl Stopper {
    /// A new pair.
    pub(crate) fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self { sender }, Stop { receiver })
    }

    /// Tells every task that holds the other side.
    pub(crate) fn request(&self) {
        self.sender.send_replace(true);
    }
}

impl Stop {
    /// Waits until it is time to stop.
    pub(crate) async fn requested(&mut self) {
        // An error means that the other side is gone, which is a request too.
        let _requested = self.receiver.wait_for(|stop| *stop).await;
    }
}
