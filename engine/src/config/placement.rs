//! Whether threads that never leave their cores have cores to themselves.
//!
//! Goal: a sentence for each reason why not, with what to do. Non-goal: refusing; an appliance that shares its cores works, slowly.

use super::Topology;
use crate::tile::Wait;
use netio::cpu::{CoreList, Layout};

impl Topology {
    /// What is allowed on a machine with these cores and yet hardly meant.
    #[must_use]
    pub fn warnings(&self, layout: &Layout) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.wait != Wait::Spin {
            return warnings;
        }
        let (threads, online) = (self.threads.len(), layout.online().len());
        if threads > online && online > 0 {
            warnings.push(format!(
                "{threads} threads spin on {online} cores and take turns of milliseconds: set topology.wait to \"yield\", or \
                 take a topology for {online} cores"
            ));
        }
        if self.pin.is_empty() {
            warnings.push(format!(
                "{threads} threads spin on cores that others use, for topology.pin is empty: name a core for each, or set \
                 topology.wait to \"yield\""
            ));
            return warnings;
        }
        warnings.extend(self.shared_with_the_kernel(layout));
        warnings.extend(self.shared_with_helpers());
        warnings.extend(self.siblings(layout));
        warnings.extend(self.nodes(layout));
        warnings
    }

    fn shared_with_the_kernel(&self, layout: &Layout) -> Option<String> {
        let isolated = layout.isolated();
        let shared: Vec<usize> = self.spinning_cores().into_iter().filter(|core| !isolated.contains(core)).collect();
        let list = CoreList::from(shared.as_slice());
        (!shared.is_empty()).then(|| {
            format!(
                "{} not isolated and the threads on {} spin: the kernel runs other things there; boot with \
                 isolcpus=managed_irq,domain,{list} nohz_full={list} rcu_nocbs={list} (pinion host check cores)",
                cores_are(&list),
                if shared.len() == 1 { "it" } else { "them" },
            )
        })
    }

    fn shared_with_helpers(&self) -> Option<String> {
        let core = self.helpers.iter().find(|core| self.pin.contains(core))?;
        Some(format!(
            "a thread spins on core {core}, and topology.helpers puts one of the journal's there too: they take turns of \
             milliseconds; give the helper another core"
        ))
    }

    fn siblings(&self, layout: &Layout) -> Option<String> {
        let online = layout.online();
        let spinning = self.spinning_cores();
        let (core, sibling) = spinning.iter().find_map(|core| {
            let mut siblings = layout.siblings(*core).into_iter();
            siblings.find(|sibling| online.contains(sibling)).map(|sibling| (core, sibling))
        })?;
        let does =
            if spinning.contains(&sibling) { "another thread of ours spins on it" } else { "whatever runs on it" };
        Some(format!(
            "cores {core} and {sibling} are two hardware threads of one core: {does} takes half of core {core}; pin to other \
             cores, or switch the sibling off (pinion host init cores)"
        ))
    }

    fn nodes(&self, layout: &Layout) -> Option<String> {
        let mut nodes: Vec<usize> = self.spinning_cores().iter().filter_map(|core| layout.node(*core)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        (nodes.len() > 1).then(|| {
            format!(
                "the threads spin on cores of the NUMA nodes {}: what one hands to another crosses between them; pin all to \
                 cores of one",
                CoreList(nodes)
            )
        })
    }
}

fn cores_are(list: &CoreList) -> String {
    if list.0.len() == 1 { format!("core {list} is") } else { format!("cores {list} are") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A machine of eight cores on two nodes; core 4 is the sibling of 0, and so on.
    fn machine(isolated: &str) -> (tempfile::TempDir, Layout) {
        let dir = tempfile::tempdir().expect("a directory");
        let cpus = dir.path().join("sys/devices/system/cpu");
        for core in 0..8 {
            fs::create_dir_all(cpus.join(format!("cpu{core}/topology"))).expect("a folder");
            fs::create_dir_all(cpus.join(format!("cpu{core}/node{}", core % 4 / 2))).expect("a folder");
            let siblings = format!("{},{}\n", core % 4, core % 4 + 4);
            fs::write(cpus.join(format!("cpu{core}/topology/thread_siblings_list")), siblings).expect("a file");
        }
        fs::write(cpus.join("online"), "0-3\n").expect("a file");
        fs::write(cpus.join("isolated"), isolated).expect("a file");
        let layout = Layout::below(dir.path());
        (dir, layout)
    }

    fn spinning(pin: &[usize]) -> Topology {
        let threads = Topology::preset(2).expect("2 is a preset");
        Topology { threads, pin: pin.to_vec(), helpers: Vec::new(), wait: Wait::Spin }
    }

    #[test]
    fn threads_with_cores_of_their_own_are_no_reason_to_warn() {
        let (_dir, layout) = machine("2-3\n");
        assert_eq!(spinning(&[2, 3]).warnings(&layout), Vec::<String>::new());
        let waits = Topology { wait: Wait::Yield, ..spinning(&[]) };
        assert_eq!(waits.warnings(&layout), Vec::<String>::new());
    }

    #[test]
    fn each_reason_is_told_by_itself() {
        let (dir, layout) = machine("2-3\n");
        let said = |topology: &Topology, expected: &[&str]| {
            let warnings = topology.warnings(&layout);
            assert!(warnings.len() == 1 && expected.iter().all(|words| warnings[0].contains(words)), "{warnings:?}");
        };
        said(&spinning(&[]), &["topology.pin is empty", "\"yield\""]);
        said(&Topology { helpers: vec![3], ..spinning(&[2, 3]) }, &["core 3", "topology.helpers"]);
        let found = spinning(&[1, 2]).warnings(&layout);
        assert!(
            found.len() == 2 && found[0].contains("core 1 is not isolated") && found[0].contains("nohz_full=1 "),
            "{found:?}"
        );
        assert!(found[1].contains("NUMA nodes 0-1"), "{found:?}");

        fs::write(dir.path().join("sys/devices/system/cpu/online"), "0-7\n").expect("a file");
        said(&spinning(&[2, 3]), &["cores 2 and 6", "switch the sibling off"]);
        fs::write(dir.path().join("sys/devices/system/cpu/online"), "0\n").expect("a file");
        said(&spinning(&[2, 3]), &["2 threads spin on 1 cores"]);
    }
}
