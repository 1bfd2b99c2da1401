//! Stage `cores`: each tile has a core that the kernel puts nothing else on, and no other thread shares its physical core.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;
use netio::cpu::{CoreList, numbers};

/// Pins, isolation, ticks, callbacks, siblings, nodes.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let cores = &needs.tile_cores;
    let otherwise = if needs.spins() { State::Wrong } else { State::Advice };
    let threads = needs.config.topology.threads.len();
    let pins = if cores.is_empty() { "none".to_owned() } else { format!("cores {}", needs.tiles()) };
    let pinned = Finding::new("topology.pin", format!("{threads} cores"), pins, !cores.is_empty(), otherwise)
        .by_hand("run with a topology that names cores, such as --topology topologies/4-cores.toml");
    if cores.is_empty() {
        return vec![pinned];
    }
    let layout = machine.layout();
    let online = layout.online();
    let running = Finding::new(
        "running cores",
        format!("cores {}", CoreList::from(needs.pinned.as_slice())),
        format!("cores {}", CoreList::from(online.as_slice())),
        needs.pinned.iter().all(|core| online.contains(core)),
        State::Wrong,
    )
    .by_hand("name cores that run in topology.pin and topology.helpers, or a topology for fewer cores");
    let mut findings = vec![pinned, running];
    let arguments = machine.read("/proc/cmdline").unwrap_or_default();
    let no_callbacks =
        arguments.split_whitespace().filter_map(|word| word.strip_prefix("rcu_nocbs=")).flat_map(numbers);
    for (what, found, argument) in [
        ("isolcpus", layout.isolated(), "isolcpus=managed_irq,domain,"),
        ("nohz_full", layout.tickless(), "nohz_full="),
        ("rcu_nocbs", no_callbacks.collect(), "rcu_nocbs="),
    ] {
        let good = cores.iter().all(|core| found.contains(core));
        let shown = if found.is_empty() { "none".to_owned() } else { CoreList::from(found.as_slice()).to_string() };
        findings.push(
            Finding::new(what, needs.tiles().to_string(), shown, good, otherwise)
                .by_hand(format!("kernel argument {argument}{}", needs.tiles())),
        );
    }
    findings.push(siblings(machine, needs));
    findings.push(nodes(machine, needs, otherwise));
    findings
}

/// A hardware thread that does anything takes half of a spinning one's physical core.
fn siblings(machine: &Machine, needs: &Needs) -> Finding {
    let layout = machine.layout();
    let online = layout.online();
    let mut running: Vec<usize> = needs.tile_cores.iter().flat_map(|core| layout.siblings(*core)).collect();
    running.retain(|sibling| online.contains(sibling));
    running.sort_unstable();
    running.dedup();
    let (taken, idle): (Vec<usize>, Vec<usize>) = running.iter().partition(|sibling| needs.pinned.contains(sibling));
    let shown = if running.is_empty() { "none".to_owned() } else { CoreList::from(running.as_slice()).to_string() };
    let steps = idle.iter().map(|core| Step::write(format!("/sys/devices/system/cpu/cpu{core}/online"), "0"));
    let finding = Finding::new("running siblings of tile cores", "none", shown, running.is_empty(), State::Wrong)
        .with_steps(steps);
    if taken.is_empty() {
        return finding;
    }
    let taken = CoreList::from(taken.as_slice());
    finding
        .by_hand(format!("{taken} is a sibling of a tile's core and has a thread of its own: pin it to another core"))
}

fn nodes(machine: &Machine, needs: &Needs, otherwise: State) -> Finding {
    let layout = machine.layout();
    let mut nodes: Vec<usize> = needs.pinned.iter().filter_map(|core| layout.node(*core)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let shown =
        if nodes.is_empty() { "none known".to_owned() } else { format!("node {}", CoreList::from(nodes.as_slice())) };
    Finding::new("NUMA nodes of the cores", "one", shown, nodes.len() <= 1, otherwise).by_hand(
        "pin all threads to cores of the node that the network card is on (/sys/class/net/NAME/device/numa_node)",
    )
}
