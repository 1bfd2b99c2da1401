//! Stage `nic`: queues, rings and interrupts of the network interface, and the kernel's socket buffers.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::Step;
use engine::config::PortKind;

/// The interface that has the address `network.interface` of the configuration.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let network = &needs.config.network;
    let mut findings = Vec::new();
    if needs.config.network.port.kind == PortKind::Dpdk {
        return vec![Finding::nothing_needed("interface", "the kernel has none: see stage dpdk")];
    }
    findings.extend(buffers(machine, needs));
    let address = network.interface;
    let Some(name) = &needs.interface else {
        let finding = Finding::new("interface", format!("one with {address}"), "none", false, State::Wrong)
            .by_hand(format!("ip address add {address}/24 dev NAME, or another address in network.interface"));
        findings.push(finding);
        return findings;
    };
    if name == "lo" {
        findings.push(Finding::nothing_needed("interface", format!("{address} is on loopback")));
        return findings;
    }
    let state = machine.read(&format!("/sys/class/net/{name}/operstate")).unwrap_or_else(|| "not readable".to_owned());
    findings.push(
        Finding::new(format!("{name}: link"), "up", state.clone(), state == "up" || state == "unknown", State::Wrong)
            .with_steps([Step::run(&["ip", "link", "set", name, "up"], &["ip", "link", "set", name, "down"])]),
    );
    if matches!(network.port.kind, PortKind::Auto | PortKind::Xdp) {
        findings.push(queues(machine, name));
        findings.extend(merging(machine, name));
    }
    findings.extend(rings(machine, name));
    findings.push(coalescing(machine, name));
    if polls_the_driver(needs) {
        findings.extend(deferral(machine, name));
    }
    findings
}

/// Whether the port has the kernel look into the card's queue instead of waiting for its interrupts.
fn polls_the_driver(needs: &Needs) -> bool {
    let port = &needs.config.network.port;
    match port.kind {
        PortKind::Xdp => port.xdp.busy_poll_us > 0,
        PortKind::Uring => port.uring.napi_busy_poll_us > 0,
        PortKind::Auto => port.xdp.busy_poll_us > 0 || port.uring.napi_busy_poll_us > 0,
        PortKind::Dpdk | PortKind::Socket => false,
    }
}

/// What the kernel lets a socket have at the most.
fn buffers(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let network = &needs.config.network;
    if network.port.kind == PortKind::Xdp {
        return Vec::new();
    }
    let settings = [
        ("net.core.rmem_max", "/proc/sys/net/core/rmem_max", network.receive_buffer_bytes),
        ("net.core.wmem_max", "/proc/sys/net/core/wmem_max", network.send_buffer_bytes),
    ];
    let findings = settings.into_iter().filter_map(|(what, path, needed)| {
        // A network namespace other than the first one has no such file.
        let found = machine.number(path)?;
        Some(
            Finding::new(what, needed.to_string(), found.to_string(), found >= u64::from(needed), State::Advice)
                .with_steps([Step::write(path, needed.to_string())]),
        )
    });
    findings.collect()
}

/// An AF_XDP socket sees one queue. The port has one for each, but all are polled by one tile.
fn queues(machine: &Machine, name: &str) -> Finding {
    let found =
        machine.names(&format!("/sys/class/net/{name}/queues")).iter().filter(|name| name.starts_with("rx-")).count();
    let one = ["ethtool", "-L", name, "combined", "1"];
    let old = found.to_string();
    Finding::new(format!("{name}: receive queues"), "1", old.clone(), found == 1, State::Advice)
        .with_steps([Step::run(&one, &["ethtool", "-L", name, "combined", &old])])
        .by_hand("with more, each order is looked for in every queue, and the card spreads the clients over them")
}

/// Enough for a burst that comes while the tile is at something else.
const RING_WANTED: u64 = 2_048;

