//! Check, init and fini of the stages that need no network card.

use crate::machine::{Machine, Told, shipped};
use std::fs;

/// The stages of this file.
const STAGES: [&str; 8] = ["pages", "thp", "swap", "memlock", "cores", "governor", "irqs", "clock"];

#[test]
fn check_tells_what_is_needed_what_is_there_and_the_remedy_and_changes_nothing() {
    let machine = Machine::unprepared();
    let before = everything(&machine);
    let told = machine.host(&[&["check"], &STAGES[..]].concat());
    assert_eq!(told.code, 1, "{told:?}");
    for (what, words) in [
        ("pages of 2M", &["wrong", "found 0"][..]),
        ("transparent huge pages:", &["wrong", "needed madvise or always", "found never"]),
        ("moving pages between NUMA nodes", &["wrong", "found 1"]),
        (" swap:", &["wrong", "/dev/sda2"]),
        ("locked memory", &["advice", "8388608"]),
        ("isolcpus", &["wrong", "needed 1-3", "found none"]),
        ("running siblings", &["wrong", "found 5-7"]),
        ("governor", &["wrong", "powersave on core 0"]),
        ("irqbalance", &["wrong", "running"]),
        (" wrong  interrupts on tile cores", &["found 24 25"]),
        ("clock source", &["wrong", "needed tsc", "found hpet"]),
    ] {
        let line = told.line(what);
        assert!(words.iter().all(|word| line.contains(word)), "{words:?} in {line}");
    }
    for remedy in [
        "kernel argument isolcpus=managed_irq,domain,1-3",
        "kernel argument nohz_full=1-3",
        "kernel argument rcu_nocbs=1-3",
        "at boot, when memory is in one piece: hugepagesz=2M hugepages=",
        "LimitMEMLOCK=infinity",
        "init: swapoff /dev/sda2",
        "init: echo 0 > /sys/devices/system/cpu/cpu5/online",
    ] {
        assert!(told.out.contains(remedy), "{remedy}: {}", told.out);
    }
    assert_eq!(everything(&machine), before);
}

