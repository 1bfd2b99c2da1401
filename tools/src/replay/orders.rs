//! From a recording's order ids to the numbers under which the venue knows the orders.
//!
//! Goal: encode each recorded action as one OUCH 5.0 message without waiting for answers. Non-goal: knowing which orders live; that is
//! the venue's business, so an action on a dead or unknown order is sent all the same.
//!
//! Memory grows with the number of orders in the recording, 40 bytes or so each.

use std::collections::{HashMap, VecDeque};

use feedhandler::{Action, FlowItem};
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, SelfMatchCode, TimeInForce, YesNo};
use wire::ouch::options::ReEnter;
use wire::ouch::{AppendageBuffer, CancelOrder, EnterOrder, OptionValue, ReplaceOrder};
use wire::{Price, Qty, Side, UserRefNum};

/// What is known of an order by what was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Its id in the recording.
    pub(super) id: u64,
    /// Its limit.
    pub(super) price: Price,
    /// All that may ever execute of it, as OUCH counts a reduction.
    pub(super) intended: u32,
    /// Its side.
    pub(super) side: Side,
}

/// What a message asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A new order.
    Enter(UserRefNum),
    /// A new order in the place of another.
    Replace {
        /// The one that ends.
        old: UserRefNum,
        /// The one that begins.
        new: UserRefNum,
    },
    /// Less of an order, or none.
    Cancel(UserRefNum),
    /// Nothing: a fence.
    Query,
}

/// The numbers of one replay's orders.
#[derive(Debug)]
pub(super) struct Orders {
    first: u32,
    sent: Vec<Sent>,
    by_id: HashMap<u64, UserRefNum>,
    /// Numbers of orders sent to repeat an execution, with the maker that the recording names.
    expected_makers: VecDeque<(UserRefNum, u64)>,
    options: Options,
}

/// The two appendages that are sent, made once.
#[derive(Debug)]
struct Options {
    enter: AppendageBuffer,
    replace: [AppendageBuffer; 2],
}

/// The message does not fit, or the session has used up its 32-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumbersExhausted;

impl Orders {
    /// Numbers begin above `last`, the highest one used.
    pub(super) fn new(last: UserRefNum) -> Self {
        // A recording has no members: its orders trade with each other whatever the rule of the member that sends them.
        let enter = appendage(&[OptionValue::SelfMatch(SelfMatchCode::Allow)]);
        let replace = [Side::Buy, Side::Sell].map(|side| {
            appendage(&[
                OptionValue::ReEnter(ReEnter::Yes),
                OptionValue::Side(side),
                OptionValue::SelfMatch(SelfMatchCode::Allow),
            ])
        });
        Self {
            first: last.0.saturating_add(1),
            sent: Vec::new(),
            by_id: HashMap::new(),
            expected_makers: VecDeque::new(),
            options: Options { enter, replace },
        }
    }

    /// What was sent under a number, when it is one of ours.
    pub(super) fn sent(&self, user_ref: UserRefNum) -> Option<&Sent> {
        self.sent.get(usize::try_from(user_ref.0.checked_sub(self.first)?).ok()?)
    }

    /// The maker that a repeated execution should meet.
    pub(super) fn expected_maker(&mut self, taker: UserRefNum) -> Option<u64> {
        while let Some((number, _)) = self.expected_makers.front()
            && *number < taker
        {
            self.expected_makers.pop_front();
        }
        self.expected_makers.front().filter(|(number, _)| *number == taker).map(|(_, maker)| *maker)
    }

    /// A replace was refused: the id means the order that it meant before, unless it means yet another by now.
    pub(super) fn undo_replace(&mut self, old: UserRefNum, new: UserRefNum) {
        let Some((id, old_id)) = self.sent(new).zip(self.sent(old)).map(|(new, old)| (new.id, old.id)) else { return };
        if id == old_id && self.by_id.get(&id) == Some(&new) {
            self.by_id.insert(id, old);
        }
    }

