//! Who is behind an IPv4 address on this network: asked for by ARP, remembered, asked again before it gets old.
//!
//! ```text
//!            lookup          no answer, 3 times            5 s
//!   (none) ---------> asking -------------------> silent -------> (none)
//!                       | heard
//!                       v        lookup after 30 s
//!                     known ----------------------> refreshing (still used)
//!              lookup   ^ ^--------- heard --------------| no answer, 3 times: silent
//!   (none) -> offered --+
//!      asks for us
//! ```
//!
//! Goal: a place of fixed size that strangers cannot make useless. Who asks for us is remembered, for they are about to talk
//! to us, but makes room for anybody else until we have answered; other talk makes no entry. A bounded number is asked for at
//! once, and who is known makes room only when it was not used for long. Time is an argument. Non-goal: frames; the owner sends what is due.

use std::net::Ipv4Addr;

use crate::ether::MacAddr;

/// The table.
#[derive(Debug)]
pub struct Neighbours {
    /// `BUCKETS` of `WAYS`, found by a hash of the address.
    entries: Box<[Entry]>,
    /// Places of those that are being asked for, in no order.
    asking: Vec<usize>,
    /// Nothing is due before.
    due_ns: u64,
}

/// What is known of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// There.
    Known(MacAddr),
    /// Not yet known; it is being asked for.
    Asking,
    /// It did not answer, or there is no room for more questions: try later.
    Unreachable,
}

/// What the owner has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Ask the network who has this address.
    Ask(Ipv4Addr),
    /// What waits for this address waits in vain.
    GaveUp(Ipv4Addr),
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    address: Ipv4Addr,
    mac: MacAddr,
    state: State,
    /// When it was looked up last.
    used_ns: u64,
    /// When the state ends or the next question is due.
    until_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Asking { questions: u8 },
    Offered,
    Known,
    Refreshing { questions: u8 },
    Silent,
}

impl Default for Neighbours {
    fn default() -> Self {
        let empty = Entry { address: Ipv4Addr::UNSPECIFIED, mac: NOBODY, state: State::Empty, used_ns: 0, until_ns: 0 };
        Self {
            entries: vec![empty; BUCKETS * WAYS].into_boxed_slice(),
            asking: Vec::with_capacity(QUESTIONS_AT_ONCE_MAX),
            due_ns: u64::MAX,
        }
    }
}

impl Neighbours {
    /// Who has this address, and if that is not known, a question for it.
    #[inline]
    pub fn lookup(&mut self, address: Ipv4Addr, now_ns: u64) -> Lookup {
        if let Some(place) = self.find(address) {
            let entry = &mut self.entries[place];
            entry.used_ns = now_ns;
            if entry.state == State::Offered {
                entry.state = State::Known;
            }
            match entry.state {
                State::Known if now_ns < entry.until_ns => return Lookup::Known(entry.mac),
                State::Refreshing { .. } => return Lookup::Known(entry.mac),
                State::Asking { .. } => return Lookup::Asking,
                State::Silent if now_ns < entry.until_ns => return Lookup::Unreachable,
                State::Known | State::Offered | State::Silent | State::Empty => {}
            }
        }
        self.ask(address, now_ns)
    }

    /// Somebody says, by request or reply, that this address is at `mac`. Whether somebody waited for that. When they said
    /// so because they want to talk to us, they are remembered also if we do not know them, where there is room.
    pub fn heard(&mut self, address: Ipv4Addr, mac: MacAddr, wants_us: bool, now_ns: u64) -> bool {
        let until_ns = now_ns.saturating_add(FRESH_NS);
        let Some(place) = self.find(address) else {
            if wants_us && let Some(place) = self.room(address, None) {
                self.entries[place] = Entry { address, mac, state: State::Offered, used_ns: now_ns, until_ns };
            }
            return false;
        };
        let entry = &mut self.entries[place];
        let awaited = matches!(entry.state, State::Asking { .. });
        if matches!(entry.state, State::Asking { .. } | State::Refreshing { .. }) {
            self.asking.retain(|asked| *asked != place);
        }
        entry.mac = mac;
        entry.until_ns = until_ns;
        if entry.state != State::Offered {
            entry.state = State::Known;
        }
        awaited
    }

