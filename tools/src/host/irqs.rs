//! Stage `irqs`: interrupts go to the cores that have no tile.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;
use netio::cpu::{CoreList, numbers};

/// Who moves interrupts, where new ones go, and where each one goes.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let (cores, others) = (&needs.tile_cores, &needs.others);
    if cores.is_empty() || others.is_empty() {
        let found = if cores.is_empty() { "no thread is pinned" } else { "every core has a tile" };
        return vec![
            Finding::new("interrupts", "a core of their own", found, false, State::Advice)
                .by_hand("name cores in topology.pin, and leave one to the kernel"),
        ];
    }
    vec![balancer(machine), new_ones(machine, needs), present_ones(machine, needs)]
}

/// It would move back what is moved here.
fn balancer(machine: &Machine) -> Finding {
    let is_number = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    let mut processes = machine.names("/proc").into_iter().filter(is_number);
    let runs = processes.any(|process| machine.read(&format!("/proc/{process}/comm")).as_deref() == Some("irqbalance"));
    Finding::new("irqbalance", "not running", if runs { "running" } else { "not running" }, !runs, State::Wrong)
        .with_steps([Step::run(&["systemctl", "stop", "irqbalance"], &["systemctl", "start", "irqbalance"])])
        .by_hand("for good: systemctl disable irqbalance")
}

fn new_ones(machine: &Machine, needs: &Needs) -> Finding {
    const PATH: &str = "/proc/irq/default_smp_affinity";
    let found = machine.read(PATH).unwrap_or_default();
    let hits: Vec<usize> = bits(&found).into_iter().filter(|core| needs.tile_cores.contains(core)).collect();
    let shown = if hits.is_empty() { "none".to_owned() } else { CoreList::from(hits.as_slice()).to_string() };
    Finding::new("new interrupts on tile cores", "none", shown, hits.is_empty(), State::Wrong)
        .with_steps([Step::write(PATH, mask(&needs.others))])
}

fn present_ones(machine: &Machine, needs: &Needs) -> Finding {
    let on_pinned = |number: &String| {
        let list = |file: &str| machine.read(&format!("/proc/irq/{number}/{file}")).filter(|list| !list.is_empty());
        let list = list("effective_affinity_list").or_else(|| list("smp_affinity_list"));
        list.is_some_and(|list| numbers(&list).iter().any(|core| needs.tile_cores.contains(core)))
    };
    let is_number = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    // The ones without a device are not in use.
    let in_use = |number: &String| {
        machine.names(&format!("/proc/irq/{number}")).iter().any(|name| !FILES.contains(&name.as_str()))
    };
    let hits: Vec<String> = machine
        .names("/proc/irq")
        .into_iter()
        .filter(is_number)
        .filter(|number| in_use(number) && on_pinned(number))
        .collect();
    let shown = if hits.is_empty() { "none".to_owned() } else { hits.join(" ") };
    let others = CoreList::from(needs.others.as_slice());
    let steps =
        hits.iter().map(|number| Step::write(format!("/proc/irq/{number}/smp_affinity_list"), others.to_string()));
    Finding::new("interrupts on tile cores", "none", shown, hits.is_empty(), State::Wrong)
        .with_steps(steps)
        .by_hand("those that refuse to move belong to a device's own queue a core: the kernel argument isolcpus=managed_irq,… keeps them away")
}

/// What the folder of an interrupt holds beside its devices.
const FILES: [&str; 7] = [
    "affinity_hint",
    "effective_affinity",
    "effective_affinity_list",
    "node",
    "smp_affinity",
    "smp_affinity_list",
    "spurious",
];

/// The cores of a mask as the kernel writes it: words of 32 bits in hexadecimal, the highest first, commas between.
fn bits(mask: &str) -> Vec<usize> {
    let words = mask.split(',').rev().map(|word| u32::from_str_radix(word.trim(), 16).unwrap_or(0));
    let cores = words
        .enumerate()
        .flat_map(|(index, word)| (0..32).filter(move |bit| word & (1 << bit) != 0).map(move |bit| index * 32 + bit));
    cores.collect()
}

/// The mask of these cores.
fn mask(cores: &[usize]) -> String {
    let highest = cores.iter().max().copied().unwrap_or(0);
    let mut words = vec![0_u32; highest / 32 + 1];
    for core in cores {
        words[core / 32] |= 1 << (core % 32);
    }
    let words: Vec<String> = words.iter().rev().map(|word| format!("{word:08x}")).collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_and_written_as_the_kernel_does() {
        assert_eq!(bits("ff"), (0..8).collect::<Vec<_>>());
        assert_eq!(bits("00000001,80000003"), [0, 1, 31, 32]);
        assert_eq!(mask(&[0, 1, 31, 32]), "00000001,80000003");
        assert_eq!(bits(&mask(&[3, 70])), [3, 70]);
    }
}
