//! The messages of the load, and what must come of each.
//!
//! Goal: reports and ticks that say by themselves which message caused them, and can be checked one by one. Non-goal: a market; `core` and
//! `instruments` measure books that are full.
//!
//! Three messages go over and over, each time at a price of its own, one tick higher:
//!
//! | message | reports | ticks |
//! |---|---|---|
//! | buy 100, rests | accepted | quote 100 |
//! | sell 40, immediate or cancel | accepted, executed twice | trade 40, quote 60 |
//! | cancel the buy | canceled, 60 | quote 0 |

use wire::mold::{BLOCK_HEADER_LEN, HEADER_LEN};
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, TimeInForce, YesNo};
use wire::ouch::{Accepted, AppendageBuffer, CancelOrder, Canceled, EnterOrder, Executed, Outbound};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Price, Qty, Side, Symbol, UserRefNum};

/// How many messages go over and over.
pub const CYCLE: u64 = 3;
const BOUGHT: u32 = 100;
const SOLD: u32 = 40;
/// The price of the first cycle.
const PRICE: i64 = 10_000;

/// Payload lengths of what one message moves, for an echo that moves as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// The packet with the message.
    pub request: u16,
    /// The packet with its reports.
    pub reply: u16,
    /// The packet with its ticks.
    pub ticks: u16,
}

/// The lengths that message `number` moves, each packet by itself.
#[must_use]
pub fn lengths(number: u64) -> Lengths {
    let (request, reports, ticks): (usize, &[usize], usize) = match number % CYCLE {
        0 => (EnterOrder::SIZE, &[Accepted::SIZE], 1),
        1 => (EnterOrder::SIZE, &[Accepted::SIZE, Executed::SIZE, Executed::SIZE], 2),
        _ => (CancelOrder::SIZE, &[Canceled::SIZE], 1),
    };
    let packet = |messages: usize, bytes: usize| {
        u16::try_from(HEADER_LEN + messages * BLOCK_HEADER_LEN + bytes).expect("packets are short")
    };
    Lengths {
        request: packet(1, request),
        reply: packet(reports.len(), reports.iter().sum()),
        ticks: packet(ticks, ticks * Tick::SIZE),
    }
}

/// How many ticks the first `messages` cause.
#[must_use]
pub const fn ticks_of(messages: u64) -> u64 {
    messages + (messages + 1) / CYCLE
}

/// Writes the messages and knows their answers.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    symbol: Symbol,
    /// The last number that the venue has seen.
    last: UserRefNum,
}

impl Orders {
    /// Orders in this instrument, numbered above `last`.
    #[must_use]
    pub const fn new(symbol: Symbol, last: UserRefNum) -> Self {
        Self { symbol, last }
    }

    /// Writes message `number`; `None` when it does not fit, or the numbers are used up.
    #[must_use]
    pub fn encode(&self, number: u64, out: &mut [u8]) -> Option<usize> {
        let (buy, sell) = self.refs(number)?;
        match number % CYCLE {
            0 => self.enter(buy, Side::Buy, BOUGHT, TimeInForce::Day, number)?.encode(out),
            1 => self.enter(sell, Side::Sell, SOLD, TimeInForce::ImmediateOrCancel, number)?.encode(out),
            _ => CancelOrder { user_ref: buy, qty: Qty(0) }.encode(out),
        }
    }

    /// Whether this is the answer to message `number`.
    #[must_use]
    pub fn is_answer(&self, number: u64, report: &Outbound<'_>) -> bool {
        let Some((buy, sell)) = self.refs(number) else { return false };
        let (user_ref, qty) = if number.is_multiple_of(CYCLE) { (buy, BOUGHT) } else { (sell, SOLD) };
        match report {
            Outbound::Accepted(accepted) => {
                number % CYCLE < 2
                    && (accepted.user_ref, accepted.qty) == (user_ref, Qty(qty))
                    && Some(accepted.price) == price(number)
            }
            Outbound::Canceled(canceled) => {
                number % CYCLE == 2 && (canceled.user_ref, canceled.qty) == (buy, Qty(BOUGHT - SOLD))
            }
            _ => false,
        }
    }

    /// Whether this is one of the executions that follow from the messages up to `number`.
    #[must_use]
    pub fn is_execution(&self, number: u64, report: &Outbound<'_>) -> bool {
        let Some((buy, sell)) = self.refs(number) else { return false };
        let Outbound::Executed(executed) = report else { return false };
        (executed.user_ref == buy || executed.user_ref == sell)
            && executed.qty == Qty(SOLD)
            && Some(executed.price) == price(number)
    }

