//! Messages of order entry in words, one line each.

use wire::UserRefNum;
use wire::ouch::{Inbound, Outbound};

/// What a message says, for people.
pub(super) struct Told;

impl Told {
    /// What a client asked for.
    pub fn inbound(message: &Inbound<'_>) -> String {
        let limit = |price: wire::Price, market: bool| if market { "market".to_owned() } else { price.to_string() };
        match message {
            Inbound::EnterOrder(order) => format!(
                "enter {}: {:?} {} {} at {}, {:?}",
                order.user_ref,
                order.side,
                order.qty,
                order.symbol,
                limit(order.price, order.is_market()),
                order.time_in_force
            ),
            Inbound::ReplaceOrder(order) => format!(
                "replace {} by {}: {} at {}, {:?}",
                order.orig_user_ref,
                order.user_ref,
                order.qty,
                limit(order.price, order.is_market()),
                order.time_in_force
            ),
            Inbound::CancelOrder(order) => format!("cancel {} down to {}", order.user_ref, order.qty),
            Inbound::ModifyOrder(order) => format!("modify {}: {:?} {}", order.user_ref, order.side, order.qty),
            Inbound::AccountQuery(_) => "account query".to_owned(),
        }
    }

    /// What the venue answered.
    pub fn outbound(report: &Outbound<'_>) -> String {
        match report {
            Outbound::Accepted(report) => format!(
                "accepted {} as order {}: {:?} {} at {}, {:?}",
                report.user_ref, report.order_ref, report.side, report.qty, report.price, report.state
            ),
            Outbound::Replaced(report) => format!(
                "replaced {} by {} as order {}: {} open at {}",
                report.orig_user_ref, report.user_ref, report.order_ref, report.qty, report.price
            ),
            Outbound::Canceled(report) => {
                format!("canceled {}: {} taken off, {}", report.user_ref, report.qty, report.reason)
            }
            Outbound::AiqCanceled(report) => format!(
                "canceled {}: {} taken off, {}, would have traded {} at {}",
                report.user_ref, report.decremented_qty, report.reason, report.prevented_qty, report.price
            ),
            Outbound::Executed(report) => format!(
                "executed {}: {} at {}, trade {}",
                report.user_ref, report.qty, report.price, report.match_number
            ),
            Outbound::Rejected(report) => format!("rejected {}: {}", report.user_ref, report.reason),
            // Rare ones: their fields have the names of the specification.
            other => format!("{other:?}"),
        }
    }

    /// The order that a report is about.
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
}
