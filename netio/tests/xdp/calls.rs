//! What the loop asks of the kernel: nothing, except that the driver be woken when something is to be sent.

use std::collections::BTreeMap;
use std::path::Path;

use netio::lab::excuse;

use super::*;

/// Makes this process the one that is watched.
const VARIABLE: &str = "NETIO_XDP_WATCHED";
const BEGIN: &str = "/begin-of-the-loop";
const END: &str = "/end-of-the-loop";
const BURSTS: usize = 100;

/// Between the two names the watched thread does nothing but poll and send.
fn be_watched() {
    let mut port = XdpPort::open(&[any(Side::Far)]).unwrap();
    // Multicast: there is nobody to be asked for first.
    let to = SocketAddrV4::new([239, 26, 40, 9].into(), 40_001);
    // What is done at first use is done here.
    send(&mut port, to, b"first");
    port.receive(64, |_| ()).unwrap();
    let _ = Path::new(BEGIN).exists();
    for _ in 0..BURSTS {
        let mut left = 16;
        port.send(16, |_| {
            left -= 1;
            (left >= 0).then_some(Outgoing { endpoint: FIRST, to, len: 64 })
        })
        .unwrap();
        for _ in 0..1000 {
            port.receive(64, |_| ()).unwrap();
        }
    }
    let _ = Path::new(END).exists();
}

#[test]
fn the_loop_makes_no_system_call_but_wakeups() {
    if std::env::var_os(VARIABLE).is_some() {
        return be_watched();
    }
    let Some(lab) = lab(1) else { return };
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o"]).arg(log.path()).arg(std::env::current_exe().unwrap());
    strace.args(["calls::the_loop_makes_no_system_call_but_wakeups", "--exact", "--test-threads=1"]);
    let output = match lab.on(Side::Far, || strace.env(VARIABLE, "yes").output()).unwrap() {
        Ok(output) => output,
        Err(error) => return excuse("strace", &error),
    };
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if said.contains("PTRACE") {
        return excuse("ptrace", &said);
    }
    assert!(output.status.success(), "{said}");
    let text = std::fs::read_to_string(log.path()).unwrap();
    let thread = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let watched = thread(text.lines().find(|line| line.contains(BEGIN)).expect("the loop begins"));
    let loop_lines = text.lines().filter(|line| thread(line) == watched);
    let loop_lines = loop_lines.skip_while(|line| !line.contains(BEGIN)).skip(1).take_while(|line| !line.contains(END));
    let mut calls = BTreeMap::new();
    // What was interrupted by another thread has a second line.
    for line in loop_lines.filter(|line| !line.contains("resumed>")) {
        let call = line.split_whitespace().nth(1).unwrap().split('(').next().unwrap();
        *calls.entry(call.to_owned()).or_insert(0) += 1;
    }
    // Frames are copied here, so each burst takes one wakeup; there is no other call.
    assert_eq!(calls, BTreeMap::from([("sendto".to_owned(), BURSTS)]));
}
