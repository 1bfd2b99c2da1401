//! From book events to reports and ticks.

use super::Numbers;
use crate::book::{BookEvent, BookReject, CancelReason, OrderKey, SelfMatch};
use crate::depth::Change;
use crate::instrument::InstrumentTable;
use crate::mark::Mark;
use crate::rules::ChannelRules;
use crate::session::Session;
use crate::sink::Sink;
use wire::ouch::{
    self, Accepted, AccountQueryResponse, AiqCanceled, Appendage, CancelReject, Canceled, ClOrdId, CrossType, Display,
    EnterOrder, Executed, LiquidityFlag, MESSAGE_LEN_MAX, Modified, ModifyOrder, OrderSide, OrderState, Outbound,
    PriorityUpdate, RejectReason, Rejected, ReplaceOrder, Replaced, RestateReason, Restated, SelfMatchCode,
};
use wire::tick::TickKind;
use wire::{InstrumentIndex, Nanos, OrderRef, Qty, Seq, SessionIndex, Side, UserRefNum};

/// The client message that is being processed; acknowledgements tell it back.
pub(super) enum Request<'a> {
    /// Enter Order.
    Enter(&'a EnterOrder<'a>),
    /// Replace Order, and the mark of the order to replace.
    Replace(&'a ReplaceOrder<'a>, Mark),
    /// Cancel Order.
    Cancel,
    /// Modify Order.
    Modify(&'a ModifyOrder),
    /// No client message: the venue acts by itself.
    Unsolicited,
}

impl Request<'_> {
    /// The client's own text, blank where the message has none.
    pub(super) const fn cl_ord_id(&self) -> ClOrdId {
        match self {
            Self::Enter(order) => order.cl_ord_id,
            Self::Replace(replace, _) => replace.cl_ord_id,
            Self::Cancel | Self::Modify(_) | Self::Unsolicited => ClOrdId::BLANK,
        }
    }
}

/// Writes reports and ticks for one command.
pub(super) struct Reporter<'a, S> {
    pub(super) cause: Seq,
    pub(super) time: Nanos,
    pub(super) sessions: &'a mut [Session],
    pub(super) instruments: &'a InstrumentTable,
    pub(super) channels: &'a [ChannelRules],
    pub(super) numbers: &'a mut Numbers,
    pub(super) sink: &'a mut S,
}

