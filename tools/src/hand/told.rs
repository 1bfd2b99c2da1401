//! A report in words: short for people who trade, field by field for those who look closely and for programs.
//!
//! Goal: the same words on a screen, on stdout and in a script's complaints. Non-goal: reports about nothing of ours.

use super::instruction::At;
use super::own_orders::reject_code;
use super::words::{SIDES, word_of};
use crate::cells::Clock;
use crate::tell::{Fields, JsonLine, TextLine, outbound, report_kind_of};
use std::io::{self, Write};
use wire::TimeOfDay;
use wire::ouch::Outbound;

/// A report in as few words as say it.
#[must_use]
pub fn short(report: &Outbound<'_>) -> String {
    match report {
        Outbound::SystemEvent(report) => format!("system {:?}", report.event),
        Outbound::Accepted(report) => {
            let (side, at) = (word_of(SIDES, report.side), At(report.price));
            format!("accepted {} {side} {} {} @ {at}", report.user_ref, report.qty, report.symbol)
        }
        Outbound::Replaced(report) => {
            let (side, at) = (word_of(SIDES, report.side), At(report.price));
            let (order, by) = (report.orig_user_ref, report.user_ref);
            format!("replaced {order} by {by} {side} {} {} @ {at}", report.qty, report.symbol)
        }
        Outbound::Canceled(report) => {
            let (code, words) = (report.reason.0.escape_ascii(), report.reason.describe());
            format!("canceled {} {} {code} {words}", report.user_ref, report.qty)
        }
        Outbound::AiqCanceled(report) => {
            let (qty, code) = (report.decremented_qty, report.reason.0.escape_ascii());
            format!("prevented {} {qty} {code} {:?}", report.user_ref, report.strategy)
        }
        Outbound::Executed(report) => {
            let flag = char::from(report.liquidity.0);
            format!(
                "executed {} {} @ {} {flag} trade {}",
                report.user_ref, report.qty, report.price, report.match_number
            )
        }
        Outbound::BrokenTrade(report) => format!("broken {} trade {}", report.user_ref, report.match_number),
        Outbound::Rejected(report) => {
            format!("rejected {} {} {}", report.user_ref, reject_code(report.reason), report.reason.describe())
        }
        Outbound::CancelPending(report) => format!("cancel pending {}", report.user_ref),
        Outbound::CancelReject(report) => format!("cancel rejected {}: it changes nothing", report.user_ref),
        Outbound::PriorityUpdate(report) => format!("new place {} @ {}", report.user_ref, report.price),
        Outbound::Modified(report) => {
            format!("modified {} {} {}", report.user_ref, word_of(SIDES, report.side), report.qty)
        }
        Outbound::Restated(report) => format!("restated {} {:?}", report.user_ref, report.reason),
        Outbound::AccountQueryResponse(report) => format!("next number {}", report.next_user_ref),
    }
}

/// When it was made.
#[must_use]
pub const fn time_of(report: &Outbound<'_>) -> TimeOfDay {
    match report {
        Outbound::SystemEvent(report) => report.timestamp,
        Outbound::Accepted(report) => report.timestamp,
        Outbound::Replaced(report) => report.timestamp,
        Outbound::Canceled(report) => report.timestamp,
        Outbound::AiqCanceled(report) => report.timestamp,
        Outbound::Executed(report) => report.timestamp,
        Outbound::BrokenTrade(report) => report.timestamp,
        Outbound::Rejected(report) => report.timestamp,
        Outbound::CancelPending(report) => report.timestamp,
        Outbound::CancelReject(report) => report.timestamp,
        Outbound::PriorityUpdate(report) => report.timestamp,
        Outbound::Modified(report) => report.timestamp,
        Outbound::Restated(report) => report.timestamp,
        Outbound::AccountQueryResponse(report) => report.timestamp,
    }
}

/// Whether it says no.
#[must_use]
pub const fn is_refusal(report: &Outbound<'_>) -> bool {
    matches!(report, Outbound::Rejected(_) | Outbound::CancelReject(_))
}

/// Prints one line with every field; with the time that an answer took, where it is one.
///
/// # Errors
/// `out` refuses.
pub fn print(
    sequence: u64,
    report: &Outbound<'_>,
    latency_ns: Option<u64>,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let kind = report_kind_of(report);
    if json {
        let mut line = JsonLine::begin(out)?;
        fields(&mut line, sequence, report, latency_ns, |line| {
            line.begin("report", Some(kind))?;
            outbound(report, line)?;
            code(report, line)?;
            line.end()
        })?;
        return line.finish();
    }
    write!(out, "{} {kind}", Clock(time_of(report)))?;
    let mut line = TextLine::new(out);
    outbound(report, &mut line)?;
    if let Some(latency_ns) = latency_ns {
        <dyn Fields>::number(&mut line, "latency_ns", latency_ns)?;
    }
    writeln!(out)
}

fn fields(
    line: &mut dyn Fields,
    sequence: u64,
    report: &Outbound<'_>,
    latency_ns: Option<u64>,
    rest: impl FnOnce(&mut dyn Fields) -> io::Result<()>,
) -> io::Result<()> {
    line.number("sequence", sequence)?;
    line.shown("time", &Clock(time_of(report)))?;
    if let Some(latency_ns) = latency_ns {
        line.number("latency_ns", latency_ns)?;
    }
    rest(line)
}

/// What a program looks at: the words are for people.
fn code(report: &Outbound<'_>, line: &mut dyn Fields) -> io::Result<()> {
    match report {
        Outbound::Rejected(report) => line.text("code", &reject_code(report.reason)),
        Outbound::Canceled(report) => line.text("code", &report.reason.0.escape_ascii().to_string()),
        _ => Ok(()),
    }
}
