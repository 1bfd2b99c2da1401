//! Faults that no appliance may survive unseen: they prove the checkers.
//!
//! Goal: each is what a bug would look like from outside, made by what stands around the appliance. Non-goal: a switch in the code that
//! runs in production; there is none.

use std::cell::Cell;

use super::plan::{Plan, Switch};
use engine::journal::Durability;
use engine::link::{MARKET_DATA, ORDER_ENTRY};
use netio::port::EndpointIndex;
use wire::login::NO_SESSION;
use wire::mold::{HEADER_LEN, Packet, PacketKind};

macro_rules! canaries {
    ($($(#[$doc:meta])* $name:ident = $text:literal, found by $checkers:expr;)*) => {
        /// One of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Canary {
            $($(#[$doc])* $name,)*
        }

        impl Canary {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The checkers of which one has to find it.
            #[must_use]
            pub const fn checkers(self) -> &'static [&'static str] {
                match self { $(Self::$name => &$checkers,)* }
            }
        }
    };
}

canaries! {
    /// From some moment on the disk says that it has synced, and has not. The mark of durability may show it.
    LyingSync = "lying-sync", found by ["released", "recovery"];
    /// The release gate opens before the sync: the venue promises `synced` and keeps `mapped`. A record says what had been released when it
    /// was appended, so a start may see it too.
    OpenGate = "open-gate", found by ["released", "recovery"];
    /// Records at the end of the journal vanish while the appliance is down, and its mark of durability too.
    DroppedRecord = "dropped-record", found by ["released"];
    /// A record of the journal is another one after a restart, whole and in its place.
    ForgedRecord = "forged-record", found by ["replay"];
    /// The appliance decides under other rules than its journal is read under.
    OtherRules = "other-rules", found by ["replay"];
    /// A report says another quantity than the venue decided.
    WrongReport = "wrong-report", found by ["released"];
    /// A packet of ticks is left out, on all lines.
    SkippedTick = "skipped-tick", found by ["feed"];
    /// A tick is changed, on all lines.
    WrongTick = "wrong-tick", found by ["feed"];
    /// A client's message is taken twice, the second time under another number.
    DoubleApply = "double-apply", found by ["once"];
    /// The venue stops answering one client.
    Silence = "silence", found by ["live"];
    /// A client misses that an order of its own was canceled.
    DeafClient = "deaf-client", found by ["agreed"];
    /// One side of each trade is told another price in the venue's books of account.
    WrongMoney = "wrong-money", found by ["conserved"];
    /// An operator is told of another number of orders than were canceled.
    WrongAnswer = "wrong-answer", found by ["operators"];
    /// A sync fails, and the appliance is not told.
    HiddenError = "hidden-error", found by ["stopped"];
}

impl Canary {
    /// Gives a plan what the fault needs to do harm.
    pub fn prepare(self, plan: &mut Plan) {
        plan.canary = Some(self);
        match self {
            Self::LyingSync | Self::OpenGate => {
                plan.durability = Durability::Synced;
                plan.switch_on(Switch::PowerLoss, 2_000);
            }
            Self::DroppedRecord | Self::ForgedRecord => plan.switch_on(Switch::Kill, 2_000),
            Self::HiddenError => plan.switch_on(Switch::SyncError, 10_000),
            Self::WrongAnswer => plan.switch_on(Switch::Operator, 20_000),
            Self::DeafClient => plan.switch_on(Switch::Cancel, 300_000),
            _ => {}
        }
    }
}

impl std::str::FromStr for Canary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|canary| canary.name() == text).ok_or_else(|| {
            let known = Self::ALL.iter().map(|canary| canary.name()).collect::<Vec<_>>().join(", ");
            format!("expected one of {known}; found '{text}'")
        })
    }
}

/// Sits in the appliance's port and meddles with what leaves.
#[derive(Debug)]
pub struct Meddler {
    canary: Option<Canary>,
    packets: Cell<u64>,
    /// Numbers of the ticks that are swallowed, on whichever line they come.
    swallowed: Cell<Option<u64>>,
}

impl Meddler {
    /// For this canary, if any.
    #[must_use]
    pub const fn new(canary: Option<Canary>) -> Self {
        Self { canary, packets: Cell::new(0), swallowed: Cell::new(None) }
    }

    /// Whether a datagram leaves; it may be another one then.
    pub fn lets_pass(&self, endpoint: EndpointIndex, payload: &mut [u8]) -> bool {
        let Some(canary) = self.canary else { return true };
        let Ok(packet) = Packet::parse(payload) else { return true };
        let data = packet.kind() == PacketKind::Data && packet.session() != NO_SESSION;
        let (sequence, reports) = (packet.sequence(), endpoint == ORDER_ENTRY);
        if !data || reports == (endpoint == MARKET_DATA) {
            return true;
        }
        self.packets.set(self.packets.get() + 1);
        let last = payload.len() - 1;
        match canary {
            Canary::SkippedTick if !reports => {
                if self.packets.get() > 20 && self.swallowed.get().is_none() {
                    self.swallowed.set(Some(sequence));
                }
                self.swallowed.get() != Some(sequence)
            }
            Canary::WrongTick if !reports && sequence.is_multiple_of(16) => {
                // The last tick's price.
                payload[last - 6] ^= 1;
                true
            }
            Canary::WrongReport if reports && sequence.is_multiple_of(16) => {
                payload[HEADER_LEN + 2 + 8] ^= 1;
                true
            }
            Canary::Silence if reports => self.packets.get() < 30,
            _ => true,
        }
    }
}
