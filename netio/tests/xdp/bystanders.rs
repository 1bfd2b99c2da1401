//! Others on the same interface: the kernel's own traffic goes on, a second port is refused with a reason, and what is gone
//! leaves nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;

use super::*;

#[test]
fn everything_else_goes_on_to_the_kernel() {
    let Some(lab) = lab(1) else { return };
    let mut port = open(&lab);
    let at = |address| SocketAddrV4::new(address, 0);
    // TCP, for which both must be found by ARP first.
    let listener = lab.on(Side::Far, || TcpListener::bind(at(Side::Far.address())).unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = lab.on(Side::Near, || TcpStream::connect_timeout(&address, PATIENCE).unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"by TCP").unwrap();
    let mut heard = [0; 6];
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    server.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"by TCP");
    // UDP to somebody else, in one part and in several.
    let bind = |side: Side| lab.on(side, || UdpSocket::bind(at(side.address())).unwrap()).unwrap();
    let (near, far) = (bind(Side::Near), bind(Side::Far));
    far.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 8192];
    for len in [100, 5000] {
        near.send_to(&vec![3; len], far.local_addr().unwrap()).unwrap();
        assert_eq!(far.recv(&mut buffer).unwrap(), len);
    }
    // ICMP: nobody listens there, says the kernel.
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    near.connect((Side::Far.address(), 9)).unwrap();
    near.send(b"anybody?").unwrap();
    assert_eq!(near.recv(&mut buffer).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    // And ours came nowhere but to us: the kernel's socket at our address hears nothing, the port does.
    let ours = port.local_addr(FIRST);
    bind(Side::Near).send_to(b"for us", ours).unwrap();
    assert_eq!(receive(&mut port, 1, || ())[0].1, b"for us");
    let hidden = run(&lab, Side::Far, &["cat", "/proc/thread-self/net/udp"]);
    assert!(hidden.lines().skip(1).all(|line| line.contains("00000000:00000000")), "unread: {hidden}");
    assert_eq!(port.counters().rx_not_ours, 0);
}

#[test]
fn a_second_port_is_told_who_is_there() {
    let Some(lab) = lab(1) else { return };
    let first = open(&lab);
    let error = open_at(&lab, Side::Far, &[any(Side::Far)]).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, PortError::Endpoint { .. }), "{said}");
    let process = format!("process {} ", std::process::id());
    for part in ["pinion_steer", &process, "far0", "stop that process"] {
        assert!(said.contains(part), "expected '{part}' in: {said}");
    }
    // The first is none the worse for it, and the other end is free.
    let mut second = open_at(&lab, Side::Near, &[any(Side::Near)]).unwrap();
    let mut first = first;
    send(&mut second, first.local_addr(FIRST), b"still there");
    assert_eq!(receive(&mut first, 1, || second.flush().unwrap())[0].1, b"still there");
}

#[test]
fn nothing_is_left_on_the_interface() {
    let Some(lab) = lab(1) else { return };
    let has_program = || run(&lab, Side::Far, &["ip", "-d", "link", "show", "far0"]).contains("xdp");
    assert!(!has_program());
    for _ in 0..3 {
        let port = open(&lab);
        assert!(has_program());
        drop(port);
        assert!(!has_program());
    }
}

/// Whoever has the program is killed, and takes it along.
#[test]
fn nothing_is_left_by_who_was_killed() {
    const VARIABLE: &str = "NETIO_XDP_KILLED";
    if std::env::var_os(VARIABLE).is_some() {
        let _port = XdpPort::open(&[any(Side::Far)]).unwrap();
        println!("open");
        // Killed before that is over.
        return std::thread::sleep(PATIENCE * 2);
    }
    let Some(lab) = lab(1) else { return };
    let has_program = || run(&lab, Side::Far, &["ip", "-d", "link", "show", "far0"]).contains("xdp");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["bystanders::nothing_is_left_by_who_was_killed", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(VARIABLE, "yes").stdout(Stdio::piped());
    let mut child = lab.on(Side::Far, || command.spawn().unwrap()).unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let was_open = said.any(|line| line.contains("open"));
    let was_there = has_program();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(was_open && was_there);
    let deadline = Instant::now() + PATIENCE;
    while has_program() {
        assert!(Instant::now() < deadline, "the program is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(open(&lab));
}

#[test]
fn what_cannot_be_used_is_refused_with_the_remedy() {
    let Some(lab) = lab(1) else { return };
    let open = |endpoint: Endpoint| open_at(&lab, Side::Far, &[endpoint]).map(|_| ()).unwrap_err().to_string();
    let loopback = open(Endpoint::unicast("127.0.0.1:0".parse().unwrap()));
    assert!(loopback.contains("loopback") && loopback.contains("uring"), "{loopback}");
    let everywhere = open(Endpoint::unicast("0.0.0.0:0".parse().unwrap()));
    assert!(everywhere.contains("name it by one of its addresses"), "{everywhere}");
    run(&lab, Side::Far, &["ip", "link", "set", "far0", "down"]);
    let down = open(any(Side::Far));
    assert!(down.contains("ip link set dev far0 up"), "{down}");
    for options in [
        XdpOptions { receive_slots: 100, ..XdpOptions::default() },
        XdpOptions { transmit_slots: 256, ..XdpOptions::default() },
        XdpOptions { frame_bytes: 1024, ..XdpOptions::default() },
        XdpOptions { vlan: Some(4095), ..XdpOptions::default() },
    ] {
        let opened = XdpPort::open_with(&[any(Side::Far)], &options);
        assert!(matches!(opened, Err(PortError::Limit { .. })), "{options:?}");
    }
}
