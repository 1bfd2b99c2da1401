//! What a reader must know of the machine to judge a figure.
//!
//! Goal: read what the system tells an ordinary user; say "not readable" where it tells nothing. Non-goal: changing anything.

use std::fs;
use std::path::Path;

use netio::clock::Clock;
use netio::cpu::{CoreList, allowed_cores};

/// The machine and the build.
#[derive(Debug)]
pub struct HostFacts {
    facts: Vec<(&'static str, String)>,
}

impl HostFacts {
    /// Asks the system.
    #[must_use]
    pub fn read(clock: &Clock) -> Self {
        let cpuinfo = text("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpuinfo.as_deref()?.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let virtual_machine = field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
        let kind = if virtual_machine { "virtual machine" } else { "no hypervisor seen" };
        let build = if cfg!(debug_assertions) { "debug: figures mean nothing" } else { "release" };
        let cores = allowed_cores();
        let first = cores.first().copied().unwrap_or(0);
        let cpu = |file: &str| text(format!("/sys/devices/system/cpu/cpu{first}/{file}"));
        Self {
            facts: vec![
                ("cpu", format!("{}, {kind}", known(field("model name")))),
                ("cores", format!("{} usable: {}", cores.len(), CoreList(cores.clone()))),
                ("siblings", format!("core {first} shares with {}", known(cpu("topology/thread_siblings_list")))),
                ("governor", known(cpu("cpufreq/scaling_governor"))),
                ("load", known(text("/proc/loadavg"))),
                ("kernel", known(text("/proc/sys/kernel/osrelease"))),
                (
                    "clock",
                    format!(
                        "{}; the kernel's is {}",
                        clock.source(),
                        known(text("/sys/devices/system/clocksource/clocksource0/current_clocksource"))
                    ),
                ),
                ("build", format!("{} {build}", env!("CARGO_PKG_VERSION"))),
            ],
        }
    }

    /// Name and value, in the order of printing.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        self.facts.clone()
    }
}

/// The kind of file system under `path`, as the kernel calls it.
#[must_use]
pub fn file_system(path: &Path) -> String {
    let mounts = text("/proc/self/mounts").unwrap_or_default();
    let Ok(path) = path.canonicalize() else { return known(None) };
    let mount = |line: &str| {
        let mut words = line.split(' ');
        let (at, kind) = (words.nth(1)?.to_owned(), words.next()?.to_owned());
        path.starts_with(&at).then_some((at.len(), kind))
    };
    // The deepest mount point that lies above the path; of several on the same, the newest.
    known(mounts.lines().filter_map(mount).max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind))
}

fn text(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn known(value: Option<String>) -> String {
    value.unwrap_or_else(|| "not readable".to_owned())
}
