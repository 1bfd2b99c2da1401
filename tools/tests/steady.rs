//! The running appliance over a port without a kernel, looked at from outside while orders come in: the thread of its tiles
//! makes no system call and misses no page.
#![cfg(feature = "dpdk")]

#[path = "../../netio/tests/steady/thread.rs"]
mod thread;

use engine::appliance::{Appliance, endpoints};
use engine::config::{Config, Line, Topology};
use engine::journal::Durability;
use engine::tile::Wait;
use feedhandler::flow::Recording;
use feedhandler::flow::recording::RecordingOptions;
use netio::dpdk::{DpdkOptions, DpdkPort};
use netio::{Endpoint, EndpointIndex, Port};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;
use std::{fs, io};
use thread::{Observed, observe};
use tools::client::ClientConfig;

use tools::replay::{self, ReplayOptions};
use wire::login::Username;

const VENUE: Ipv4Addr = Ipv4Addr::new(10, 99, 5, 1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 99, 5, 2);
const FLOW: &[u8] = include_bytes!("../data/normal_s23_n20000.txt.xz");
/// So that the flow, of some 40,000 messages, takes longer than the look at it.
const RATE_PER_S: u32 = 10_000;

/// The number of a thread of this process by its name, of which the kernel keeps 15 bytes.
fn number_of(name: &str) -> Option<i32> {
    let tasks = fs::read_dir("/proc/self/task").expect("the kernel tells").map_while(Result::ok);
    let comm = |task: &fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let is_it = |task: &fs::DirEntry| comm(task).trim() == &name[..name.len().min(15)];
    tasks.filter(is_it).find_map(|task| task.file_name().to_str()?.parse().ok())
}

#[test]
fn the_tiles_make_no_system_call_and_miss_no_page_while_orders_come() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = Config::default();
    config.topology.threads = Topology::preset(1).expect("1 is a preset");
    config.topology.wait = Wait::Spin;
    config.journal.durability = Durability::Mapped;
    config.journal.dir = directory.path().join("journal");
    config.network.order_entry = SocketAddrV4::new(VENUE, 26400);
    config.network.rerequest = SocketAddrV4::new(VENUE, 26401);
    config.network.interface = VENUE;
    config.channels[0].tick_lines = vec![Line::new(SocketAddrV4::new(Ipv4Addr::new(239, 26, 40, 5), 26402))];
    let options = DpdkOptions { huge_pages: false, ..DpdkOptions::default() };
    let client = [Endpoint::unicast(SocketAddrV4::new(CLIENT, 0))];
    let (venue, theirs) = DpdkPort::pair(&options, &endpoints(&config), &client, 1024).expect("DPDK's rings");
    let order_entry = venue.local_addr(EndpointIndex(0));
    let rerequest = venue.local_addr(EndpointIndex(1));
    let appliance = Appliance::start(&config, venue).expect("an appliance");

    let session = &config.sessions[0];
    let username = Username::new(&session.username).expect("a short name");
    let client = ClientConfig::new(username, session.key, order_entry.into(), rerequest.into());
    let options = ReplayOptions { client, rate_per_s: Some(RATE_PER_S), limit: None };
    let reading = RecordingOptions { instrument: Some(config.instruments[0].symbol), ..RecordingOptions::default() };
    let sender = std::thread::spawn(move || {
        let flow = Recording::read("the bundled flow", FLOW, &reading).expect("a flow");
        replay::run(flow, theirs, &options, io::sink(), |_| ()).expect("a flow that is answered")
    });
    std::thread::sleep(Duration::from_secs(1));
    let number = number_of("net+match+jrnl+feed").expect("one thread for all tiles");
    let before = appliance.durable_seq();
    let observed = observe(number, Duration::from_millis(700));
    let commands = appliance.durable_seq().0 - before.0;
    let outcome = sender.join().expect("a sender that ends");
    appliance.stop().expect("an appliance that ends in order");
    assert!(commands > 1_000, "orders came while it was looked at: {commands}");
    assert_eq!(outcome.messages, 39_878);
    if let Some(observed) = observed {
        assert_eq!(observed, Observed::default());
    }
}
