//! The flows of a public benchmark.

use super::floor::Floor;
use engine::book::{BookCommand, CancelReason, NewOrder, OrderKey, Replace, ReplaceKind, SelfMatch, TimeInForce};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

/// A flow of the data folder, decompressed; `None` when the folder is absent, which CI does not tolerate.
pub fn messages(name: &str) -> Option<String> {
    let file = format!("../../shared/data/consensus/{name}.txt.xz");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let compressed = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{}: {error}", path.display());
            eprintln!("absent, so not tested: {} ({error})", path.display());
            return None;
        }
    };
    let mut text = Vec::new();
    lzma_rs::xz_decompress(&mut compressed.as_slice(), &mut text).expect("an xz file");
    Some(String::from_utf8(text).expect("plain text"))
}

/// Turns the flow's messages into commands. A message names an order by the flow's id; a replacement keeps it.
#[derive(Default)]
pub struct Flow {
    /// The newest number of each id.
    newest: BTreeMap<u32, OrderKey>,
}

impl Flow {
    pub fn send(&mut self, line: &str, floor: &mut Floor) {
        let mut fields = line.split(' ');
        let kind = fields.next().expect("a kind");
        let id: u32 = fields.next().expect("an id").parse().expect("an id");
        let none = OrderKey::new(SessionIndex(0), UserRefNum(0));
        let key = self.newest.get(&id).copied().unwrap_or(none);
        if kind == "C" {
            floor.send(&BookCommand::Cancel { key, reason: CancelReason::User });
            return;
        }
        let side = Side::from_byte(fields.next().expect("a side").as_bytes()[0]).expect("B or S");
        let price = Price(fields.next().expect("a price").parse().expect("a price"));
        let qty = Qty(fields.next().expect("a quantity").parse().expect("a quantity"));
        let tif = if fields.next() == Some("I") { TimeInForce::Ioc } else { TimeInForce::Day };
        let live = floor.exchange.book().order(key).is_some();
        let command = if kind == "N" {
            BookCommand::New(NewOrder {
                instrument: InstrumentIndex(0),
                key: none,
                order_ref: OrderRef(0),
                owner: MemberId(0),
                side,
                price,
                qty,
                tif,
                post_only: false,
                min_qty: Qty::ZERO,
                self_match: SelfMatch::Allow,
                display: Qty::ZERO,
                hidden: false,
                stop: None,
                mark: 0,
            })
        } else {
            BookCommand::Replace(Replace {
                key,
                new_key: none,
                order_ref: OrderRef(0),
                price,
                qty,
                kind: ReplaceKind::ReEnter { side: Some(side) },
                tif,
                post_only: false,
                min_qty: Qty::ZERO,
                self_match: SelfMatch::Allow,
                display: Qty::ZERO,
                hidden: false,
                stop: None,
            })
        };
        let entered = floor.send(&command);
        if let Some(entered) = entered.filter(|_| live || kind == "N") {
            self.newest.insert(id, entered);
        }
    }
}
