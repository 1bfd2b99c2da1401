//! Where an appliance's port must be open.

use crate::config::Config;
use netio::port::Endpoint;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The endpoints that the port must be opened with, in the order that the tiles know them by.
#[must_use]
pub fn endpoints(config: &Config) -> Vec<Endpoint> {
    let network = &config.network;
    let endpoint = |bind: SocketAddrV4, interface: Ipv4Addr| Endpoint {
        bind,
        groups: Vec::new(),
        interface,
        multicast_ttl: config.feed.multicast_ttl,
        multicast_loop: true,
        recv_buffer_bytes: usize::try_from(network.receive_buffer_bytes).unwrap_or(usize::MAX),
        send_buffer_bytes: usize::try_from(network.send_buffer_bytes).unwrap_or(usize::MAX),
    };
    let mut endpoints =
        vec![endpoint(network.order_entry, network.interface), endpoint(network.rerequest, network.interface)];
    let market_data = feed_interfaces(config).into_iter();
    endpoints.extend(market_data.map(|interface| endpoint(SocketAddrV4::new(interface, 0), interface)));
    endpoints
}

/// The interfaces through which market data leaves, each once: the endpoints from [`MARKET_DATA`](crate::link::MARKET_DATA) on.
pub(super) fn feed_interfaces(config: &Config) -> Vec<Ipv4Addr> {
    let mut interfaces = vec![config.network.interface];
    let lines = config.channels.iter().flat_map(|channel| channel.tick_lines.iter().chain(&channel.depth_lines));
    for interface in lines.filter_map(|line| line.interface) {
        if !interfaces.contains(&interface) {
            interfaces.push(interface);
        }
    }
    interfaces
}
