//! Runs other programs: shows the newest line, keeps the last ones for when it goes wrong.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::guard;
use crate::progress::Step;

const LINES_KEPT: usize = 40;

/// Which output stream a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Output,
    Errors,
}

/// A program to run to its end below a guard.
#[derive(Debug)]
pub(crate) struct Run {
    name: String,
    command: Command,
    limit: Option<Duration>,
    log: Option<PathBuf>,
}

impl Run {
    /// Runs `program`.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Result<Self> {
        let name =
            Path::new(&program).file_name().unwrap_or(program.as_ref()).display().to_string();
        Ok(Self { name, command: guard::command(program)?, limit: None, log: None })
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes a variable of the environment.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Sets the working directory.
    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Ends the program after this time.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Writes all output into a file as well.
    pub(crate) fn log(mut self, file: PathBuf) -> Self {
        self.log = Some(file);
        self
    }

    /// Runs the program to its end. What it wrote is in the error when it fails.
    pub(crate) fn run(self, step: &Step) -> Result<()> {
        self.each_line(|_, line| step.note(line))
    }

    /// Runs the program to its end and returns all that it wrote.
    pub(crate) fn run_to_text(self, step: &Step) -> Result<String> {
        let mut text = String::new();
        self.each_line(|_, line| {
            step.note(line);
            text.push_str(line);
            text.push('\n');
        })?;
        Ok(text)
    }

    /// Runs the program to its end and returns its standard output.
    pub(crate) fn output(self) -> Result<String> {
        let mut output = String::new();
        self.each_line(|stream, line| {
            if stream == Stream::Output {
                output.push_str(line);
                output.push('\n');
            }
        })?;
        Ok(output)
    }

    fn each_line(mut self, mut on_line: impl FnMut(Stream, &str)) -> Result<()> {
        let mut log = self.log.as_deref().map(create).transpose()?;
        let deadline = self.limit.map(|limit| Instant::now() + limit);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{}` cannot be started", self.name))?;
        // The guard ends the program when this is dropped.
        let mut alive = child.stdin.take();
        let lines = lines_of(&mut child);
        let mut last = VecDeque::with_capacity(LINES_KEPT);
        let mut in_time = true;
        loop {
            let line = match deadline.filter(|_| in_time) {
                None => lines.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
                Some(deadline) => {
                    lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
                }
            };
            match line {
                Ok((stream, line)) => {
                    on_line(stream, &line);
                    if let Some(log) = &mut log {
                        writeln!(log, "{line}").context("a log cannot be written")?;
                    }
                    if last.len() == LINES_KEPT {
                        last.pop_front();
                    }
                    last.push_back(line);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    in_time = false;
                    alive = None;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = child.wait().with_context(|| format!("`{}` is lost", self.name))?;
        drop(alive);
        if !in_time {
            bail!(
                "`{}` did not end within {} s",
                self.name,
                self.limit.unwrap_or_default().as_secs()
            );
        }
        if !status.success() {
            bail!("`{}` failed ({status}):\n{}", self.name, Vec::from(last).join("\n"));
        }
        Ok(())
    }
}

fn create(log: &Path) -> Result<File> {
    File::create(log).with_context(|| format!("the log `{}` cannot be written", log.display()))
}

/// The lines of both output streams, as they come, until both have ended.
fn lines_of(child: &mut Child) -> mpsc::Receiver<(Stream, String)> {
    let (send, lines) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        send_lines(Stream::Output, output, send.clone());
    }
    if let Some(errors) = child.stderr.take() {
        send_lines(Stream::Errors, errors, send);
    }
    lines
}

fn send_lines(
    stream: Stream,
    from: impl Read + Send + 'static,
    to: mpsc::Sender<(Stream, String)>,
) {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if to.send((stream, text)).is_err() {
                break;
            }
            line.clear();
        }
    });
}
