//! What the kernel says of this process and of itself.

use std::fs;

/// Memory of this process that is there, in bytes; huge pages of the pool are not in.
pub fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident size");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kib << 10
}

/// Whether a program that asks for transparent huge pages may have them.
pub fn has_transparent() -> bool {
    let enabled = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    (enabled.contains("[madvise]") || enabled.contains("[always]")) && !status.contains("THP_enabled:\t0")
}

/// Whether this process may change the machine.
pub fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
    status.lines().any(|line| line.starts_with("Uid:\t0\t0\t"))
}
