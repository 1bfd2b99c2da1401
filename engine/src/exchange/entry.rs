//! From OUCH inbound messages to book commands: numbering, entry checks, defaults.

use super::Exchange;
use super::reporter::{Reporter, Request};
use crate::book::{Book, BookCommand, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind, TimeInForce};
use crate::book::{CancelReason, OrderView, SelfMatch};
use crate::command::Command;
use crate::instrument::{Instrument, TermsError};
use crate::mark::Mark;
use crate::milestone::Milestone;
use crate::sink::Sink;
use wire::ouch::{
    self, Appendage, CancelOrder, CrossType, Display, EnterOrder, Identity, Inbound, MESSAGE_LEN_MAX, ModifyOrder,
    OptionValue, OrderSide, RejectReason, ReplaceOrder, SelfMatchCode,
};
use wire::{Price, Qty, SessionIndex, Side};

/// The longest appendage that an acknowledgement can tell back.
const APPENDAGE_ECHO_MAX: usize = MESSAGE_LEN_MAX - ouch::Replaced::SIZE;

/// What an order asks for beside price and quantity, checked.
struct Terms {
    tif: TimeInForce,
    post_only: bool,
    min_qty: Qty,
    self_match: SelfMatch,
    display: Qty,
    hidden: bool,
    stop: Option<Price>,
    re_enter: bool,
    side: Option<Side>,
}

impl Exchange {
    /// Processes one client message. It is answered by at least one report, unless it is a retransmission.
    pub(super) fn enter(&mut self, command: &Command<'_>, session: SessionIndex, bytes: &[u8], sink: &mut impl Sink) {
        let message = match Inbound::decode(bytes) {
            Ok(message) => message,
            Err(error) => {
                let identity = Identity::of(bytes);
                let reason = RejectReason::from_decode_error(&error);
                let key = OrderKey::new(session, identity.user_ref);
                self.reporter(command, sink).1.reject(key, reason, identity.cl_ord_id);
                return;
            }
        };
        sink.reached(command.seq, Milestone::Decode);
        if let Inbound::EnterOrder(EnterOrder { user_ref, .. }) | Inbound::ReplaceOrder(ReplaceOrder { user_ref, .. }) =
            message
            && !self.sessions[usize::from(session.0)].take_user_ref(user_ref)
        {
            self.ignored += 1;
            return;
        }
        match message {
            Inbound::EnterOrder(order) => {
                let built = self.new_order(session, &order);
                let key = OrderKey::new(session, order.user_ref);
                self.submit(command, key, built, &Request::Enter(&order), sink);
            }
            Inbound::ReplaceOrder(replace) => {
                let (built, mark) = match self.replace(session, &replace) {
                    Ok((built, mark)) => (Ok(built), mark),
                    Err(reason) => (Err(reason), Mark::default()),
                };
                let key = OrderKey::new(session, replace.user_ref);
                self.submit(command, key, built, &Request::Replace(&replace, mark), sink);
            }
            Inbound::CancelOrder(CancelOrder { user_ref, .. }) | Inbound::ModifyOrder(ModifyOrder { user_ref, .. })
                if self.market_closed =>
            {
                // Whoever follows the market data has heard its end: the book stays what it says.
                self.reporter(command, sink).1.cancel_reject(OrderKey::new(session, user_ref));
            }
            Inbound::CancelOrder(CancelOrder { user_ref, qty }) => {
                let key = OrderKey::new(session, user_ref);
                let cancel = reduction(key, qty);
                self.submit(command, key, Ok(cancel), &Request::Cancel, sink);
            }
            Inbound::ModifyOrder(modify) => self.modify(command, session, &modify, sink),
            Inbound::AccountQuery(_) => {
                self.reporter(command, sink).1.account_query(session);
            }
        }
    }

    /// Hands a command to the book, or answers why it does not get there.
    fn submit(
        &mut self,
        command: &Command<'_>,
        key: OrderKey,
        built: Result<BookCommand, RejectReason>,
        request: &Request<'_>,
        sink: &mut impl Sink,
    ) {
        sink.reached(command.seq, Milestone::Risk);
        let (book, mut reporter) = self.reporter(command, sink);
        match built {
            Ok(command) => apply(book, &command, &mut reporter, request),
            Err(reason) => reporter.reject(key, reason, request.cl_ord_id()),
        }
    }

    /// Whether orders may enter.
    const fn check_open(&self) -> Result<(), RejectReason> {
        if self.market_closed {
            return Err(RejectReason::MARKET_CLOSED);
        }
        if self.entry_closed {
            return Err(RejectReason::ENTRY_CLOSED);
        }
        Ok(())
    }

