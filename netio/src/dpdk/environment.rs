//! DPDK's environment: started once a process, on a thread of its own, and never stopped.
//!
//! It would pin the thread that starts it, so that is one of ours which has nothing else to do, and which afterwards reads
//! the statistics of the open devices. Stopping it is only safe when nobody polls any more, and it cannot be started a
//! second time; since its memory goes with the process, it is left to run.
// Why unsafe: DPDK's calls.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dpdk_sys as sys;
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::getpid;

use super::options::{Device, DpdkLog, DpdkOptions};
use super::watch;
use crate::cpu;
use crate::port::PortError;

/// Starts it, or sees to it that it was started alike.
///
/// # Errors
///
/// [`PortError::Unavailable`] when it does not start, or runs with other settings.
pub(super) fn start(options: &DpdkOptions, device: &Device) -> Result<(), PortError> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = settings(options);
    match &*state {
        State::Runs { settings: running, has_cards } => {
            if *running != settings {
                let source = io::Error::other(format!("it runs with `{}`", running.join(" ")));
                let remedy = "it is started once a process: open all ports with the same cores, memory and arguments";
                return Err(refused("DPDK with other settings", remedy, source));
            }
            if matches!(device, Device::Pci { .. }) && !has_cards {
                let source = io::Error::other("it was started for virtual devices");
                return Err(refused("a card in DPDK", "open the port of the card before the virtual ones", source));
            }
            Ok(())
        }
        State::Failed(why) => {
            let source = io::Error::other(why.clone());
            Err(refused("DPDK", "it is tried once a process: mend what failed and start the process again", source))
        }
        State::Off => {
            let mut arguments = settings.clone();
            if options.cores.is_empty() {
                arguments.insert(1, on_cores(&cores_of_process()));
            }
            match device {
                Device::Pci { address, arguments: more } if more.is_empty() => {
                    arguments.push(format!("--allow={address}"))
                }
                Device::Pci { address, arguments: more } => arguments.push(format!("--allow={address},{more}")),
                Device::Virtual { .. } => arguments.push("--no-pci".to_owned()),
            }
            match init(&arguments) {
                Ok(()) => {
                    let has_cards = matches!(device, Device::Pci { .. });
                    *state = State::Runs { settings, has_cards };
                    Ok(())
                }
                Err(source) => {
                    *state = State::Failed(format!("`{}`: {source}", arguments.join(" ")));
                    let remedy = "read what it says on stderr (`log = \"info\"` says more); it needs the rights of root, \
                                  and with `huge_pages = true` reserved huge pages: `pinion host check`";
                    Err(refused("DPDK", remedy, source))
                }
            }
        }
    }
}

/// Which release is installed.
pub(super) fn version() -> String {
    // SAFETY: takes nothing.
    let version = unsafe { sys::rte_version() };
    // SAFETY: a constant text, which ends with a zero.
    unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned()
}

/// The error of this thread's last call of DPDK's.
pub(super) fn last_error() -> io::Error {
    // SAFETY: reads a variable of this thread.
    error_of(unsafe { sys::pinion_errno() })
}

/// The error of a call that returns it, with or without its sign.
pub(super) fn error_of(returned: i32) -> io::Error {
    match returned.unsigned_abs() {
        // Its own numbers are above the system's, and some calls have only -1 to say.
        code @ 2..=999 => io::Error::from_raw_os_error(code.cast_signed()),
        1 => last_of_one(),
        code => io::Error::other(format!("DPDK's error {code}")),
    }
}

/// `EPERM`, or the -1 of a call that tells no reason.
fn last_of_one() -> io::Error {
    io::Error::other("not permitted, or a reason that DPDK gives on stderr only")
}

pub(super) fn refused(what: &'static str, remedy: impl Into<Cow<'static, str>>, source: io::Error) -> PortError {
    PortError::Unavailable { what, remedy: remedy.into(), source }
}

enum State {
    Off,
    Runs { settings: Vec<String>, has_cards: bool },
    Failed(String),
}

static STATE: Mutex<State> = Mutex::new(State::Off);

/// All arguments but those of the device.
fn settings(options: &DpdkOptions) -> Vec<String> {
    let level = match options.log {
        DpdkLog::Error => 4,
        DpdkLog::Warning => 5,
        DpdkLog::Info => 7,
        DpdkLog::Debug => 8,
    };
    let mut settings = vec![
        "pinion".to_owned(),
        // No files: not for the memory, which therefore goes with the process, and none for other processes. Without huge
        // pages there is no memory that could be a file, and it does not take the first of the two words.
        if options.huge_pages { "--in-memory" } else { "--no-shconf" }.to_owned(),
        "--no-telemetry".to_owned(),
        format!("--log-level={level}"),
        "-m".to_owned(),
        options.memory_mib.to_string(),
    ];
    if !options.huge_pages {
        settings.push("--no-huge".to_owned());
    }
    if !options.cores.is_empty() {
        settings.push(on_cores(&options.cores));
    }
    settings.extend(options.eal_arguments.iter().cloned());
    settings
}

/// One thread of DPDK's, on any of these cores. Ours are registered as they come.
fn on_cores(cores: &[usize]) -> String {
    let cores: Vec<String> = cores.iter().map(usize::to_string).collect();
    format!("--lcores=0@({})", cores.join(","))
}

/// What the main thread may use: this one may be pinned already.
fn cores_of_process() -> Vec<usize> {
    match sched_getaffinity(getpid()) {
        Ok(set) => (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect(),
        Err(_) => cpu::allowed_cores(),
    }
}

/// Starts the thread that starts it.
fn init(arguments: &[String]) -> io::Result<()> {
    let arguments: Result<Vec<CString>, _> = arguments.iter().map(|argument| CString::new(argument.as_str())).collect();
    let arguments = arguments?;
    let (ready, started) = sync_channel(1);
    thread::Builder::new().name("dpdk".to_owned()).spawn(move || run(&arguments, &ready))?;
    started.recv().map_err(|_| io::Error::other("its thread died"))?
}

fn run(arguments: &[CString], ready: &SyncSender<io::Result<()>>) {
    // It keeps pointers into them.
    let texts = arguments.iter().map(|argument| argument.clone().into_raw());
    let texts: &'static mut [*mut c_char] = Vec::leak(texts.chain([std::ptr::null_mut()]).collect());
    let count = i32::try_from(arguments.len()).unwrap_or_default();
    // SAFETY: as many texts as said, ended by zeros, and they live as long as the process.
    let parsed = unsafe { sys::rte_eal_init(count, texts.as_mut_ptr()) };
    if parsed < 0 {
        // Whoever waits is told; nobody else has an interest.
        let _ = ready.send(Err(last_error()));
        return;
    }
    let _ = ready.send(Ok(()));
    loop {
        thread::sleep(LOOK_EVERY);
        watch::look_at_all();
    }
}

/// How old the device's statistics may be.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_of_the_options() {
        let options = DpdkOptions {
            cores: vec![1, 3],
            huge_pages: false,
            memory_mib: 96,
            log: DpdkLog::Debug,
            eal_arguments: vec!["--iova-mode=va".to_owned()],
            ..DpdkOptions::default()
        };
        let settings = settings(&options).join(" ");
        for part in ["--lcores=0@(1,3)", "--no-shconf", "-m 96", "--no-huge", "--log-level=8"] {
            assert!(settings.contains(part), "{settings}");
        }
        assert!(settings.ends_with("--iova-mode=va"), "what is given by hand has the last word: {settings}");
    }
}
