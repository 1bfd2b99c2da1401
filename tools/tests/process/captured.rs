//! Captures that the program writes by itself: what one side sent is what the other received, in tshark's eyes too.

use crate::recording::flow;
use crate::site::Site;
use netio::lab::excuse;
use std::path::Path;
use std::process::Command;

/// Messages of the flow.
const LIMIT: &str = "3000";

/// Addresses, ports and payload of each datagram, and whether both checksums are right; `None` without tshark.
fn read(file: &Path) -> Option<Vec<Vec<String>>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-r"]).arg(file);
    command.args(["-T", "fields", "-E", "separator=|"]);
    // What UDP carries is ours alone: whom tshark takes it for depends on the number of the port.
    for field in ["ip.src", "udp.srcport", "ip.dst", "udp.dstport", "udp.payload"] {
        command.args(["-e", field]);
    }
    for field in ["ip.checksum.status", "udp.checksum.status"] {
        command.args(["-e", field]);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            excuse("tshark", &error);
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("tshark writes text");
    Some(text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect())
}

#[test]
fn both_sides_kept_the_same() {
    let site = Site::new();
    let [server, client] = ["server.pcap", "client.pcap"].map(|name| site.path(name));
    let mut command = site.run_command(&[]);
    command.arg("--pcap").arg(&server);
    let appliance = site.start_command(command);
    let option = client.to_str().expect("a plain path");
    let replayed = site.replay(&flow(), &["--limit", LIMIT, "--pcap", option]).expect_success();
    let stopped = appliance.stop();
    assert!(replayed.err.contains(" datagrams captured, 0 missed"), "{}", replayed.err);
    let (Some(server), Some(client)) = (read(&server), read(&client)) else { return };
    assert!(server.iter().chain(&client).all(|fields| fields[5..] == ["1", "1"]), "{stopped:?}");
    let orders_port = site.ports.order_entry().port().to_string();
    let of_orders = |datagrams: &[Vec<String>], at: usize| -> Vec<String> {
        datagrams.iter().filter(|fields| fields[at] == orders_port).map(|fields| fields[4].clone()).collect()
    };
    let (sent, received) = (of_orders(&client, 3), of_orders(&server, 3));
    assert!(sent.len() > 10 && sent == received, "{} sent, {} received", sent.len(), received.len());
    // The last words find nobody any more.
    let (sent, received) = (of_orders(&server, 1), of_orders(&client, 1));
    assert!(received.len() > 10 && sent.starts_with(&received), "{} sent, {} received", sent.len(), received.len());
    let line = site.ports.tick_line();
    assert!(server.iter().any(|fields| fields[2] == line.ip().to_string() && fields[3] == line.port().to_string()));
}
