//! The order flow of a public matching-engine benchmark, which lies beside the project.

use engine::book::TimeInForce;
use std::fs;
use std::path::PathBuf;
use wire::{Price, Qty, Side};

/// A file of the data folder, decompressed; `None` when the folder is absent, which CI does not tolerate.
pub fn file(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/consensus").join(name);
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

/// One line of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Which order it is about, by the flow's own count.
    pub id: u32,
    pub ask: Ask,
}

/// What a message asks for.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Enter(Terms),
    /// Cancel and enter anew, under the same id.
    Modify(Terms),
    Cancel,
}

#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub side: Side,
    pub price: Price,
    pub qty: Qty,
    pub tif: TimeInForce,
}

impl Message {
    pub fn parse(line: &str) -> Self {
        let mut fields = line.split(' ');
        let kind = fields.next().expect("a kind");
        let id = fields.next().expect("an id").parse().expect("an id");
        let mut terms = || Terms {
            side: Side::from_byte(fields.next().expect("a side").as_bytes()[0]).expect("B or S"),
            price: Price(fields.next().expect("a price").parse().expect("a price")),
            qty: Qty(fields.next().expect("a quantity").parse().expect("a quantity")),
            tif: if fields.next() == Some("I") { TimeInForce::Ioc } else { TimeInForce::Day },
        };
        let ask = match kind {
            "C" => Ask::Cancel,
            "N" => Ask::Enter(terms()),
            "M" => Ask::Modify(terms()),
            other => panic!("unknown message kind {other}"),
        };
        Self { id, ask }
    }
}
