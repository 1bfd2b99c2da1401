//! Runs the program of a rule.

use super::rules::Change;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Runs it to its end, with the change in its environment; never through a shell, and killed with all that it has started when it takes
/// longer than it may.
///
/// # Errors
/// It does not start, fails, or takes too long; in words.
pub fn run_program(change: &Change, timeout: Duration) -> Result<(), String> {
    let Some((program, arguments)) = change.rule.exec.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("PINION_ALERT_NAME", &change.rule.name).env("PINION_ALERT_STATE", change.state.name());
    command.env("PINION_ALERT_OF", &change.of).env("PINION_ALERT_VALUE", change.value.to_string());
    command.env("PINION_ALERT_TEXT", change.text.replace('\0', " "));
    let mut child = command.process_group(0).spawn().map_err(|error| format!("{program} does not start: {error}"))?;
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program} failed: {status}")),
            Err(error) => return Err(format!("{program} cannot be waited for: {error}")),
            Ok(None) if begin.elapsed() < timeout => std::thread::sleep(LOOK),
            Ok(None) => break,
        }
    }
    if let Ok(group) = i32::try_from(child.id()) {
        // It may have ended this moment.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    // It is killed: nothing to wait for but the kernel.
    let _ = child.wait();
    Err(format!("{program} took longer than {} ms and was killed, see alerts.exec_timeout_ms", timeout.as_millis()))
}
