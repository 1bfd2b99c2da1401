//! A LOBSTER recording: the message file, and the book file beside it when there is one.
//!
//! Goal: actions that, applied one after another, show the levels of the book file after each of its rows, and executions that
//! name the order that the recording names. Non-goal: hidden orders as actions (what is known of their executions, and halts, is
//! among the events, see [`LobsterReader::next_event`]; as actions they are skipped and counted).
//!
//! A recording begins in the middle of a day and shows a window of levels, so some orders are never announced:
//!
//! - Row 1 is *seeded*: one order per level and side under an id of the reader's own ([`SEED_ID_BIT`]), less the order that the
//!   first message announces. The first message is otherwise part of row 1 already.
//! - A message about an order that was never announced is applied to the seeded order at its price.
//! - What happens outside the window is not recorded. A level that comes into view other than the reader knew it is taken over
//!   whole: its known orders are canceled and one seeded order takes their place.
//! - A known level that the row does not show any more went while it was out of view: its orders are canceled.
//!
//! Without a book file nothing can be seeded, and messages about unknown orders are counted and skipped.

use std::io::Read;

use wire::{Price, Qty, Side, Symbol};

use super::lines::{Lines, quantity, signed, unsigned};
use super::lobster_book::{BookRow, BookRows};
use super::lobster_model::Model;
use super::{FlowError, FlowItem};

/// Set in the ids of seeded orders; ids of the recording never have it.
pub const SEED_ID_BIT: u64 = 1 << 63;

/// What a reader met on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LobsterCounters {
    /// Messages read.
    pub messages: u64,
    /// Executions of hidden orders, halts and other messages without an effect on displayed orders.
    pub skipped: u64,
    /// Messages about orders never announced, applied to a seeded order.
    pub onto_seeds: u64,
    /// Messages about unknown orders where no seeded order stood: skipped.
    pub unknown: u64,
    /// Messages that take more than their order had left: cut to what was left.
    pub overruns: u64,
    /// Rows that showed a level which slid into view other than known.
    pub slides: u64,
    /// Rows that lacked a known level, which went while out of view.
    pub vanished: u64,
    /// Rows that contradict the messages about a level that never left the view. Zero unless the files are damaged.
    pub contradictions: u64,
}

/// One step of a recording, those that are no action of a displayed order included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LobsterEvent {
    /// An action.
    Flow(FlowItem),
    /// A trade that no displayed order took part in as maker.
    Print {
        /// Row of the message, from 0.
        seq: u64,
        /// Nanoseconds since midnight.
        time_ns: u64,
        /// Side of the hidden order; `None` for an auction.
        maker: Option<Side>,
        /// The price.
        price: Price,
        /// The quantity.
        qty: Qty,
    },
    /// A trading status.
    Status {
        /// Row of the message, from 0.
        seq: u64,
        /// Nanoseconds since midnight.
        time_ns: u64,
        /// The instrument.
        instrument: Symbol,
        /// As in ITCH: `H` halted, `Q` quoting only, `T` trading.
        state: u8,
    },
}

/// Reads LOBSTER messages as actions. The sequence number of an item is the row of its message, from 0.
#[derive(Debug)]
pub struct LobsterReader<R, B = std::io::Empty> {
    lines: Lines<R>,
    book: Option<BookRows<B>>,
    row: BookRow,
    model: Model,
    /// Of the message at hand, when it is no action.
    beside: Option<LobsterEvent>,
    ended: bool,
}

const EXPECTED: &str = "'seconds,type 1-7,order id,size,price*10000,1 or -1'";

impl<R: Read> LobsterReader<R> {
    /// Reads a message file alone.
    pub fn new(messages: R, instrument: Symbol) -> Self {
        Self::over(messages, None, instrument)
    }
}

impl<R: Read, B: Read> LobsterReader<R, B> {
    /// Reads a message file with its book file.
    pub fn with_book(messages: R, book: B, instrument: Symbol) -> Self {
        Self::over(messages, Some(book), instrument)
    }

    /// Reads a message file with or without its book file.
    pub fn over(messages: R, book: Option<B>, instrument: Symbol) -> Self {
        Self {
            lines: Lines::new(messages, "message file"),
            book: book.map(BookRows::new),
            row: BookRow::default(),
            model: Model::new(instrument),
            beside: None,
            ended: false,
        }
    }

    /// What the reader met so far.
    pub const fn counters(&self) -> LobsterCounters {
        self.model.counters
    }

