//! What clients and the venue say to each other: OUCH 5.0 messages and ticks.

use super::{Fields, Value};
use std::fmt::Display;
use std::io;
use wire::UserRefNum;
use wire::ouch::{Identity, Inbound, Outbound};
use wire::tick::{Tick, TickKind};

/// Tells a client's message, whatever its bytes are worth, as a part named `message`.
///
/// # Errors
/// What is below refuses.
pub fn message(bytes: &[u8], out: &mut dyn Fields) -> io::Result<()> {
    match Inbound::decode(bytes) {
        Ok(message) => {
            out.begin("message", Some(kind_of(&message)))?;
            inbound(&message, out)?;
        }
        // Not damage: clients may send anything, and it is journaled as it came.
        Err(error) => {
            out.begin("message", None)?;
            out.number("user_ref", Identity::of(bytes).user_ref.get())?;
            out.text("error", &error.to_string())?;
            out.field("bytes", Value::Hex(bytes))?;
        }
    }
    out.end()
}

/// Tells a report of the venue as a part named `report`.
///
/// # Errors
/// What is below refuses.
pub fn report(bytes: &[u8], out: &mut dyn Fields) -> io::Result<()> {
    match Outbound::decode(bytes) {
        Ok(report) => {
            out.begin("report", Some(report_kind_of(&report)))?;
            outbound(&report, out)?;
        }
        Err(error) => {
            out.begin("report", None)?;
            out.text("error", &error.to_string())?;
            out.field("bytes", Value::Hex(bytes))?;
        }
    }
    out.end()
}

/// Tells the fields of a client's message.
///
/// # Errors
/// What is below refuses.
pub fn inbound(message: &Inbound<'_>, out: &mut dyn Fields) -> io::Result<()> {
    match message {
        Inbound::EnterOrder(order) => {
            out.number("user_ref", order.user_ref.get())?;
            out.word("side", &order.side)?;
            out.number("qty", order.qty.get())?;
            out.shown("symbol", &order.symbol)?;
            out.price("price", order.price)?;
            out.word("tif", &order.time_in_force)?;
            out.word("display", &order.display)?;
            out.text("cl_ord_id", order.cl_ord_id.as_str())?;
            out.field("options", Value::Hex(order.appendage.as_bytes()))
        }
        Inbound::ReplaceOrder(order) => {
            out.number("orig_user_ref", order.orig_user_ref.get())?;
            out.number("user_ref", order.user_ref.get())?;
            out.number("qty", order.qty.get())?;
            out.price("price", order.price)?;
            out.word("tif", &order.time_in_force)?;
            out.word("display", &order.display)?;
            out.text("cl_ord_id", order.cl_ord_id.as_str())?;
            out.field("options", Value::Hex(order.appendage.as_bytes()))
        }
        Inbound::CancelOrder(cancel) => {
            out.number("user_ref", cancel.user_ref.get())?;
            out.number("qty", cancel.qty.get())
        }
        Inbound::ModifyOrder(modify) => {
            out.number("user_ref", modify.user_ref.get())?;
            out.word("side", &modify.side)?;
            out.number("qty", modify.qty.get())
        }
        Inbound::AccountQuery(_) => Ok(()),
    }
}

/// Tells the fields of a report, but its time: that is the command's.
///
/// # Errors
/// What is below refuses.
pub fn outbound(report: &Outbound<'_>, out: &mut dyn Fields) -> io::Result<()> {
    match report {
        Outbound::SystemEvent(report) => out.word("event", &report.event),
        Outbound::Accepted(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.number("order_ref", report.order_ref.get())?;
            out.word("side", &report.side)?;
            out.number("qty", report.qty.get())?;
            out.shown("symbol", &report.symbol)?;
            out.price("price", report.price)?;
            out.word("tif", &report.time_in_force)?;
            out.word("state", &report.state)?;
            out.text("cl_ord_id", report.cl_ord_id.as_str())
        }
        Outbound::Replaced(report) => {
            out.number("orig_user_ref", report.orig_user_ref.get())?;
            out.number("user_ref", report.user_ref.get())?;
            out.number("order_ref", report.order_ref.get())?;
            out.word("side", &report.side)?;
            out.number("qty", report.qty.get())?;
            out.shown("symbol", &report.symbol)?;
            out.price("price", report.price)?;
            out.word("tif", &report.time_in_force)?;
            out.word("state", &report.state)?;
            out.text("cl_ord_id", report.cl_ord_id.as_str())
        }
        Outbound::Canceled(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.number("qty", report.qty.get())?;
            out.text("reason", &report.reason.to_string())
        }
        Outbound::AiqCanceled(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.number("qty", report.decremented_qty.get())?;
            out.text("reason", &report.reason.to_string())?;
            out.number("prevented_qty", report.prevented_qty.get())?;
            out.field("price", Value::Price(Some(report.price)))?;
            out.shown("liquidity", &char::from(report.liquidity.0))?;
            out.word("strategy", &report.strategy)
        }
        Outbound::Executed(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.number("qty", report.qty.get())?;
            out.field("price", Value::Price(Some(report.price)))?;
            out.shown("liquidity", &char::from(report.liquidity.0))?;
            out.number("match_number", report.match_number.get())
        }
        Outbound::BrokenTrade(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.number("match_number", report.match_number.get())?;
            out.word("reason", &report.reason)
        }
        Outbound::Rejected(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.text("reason", &report.reason.to_string())?;
            out.text("cl_ord_id", report.cl_ord_id.as_str())
        }
        Outbound::CancelPending(report) => out.number("user_ref", report.user_ref.get()),
        Outbound::CancelReject(report) => out.number("user_ref", report.user_ref.get()),
        Outbound::PriorityUpdate(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.field("price", Value::Price(Some(report.price)))?;
            out.word("display", &report.display)?;
            out.number("order_ref", report.order_ref.get())
        }
        Outbound::Modified(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.word("side", &report.side)?;
            out.number("qty", report.qty.get())
        }
        Outbound::Restated(report) => {
            out.number("user_ref", report.user_ref.get())?;
            out.word("reason", &report.reason)?;
            out.field("options", Value::Hex(report.appendage.as_bytes()))
        }
        Outbound::AccountQueryResponse(report) => out.number("next_user_ref", report.next_user_ref.get()),
    }
}

