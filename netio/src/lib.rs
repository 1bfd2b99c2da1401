//! The machine under the tiles: ports that move datagrams, rings between tiles, clocks, cores.
//!
//! | to | use |
//! |---|---|
//! | move values between two threads without a lock | [`ring`] |
//! | read the time in nanoseconds, cheaply | [`clock`] |
//! | pin a thread to a core, know the cores | [`cpu`] |
//! | send and receive datagrams | [`port`], the trait; one of [`memory`], [`dpdk`], [`xdp`], [`uring`], [`socket`], or [`host`] to choose |
//! | parse and build Ethernet, IPv4 and UDP | [`ether`] |
//! | keep a host's manners without a kernel | [`stack`]: next hops, ARP, group membership |
//! | misbehave on purpose, or keep what passes in a file | [`fault`], [`pcap`] |
//! | have a network of one's own | [`lab`] |
//! | have large tables on huge pages | [`pages`] |
//!
//! Knows nothing of orders, messages or books.
//!
//! Unsafe code is in these files only, each with its reason at the top: `ring.rs`, `ring/slots.rs`, `clock/counter.rs`,
//! `dpdk/device.rs`, `dpdk/environment.rs`, `dpdk/frames.rs`, `dpdk/pool.rs`, `dpdk/rings.rs`, `dpdk/thread.rs`, `dpdk/watch.rs`,
//! `lab/offload.rs`, `pages/allocator.rs`, `pages/mapping.rs`, `pages/pool.rs`, `pages/region.rs`, `socket/endpoint.rs`,
//! `socket/batch.rs`, `uring/buffers.rs`, `uring/receiver.rs`, `uring/sender.rs`, `xdp/bpf.rs`, `xdp/frames.rs`, `xdp/queue.rs`,
//! `xdp/ring.rs`, `xdp/socket.rs`.
#![deny(unsafe_code)]

pub mod clock;
pub mod cpu;
pub mod dpdk;
pub mod ether;
pub mod fault;
pub mod host;
pub mod lab;
pub mod memory;
pub mod pages;
pub mod pcap;
pub mod port;
pub mod ring;
pub mod socket;
pub mod stack;
pub mod uring;
pub mod xdp;

pub use port::{Endpoint, EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};
