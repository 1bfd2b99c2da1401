//! The text flow of the public matching-engine benchmark: `N id B|S price qty [I]`, `C id`, `M id B|S price qty`.
//!
//! Goal: millions of lines a second to actions; line k, counted from 0, has sequence number k. Non-goal: the report stream
//! that answers it (see [`crate::reports`]). Prices stay what they are, raw units one to one.

use std::io::Read;

use wire::{Price, Qty, Side, Symbol};

use super::lines::{Lines, quantity, signed, unsigned};
use super::{Action, FlowError, FlowItem};

const EXPECTED: &str = "'N id B|S price qty [I]', 'C id' or 'M id B|S price qty'";

/// Reads consensus lines as actions.
#[derive(Debug)]
pub struct ConsensusReader<R> {
    lines: Lines<R>,
    instrument: Symbol,
    ended: bool,
}

impl<R: Read> ConsensusReader<R> {
    /// Reads `source`; the format names no instrument, so the caller does.
    pub fn new(source: R, instrument: Symbol) -> Self {
        Self { lines: Lines::new(source, "order flow"), instrument, ended: false }
    }

    /// Lines read so far.
    pub fn lines_read(&self) -> u64 {
        self.lines.read()
    }

    fn read_item(&mut self) -> Result<Option<FlowItem>, FlowError> {
        let seq = self.lines.read();
        let instrument = self.instrument;
        let Some(line) = self.lines.next_line()? else { return Ok(None) };
        match parse(line, instrument) {
            Some(action) => Ok(Some(FlowItem { seq, time_ns: None, action })),
            None => Err(self.lines.error(EXPECTED)),
        }
    }
}

impl<R: Read> Iterator for ConsensusReader<R> {
    type Item = Result<FlowItem, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read_item().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

fn parse(line: &[u8], instrument: Symbol) -> Option<Action> {
    let mut words = line.split(|byte| *byte == b' ');
    let kind = words.next()?;
    let id = unsigned(words.next()?)?;
    let action = match kind {
        b"N" => {
            let (side, price, qty) = terms(&mut words)?;
            let immediate = match words.next() {
                None => false,
                Some(b"I") => true,
                Some(_) => return None,
            };
            Action::Add { id, instrument, side, price, qty, immediate }
        }
        b"C" => Action::Cancel { id },
        b"M" => {
            let (side, price, qty) = terms(&mut words)?;
            Action::Modify { id, side, price, qty }
        }
        _ => return None,
    };
    words.next().is_none().then_some(action)
}

fn terms<'a>(words: &mut impl Iterator<Item = &'a [u8]>) -> Option<(Side, Price, Qty)> {
    let side = match words.next()? {
        [byte] => Side::from_byte(*byte)?,
        _ => return None,
    };
    Some((side, Price(signed(words.next()?)?), quantity(words.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<FlowItem, FlowError>> {
        ConsensusReader::new(text.as_bytes(), Symbol::new("TEST").unwrap()).collect()
    }

    #[test]
    fn each_kind_of_line_becomes_its_action() {
        let instrument = Symbol::new("TEST").unwrap();
        let items: Vec<_> =
            read("N 7 B 33355 98 I\nN 8 S -1 1\nC 7\nM 8 B 5 6").into_iter().map(Result::unwrap).collect();
        let (side, price, qty) = (Side::Buy, Price(33355), Qty(98));
        assert_eq!(items[0].action, Action::Add { id: 7, instrument, side, price, qty, immediate: true });
        let (side, price, qty) = (Side::Sell, Price(-1), Qty(1));
        assert_eq!(items[1].action, Action::Add { id: 8, instrument, side, price, qty, immediate: false });
        assert_eq!(items[2].action, Action::Cancel { id: 7 });
        assert_eq!(items[3].action, Action::Modify { id: 8, side: Side::Buy, price: Price(5), qty: Qty(6) });
        assert_eq!(items.iter().map(|item| item.seq).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn a_wrong_line_is_named_and_ends_the_reading() {
        for wrong in
            ["", "N", "N 1 B 2", "N 1 B 2 0", "N 1 X 2 3", "N 1 B 2 3 J", "N 1 B 2 3 I I", "C", "C 1 2", "M 1 B 2 3 I"]
        {
            let items = read(&format!("C 1\n{wrong}\nC 2\n"));
            assert_eq!(items.len(), 2, "{wrong}");
            match &items[1] {
                Err(FlowError::Line { line: 2, found, .. }) => assert_eq!(found, wrong),
                other => panic!("{wrong}: {other:?}"),
            }
        }
    }
}