/// Tells a tick as a part named `tick`; its time is the command's.
///
/// # Errors
/// What is below refuses.
pub fn tick(tick: &Tick, symbol: &dyn Display, out: &mut dyn Fields) -> io::Result<()> {
    out.begin("tick", Some(tick_kind_of(tick.kind)))?;
    out.shown("symbol", symbol)?;
    out.word("side", &tick.side)?;
    out.field("price", Value::Price(Some(tick.price)))?;
    out.number("qty", tick.quantity)?;
    out.end()
}

/// The order that a report is about.
#[must_use]
pub const fn order_of(report: &Outbound<'_>) -> Option<UserRefNum> {
    match report {
        Outbound::Accepted(report) => Some(report.user_ref),
        Outbound::Replaced(report) => Some(report.user_ref),
        Outbound::Canceled(report) => Some(report.user_ref),
        Outbound::AiqCanceled(report) => Some(report.user_ref),
        Outbound::Executed(report) => Some(report.user_ref),
        Outbound::BrokenTrade(report) => Some(report.user_ref),
        Outbound::Rejected(report) => Some(report.user_ref),
        Outbound::CancelPending(report) => Some(report.user_ref),
        Outbound::CancelReject(report) => Some(report.user_ref),
        Outbound::PriorityUpdate(report) => Some(report.user_ref),
        Outbound::Modified(report) => Some(report.user_ref),
        Outbound::Restated(report) => Some(report.user_ref),
        Outbound::SystemEvent(_) | Outbound::AccountQueryResponse(_) => None,
    }
}

/// The name of a client's message.
#[must_use]
pub const fn kind_of(message: &Inbound<'_>) -> &'static str {
    match message {
        Inbound::EnterOrder(_) => "EnterOrder",
        Inbound::ReplaceOrder(_) => "ReplaceOrder",
        Inbound::CancelOrder(_) => "CancelOrder",
        Inbound::ModifyOrder(_) => "ModifyOrder",
        Inbound::AccountQuery(_) => "AccountQuery",
    }
}

/// The name of a report.
#[must_use]
pub const fn report_kind_of(report: &Outbound<'_>) -> &'static str {
    match report {
        Outbound::SystemEvent(_) => "SystemEvent",
        Outbound::Accepted(_) => "Accepted",
        Outbound::Replaced(_) => "Replaced",
        Outbound::Canceled(_) => "Canceled",
        Outbound::AiqCanceled(_) => "AiqCanceled",
        Outbound::Executed(_) => "Executed",
        Outbound::BrokenTrade(_) => "BrokenTrade",
        Outbound::Rejected(_) => "Rejected",
        Outbound::CancelPending(_) => "CancelPending",
        Outbound::CancelReject(_) => "CancelReject",
        Outbound::PriorityUpdate(_) => "PriorityUpdate",
        Outbound::Modified(_) => "Modified",
        Outbound::Restated(_) => "Restated",
        Outbound::AccountQueryResponse(_) => "AccountQueryResponse",
    }
}

/// The name of what a tick says.
const fn tick_kind_of(kind: TickKind) -> &'static str {
    match kind {
        TickKind::Trade => "Trade",
        TickKind::Quote => "Quote",
        TickKind::Status => "Status",
    }
}
