//! The book against its naive twin: random commands, equal events, equal state.
//!
//! `PINION_TWIN_COMMANDS` sets how many commands are run in total. A failure names the seed and the step, and prints the command.

use engine::book::{
    Book, BookCommand, BookEvent, BookLimits, BookReject, CancelReason, NewOrder, OrderKey, QtyBasis, ReduceTo,
    Replace, ReplaceKind, SelfMatch, TimeInForce,
};
use engine::limits::FILLS_PER_COMMAND_MAX;
use engine::twin::TwinBook;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

/// A small generator of our own, so that a seed means the same stream for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(sides)).expect("less than 32 bits")
    }

    fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = self.roll(u32::try_from(from.len()).expect("a short list"));
        from[place as usize]
    }
}

/// What a stream looks like.
#[derive(Clone, Copy)]
struct Flavour {
    limits: BookLimits,
    prices: u32,
    qty_max: u32,
    /// Quantities near what 32 bits hold.
    huge: bool,
    /// Members; few make many self-matches.
    owners: u32,
    /// How often an order is to leave again: one in so many commands cancels.
    cancel_one_in: u32,
}

const LIMITS: BookLimits = BookLimits {
    instruments: 3,
    sessions: 4,
    orders: 200,
    levels: 60,
    stops: 50,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

const FLAVOURS: [Flavour; 6] = [
    Flavour { limits: LIMITS, prices: 8, qty_max: 20, huge: false, owners: 4, cancel_one_in: 5 },
    // Deep levels, long sweeps, icebergs that go round often.
    Flavour {
        limits: BookLimits { instruments: 1, ..LIMITS },
        prices: 3,
        qty_max: 60,
        huge: false,
        owners: 6,
        cancel_one_in: 6,
    },
    // Full slabs.
    Flavour {
        limits: BookLimits { orders: 12, levels: 7, ..LIMITS },
        prices: 12,
        qty_max: 9,
        huge: false,
        owners: 3,
        cancel_one_in: 12,
    },
    // The sweep limit.
    Flavour {
        limits: BookLimits { instruments: 2, fills_per_command: 3, ..LIMITS },
        prices: 5,
        qty_max: 25,
        huge: false,
        owners: 4,
        cancel_one_in: 6,
    },
    // Quantities at the end of the range.
    Flavour {
        limits: BookLimits { instruments: 1, orders: 40, ..LIMITS },
        prices: 4,
        qty_max: 5,
        huge: true,
        owners: 9,
        cancel_one_in: 4,
    },
    // One member: nothing but self-matches.
    Flavour {
        limits: BookLimits { instruments: 1, orders: 64, ..LIMITS },
        prices: 5,
        qty_max: 12,
        huge: false,
        owners: 1,
        cancel_one_in: 8,
    },
];

struct Stream {
    dice: Dice,
    flavour: Flavour,
    order_ref: u64,
    user_refs: [u32; 6],
}

impl Stream {
    fn new(seed: u64, flavour: Flavour) -> Self {
        Self { dice: Dice(seed), flavour, order_ref: 0, user_refs: [0; 6] }
    }

    fn next(&mut self, live: &[OrderKey]) -> BookCommand {
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
    fn existing(&mut self, live: &[OrderKey]) -> OrderKey {
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
            hidden: self.dice.one_in(6),
            stop: None,
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
            new_key: self.fresh(live),
            order_ref: OrderRef(self.order_ref),
            price: self.price(side),
            qty: self.qty(),
            kind,
            tif: self.tif(),
            post_only: self.dice.one_in(8),
            min_qty: self.min_qty(),
            self_match: self.self_match(),
            display: self.display(),
            hidden: self.dice.one_in(6),
            stop: None,
        }
    }
}

/// How often each kind of outcome came up, so that a stream that tests nothing is noticed.
#[derive(Default)]
struct Seen {
    trades: u64,
    levels: u64,
    kept: u64,
    lost: u64,
    rejects: [u64; 15],
    cancels: [u64; 7],
    modes: [u64; 5],
}

impl Seen {
    fn note(&mut self, event: &BookEvent) {
        match event {
            BookEvent::Trade { .. } => self.trades += 1,
            BookEvent::Level { .. } => self.levels += 1,
            BookEvent::Replaced { kept_priority: true, .. } => self.kept += 1,
            BookEvent::Replaced { .. } => self.lost += 1,
            BookEvent::Rejected { reason, .. } => self.rejects[*reason as usize] += 1,
            BookEvent::Canceled { reason, .. } => {
                let place = match reason {
                    CancelReason::User => 0,
                    CancelReason::Reduced => 1,
                    CancelReason::ImmediateRest => 2,
                    CancelReason::FillOrKill => 3,
                    CancelReason::MinQty => 4,
                    CancelReason::SweepLimit => 5,
                    CancelReason::SelfMatch { mode, .. } => {
                        self.modes[*mode as usize] += 1;
                        return;
                    }
                    _ => 6,
                };
                self.cancels[place] += 1;
            }
            BookEvent::Accepted { .. } | BookEvent::Elected { .. } => {}
        }
    }

    fn assert_everything_came_up(&self) {
        assert!(self.trades > 0 && self.levels > 0 && self.kept > 0 && self.lost > 0);
        let (known, of_stops) = self.rejects.split_at(BookReject::NotAStop as usize);
        assert!(known.iter().all(|&count| count > 0), "rejects by kind: {known:?}");
        assert_eq!(of_stops, [0; 3]);
        assert!(self.cancels.iter().all(|&count| count > 0), "cancels by reason: {:?}", self.cancels);
        let allow = SelfMatch::Allow as usize;
        for (mode, &count) in self.modes.iter().enumerate() {
            assert_eq!(count > 0, mode != allow, "self-match cancels by mode: {:?}", self.modes);
        }
    }
}

fn run(seed: u64, flavour: Flavour, commands: u32, seen: &mut Seen) {
    let mut book = Book::new(&flavour.limits);
    let mut twin = TwinBook::new(&flavour.limits);
    let mut stream = Stream::new(seed, flavour);
    let (mut live, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..commands {
        let command = stream.next(&live);
        ours.clear();
        theirs.clear();
        book.apply(&command, &mut |event| ours.push(event));
        twin.apply(&command, &mut |event| theirs.push(event));
        if step % 32 == 0 {
            let key = stream.existing(&live);
            let flip = |mark: u8| mark ^ 0x55;
            assert_eq!(book.set_mark(key, flip), twin.set_mark(key, flip), "marks differ: seed {seed}, step {step}");
        }
        let place = format!("seed {seed}, step {step}, {command:?}");
        assert_eq!(ours, theirs, "events differ: {place}");
        assert_eq!(book.state_hash(), twin.state_hash(), "state hashes differ: {place}");
        ours.iter().for_each(|event| seen.note(event));

        live.clear();
        live.extend(twin.live_keys());
        assert_eq!(book.order_count(), live.len(), "order counts differ: {place}");
        if step % 16 == 0 {
            if let Err(error) = book.audit() {
                panic!("{error}: {place}");
            }
            for session in (0..4).map(SessionIndex) {
                assert_eq!(book.first_of_session(session), twin.first_of_session(session), "{place}");
                let open = live.iter().filter(|key| key.session() == session).count();
                assert_eq!(book.open_orders(session) as usize, open, "{place}");
            }
            for instrument in (0..flavour.limits.instruments).map(InstrumentIndex) {
                for side in [Side::Buy, Side::Sell] {
                    let levels: Vec<_> = book.levels(instrument, side).collect();
                    assert_eq!(levels, twin.levels(instrument, side), "levels differ: {place}");
                    for level in &levels {
                        assert_eq!(book.level(instrument, side, level.price), Some(*level), "{place}");
                    }
                    assert_eq!(book.best(instrument, side), levels.first().map(|level| (level.price, level.qty)));
                }
            }
        }
    }
}

#[test]
fn random_streams_give_equal_events_and_equal_state() {
    let commands: u32 = match std::env::var("PINION_TWIN_COMMANDS") {
        Ok(text) => text.parse().expect("PINION_TWIN_COMMANDS is a number of commands"),
        Err(_) => 300_000,
    };
    const PER_STREAM: u32 = 2_500;
    let mut seen = Seen::default();
    for seed in 0..u64::from(commands.div_ceil(PER_STREAM)) {
        let flavour = FLAVOURS[usize::try_from(seed).expect("fits") % FLAVOURS.len()];
        run(seed, flavour, PER_STREAM, &mut seen);
    }
    seen.assert_everything_came_up();
}
