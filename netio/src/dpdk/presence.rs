//! What can be seen to be missing before DPDK is asked, so that it can be said with the remedy. DPDK says such things in its
//! log only.

use std::fs;
use std::io;
use std::path::Path;

use nix::net::if_::if_nametoindex;

use super::environment::refused;
use super::options::{Device, DpdkOptions};
use crate::port::PortError;

/// # Errors
///
/// [`PortError::Unavailable`] with what is missing.
pub(super) fn check(options: &DpdkOptions, device: &Device) -> Result<(), PortError> {
    if options.huge_pages {
        huge_pages(Path::new("/sys/kernel/mm/hugepages"), options.memory_mib.into())?;
    }
    if let Device::Pci { address, .. } = device {
        card(Path::new("/sys/bus/pci/devices"), address)?;
    }
    if let Some(interface) = device.interface() {
        let Ok(index) = if_nametoindex(interface) else {
            let source = io::Error::new(io::ErrorKind::NotFound, format!("there is no interface `{interface}`"));
            return Err(refused("the device's interface", "`ip link` lists those that there are", source));
        };
        if device.name().starts_with("net_af_xdp") && !device.arguments().contains("start_queue=") {
            queues(Path::new("/sys/class/net"), interface, index)?;
        }
    }
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    may(&status, device)
}

/// Whether so much memory is free on huge pages of any size.
fn huge_pages(folder: &Path, needed_mib: u64) -> Result<(), PortError> {
    let free = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let size_kib: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        let count: u64 = fs::read_to_string(entry.path().join("free_hugepages")).ok()?.trim().parse().ok()?;
        Some(count * size_kib / 1024)
    };
    let sizes = fs::read_dir(folder).into_iter().flatten().flatten();
    let free_mib: u64 = sizes.filter_map(free).sum();
    if free_mib >= needed_mib {
        return Ok(());
    }
    let source = io::Error::new(
        io::ErrorKind::OutOfMemory,
        format!("expected {needed_mib} MiB of free huge pages, found {free_mib} MiB"),
    );
    let pages = needed_mib.div_ceil(2);
    let remedy = format!(
        "as root: `pinion host init`, or `echo {pages} > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages` for these \
         alone; for virtual devices `huge_pages = false` does, too"
    );
    Err(refused("memory for DPDK", remedy, source))
}

/// Whether an interface has one receive queue, for a driver that takes one. What is spread to the others would be lost.
/// Of other network namespaces the folder tells nothing.
fn queues(folder: &Path, interface: &str, index: u32) -> Result<(), PortError> {
    let told = fs::read_to_string(folder.join(interface).join("ifindex"));
    if told.ok().and_then(|told| told.trim().parse().ok()) != Some(index) {
        return Ok(());
    }
    let is_receive = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("rx-");
    let count =
        fs::read_dir(folder.join(interface).join("queues")).into_iter().flatten().flatten().filter(is_receive).count();
    if count <= 1 {
        return Ok(());
    }
    let source = io::Error::other(format!("{interface} has {count} receive queues, of which the driver takes one"));
    let remedy = format!(
        "as root: `ethtool -L {interface} combined 1`; or steer our datagrams to one queue and name it, as in `,start_queue=2`"
    );
    Err(refused("the device's interface", remedy, source))
}

/// Whether there is such a card and a driver of DPDK's can have it.
fn card(folder: &Path, address: &str) -> Result<(), PortError> {
    let card = folder.join(address);
    if !card.exists() {
        let source = io::Error::new(io::ErrorKind::NotFound, format!("there is no PCI device {address}"));
        return Err(refused("the card", "`dpdk-devbind.py --status-dev net` lists those that there are", source));
    }
    let driver = fs::read_link(card.join("driver")).ok();
    let driver = driver.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let found = match driver.as_deref() {
        // These hand a card out; those of the last line go on driving it and hand out its queues.
        Some("vfio-pci" | "uio_pci_generic" | "igb_uio") => return Ok(()),
        Some("mlx4_core" | "mlx5_core" | "mana" | "gve") => return Ok(()),
        Some(driver) => format!("{address} belongs to the kernel's driver {driver}"),
        None => format!("{address} has no driver"),
    };
    let remedy = format!(
        "as root: `modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci {address}`; its interface is then gone from the \
         kernel, so not the one that you are logged in over"
    );
    Err(refused("the card", remedy, io::Error::new(io::ErrorKind::ResourceBusy, found)))
}

