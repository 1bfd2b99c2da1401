//! What one seed decides before it begins: which troubles there are, how strong, and what the venue is like.
//!
//! Goal: each seed is another kind of day (swarm testing): a fault that is always on hides what only happens without it. Non-goal: the
//! course of the day, which the streams of the parts draw.

use super::canary::Canary;
use super::random::{MILLION, Random};
use engine::journal::Durability;

macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $range:expr, on $on:literal;)*) => {
        /// Something that a seed may have, and that can be switched off by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Switch {
            $($(#[$doc])* $name,)*
        }

        impl Switch {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How often, in a million opportunities, at the least and the most; and in how many seeds of a hundred at all.
            fn strength(self) -> (std::ops::RangeInclusive<u64>, u64) {
                match self { $(Self::$name => ($range, $on),)* }
            }
        }
    };
}

switches! {
    /// A datagram is lost.
    Loss = "loss", 2_000..=200_000, on 50;
    /// A datagram comes twice.
    Duplicate = "duplicate", 2_000..=200_000, on 50;
    /// A datagram takes much longer than its neighbours, which overtake it.
    Reorder = "reorder", 2_000..=200_000, on 50;
    /// One party is cut off for a while, one way or both ways.
    Partition = "partition", 50..=1_000, on 40;
    /// A stranger sends rubbish, or what it has heard, or a part of it.
    Strangers = "strangers", 500..=20_000, on 30;
    /// The venue's port takes less than it is offered.
    NoRoom = "no-room", 1_000..=300_000, on 20;
    /// A client goes on from another address.
    AddressChange = "address-change", 50..=1_000, on 30;
    /// A client's process ends and another one takes its place.
    ClientCrash = "client-crash", 50..=1_000, on 30;
    /// A client logs out, and comes again later.
    Logout = "logout", 50..=1_000, on 30;
    /// The appliance's process is killed.
    Kill = "kill", 30..=600, on 50;
    /// The machine loses power.
    PowerLoss = "power-loss", 30..=600, on 50;
    /// The kernel writes some pages before anybody asks for it.
    Writeback = "writeback", 1_000..=100_000, on 60;
    /// A page that was being written is old in one part and new in another.
    TornPage = "torn-page", 50_000..=500_000, on 50;
    /// Pages that were being written reached the disk in any order; else up to some place.
    AnyOrder = "any-order", 300_000..=1_000_000, on 70;
    /// A page that was being written lies where another one was being written.
    Misdirected = "misdirected", 10_000..=300_000, on 30;
    /// A bit of a page that was being written flips.
    Flipped = "flipped", 10_000..=300_000, on 30;
    /// New names that were not synced are there or not in any combination; else in order.
    AnyNames = "any-names", 300_000..=1_000_000, on 50;
    /// While the appliance is down, a bit flips in what was synced.
    BitRot = "bit-rot", 50_000..=500_000, on 25;
    /// A sync fails.
    SyncError = "sync-error", 200..=5_000, on 20;
    /// The disk is full for a while.
    DiskFull = "disk-full", 30..=400, on 20;
    /// The disk has less room than the floor for a while, though there is some.
    DiskLow = "disk-low", 50..=1_000, on 25;
    /// The journal's helpers have no turn for a while.
    SlowHelper = "slow-helper", 200..=5_000, on 40;
    /// The snapshot's follower has no turn for a while.
    SlowFollower = "slow-follower", 200..=5_000, on 30;
    /// The appliance's clock jumps forward.
    ClockForward = "clock-forward", 50..=500, on 25;
    /// The appliance's clock is set back while it is down.
    ClockBack = "clock-back", 100_000..=900_000, on 25;
    /// Tiles have their turns in any order, as on threads of their own.
    LooseTiles = "loose-tiles", 100_000..=1_000_000, on 50;
    /// Orders come in bursts.
    Burst = "burst", 500..=10_000, on 40;
    /// Orders that trade at once or not at all.
    Immediate = "immediate", 50_000..=400_000, on 60;
    /// Market orders.
    Market = "market", 20_000..=200_000, on 50;
    /// Orders that must not trade on entry.
    PostOnly = "post-only", 20_000..=300_000, on 50;
    /// Orders that show a slice at a time.
    Iceberg = "iceberg", 20_000..=300_000, on 50;
    /// Orders that are not shown.
    Hidden = "hidden", 20_000..=300_000, on 50;
    /// Orders that wait for a price.
    Stop = "stop", 20_000..=300_000, on 50;
    /// Orders that ask for a least quantity.
    MinQty = "min-quantity", 20_000..=200_000, on 40;
    /// Orders that say what happens when they meet their own side.
    SelfMatch = "self-match", 50_000..=700_000, on 50;
    /// Cancels and reductions.
    Cancel = "cancel", 50_000..=500_000, on 80;
    /// Replacements.
    Replace = "replace", 50_000..=400_000, on 70;
    /// A client cancels all that it has.
    MassCancel = "mass-cancel", 500..=20_000, on 30;
    /// Messages that are not well-formed, or name what is not there.
    Nonsense = "nonsense", 5_000..=100_000, on 40;
    /// Operators halt, lock, cancel, drain, disconnect, list.
    Operator = "operator", 200..=20_000, on 40;
}

