//! A made-up machine: four cores, two hardware threads each, a card, nothing prepared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The program under test.
pub const PINION: &str = env!("CARGO_BIN_EXE_pinion");

/// Files below a folder that stand for a machine.
pub struct Machine {
    dir: TempDir,
}

/// What `pinion host` did.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Machine {
    /// Nothing is as it should be.
    pub fn unprepared() -> Self {
        let machine = Self { dir: tempfile::tempdir().expect("a directory") };
        let cpu = "sys/devices/system/cpu";
        machine.file(&format!("{cpu}/online"), "0-7");
        machine.file(&format!("{cpu}/isolated"), "");
        for core in 0..8 {
            let siblings = format!("{},{}", core % 4, core % 4 + 4);
            machine.file(&format!("{cpu}/cpu{core}/topology/thread_siblings_list"), &siblings);
            machine.file(&format!("{cpu}/cpu{core}/online"), "1");
            machine.file(&format!("{cpu}/cpu{core}/cpufreq/scaling_governor"), "powersave");
            machine.file(&format!("{cpu}/cpu{core}/node0/x"), "");
        }
        let pool = "sys/kernel/mm/hugepages/hugepages-2048kB";
        machine.file(&format!("{pool}/nr_hugepages"), "0");
        machine.file(&format!("{pool}/free_hugepages"), "0");
        machine.file("proc/sys/vm/compact_memory", "");
        machine.file("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]");
        machine.file("sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never");
        machine.file("proc/sys/kernel/numa_balancing", "1");
        machine.file("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2");
        machine.file(
            "proc/self/limits",
            "Limit  Soft Limit  Hard Limit  Units\nMax locked memory  8388608  8388608  bytes",
        );
        machine.file("proc/self/status", "CapEff:\t0000000000000000");
        machine.file("proc/cmdline", "quiet");
        machine.file("proc/cpuinfo", "flags\t\t: fpu constant_tsc nonstop_tsc");
        machine.file("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet");
        machine.file("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm");
        machine.file("proc/77/comm", "irqbalance");
        machine.file("proc/irq/default_smp_affinity", "ff");
        for (irq, cores) in [(24, "0-7"), (25, "2"), (26, "0")] {
            machine.file(&format!("proc/irq/{irq}/smp_affinity_list"), cores);
            machine.file(&format!("proc/irq/{irq}/eth0-{irq}/x"), "");
        }
        // Nobody uses it.
        machine.file("proc/irq/9/smp_affinity_list", "0-7");
        machine
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn file(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, format!("{text}\n")).expect("a file");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}")).trim().to_owned()
    }

    /// A command that answers.
    pub fn command(&self, line: &str, answer: &str) {
        self.file(&format!("commands/{}", line.replace('/', "_")), answer);
    }

    /// `pinion host` on it, with a configuration that pins three threads to cores 1 to 3.
    pub fn host(&self, arguments: &[&str]) -> Told {
        let mut command = Command::new(PINION);
        command.current_dir(self.dir.path()).arg("host").args(arguments).arg("--root").arg(self.dir.path());
        command.arg("--topology").arg(shipped("topologies/4-cores.toml"));
        told(command)
    }
}

/// A file of the project's root.
pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project's root").join(name)
}

/// Runs a command to its end.
pub fn told(mut command: Command) -> Told {
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let [out, err] = [stdout, stderr].map(|text| String::from_utf8(text).expect("text"));
    Told { code: status.code().expect("it ended by itself"), out, err }
}

impl Told {
    /// The line of a finding.
    pub fn line(&self, what: &str) -> &str {
        let mut lines = self.out.lines();
        lines.find(|line| line.contains(what)).unwrap_or_else(|| panic!("expected '{what}' in {self:?}"))
    }
}
