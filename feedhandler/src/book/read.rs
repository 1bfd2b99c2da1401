//! ITCH 5.0 messages, read where they stand.
//!
//! Goal: each message becomes one change of the books; only the fields that it needs are read. The offsets are those of
//! [`wire::itch`], against which the tests hold them. Non-goal: the change itself.

use wire::itch::{
    AddOrder, AddOrderAttributed, BrokenTrade, CrossTrade, Message, OrderCancel, OrderDelete, OrderExecuted,
    OrderExecutedWithPrice, OrderReplace, StockDirectory, SystemEvent, Trade, TradingAction,
};
use wire::{MatchNumber, OrderRef, Price, Side, TimeOfDay};

use super::{BookListener, BookTrade, Books, Execution, NewOrder, TradeKind};

#[inline]
fn u16_at<const N: usize>(message: &[u8; N], at: usize) -> Option<u16> {
    message.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

#[inline]
fn u32_at<const N: usize>(message: &[u8; N], at: usize) -> Option<u32> {
    message.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

#[inline]
fn u64_at<const N: usize>(message: &[u8; N], at: usize) -> Option<u64> {
    message.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes)
}

#[inline]
fn order_at<const N: usize>(message: &[u8; N], at: usize) -> Option<OrderRef> {
    u64_at(message, at).map(OrderRef)
}

#[inline]
fn price_at<const N: usize>(message: &[u8; N], at: usize) -> Option<Price> {
    u32_at(message, at).map(|price| Price(i64::from(price)))
}

/// Six bytes, read as the lower part of the eight that end with them.
#[inline]
fn time_of<const N: usize>(message: &[u8; N]) -> Option<TimeOfDay> {
    u64_at(message, 3).map(|bits| TimeOfDay(bits & 0xFFFF_FFFF_FFFF))
}

/// The order that a message speaks of first, if it is one that speaks of orders.
#[inline]
pub fn order_of(message: &[u8]) -> Option<OrderRef> {
    message.get(11..19)?.try_into().ok().map(u64::from_be_bytes).map(OrderRef)
}

/// Instrument, side and price of an order that is added, if the message is one that adds an order.
#[inline]
pub fn place_of(message: &[u8]) -> Option<(u16, Side, u32)> {
    let message: &[u8; AddOrder::SIZE] = message.first_chunk()?;
    Some((u16_at(message, 1)?, Side::from_byte(message[19])?, u32_at(message, 32)?))
}

/// Applies a message; `None` when it is no message.
#[inline]
pub fn dispatch(books: &mut Books, message: &[u8], listener: &mut impl BookListener) -> Option<()> {
    match *message.first()? {
        AddOrder::TYPE => add(books, message.try_into().ok()?, listener),
        OrderDelete::TYPE => {
            let message: &[u8; OrderDelete::SIZE] = message.try_into().ok()?;
            if let Some(slot) = books.known(order_at(message, 11)?) {
                books.remove(time_of(message)?, slot, listener);
            }
            Some(())
        }
        OrderExecuted::TYPE => executed(books, message.try_into().ok()?, listener),
        OrderCancel::TYPE => {
            let message: &[u8; OrderCancel::SIZE] = message.try_into().ok()?;
            if let Some(slot) = books.known(order_at(message, 11)?) {
                books.take(time_of(message)?, slot, u32_at(message, 19)?, listener);
            }
            Some(())
        }
        OrderReplace::TYPE => replaced(books, message.try_into().ok()?, listener),
        AddOrderAttributed::TYPE => {
            let message: &[u8; AddOrderAttributed::SIZE] = message.try_into().ok()?;
            add(books, message.first_chunk()?, listener)
        }
        OrderExecutedWithPrice::TYPE => executed_with_price(books, message.try_into().ok()?, listener),
        _ => rarely(books, message, listener),
    }
}

#[inline]
fn add(books: &mut Books, message: &[u8; AddOrder::SIZE], listener: &mut impl BookListener) -> Option<()> {
    let locate = u16_at(message, 1)?;
    let side = Side::from_byte(message[19])?;
    // Who joins late has no directory.
    books.instruments.name_if_new(locate, || AddOrder::decode(message).ok().map(|order| order.symbol));
    let order = NewOrder {
        order_ref: order_at(message, 11)?,
        locate,
        side,
        qty: u32_at(message, 20)?,
        price: u32_at(message, 32)?,
    };
    books.add(time_of(message)?, &order, listener);
    Some(())
}

#[inline]
fn executed(books: &mut Books, message: &[u8; OrderExecuted::SIZE], listener: &mut impl BookListener) -> Option<()> {
    let execution = Execution {
        order_ref: order_at(message, 11)?,
        qty: u32_at(message, 19)?,
        match_number: MatchNumber(u64_at(message, 23)?),
        price: None,
        printable: true,
    };
    books.execute(time_of(message)?, &execution, listener);
    Some(())
}

fn executed_with_price(
    books: &mut Books,
    message: &[u8; OrderExecutedWithPrice::SIZE],
    listener: &mut impl BookListener,
) -> Option<()> {
    let execution = Execution {
        order_ref: order_at(message, 11)?,
        qty: u32_at(message, 19)?,
        match_number: MatchNumber(u64_at(message, 23)?),
        price: Some(price_at(message, 32)?),
        printable: message[31] != b'N',
    };
    books.execute(time_of(message)?, &execution, listener);
    Some(())
}

#[inline]
fn replaced(books: &mut Books, message: &[u8; OrderReplace::SIZE], listener: &mut impl BookListener) -> Option<()> {
    let Some(slot) = books.known(order_at(message, 11)?) else { return Some(()) };
    let at = time_of(message)?;
    let (locate, side) = books.remove(at, slot, listener);
    let order = NewOrder {
        order_ref: order_at(message, 19)?,
        locate,
        side,
        qty: u32_at(message, 27)?,
        price: u32_at(message, 31)?,
    };
    books.add(at, &order, listener);
    Some(())
}

/// What is no change of an order.
#[inline(never)]
fn rarely(books: &mut Books, message: &[u8], listener: &mut impl BookListener) -> Option<()> {
    match Message::decode(message).ok()? {
        Message::Trade(trade) => {
            let Trade { stock_locate: locate, qty, price, match_number, .. } = trade;
            let (time, kind, qty) = (trade.timestamp.get(), TradeKind::Hidden, u64::from(qty.get()));
            let trade =
                BookTrade { locate, time, kind, price: price.into(), qty, match_number, maker: None, printable: true };
            books.print(&trade, listener);
        }
        Message::CrossTrade(trade) => {
            let CrossTrade { stock_locate: locate, shares: qty, price, match_number, .. } = trade;
            let (time, kind) = (trade.timestamp.get(), TradeKind::Auction);
            let trade =
                BookTrade { locate, time, kind, price: price.into(), qty, match_number, maker: None, printable: true };
            books.print(&trade, listener);
        }
        Message::BrokenTrade(BrokenTrade { stock_locate, match_number, .. }) => {
            books.instruments.get_mut(stock_locate).statistics.broken += 1;
            listener.trade_broken(stock_locate, match_number);
        }
        Message::StockDirectory(StockDirectory { stock_locate, symbol, .. }) => {
            books.instruments.name(stock_locate, symbol);
            listener.instrument(stock_locate, symbol);
        }
        Message::TradingAction(action) => {
            let TradingAction { stock_locate, state, symbol, timestamp, .. } = action;
            books.instruments.get_mut(stock_locate).status = Some(state);
            books.instruments.name_if_new(stock_locate, || Some(symbol));
            listener.status(stock_locate, state, timestamp.get());
        }
        Message::SystemEvent(SystemEvent { event, timestamp, .. }) => listener.system(event, timestamp.get()),
        _ => books.counters.other += 1,
    }
    Some(())
}
