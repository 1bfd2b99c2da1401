//! Whether absolute figures of this machine mean anything.
//!
//! Goal: each reason why not, with what would be fit. Non-goal: refusing to measure; ratios within one run hold on any machine.

use super::load::Load;
use netio::cpu::CoreList;

/// What decides about it.
#[derive(Debug)]
pub struct Fitness {
    /// A hypervisor shows.
    pub is_virtual: bool,
    /// The cores that this process may use.
    pub cores: Vec<usize>,
    /// The kernel's list of cores that are set apart.
    pub isolated: String,
    /// The list of hardware threads of the first usable core.
    pub siblings: Option<String>,
    /// How the clock rate is chosen.
    pub governor: Option<String>,
}

/// With more threads running than this, in hundredths, the machine was not idle when the run began.
const LOAD_IDLE_HUNDREDTHS: u64 = 50;

impl Fitness {
    /// A sentence for each reason.
    #[must_use]
    pub fn warnings(&self, threads: usize, before: &Load, after: &Load) -> Vec<String> {
        let mut found = Vec::new();
        if cfg!(debug_assertions) {
            found.push("a debug build: build with --release".to_owned());
        }
        if self.is_virtual {
            found.push("a virtual machine: its host may move it and give its cores to others".to_owned());
        }
        let isolated = numbers(&self.isolated);
        if !self.cores.iter().all(|core| isolated.contains(core)) {
            let cores = CoreList(self.cores.clone());
            found.push(format!(
                "cores {cores} are not isolated: the kernel runs other things on them (isolcpus, nohz_full)"
            ));
        }
        if self.cores.len() < threads {
            let usable = self.cores.len();
            found.push(format!("{usable} usable cores for {threads} threads that poll: they take turns on them"));
        }
        let siblings = self.siblings.as_deref().map(numbers).unwrap_or_default();
        if self.cores.iter().filter(|core| siblings.contains(core)).count() > 1 {
            found.push("usable cores share one physical core: give only one of each pair (taskset)".to_owned());
        }
        match self.governor.as_deref() {
            Some("performance") => {}
            Some(other) => found.push(format!("the governor is {other}: set it to performance")),
            None => found.push("the governor is not readable: the clock rate may change".to_owned()),
        }
        if before.last_minute_hundredths().is_none_or(|load| load > LOAD_IDLE_HUNDREDTHS) {
            found.push(format!("not idle: the load was {} when the run began", before.average()));
        }
        match after.stolen_per_mille_since(before) {
            Some(0) => {}
            Some(_) => found.push(format!("time was stolen from the cores: {}", after.stolen_since(before))),
            None => found.push("stolen time is not readable".to_owned()),
        }
        found
    }
}

/// The numbers of a list such as `0-3,8`.
fn numbers(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Fitness {
        Fitness {
            is_virtual: false,
            cores: vec![2, 3],
            isolated: "2-3,7".to_owned(),
            siblings: Some("2,10".to_owned()),
            governor: Some("performance".to_owned()),
        }
    }

    /// What is said of a machine apart from what this test's own build and the readings of load and steal say.
    fn said(fitness: &Fitness, threads: usize) -> Vec<String> {
        let own = ["a debug build", "not idle", "stolen time"];
        let warnings = fitness.warnings(threads, &Load::default(), &Load::default());
        warnings.into_iter().filter(|warning| !own.iter().any(|own| warning.starts_with(own))).collect()
    }

    #[test]
    fn each_reason_is_told_by_itself() {
        assert_eq!(said(&machine(), 2), Vec::<String>::new());
        let cases = [
            (Fitness { is_virtual: true, ..machine() }, 2, "a virtual machine"),
            (Fitness { isolated: "none".to_owned(), ..machine() }, 2, "cores 2-3 are not isolated"),
            (Fitness { isolated: "3".to_owned(), ..machine() }, 2, "cores 2-3 are not isolated"),
            (machine(), 4, "2 usable cores for 4 threads"),
            (Fitness { siblings: Some("2-3".to_owned()), ..machine() }, 2, "usable cores share"),
            (Fitness { governor: Some("powersave".to_owned()), ..machine() }, 2, "the governor is powersave"),
            (Fitness { governor: None, ..machine() }, 2, "the governor is not readable"),
        ];
        for (fitness, threads, expected) in cases {
            let found = said(&fitness, threads);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{expected}: {found:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_proof_of_peace() {
        let found = machine().warnings(1, &Load::default(), &Load::default());
        assert!(found.iter().any(|warning| warning.starts_with("not idle")), "{found:?}");
        assert!(found.iter().any(|warning| warning.starts_with("stolen time is not readable")), "{found:?}");
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(numbers("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(numbers("none"), Vec::<usize>::new());
    }
}