/// Whether this thread has the rights that a virtual device takes, by the text of its status.
fn may(status: &str, device: &Device) -> Result<(), PortError> {
    let Device::Virtual { name, .. } = device else { return Ok(()) };
    let needed: &[(u32, &str)] = match name.trim_end_matches(|last: char| last.is_ascii_digit()) {
        "net_af_packet" => &[(13, "cap_net_raw")],
        "net_af_xdp" => &[(12, "cap_net_admin"), (13, "cap_net_raw"), (39, "cap_bpf")],
        "net_tap" => &[(12, "cap_net_admin")],
        _ => &[],
    };
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let Some(held) = line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok()) else { return Ok(()) };
    let missing: Vec<&str> = needed.iter().filter(|(bit, _)| held >> bit & 1 == 0).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let all: Vec<&str> = needed.iter().map(|(_, name)| *name).collect();
    let source = io::Error::new(io::ErrorKind::PermissionDenied, format!("{name} needs {}", missing.join(", ")));
    let remedy = format!("run it as root, or once as root: `setcap {}+ep PATH_OF_THE_PROGRAM`", all.join(","));
    Err(refused("the virtual device", remedy, source))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    /// A folder that looks like the kernel's, gone with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pinion-presence-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn with(self, file: &str, text: &str) -> Self {
            let path = self.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            self
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn text(result: Result<(), PortError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn missing_huge_pages_are_told_with_how_many_to_reserve() {
        let folder = Folder::new("huge")
            .with("hugepages-2048kB/free_hugepages", "10\n")
            .with("hugepages-1048576kB/free_hugepages", "0\n");
        assert!(huge_pages(&folder.0, 20).is_ok());
        let said = text(huge_pages(&folder.0, 64));
        assert!(said.contains("expected 64 MiB") && said.contains("found 20 MiB"), "{said}");
        assert!(said.contains("echo 32 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"), "{said}");
        assert!(text(huge_pages(Path::new("no such folder"), 1)).contains("found 0 MiB"));
    }

    #[test]
    fn a_card_must_be_there_and_be_handed_out() {
        let folder = Folder::new("card").with("0000:01:00.0/vendor", "");
        let driver = |name: &str| {
            let link = folder.0.join("0000:01:00.0/driver");
            let _ = fs::remove_file(&link);
            symlink(format!("../../../bus/pci/drivers/{name}"), link).unwrap();
            card(&folder.0, "0000:01:00.0")
        };
        assert!(text(card(&folder.0, "0000:02:00.0")).contains("no PCI device 0000:02:00.0"));
        assert!(text(card(&folder.0, "0000:01:00.0")).contains("has no driver"));
        let said = text(driver("ixgbe"));
        assert!(said.contains("driver ixgbe") && said.contains("--bind=vfio-pci 0000:01:00.0"), "{said}");
        assert!(driver("vfio-pci").is_ok() && driver("mlx5_core").is_ok());
    }

    #[test]
    fn queues_that_nobody_would_poll_are_told() {
        let folder = Folder::new("queues")
            .with("eth1/ifindex", "7\n")
            .with("eth1/queues/rx-0/rps_cpus", "")
            .with("eth1/queues/tx-0/xps_cpus", "")
            .with("eth1/queues/tx-1/xps_cpus", "");
        assert!(queues(&folder.0, "eth1", 7).is_ok());
        let folder = folder.with("eth1/queues/rx-1/rps_cpus", "");
        let said = text(queues(&folder.0, "eth1", 7));
        assert!(said.contains("2 receive queues") && said.contains("ethtool -L eth1 combined 1"), "{said}");
        assert!(queues(&folder.0, "eth1", 8).is_ok(), "that is an interface of another namespace");
    }

    #[test]
    fn missing_rights_are_named() {
        let device = |name: &str| Device::Virtual { name: name.to_owned(), arguments: String::new() };
        let none = "Name:\tx\nCapEff:\t0000000000000000\n";
        let all = "CapEff:\t000001ffffffffff\n";
        let said = text(may(none, &device("net_af_packet0")));
        assert!(said.contains("cap_net_raw") && said.contains("setcap"), "{said}");
        assert!(may(none, &device("net_null0")).is_ok() && may(all, &device("net_af_xdp1")).is_ok());
        let raw_only = "CapEff:\t0000000000002000\n";
        assert!(may(raw_only, &device("net_af_packet12")).is_ok());
        assert!(text(may(raw_only, &device("net_af_xdp0"))).contains("needs cap_net_admin, cap_bpf"));
    }
}
