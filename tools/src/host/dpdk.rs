//! Stage `dpdk`: the network card is where DPDK finds it.
//!
//! An Intel card is taken from the kernel and given to `vfio-pci`. A Mellanox card stays with its own driver: DPDK's works through that.

use super::finding::{Finding, State};
use super::machine::Machine;
use super::needs::Needs;
use super::step::{Action, Step, Undo};
use engine::config::PortKind;

/// Drivers that DPDK works through; the kernel goes on to see the card.
const SHARED: [&str; 3] = ["mlx4_core", "mlx5_core", "mana"];
const VFIO: &str = "vfio-pci";

/// The device, where the configuration names one by its PCI address.
pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    if needs.config.network.port.kind != PortKind::Dpdk {
        return vec![Finding::nothing_needed(
            "DPDK",
            format!("network.port is \"{}\"", needs.config.network.port.kind),
        )];
    }
    let Some(device) = needs.pci_device() else {
        let device = &needs.config.network.port.dpdk.device;
        return vec![Finding::nothing_needed("device", format!("network.dpdk.device is \"{device}\", no PCI address"))];
    };
    of_device(machine, device)
}

fn of_device(machine: &Machine, device: &str) -> Vec<Finding> {
    let folder = format!("/sys/bus/pci/devices/{device}");
    if !machine.has(&folder) {
        return vec![
            Finding::new(device, "a PCI device", "none", false, State::Wrong)
                .by_hand("lspci -D shows the addresses; name one of them in the configuration"),
        ];
    }
    let driver = machine.link(&format!("{folder}/driver"));
    let shown = driver.clone().unwrap_or_else(|| "no driver".to_owned());
    let what = format!("{device}: driver");
    if driver.as_deref().is_some_and(|driver| SHARED.contains(&driver)) {
        return vec![Finding::new(what, "its own, which DPDK works through", shown, true, State::Good)];
    }
    let good = driver.as_deref() == Some(VFIO);
    let binding = Finding::new(what, VFIO, shown, good, State::Wrong);
    let binding = match in_use(machine, &folder) {
        Some(name) if !good => binding.by_hand(format!(
            "{name} has a route: the machine may be reached through it. Take another card, or take the interface down first: \
             ip link set {name} down"
        )),
        _ => binding.with_steps(bind(machine, &folder, device, driver.as_deref())),
    };
    vec![iommu(machine), binding]
}

/// Without an IOMMU a device writes wherever it is told to.
fn iommu(machine: &Machine) -> Finding {
    let groups = machine.names("/sys/kernel/iommu_groups").len();
    let shown = if groups > 0 { "on" } else { "off" };
    Finding::new("IOMMU", "on", shown, groups > 0, State::Wrong).by_hand(
        "switch VT-d or AMD-Vi on in the firmware, and boot with intel_iommu=on iommu=pt (AMD: iommu=pt). On a machine without one, at the \
         risk of every byte of its memory: modprobe vfio enable_unsafe_noiommu_mode=1",
    )
}

/// An interface of the device through which a route leads.
fn in_use(machine: &Machine, folder: &str) -> Option<String> {
    let routes = machine.read("/proc/net/route").unwrap_or_default();
    let has_route = |name: &String| routes.lines().skip(1).any(|line| line.split_whitespace().next() == Some(name));
    machine.names(&format!("{folder}/net")).into_iter().find(has_route)
}

/// Names the driver for this one device, takes it from the one that has it, and has the kernel look again.
fn bind(machine: &Machine, folder: &str, device: &str, driver: Option<&str>) -> Vec<Step> {
    let write = |path: String, value: &str| Action::Write { path, value: value.to_owned() };
    let chosen = format!("{folder}/driver_override");
    let look = write("/sys/bus/pci/drivers_probe".to_owned(), device);
    let unbind = |driver: &str| write(format!("/sys/bus/pci/drivers/{driver}/unbind"), device);
    let mut steps = Vec::new();
    if !machine.has(&format!("/sys/bus/pci/drivers/{VFIO}")) {
        steps.push(Step { action: Action::run(&["modprobe", VFIO]), undo: Undo::Nothing });
    }
    // Undone from the last to the first: away from the new driver, no driver chosen, and the kernel looks again.
    if let Some(driver) = driver {
        steps.push(Step { action: unbind(driver), undo: Undo::By(look.clone()) });
    }
    steps.push(Step { action: write(chosen.clone(), VFIO), undo: Undo::By(write(chosen, "")) });
    steps.push(Step { action: look, undo: Undo::By(unbind(VFIO)) });
    steps
}