/// One run, decided.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed of everything.
    pub seed: u64,
    /// How many steps the troubles last.
    pub steps: u64,
    /// What the venue promises.
    pub durability: Durability,
    /// The checkers' checker, if any.
    pub canary: Option<Canary>,
    strengths: Vec<u32>,
    /// Length of a journal segment, bytes.
    pub segment_bytes: u64,
    /// Commands between two journaled state hashes.
    pub hash_interval: u64,
    /// Steps between two snapshots; 0 makes none.
    pub snapshot_steps: u64,
    /// Snapshots kept.
    pub snapshot_keep: u8,
    /// Clients.
    pub traders: usize,
    /// Instruments.
    pub instruments: usize,
    /// Orders that the venue holds.
    pub orders_max: u32,
    /// Silence before a heartbeat, ms.
    pub heartbeat_ms: u32,
    /// Silence before death, ms.
    pub timeout_ms: u32,
    /// Time that a step takes at the most, ns.
    pub step_ns: u64,
    /// How often a client has something to say, in a million steps.
    pub activity: u32,
    /// Whether sessions have their orders canceled when they end.
    pub cancel_on_disconnect: bool,
    /// The time that a datagram takes at the least, ns.
    pub latency_ns: u64,
    /// Full segments that are kept; 0 keeps all.
    pub keep_segments: u64,
    /// Whether segments are packed before they go.
    pub archives: bool,
}

impl Plan {
    /// What this seed decides. A durability that is given is not drawn.
    #[must_use]
    pub fn draw(seed: u64, steps: u64, durability: Option<Durability>) -> Self {
        let mut random = Random::new(seed, "plan");
        let drawn = if random.below(3) == 0 { Durability::Mapped } else { Durability::Synced };
        let strengths = Switch::ALL.iter().map(|switch| {
            let (range, on) = switch.strength();
            let strength = u32::try_from(random.magnitude(range)).unwrap_or(MILLION);
            if random.below(100) < on { strength } else { 0 }
        });
        let strengths = strengths.collect();
        let heartbeat_ms = u32::try_from(random.magnitude(10..=100)).unwrap_or(10);
        Self {
            seed,
            steps,
            durability: durability.unwrap_or(drawn),
            canary: None,
            strengths,
            segment_bytes: 4096 * random.between(4..=16),
            hash_interval: *random.pick(&[0, 1, 7, 64, 500]),
            snapshot_steps: *random.pick(&[0, 50, 300, 1_000, 4_000]),
            snapshot_keep: u8::try_from(random.between(2..=4)).unwrap_or(2),
            traders: usize::try_from(random.between(2..=3)).unwrap_or(2),
            instruments: usize::try_from(random.between(1..=3)).unwrap_or(1),
            orders_max: *random.pick(&[8, 64, 4_096]),
            heartbeat_ms,
            timeout_ms: heartbeat_ms * u32::try_from(random.between(3..=10)).unwrap_or(3),
            step_ns: random.magnitude(20_000..=400_000),
            activity: u32::try_from(random.magnitude(5_000..=300_000)).unwrap_or(MILLION),
            cancel_on_disconnect: random.below(2) == 0,
            latency_ns: random.magnitude(1_000..=500_000),
            keep_segments: *random.pick(&[0, 0, 1, 2, 5]),
            archives: random.below(2) == 0,
        }
    }

    /// How often, in a million opportunities.
    #[must_use]
    pub fn strength(&self, switch: Switch) -> u32 {
        self.strengths[switch as usize]
    }

    /// Whether it has this at all.
    #[must_use]
    pub fn has(&self, switch: Switch) -> bool {
        self.strength(switch) > 0
    }

    /// The same without this.
    pub fn switch_off(&mut self, switch: Switch) {
        self.strengths[switch as usize] = 0;
    }

    /// The same with this, always.
    pub fn switch_on(&mut self, switch: Switch, per_million: u32) {
        self.strengths[switch as usize] = per_million;
    }

    /// What it has.
    pub fn switches(&self) -> impl Iterator<Item = Switch> + '_ {
        Switch::ALL.iter().copied().filter(|switch| self.has(*switch))
    }
}

impl std::str::FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|switch| switch.name() == text).ok_or_else(|| {
            let known = Self::ALL.iter().map(|switch| switch.name()).collect::<Vec<_>>().join(", ");
            format!("expected one of {known}; found '{text}'")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_and_seeds_differ() {
        let on = |seed| Plan::draw(seed, 1, None).switches().collect::<Vec<_>>();
        assert_eq!(on(5), on(5));
        for switch in Switch::ALL {
            let with = (0..200).filter(|seed| Plan::draw(*seed, 1, None).has(*switch)).count();
            assert!((10..200).contains(&with), "{} in {with} of 200", switch.name());
            assert_eq!(switch.name().parse(), Ok(*switch));
        }
    }
}
