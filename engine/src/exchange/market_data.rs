//! Ticks and the depth stream: what the market hears of a command.
//!
//! Goal: both streams of a channel, numbered, in the order in which things happen. Non-goal: reports; see [`super::reporter`].

use super::reporter::Reporter;
use crate::book::BookEvent;
use crate::depth::{Change, DepthEvent, Stage};
use crate::sink::Sink;
use wire::feed::ChannelIndex;
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Price};

/// The state code of continuous trading, on both streams.
pub(crate) const STATUS_TRADING: u8 = b'T';
/// That of a halted instrument, on both streams.
pub(crate) const STATUS_HALTED: u8 = b'H';
/// That of an instrument whose day is over, on the tick stream; the depth stream says it of the whole market.
pub(crate) const STATUS_CLOSED: u8 = b'C';

impl<S: Sink> Reporter<'_, S> {
    /// Begins all streams: says which instruments there are, and that every one of them trades.
    pub(super) fn open(&mut self) {
        let indices = (0u32..).take(self.instruments.len()).map(InstrumentIndex);
        self.stage(Stage::FirstMessage);
        for instrument in indices.clone() {
            self.depth(instrument, Change::Directory { instrument });
        }
        for instrument in indices {
            self.trading_status(instrument, STATUS_TRADING);
        }
        self.stage(Stage::SystemOpen);
        self.stage(Stage::MarketOpen);
    }

    /// Says that there is one more instrument, and that it trades.
    pub(super) fn list(&mut self, instrument: InstrumentIndex) {
        self.depth(instrument, Change::Directory { instrument });
        self.trading_status(instrument, STATUS_TRADING);
    }

    /// Says on both streams in which state an instrument is.
    pub(super) fn trading_status(&mut self, instrument: InstrumentIndex, state: u8) {
        self.tick(instrument, TickKind::Status, TickSide::None, Price(0), u32::from(state));
        self.depth(instrument, Change::TradingAction { instrument, state });
    }

    /// Ends all streams: says that nothing trades any more.
    pub(super) fn close(&mut self) {
        for instrument in (0u32..).take(self.instruments.len()).map(InstrumentIndex) {
            self.tick(instrument, TickKind::Status, TickSide::None, Price(0), u32::from(STATUS_CLOSED));
        }
        self.stage(Stage::MarketClosed);
        self.stage(Stage::SystemClosed);
        self.stage(Stage::LastMessage);
    }

    /// Says on every depth stream which stage of the day has begun.
    fn stage(&mut self, stage: Stage) {
        for channel in (0..).map(ChannelIndex).take(self.channels.len()) {
            self.depth_on(channel, Change::System { channel, stage });
        }
    }

    pub(super) fn tick(
        &mut self,
        instrument: InstrumentIndex,
        kind: TickKind,
        side: TickSide,
        price: Price,
        quantity: u32,
    ) {
        let channel = self.instruments.get(instrument).channel;
        self.numbers.tick[usize::from(channel.0)] += 1;
        let tick = Tick { timestamp: self.time, symbol_id: instrument, price, quantity, side, kind };
        self.sink.tick(self.cause, &tick);
    }

    pub(super) fn depth_rested(&mut self, event: &BookEvent) {
        let BookEvent::Rested { order_ref, instrument, side, price, shown: qty, in_place_of, .. } = *event else {
            return;
        };
        let change = match in_place_of {
            None => Change::Add { instrument, side, order_ref, qty, price },
            Some(old_ref) => Change::Replaced { instrument, old_ref, order_ref, qty, price },
        };
        self.depth(instrument, change);
    }

    pub(super) fn depth_canceled(&mut self, event: &BookEvent) {
        let BookEvent::Canceled { order_ref, instrument, off_display: qty, on_display, .. } = *event else { return };
        if qty.is_zero() {
            return;
        }
        let change = if on_display.is_zero() {
            Change::Deleted { instrument, order_ref }
        } else {
            Change::Reduced { instrument, order_ref, qty }
        };
        self.depth(instrument, change);
    }

    pub(super) fn depth_replaced(&mut self, event: &BookEvent) {
        let BookEvent::Replaced { old_ref: order_ref, instrument, kept_priority, off_display: qty, .. } = *event else {
            return;
        };
        if qty.is_zero() {
            return;
        }
        let change = if kept_priority {
            Change::Reduced { instrument, order_ref, qty }
        } else {
            Change::Deleted { instrument, order_ref }
        };
        self.depth(instrument, change);
    }

    /// Says something of an instrument on the depth stream of its channel, if there is one.
    #[inline]
    pub(super) fn depth(&mut self, instrument: InstrumentIndex, change: Change) {
        self.depth_on(self.instruments.get(instrument).channel, change);
    }

    #[inline]
    fn depth_on(&mut self, channel: ChannelIndex, change: Change) {
        let channel = usize::from(channel.0);
        if self.channels[channel].depth {
            self.numbers.depth[channel] += 1;
            self.sink.depth(self.cause, &DepthEvent { timestamp: self.time, change });
        }
    }
}
