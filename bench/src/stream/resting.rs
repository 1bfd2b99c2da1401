//! Orders that rest: venues of any size.
//!
//! Goal: as many as one asks for, spread over instruments, sides and prices, none of which trades. Non-goal: a market.

use std::fmt::Write as _;

use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, TimeInForce, YesNo};
use wire::ouch::{Appendage, EnterOrder, OrderSide};
use wire::{Price, Qty, Side, Symbol, UserRefNum};

/// Orders at one price.
pub const QUEUE: u32 = 25;

/// The message that enters the order of this number, counted from 0: it rests, among others of its price. Returns its length.
#[must_use]
pub fn enter(number: u32, instruments: u32, out: &mut [u8]) -> Option<usize> {
    let (instrument, place) = (number % instruments, number / instruments);
    let step = i64::from(place / (2 * QUEUE) % 4_000) * 100;
    let (side, price) = match place % 2 {
        0 => (Side::Buy, 1_000_000 - step),
        _ => (Side::Sell, 1_000_100 + step),
    };
    let order = EnterOrder {
        user_ref: UserRefNum(number + 1),
        side: OrderSide::from(side),
        qty: Qty(10),
        symbol: Symbol::new(&format!("I{instrument}"))?,
        price: Price(price),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        capacity: Capacity::Principal,
        sweep: YesNo::No,
        cross_type: CrossType::Continuous,
        cl_ord_id: ClOrdId::BLANK,
        appendage: Appendage::default(),
    };
    order.encode(out)
}

/// The instruments in the words of a configuration.
#[must_use]
pub fn instruments(count: u32) -> String {
    let mut text = String::new();
    for number in 0..count {
        // A string takes any text.
        let _ = writeln!(text, "[[instrument]]\nsymbol = \"I{number}\"\nid = {number}\ntick = \"0.01\"\nlot = 1");
    }
    text
}
