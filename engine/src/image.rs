//! The state of a venue as a stream of bytes, and back.
//!
//! Goal: a venue that is read goes on as the one that was written: same books, sessions, numbers, reports to be sent again. Non-goal:
//! files, checksums, compression; see [`crate::snapshot`]. Layouts: [`wire::snapshot`].

mod control;
mod event;
mod order;
mod session;

use std::io::{self, Read, Write};

use crate::book::image::Rebuild;
use crate::market_event::MarketEvent;
use crate::venue::Venue;
use wire::snapshot::{
    AddedImage, AnsweredImage, CancelingImage, ChannelImage, ControlImage, EventImage, HaltedImage, KeyImage,
    LastTradeImage, LockImage, OrderImage, ReportImage, SessionImage, StateImage, StopImage,
};
use wire::{DecodeError, Price, Reserved, Seq};

/// Why a state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The stream ends too early or cannot be read.
    #[error("the stream cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A part is not what belongs there; another version wrote it.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A part contradicts another one, or the configuration.
    #[error("it holds {0}")]
    Wrong(&'static str),
    /// There is not as much of something as there should be.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// Of what.
        what: &'static str,
        /// As configured, or as told before.
        expected: u64,
        /// As read.
        found: u64,
    },
}

/// A fixed layout that the stream is made of.
trait Part: Sized {
    const LEN: usize;
    fn put(&self, out: &mut impl Write) -> io::Result<()>;
    fn take(input: &mut impl Read) -> Result<Self, ImageError>;
}

macro_rules! parts {
    ($($name:ident),*) => {$(
        impl Part for $name {
            const LEN: usize = Self::SIZE;

            fn put(&self, out: &mut impl Write) -> io::Result<()> {
                let mut bytes = [0; Self::LEN];
                let written = self.encode(&mut bytes);
                debug_assert_eq!(written, Some(Self::LEN));
                out.write_all(&bytes)
            }

            fn take(input: &mut impl Read) -> Result<Self, ImageError> {
                let mut bytes = [0; Self::LEN];
                input.read_exact(&mut bytes)?;
                Ok(Self::decode(&bytes)?)
            }
        }
    )*};
}
parts!(StateImage, ChannelImage, LastTradeImage, SessionImage, ReportImage, EventImage, OrderImage, StopImage);
parts!(ControlImage, AddedImage, HaltedImage, LockImage, KeyImage, AnsweredImage, CancelingImage);

/// A message of market data and the command that caused it.
pub type Caused = (Seq, MarketEvent);

/// Writes the state of a venue, with at most `reports_max` of the newest reports of each session, and this market data. `ranks` is room for a number
/// an order, for whoever does this often.
///
/// # Errors
/// What `out` returns.
pub fn write(
    venue: &Venue,
    reports_max: u64,
    events: impl ExactSizeIterator<Item = Caused>,
    ranks: &mut Vec<u32>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (exchange, gateway) = (venue.exchange(), venue.gateway());
    let (book, numbers) = (exchange.book(), exchange.numbers());
    let last_trades = book.last_trades().count();
    let small = |count: usize| u32::try_from(count).map_err(io::Error::other);
    StateImage {
        order_ref: numbers.order_ref.0,
        match_number: numbers.match_number.0,
        ignored: exchange.ignored(),
        stamp: book.stamp(),
        feed_session: exchange.feed_session().0,
        sessions: u16::try_from(exchange.sessions().len()).map_err(io::Error::other)?,
        instruments: small(exchange.instruments().len())?,
        last_trades: small(last_trades)?,
        events: small(events.len())?,
        orders: book.order_count() as u64,
        entry_closed: u8::from(exchange.is_entry_closed()),
        market_closed: u8::from(exchange.is_market_closed()),
        channels: u16::try_from(exchange.channels().len()).map_err(io::Error::other)?,
        reserved: Reserved,
    }
    .put(out)?;
    for (&tick, &depth) in numbers.tick.iter().zip(&numbers.depth).take(exchange.channels().len()) {
        ChannelImage { tick, depth }.put(out)?;
    }
    control::put(exchange, out)?;
    for last in book.last_trades() {
        LastTradeImage { instrument: last.instrument, reserved: Reserved, price: last.price.0 }.put(out)?;
    }
    for (session, store) in exchange.sessions().iter().zip(gateway.stores()) {
        session::put(session, store, reports_max, out)?;
    }
    for (cause, event) in events {
        event::image(cause, &event).put(out)?;
    }
    book.each_standing(ranks, |standing| order::put(standing, out))
}

/// Reads a state into an empty venue of the same configuration, and gives its market data to `on_event`.
///
/// # Errors
/// It is not whole, or does not fit the configuration; the venue is not to be used.
pub fn read(venue: &mut Venue, input: &mut impl Read, mut on_event: impl FnMut(Caused)) -> Result<(), ImageError> {
    let state = StateImage::take(input)?;
    let (exchange, gateway) = venue.parts_mut();
    same("sessions", exchange.sessions().len() as u64, u64::from(state.sessions))?;
    same("channels", exchange.channels().len() as u64, u64::from(state.channels))?;
    exchange.restore(&state);
    for channel in 0..exchange.channels().len() {
        exchange.restore_channel(channel, &ChannelImage::take(input)?);
    }
    control::take(exchange, input)?;
    same("instruments", exchange.instruments().len() as u64, u64::from(state.instruments))?;
    let instruments = exchange.instruments().len();
    let channels = exchange.channels().len();
    let (book, sessions) = exchange.parts_mut();
    let mut rebuild = Rebuild::new(book);
    for _ in 0..state.last_trades {
        let LastTradeImage { instrument, price, .. } = LastTradeImage::take(input)?;
        let last = crate::book::LastTrade { instrument, price: Price(price) };
        rebuild.last_trade(last).map_err(ImageError::Wrong)?;
    }
    for (session, store) in sessions.iter_mut().zip(gateway.stores_mut()) {
        session::take(session, store, input)?;
    }
    for _ in 0..state.events {
        on_event(event::caused(&EventImage::take(input)?, instruments, channels)?);
    }
    for _ in 0..state.orders {
        rebuild.stand(&order::take(input)?).map_err(ImageError::Wrong)?;
    }
    rebuild.finish(state.stamp).map_err(ImageError::Wrong)?;
    control::check(exchange)?;
    match input.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(ImageError::Wrong("more than a state")),
    }
}

const fn same(what: &'static str, expected: u64, found: u64) -> Result<(), ImageError> {
    if expected == found { Ok(()) } else { Err(ImageError::Count { what, expected, found }) }
}
