//! The program that the kernel runs on every frame of an interface: ours go to our sockets, all else goes on to the kernel.
//!
//! ```text
//!  IPv4 (one 802.1Q tag or none), UDP, first or only fragment, to an address and port of ours?
//!    yes: to the socket of the receive queue; when there is none, on to the kernel
//!    no:  on to the kernel: ARP, ping, ssh and everything else are as if we were not there
//! ```
//!
//! It is made for the endpoints of one port, which stand in it as numbers: no table to look up, and nothing that somebody
//! could change later. It only steers: what is wrong with a frame is for us to find and to count, so tagged frames, first
//! fragments and IPv4 options come along when address and port are ours. Parts of a datagram after the first carry no
//! port; the kernel gets them, misses the first, and gives up.

use std::net::SocketAddrV4;

use super::assembler::{Assembler, Instruction, Register, TooFar, When, Width};
use Register::{R0, R1, R2, R3, R4, R5, R6, R7, R8};

/// The program for these addresses and groups, which come in ascending order, and the map of sockets by receive queue.
pub(super) fn steering(
    listening: impl Iterator<Item = SocketAddrV4>,
    sockets_map: i32,
) -> Result<Vec<Instruction>, TooFar> {
    let mut program = Assembler::default();
    let (pass, steer) = (program.label(), program.label());

    // R6: what the kernel tells us; R2, R3: where the frame begins and ends; R7: where IPv4 begins.
    program.copy(R6, R1);
    program.load(Width::Word, R2, R1, CONTEXT_DATA);
    program.load(Width::Word, R3, R1, CONTEXT_DATA_END);
    let bounded = |program: &mut Assembler, from, len| {
        program.copy(R4, from);
        program.add(R4, len);
        program.jump_if(R4, When::Above(R3), pass);
    };
    let ip_begins = program.label();
    bounded(&mut program, R2, 14);
    program.load(Width::Half, R5, R2, 12);
    program.copy(R7, R2);
    program.add(R7, 14);
    program.jump_if(R5, When::NotEqual(network_u16(0x8100)), ip_begins);
    bounded(&mut program, R2, 18);
    program.load(Width::Half, R5, R2, 16);
    program.add(R7, 4);
    program.place(ip_begins);
    program.jump_if(R5, When::NotEqual(network_u16(0x0800)), pass);

    bounded(&mut program, R7, 20);
    program.load(Width::Byte, R5, R7, 9);
    program.jump_if(R5, When::NotEqual(17), pass);
    program.load(Width::Half, R5, R7, 6);
    program.and(R5, i32::from(0x1FFF_u16.to_be()));
    program.jump_if(R5, When::NotEqual(0), pass);

    // R8: where UDP begins; R4, R5: to which address and port.
    program.load(Width::Byte, R5, R7, 0);
    program.and(R5, 0x0F);
    program.shift_left(R5, 2);
    program.copy(R8, R7);
    program.add_register(R8, R5);
    bounded(&mut program, R8, 4);
    program.load(Width::Half, R5, R8, 2);
    program.load(Width::Word, R4, R7, 16);

    let listening: Vec<SocketAddrV4> = listening.collect();
    for same_address in listening.chunk_by(|a, b| a.ip() == b.ip()) {
        let next_address = program.label();
        if let [first, ..] = same_address {
            program.jump_if(R4, When::NotEqual(u32::from_ne_bytes(first.ip().octets())), next_address);
        }
        for at in same_address {
            program.jump_if(R5, When::Equal(network_u16(at.port())), steer);
        }
        program.jump(pass);
        program.place(next_address);
    }

    program.place(pass);
    program.set(R0, VERDICT_PASS);
    program.exit();

    program.place(steer);
    program.load(Width::Word, R2, R6, CONTEXT_RX_QUEUE);
    program.load_map(R1, sockets_map);
    // What to return when no socket is there.
    program.set(R3, VERDICT_PASS);
    program.call(FUNCTION_REDIRECT_MAP);
    program.exit();
    program.finish()
}

/// How a number in network order looks to a load.
const fn network_u16(number: u16) -> u32 {
    number.to_be() as u32
}

// Fields of `struct xdp_md`.
const CONTEXT_DATA: i16 = 0;
const CONTEXT_DATA_END: i16 = 4;
const CONTEXT_RX_QUEUE: i16 = 16;
const VERDICT_PASS: i32 = 2;
const FUNCTION_REDIRECT_MAP: i32 = 51;
