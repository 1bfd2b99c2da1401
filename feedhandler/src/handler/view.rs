//! What a stream's messages come to: books of orders, or levels from ticks.

use wire::feed::StreamKind;
use wire::itch::{Message, StockDirectory};
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Symbol};

use super::listener::FeedListener;
use crate::book::{BookLimits, Books};
use crate::depth::DepthBook;

/// The books of one stream.
#[derive(Debug)]
pub enum View {
    /// Of a depth stream.
    Depth(Books),
    /// Of a tick stream.
    Ticks(Ticks),
}

/// Levels, and what else a tick stream tells.
#[derive(Debug)]
pub struct Ticks {
    pub book: DepthBook,
    /// By instrument; the stream itself does not tell names, a snapshot does.
    pub symbols: Vec<Option<Symbol>>,
    /// Messages that are no ticks.
    pub unreadable: u64,
}

impl View {
    pub fn new(kind: StreamKind, limits: &BookLimits) -> Self {
        match kind {
            StreamKind::Depth => Self::Depth(Books::new(limits)),
            StreamKind::Tick => Self::Ticks(Ticks {
                book: DepthBook::with_instruments(u32::try_from(limits.instruments).unwrap_or(u32::MAX)),
                symbols: vec![None; limits.instruments],
                unreadable: 0,
            }),
        }
    }

    pub fn clear(&mut self) {
        match self {
            Self::Depth(books) => books.clear(),
            Self::Ticks(ticks) => ticks.book.clear(),
        }
    }

    /// Asks for the memory that messages will need.
    #[inline]
    pub fn look<'a>(&self, messages: impl Iterator<Item = (u64, &'a [u8])>) {
        if let Self::Depth(books) = self {
            std::hint::black_box(messages.fold(0, |seen, (_, message)| seen ^ books.look(message)));
        }
    }

    /// Takes a message in its turn.
    #[inline]
    pub fn apply(&mut self, sequence: u64, message: &[u8], listener: &mut impl FeedListener) {
        match self {
            Self::Depth(books) => books.apply(message, listener),
            Self::Ticks(ticks) => match Tick::decode(message) {
                Ok(tick) => {
                    ticks.book.apply_in_order(sequence, &tick);
                    listener.tick(sequence, &tick, false);
                }
                Err(_) => ticks.unreadable += 1,
            },
        }
    }

    /// Takes a message of a tick stream out of its turn; books of orders wait for it.
    pub fn apply_live(
        &mut self,
        sequence: u64,
        message: &[u8],
        in_gap: bool,
        late: bool,
        listener: &mut impl FeedListener,
    ) {
        let Self::Ticks(ticks) = self else { return };
        match Tick::decode(message) {
            Ok(tick) => {
                if in_gap {
                    ticks.book.apply(sequence, &tick);
                } else {
                    ticks.book.apply_in_order(sequence, &tick);
                }
                listener.tick(sequence, &tick, late);
            }
            Err(_) => ticks.unreadable += 1,
        }
    }

    /// Takes, in its turn, a message that was told when it came (live delivery). Books of orders do not have it yet; ticks may be
    /// on a snapshot that does not. Trades were counted when they were told.
    pub fn apply_again(&mut self, sequence: u64, message: &[u8], listener: &mut impl FeedListener) {
        match self {
            Self::Depth(books) => books.apply(message, listener),
            Self::Ticks(ticks) => {
                if let Ok(tick) = Tick::decode(message)
                    && tick.kind != TickKind::Trade
                {
                    ticks.book.apply(sequence, &tick);
                }
            }
        }
    }

    /// Takes a message of a snapshot; `false` when it is none.
    pub fn apply_snapshot(&mut self, message: &[u8]) -> bool {
        match self {
            Self::Depth(books) => {
                let before = books.faults();
                books.apply(message, &mut ());
                books.faults() == before
            }
            Self::Ticks(ticks) => {
                if let Ok(tick) = Tick::decode(message) {
                    ticks.book.apply_in_order(0, &tick);
                    return true;
                }
                match Message::decode(message) {
                    Ok(Message::StockDirectory(StockDirectory { stock_locate, symbol, .. })) => {
                        ticks.name(stock_locate, symbol);
                        true
                    }
                    Ok(_) => true,
                    Err(_) => false,
                }
            }
        }
    }

    /// A snapshot tells no trades: what was heard of them stays.
    pub fn keep_trades_of(&mut self, former: &Self) {
        match (self, former) {
            (Self::Depth(books), Self::Depth(former)) => books.keep_statistics_of(former),
            (Self::Ticks(ticks), Self::Ticks(former)) => {
                ticks.book.keep_trades_of(&former.book);
                for (symbol, known) in ticks.symbols.iter_mut().zip(&former.symbols) {
                    *symbol = symbol.or(*known);
                }
            }
            _ => {}
        }
    }

    /// No message with a lower number can come any more.
    pub fn settle(&mut self) {
        if let Self::Ticks(ticks) = self {
            ticks.book.settle();
        }
    }

    /// Messages that did not fit.
    pub const fn faults(&self) -> u64 {
        match self {
            Self::Depth(books) => books.faults(),
            Self::Ticks(_) => 0,
        }
    }
}

impl Ticks {
    fn name(&mut self, locate: u16, symbol: Symbol) {
        let Some(InstrumentIndex(index)) = wire::feed::located(locate) else { return };
        let index = index as usize;
        if index >= self.symbols.len() {
            self.symbols.resize(index + 1, None);
        }
        self.symbols[index] = Some(symbol);
    }
}
