//! What every port promises, checked on each of them. Traffic stays on the loopback interface.
#![cfg(not(loom))]

mod allocations;
mod kits;
mod promises;

macro_rules! contract {
    (in $name:ident: $kit:ident, $($promise:ident),+ $(,)?) => {
        mod $name {
            $(#[test]
            fn $promise() {
                super::promises::$promise::<super::kits::$kit>();
            })+
        }
    };
    ($($name:ident: $kit:ident),+ $(,)?) => {
        $(contract!(
            in $name: $kit,
            bursts_arrive_whole_and_in_order,
            the_shortest_and_the_longest_payload_pass,
            what_cannot_be_sent_is_counted_and_harms_nothing,
            no_more_than_asked_for_is_taken_or_handed_over,
            what_was_accepted_arrives_also_when_the_receiver_is_late,
            groups_and_endpoints_are_told_apart,
            an_address_is_free_again_when_its_port_is_gone,
            a_port_opened_here_works_there,
            waiting_ends_with_a_datagram_or_the_time,
            the_loops_allocate_nothing,
            oversized_datagrams_are_dropped_and_counted,
        );)+
    };
}

contract! {
    memory: Memory,
    uring: Uring,
    socket: Socket,
    host: Host,
    faultless: Faultless,
}