    /// The next thing that is due, or none; call it until there is none.
    pub fn due(&mut self, now_ns: u64) -> Option<Due> {
        if now_ns < self.due_ns {
            return None;
        }
        let mut next_ns = u64::MAX;
        for at in 0..self.asking.len() {
            let place = self.asking[at];
            let entry = &mut self.entries[place];
            if now_ns < entry.until_ns {
                next_ns = next_ns.min(entry.until_ns);
                continue;
            }
            let (State::Asking { questions } | State::Refreshing { questions }) = &mut entry.state else {
                unreachable!("what is asked for is in one of these states")
            };
            if *questions < QUESTIONS_MAX {
                *questions += 1;
                entry.until_ns = now_ns.saturating_add(ANSWER_WITHIN_NS);
                return Some(Due::Ask(entry.address));
            }
            entry.state = State::Silent;
            entry.until_ns = now_ns.saturating_add(SILENT_NS);
            let address = entry.address;
            self.asking.swap_remove(at);
            return Some(Due::GaveUp(address));
        }
        self.due_ns = next_ns;
        None
    }

    #[cold]
    fn ask(&mut self, address: Ipv4Addr, now_ns: u64) -> Lookup {
        let found = self.find(address);
        let known =
            found.filter(|place| self.entries[*place].state == State::Known).map(|place| self.entries[place].mac);
        if self.asking.len() == QUESTIONS_AT_ONCE_MAX {
            // What was right half a minute ago is better than nothing.
            return known.map_or(Lookup::Unreachable, Lookup::Known);
        }
        let Some(place) = found.or_else(|| self.room(address, Some(now_ns))) else { return Lookup::Unreachable };
        let state = if known.is_some() { State::Refreshing { questions: 0 } } else { State::Asking { questions: 0 } };
        self.entries[place] = Entry { address, mac: known.unwrap_or(NOBODY), state, used_ns: now_ns, until_ns: now_ns };
        self.asking.push(place);
        self.due_ns = self.due_ns.min(now_ns);
        known.map_or(Lookup::Asking, Lookup::Known)
    }

    #[inline]
    fn find(&self, address: Ipv4Addr) -> Option<usize> {
        let first = bucket(address);
        let ways = &self.entries[first..first + WAYS];
        ways.iter().position(|entry| entry.address == address && entry.state != State::Empty).map(|way| first + way)
    }

    /// A place for a new address: one that holds nothing, else what did not answer, else what was only offered, else at
    /// this time, if one is given, what was not used for long; of these the one that was not used for longest.
    fn room(&self, address: Ipv4Addr, now_ns: Option<u64>) -> Option<usize> {
        let first = bucket(address);
        let is_unused = |entry: &Entry| now_ns.is_some_and(|now_ns| entry.used_ns.saturating_add(UNUSED_NS) <= now_ns);
        let rank = |entry: &Entry| match entry.state {
            State::Empty => Some((0, 0)),
            State::Silent => Some((1, entry.used_ns)),
            State::Offered => Some((2, entry.used_ns)),
            State::Known if is_unused(entry) => Some((3, entry.used_ns)),
            State::Known | State::Asking { .. } | State::Refreshing { .. } => None,
        };
        let ways = self.entries[first..first + WAYS].iter().enumerate();
        ways.filter_map(|(way, entry)| rank(entry).map(|rank| (rank, first + way))).min().map(|(_, place)| place)
    }
}

