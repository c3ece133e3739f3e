//! The guard ends everything that it was given, in every way that xtask may end.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A guard over a shell script, and the process ids that the script has written, one a line.
fn guard(script: &str, ids: usize) -> io::Result<(Child, Vec<String>)> {
    let mut guard = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["guard", "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = guard.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let ids: io::Result<Vec<_>> = BufReader::new(output).lines().take(ids).collect();
    Ok((guard, ids?))
}

fn runs(id: &str) -> bool {
    // A zombie has ended; it waits for somebody to take notice.
    let stat = fs::read_to_string(Path::new("/proc").join(id).join("stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

fn all_end(ids: &[String]) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while ids.iter().any(|id| runs(id)) {
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn the_status_is_passed_on() {
    let (mut guard, _) = guard("exit 7", 0).unwrap();
    // `wait` would close standard input first, which ends the command.
    let input = guard.stdin.take();
    assert_eq!(guard.wait().unwrap().code(), Some(7));
    drop(input);
}

#[test]
fn closing_the_pipe_ends_the_whole_group() {
    let (mut guard, ids) = guard("sleep 600 & echo $!; echo $$; wait", 2).unwrap();
    assert!(ids.iter().all(|id| runs(id)));
    drop(guard.stdin.take());
    guard.wait().unwrap();
    assert!(all_end(&ids), "{ids:?}");
}

#[test]
fn what_will_not_stop_is_killed() {
    let script = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $!; echo $$; while :; do sleep 1; done";
    let (mut guard, ids) = guard(script, 2).unwrap();
    let begun = Instant::now();
    drop(guard.stdin.take());
    guard.wait().unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(4), "it had no time to stop by itself");
    assert!(all_end(&ids), "{ids:?}");
}

#[test]
fn what_a_command_leaves_behind_is_ended() {
    let (mut guard, ids) = guard("sleep 600 & echo $!", 1).unwrap();
    let input = guard.stdin.take();
    guard.wait().unwrap();
    assert!(all_end(&ids), "{ids:?}");
    drop(input);
}
