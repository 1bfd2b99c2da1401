//! What operators have set, as a state keeps it.

use std::io::{self, Read, Write};

use super::{ImageError, Part};
use crate::book::OrderKey;
use crate::exchange::{Answered, Exchange, MassCancel};
use crate::instrument::Instrument;
use wire::admin::{Outcome, Refusal, Scope};
use wire::feed::ChannelIndex;
use wire::snapshot::{AddedImage, AnsweredImage, CancelingImage, ControlImage, HaltedImage, KeyImage, LockImage};
use wire::{InstrumentIndex, MemberId, Price, Qty, Reserved, Seq, SessionIndex, Side, UserRefNum};

const NO_ORDER: u64 = u64::MAX;
const NO_INSTRUMENT: InstrumentIndex = InstrumentIndex(u32::MAX);
const UNPROTECTED: i64 = -1;
const NO_SIDE: u8 = b' ';
const UNKNOWN: ImageError = ImageError::Wrong("a setting of operators that is not known here");

pub(super) fn put(exchange: &Exchange, out: &mut impl Write) -> io::Result<()> {
    let controls = exchange.controls();
    let small = |count: usize| u32::try_from(count).map_err(io::Error::other);
    ControlImage {
        added: small(exchange.instruments().added().len())?,
        halted: small(controls.halted().count())?,
        locks: small(controls.locks().count())?,
        answered: u16::try_from(controls.answered().len()).map_err(io::Error::other)?,
        draining: u8::from(controls.is_draining()),
        canceling: u8::from(controls.is_canceling()),
        keys: small(controls.keys().count())?,
        reserved: Reserved,
    }
    .put(out)?;
    for terms in exchange.instruments().added() {
        AddedImage {
            symbol: terms.symbol,
            tick: terms.tick,
            price_min: terms.price_min.0,
            price_max: terms.price_max.0,
            market_protection: terms.market_protection.unwrap_or(UNPROTECTED),
            lot: terms.lot,
            quantity_max: terms.quantity_max.0,
            channel: terms.channel.0,
            reserved: Reserved,
        }
        .put(out)?;
    }
    for instrument in controls.halted() {
        HaltedImage { instrument }.put(out)?;
    }
    for lock in controls.locks() {
        let (scope, id) = scope_parts(lock);
        LockImage { scope, reserved: Reserved, id }.put(out)?;
    }
    for (session, fingerprint) in controls.keys() {
        KeyImage { session, reserved: Reserved, fingerprint }.put(out)?;
    }
    for Answered { operator, number, cause, outcome } in controls.answered().iter().copied() {
        let (seq, changed, refusal) = match outcome {
            Outcome::Done { seq, changed } => (seq, changed, 0),
            Outcome::Refused(refusal) => (Seq(0), 0, refusal.0),
        };
        AnsweredImage { operator, number, cause, seq, changed, refusal, reserved: Reserved }.put(out)?;
    }
    let Some(canceling) = controls.canceling() else { return Ok(()) };
    let (scope, id) = scope_parts(canceling.scope);
    CancelingImage {
        operator: canceling.operator,
        number: canceling.number,
        seq: canceling.seq,
        canceled: canceling.canceled,
        next: canceling.next.map_or(NO_ORDER, OrderKey::get),
        list: canceling.list,
        instrument: canceling.instrument.unwrap_or(NO_INSTRUMENT),
        scope,
        side: canceling.side.map_or(NO_SIDE, Side::byte),
        id,
        reserved: Reserved,
    }
    .put(out)
}

