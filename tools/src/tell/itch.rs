//! What a message of the depth stream says.

use super::{Fields, Value};
use std::io;
use wire::Price;
use wire::itch::{Message, Price4};

/// Tells the fields of a message of the depth stream, but its time and instrument: those are the caller's.
///
/// # Errors
/// What is below refuses.
pub fn itch(message: &Message, out: &mut dyn Fields) -> io::Result<()> {
    let price = |out: &mut dyn Fields, price: Price4| out.field("price", Value::Price(Some(Price::from(price))));
    match message {
        Message::SystemEvent(message) => out.shown("event", &char::from(message.event)),
        Message::StockDirectory(message) => {
            out.shown("symbol", &message.symbol)?;
            out.number("lot", message.round_lot)
        }
        Message::TradingAction(message) => {
            out.shown("symbol", &message.symbol)?;
            out.shown("state", &char::from(message.state))
        }
        Message::AddOrder(message) => {
            out.number("order_ref", message.order_ref.get())?;
            out.word("side", &message.side)?;
            out.number("qty", message.qty.get())?;
            price(out, message.price)
        }
        Message::AddOrderAttributed(message) => {
            out.number("order_ref", message.order_ref.get())?;
            out.word("side", &message.side)?;
            out.number("qty", message.qty.get())?;
            price(out, message.price)
        }
        Message::OrderExecuted(message) => {
            out.number("order_ref", message.order_ref.get())?;
            out.number("qty", message.qty.get())?;
            out.number("match_number", message.match_number.get())
        }
        Message::OrderExecutedWithPrice(message) => {
            out.number("order_ref", message.order_ref.get())?;
            out.number("qty", message.qty.get())?;
            price(out, message.price)?;
            out.number("match_number", message.match_number.get())
        }
        Message::OrderCancel(message) => {
            out.number("order_ref", message.order_ref.get())?;
            out.number("qty", message.qty.get())
        }
        Message::OrderDelete(message) => out.number("order_ref", message.order_ref.get()),
        Message::OrderReplace(message) => {
            out.number("orig_order_ref", message.orig_order_ref.get())?;
            out.number("order_ref", message.order_ref.get())?;
            out.number("qty", message.qty.get())?;
            price(out, message.price)
        }
        Message::Trade(message) => {
            out.number("qty", message.qty.get())?;
            price(out, message.price)?;
            out.number("match_number", message.match_number.get())
        }
        Message::CrossTrade(message) => {
            out.number("qty", message.shares)?;
            price(out, message.price)?;
            out.number("match_number", message.match_number.get())
        }
        Message::BrokenTrade(message) => out.number("match_number", message.match_number.get()),
        // The others say nothing about orders or trades; whoever needs them reads a capture.
        _ => Ok(()),
    }
}

/// The name of a message of the depth stream.
#[must_use]
pub fn itch_kind_of(message: &Message) -> String {
    let text = format!("{message:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}
