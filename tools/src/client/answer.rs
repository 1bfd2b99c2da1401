//! Which report answers which message.
//!
//! Every message is answered by exactly one report, in order; other reports (executions, cancels that nobody asked for) may
//! stand in between. So only the oldest unanswered message has to be compared.

use wire::UserRefNum;
use wire::ouch::inbound::Identity;
use wire::ouch::{AccountQuery, CancelOrder, CancelReason, EnterOrder, ModifyOrder, Outbound, ReplaceOrder};

/// Whether `report` is the answer to `message`, the oldest one unanswered.
pub(crate) fn answers(message: &[u8], report: &Outbound<'_>) -> bool {
    let about = Identity::of(message).user_ref;
    let user_ref = match report {
        // Any message may be refused; one whose number could not be read is refused under the number 0.
        Outbound::Rejected(rejected) => return rejected.user_ref == about || rejected.user_ref == UserRefNum(0),
        Outbound::Accepted(accepted) => accepted.user_ref,
        Outbound::Replaced(replaced) => replaced.user_ref,
        Outbound::Canceled(canceled) if canceled.reason == CancelReason::USER => canceled.user_ref,
        Outbound::CancelReject(rejected) => rejected.user_ref,
        Outbound::Modified(modified) => modified.user_ref,
        Outbound::AccountQueryResponse(_) => return message.first() == Some(&AccountQuery::TYPE),
        _ => return false,
    };
    let fits = match message.first() {
        Some(&EnterOrder::TYPE) => matches!(report, Outbound::Accepted(_)),
        Some(&ReplaceOrder::TYPE) => matches!(report, Outbound::Replaced(_)),
        Some(&CancelOrder::TYPE) => matches!(report, Outbound::Canceled(_) | Outbound::CancelReject(_)),
        Some(&ModifyOrder::TYPE) => {
            matches!(report, Outbound::Modified(_) | Outbound::Canceled(_) | Outbound::CancelReject(_))
        }
        _ => false,
    };
    fits && user_ref == about
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Qty;
    use wire::TimeOfDay;
    use wire::ouch::{CancelReject, Canceled};

    fn cancel(user_ref: u32) -> Vec<u8> {
        let mut bytes = vec![0; CancelOrder::SIZE];
        CancelOrder { user_ref: UserRefNum(user_ref), qty: Qty(0) }.encode(&mut bytes).expect("room");
        bytes
    }

    #[test]
    fn a_cancel_is_answered_by_what_it_asked_for_or_by_its_reject() {
        let timestamp = TimeOfDay(1);
        let canceled = |user_ref, reason| {
            Outbound::Canceled(Canceled { timestamp, user_ref: UserRefNum(user_ref), qty: Qty(1), reason })
        };
        assert!(answers(&cancel(7), &canceled(7, CancelReason::USER)));
        assert!(!answers(&cancel(7), &canceled(7, CancelReason::IMMEDIATE)), "nobody asked for this one");
        assert!(!answers(&cancel(7), &canceled(8, CancelReason::USER)));
        let reject = Outbound::CancelReject(CancelReject { timestamp, user_ref: UserRefNum(7) });
        assert!(answers(&cancel(7), &reject));
        assert!(!answers(&[AccountQuery::TYPE], &reject));
    }
}