impl<S: Sink> Reporter<'_, S> {
    /// Tells what the book did.
    pub(super) fn on(&mut self, event: &BookEvent, request: &Request<'_>) {
        self.sink.book_event(event);
        match *event {
            BookEvent::Accepted { .. } => self.accepted(event, request),
            BookEvent::Replaced { .. } => {
                self.replaced(event, request);
                self.depth_replaced(event);
            }
            BookEvent::Elected { key, .. } => self.stop_reached(key),
            BookEvent::Trade { .. } => self.trade(event),
            BookEvent::Canceled { key, order_ref, instrument, side, qty, leaves, resting, reason, .. } => {
                self.depth_canceled(event);
                // An amendment to no more than has executed leaves nothing: the replacement is dead as it comes.
                let amended = reason == CancelReason::User && matches!(request, Request::Replace(..));
                if amended {
                    let place = (instrument, side);
                    let session = key.session();
                    self.acknowledge_replace(session, request, place, order_ref, Qty::ZERO, OrderState::Dead);
                } else {
                    self.canceled(key, qty, leaves, reason, resting, request);
                }
            }
            BookEvent::Rested { .. } => self.depth_rested(event),
            BookEvent::Refreshed { .. } => self.refreshed(event),
            BookEvent::Level { instrument, side, price, qty } => {
                self.tick(instrument, TickKind::Quote, side.into(), price, qty);
            }
            BookEvent::Rejected { key, reason } => match request {
                Request::Enter(_) | Request::Replace(..) => {
                    self.reject(key, reject_reason(reason), request.cl_ord_id());
                }
                Request::Cancel | Request::Modify(_) => self.cancel_reject(key),
                Request::Unsolicited => {}
            },
        }
    }

    /// Refuses an enter or a replace.
    pub(super) fn reject(&mut self, key: OrderKey, reason: RejectReason, cl_ord_id: ClOrdId) {
        let timestamp = self.time.into();
        let user_ref = key.user_ref();
        self.sink.rejected(key.session(), Some(reason));
        self.report(key.session(), Outbound::Rejected(Rejected { timestamp, user_ref, reason, cl_ord_id }));
    }

    /// Refuses a cancel or a modify.
    pub(super) fn cancel_reject(&mut self, key: OrderKey) {
        let timestamp = self.time.into();
        let user_ref = key.user_ref();
        self.sink.rejected(key.session(), None);
        self.report(key.session(), Outbound::CancelReject(CancelReject { timestamp, user_ref }));
    }

    /// Confirms a modify.
    pub(super) fn modified(&mut self, key: OrderKey, side: OrderSide, qty: Qty) {
        let timestamp = self.time.into();
        let user_ref = key.user_ref();
        self.report(key.session(), Outbound::Modified(Modified { timestamp, user_ref, side, qty }));
    }

    /// Tells the next free `UserRefNum`.
    pub(super) fn account_query(&mut self, session: SessionIndex) {
        let last = self.sessions[usize::from(session.0)].last_user_ref();
        let next_user_ref = UserRefNum(last.0.saturating_add(1));
        let timestamp = self.time.into();
        self.report(session, Outbound::AccountQueryResponse(AccountQueryResponse { timestamp, next_user_ref }));
    }

    fn accepted(&mut self, event: &BookEvent, request: &Request<'_>) {
        let (BookEvent::Accepted { key, order_ref, qty, .. }, Request::Enter(order)) = (*event, request) else {
            unreachable!("only an enter is accepted");
        };
        self.numbers.order_ref.0 += 1;
        self.report(
            key.session(),
            Outbound::Accepted(Accepted {
                timestamp: self.time.into(),
                user_ref: key.user_ref(),
                side: order.side,
                qty,
                symbol: order.symbol,
                price: order.price,
                time_in_force: order.time_in_force,
                display: order.display,
                order_ref,
                capacity: order.capacity,
                sweep: order.sweep,
                cross_type: order.cross_type,
                state: OrderState::Live,
                cl_ord_id: order.cl_ord_id,
                appendage: order.appendage,
            }),
        );
    }

    fn replaced(&mut self, event: &BookEvent, request: &Request<'_>) {
        let BookEvent::Replaced { key, order_ref, instrument, side, qty, kept_priority, .. } = *event else { return };
        if !kept_priority {
            self.numbers.order_ref.0 += 1;
        }
        self.acknowledge_replace(key.session(), request, (instrument, side), order_ref, qty, OrderState::Live);
    }

    fn acknowledge_replace(
        &mut self,
        session: SessionIndex,
        request: &Request<'_>,
        (instrument, side): (InstrumentIndex, Side),
        order_ref: OrderRef,
        qty: Qty,
        state: OrderState,
    ) {
        let Request::Replace(replace, mark) = request else { unreachable!("only a replace is replaced") };
        let message = Replaced {
            timestamp: self.time.into(),
            orig_user_ref: replace.orig_user_ref,
            user_ref: replace.user_ref,
            side: if mark.side().side() == side { mark.side() } else { side.into() },
            qty,
            symbol: self.instruments.get(instrument).symbol,
            price: replace.price,
            time_in_force: replace.time_in_force,
            display: replace.display,
            order_ref,
            capacity: mark.capacity(),
            sweep: replace.sweep,
            cross_type: CrossType::Continuous,
            state,
            cl_ord_id: replace.cl_ord_id,
            appendage: replace.appendage,
        };
        self.report(session, Outbound::Replaced(message));
    }

    /// Says that an order that waited enters the book now.
    fn stop_reached(&mut self, key: OrderKey) {
        let timestamp = self.time.into();
        let (user_ref, reason, appendage) = (key.user_ref(), RestateReason::StopReached, Appendage::EMPTY);
        self.report(key.session(), Outbound::Restated(Restated { timestamp, user_ref, reason, appendage }));
    }

    fn trade(&mut self, event: &BookEvent) {
        let BookEvent::Trade { instrument, maker, taker, maker_ref, maker_displayed, taker_side, price, qty, .. } =
            *event
        else {
            return;
        };
        let match_number = self.numbers.match_number;
        self.numbers.match_number.0 += 1;
        for (key, liquidity) in [(maker, LiquidityFlag::ADDED), (taker, LiquidityFlag::REMOVED)] {
            self.report(
                key.session(),
                Outbound::Executed(Executed {
                    timestamp: self.time.into(),
                    user_ref: key.user_ref(),
                    qty,
                    price,
                    liquidity,
                    match_number,
                    appendage: Appendage::EMPTY,
                }),
            );
        }
        self.tick(instrument, TickKind::Trade, taker_side.into(), price, qty.0);
        let change = if maker_displayed {
            Change::Executed { instrument, order_ref: maker_ref, qty, match_number }
        } else {
            Change::HiddenTrade { instrument, qty, price, match_number }
        };
        self.depth(instrument, change);
    }

    /// An iceberg shows its next slice at the back of its level.
    fn refreshed(&mut self, event: &BookEvent) {
        let BookEvent::Refreshed { key, order_ref, instrument, side, price, shown } = *event else { return };
        self.numbers.order_ref.0 += 1;
        let (timestamp, user_ref, display) = (self.time.into(), key.user_ref(), Display::Visible);
        let update = PriorityUpdate { timestamp, user_ref, price, display, order_ref };
        self.report(key.session(), Outbound::PriorityUpdate(update));
        self.depth(instrument, Change::Add { instrument, side, order_ref, qty: shown, price });
    }

    fn canceled(
        &mut self,
        key: OrderKey,
        qty: Qty,
        leaves: Qty,
        reason: CancelReason,
        resting: bool,
        request: &Request<'_>,
    ) {
        let timestamp = self.time.into();
        let user_ref = key.user_ref();
        if let CancelReason::SelfMatch { prevented, price, mode } = reason {
            let message = AiqCanceled {
                timestamp,
                user_ref,
                decremented_qty: qty,
                reason: ouch::CancelReason::SELF_MATCH,
                prevented_qty: prevented,
                price,
                liquidity: if resting { LiquidityFlag::ADDED } else { LiquidityFlag::REMOVED },
                strategy: self_match_code(mode),
            };
            self.report(key.session(), Outbound::AiqCanceled(message));
            return;
        }
        if let (Request::Modify(modify), false) = (request, leaves.is_zero()) {
            self.modified(key, modify.side, leaves);
            return;
        }
        let reason = cancel_reason(reason);
        self.report(key.session(), Outbound::Canceled(Canceled { timestamp, user_ref, qty, reason }));
    }

    fn report(&mut self, session: SessionIndex, message: Outbound<'_>) {
        let mut bytes = [0; MESSAGE_LEN_MAX];
        let len = message.encode(&mut bytes).expect("entry bounds the appendage, so every report fits");
        self.sessions[usize::from(session.0)].number_report();
        self.sink.report(self.cause, session, &bytes[..len]);
    }
}

