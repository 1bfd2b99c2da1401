//! Reserved huge pages are taken, and are free again when the process is gone, however it went. As root; the pool is made
//! larger for the while.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use netio::Port;
use netio::dpdk::{DpdkOptions, DpdkPort};
use netio::lab::excuse;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use crate::{PATIENCE, any, options};

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";
const MEMORY_MIB: u32 = 64;
/// Tells the child to be one.
const VARIABLE: &str = "NETIO_DPDK_HUGE_PAGES";
const OPEN: &str = "the port is open";

fn figure(name: &str) -> Option<u64> {
    fs::read_to_string(format!("{POOL}/{name}")).ok()?.trim().parse().ok()
}

fn on_huge_pages() -> DpdkOptions {
    DpdkOptions { huge_pages: true, memory_mib: MEMORY_MIB, ..options("net_null", ",no-rx=1") }
}

/// The pool as it was, when dropped.
struct Pool(u64);

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = fs::write(format!("{POOL}/nr_hugepages"), self.0.to_string());
    }
}

#[test]
fn a_killed_process_leaves_none_behind() {
    if std::env::var_os(VARIABLE).is_some() {
        return be_killed();
    }
    let Some(before) = figure("nr_hugepages") else { return excuse("huge pages", &"the kernel has none of 2 MiB") };
    let pool = Pool(before);
    let more = before + u64::from(MEMORY_MIB) / 2 + 8;
    let asked = fs::write(format!("{POOL}/nr_hugepages"), more.to_string());
    if asked.is_err() || figure("nr_hugepages") < Some(more) {
        let why = asked.err().map_or_else(|| "no memory in one piece".to_owned(), |error| error.to_string());
        return excuse("a larger pool of huge pages", &why);
    }
    let free = figure("free_hugepages").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["huge_pages::a_killed_process_leaves_none_behind", "--exact", "--nocapture"])
        .env(VARIABLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let is_open = lines.any(|line| line.contains(OPEN));
    let taken = free - figure("free_hugepages").unwrap().min(free);
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while figure("free_hugepages") < Some(free) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    let left = free.saturating_sub(figure("free_hugepages").unwrap());
    drop(pool);
    assert!(is_open, "the child did not open its port");
    assert!(taken * 2 >= u64::from(MEMORY_MIB), "{taken} pages for {MEMORY_MIB} MiB");
    assert_eq!(left, 0, "pages that nobody has, and nobody can have");
}

fn be_killed() {
    set_pdeathsig(Signal::SIGKILL).unwrap();
    let mut port = DpdkPort::open(&on_huge_pages(), &[any([10, 99, 3, 1].into())]).unwrap();
    port.receive(1, |_| ()).unwrap();
    assert!(port.how().contains("huge pages"), "{}", port.how());
    println!("{OPEN}");
    thread::sleep(PATIENCE * 2);
}
