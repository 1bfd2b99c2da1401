//! Random streams of commands.

use engine::book::{
    BookCommand, BookLimits, CancelReason, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind, SelfMatch,
    TimeInForce,
};
use engine::limits::FILLS_PER_COMMAND_MAX;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

/// A small generator of our own, so that a seed means the same stream for ever.
pub struct Dice(u64);

impl Dice {
    pub fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(sides)).expect("less than 32 bits")
    }

    pub fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = self.roll(u32::try_from(from.len()).expect("a short list"));
        from[place as usize]
    }
}

/// What a stream looks like.
#[derive(Clone, Copy)]
pub struct Flavour {
    pub limits: BookLimits,
    prices: u32,
    qty_max: u32,
    /// Quantities near what 32 bits hold.
    huge: bool,
    /// Members; few make many self-matches.
    owners: u32,
    /// How often an order is to leave again: one in so many commands cancels.
    cancel_one_in: u32,
    /// How often an order waits for a stop price.
    stop_one_in: u32,
}

const LIMITS: BookLimits = BookLimits {
    instruments: 3,
    sessions: 4,
    orders: 200,
    levels: 90,
    stops: 50,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

pub const FLAVOURS: [Flavour; 7] = [
    Flavour { limits: LIMITS, prices: 8, qty_max: 20, huge: false, owners: 4, cancel_one_in: 5, stop_one_in: 6 },
    // Deep levels, long sweeps, icebergs that go round often.
    Flavour {
        limits: BookLimits { instruments: 1, ..LIMITS },
        prices: 3,
        qty_max: 60,
        huge: false,
        owners: 6,
        cancel_one_in: 6,
        stop_one_in: 8,
    },
    // Full slabs.
    Flavour {
        limits: BookLimits { orders: 9, levels: 7, stops: 4, ..LIMITS },
        prices: 12,
        qty_max: 9,
        huge: false,
        owners: 3,
        cancel_one_in: 12,
        stop_one_in: 5,
    },
    // The sweep limit.
    Flavour {
        limits: BookLimits { instruments: 2, fills_per_command: 3, ..LIMITS },
        prices: 5,
        qty_max: 25,
        huge: false,
        owners: 4,
        cancel_one_in: 6,
        stop_one_in: 6,
    },
    // Quantities at the end of the range.
    Flavour {
        limits: BookLimits { instruments: 1, orders: 40, ..LIMITS },
        prices: 4,
        qty_max: 5,
        huge: true,
        owners: 9,
        cancel_one_in: 4,
        stop_one_in: 6,
    },
    // One member: nothing but self-matches.
    Flavour {
        limits: BookLimits { instruments: 1, orders: 64, ..LIMITS },
        prices: 5,
        qty_max: 12,
        huge: false,
        owners: 1,
        cancel_one_in: 8,
        stop_one_in: 6,
    },
    // Mostly stops: long cascades.
    Flavour {
        limits: BookLimits { instruments: 2, orders: 120, stops: 80, ..LIMITS },
        prices: 10,
        qty_max: 6,
        huge: false,
        owners: 12,
        cancel_one_in: 20,
        stop_one_in: 2,
    },
];

pub struct Stream {
    pub dice: Dice,
    flavour: Flavour,
    /// The number of the last order, or of the last slice of an iceberg where the test counts them.
    pub order_ref: u64,
    user_refs: [u32; 6],
}

impl Stream {
    pub fn new(seed: u64, flavour: Flavour) -> Self {
        Self { dice: Dice(seed), flavour, order_ref: 0, user_refs: [0; 6] }
    }

    pub fn next(&mut self, live: &[OrderKey]) -> BookCommand {
        let key = self.existing(live);
        if self.dice.one_in(self.flavour.cancel_one_in) {
            return BookCommand::Cancel {
                key,
                reason: self.dice.pick(&[CancelReason::User, CancelReason::Disconnect]),
            };
        }
        match self.dice.roll(10) {
            0 => BookCommand::Reduce { key, to: self.reduction() },
            1..=3 => BookCommand::Replace(self.replacement(key, live)),
            _ => BookCommand::New(self.order(live)),
        }
    }

    /// Mostly a live key, sometimes one that never lived or is dead.
    pub fn existing(&mut self, live: &[OrderKey]) -> OrderKey {
        if live.is_empty() || self.dice.one_in(12) {
            let session = u16::try_from(self.dice.roll(5)).expect("small");
            return OrderKey::new(SessionIndex(session), UserRefNum(self.dice.roll(50)));
        }
        self.dice.pick(live)
    }

    /// Mostly a fresh key, sometimes a live one, sometimes of a session that does not exist.
    fn fresh(&mut self, live: &[OrderKey]) -> OrderKey {
        if !live.is_empty() && self.dice.one_in(25) {
            return self.dice.pick(live);
        }
        let session = if self.dice.one_in(40) { 5 } else { self.dice.roll(4) };
        let user_ref = &mut self.user_refs[session as usize];
        *user_ref += 1;
        OrderKey::new(SessionIndex(u16::try_from(session).expect("small")), UserRefNum(*user_ref))
    }

    fn qty(&mut self) -> Qty {
        if self.dice.one_in(40) {
            return Qty(0);
        }
        let small = 1 + self.dice.roll(self.flavour.qty_max);
        Qty(if self.flavour.huge && !self.dice.one_in(3) {
            u32::MAX / 3 * (1 + self.dice.roll(3)) - small
        } else {
            small
        })
    }

    fn price(&mut self, side: Side) -> Price {
        match self.dice.roll(40) {
            0 => Price::MAX,
            1 => Price::MIN,
            // Bids rather below, asks rather above, so that books build up.
            _ => {
                let offset = i64::from(self.dice.roll(self.flavour.prices));
                let lean = i64::from(self.flavour.prices / 2);
                Price(if side == Side::Buy { offset - lean } else { offset })
            }
        }
    }

    fn side(&mut self) -> Side {
        self.dice.pick(&[Side::Buy, Side::Sell])
    }

    fn tif(&mut self) -> TimeInForce {
        use TimeInForce::{Day, Fok, Gtc, Ioc};
        self.dice.pick(&[Day, Day, Day, Day, Gtc, Gtc, Ioc, Fok])
    }

    fn self_match(&mut self) -> SelfMatch {
        use SelfMatch::{Allow, CancelBoth, CancelNewest, CancelOldest, Decrement};
        self.dice.pick(&[Allow, CancelNewest, CancelOldest, CancelBoth, Decrement])
    }

    fn min_qty(&mut self) -> Qty {
        if self.dice.one_in(8) { self.qty() } else { Qty(0) }
    }

    fn display(&mut self) -> Qty {
        if self.dice.one_in(4) { Qty(1 + self.dice.roll(self.flavour.qty_max / 4 + 1)) } else { Qty(0) }
    }

    fn hidden(&mut self) -> bool {
        self.dice.one_in(6)
    }

    /// Buys wait rather above, sells below, so that many wait.
    fn stop(&mut self, side: Side, one_in: u32) -> Option<Price> {
        if !self.dice.one_in(one_in) {
            return None;
        }
        let price = self.price(side.opposite());
        Some(if self.dice.one_in(3) { self.price(side) } else { price })
    }

    fn order(&mut self, live: &[OrderKey]) -> NewOrder {
        let side = self.side();
        self.order_ref += 1;
        let instruments = self.flavour.limits.instruments;
        let instrument = if self.dice.one_in(60) { instruments } else { self.dice.roll(instruments) };
        NewOrder {
            instrument: InstrumentIndex(instrument),
            key: self.fresh(live),
            order_ref: OrderRef(self.order_ref),
            owner: MemberId(u16::try_from(self.dice.roll(self.flavour.owners)).expect("small")),
            side,
            price: self.price(side),
            qty: self.qty(),
            tif: self.tif(),
            post_only: self.dice.one_in(8),
            min_qty: self.min_qty(),
            self_match: self.self_match(),
            display: self.display(),
            hidden: self.hidden(),
            stop: self.stop(side, self.flavour.stop_one_in),
            mark: u8::try_from(self.dice.roll(256)).expect("a byte"),
        }
    }

    fn reduction(&mut self) -> ReduceTo {
        let qty = self.qty();
        match self.dice.roll(3) {
            0 => ReduceTo::By(qty),
            1 => ReduceTo::Open(qty),
            _ => ReduceTo::Intended(qty),
        }
    }

    fn replacement(&mut self, key: OrderKey, live: &[OrderKey]) -> Replace {
        let kind = match self.dice.roll(5) {
            0 => ReplaceKind::ReEnter { side: None },
            1 => ReplaceKind::ReEnter { side: Some(self.side()) },
            2 | 3 => ReplaceKind::Amend { basis: QtyBasis::Intended },
            _ => ReplaceKind::Amend { basis: QtyBasis::Open },
        };
        self.order_ref += 1;
        let side = self.side();
        Replace {
            key,
            new_key: if self.dice.one_in(6) { key } else { self.fresh(live) },
            order_ref: OrderRef(self.order_ref),
            price: self.price(side),
            qty: self.qty(),
            kind,
            tif: self.tif(),
            post_only: self.dice.one_in(8),
            min_qty: self.min_qty(),
            self_match: self.self_match(),
            display: self.display(),
            hidden: self.hidden(),
            stop: self.stop(side, 8),
        }
    }
}
