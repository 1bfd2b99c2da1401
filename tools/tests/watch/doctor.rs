//! `pinion doctor` on machines that are made up from files, with counters that a test writes, and on this one.

use crate::machine::{Machine, PINION, Told, told};
use crate::made::Made;
use engine::counters::schema::journal;
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// `pinion doctor` on a made-up machine, with its files in `dir`.
fn doctor(machine: &Machine, dir: &Path, more: &[&str]) -> Told {
    let mut command = Command::new(PINION);
    command.current_dir(dir).arg("doctor").arg("--root").arg(machine.path("")).args(more);
    for setting in ["journal.dir=journal", "stats.dir=.", "journal.disk_floor_bytes=0", "journal.segment_bytes=1048576"]
    {
        command.args(["--set", setting]);
    }
    told(command)
}

fn place() -> (Machine, tempfile::TempDir) {
    (Machine::unprepared(), tempfile::tempdir().expect("a directory"))
}

/// The line says so, and the next one what to do.
#[track_caller]
fn assert_says(told: &Told, section: &str, state: &str, words: &str, remedy: &str) {
    let lines: Vec<&str> = told.out.lines().collect();
    let begin = format!("{section:13} {state:7} ");
    let found = lines.iter().position(|line| line.starts_with(&begin) && line.contains(words));
    let at = found.unwrap_or_else(|| panic!("expected '{begin}…{words}' in\n{}\n{}", told.out, told.err));
    let said = lines.get(at + 1).copied().unwrap_or_default();
    assert!(remedy.is_empty() || said.contains(remedy), "expected '{remedy}' in '{said}'");
}

#[test]
fn an_unprepared_machine_is_named_point_by_point() {
    let (machine, dir) = place();
    machine.file("clock", "free 0");
    let told = doctor(&machine, dir.path(), &["--set", "topology.wait=spin", "--set", "topology.pin=[1,2]"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert_says(&told, "host", "problem", "clock source", "pinion host init clock");
    assert_says(&told, "host", "problem", "transparent huge pages", "pinion host init thp");
    assert_says(&told, "clock", "warning", "nobody keeps", "chronyd");
    assert_says(&told, "configuration", "warning", "not isolated", "isolcpus");
    assert_says(&told, "ports", "ok", "network.order_entry 127.0.0.1:26400: free", "");
    assert_says(&told, "journal", "ok", "not there yet", "");
    assert_says(&told, "keys", "ok", "development keys", "");
    assert_says(&told, "appliance", "ok", "none runs", "");
    machine.file("clock", "synchronized 12");
    assert_says(&doctor(&machine, dir.path(), &[]), "clock", "ok", "synchronized, to 12 µs", "");
    assert_eq!(fs::read_dir(dir.path()).expect("ours").count(), 0, "nothing is left behind");
}

#[test]
fn addresses_that_are_held_or_not_there() {
    let (machine, dir) = place();
    let table = "  sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode\n";
    // 127.0.0.1:26400, as the kernel of a little-endian machine prints it.
    let row = "  0: 0100007F:6720 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4711 2 0 0";
    machine.file("proc/net/udp", &format!("{table}{row}"));
    let told = doctor(&machine, dir.path(), &[]);
    assert_says(
        &told,
        "ports",
        "problem",
        "network.order_entry 127.0.0.1:26400 is held by a process of another user",
        "ss -lunp",
    );
    machine.file("proc/77/fd/x", "");
    std::os::unix::fs::symlink("socket:[4711]", machine.path("proc/77/fd/3")).expect("a link");
    let told = doctor(&machine, dir.path(), &[]);
    assert_says(&told, "ports", "problem", "held by process 77 (irqbalance)", "end that process");
    let told = doctor(&machine, dir.path(), &["--set", "network.interface=10.9.8.7"]);
    assert_says(&told, "ports", "problem", "10.9.8.7, which no interface", "ip address add 10.9.8.7/24");
    machine.file("addresses", "eth7 10.9.8.7");
    machine.file("sys/class/net/eth7/flags", "0x1003");
    machine.file("sys/class/net/eth7/operstate", "down");
    let told = doctor(&machine, dir.path(), &["--set", "network.interface=10.9.8.7"]);
    assert_says(&told, "ports", "problem", "eth7 (10.9.8.7) is down", "ip link set eth7 up");
    machine.file("sys/class/net/eth7/flags", "0x3");
    let told = doctor(&machine, dir.path(), &["--set", "network.interface=10.9.8.7"]);
    assert_says(&told, "ports", "problem", "does not carry multicast", "multicast on");
}

#[test]
fn keys_that_others_have() {
    let (machine, dir) = place();
    let config = dir.path().join("pinion.toml");
    let key = "11".repeat(32);
    let session = |name: &str| format!("[[session]]\nusername = \"{name}\"\nmember = \"alpha\"\nkey = \"{key}\"\n");
    fs::write(&config, format!("{}{}", session("one"), session("two"))).expect("a file");
    let mode = |mode| fs::set_permissions(&config, fs::Permissions::from_mode(mode)).expect("ours");
    mode(0o644);
    let told = doctor(&machine, dir.path(), &["--config", "pinion.toml"]);
    assert_says(&told, "keys", "warning", "everybody may read", "chmod 640");
    assert_says(&told, "keys", "problem", "sessions one, two have the same key", "openssl rand");
    mode(0o646);
    let told = doctor(&machine, dir.path(), &["--config", "pinion.toml"]);
    assert_says(&told, "keys", "problem", "everybody may change", "chmod 640");
    let told = doctor(&machine, dir.path(), &["--set", "network.order_entry=10.9.8.7:26400"]);
    assert_says(&told, "keys", "problem", "trader1, trader2 have development keys", "openssl rand");
}

#[test]
fn a_configuration_that_cannot_be_used_or_is_hardly_meant() {
    let (machine, dir) = place();
    let told = doctor(&machine, dir.path(), &["--set", "journal.durabilty=mapped"]);
    assert_eq!(told.code, 1);
    assert_says(&told, "configuration", "problem", "journal.durabilty", "print-config");
    let config = dir.path().join("pinion.toml");
    let rule = "[log]\nfile = \"no/such/log\"\n[[alert]]\nname = \"x\"\nwhat = \"gap_on_line\"\nexec = [\"/no/such/program\"]\n";
    fs::write(config, rule).expect("a file");
    let told = doctor(&machine, dir.path(), &["--config", "pinion.toml"]);
    assert_says(&told, "configuration", "problem", "alert 'x' runs /no/such/program", "chmod +x");
    assert_says(&told, "configuration", "problem", "no folder no/such", "make it");
    assert_says(&told, "configuration", "warning", "only `pinion watch` hears lines", "alerts.acts");
    let told = doctor(&machine, dir.path(), &["--config", "pinion.toml", "--problems", "--json"]);
    for line in told.out.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(line["state"] != "ok" && line["what"].is_string() && line["remedy"].is_string(), "{line}");
    }
    assert_eq!(Command::new(PINION).args(["doctor", "--no-such"]).output().expect("it runs").status.code(), Some(2));
}

#[test]
fn a_disk_without_room_and_a_journal_that_is_damaged() {
    let (machine, dir) = place();
    let told = doctor(&machine, dir.path(), &["--set", "journal.disk_floor_bytes=1000000000000000"]);
    // The last one wins, and it is that of the others.
    assert_says(&told, "disk", "ok", "left, floor 0 MiB", "");
    let mut command = Command::new(PINION);
    command.current_dir(dir.path()).arg("doctor").arg("--root").arg(machine.path(""));
    command.args(["--set", "stats.dir=.", "--set", "journal.disk_floor_bytes=1000000000000000"]);
    assert_says(&told_of(command), "disk", "problem", "less than the floor", "journal.keep_bytes");
    let journal = dir.path().join("journal");
    fs::create_dir(&journal).expect("a directory");
    fs::write(journal.join("journal-0000000000000001-00000000.seg"), [7; 8_192]).expect("a file");
    let told = doctor(&machine, dir.path(), &[]);
    assert_eq!(told.code, 1);
    assert_says(&told, "journal", "problem", "expected a journal segment", "pinion journal verify");
    assert_says(&told, "versions", "problem", "cannot read its layout", "pinion version");
    // Somebody has it.
    fs::write(journal.join("LOCK"), "process 77\n").expect("a file");
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(journal.join("LOCK")).expect("there"));
    machine.file("proc/locks", &format!("1: FLOCK  ADVISORY  WRITE 77 fd:00:{inode} 0 EOF"));
    let told = doctor(&machine, dir.path(), &[]);
    assert_says(&told, "journal", "problem", "in use by process 77 (irqbalance)", "end that process");
}

