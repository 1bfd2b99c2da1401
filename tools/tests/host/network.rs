//! The network card: its queues under the kernel, and its driver under DPDK.

use crate::machine::Machine;
use std::fs;
use std::os::unix::fs::symlink;

const RINGS: &str = "Ring parameters for eth0:\nPre-set maximums:\nRX:\t\t4096\nRX Mini:\tn/a\nTX:\t\t1024\n\
                     Current hardware settings:\nRX:\t\t512\nRX Mini:\tn/a\nTX:\t\t1024\n";
const COALESCING: &str = "Coalesce parameters for eth0:\nAdaptive RX: on  TX: off\nrx-usecs:\t50\nrx-frames:\tn/a\n";

fn with_card() -> Machine {
    let machine = Machine::unprepared();
    machine.file("addresses", "lo 127.0.0.1\neth0 10.26.40.1");
    machine.file("sys/class/net/eth0/operstate", "up");
    machine.file("sys/class/net/eth0/napi_defer_hard_irqs", "0");
    machine.file("sys/class/net/eth0/gro_flush_timeout", "0");
    machine.file("proc/sys/net/core/rmem_max", "212992");
    machine.file("proc/sys/net/core/wmem_max", "8388608");
    for queue in ["rx-0", "rx-1", "rx-2", "tx-0", "tx-1", "tx-2"] {
        machine.file(&format!("sys/class/net/eth0/queues/{queue}/x"), "");
    }
    machine.command("ethtool -g eth0", RINGS);
    machine.command("ethtool -c eth0", COALESCING);
    machine.command("ethtool -k eth0", "Features for eth0:\nlarge-receive-offload: on\n");
    machine
}

const ON_CARD: [&str; 2] = ["--set", "network.interface=10.26.40.1"];

#[test]
fn a_card_is_set_and_set_back() {
    let machine = with_card();
    for command in [
        "ethtool -L eth0 combined 1",
        "ethtool -L eth0 combined 3",
        "ethtool -G eth0 rx 2048",
        "ethtool -G eth0 rx 512",
        "ethtool -K eth0 lro off",
        "ethtool -K eth0 lro on",
        "ethtool -C eth0 adaptive-rx off rx-usecs 0",
        "ethtool -C eth0 adaptive-rx on rx-usecs 50",
    ] {
        machine.command(command, "");
    }
    let check = machine.host(&[&["check", "nic"], &ON_CARD[..]].concat());
    assert_eq!(check.code, 1, "{}", check.out);
    for (what, words) in [
        ("eth0: receive queues", "needed 1; found 3"),
        ("eth0: large receive offload", "wrong"),
        ("eth0: rx ring", "needed 2048 or more; found 512"),
        ("eth0: tx ring", "ok"),
        ("eth0: interrupt delay", "adaptive on, 50 µs"),
        ("net.core.rmem_max", "needed 4194304; found 212992"),
        ("net.core.wmem_max", "ok"),
    ] {
        assert!(check.line(what).contains(words), "{words}: {}", check.out);
    }
    let init = machine.host(&[&["init", "nic"], &ON_CARD[..]].concat());
    assert!(!init.out.contains("refused"), "{}", init.out);
    let fini = machine.host(&["fini"]);
    assert_eq!(fini.code, 0, "{}", fini.out);
    let log = machine.read("commands.log");
    let at = |command: &str| log.find(command).unwrap_or_else(|| panic!("{command} in {log}"));
    assert!(at("-L eth0 combined 1") < at("-C eth0 adaptive-rx on rx-usecs 50"), "{log}");
    assert!(at("-G eth0 rx 512") < at("-L eth0 combined 3"), "undone from the last to the first: {log}");
    assert_eq!(machine.read("proc/sys/net/core/rmem_max"), "212992");
}

#[test]
fn advice_is_no_failure() {
    let machine = with_card();
    machine.command("ethtool -k eth0", "large-receive-offload: off [fixed]\n");
    let told = machine.host(&[&["check", "nic"], &ON_CARD[..]].concat());
    assert!(told.code == 0 && told.out.contains("advice"), "{}", told.out);
}

