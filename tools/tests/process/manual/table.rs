//! How each command of the manual is run, by how it begins; the longest beginning counts.

use std::collections::BTreeSet;

/// How a command is run.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// To its end, beside an appliance; well.
    Ends,
    /// The same, to an end with this exit status as well: it tells what it found on this machine.
    EndsWith(i32),
    /// To its end, with this word on its output.
    Says(&'static str),
    /// To its end, on a copy of the journal that no appliance has in use.
    Copied,
    /// The same, beside an appliance that nobody has traded at.
    Fresh,
    /// An appliance, until it is ready, and then to an orderly stop; alone.
    Serves,
    /// Goes on until it is told to stop: a moment, beside an appliance.
    Follows,
    /// The same, and then ends with this exit status as well.
    FollowsTo(i32),
    /// By this test.
    Elsewhere(&'static str),
    /// Not here, because.
    Not(&'static str),
}

const CARD: &str = "it needs a physical network card";
const MACHINE: &str = "it changes settings of the whole machine; tools/tests/host does it to a machine made of files";
const MANAGER: &str = "no service manager runs where tests run; tools/tests/process/service.rs has the units";
const PACKAGE: How = How::Elsewhere("tools/tests/process/package.rs");
const DEMO: How = How::Elsewhere("tools/tests/process/demo.rs");

#[rustfmt::skip]
const TABLE: &[(&str, How)] = &[
    ("pinion run", How::Serves),
    ("pinion run --print-config", How::Ends),
    ("pinion run --set network.port=xdp", How::Not(CARD)),
    ("pinion demo", DEMO),
    ("pinion replay", How::Fresh),
    ("pinion send", How::Ends),
    ("pinion send --session trader2 sell 60", How::Says("Executed")),
    ("pinion trade", How::Elsewhere("tools/tests/process/by_hand.rs")),
    ("pinion trade --script", How::Fresh),
    ("pinion listen", How::Follows),
    ("pinion listen --json | head", How::Not("it ends with the tenth message, and nobody trades meanwhile")),
    ("pinion normalize", How::Ends),
    ("pinion normalize --from day.pcap", How::Follows),
    ("pinion normalize --from day.pcap --only", How::Ends),
    ("pinion normalize --from 233.", How::Follows),
    ("pinion normalize --from 239.", How::Follows),
    ("pinion scenario", How::Ends),
    ("pinion journal", How::Ends),
    ("pinion journal cut", How::Copied),
    ("pinion view", How::Ends),
    ("pinion recover", How::Ends),
    ("pinion stats", How::EndsWith(1)),
    ("pinion stats --watch", How::Follows),
    ("pinion stats --prometheus", How::FollowsTo(130)),
    ("pinion doctor", How::EndsWith(1)),
    ("pinion watch", How::FollowsTo(130)),
    ("pinion watch --for", How::EndsWith(1)),
    ("pinion admin", How::Ends),
    ("pinion admin cancel", How::Fresh),
    ("pinion admin close", How::Fresh),
    ("pinion admin drain", How::Fresh),
    ("pinion admin instrument add", How::Fresh),
    ("pinion admin instrument halt", How::Fresh),
    ("pinion admin kill", How::Fresh),
    ("pinion admin log --journal", How::Copied),
    ("pinion admin session disconnect", How::Fresh),
    ("pinion admin session key", How::Fresh),
    ("pinion sim", How::Ends),
    ("pinion sim --hours", How::Not("it takes hours; tools/tests/sim runs hundreds of days")),
    ("pinion host check", How::EndsWith(1)),
    ("pinion host init --dry-run", How::EndsWith(1)),
    ("pinion host init", How::Not(MACHINE)),
    ("pinion host service", How::Ends),
    ("pinion host fini", How::Not(MACHINE)),
    ("pinion completions", How::Ends),
    ("pinion man", How::Ends),
    ("pinion version", How::Ends),
    ("host check", How::EndsWith(1)),
    ("host init", How::Not(MACHINE)),
    ("alias host=", How::Ends),
    ("options=", How::Ends),
    ("apt-get", How::Not("it installs packages of the system's")),
    ("apt install ./", PACKAGE),
    ("scripts/package", PACKAGE),
    ("systemctl", How::Not(MANAGER)),
    ("journalctl", How::Not(MANAGER)),
    ("lscpu", How::Ends),
    ("lspci", How::Not(CARD)),
    ("ethtool", How::Not(CARD)),
    ("cat /sys/class/net/eth1", How::Not(CARD)),
    ("ip address add", How::Ends),
    ("modprobe", How::Not(CARD)),
    ("echo 0000:3b:00.0", How::Not(CARD)),
    ("echo vfio-pci", How::Not(CARD)),
    ("cp ", How::Ends),
    ("(umask 027; openssl rand", How::Ends),
    ("mkdir -p ", How::Ends),
    ("cargo run --release -- demo", DEMO),
    ("scripts/test", How::Not("it runs all tests, this one among them")),
];

/// In the place of what the manual says, where a machine has it otherwise or it would take long.
#[rustfmt::skip]
pub const SUBSTITUTES: &[(&str, &str)] = &[
    (" 1000000", " 1000"),
    (" 1234566", " 900"),
    ("2026-11-21T14:30:00Z", "$NOW"),
    ("--seeds 0..1000", "--seeds 0..2"),
    ("--seeds 0..100", "--seeds 0..2"),
    ("--steps 100000", "--steps 5000"),
    ("--seconds 60", "--seconds 1"),
    ("--seconds 10", "--seconds 1"),
    ("--stay 30", "--stay 1"),
    (" --behind 900", " --behind 900 --yes"),
    ("trader1:17", "trader1:1"),
    ("trader1 17", "trader1 1"),
    ("--for 3", "--for 1"),
    (" FLOW", " flow.txt"),
    ("journal.dir=/var/lib/pinion/journal", "journal.dir=journal"),
];

/// Of a command; `None` when the table does not know it.
pub fn rule(command: &str) -> Option<How> {
    longest(command).map(|(_, how)| *how)
}

fn longest(command: &str) -> Option<&'static (&'static str, How)> {
    TABLE.iter().filter(|(begins, _)| command.starts_with(begins)).max_by_key(|(begins, _)| begins.len())
}

/// Lines of the table that none of the commands needs.
pub fn unused<'a>(commands: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let used: BTreeSet<&str> = commands.filter_map(longest).map(|(begins, _)| *begins).collect();
    TABLE.iter().map(|(begins, _)| *begins).filter(|begins| !used.contains(begins)).collect()
}