/// The first place of an address's bucket. The multiplier spreads neighbouring addresses, which networks are made of.
#[inline]
fn bucket(address: Ipv4Addr) -> usize {
    let hash = address.to_bits().wrapping_mul(0x9E37_79B1) >> (u32::BITS - BUCKETS.ilog2());
    // At most BUCKETS - 1, so it fits.
    usize::try_from(hash).unwrap_or_default() * WAYS
}

const NOBODY: MacAddr = MacAddr([0; 6]);
const SECOND_NS: u64 = 1_000_000_000;
const WAYS: usize = 8;
const BUCKETS: usize = 128;
const QUESTIONS_AT_ONCE_MAX: usize = 64;
const QUESTIONS_MAX: u8 = 3;
const ANSWER_WITHIN_NS: u64 = SECOND_NS;
const FRESH_NS: u64 = 30 * SECOND_NS;
const SILENT_NS: u64 = 5 * SECOND_NS;
const UNUSED_NS: u64 = 60 * SECOND_NS;
const _: () = assert!(BUCKETS.is_power_of_two());

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);
    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 7]);

    fn all_due(table: &mut Neighbours, now_ns: u64) -> Vec<Due> {
        std::iter::from_fn(|| table.due(now_ns)).collect()
    }

    #[test]
    fn an_answer_is_remembered_and_asked_for_again_while_it_is_used() {
        let mut table = Neighbours::default();
        assert_eq!(table.lookup(A, 0), Lookup::Asking);
        assert_eq!(table.lookup(A, 0), Lookup::Asking);
        assert_eq!(all_due(&mut table, 0), [Due::Ask(A)], "one question, however many wait");
        assert!(table.heard(A, MAC, false, 1), "somebody waited");
        assert_eq!(table.lookup(A, FRESH_NS), Lookup::Known(MAC));
        assert_eq!(all_due(&mut table, FRESH_NS), []);
        // Old: it is used on, and asked for.
        assert_eq!(table.lookup(A, FRESH_NS + 1), Lookup::Known(MAC));
        assert_eq!(all_due(&mut table, FRESH_NS + 1), [Due::Ask(A)]);
        assert_eq!(table.lookup(A, FRESH_NS + 2), Lookup::Known(MAC));
        let moved = MacAddr([2, 0, 0, 0, 0, 8]);
        assert!(!table.heard(A, moved, false, FRESH_NS + 3), "nobody waited");
        assert_eq!(table.lookup(A, FRESH_NS + 4), Lookup::Known(moved));
        assert_eq!(all_due(&mut table, FRESH_NS * 3), []);
    }

    #[test]
    fn who_does_not_answer_is_asked_three_times_and_then_left_alone_for_a_while() {
        let mut table = Neighbours::default();
        table.lookup(A, 0);
        let mut seen = Vec::new();
        for now_ns in (0..=4 * SECOND_NS).step_by(100_000_000) {
            seen.extend(all_due(&mut table, now_ns).into_iter().map(|due| (now_ns / SECOND_NS, due)));
        }
        assert_eq!(seen, [(0, Due::Ask(A)), (1, Due::Ask(A)), (2, Due::Ask(A)), (3, Due::GaveUp(A))]);
        assert_eq!(table.lookup(A, 4 * SECOND_NS), Lookup::Unreachable);
        assert_eq!(table.lookup(A, 9 * SECOND_NS), Lookup::Asking, "another try");
        // It speaks itself, after all.
        assert!(table.heard(A, MAC, false, 9 * SECOND_NS));
        assert_eq!(table.lookup(A, 9 * SECOND_NS), Lookup::Known(MAC));
        assert_eq!(all_due(&mut table, 20 * SECOND_NS), []);
    }

    #[test]
    fn a_neighbour_that_falls_silent_is_given_up() {
        let mut table = Neighbours::default();
        table.lookup(A, 0);
        table.heard(A, MAC, false, 0);
        let old = FRESH_NS + 1;
        assert_eq!(table.lookup(A, old), Lookup::Known(MAC));
        let dues: Vec<Due> = (0..5).flat_map(|second| all_due(&mut table, old + second * SECOND_NS)).collect();
        assert_eq!(dues, [Due::Ask(A), Due::Ask(A), Due::Ask(A), Due::GaveUp(A)]);
        assert_eq!(table.lookup(A, old + 5 * SECOND_NS), Lookup::Unreachable);
    }

    #[test]
    fn what_is_said_unasked_is_not_remembered() {
        let mut table = Neighbours::default();
        for number in 0..100_000 {
            assert!(!table.heard(Ipv4Addr::from_bits(0x0A00_0000 + number), MAC, false, 0));
        }
        assert!(table.entries.iter().all(|entry| entry.state == State::Empty));
    }

    #[test]
    fn who_asks_for_us_is_remembered_until_somebody_else_needs_the_room() {
        let mut table = Neighbours::default();
        assert!(!table.heard(A, MAC, true, 0));
        assert_eq!(table.lookup(A, 1), Lookup::Known(MAC), "without a question");
        assert_eq!(table.due(1), None);
        assert_eq!(table.lookup(A, FRESH_NS), Lookup::Known(MAC));
        assert_eq!(table.due(FRESH_NS), Some(Due::Ask(A)), "it is as old as what was said");
        // A thousand strangers for each place.
        let friends: Vec<Ipv4Addr> = (1..=200).map(|host| Ipv4Addr::new(10, 0, 1, host)).collect();
        for friend in &friends {
            table.lookup(*friend, 0);
            table.heard(*friend, MAC, false, 0);
        }
        for number in 0..1_000_000 {
            table.heard(Ipv4Addr::from_bits(0x0B00_0000 + number), MAC, true, 1);
        }
        for friend in &friends {
            assert_eq!(table.lookup(*friend, 2), Lookup::Known(MAC));
        }
        // And one that we want to reach has room.
        assert_eq!(table.lookup(Ipv4Addr::new(10, 9, 9, 9), 3), Lookup::Asking);
    }

    /// We answer strangers, so they can make us ask for any address. Who is known stays known.
    #[test]
    fn a_flood_of_addresses_does_not_push_out_who_is_known() {
        let mut table = Neighbours::default();
        let friends: Vec<Ipv4Addr> = (1..=200).map(|host| Ipv4Addr::new(10, 0, 0, host)).collect();
        for friend in &friends {
            assert_eq!(table.lookup(*friend, 0), Lookup::Asking);
            assert!(table.heard(*friend, MAC, false, 0));
        }
        for number in 0..1_000_000 {
            let now_ns = u64::from(number) * 10_000;
            table.lookup(Ipv4Addr::from_bits(0x0A01_0000 + number % 60_000), now_ns);
            while let Some(due) = table.due(now_ns) {
                assert!(matches!(due, Due::Ask(_) | Due::GaveUp(_)));
            }
            assert!(table.asking.len() <= QUESTIONS_AT_ONCE_MAX);
        }
        for friend in &friends {
            assert_eq!(table.lookup(*friend, 10 * SECOND_NS), Lookup::Known(MAC));
        }
    }

    #[test]
    fn what_was_not_used_for_long_makes_room() {
        let mut table = Neighbours::default();
        let same_bucket: Vec<Ipv4Addr> =
            (1..).map(Ipv4Addr::from_bits).filter(|address| bucket(*address) == 0).take(WAYS + 1).collect();
        for address in &same_bucket[..WAYS] {
            table.lookup(*address, 0);
            table.heard(*address, MAC, false, 0);
        }
        assert_eq!(table.lookup(same_bucket[WAYS], SECOND_NS), Lookup::Unreachable);
        table.lookup(same_bucket[0], 2 * SECOND_NS);
        assert_eq!(table.lookup(same_bucket[WAYS], UNUSED_NS), Lookup::Asking);
        assert_eq!(table.lookup(same_bucket[0], UNUSED_NS), Lookup::Known(MAC), "it was used last");
    }
}