    fn new_order(&self, session: SessionIndex, order: &EnterOrder<'_>) -> Result<BookCommand, RejectReason> {
        self.check_open()?;
        let state = &self.sessions[usize::from(session.0)];
        if self.book.open_orders(session) >= state.open_orders_max() {
            return Err(RejectReason::OPEN_ORDER_LIMIT);
        }
        let index = self.instruments.find(order.symbol).ok_or(RejectReason::INVALID_SYMBOL)?;
        let instrument = self.instruments.get(index);
        if order.cross_type != CrossType::Continuous {
            return Err(RejectReason::INVALID_CROSS_ORDER);
        }
        let owner = state.member();
        let default_mode = self.members[usize::from(owner.0)].self_match;
        let terms = terms(order.time_in_force, order.display, order.appendage, default_mode, false)?;
        instrument.check_quantity(order.qty).map_err(reject_reason)?;
        check_parts(instrument, &terms, order.qty)?;
        let side = order.side.side();
        let (price, tif) = self.limit(index, side, order.price, terms.tif, terms.stop)?;
        Ok(BookCommand::New(NewOrder {
            instrument: index,
            key: OrderKey::new(session, order.user_ref),
            order_ref: self.numbers.order_ref,
            owner,
            side,
            price,
            qty: order.qty,
            tif,
            post_only: terms.post_only,
            min_qty: terms.min_qty,
            self_match: terms.self_match,
            display: terms.display,
            hidden: terms.hidden,
            stop: terms.stop,
            mark: Mark::new(order.side, order.capacity).0,
        }))
    }

    /// The book's command, and the mark of the order to replace.
    fn replace(&self, session: SessionIndex, replace: &ReplaceOrder<'_>) -> Result<(BookCommand, Mark), RejectReason> {
        // Also one that would make the order smaller: it may trade, join another queue, and move what others see. A cancel can take any
        // quantity away.
        self.check_open()?;
        let key = OrderKey::new(session, replace.orig_user_ref);
        let live = self.book.order(key).ok_or(RejectReason::NOT_LIVE)?;
        let instrument = self.instruments.get(live.instrument);
        let owner = self.sessions[usize::from(session.0)].member();
        let default_mode = self.members[usize::from(owner.0)].self_match;
        let terms = terms(replace.time_in_force, replace.display, replace.appendage, default_mode, true)?;
        if terms.side.is_some() && !terms.re_enter {
            return Err(RejectReason::OPTION_UNSUPPORTED);
        }
        instrument.check_quantity(replace.qty).map_err(reject_reason)?;
        check_parts(instrument, &terms, replace.qty)?;
        let side = terms.side.unwrap_or(live.side);
        let stop = terms.stop.or(live.stop);
        let (price, tif) = self.limit(live.instrument, side, replace.price, terms.tif, stop)?;
        let kind = if terms.re_enter {
            ReplaceKind::ReEnter { side: terms.side }
        } else {
            ReplaceKind::Amend { basis: QtyBasis::Intended }
        };
        let command = BookCommand::Replace(Replace {
            key,
            new_key: OrderKey::new(session, replace.user_ref),
            order_ref: self.numbers.order_ref,
            price,
            qty: replace.qty,
            kind,
            tif,
            post_only: terms.post_only,
            min_qty: terms.min_qty,
            self_match: terms.self_match,
            display: terms.display,
            hidden: terms.hidden,
            stop: terms.stop,
        });
        Ok((command, Mark(live.mark)))
    }

    /// OUCH 5.0 §2.4: another short-sale marking, and no more quantity than before.
    fn modify(&mut self, command: &Command<'_>, session: SessionIndex, modify: &ModifyOrder, sink: &mut impl Sink) {
        let key = OrderKey::new(session, modify.user_ref);
        let allowed = self.book.order(key).is_some_and(|live: OrderView| {
            let unchanged = Mark(live.mark).side() == modify.side;
            let both_sells = live.side == Side::Sell && modify.side != OrderSide::Buy;
            (unchanged || both_sells) && modify.qty <= live.liable
        });
        sink.reached(command.seq, Milestone::Risk);
        let (book, mut reporter) = self.reporter(command, sink);
        if !allowed {
            reporter.cancel_reject(key);
            return;
        }
        book.set_mark(key, |mark| Mark(mark).with_side(modify.side).0);
        let unchanged = book.order(key).is_some_and(|live| live.liable == modify.qty);
        if unchanged {
            reporter.modified(key, modify.side, book.order(key).map_or(Qty::ZERO, |live| live.leaves));
            return;
        }
        apply(book, &reduction(key, modify.qty), &mut reporter, &Request::Modify(modify));
    }

    /// The limit that the book works with, and how long what is left of the order may stay. A market order is protected from its
    /// stop price on, or from the best price now where it does not wait for one.
    fn limit(
        &self,
        index: wire::InstrumentIndex,
        side: Side,
        price: Price,
        tif: TimeInForce,
        stop: Option<Price>,
    ) -> Result<(Price, TimeInForce), RejectReason> {
        let instrument = self.instruments.get(index);
        if price != ouch::MARKET_PRICE {
            instrument.check_price(price).map_err(reject_reason)?;
            return Ok((price, tif));
        }
        let worst = match side {
            Side::Buy => Price::MAX,
            Side::Sell => Price::MIN,
        };
        let start = stop.or_else(|| self.book.best(index, side.opposite()).map(|(best, _)| best));
        let limit = match (instrument.market_protection, start) {
            (Some(band), Some(start)) if side == Side::Buy => Price(start.0.saturating_add(band)),
            (Some(band), Some(start)) => Price(start.0.saturating_sub(band)),
            _ => worst,
        };
        // A market order never rests.
        Ok((limit, if tif == TimeInForce::Fok { tif } else { TimeInForce::Ioc }))
    }
}