    /// Writes the message for an action into `out` and says what it asks for, and its length.
    pub(super) fn encode(
        &mut self,
        item: &FlowItem,
        out: &mut [u8],
    ) -> Result<(Request, Option<usize>), NumbersExhausted> {
        match item.action {
            Action::Add { id, instrument, side, price, qty, immediate } => {
                let user_ref = self.number(Sent { id, price, intended: qty.0, side })?;
                self.by_id.insert(id, user_ref);
                let tif = if immediate { TimeInForce::ImmediateOrCancel } else { TimeInForce::Day };
                Ok((Request::Enter(user_ref), self.enter(user_ref, side, qty, instrument, price, tif).encode(out)))
            }
            Action::Execute { id, instrument, side, price, qty, .. } => {
                // The taker has no id in the recording; the maker's stands for it.
                let user_ref = self.number(Sent { id, price, intended: qty.0, side })?;
                self.expected_makers.push_back((user_ref, id));
                let tif = TimeInForce::ImmediateOrCancel;
                Ok((Request::Enter(user_ref), self.enter(user_ref, side, qty, instrument, price, tif).encode(out)))
            }
            Action::Cancel { id } => {
                let user_ref = self.number_of(id)?;
                Ok((Request::Cancel(user_ref), CancelOrder { user_ref, qty: Qty(0) }.encode(out)))
            }
            Action::Reduce { id, by } => {
                let user_ref = self.number_of(id)?;
                let position = usize::try_from(user_ref.0 - self.first).map_err(|_| NumbersExhausted)?;
                let intended = &mut self.sent[position].intended;
                *intended = intended.saturating_sub(by.0);
                Ok((Request::Cancel(user_ref), CancelOrder { user_ref, qty: Qty(*intended) }.encode(out)))
            }
            Action::Modify { id, side, price, qty } => self.replace(id, id, Some(side), price, qty, out),
            Action::Replace { old_id, new_id, price, qty } => self.replace(old_id, new_id, None, price, qty, out),
        }
    }

    fn replace(
        &mut self,
        old_id: u64,
        new_id: u64,
        side: Option<Side>,
        price: Price,
        qty: Qty,
        out: &mut [u8],
    ) -> Result<(Request, Option<usize>), NumbersExhausted> {
        let old = self.number_of(old_id)?;
        let side = side.or_else(|| self.sent(old).map(|sent| sent.side)).unwrap_or(Side::Buy);
        let new = self.number(Sent { id: new_id, price, intended: qty.0, side })?;
        self.by_id.insert(new_id, new);
        let message = ReplaceOrder {
            orig_user_ref: old,
            user_ref: new,
            qty,
            price,
            time_in_force: TimeInForce::Day,
            display: Display::Visible,
            sweep: YesNo::No,
            cl_ord_id: ClOrdId::BLANK,
            appendage: self.options.replace[side.index()].view(),
        };
        Ok((Request::Replace { old, new }, message.encode(out)))
    }

    fn enter(
        &self,
        user_ref: UserRefNum,
        side: Side,
        qty: Qty,
        symbol: wire::Symbol,
        price: Price,
        time_in_force: TimeInForce,
    ) -> EnterOrder<'_> {
        EnterOrder {
            user_ref,
            side: OrderSide::from(side),
            qty,
            symbol,
            price,
            time_in_force,
            display: Display::Visible,
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::BLANK,
            appendage: self.options.enter.view(),
        }
    }

    /// The number under which an id was sent last. An id that was never sent gets a number that no order will ever have, so that the
    /// venue says that there is no such order.
    fn number_of(&mut self, id: u64) -> Result<UserRefNum, NumbersExhausted> {
        if let Some(user_ref) = self.by_id.get(&id) {
            return Ok(*user_ref);
        }
        let user_ref = self.number(Sent { id, price: Price(0), intended: 0, side: Side::Buy })?;
        self.by_id.insert(id, user_ref);
        Ok(user_ref)
    }

    fn number(&mut self, sent: Sent) -> Result<UserRefNum, NumbersExhausted> {
        let offset = u32::try_from(self.sent.len()).map_err(|_| NumbersExhausted)?;
        let number = self.first.checked_add(offset).ok_or(NumbersExhausted)?;
        self.sent.push(sent);
        Ok(UserRefNum(number))
    }
}

