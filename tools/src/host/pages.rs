//! Stage `pages`: the reserved huge pages that the tables of the appliance lie on.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::reservation::{Reserve, size_name};
use super::step::{Action, Step, Undo};
use netio::pages::PageSize;

/// What is declared must hold what is computed, and the kernel must have what is declared.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let Some(computed) = needs.computed() else {
        return vec![Finding::nothing_needed("reserved pages", "memory.huge_pages is \"none\"")];
    };
    let mut findings = Vec::new();
    if let Some(declared) = &needs.declared {
        findings.push(declaration(needs, computed, declared));
    }
    let reserves = needs.reserves();
    findings.extend(reserves.iter().map(|reserve| pool(machine, reserve)));
    findings.extend(free(machine, needs));
    findings
}

fn declaration(needs: &Needs, computed: Reserve, declared: &[Reserve]) -> Finding {
    // DPDK takes pages of any size.
    let any = needs.dpdk_bytes() > 0;
    let usable = |reserve: &&Reserve| any || needs.config.memory.huge_pages.includes(reserve.page);
    let bytes: u64 = declared.iter().filter(usable).map(Reserve::bytes).sum();
    let mib = |bytes: u64| format!("{} MiB", bytes.div_ceil(1 << 20));
    Finding::new("hugepages.conf", mib(computed.bytes()), mib(bytes), bytes >= computed.bytes(), State::Wrong)
        .by_hand(format!("declare '{computed}' in hugepages.conf, or lower [limits]"))
}

fn pool(machine: &Machine, reserve: &Reserve) -> Finding {
    let Reserve { page, count, node } = *reserve;
    let path = format!("{}/nr_hugepages", reserve.pool());
    let found = machine.number(&path);
    let on = node.map_or_else(String::new, |node| format!(" on node {node}"));
    let what = format!("pages of {}{on}", size_name(page));
    let shown = found.map_or_else(|| "no such pool".to_owned(), |found| found.to_string());
    let name = size_name(page);
    let default = if page == PageSize::Gigabyte { "default_hugepagesz=1G " } else { "" };
    let boot = node.map_or_else(|| count.to_string(), |node| format!("{node}:{count}"));
    Finding::new(what, count.to_string(), shown, found >= Some(count), State::Wrong)
        .with_steps(found.is_some().then(|| [compact(), Step::write(path, count.to_string())]).into_iter().flatten())
        .by_hand(format!("at boot, when memory is in one piece: {default}hugepagesz={name} hugepages={boot}"))
}

/// Has the kernel put its memory in order, so that there are pieces of 2 MiB to take.
fn compact() -> Step {
    let action = Action::Write { path: "/proc/sys/vm/compact_memory".to_owned(), value: "1".to_owned() };
    Step { action, undo: Undo::Nothing }
}

/// The pools may be there, and another program have them. Of interest when they are large enough.
fn free(machine: &Machine, needs: &Needs) -> Option<Finding> {
    let wanted = PageSize::ALL.into_iter().filter(|page| needs.config.memory.huge_pages.includes(*page));
    let (mut all, mut free) = (0, 0);
    for page in wanted {
        let bytes = |figure: &str| {
            let count = machine.number(&format!("/sys/kernel/mm/hugepages/{}/{figure}", page.pool())).unwrap_or(0);
            Reserve { page, count, node: None }.bytes()
        };
        all += bytes("nr_hugepages");
        free += bytes("free_hugepages");
    }
    let tables = needs.table_bytes();
    (tables > 0 && all >= tables).then(|| {
        let (needed, found) = (format!("{} MiB", tables.div_ceil(1 << 20)), format!("{} MiB", free >> 20));
        Finding::new("free reserved pages", needed, found, free >= tables, State::Advice).by_hand(
            "a running appliance, or another program, has the others: what does not fit goes on transparent huge pages",
        )
    })
}