#[test]
fn init_shows_and_does_and_fini_changes_back() {
    let machine = Machine::unprepared();
    machine.command("swapoff /dev/sda2", "");
    machine.command("swapon /dev/sda2", "");
    machine.command("systemctl stop irqbalance", "");
    machine.command("systemctl start irqbalance", "");
    let before = everything(&machine);

    let dry = machine.host(&[&["init", "--dry-run"], &STAGES[..]].concat());
    assert!(dry.out.contains("+ echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"), "{}", dry.out);
    assert_eq!(everything(&machine), before, "a dry run changes nothing");

    let told = machine.host(&[&["init"], &STAGES[..]].concat());
    // The boot line and the limit of the user are not the command's to change.
    assert_eq!(told.code, 1, "{told:?}");
    let pages: u64 = machine.read("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages").parse().expect("a number");
    assert!((64..1_000).contains(&pages), "computed from the configuration: {pages}");
    for (path, value) in [
        ("sys/kernel/mm/transparent_hugepage/enabled", "madvise"),
        ("proc/sys/kernel/numa_balancing", "0"),
        ("sys/devices/system/cpu/cpu7/online", "0"),
        ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance"),
        ("proc/irq/default_smp_affinity", "000000f1"),
        ("proc/irq/24/smp_affinity_list", "0,4-7"),
        ("proc/irq/25/smp_affinity_list", "0,4-7"),
        ("proc/irq/9/smp_affinity_list", "0-7"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc"),
    ] {
        assert_eq!(machine.read(path), value, "{path}");
    }
    assert!(machine.read("commands.log").contains("swapoff /dev/sda2"));
    assert!(told.line("pages of 2M").contains("ok"), "looked at again: {}", told.out);
    // A second time there is less to do, and what is to be restored is still the first state.
    machine.host(&[&["init"], &STAGES[..]].concat());

    let some = machine.host(&["fini", "clock"]);
    assert_eq!(
        (some.code, machine.read("sys/devices/system/clocksource/clocksource0/current_clocksource")),
        (0, "hpet".into())
    );
    assert_eq!(machine.read("proc/irq/25/smp_affinity_list"), "0,4-7", "another stage");
    let all = machine.host(&["fini"]);
    assert_eq!(all.code, 0, "{all:?}");
    assert!(machine.read("commands.log").ends_with("swapon /dev/sda2"), "the newest change first");
    fs::remove_file(machine.path("commands.log")).expect("the log");
    // A file of choices reads as it was written here, where the kernel would show them all; and one is no setting, but a command.
    assert_eq!(changed(&before, &everything(&machine)), ["1", "never"]);
    assert!(!machine.path("run/pinion/host.changes").exists());
    assert_eq!(machine.host(&["fini"]).out, "", "nothing is left to do");
}

/// Texts of the files that differ; the kernel would show the choices of one with brackets.
fn changed(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let texts = |of: &[(String, String)]| of.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(texts(before), texts(after));
    before
        .iter()
        .zip(after)
        .filter(|(a, b)| a.1.trim() != b.1.trim())
        .map(|(_, (_, text))| text.trim().to_owned())
        .collect()
}

#[test]
fn a_refused_change_is_told_and_not_noted() {
    let machine = Machine::unprepared();
    // No such commands: refused.
    let told = machine.host(&["init", "swap"]);
    assert_eq!(told.code, 1);
    assert!(told.out.contains("refused: "), "{}", told.out);
    assert!(!machine.path("run/pinion/host.changes").exists(), "what was not done is not undone");
}

#[test]
fn the_declaration_is_held_against_what_is_computed() {
    let machine = Machine::unprepared();
    let declare = |text: &str| {
        machine.file("hugepages.conf", text);
        machine.host(&["check", "pages"])
    };
    let small = declare("2M 8 any");
    assert!(small.line("hugepages.conf").contains("wrong") && small.out.contains("declare '2M "), "{}", small.out);
    let on_a_node = declare("2M 500 0 # node 0");
    assert!(on_a_node.line("hugepages.conf").contains(" ok "), "{}", on_a_node.out);
    assert!(on_a_node.line("pages of 2M on node 0").contains("no such pool"), "{}", on_a_node.out);
    let wrong = declare("2M many any");
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert!(wrong.err.contains("hugepages.conf:1: expected SIZE COUNT NODE"), "{}", wrong.err);
    declare("2M 8 any");
    let none = machine.host(&["check", "pages", "--set", "memory.huge_pages=none"]);
    assert_eq!(none.code, 0, "{}", none.out);
}

/// The reservation that we ship is for the configuration that we ship.
#[test]
fn the_shipped_declaration_fits_the_built_in_configuration() {
    let machine = Machine::unprepared();
    let shipped = shipped("hugepages.conf");
    let told = machine.host(&["check", "pages", "--hugepages", shipped.to_str().expect("a plain path")]);
    let line = told.line("hugepages.conf:");
    let mut mib = line.split(" MiB").filter_map(|part| part.rsplit(' ').next()?.parse::<u64>().ok());
    let (needed, declared) = (mib.next().expect("needed"), mib.next().expect("found"));
    assert!(line.contains(" ok ") && declared * 2 <= needed * 3, "enough and not half as much again: {line}");
}

#[test]
fn a_prepared_machine_is_found_prepared() {
    let machine = Machine::unprepared();
    machine.file("sys/devices/system/cpu/online", "0-3");
    machine.file("sys/devices/system/cpu/isolated", "1-3");
    machine.file("sys/devices/system/cpu/nohz_full", "1-3");
    machine.file("proc/cmdline", "quiet rcu_nocbs=1-3 isolcpus=managed_irq,domain,1-3");
    machine.file("proc/self/status", "CapEff:\t000001ffffffffff");
    let told = machine.host(&["check", "cores", "memlock"]);
    assert_eq!(told.code, 0, "{}", told.out);
    assert!(told.out.lines().all(|line| line.contains(" ok ")), "{}", told.out);
}

#[test]
fn scripts_get_objects_and_wrong_usage_is_2() {
    let machine = Machine::unprepared();
    let told = machine.host(&["check", "clock", "--json"]);
    let object = told.out.lines().next().expect("a line");
    assert!(object.starts_with(
        "{\"stage\":\"clock\",\"what\":\"clock source\",\"state\":\"wrong\",\"needed\":\"tsc\",\"found\":\"hpet\","
    ));
    assert!(object.contains("\"init\":[\"echo tsc > "), "{object}");
    let Told { code, err, .. } = machine.host(&["check", "clocks"]);
    assert!(code == 2 && err.contains("pages, thp, swap"), "{err}");
}

/// Every file of a machine with its text.
fn everything(machine: &Machine) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![machine.path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let text = fs::read_to_string(&entry).expect("text");
                found.push((entry.display().to_string(), text));
            }
        }
    }
    // Empty folders, such as the one of the changes, do not count.
    found.sort();
    found
}
