//! Progress on standard error: one line a step, with what was done and how long it took.
//!
//! On a terminal the line shows the newest output of the command that runs. Elsewhere a long
//! step says every twenty seconds that it is alive.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;

const STILL_ALIVE: Duration = Duration::from_secs(20);
const NOTE_WIDTH: usize = 60;

/// A step that is under way.
#[derive(Debug)]
pub(crate) struct Step {
    name: String,
    started: Instant,
    terminal: bool,
    spoke: Mutex<Instant>,
}

/// Runs `work` as a step called `name`; what it returns as text is shown beside the time.
pub(crate) fn step<T>(name: &str, work: impl FnOnce(&Step) -> Result<(T, String)>) -> Result<T> {
    let step = Step::start(name);
    match work(&step) {
        Ok((value, outcome)) => {
            step.finish(&outcome);
            Ok(value)
        }
        Err(error) => {
            step.finish("failed");
            Err(error)
        }
    }
}

/// Waits for `work` as a step called `name`.
pub(crate) async fn timed<T: Outcome>(name: &str, work: impl Future<Output = T>) -> T {
    let step = Step::start(name);
    let value = work.await;
    step.finish(value.outcome());
    value
}

/// What is shown when a step has ended.
pub(crate) trait Outcome {
    /// A word, or nothing when it went well.
    fn outcome(&self) -> &'static str;
}

impl Outcome for () {
    fn outcome(&self) -> &'static str {
        ""
    }
}

impl<T> Outcome for Result<T> {
    fn outcome(&self) -> &'static str {
        if self.is_ok() { "" } else { "failed" }
    }
}

impl Step {
    fn start(name: &str) -> Self {
        let now = Instant::now();
        let step = Self {
            name: name.to_owned(),
            started: now,
            terminal: stderr().is_terminal(),
            spoke: Mutex::new(now),
        };
        if step.terminal {
            write(&format!("  {name} …"));
        }
        step
    }

    /// Shows the newest line of output of the command that runs.
    pub(crate) fn note(&self, line: &str) {
        let short: String =
            line.trim().chars().filter(|c| !c.is_control()).take(NOTE_WIDTH).collect();
        if self.terminal {
            write(&format!("\r\x1b[2K  {} … {short}", self.name));
            return;
        }
        let Ok(mut spoke) = self.spoke.lock() else { return };
        if spoke.elapsed() >= STILL_ALIVE {
            *spoke = Instant::now();
            write(&format!("  {} … {short} ({})\n", self.name, seconds(self.started.elapsed())));
        }
    }

    fn finish(&self, outcome: &str) {
        let clear = if self.terminal { "\r\x1b[2K" } else { "" };
        let time = seconds(self.started.elapsed());
        let line = format!("  {:<18} {time:>12}  {outcome}", self.name);
        write(&format!("{clear}{}\n", line.trim_end()));
    }
}

/// A duration the way people read it.
pub(crate) fn seconds(time: Duration) -> String {
    let secs = time.as_secs();
    if secs < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", secs / 60, secs % 60)
    }
}

/// Nobody can be told when standard error itself is gone, so its errors are not looked at.
fn write(text: &str) {
    let mut out = stderr().lock();
    let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |millis, expected| assert_eq!(seconds(Duration::from_millis(millis)), expected);
        check(40, "0.0 s");
        check(1_250, "1.2 s");
        check(59_900, "59.9 s");
        check(60_000, "1 min 00 s");
        check(125_400, "2 min 05 s");
    }
}