const fn cancel_reason(reason: CancelReason) -> ouch::CancelReason {
    match reason {
        CancelReason::User | CancelReason::Reduced => ouch::CancelReason::USER,
        CancelReason::ImmediateRest | CancelReason::FillOrKill | CancelReason::MinQty => ouch::CancelReason::IMMEDIATE,
        CancelReason::SelfMatch { .. } => ouch::CancelReason::SELF_MATCH,
        CancelReason::SweepLimit => ouch::CancelReason::SWEEP_LIMIT,
        CancelReason::Disconnect => ouch::CancelReason::DISCONNECT,
        CancelReason::Expired => ouch::CancelReason::TIMEOUT,
        CancelReason::Operator => ouch::CancelReason::SUPERVISORY,
        CancelReason::Refused(BookReject::PostOnlyWouldTrade) => ouch::CancelReason::STOP_POST_ONLY,
        CancelReason::Refused(BookReject::MinQtyNotMet) => ouch::CancelReason::STOP_MIN_QUANTITY,
        CancelReason::Refused(_) => ouch::CancelReason::STOP_NO_ROOM,
    }
}

const fn reject_reason(reason: BookReject) -> RejectReason {
    match reason {
        BookReject::UnknownInstrument => RejectReason::INVALID_SYMBOL,
        // Neither can come from a checked message; both are refused rather than trusted.
        BookReject::UnknownSession | BookReject::DuplicateKey => RejectReason::OTHER,
        BookReject::NotAStop => RejectReason::NOT_A_STOP,
        BookReject::StopsFull => RejectReason::STOPS_FULL,
        BookReject::OffTick => RejectReason::PRICE_NOT_TICK,
        BookReject::NotLive | BookReject::NotReduced => RejectReason::NOT_LIVE,
        BookReject::ZeroQty => RejectReason::INVALID_QUANTITY,
        BookReject::PostOnlyWouldTrade => RejectReason::POST_ONLY_WOULD_TRADE,
        BookReject::MinQtyNotMet => RejectReason::MIN_QUANTITY_NOT_MET,
        BookReject::OrdersFull | BookReject::LevelsFull => RejectReason::BOOK_FULL,
        BookReject::LevelQuantityOverflow | BookReject::LiableOverflow => RejectReason::LEVEL_QUANTITY_OVERFLOW,
    }
}

const fn self_match_code(mode: SelfMatch) -> SelfMatchCode {
    match mode {
        SelfMatch::Allow => SelfMatchCode::Allow,
        SelfMatch::CancelNewest => SelfMatchCode::CancelNewest,
        SelfMatch::CancelOldest => SelfMatchCode::CancelOldest,
        SelfMatch::CancelBoth => SelfMatchCode::CancelBoth,
        SelfMatch::Decrement => SelfMatchCode::Decrement,
    }
}
