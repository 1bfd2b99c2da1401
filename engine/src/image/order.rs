//! One order of a state.

use std::io::{self, Read, Write};

use super::{ImageError, Part};
use crate::book::image::{Standing, ladder_number, ladder_parts};
use crate::book::{OrderKey, OrderState, SelfMatch, StopTerms, TimeInForce};
use wire::snapshot::{ORDER_IS_GTC, ORDER_IS_STOP, OrderImage, StopImage};
use wire::{MemberId, OrderRef, Price, Reserved, SessionIndex, UserRefNum};

const TIMES_IN_FORCE: [TimeInForce; 4] = [TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok];
const SELF_MATCHES: [SelfMatch; 5] =
    [SelfMatch::Allow, SelfMatch::CancelNewest, SelfMatch::CancelOldest, SelfMatch::CancelBoth, SelfMatch::Decrement];

pub(super) fn put(standing: &Standing, out: &mut impl Write) -> io::Result<()> {
    let state = &standing.state;
    let flags = if state.gtc { ORDER_IS_GTC } else { 0 } | if state.stop.is_some() { ORDER_IS_STOP } else { 0 };
    OrderImage {
        key: state.key.get(),
        order_ref: state.order_ref.0,
        stamp: state.stamp,
        price: state.price.0,
        ladder: ladder_number(state),
        leaves: state.leaves,
        shown: state.shown,
        display: state.display,
        liable: state.liable,
        owner: state.owner.0,
        flags,
        mark: state.mark,
        rank: standing.rank,
        reserved: Reserved,
    }
    .put(out)?;
    let Some(terms) = state.stop else { return Ok(()) };
    StopImage {
        limit: terms.limit.0,
        min_qty: terms.min_qty,
        tif: place_of(&TIMES_IN_FORCE, terms.tif),
        self_match: place_of(&SELF_MATCHES, terms.self_match),
        post_only: u8::from(terms.post_only),
        hidden: u8::from(terms.hidden),
    }
    .put(out)
}

pub(super) fn take(input: &mut impl Read) -> Result<Standing, ImageError> {
    let image = OrderImage::take(input)?;
    let stop = if image.flags & ORDER_IS_STOP == 0 { None } else { Some(terms(&StopImage::take(input)?)?) };
    let (instrument, place, side) = ladder_parts(image.ladder);
    let (Ok(session), Ok(user_ref)) = (u16::try_from(image.key >> 32), u32::try_from(image.key & u64::from(u32::MAX)))
    else {
        return Err(ImageError::Wrong("an order of a session that no number names"));
    };
    let state = OrderState {
        instrument,
        side,
        price: Price(image.price),
        key: OrderKey::new(SessionIndex(session), UserRefNum(user_ref)),
        order_ref: OrderRef(image.order_ref),
        owner: MemberId(image.owner),
        leaves: image.leaves,
        shown: image.shown,
        display: image.display,
        liable: image.liable,
        stamp: image.stamp,
        place,
        gtc: image.flags & ORDER_IS_GTC != 0,
        mark: image.mark,
        stop,
    };
    Ok(Standing { state, rank: image.rank })
}

fn terms(image: &StopImage) -> Result<StopTerms, ImageError> {
    let unknown = ImageError::Wrong("a stop order with terms that are not known");
    let (Some(&tif), Some(&self_match)) =
        (TIMES_IN_FORCE.get(usize::from(image.tif)), SELF_MATCHES.get(usize::from(image.self_match)))
    else {
        return Err(unknown);
    };
    if image.post_only > 1 || image.hidden > 1 {
        return Err(unknown);
    }
    let (post_only, hidden) = (image.post_only == 1, image.hidden == 1);
    Ok(StopTerms { limit: Price(image.limit), tif, post_only, min_qty: image.min_qty, self_match, hidden })
}

/// The number of one of a closed set.
fn place_of<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|known| *known == one).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}