fn appendage(options: &[OptionValue]) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    for option in options {
        assert!(buffer.push(*option), "a few short options fit");
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Symbol;
    use wire::ouch::Inbound;

    fn item(action: Action) -> FlowItem {
        FlowItem { seq: 0, time_ns: None, action }
    }

    fn encode(orders: &mut Orders, action: Action) -> (Request, Vec<u8>) {
        let mut bytes = [0; 128];
        let (request, len) = orders.encode(&item(action), &mut bytes).expect("numbers are left");
        (request, bytes[..len.expect("room")].to_vec())
    }

    fn add(id: u64, qty: u32) -> Action {
        let instrument = Symbol::new("PINION").expect("short");
        Action::Add { id, instrument, side: Side::Buy, price: Price(100), qty: Qty(qty), immediate: false }
    }

    #[test]
    fn numbers_rise_above_what_the_venue_has_seen() {
        let mut orders = Orders::new(UserRefNum(41));
        assert_eq!(encode(&mut orders, add(7, 10)).0, Request::Enter(UserRefNum(42)));
        let modify = Action::Modify { id: 7, side: Side::Sell, price: Price(99), qty: Qty(5) };
        let (request, bytes) = encode(&mut orders, modify);
        assert_eq!(request, Request::Replace { old: UserRefNum(42), new: UserRefNum(43) });
        let Ok(Inbound::ReplaceOrder(replace)) = Inbound::decode(&bytes) else { panic!("not a replace") };
        let options = replace.appendage.options();
        assert!(options.re_enter);
        assert_eq!((options.side, replace.qty, replace.price), (Some(Side::Sell), Qty(5), Price(99)));
        assert_eq!(encode(&mut orders, Action::Cancel { id: 7 }).0, Request::Cancel(UserRefNum(43)));
    }

    #[test]
    fn a_reduction_states_the_new_intended_quantity_whatever_has_executed() {
        let mut orders = Orders::new(UserRefNum(0));
        encode(&mut orders, add(7, 100));
        for (by, left) in [(30, 70), (20, 50), (60, 0)] {
            let (_, bytes) = encode(&mut orders, Action::Reduce { id: 7, by: Qty(by) });
            let Ok(Inbound::CancelOrder(cancel)) = Inbound::decode(&bytes) else { panic!("not a cancel") };
            assert_eq!((cancel.user_ref, cancel.qty), (UserRefNum(1), Qty(left)));
        }
    }

    #[test]
    fn an_unknown_id_is_asked_for_under_a_number_that_no_order_gets() {
        let mut orders = Orders::new(UserRefNum(0));
        assert_eq!(encode(&mut orders, Action::Cancel { id: 5 }).0, Request::Cancel(UserRefNum(1)));
        assert_eq!(encode(&mut orders, Action::Cancel { id: 5 }).0, Request::Cancel(UserRefNum(1)));
        assert_eq!(encode(&mut orders, add(5, 1)).0, Request::Enter(UserRefNum(2)));
        assert_eq!(encode(&mut orders, Action::Cancel { id: 5 }).0, Request::Cancel(UserRefNum(2)));
    }

    #[test]
    fn a_refused_replace_is_undone_unless_overtaken() {
        let mut orders = Orders::new(UserRefNum(0));
        encode(&mut orders, add(7, 10));
        let modify = Action::Modify { id: 7, side: Side::Buy, price: Price(99), qty: Qty(5) };
        encode(&mut orders, modify);
        orders.undo_replace(UserRefNum(1), UserRefNum(2));
        assert_eq!(encode(&mut orders, Action::Cancel { id: 7 }).0, Request::Cancel(UserRefNum(1)));
        encode(&mut orders, modify);
        encode(&mut orders, modify);
        orders.undo_replace(UserRefNum(1), UserRefNum(3));
        assert_eq!(encode(&mut orders, Action::Cancel { id: 7 }).0, Request::Cancel(UserRefNum(4)));
    }

    #[test]
    fn an_execution_remembers_whom_it_should_meet() {
        let mut orders = Orders::new(UserRefNum(0));
        let instrument = Symbol::new("PINION").expect("short");
        for id in [70, 71] {
            let (side, price, qty) = (Side::Sell, Price(100), Qty(5));
            encode(&mut orders, Action::Execute { id, instrument, side, price, printed: price, qty });
        }
        assert_eq!(orders.expected_maker(UserRefNum(2)), Some(71));
        assert_eq!(orders.expected_maker(UserRefNum(2)), Some(71), "several fills");
        assert_eq!(orders.expected_maker(UserRefNum(3)), None);
    }
}