fn rings(machine: &Machine, name: &str) -> Vec<Finding> {
    let Ok(said) = machine.run(&["ethtool", "-g", name].map(str::to_owned)) else {
        return vec![absent(&format!("{name}: rings"), "ethtool -g", name)];
    };
    let (most, now) = said.split_once("Current hardware settings").unwrap_or(("", ""));
    let findings = [("RX", "rx"), ("TX", "tx")].into_iter().filter_map(|(label, option)| {
        let (most, now) = (field(most, label)?, field(now, label)?);
        let wanted = RING_WANTED.min(most);
        let set =
            |entries: u64| ["ethtool", "-G", name, option].map(str::to_owned).into_iter().chain([entries.to_string()]);
        let step = Step {
            action: super::step::Action::Run(set(wanted).collect()),
            undo: super::step::Undo::By(super::step::Action::Run(set(now).collect())),
        };
        let what = format!("{name}: {option} ring");
        Some(
            Finding::new(what, format!("{wanted} or more"), now.to_string(), now >= wanted, State::Advice)
                .with_steps([step]),
        )
    });
    findings.collect()
}

/// Frames that the card merges are longer than an XDP program may be shown; some drivers refuse the program then.
fn merging(machine: &Machine, name: &str) -> Option<Finding> {
    let said = machine.run(&["ethtool", "-k", name].map(str::to_owned)).ok()?;
    let found = said.lines().find_map(|line| line.trim().strip_prefix("large-receive-offload:"))?.trim().to_owned();
    let [set, undo] = ["off", "on"].map(|value| ["ethtool", "-K", name, "lro", value]);
    let good = found.starts_with("off");
    Some(
        Finding::new(format!("{name}: large receive offload"), "off", found, good, State::Wrong)
            .with_steps([Step::run(&set, &undo)]),
    )
}

/// A card that waits for more packets before it tells of the first one.
fn coalescing(machine: &Machine, name: &str) -> Finding {
    let what = format!("{name}: interrupt delay");
    let Ok(said) = machine.run(&["ethtool", "-c", name].map(str::to_owned)) else {
        return absent(&what, "ethtool -c", name);
    };
    let adaptive = said.lines().find_map(|line| line.trim().strip_prefix("Adaptive RX:"));
    let adaptive = adaptive.and_then(|rest| rest.split_whitespace().next()).unwrap_or("n/a");
    let usecs = field(&said, "rx-usecs");
    let good = adaptive != "on" && usecs.unwrap_or(0) == 0;
    let shown =
        format!("adaptive {adaptive}, {} µs", usecs.map_or_else(|| "n/a".to_owned(), |usecs| usecs.to_string()));
    let old = usecs.unwrap_or(0).to_string();
    let was = if adaptive == "on" { "on" } else { "off" };
    let mut set = vec!["ethtool", "-C", name];
    let mut undo = set.clone();
    if adaptive != "n/a" {
        set.extend(["adaptive-rx", "off"]);
        undo.extend(["adaptive-rx", was]);
    }
    if usecs.is_some() {
        set.extend(["rx-usecs", "0"]);
        undo.extend(["rx-usecs", &old]);
    }
    Finding::new(what, "not adaptive, 0 µs", shown, good, State::Advice).with_steps([Step::run(&set, &undo)])
}

/// With busy polling the kernel leaves the queue to the polling thread, and its interrupts off, for so long.
fn deferral(machine: &Machine, name: &str) -> Vec<Finding> {
    let settings =
        [("napi_defer_hard_irqs", 2, "polls without interrupts"), ("gro_flush_timeout", 200_000, "longest pause, ns")];
    let findings = settings.into_iter().filter_map(|(file, needed, what)| {
        let path = format!("/sys/class/net/{name}/{file}");
        let found = machine.number(&path)?;
        let what = format!("{name}: {what}");
        Some(
            Finding::new(what, needed.to_string(), found.to_string(), found >= needed, State::Advice)
                .with_steps([Step::write(path, needed.to_string())]),
        )
    });
    findings.collect()
}

/// The driver has no such setting, or the tool is not there.
fn absent(what: &str, command: &str, name: &str) -> Finding {
    let found =
        format!("'{command} {name}' does not answer: the driver has no such setting, or ethtool is not installed");
    Finding::new(what, "what the driver offers", found, true, State::Good)
}

/// The number behind a label of ethtool's, which may be `n/a`.
fn field(said: &str, label: &str) -> Option<u64> {
    said.lines().find_map(|line| line.trim().strip_prefix(label)?.strip_prefix(':')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_label() {
        let said = "RX:\t\t4096\nRX Mini:\tn/a\nTX:\t512\n";
        assert_eq!((field(said, "RX"), field(said, "TX"), field(said, "RX Mini")), (Some(4_096), Some(512), None));
    }
}