    /// The next step, those included that are no action; `None` at the end of the file and after an error. A print or status
    /// comes before what the same message does to the levels in view.
    pub fn next_event(&mut self) -> Option<Result<LobsterEvent, FlowError>> {
        if !self.ended && self.model.ready.is_empty() {
            match self.read_message() {
                Ok(more) => self.ended = !more,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        let beside = self.beside.take();
        beside.or_else(|| self.model.ready.pop_front().map(LobsterEvent::Flow)).map(Ok)
    }

    /// Reads messages until one has an effect; `false` at the end of the file.
    fn read_message(&mut self) -> Result<bool, FlowError> {
        while self.model.ready.is_empty() && self.beside.is_none() {
            let seq = self.lines.read();
            let Some(line) = self.lines.next_line()? else { return Ok(false) };
            let Some(message) = parse(line) else { return Err(self.lines.error(EXPECTED)) };
            let row = match &mut self.book {
                None => None,
                Some(book) => {
                    if !book.read_into(&mut self.row)? {
                        return Err(FlowError::BookEnds { rows: book.rows_read() });
                    }
                    Some(&self.row)
                }
            };
            self.beside = self.model.beside(seq, &message);
            self.model.message(seq, &message, row);
        }
        Ok(true)
    }
}

impl<R: Read, B: Read> Iterator for LobsterReader<R, B> {
    type Item = Result<FlowItem, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_event()? {
                Ok(LobsterEvent::Flow(item)) => return Some(Ok(item)),
                Ok(LobsterEvent::Print { .. } | LobsterEvent::Status { .. }) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// One message, checked.
pub(super) struct Message {
    pub time_ns: u64,
    pub kind: Kind,
    pub id: u64,
    pub qty: u32,
    pub side: Side,
    pub price: Price,
}

/// What a message does to displayed orders.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Add,
    Reduce,
    Cancel,
    Execute,
    /// A hidden order traded.
    Hidden,
    /// An auction traded.
    Auction,
    /// Trading halts, or goes on.
    Status,
}

impl Kind {
    /// Without an effect on displayed orders.
    pub const fn is_beside(self) -> bool {
        matches!(self, Self::Hidden | Self::Auction | Self::Status)
    }
}

fn parse(line: &[u8]) -> Option<Message> {
    let mut fields = line.split(|byte| *byte == b',');
    let time_ns = nanoseconds(fields.next()?)?;
    let kind = match fields.next()? {
        b"1" => Kind::Add,
        b"2" => Kind::Reduce,
        b"3" => Kind::Cancel,
        b"4" => Kind::Execute,
        b"5" => Kind::Hidden,
        b"6" => Kind::Auction,
        b"7" => Kind::Status,
        _ => return None,
    };
    // A halt or an auction has no order.
    let id = fields.next()?;
    let id = if kind.is_beside() { 0 } else { unsigned(id)? };
    let size = fields.next()?;
    let price = Price(signed(fields.next()?)?);
    let side = match fields.next()? {
        b"1" => Side::Buy,
        b"-1" => Side::Sell,
        _ => return None,
    };
    // Nor has a halt a size.
    let qty = if kind.is_beside() { quantity(size).map_or(0, Qty::get) } else { quantity(size)?.get() };
    let well_formed = fields.next().is_none() && id & SEED_ID_BIT == 0;
    well_formed.then_some(Message { time_ns, kind, id, qty, side, price })
}

/// Seconds after midnight as nanoseconds. Some files were written through binary floating point and carry more than nine decimals;
/// rounding gives the nanosecond that was meant.
fn nanoseconds(text: &[u8]) -> Option<u64> {
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let seconds = unsigned(parts.next()?)?.checked_mul(1_000_000_000)?;
    let Some(decimals) = parts.next() else { return Some(seconds) };
    if decimals.is_empty() || !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = decimals.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let fraction = digits.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let rounded_up = decimals.get(9).is_some_and(|digit| *digit >= b'5');
    seconds.checked_add(fraction + u64::from(rounded_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instrument() -> Symbol {
        Symbol::new("AAPL").unwrap()
    }

    fn shown(items: impl Iterator<Item = Result<FlowItem, FlowError>>) -> Vec<String> {
        use super::super::Action;
        let name = |id: u64| if id & SEED_ID_BIT != 0 { format!("seed{}", id ^ SEED_ID_BIT) } else { id.to_string() };
        items
            .map(|item| {
                let item = item.unwrap();
                let text = match item.action {
                    Action::Add { id, side, price, qty, .. } => format!("add {} {side:?} {price:?} {qty}", name(id)),
                    Action::Cancel { id } => format!("cancel {}", name(id)),
                    Action::Reduce { id, by } => format!("reduce {} {by}", name(id)),
                    Action::Execute { id, side, price, qty, .. } => {
                        format!("execute {} {side:?} {price:?} {qty}", name(id))
                    }
                    other => format!("{other:?}"),
                };
                format!("{} {}", item.seq, text.replace("Price", ""))
            })
            .collect()
    }

    #[test]
    fn the_first_row_is_seeded_less_the_first_order() {
        let messages = "1.5,1,7,18,100,1\n2,4,99,30,100,1\n3,3,99,20,100,1\n4,3,7,18,100,1\n";
        let book =
            "110,5,100,68\n110,5,100,38\n110,5,100,18\n110,5,9999999999,0\n".replace("9999999999", "-9999999999");
        let mut reader = LobsterReader::with_book(messages.as_bytes(), book.as_bytes(), instrument());
        let items = shown(&mut reader);
        let expected = [
            "0 add seed1 Buy (100) 50",
            "0 add seed2 Sell (110) 5",
            "0 add 7 Buy (100) 18",
            "1 execute seed1 Sell (100) 30",
            "2 cancel seed1",
            "3 cancel 7",
        ];
        assert_eq!(items, expected);
        assert_eq!(reader.counters().onto_seeds, 2);
        assert_eq!(reader.counters().contradictions, 0);
    }

    #[test]
    fn levels_that_come_and_go_out_of_view_are_taken_over() {
        // One level in view. Order 2 pushes order 1 out of view; when 2 goes, 1 has gone too and 90 slides in.
        let messages = "1,1,1,10,100,1\n2,1,2,10,101,1\n3,3,2,10,101,1\n4,3,77,4,90,1\n";
        let book = "110,5,100,10\n110,5,101,10\n110,5,90,9\n110,5,90,5\n";
        let mut reader = LobsterReader::with_book(messages.as_bytes(), book.as_bytes(), instrument());
        let items = shown(&mut reader);
        let expected = [
            "0 add seed1 Sell (110) 5",
            "0 add 1 Buy (100) 10",
            "1 add 2 Buy (101) 10",
            "2 cancel 2",
            "2 cancel 1",
            "2 add seed2 Buy (90) 9",
            "3 reduce seed2 4",
        ];
        assert_eq!(items, expected);
        let LobsterCounters { slides, vanished, contradictions, .. } = reader.counters();
        assert_eq!((slides, vanished, contradictions), (1, 1, 0));
    }

    #[test]
    fn a_book_of_another_recording_shows_as_contradiction() {
        let messages = "1,1,1,10,100,1\n2,1,2,10,99,1\n";
        let book = "110,5,100,10,120,1,90,1\n110,5,100,11,120,1,99,10\n";
        let mut reader = LobsterReader::with_book(messages.as_bytes(), book.as_bytes(), instrument());
        assert!(reader.by_ref().all(|item| item.is_ok()));
        assert_eq!(reader.counters().contradictions, 1);
    }

    #[test]
    fn without_a_book_unknown_orders_are_counted_and_skipped() {
        let messages =
            "1,3,5,10,100,1\n2,1,6,10,100,-1\n3,5,0,10,100,1\n4,7,0,0,-1,-1\n5,2,6,3,100,-1\n6,4,6,9,100,-1\n";
        let mut reader = LobsterReader::new(messages.as_bytes(), instrument());
        let items = shown(&mut reader);
        assert_eq!(items, ["1 add 6 Sell (100) 10", "4 reduce 6 3", "5 execute 6 Buy (100) 7"]);
        let LobsterCounters { unknown, skipped, overruns, .. } = reader.counters();
        assert_eq!((unknown, skipped, overruns), (1, 2, 1));
    }

    #[test]
    fn a_book_that_ends_early_is_an_error() {
        let items: Vec<_> =
            LobsterReader::with_book(&b"1,1,1,10,100,1\n2,3,1,10,100,1\n"[..], &b"110,5,100,10\n"[..], instrument())
                .collect();
        assert!(matches!(items.last(), Some(Err(FlowError::BookEnds { rows: 1 }))));
    }

    #[test]
    fn times_are_exact_to_the_nanosecond() {
        assert_eq!(nanoseconds(b"34200.004241176"), Some(34_200_004_241_176));
        assert_eq!(nanoseconds(b"34200"), Some(34_200_000_000_000));
        assert_eq!(nanoseconds(b"34200.01746"), Some(34_200_017_460_000));
        assert_eq!(nanoseconds(b"35821.088778456004"), Some(35_821_088_778_456));
        assert_eq!(nanoseconds(b"1.9999999999"), Some(2_000_000_000));
        for wrong in ["", ".", "1.", "1.2.3", "1.0123456789x", "-1", "99999999999999999999"] {
            assert_eq!(nanoseconds(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