#[test]
fn loopback_needs_nothing_and_an_address_that_nobody_has_is_told() {
    let machine = with_card();
    assert!(machine.host(&["check", "nic"]).line("interface").contains("127.0.0.1 is on loopback"));
    let told = machine.host(&["check", "nic", "--set", "network.interface=10.9.9.9"]);
    assert_eq!(told.code, 1);
    assert!(told.out.contains("ip address add 10.9.9.9/24 dev NAME"), "{}", told.out);
}

/// A card with a driver.
fn with_driver(driver: &str) -> Machine {
    let machine = with_card();
    let device = "sys/bus/pci/devices/0000:3b:00.0";
    machine.file(&format!("{device}/driver_override"), "(null)");
    machine.file(&format!("{device}/net/eth0/x"), "");
    for known in [driver, "vfio-pci"] {
        machine.file(&format!("sys/bus/pci/drivers/{known}/unbind"), "");
    }
    machine.file("sys/bus/pci/drivers_probe", "");
    machine.file("proc/net/route", "Iface\tDestination\nlo\t00000000");
    let driver = machine.path(&format!("sys/bus/pci/drivers/{driver}"));
    symlink(driver, machine.path(&format!("{device}/driver"))).expect("a link");
    machine
}

const ON_DPDK: [&str; 4] = ["--set", "network.port=dpdk", "--set", "network.dpdk.device=0000:3b:00.0"];

#[test]
fn an_intel_card_is_given_to_vfio_and_back() {
    let machine = with_driver("ice");
    let check = machine.host(&[&["check", "dpdk"], &ON_DPDK[..]].concat());
    assert_eq!(check.code, 1);
    assert!(check.line("0000:3b:00.0: driver").contains("needed vfio-pci; found ice"), "{}", check.out);
    assert!(
        check.line("IOMMU").contains("found off") && check.out.contains("intel_iommu=on iommu=pt"),
        "{}",
        check.out
    );

    let init = machine.host(&[&["init", "dpdk"], &ON_DPDK[..]].concat());
    assert!(!init.out.contains("refused"), "{}", init.out);
    assert_eq!(machine.read("sys/bus/pci/drivers/ice/unbind"), "0000:3b:00.0");
    assert_eq!(machine.read("sys/bus/pci/devices/0000:3b:00.0/driver_override"), "vfio-pci");
    assert_eq!(machine.read("sys/bus/pci/drivers_probe"), "0000:3b:00.0");
    assert_eq!(machine.read("sys/bus/pci/drivers/vfio-pci/unbind"), "");
    let fini = machine.host(&["fini", "dpdk"]);
    assert_eq!(fini.code, 0, "{}", fini.out);
    assert_eq!(machine.read("sys/bus/pci/drivers/vfio-pci/unbind"), "0000:3b:00.0");
    assert_eq!(machine.read("sys/bus/pci/devices/0000:3b:00.0/driver_override"), "");
    let commands: Vec<&str> = fini.out.lines().map(|line| line.rsplit(' ').next().unwrap_or_default()).collect();
    assert!(commands[0].ends_with("vfio-pci/unbind") && commands[2] == "/sys/bus/pci/drivers_probe", "{}", fini.out);
}

#[test]
fn a_mellanox_card_keeps_its_driver() {
    let told = with_driver("mlx5_core").host(&[&["check", "dpdk"], &ON_DPDK[..]].concat());
    assert_eq!(told.code, 0, "{}", told.out);
    assert!(told.line("driver").contains("found mlx5_core"), "{}", told.out);
}

#[test]
fn the_card_that_the_machine_is_reached_through_is_left_alone() {
    let machine = with_driver("ice");
    fs::write(machine.path("proc/net/route"), "Iface\tDestination\neth0\t00000000\n").expect("a file");
    let told = machine.host(&[&["init", "dpdk"], &ON_DPDK[..]].concat());
    assert_eq!(told.code, 1);
    assert!(told.out.contains("ip link set eth0 down") && !told.out.contains("unbind"), "{}", told.out);
    assert_eq!(machine.read("sys/bus/pci/drivers/ice/unbind"), "");
}
