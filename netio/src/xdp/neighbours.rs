//! Which hardware address a datagram goes to, by the address it is meant for: a table of fixed size.
//!
//! Two sources. The kernel's word is the better one, but must be waited for; so a datagram from somebody tells how to answer
//! him until the kernel was asked. Keyed by the receiver, not by the next router, so both sources fit.
//!
//! Strangers may write to us under any name they like. What was only learned, and never used, gives way first; what is in use
//! is never pushed out by what is received; and who was pushed out is asked for again, which costs him a moment. Which
//! entries share a place is secret.

use std::hash::{BuildHasher, RandomState};
use std::net::Ipv4Addr;

use crate::ether::MacAddr;

/// See the module.
#[derive(Debug)]
pub(super) struct Neighbours {
    sets: Box<[[Entry; WAYS]]>,
    seed: u64,
    /// The last one learned: most datagrams come from where the one before came from.
    last: (Ipv4Addr, MacAddr),
}

/// What is known of the way to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lookup {
    pub hop: Hop,
    /// Whether the kernel is to be asked now: [`Neighbours::told`] has to follow.
    pub ask: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    To(MacAddr),
    /// The kernel is being asked.
    Wait,
    /// It has answered that there is no way.
    Unreachable,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    address: Ipv4Addr,
    mac: MacAddr,
    state: State,
    asked_s: u32,
    /// 0: never.
    used_s: u32,
}

/// In the order in which they give way to something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Empty,
    /// From a datagram.
    Learned,
    /// The kernel says that there is none.
    Unreachable,
    Asking,
    /// From the kernel.
    Known,
}

const EMPTY: Entry =
    Entry { address: Ipv4Addr::UNSPECIFIED, mac: MacAddr([0; 6]), state: State::Empty, asked_s: 0, used_s: 0 };

impl Neighbours {
    pub(super) fn new() -> Self {
        Self {
            sets: vec![[EMPTY; WAYS]; SETS].into_boxed_slice(),
            seed: RandomState::new().hash_one(0),
            last: (Ipv4Addr::UNSPECIFIED, MacAddr([0; 6])),
        }
    }

    /// A datagram came from this address and hardware address. True when somebody is waiting to hear that.
    #[inline]
    pub(super) fn learn(&mut self, from: Ipv4Addr, mac: MacAddr, now_s: u32) -> bool {
        if self.last == (from, mac) {
            return false;
        }
        self.learn_other(from, mac, now_s)
    }

    fn learn_other(&mut self, from: Ipv4Addr, mac: MacAddr, now_s: u32) -> bool {
        self.last = (from, mac);
        if mac.is_group() {
            return false;
        }
        let set = &mut self.sets[place(self.seed, from)];
        if let Some(entry) = set.iter_mut().find(|entry| entry.address == from && entry.state != State::Empty) {
            match entry.state {
                // He may have moved; the kernel knows, or finds out.
                State::Known if entry.mac != mac && now_s > entry.asked_s => entry.asked_s = ASK_NOW,
                State::Known | State::Empty => {}
                State::Learned => entry.mac = mac,
                State::Asking | State::Unreachable => {
                    let waited_for = entry.state == State::Asking;
                    (entry.state, entry.mac) = (State::Learned, mac);
                    return waited_for;
                }
            }
            return false;
        }
        let unused =
            |entry: &&mut Entry| entry.state == State::Empty || (entry.state == State::Learned && entry.used_s == 0);
        if let Some(entry) = set.iter_mut().filter(unused).min_by_key(|entry| (entry.state, entry.asked_s)) {
            // Nobody has asked: `asked_s` tells how long it has been here.
            *entry = Entry { address: from, mac, state: State::Learned, asked_s: now_s, used_s: 0 };
        }
        false
    }

    /// Where a datagram to this address goes.
    #[inline]
    pub(super) fn look_up(&mut self, to: Ipv4Addr, now_s: u32) -> Lookup {
        let set = &mut self.sets[place(self.seed, to)];
        let Some(entry) = set.iter_mut().find(|entry| entry.address == to && entry.state != State::Empty) else {
            // The one that is missed least: learned and unused, else unused for longest.
            self.last = EMPTY_LAST;
            let oldest = set.iter_mut().min_by_key(|entry| (entry.used_s, entry.state));
            if let Some(entry) = oldest {
                *entry = Entry { address: to, state: State::Asking, asked_s: now_s, used_s: now_s.max(1), ..EMPTY };
            }
            return Lookup { hop: Hop::Wait, ask: true };
        };
        let first_use = entry.used_s == 0;
        entry.used_s = now_s.max(1);
        let (hop, patience_s) = match entry.state {
            State::Known => (Hop::To(entry.mac), KNOWN_S),
            State::Learned => (Hop::To(entry.mac), if first_use { 0 } else { LEARNED_S }),
            State::Unreachable if now_s.wrapping_sub(entry.asked_s) < UNREACHABLE_S => (Hop::Unreachable, u32::MAX),
            State::Unreachable => {
                entry.state = State::Asking;
                (Hop::Wait, 0)
            }
            State::Asking | State::Empty => (Hop::Wait, ASKING_S),
        };
        let ask = entry.asked_s == ASK_NOW || now_s.wrapping_sub(entry.asked_s) >= patience_s;
        if ask {
            entry.asked_s = now_s;
        }
        Lookup { hop, ask }
    }

