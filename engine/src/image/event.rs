//! A message of market data, as a state keeps it.

use super::{Caused, ImageError};
use crate::depth::{Change, DepthEvent, Stage};
use crate::market_event::MarketEvent;
use wire::feed::ChannelIndex;
use wire::snapshot::EventImage;
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, MatchNumber, Nanos, OrderRef, Price, Qty, Reserved, Seq, Side};

const NO_SIDE: u8 = b' ';

pub(super) fn image(cause: Seq, event: &MarketEvent) -> EventImage {
    let nothing = EventImage {
        cause,
        timestamp: Nanos(0),
        order_ref: 0,
        number: 0,
        price: 0,
        instrument: 0,
        qty: 0,
        side: NO_SIDE,
        kind: 0,
        reserved: Reserved,
    };
    match *event {
        MarketEvent::Tick(tick) => EventImage {
            timestamp: tick.timestamp,
            price: tick.price.0,
            instrument: tick.symbol_id.0,
            qty: tick.quantity,
            side: tick.side.side().map_or(NO_SIDE, letter),
            kind: match tick.kind {
                TickKind::Trade => b't',
                TickKind::Quote => b'q',
                TickKind::Status => b'h',
            },
            ..nothing
        },
        MarketEvent::Depth(DepthEvent { timestamp, change }) => of_change(change, EventImage { timestamp, ..nothing }),
    }
}

const fn of_change(change: Change, nothing: EventImage) -> EventImage {
    match change {
        Change::System { channel, stage } => {
            EventImage { kind: b'S', instrument: channel.0 as u32, qty: stage.code() as u32, ..nothing }
        }
        Change::Directory { instrument } => EventImage { kind: b'R', instrument: instrument.0, ..nothing },
        Change::TradingAction { instrument, state } => {
            EventImage { kind: b'H', instrument: instrument.0, qty: state as u32, ..nothing }
        }
        Change::Add { instrument, side, order_ref, qty, price } => EventImage {
            kind: b'A',
            instrument: instrument.0,
            side: letter(side),
            order_ref: order_ref.0,
            qty: qty.0,
            price: price.0,
            ..nothing
        },
        Change::Executed { instrument, order_ref, qty, match_number } => EventImage {
            kind: b'E',
            instrument: instrument.0,
            order_ref: order_ref.0,
            qty: qty.0,
            number: match_number.0,
            ..nothing
        },
        Change::Reduced { instrument, order_ref, qty } => {
            EventImage { kind: b'X', instrument: instrument.0, order_ref: order_ref.0, qty: qty.0, ..nothing }
        }
        Change::Deleted { instrument, order_ref } => {
            EventImage { kind: b'D', instrument: instrument.0, order_ref: order_ref.0, ..nothing }
        }
        Change::Replaced { instrument, old_ref, order_ref, qty, price } => EventImage {
            kind: b'U',
            instrument: instrument.0,
            number: old_ref.0,
            order_ref: order_ref.0,
            qty: qty.0,
            price: price.0,
            ..nothing
        },
        Change::HiddenTrade { instrument, qty, price, match_number } => EventImage {
            kind: b'P',
            instrument: instrument.0,
            qty: qty.0,
            price: price.0,
            number: match_number.0,
            ..nothing
        },
    }
}