fn told_of(command: Command) -> Told {
    told(command)
}

#[test]
fn an_appliance_that_is_not_well_is_named_with_what_to_do() {
    let (machine, dir) = place();
    let made = Made::new();
    made.set(&journal::GROUP, 0, journal::failed, 1);
    // Under the name by which it is looked for.
    let settings = [("journal.dir", dir.path().join("journal")), ("stats.dir", dir.path().to_owned())];
    let settings = settings.map(|(key, path)| (key.to_owned(), path.display().to_string()));
    let config = engine::config::Config::load_with(None, &settings).expect("valid");
    let path = engine::counters::path_of(&config).expect("it keeps counters");
    fs::hard_link(made.path(), &path).or_else(|_| fs::copy(made.path(), &path).map(drop)).expect("a file");
    let set: Vec<String> = settings.iter().map(|(key, path)| format!("{key}={path}")).collect();
    let mut command = Command::new(PINION);
    command.arg("doctor").arg("--root").arg(machine.path("")).args(["--set", &set[0], "--set", &set[1]]);
    let told = told_of(command);
    assert_eq!(told.code, 1);
    assert_says(&told, "appliance", "problem", "the journal has failed", "pinion journal verify");
    assert_says(&told, "disk", "ok", "sync: ", "");
}

#[test]
fn this_machine_is_looked_at_without_harm() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("bound");
    let mut command = Command::new(PINION);
    command.current_dir(dir.path()).args([
        "doctor",
        "--set",
        "stats.dir=.",
        "--set",
        &format!("network.order_entry={address}"),
    ]);
    let told = told_of(command);
    assert_says(&told, "ports", "problem", &format!("held by process {}", std::process::id()), "end that process");
    assert_says(&told, "disk", "ok", "file system", "");
    assert!(told.out.contains("sync: "), "{}", told.out);
    assert_eq!(fs::read_dir(dir.path()).expect("ours").count(), 0, "nothing is left behind");
}
