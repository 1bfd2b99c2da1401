//! What a reader must know of the machine to judge a figure.
//!
//! Goal: read what the system tells an ordinary user; say "not readable" where it tells nothing; warn where absolute figures of this machine
//! mean little. Non-goal: changing anything.

mod commit;
mod date;
mod fitness;
mod load;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::ordered::Facts;
use fitness::Fitness;
use load::Load;
use netio::clock::Clock;
use netio::cpu::{CoreList, allowed_cores};

/// The machine and the build, from before the first measurement.
#[derive(Debug)]
pub struct Host {
    facts: Vec<(&'static str, String)>,
    fitness: Fitness,
    before: Load,
}

impl Host {
    /// Asks the system.
    #[must_use]
    pub fn read(clock: &Clock) -> Self {
        let cpuinfo = text("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpuinfo.as_deref()?.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let is_virtual = field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
        let kind = if is_virtual { "virtual machine" } else { "no hypervisor seen" };
        let cores = allowed_cores();
        let first = cores.first().copied().unwrap_or(0);
        let system = |file: &str| text(format!("/sys/devices/system/cpu/{file}"));
        let of_first = |file: &str| system(&format!("cpu{first}/{file}"));
        let governor = of_first("cpufreq/scaling_governor");
        // The kernel keeps an empty file where no core is set apart.
        let apart = |file: &str| system(file).unwrap_or_else(|| "none".to_owned());
        let isolated = apart("isolated");
        let siblings = of_first("topology/thread_siblings_list");
        let build = if cfg!(debug_assertions) { "debug: figures mean nothing" } else { "release" };
        let kernel_clock = text("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        let facts = vec![
            ("date", date::utc(SystemTime::now())),
            ("commit", commit::of_this_program()),
            ("build", format!("{} {build}", env!("CARGO_PKG_VERSION"))),
            ("cpu", format!("{}, {kind}", known(field("model name")))),
            ("cores", format!("{} usable: {}", cores.len(), CoreList(cores.clone()))),
            ("siblings", format!("core {first} shares with {}", known(siblings.clone()))),
            ("isolation", format!("isolcpus {isolated}, nohz_full {}", apart("nohz_full"))),
            ("governor", known(governor.clone())),
            ("huge pages", huge_pages()),
            ("kernel", known(text("/proc/sys/kernel/osrelease"))),
            ("clock", format!("{}; the kernel's is {}", clock.source(), known(kernel_clock))),
        ];
        let fitness = Fitness { is_virtual, cores: cores.clone(), isolated, siblings, governor };
        Self { facts, fitness, before: Load::read(&cores) }
    }

    /// The facts with what happened on the machine meanwhile, in the order of printing, and why its figures mean less than they could.
    /// `threads` is how many cores the suites would have liked to have at once.
    #[must_use]
    pub fn finish(self, threads: usize) -> (Facts, Vec<String>) {
        let Self { facts, fitness, before } = self;
        let after = Load::read(&fitness.cores);
        let load = ("load", format!("{} before, {} after", before.average(), after.average()));
        let steal = ("steal", after.stolen_since(&before));
        let warnings = fitness.warnings(threads, &before, &after);
        (facts.into_iter().chain([load, steal]).collect(), warnings)
    }
}

/// The pool of reserved pages, and what the kernel does about the others.
fn huge_pages() -> String {
    let meminfo = text("/proc/meminfo");
    let of = |name: &str| {
        let line = meminfo.as_deref()?.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().to_owned())
    };
    let (total, free, size) = (of("HugePages_Total:"), of("HugePages_Free:"), of("Hugepagesize:"));
    let modes = text("/sys/kernel/mm/transparent_hugepage/enabled");
    let chosen = modes.and_then(|modes| Some(modes.split_once('[')?.1.split_once(']')?.0.to_owned()));
    format!("{} reserved, {} free, of {}; transparent: {}", known(total), known(free), known(size), known(chosen))
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
