//! No process outlives xtask, however xtask ends.
//!
//! Every command runs below a guard, which is this program again (`xtask guard -- command…`).
//! The guard puts the command into a process group of its own and reads standard input, a pipe
//! that xtask holds open and never writes to. When xtask ends, cleanly or by `kill -9`, the
//! kernel closes the pipe and the guard ends the whole group: first with a request to stop,
//! after a grace period by force. When the command ends, the guard ends what is left of its
//! group and passes the exit status on.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// How long a command may take to stop by itself.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// A command that ends when the other end of its standard input is dropped.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = Command::new(this_program()?);
    // A group of its own: Ctrl-C in the terminal reaches xtask, and xtask decides.
    command.args(["guard", "--"]).arg(program).stdin(Stdio::piped()).process_group(0);
    Ok(command)
}

/// The program that runs, or the one that has taken its place since: cargo replaces the file when
/// xtask is built again, and Linux then marks the old one's path.
pub(crate) fn this_program() -> Result<PathBuf> {
    let path = env::current_exe().context("the path of xtask itself cannot be read")?;
    let unmarked = path.as_os_str().as_encoded_bytes().strip_suffix(b" (deleted)");
    Ok(unmarked.map_or_else(|| path.clone(), |bytes| PathBuf::from(OsStr::from_bytes(bytes))))
}

/// The guard itself.
pub(crate) fn run(command: &[OsString]) -> Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else { bail!("nothing to guard") };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("`{}` cannot be started", program.display()))?;
    let group = Pid::from_child(&child);
    let stop = move || {
        end(group, Signal::TERM);
        thread::sleep(GRACE);
        end(group, Signal::KILL);
    };
    thread::spawn(move || {
        wait_for_end_of_input();
        stop();
    });
    thread::spawn(move || {
        if wait_for_signal().is_ok() {
            stop();
        }
    });
    let status = child.wait().with_context(|| format!("`{}` is lost", program.display()))?;
    end(group, Signal::KILL);
    Ok(exit_code(status))
}

fn wait_for_end_of_input() {
    let mut input = std::io::stdin().lock();
    let mut ignored = [0; 64];
    while input.read(&mut ignored).is_ok_and(|bytes| bytes > 0) {}
}

/// Somebody may mean the guard itself, as `pkill xtask` does.
fn wait_for_signal() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

/// A group that is already gone is what was wanted.
fn end(group: Pid, signal: Signal) {
    let _gone = kill_process_group(group, signal);
}

/// The status as a shell reports it: a signal counts from 128.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
