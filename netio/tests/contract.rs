//! What every port promises, checked on each of them.
//!
//! | promises | on |
//! |---|---|
//! | of datagrams and endpoints (`datagrams.rs`, `endpoints.rs`) | every rig |
//! | of what other programs on this host meet: long datagrams, a killed process | those with sockets; what is in memory is gone with its process |
//! | of frames (`frames.rs`) | those on a link; see `rig.rs` why not on the others |
//!
//! Traffic stays in memory, on loopback, or in namespaces that the tests make.
#![cfg(not(loom))]

#[path = "contract/allocations.rs"]
mod allocations;
#[path = "contract/crash.rs"]
mod crash;
#[path = "contract/datagrams.rs"]
mod datagrams;
#[cfg(feature = "dpdk")]
#[path = "contract/dpdk.rs"]
mod dpdk;
#[path = "contract/endpoints.rs"]
mod endpoints;
#[path = "contract/exchange.rs"]
mod exchange;
#[path = "contract/frame.rs"]
mod frame;
#[path = "contract/frames.rs"]
mod frames;
#[path = "contract/in_memory.rs"]
mod in_memory;
#[path = "contract/kernel.rs"]
mod kernel;
#[path = "contract/rig.rs"]
mod rig;
#[path = "contract/wire.rs"]
mod wire;
#[path = "contract/xdp.rs"]
mod xdp;

/// A test for each of these promises.
macro_rules! promises {
    ($module:ident of $rig:ty: $($promise:ident),+ $(,)?) => {
        $(#[test]
        fn $promise() {
            crate::$module::$promise::<$rig>();
        })+
    };
}

/// What each rig is held to.
macro_rules! contract {
    (datagrams, $rig:ty) => {
        promises!(
            datagrams of $rig:
            bursts_arrive_whole_and_in_order,
            every_length_passes,
            empty_datagrams_are_datagrams,
            what_cannot_be_sent_is_counted_and_harms_nothing,
            no_more_than_asked_for_is_taken_or_handed_over,
            what_was_accepted_arrives_also_when_the_receiver_is_late,
            a_flood_ends_in_loss_or_back_pressure_and_in_nothing_else,
            below_capacity_nothing_is_lost,
            waiting_ends_with_a_datagram_or_the_time,
            the_loops_allocate_nothing,
        );
        promises!(
            endpoints of $rig:
            groups_and_endpoints_are_told_apart,
            what_is_sent_to_a_group_reaches_its_members,
            each_endpoint_keeps_its_order,
            port_0_is_a_number_that_works,
            an_address_is_free_again_when_its_port_is_gone,
            a_port_opened_here_works_there,
        );
    };
    (frames, $rig:ty) => {
        promises!(
            frames of $rig:
            frames_that_leave_are_well_formed,
            the_padding_of_short_frames_is_not_payload,
            what_is_meant_for_others_does_not_arrive,
            broken_headers_are_dropped_and_counted,
            lengths_of_udp_that_cannot_be_are_dropped_and_counted,
            wrong_checksums_are_dropped_and_counted,
            a_udp_checksum_of_zero_is_none,
            options_of_ip_are_not_payload,
            fragments_are_put_together_or_dropped_and_counted,
            frames_of_a_vlan_do_not_arrive_untagged,
            jumbo_frames_are_dropped_and_counted,
            groups_are_joined_and_left_on_the_link,
        );
    };
    (crash, $rig:ty) => {
        #[test]
        fn what_was_killed_leaves_nothing_behind() {
            let test = concat!(module_path!(), "::what_was_killed_leaves_nothing_behind");
            // Without the name of this crate.
            let (_, test) = test.split_once("::").unwrap();
            crate::crash::what_was_killed_leaves_nothing_behind::<$rig>(test);
        }
    };
    ($($name:ident = $rig:ty: $($part:ident),+;)+) => {
        $(mod $name {
            $(contract!($part, $rig);)+
        })+
    };
}

contract! {
    memory = crate::in_memory::Memory: datagrams;
    faultless = crate::in_memory::Faultless: datagrams;
    captured = crate::in_memory::Taped: datagrams;
    uring = crate::kernel::Loopback<crate::kernel::Uring>: datagrams, crash;
    uring_of_old = crate::kernel::Loopback<crate::kernel::OldUring>: datagrams;
    uring_with_all = crate::kernel::Loopback<crate::kernel::FullUring>: datagrams;
    uring_polled = crate::kernel::Loopback<crate::kernel::PolledUring>: datagrams;
    socket = crate::kernel::Loopback<crate::kernel::Socket>: datagrams, crash;
    host = crate::kernel::Loopback<crate::kernel::Host>: datagrams;
    uring_on_a_link = crate::kernel::Link<crate::kernel::Uring>: datagrams, frames, crash;
    socket_on_a_link = crate::kernel::Link<crate::kernel::Socket>: datagrams, frames, crash;
    xdp_native = crate::xdp::Xdp<crate::xdp::InTheDriver>: datagrams, frames, crash;
    xdp_generic = crate::xdp::Xdp<crate::xdp::AfterTheDriver>: datagrams, frames, crash;
    xdp_both_ends = crate::xdp::BothEnds: datagrams;
}

#[cfg(feature = "dpdk")]
contract! {
    dpdk_rings = crate::dpdk::Rings: datagrams;
    dpdk_af_packet = crate::dpdk::Link<crate::dpdk::AfPacket>: datagrams, frames, crash;
    dpdk_af_xdp = crate::dpdk::Link<crate::dpdk::AfXdp>: datagrams, frames, crash;
}

#[test]
fn on_loopback_uring_drops_long_datagrams() {
    datagrams::oversized_datagrams_are_dropped_and_counted::<kernel::Loopback<kernel::Uring>>();
}

#[test]
fn on_loopback_sockets_drop_long_datagrams() {
    datagrams::oversized_datagrams_are_dropped_and_counted::<kernel::Loopback<kernel::Socket>>();
}