    fn refs(&self, number: u64) -> Option<(UserRefNum, UserRefNum)> {
        let buy = u32::try_from(number / CYCLE * 2 + 1).ok()?.checked_add(self.last.0)?;
        Some((UserRefNum(buy), UserRefNum(buy.checked_add(1)?)))
    }

    fn enter(
        &self,
        user_ref: UserRefNum,
        side: Side,
        qty: u32,
        time_in_force: TimeInForce,
        number: u64,
    ) -> Option<EnterOrder<'static>> {
        static OPTIONS: AppendageBuffer = AppendageBuffer::new();
        Some(EnterOrder {
            user_ref,
            side: OrderSide::from(side),
            qty: Qty(qty),
            symbol: self.symbol,
            price: price(number)?,
            time_in_force,
            display: Display::Visible,
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::BLANK,
            appendage: OPTIONS.view(),
        })
    }
}

/// What a tick tells of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A quote, the last tick of this message.
    Quote(u64),
    /// The trade of this message.
    Trade(u64),
}

impl Told {
    /// The message that caused it.
    #[must_use]
    pub const fn message(self) -> u64 {
        match self {
            Self::Quote(number) | Self::Trade(number) => number,
        }
    }
}

/// Which message a tick comes from; `None` when none of ours can have caused it.
#[must_use]
pub fn told(tick: &Tick) -> Option<Told> {
    let cycle = u64::try_from(tick.price.0.checked_sub(PRICE)?).ok()?;
    let first = cycle.checked_mul(CYCLE)?;
    if tick.symbol_id != InstrumentIndex(0) {
        return None;
    }
    match (tick.kind, tick.side, tick.quantity) {
        (TickKind::Quote, TickSide::Buy, BOUGHT) => Some(Told::Quote(first)),
        (TickKind::Quote, TickSide::Buy, left) if left == BOUGHT - SOLD => Some(Told::Quote(first + 1)),
        (TickKind::Quote, TickSide::Buy, 0) => Some(Told::Quote(first + 2)),
        (TickKind::Trade, _, SOLD) => Some(Told::Trade(first + 1)),
        _ => None,
    }
}

fn price(number: u64) -> Option<Price> {
    PRICE.checked_add(i64::try_from(number / CYCLE).ok()?).map(Price)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Nanos;
    use wire::ouch::Inbound;

    fn orders() -> Orders {
        Orders::new(Symbol::new("PINION").expect("short"), UserRefNum(10))
    }

    #[test]
    fn packets_are_as_long_as_is_said() {
        let mut bytes = [0; 128];
        for number in 0..2 * CYCLE {
            let len = orders().encode(number, &mut bytes).expect("fits");
            assert_eq!(usize::from(lengths(number).request), HEADER_LEN + BLOCK_HEADER_LEN + len, "{number}");
        }
        assert_eq!(lengths(0), Lengths { request: 69, reply: 86, ticks: 48 });
        assert_eq!(lengths(1), Lengths { request: 69, reply: 162, ticks: 76 });
        assert_eq!(lengths(2), Lengths { request: 31, reply: 40, ticks: 48 });
    }

    #[test]
    fn each_message_names_the_orders_of_its_cycle() {
        let mut bytes = [0; 128];
        let len = orders().encode(5, &mut bytes).expect("fits");
        let Ok(Inbound::CancelOrder(cancel)) = Inbound::decode(&bytes[..len]) else { panic!("no cancel") };
        assert_eq!(cancel.user_ref, UserRefNum(13));
        let len = orders().encode(4, &mut bytes).expect("fits");
        let Ok(Inbound::EnterOrder(enter)) = Inbound::decode(&bytes[..len]) else { panic!("no order") };
        assert_eq!((enter.user_ref, enter.price, enter.qty), (UserRefNum(14), Price(PRICE + 1), Qty(SOLD)));
    }

    #[test]
    fn ticks_tell_their_message() {
        let tick = |price, quantity, side, kind| Tick {
            timestamp: Nanos(1),
            symbol_id: InstrumentIndex(0),
            price: Price(price),
            quantity,
            side,
            kind,
        };
        let quote = |price, quantity| told(&tick(price, quantity, TickSide::Buy, TickKind::Quote));
        assert_eq!([100, 60, 0].map(|left| quote(PRICE + 7, left)), [21, 22, 23].map(|at| Some(Told::Quote(at))));
        assert_eq!(told(&tick(PRICE, 40, TickSide::Buy, TickKind::Trade)), Some(Told::Trade(1)));
        assert_eq!((quote(PRICE - 1, 100), quote(PRICE, 99)), (None, None));
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(ticks_of), [0, 1, 3, 4, 5, 7, 8]);
    }
}
