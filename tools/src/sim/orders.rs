//! What a client says next: a plausible mixture of everything that the venue offers.
//!
//! Goal: few prices and small quantities, so that orders meet. Non-goal: making sense as trading.

use super::plan::{Plan, Switch};
use super::random::{MILLION, Random};
use super::standing::Standing;
use wire::ouch::options::{PostOnly, ReEnter};
use wire::ouch::{
    AccountQuery, AppendageBuffer, CancelOrder, Capacity, ClOrdId, CrossType, Display, EnterOrder, INBOUND_LEN_MAX,
    MARKET_PRICE, ModifyOrder, OptionValue, OrderSide, ReplaceOrder, SelfMatchCode, TimeInForce, YesNo,
};
use wire::{Price, Qty, SessionIndex, Side, Symbol, UserRefNum};

/// The price around which all of it happens.
pub const MIDDLE: i64 = 1_000_000;
/// The tick of every instrument.
pub const TICK: i64 = 100;

/// A message, and whether it uses up the number that it was given.
pub struct Said {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it enters or replaces.
    pub numbered: bool,
}

/// What may be said on the word of a plan.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    plan: Plan,
    symbols: Vec<Symbol>,
}

impl Vocabulary {
    /// That of a plan, about these instruments.
    #[must_use]
    pub const fn new(plan: Plan, symbols: Vec<Symbol>) -> Self {
        Self { plan, symbols }
    }

    /// The next message of a session, of which these orders stand.
    pub fn say(&self, random: &mut Random, session: SessionIndex, standing: &Standing, next: UserRefNum) -> Said {
        let mut bytes = vec![0; INBOUND_LEN_MAX];
        let own: Vec<_> = standing.of(session).collect();
        let has = |random: &mut Random, switch| random.chance(self.plan.strength(switch));
        let mut numbered = false;
        let len = if has(random, Switch::Nonsense) {
            let len = random.place(60);
            random.fill(&mut bytes[..len]);
            match random.below(3) {
                0 => Some(len),
                1 => CancelOrder { user_ref: UserRefNum(small(random, 0xFFFF)), qty: Qty(0) }.encode(&mut bytes),
                _ => AccountQuery {}.encode(&mut bytes),
            }
        } else if !own.is_empty() && has(random, Switch::Cancel) {
            let (user_ref, open) = *random.pick(&own);
            let qty = Qty(if random.below(2) == 0 { 0 } else { small(random, u64::from(open.qty)) });
            if random.below(4) == 0 {
                let side = match (open.side, random.below(2)) {
                    (Side::Buy, _) => OrderSide::Buy,
                    (Side::Sell, 0) => OrderSide::Sell,
                    _ => OrderSide::SellShort,
                };
                ModifyOrder { user_ref, side, qty }.encode(&mut bytes)
            } else {
                CancelOrder { user_ref, qty }.encode(&mut bytes)
            }
        } else if !own.is_empty() && has(random, Switch::Replace) {
            numbered = true;
            let (orig_user_ref, open) = *random.pick(&own);
            let mut options = AppendageBuffer::new();
            if random.below(3) == 0 {
                let _ = options.push(OptionValue::ReEnter(ReEnter::Yes));
                if random.below(3) == 0 {
                    let _ = options.push(OptionValue::Side(open.side.opposite()));
                }
            }
            ReplaceOrder {
                orig_user_ref,
                user_ref: next,
                qty: Qty(small(random, 30)),
                price: price(random),
                time_in_force: TimeInForce::Day,
                display: Display::Visible,
                sweep: YesNo::No,
                cl_ord_id: ClOrdId::BLANK,
                appendage: options.view(),
            }
            .encode(&mut bytes)
        } else {
            numbered = true;
            self.enter(random, next, &mut bytes)
        };
        bytes.truncate(len.unwrap_or(0));
        Said { bytes, numbered }
    }

    /// A message that cancels an order.
    #[must_use]
    pub fn cancel(user_ref: UserRefNum) -> Vec<u8> {
        let mut bytes = vec![0; CancelOrder::SIZE];
        let len = CancelOrder { user_ref, qty: Qty(0) }.encode(&mut bytes);
        bytes.truncate(len.unwrap_or(0));
        bytes
    }

    fn enter(&self, random: &mut Random, user_ref: UserRefNum, out: &mut [u8]) -> Option<usize> {
        let has = |random: &mut Random, switch| random.chance(self.plan.strength(switch));
        let qty = small(random, 40);
        let mut options = AppendageBuffer::new();
        let mut time_in_force = TimeInForce::Day;
        let mut limit = price(random);
        if has(random, Switch::Immediate) {
            time_in_force = *random.pick(&[TimeInForce::ImmediateOrCancel, TimeInForce::FillOrKill]);
        } else if random.chance(MILLION / 10) {
            time_in_force = TimeInForce::GoodTillCancel;
        }
        // An option that does not fit is left out, which is as good a message.
        if has(random, Switch::PostOnly) {
            let _ = options.push(OptionValue::PostOnly(PostOnly::Yes));
        }
        if has(random, Switch::Iceberg) {
            let _ = options.push(OptionValue::MaxFloor(Qty(small(random, u64::from(qty)))));
        }
        if has(random, Switch::Stop) {
            let _ = options.push(OptionValue::StopPrice(price(random)));
        }
        if has(random, Switch::MinQty) {
            let _ = options.push(OptionValue::MinQty(Qty(small(random, u64::from(qty)))));
        }
        if has(random, Switch::SelfMatch) {
            let _ = options.push(OptionValue::SelfMatch(*random.pick(SelfMatchCode::ALL)));
        }
        if has(random, Switch::Market) {
            limit = MARKET_PRICE;
        }
        let display = if has(random, Switch::Hidden) { Display::Hidden } else { Display::Visible };
        let mut text = [b' '; 14];
        text[..4].copy_from_slice(&user_ref.0.to_be_bytes().map(|byte| b'a' + (byte & 15)));
        EnterOrder {
            user_ref,
            side: *random.pick(&[OrderSide::Buy, OrderSide::Sell]),
            qty: Qty(qty),
            symbol: *random.pick(&self.symbols),
            price: limit,
            time_in_force,
            display,
            capacity: Capacity::Agency,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId(text),
            appendage: options.view(),
        }
        .encode(out)
    }
}

/// From 1 to `most`.
fn small(random: &mut Random, most: u64) -> u32 {
    u32::try_from(random.between(1..=most.max(1))).unwrap_or(1)
}

fn price(random: &mut Random) -> Price {
    let steps = i64::try_from(random.below(17)).unwrap_or(0) - 8;
    Price(MIDDLE + steps * TICK)
}