pub(super) fn take(exchange: &mut Exchange, input: &mut impl Read) -> Result<(), ImageError> {
    let counts = ControlImage::take(input)?;
    for _ in 0..counts.added {
        let image = AddedImage::take(input)?;
        let terms = Instrument {
            symbol: image.symbol,
            tick: image.tick,
            lot: image.lot,
            price_min: Price(image.price_min),
            price_max: Price(image.price_max),
            quantity_max: Qty(image.quantity_max),
            market_protection: (image.market_protection != UNPROTECTED).then_some(image.market_protection),
            channel: ChannelIndex(image.channel),
        };
        exchange.restore_instrument(terms).map_err(|_| ImageError::Wrong("an added instrument that cannot be"))?;
    }
    let instruments = exchange.instruments().len();
    let controls = exchange.controls_mut();
    for _ in 0..counts.halted {
        let HaltedImage { instrument } = HaltedImage::take(input)?;
        let known = usize::try_from(instrument.0).is_ok_and(|index| index < instruments);
        if !known || !controls.set_halted(instrument, true) {
            return Err(UNKNOWN);
        }
    }
    for _ in 0..counts.locks {
        let LockImage { scope, id, .. } = LockImage::take(input)?;
        if !controls.set_lock(scope_of(scope, id)?, true) {
            return Err(UNKNOWN);
        }
    }
    for _ in 0..counts.keys {
        let KeyImage { session, fingerprint, .. } = KeyImage::take(input)?;
        if !controls.set_key(session, fingerprint) {
            return Err(UNKNOWN);
        }
    }
    for _ in 0..counts.answered {
        let AnsweredImage { operator, number, cause, seq, changed, refusal, .. } = AnsweredImage::take(input)?;
        let outcome = match refusal {
            0 => Outcome::Done { seq, changed },
            refusal => Outcome::Refused(Refusal(refusal)),
        };
        let before = controls.answered().len();
        controls.remember(Answered { operator, number, cause, outcome });
        if controls.answered().len() == before {
            return Err(UNKNOWN);
        }
    }
    if counts.draining > 1 || counts.canceling > 1 {
        return Err(UNKNOWN);
    }
    controls.set_draining(counts.draining == 1);
    if counts.canceling == 1 {
        let image = CancelingImage::take(input)?;
        controls.go_on(MassCancel {
            operator: image.operator,
            number: image.number,
            seq: image.seq,
            scope: scope_of(image.scope, image.id)?,
            instrument: (image.instrument != NO_INSTRUMENT).then_some(image.instrument),
            side: match image.side {
                NO_SIDE => None,
                letter => Some(Side::from_byte(letter).ok_or(UNKNOWN)?),
            },
            canceled: image.canceled,
            list: image.list,
            next: key_of(image.next)?,
        });
    }
    Ok(())
}

/// The order at which a cancel of many goes on must stand. Once the orders do.
pub(super) fn check(exchange: &Exchange) -> Result<(), ImageError> {
    let next = exchange.controls().canceling().and_then(|canceling| canceling.next);
    match next.map(|key| exchange.book().order(key)) {
        Some(None) => Err(ImageError::Wrong("a cancel that goes on at an order that is not there")),
        None | Some(Some(_)) => Ok(()),
    }
}

fn key_of(number: u64) -> Result<Option<OrderKey>, ImageError> {
    if number == NO_ORDER {
        return Ok(None);
    }
    let session = u16::try_from(number >> 32).map_err(|_| UNKNOWN)?;
    let user_ref = u32::try_from(number & u64::from(u32::MAX)).map_err(|_| UNKNOWN)?;
    Ok(Some(OrderKey::new(SessionIndex(session), UserRefNum(user_ref))))
}

const fn scope_parts(scope: Scope) -> (u8, u16) {
    match scope {
        Scope::Session(session) => (b'S', session.0),
        Scope::Member(member) => (b'M', member.0),
        Scope::Venue => (b'V', 0),
    }
}

fn scope_of(letter: u8, id: u16) -> Result<Scope, ImageError> {
    match letter {
        b'S' => Ok(Scope::Session(SessionIndex(id))),
        b'M' => Ok(Scope::Member(MemberId(id))),
        b'V' => Ok(Scope::Venue),
        _ => Err(UNKNOWN),
    }
}