fn apply<S: Sink>(book: &mut Book, command: &BookCommand, reporter: &mut Reporter<'_, S>, request: &Request<'_>) {
    book.apply(command, &mut |event| reporter.on(&event, request));
}

/// An intended order size of zero takes the whole rest away (OUCH 5.0 §2.3).
const fn reduction(key: OrderKey, intended: Qty) -> BookCommand {
    if intended.is_zero() {
        BookCommand::Cancel { key, reason: CancelReason::User }
    } else {
        BookCommand::Reduce { key, to: ReduceTo::Intended(intended) }
    }
}

/// Slices and minimum quantities are quantities too, and no larger than the order; a stop price is a price.
fn check_parts(instrument: &Instrument, terms: &Terms, qty: Qty) -> Result<(), RejectReason> {
    if !terms.min_qty.is_zero() && (instrument.check_quantity(terms.min_qty).is_err() || terms.min_qty > qty) {
        return Err(RejectReason::INVALID_MIN_QUANTITY);
    }
    if !terms.display.is_zero() && (instrument.check_quantity(terms.display).is_err() || terms.display > qty) {
        return Err(RejectReason::INVALID_MAX_FLOOR);
    }
    if terms.stop.is_some_and(|stop| instrument.check_price(stop).is_err()) {
        return Err(RejectReason::INVALID_STOP_PRICE);
    }
    Ok(())
}

fn terms(
    tif: ouch::TimeInForce,
    display: Display,
    appendage: Appendage<'_>,
    default_mode: SelfMatch,
    is_replace: bool,
) -> Result<Terms, RejectReason> {
    let hidden = match display {
        Display::Visible | Display::Attributable => false,
        Display::Hidden => true,
        Display::Conformant => return Err(RejectReason::INVALID_DISPLAY),
    };
    let tif = match tif {
        ouch::TimeInForce::Day => TimeInForce::Day,
        ouch::TimeInForce::GoodTillCancel => TimeInForce::Gtc,
        ouch::TimeInForce::ImmediateOrCancel => TimeInForce::Ioc,
        ouch::TimeInForce::FillOrKill => TimeInForce::Fok,
        ouch::TimeInForce::ExtendedHours | ouch::TimeInForce::GoodTillTime | ouch::TimeInForce::AfterHours => {
            return Err(RejectReason::TIME_IN_FORCE_UNSUPPORTED);
        }
    };
    if appendage.as_bytes().len() > APPENDAGE_ECHO_MAX {
        return Err(RejectReason::OPTION_UNSUPPORTED);
    }
    let mut terms = Terms {
        tif,
        post_only: false,
        min_qty: Qty::ZERO,
        self_match: default_mode,
        display: Qty::ZERO,
        hidden,
        stop: None,
        re_enter: false,
        side: None,
    };
    for option in appendage.iter() {
        match option {
            OptionValue::MinQty(qty) => terms.min_qty = qty,
            OptionValue::MaxFloor(qty) => terms.display = qty,
            OptionValue::PostOnly(value) => terms.post_only = value == ouch::options::PostOnly::Yes,
            OptionValue::SelfMatch(code) => terms.self_match = self_match(code),
            OptionValue::StopPrice(price) => terms.stop = Some(price),
            OptionValue::ReEnter(_) if is_replace => terms.re_enter = true,
            OptionValue::Side(side) if is_replace => terms.side = Some(side),
            // Told back, and of no influence on what the order does.
            OptionValue::Firm(_)
            | OptionValue::CustomerType(_)
            | OptionValue::GroupId(_)
            | OptionValue::SharesLocated(_) => {}
            // Everything else would change what the order does in a way that this venue does not offer.
            _ => return Err(RejectReason::OPTION_UNSUPPORTED),
        }
    }
    Ok(terms)
}

const fn self_match(code: SelfMatchCode) -> SelfMatch {
    match code {
        SelfMatchCode::CancelNewest => SelfMatch::CancelNewest,
        SelfMatchCode::CancelOldest => SelfMatch::CancelOldest,
        SelfMatchCode::CancelBoth => SelfMatch::CancelBoth,
        SelfMatchCode::Decrement => SelfMatch::Decrement,
        SelfMatchCode::Allow => SelfMatch::Allow,
    }
}

const fn reject_reason(error: TermsError) -> RejectReason {
    match error {
        TermsError::Quantity => RejectReason::INVALID_QUANTITY,
        TermsError::QuantityLot => RejectReason::QUANTITY_NOT_LOT,
        TermsError::PriceBounds => RejectReason::INVALID_PRICE,
        TermsError::PriceTick => RejectReason::PRICE_NOT_TICK,
    }
}
