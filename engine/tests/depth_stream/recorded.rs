//! The flows of a public benchmark.

use super::floor::Floor;
use super::flow::{Ask, Message, Terms};
use engine::book::{BookCommand, CancelReason, NewOrder, OrderKey, Replace, ReplaceKind};
use std::collections::BTreeMap;

/// Turns the flow's messages into commands. A message names an order by the flow's id; a replacement keeps it.
#[derive(Default)]
pub struct Flow {
    /// The newest number of each id.
    newest: BTreeMap<u32, OrderKey>,
}

impl Flow {
    pub fn send(&mut self, line: &str, floor: &mut Floor) {
        let Message { id, ask } = Message::parse(line);
        let key = self.newest.get(&id).copied().unwrap_or(NewOrder::PLAIN.key);
        let live = floor.exchange.book().order(key).is_some();
        let command = match ask {
            Ask::Cancel => BookCommand::Cancel { key, reason: CancelReason::User },
            Ask::Enter(Terms { side, price, qty, tif }) => {
                BookCommand::New(NewOrder { side, price, qty, tif, ..NewOrder::PLAIN })
            }
            Ask::Modify(Terms { side, price, qty, tif }) => {
                let kind = ReplaceKind::ReEnter { side: Some(side) };
                BookCommand::Replace(Replace { key, price, qty, kind, tif, ..Replace::PLAIN })
            }
        };
        let entered = floor.send(&command);
        if let Some(entered) = entered.filter(|_| live || matches!(ask, Ask::Enter(_))) {
            self.newest.insert(id, entered);
        }
    }
}
