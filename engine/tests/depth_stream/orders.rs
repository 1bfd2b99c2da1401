//! Commands of the book as the OUCH messages that lead to them.

use engine::book::{NewOrder, ReduceTo, Replace, ReplaceKind, SelfMatch, TimeInForce};
use wire::ouch::options::{PostOnly, ReEnter};
use wire::ouch::{
    self, AppendageBuffer, CancelOrder, Capacity, ClOrdId, CrossType, Display, EnterOrder, OptionValue, OrderSide,
    ReplaceOrder, SelfMatchCode, YesNo,
};
use wire::{Price, Qty, Symbol, UserRefNum};

/// The prices of a stream lie around zero; those of the venue do not.
const MIDDLE: i64 = 1_000;
/// The highest price of the instruments.
pub const PRICE_MAX: Price = Price(u32::MAX as i64);

fn price(price: Price) -> Price {
    Price(price.0.clamp(-900, PRICE_MAX.0 - MIDDLE) + MIDDLE)
}

const fn tif(tif: TimeInForce) -> ouch::TimeInForce {
    match tif {
        TimeInForce::Day => ouch::TimeInForce::Day,
        TimeInForce::Gtc => ouch::TimeInForce::GoodTillCancel,
        TimeInForce::Ioc => ouch::TimeInForce::ImmediateOrCancel,
        TimeInForce::Fok => ouch::TimeInForce::FillOrKill,
    }
}

const fn self_match(mode: SelfMatch) -> SelfMatchCode {
    match mode {
        SelfMatch::Allow => SelfMatchCode::Allow,
        SelfMatch::CancelNewest => SelfMatchCode::CancelNewest,
        SelfMatch::CancelOldest => SelfMatchCode::CancelOldest,
        SelfMatch::CancelBoth => SelfMatchCode::CancelBoth,
        SelfMatch::Decrement => SelfMatchCode::Decrement,
    }
}

const fn display(hidden: bool) -> Display {
    if hidden { Display::Hidden } else { Display::Visible }
}

fn options(
    qty: Qty,
    (min_qty, slice): (Qty, Qty),
    post_only: bool,
    mode: SelfMatch,
    stop: Option<Price>,
) -> AppendageBuffer {
    let mut options = AppendageBuffer::new();
    let mut push = |value| assert!(options.push(value), "room for it");
    if !min_qty.is_zero() {
        push(OptionValue::MinQty(min_qty.min(qty)));
    }
    if !slice.is_zero() {
        push(OptionValue::MaxFloor(slice.min(qty)));
    }
    if post_only {
        push(OptionValue::PostOnly(PostOnly::Yes));
    }
    push(OptionValue::SelfMatch(self_match(mode)));
    if let Some(stop) = stop {
        push(OptionValue::StopPrice(price(stop)));
    }
    options
}

pub fn enter(order: &NewOrder, user_ref: UserRefNum, symbol: Symbol) -> Vec<u8> {
    let options = options(order.qty, (order.min_qty, order.display), order.post_only, order.self_match, order.stop);
    let message = EnterOrder {
        user_ref,
        side: OrderSide::from(order.side),
        qty: order.qty,
        symbol,
        price: price(order.price),
        time_in_force: tif(order.tif),
        display: display(order.hidden),
        capacity: Capacity::Agency,
        sweep: YesNo::No,
        cross_type: CrossType::Continuous,
        cl_ord_id: ClOrdId::BLANK,
        appendage: options.view(),
    };
    bytes(|out| message.encode(out))
}

pub fn replace(replace: &Replace, user_ref: UserRefNum) -> Vec<u8> {
    let quantities = (replace.min_qty, replace.display);
    let mut options = options(replace.qty, quantities, replace.post_only, replace.self_match, replace.stop);
    if let ReplaceKind::ReEnter { side } = replace.kind {
        assert!(options.push(OptionValue::ReEnter(ReEnter::Yes)));
        assert!(side.is_none_or(|side| options.push(OptionValue::Side(side))));
    }
    let message = ReplaceOrder {
        orig_user_ref: replace.key.user_ref(),
        user_ref,
        qty: replace.qty,
        price: price(replace.price),
        time_in_force: tif(replace.tif),
        display: display(replace.hidden),
        sweep: YesNo::No,
        cl_ord_id: ClOrdId::BLANK,
        appendage: options.view(),
    };
    bytes(|out| message.encode(out))
}

pub fn cancel(user_ref: UserRefNum, to: ReduceTo) -> Vec<u8> {
    let (ReduceTo::Intended(qty) | ReduceTo::Open(qty) | ReduceTo::By(qty)) = to;
    bytes(|out| CancelOrder { user_ref, qty }.encode(out))
}

fn bytes(encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut out = vec![0; ouch::INBOUND_LEN_MAX];
    let len = encode(&mut out).expect("it fits");
    out.truncate(len);
    out
}