/// What an image is of, in a venue with so many instruments and channels.
pub(super) fn caused(image: &EventImage, instruments: usize, channels: usize) -> Result<Caused, ImageError> {
    const UNKNOWN: ImageError = ImageError::Wrong("market data that is not known");
    let &EventImage { cause, timestamp, order_ref, number, price, instrument, qty, side, kind, .. } = image;
    let (index, order_ref, price, number) = (InstrumentIndex(instrument), OrderRef(order_ref), Price(price), number);
    let known = match kind {
        b'S' => usize::try_from(instrument).is_ok_and(|channel| channel < channels),
        _ => usize::try_from(instrument).is_ok_and(|index| index < instruments),
    };
    if !known {
        return Err(UNKNOWN);
    }
    let small = u8::try_from(qty).map_err(|_| UNKNOWN);
    let on_side = match side {
        b'B' => Some(Side::Buy),
        b'S' => Some(Side::Sell),
        NO_SIDE => None,
        _ => return Err(UNKNOWN),
    };
    let tick = |kind| {
        let side = on_side.map_or(TickSide::None, TickSide::from);
        Ok((cause, MarketEvent::Tick(Tick { timestamp, symbol_id: index, price, quantity: qty, side, kind })))
    };
    let qty = Qty(qty);
    let change = match kind {
        b't' => return tick(TickKind::Trade),
        b'q' => return tick(TickKind::Quote),
        b'h' => return tick(TickKind::Status),
        b'S' => {
            let code = small?;
            let stage = Stage::ALL.into_iter().find(|stage| stage.code() == code).ok_or(UNKNOWN)?;
            let channel = u8::try_from(instrument).map_err(|_| UNKNOWN)?;
            Change::System { channel: ChannelIndex(channel), stage }
        }
        b'R' => Change::Directory { instrument: index },
        b'H' => Change::TradingAction { instrument: index, state: small? },
        b'A' => Change::Add { instrument: index, side: on_side.ok_or(UNKNOWN)?, order_ref, qty, price },
        b'E' => Change::Executed { instrument: index, order_ref, qty, match_number: MatchNumber(number) },
        b'X' => Change::Reduced { instrument: index, order_ref, qty },
        b'D' => Change::Deleted { instrument: index, order_ref },
        b'U' => Change::Replaced { instrument: index, old_ref: OrderRef(number), order_ref, qty, price },
        b'P' => Change::HiddenTrade { instrument: index, qty, price, match_number: MatchNumber(number) },
        _ => return Err(UNKNOWN),
    };
    Ok((cause, MarketEvent::Depth(DepthEvent { timestamp, change })))
}

const fn letter(side: Side) -> u8 {
    match side {
        Side::Buy => b'B',
        Side::Sell => b'S',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_a_state_and_no_other_is_taken() {
        let (instrument, order_ref, match_number) = (InstrumentIndex(1), OrderRef(u64::MAX), MatchNumber(9));
        let (qty, price, channel) = (Qty(u32::MAX), Price(-5), ChannelIndex(1));
        let mut events: Vec<MarketEvent> = Stage::ALL
            .into_iter()
            .map(|stage| Change::System { channel, stage })
            .chain([
                Change::Directory { instrument },
                Change::TradingAction { instrument, state: b'T' },
                Change::Add { instrument, side: Side::Buy, order_ref, qty, price },
                Change::Add { instrument, side: Side::Sell, order_ref, qty, price },
                Change::Executed { instrument, order_ref, qty, match_number },
                Change::Reduced { instrument, order_ref, qty },
                Change::Deleted { instrument, order_ref },
                Change::Replaced { instrument, old_ref: OrderRef(3), order_ref, qty, price },
                Change::HiddenTrade { instrument, qty, price, match_number },
            ])
            .map(|change| MarketEvent::Depth(DepthEvent { timestamp: Nanos(77), change }))
            .collect();
        for kind in [TickKind::Trade, TickKind::Quote, TickKind::Status] {
            for side in [TickSide::Buy, TickSide::Sell, TickSide::None] {
                let tick = Tick { timestamp: Nanos(8), symbol_id: instrument, price, quantity: 3, side, kind };
                events.push(MarketEvent::Tick(tick));
            }
        }
        for event in events {
            let image = image(Seq(6), &event);
            assert_eq!(caused(&image, 2, 2).ok(), Some((Seq(6), event)));
            assert!(caused(&EventImage { kind: 0, ..image }, 2, 2).is_err());
            assert!(caused(&image, 1, 1).is_err(), "{event:?} of an instrument or channel that is not there");
        }
    }
}
