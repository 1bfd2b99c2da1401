//! The rules of the consensus flow in their plainest form, for comparing report streams.

use std::collections::{BTreeMap, HashMap, VecDeque};

use feedhandler::Action;
use feedhandler::reports::Report;
use wire::{Price, Qty, Side};

/// Ordered maps of queues; orders by id.
#[derive(Default)]
pub struct NaiveMatcher {
    sides: [BTreeMap<Price, VecDeque<(u64, u32)>>; 2],
    orders: HashMap<u64, (Side, Price)>,
}

impl NaiveMatcher {
    /// Applies one action of the flow and returns its reports in the order in which they arise.
    pub fn apply(&mut self, seq: u64, action: Action) -> Vec<Report> {
        let mut reports = Vec::new();
        match action {
            Action::Add { id, side, price, qty, immediate, .. } => {
                reports.push(Report::Accepted { seq, side, id, price, qty });
                self.enter(seq, id, side, price, qty, immediate, &mut reports);
            }
            Action::Cancel { id } => match self.remove(id) {
                Some((side, price)) => reports.push(Report::Canceled { seq, side, id, price }),
                None => reports.push(Report::CancelRejected { seq, id }),
            },
            Action::Modify { id, side, price, qty } => {
                if self.remove(id).is_none() {
                    reports.push(Report::ModifyRejected { seq, id });
                } else {
                    reports.push(Report::Modified { seq, side, id, price, qty });
                    self.enter(seq, id, side, price, qty, false, &mut reports);
                }
            }
            other => panic!("the consensus flow has no {other:?}"),
        }
        reports
    }

    /// Highest bid or lowest ask.
    pub fn best(&self, side: Side) -> Option<Price> {
        let map = &self.sides[side.index()];
        match side {
            Side::Buy => map.keys().next_back().copied(),
            Side::Sell => map.keys().next().copied(),
        }
    }

    fn remove(&mut self, id: u64) -> Option<(Side, Price)> {
        let (side, price) = self.orders.remove(&id)?;
        let level = self.sides[side.index()].get_mut(&price)?;
        level.retain(|(other, _)| *other != id);
        if level.is_empty() {
            self.sides[side.index()].remove(&price);
        }
        Some((side, price))
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one order")]
    fn enter(&mut self, seq: u64, id: u64, side: Side, price: Price, qty: Qty, immediate: bool, out: &mut Vec<Report>) {
        let mut left = qty.get();
        while left > 0 {
            let Some(best) = self.best(side.opposite()) else { break };
            let reaches = match side {
                Side::Buy => best <= price,
                Side::Sell => best >= price,
            };
            if !reaches {
                break;
            }
            let levels = &mut self.sides[side.opposite().index()];
            let level = levels.get_mut(&best).expect("the best level exists");
            let (maker, leaves) = level.front_mut().expect("a level has an order");
            let traded = left.min(*leaves);
            left -= traded;
            *leaves -= traded;
            out.push(Report::Trade { seq, price: best, qty: Qty(traded), maker: *maker, taker: id });
            if *leaves == 0 {
                self.orders.remove(maker);
                level.pop_front();
            }
            if level.is_empty() {
                levels.remove(&best);
            }
        }
        if left > 0 && immediate {
            out.push(Report::Canceled { seq, side, id, price });
        } else if left > 0 {
            self.sides[side.index()].entry(price).or_default().push_back((id, left));
            self.orders.insert(id, (side, price));
        }
    }
}