    /// What the kernel has answered; `None`: there is no way.
    pub(super) fn told(&mut self, to: Ipv4Addr, mac: Option<MacAddr>, now_s: u32) {
        // What changes here must be learned anew.
        self.last = EMPTY_LAST;
        let set = &mut self.sets[place(self.seed, to)];
        // It may have been pushed out meanwhile.
        let Some(entry) = set.iter_mut().find(|entry| entry.address == to && entry.state != State::Empty) else {
            return;
        };
        entry.asked_s = now_s;
        match mac {
            Some(mac) => (entry.mac, entry.state) = (mac, State::Known),
            // Who writes to us can be written to, whatever the kernel thinks.
            None if entry.state == State::Learned => {}
            None => entry.state = State::Unreachable,
        }
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the upper bits of a product, fewer than there are sets")]
fn place(seed: u64, address: Ipv4Addr) -> usize {
    let mixed = (u64::from(address.to_bits()) ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29) ^ seed.rotate_left(32)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> (u64::BITS - SETS.ilog2())) as usize
}

const EMPTY_LAST: (Ipv4Addr, MacAddr) = (Ipv4Addr::UNSPECIFIED, MacAddr([0; 6]));
const WAYS: usize = 8;
const SETS: usize = 512;
const _: () = assert!(SETS.is_power_of_two() && SETS > 1);
/// An `asked_s` that is always too long ago.
const ASK_NOW: u32 = u32::MAX;
/// The kernel is asked again about addresses in use, since hardware is replaced and routers move.
const KNOWN_S: u32 = 10;
const LEARNED_S: u32 = 10;
/// For so long nobody is asked again for who did not answer.
const UNREACHABLE_S: u32 = 1;
/// Longer than an answer takes: the question was lost for want of room.
const ASKING_S: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

    fn to(mac: MacAddr, ask: bool) -> Lookup {
        Lookup { hop: Hop::To(mac), ask }
    }

    #[test]
    fn who_is_unknown_is_asked_for_once_and_then_known() {
        let mut table = Neighbours::new();
        assert_eq!(table.look_up(A, 1), Lookup { hop: Hop::Wait, ask: true });
        assert_eq!(table.look_up(A, 1), Lookup { hop: Hop::Wait, ask: false });
        table.told(A, Some(MAC), 1);
        assert_eq!(table.look_up(A, 2), to(MAC, false));
        assert_eq!(table.look_up(A, 1 + KNOWN_S), to(MAC, true));
        assert_eq!(table.look_up(A, 1 + KNOWN_S), to(MAC, false));
        // No way any more; it is asked again, but not at once.
        table.told(A, None, 20);
        assert_eq!(table.look_up(A, 20), Lookup { hop: Hop::Unreachable, ask: false });
        assert_eq!(table.look_up(A, 20 + UNREACHABLE_S), Lookup { hop: Hop::Wait, ask: true });
    }

    #[test]
    fn who_writes_is_answered_at_once_and_the_kernel_has_the_last_word() {
        let mut table = Neighbours::new();
        assert!(!table.learn(A, MAC, 1));
        assert_eq!(table.look_up(A, 1), to(MAC, true));
        assert_eq!(table.look_up(A, 1), to(MAC, false));
        table.told(A, None, 1);
        assert_eq!(table.look_up(A, 1), to(MAC, false), "he did write");
        table.told(A, Some(OTHER), 1);
        assert_eq!(table.look_up(A, 2), to(OTHER, false));
        // What is said now is no more than a reason to ask.
        table.learn(A, MAC, 3);
        assert_eq!(table.look_up(A, 3), to(OTHER, true));
        assert_eq!(table.look_up(A, 3), to(OTHER, false));
    }

    #[test]
    fn who_is_waited_for_is_heard() {
        let mut table = Neighbours::new();
        table.look_up(A, 1);
        assert!(table.learn(A, MAC, 1));
        assert!(!table.learn(A, MAC, 1));
        assert_eq!(table.look_up(A, 1).hop, Hop::To(MAC));
        // A group is no sender.
        let b = Ipv4Addr::new(10, 0, 0, 2);
        table.learn(b, MacAddr::BROADCAST, 1);
        assert_eq!(table.look_up(b, 1).hop, Hop::Wait);
    }

    #[test]
    fn a_flood_of_names_pushes_out_nobody_who_is_in_use() {
        let mut table = Neighbours::new();
        table.look_up(A, 5);
        table.told(A, Some(MAC), 5);
        let b = Ipv4Addr::new(10, 0, 0, 2);
        table.learn(b, OTHER, 5);
        table.look_up(b, 5);
        for name in 0..1_000_000_u32 {
            table.learn(Ipv4Addr::from_bits(0x0B00_0000 + name), OTHER, 6);
        }
        assert_eq!((table.look_up(A, 6).hop, table.look_up(b, 6).hop), (Hop::To(MAC), Hop::To(OTHER)));
        // A newcomer is learned in spite of it.
        let c = Ipv4Addr::new(10, 0, 0, 3);
        table.learn(c, MAC, 7);
        assert_eq!(table.look_up(c, 7).hop, Hop::To(MAC));
        // Answers to a million names do push out, the oldest first; who is needed comes back.
        for name in 0..1_000_000_u32 {
            table.look_up(Ipv4Addr::from_bits(0x0B00_0000 + name), 8);
        }
        assert_eq!(table.look_up(A, 9), Lookup { hop: Hop::Wait, ask: true });
        table.told(A, Some(MAC), 9);
        assert_eq!(table.look_up(A, 9).hop, Hop::To(MAC));
    }

    /// With one second for everything, a place still has room for who came last.
    #[test]
    fn an_answer_to_who_was_pushed_out_harms_nothing() {
        let mut table = Neighbours::new();
        for name in 0..100_000_u32 {
            table.look_up(Ipv4Addr::from_bits(0x0B00_0000 + name), 8);
        }
        table.told(A, Some(MAC), 8);
        assert_eq!(table.look_up(A, 8).hop, Hop::Wait);
    }
}
