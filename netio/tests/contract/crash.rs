//! A process with an open port is killed: nothing of it is in the way of the next.

use std::io::{BufRead, BufReader};
use std::net::SocketAddrV4;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use netio::socket::SocketPort;
use netio::{Endpoint, Port};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use crate::exchange::{FIRST, PATIENCE, payloads, receive, send};
use crate::rig::{Outside, any, free_port};

/// Tells the child where to open its port.
const VARIABLE: &str = "NETIO_CONTRACT_CRASH";
const OPEN: &str = "the port is open";

/// `test` is the full name of the test that calls this: it is started once more, as the process that is to be killed.
pub fn what_was_killed_leaves_nothing_behind<R: Outside>(test: &str) {
    if let Ok(at) = std::env::var(VARIABLE) {
        return be_killed::<R>(at.parse().unwrap());
    }
    let Some(rig) = R::make() else { return };
    let at = SocketAddrV4::new(rig.ours(), free_port());
    let mut child = rig.where_it_stands(|| Killed::start(test, at));
    // Datagrams are on their way when it dies.
    let mut outside = rig.where_it_stands(|| SocketPort::open(&[any(rig.ours())])).unwrap();
    for _ in 0..8 {
        send(&mut outside, at, b"unread");
    }
    drop(outside);
    child.kill();
    // The kernel takes some milliseconds to take apart what a process has left.
    let deadline = Instant::now() + PATIENCE;
    let (mut port, mut peer) = loop {
        match rig.open(&[Endpoint::unicast(at)], &[any(rig.theirs())]) {
            Ok(opened) => break opened,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        thread::sleep(Duration::from_millis(2));
    };
    send(&mut peer, at, b"to the next");
    assert_eq!(payloads(receive(&mut port, 1)), [b"to the next"]);
    send(&mut port, peer.local_addr(FIRST), b"from the next");
    assert_eq!(payloads(receive(&mut peer, 1)), [b"from the next"]);
}

/// In the child: opens the port, uses it, and waits for the end.
fn be_killed<R: Outside>(at: SocketAddrV4) {
    set_pdeathsig(Signal::SIGKILL).unwrap();
    let mut port = R::open_alone(&[Endpoint::unicast(at)]).unwrap();
    port.receive(1, |_| ()).unwrap();
    port.send(1, |_| None).unwrap();
    println!("{OPEN}");
    let deadline = Instant::now() + PATIENCE * 2;
    while Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
}

struct Killed(Child);

impl Killed {
    fn start(test: &str, at: SocketAddrV4) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(VARIABLE, at.to_string());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let started = Self(child);
        assert!(said.any(|line| line.contains(OPEN)), "the child did not open its port");
        started
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
