//! LOBSTER recordings as ticks.
//!
//! Goal: each step becomes the ITCH 5.0 message that says the same, so that there is one way from orders to levels; what ITCH
//! cannot say (the side of a hidden order's taker) is told directly. Non-goal: reading the files ([`crate::flow::lobster`]).

use wire::itch::{
    AddOrder, MESSAGE_LEN_MAX, Message, OrderCancel, OrderDelete, OrderExecuted, OrderExecutedWithPrice, OrderReplace,
    Price4, Timestamp, TradingAction,
};
use wire::{MatchNumber, OrderRef, Price, TimeOfDay};

use super::Desk;
use super::itch::ItchBooks;
use crate::flow::lobster::LobsterEvent;
use crate::flow::{Action, FlowItem};

/// A recording holds one instrument.
const LOCATE: u16 = 1;

pub(super) fn event(event: &LobsterEvent, books: &mut ItchBooks, desk: &mut Desk<'_>) {
    let message = match *event {
        LobsterEvent::Flow(item) => message_of(&item),
        LobsterEvent::Print { time_ns, maker, price, qty, .. } => {
            books.print(
                LOCATE,
                TimeOfDay(time_ns),
                price,
                u64::from(qty.get()),
                maker.map(|side| side.opposite()),
                desk,
            );
            return;
        }
        LobsterEvent::Status { time_ns, instrument, state, .. } => stamp(time_ns).map(|timestamp| {
            let (stock_locate, tracking, symbol) = (LOCATE, 0, instrument);
            Message::TradingAction(TradingAction {
                stock_locate,
                tracking,
                timestamp,
                symbol,
                state,
                reserved: b' ',
                reason: *b"    ",
            })
        }),
    };
    let mut bytes = [0; MESSAGE_LEN_MAX];
    match message.and_then(|message| message.encode(&mut bytes)) {
        Some(len) => books.message(&bytes[..len], desk),
        // A price or time beyond what ITCH can say.
        None => desk.counters.malformed += 1,
    }
}

fn message_of(item: &FlowItem) -> Option<Message> {
    let (stock_locate, tracking, timestamp) = (LOCATE, 0, stamp(item.time_ns.unwrap_or_default())?);
    let match_number = MatchNumber(item.seq);
    let price4 = |price: Price| Price4::try_from(price).ok();
    Some(match item.action {
        Action::Add { id, instrument: symbol, side, price, qty, .. } => {
            let (order_ref, price) = (OrderRef(id), price4(price)?);
            Message::AddOrder(AddOrder { stock_locate, tracking, timestamp, order_ref, side, qty, symbol, price })
        }
        Action::Cancel { id } => {
            Message::OrderDelete(OrderDelete { stock_locate, tracking, timestamp, order_ref: OrderRef(id) })
        }
        Action::Reduce { id, by: qty } => {
            Message::OrderCancel(OrderCancel { stock_locate, tracking, timestamp, order_ref: OrderRef(id), qty })
        }
        Action::Replace { old_id, new_id, price, qty } => {
            let (orig_order_ref, order_ref, price) = (OrderRef(old_id), OrderRef(new_id), price4(price)?);
            Message::OrderReplace(OrderReplace {
                stock_locate,
                tracking,
                timestamp,
                orig_order_ref,
                order_ref,
                qty,
                price,
            })
        }
        Action::Execute { id, price, printed, qty, .. } if price == printed => {
            let order_ref = OrderRef(id);
            Message::OrderExecuted(OrderExecuted { stock_locate, tracking, timestamp, order_ref, qty, match_number })
        }
        Action::Execute { id, printed, qty, .. } => {
            let (order_ref, printable, price) = (OrderRef(id), b'Y', price4(printed)?);
            Message::OrderExecutedWithPrice(OrderExecutedWithPrice {
                stock_locate,
                tracking,
                timestamp,
                order_ref,
                qty,
                match_number,
                printable,
                price,
            })
        }
        // No recording of LOBSTER's has it.
        Action::Modify { .. } => return None,
    })
}

fn stamp(time_ns: u64) -> Option<Timestamp> {
    Timestamp::new(TimeOfDay(time_ns))
}
