//! Where unsafe code may stand: a short list, each file with its reason.

use super::source::{File, code, has_word, root, rust_files};
use std::fs;

/// The files and why each needs it.
const LISTED: &[(&str, &str)] = &[
    ("bench/challenge/src/abi.rs", "a C interface: pointers without lifetimes, an engine without a handle"),
    ("bench/challenge/src/abi/tests.rs", "calls the C interface as a harness does"),
    ("engine/src/counters/words.rs", "other processes look at a mapping while it is written"),
    ("engine/src/journal/bus_error.rs", "a signal handler: a pointer from the kernel, and an end without destructors"),
    ("engine/src/journal/map.rs", "maps segment files, and stores a record's length last"),
    ("feedhandler/c/src/abi.rs", "a C interface: pointers without lifetimes, and functions of the caller's"),
    ("netio/src/clock/counter.rs", "reads the processor's cycle counter"),
    ("netio/src/clock/discipline.rs", "adjtimex, which no safe binding offers"),
    ("netio/src/cpu/priority.rs", "setpriority, which no safe binding offers"),
    ("netio/src/dpdk/device.rs", "DPDK's calls: devices, by structures and names"),
    ("netio/src/dpdk/environment.rs", "DPDK's calls: its start"),
    ("netio/src/dpdk/frames.rs", "frames come from and go to the device by pointer"),
    ("netio/src/dpdk/pool.rs", "DPDK's calls: the memory of frames"),
    ("netio/src/dpdk/rings.rs", "DPDK's calls: rings between two devices"),
    ("netio/src/dpdk/thread.rs", "DPDK's calls: numbers of threads"),
    ("netio/src/dpdk/watch.rs", "DPDK's calls: statistics"),
    ("netio/src/lab/offload.rs", "an ioctl that switches checksum offload off"),
    ("netio/src/pages/allocator.rs", "an allocator is unsafe by its trait"),
    ("netio/src/pages/mapping.rs", "maps, grows and unmaps the memory under large tables"),
    ("netio/src/pages/pool.rs", "maps addresses for reserved pages and asks for the pages under them"),
    ("netio/src/pages/region.rs", "owns memory that a port shares with the kernel or a device"),
    ("netio/src/ring.rs", "the two ends share the slots across threads"),
    ("netio/src/ring/slots.rs", "hands out slots of one allocation to two threads"),
    ("netio/src/socket/batch.rs", "recvmmsg and sendmmsg take headers that hold pointers"),
    ("netio/src/socket/endpoint.rs", "multicast options that no safe binding offers"),
    ("netio/src/uring/buffers.rs", "the kernel writes into the receive buffers"),
    ("netio/src/uring/receiver.rs", "submissions name memory that must outlive them"),
    ("netio/src/uring/sender.rs", "the kernel reads from the send slots"),
    ("netio/src/xdp/bpf.rs", "bpf(2) takes structures by pointer"),
    ("netio/src/xdp/frames.rs", "the kernel writes into the frames"),
    ("netio/src/xdp/queue.rs", "frames are lent by the kernel"),
    ("netio/src/xdp/ring.rs", "rings that the kernel shares with us"),
    ("netio/src/xdp/socket.rs", "socket options that no safe binding knows"),
];

/// Tests that count allocations need no line: a global allocator is unsafe by its trait, and no user runs it.
fn counts_allocations(file: &File, code: &str) -> bool {
    file.path.contains("/tests/") && has_word(code, "unsafe impl GlobalAlloc")
}

/// Files that forbid it for themselves and everything below.
const FORBIDDING: [&str; 4] = ["wire/src/lib.rs", "feedhandler/src/lib.rs", "engine/src/book.rs", "engine/src/twin.rs"];

/// What is wrong with the unsafe code of `files` under a list.
fn breaches(files: &[File], listed: &[(&str, &str)]) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in files {
        let code = code(&file.text);
        if counts_allocations(file, &code) {
            continue;
        }
        let (used, allowed) = (has_word(&code, "unsafe"), listed.iter().any(|(path, _)| *path == file.path));
        if used && !allowed {
            breaches.push(format!("{}: unsafe code in a file that is not listed", file.path));
        }
        if allowed && !used {
            breaches.push(format!("{}: listed, and has no unsafe code any more", file.path));
        }
        if has_word(&code, "allow(unsafe_code)") && !allowed {
            breaches.push(format!("{}: allows unsafe code, and is not listed", file.path));
        }
    }
    for (path, _) in listed.iter().filter(|(path, _)| !files.iter().any(|file| file.path == *path)) {
        breaches.push(format!("{path}: listed, and gone"));
    }
    breaches
}

/// Whether a text forbids unsafe code as its own inner attribute.
fn forbids(text: &str) -> bool {
    code(text).lines().any(|line| line.trim() == "#![forbid(unsafe_code)]")
}

#[test]
fn unsafe_code_stands_in_listed_files_only() {
    let breaches = breaches(&rust_files(), LISTED);
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
    assert!(LISTED.iter().all(|(_, reason)| reason.len() > 10), "each listed file has a reason");
}

#[test]
fn what_must_be_safe_forbids_it() {
    for path in FORBIDDING {
        let text = fs::read_to_string(root().join(path)).expect("readable");
        assert!(forbids(&text), "{path} must begin with #![forbid(unsafe_code)]");
    }
}

#[test]
fn unsafe_code_outside_the_list_is_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let listed = [("a.rs", "reason"), ("b.rs", "reason"), ("gone.rs", "reason")];
    let files = [
        file("a.rs", "#![allow(unsafe_code)]\nunsafe { x() }"),
        file("b.rs", "safe();"),
        file("c.rs", "unsafe { x() }"),
        file("d.rs", "#[allow(unsafe_code)] fn x() {}"),
        file("x/tests/allocation.rs", "#![allow(unsafe_code)]\nunsafe impl GlobalAlloc for Counting {}"),
        file("x/src/e.rs", "// unsafe\n#![forbid(unsafe_code)]\nlet x = \"unsafe\";"),
    ];
    let found = breaches(&files, &listed);
    assert_eq!(found.len(), 4, "{found:?}");
    for (breach, path) in found.iter().zip(["b.rs", "c.rs", "d.rs", "gone.rs"]) {
        assert!(breach.starts_with(path), "{breach}");
    }
    assert!(forbids("//! Text.\n#![forbid(unsafe_code)]") && !forbids("// #![forbid(unsafe_code)]"));
}
