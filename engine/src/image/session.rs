//! One session of a state, with the reports that its client may ask for again.

use std::io::{self, Read, Write};

use super::{ImageError, Part};
use crate::session::{Login, Session};
use crate::store::Store;
use wire::mold::SessionId;
use wire::ouch::MESSAGE_LEN_MAX;
use wire::snapshot::{ReportImage, SESSION_CANCELS, SESSION_HAS_LOGIN, SESSION_IS_ALIVE, SessionImage};
use wire::{Addr, Reserved, UserRefNum};

pub(super) fn put(session: &Session, store: &Store, reports_max: u64, out: &mut impl Write) -> io::Result<()> {
    let login = session.login();
    let bit = |set: bool, bit: u16| if set { bit } else { 0 };
    let first = store.oldest().max(store.next().saturating_sub(reports_max));
    SessionImage {
        next_inbound: session.next_inbound(),
        next_outbound: session.next_outbound(),
        last_cause: session.last_cause(),
        last_user_ref: session.last_user_ref().0,
        flags: bit(login.is_some(), SESSION_HAS_LOGIN)
            | bit(session.is_alive(), SESSION_IS_ALIVE)
            | bit(login.is_some_and(|login| login.cancel_on_disconnect), SESSION_CANCELS),
        token: login.map_or([b' '; 10], |login| login.token.0),
        address: login.map_or(Addr { ip: 0, port: 0 }, |login| login.address),
        reserved: Reserved,
        cookie_stamp: login.map_or(0, |login| login.cookie_stamp),
        client_nonce: login.map_or([0; 16], |login| login.client_nonce),
        reports: store.next() - first,
        reserved_2: Reserved,
    }
    .put(out)?;
    for (cause, message) in (first..store.next()).filter_map(|sequence| store.get(sequence)) {
        let len = u16::try_from(message.len()).map_err(io::Error::other)?;
        ReportImage { cause, len, reserved: Reserved }.put(out)?;
        out.write_all(message)?;
    }
    Ok(())
}

pub(super) fn take(session: &mut Session, store: &mut Store, input: &mut impl Read) -> Result<(), ImageError> {
    let image = SessionImage::take(input)?;
    let has = |bit: u16| image.flags & bit != 0;
    let login = has(SESSION_HAS_LOGIN).then_some(Login {
        token: SessionId(image.token),
        address: image.address,
        client_nonce: image.client_nonce,
        cookie_stamp: image.cookie_stamp,
        cancel_on_disconnect: has(SESSION_CANCELS),
    });
    let (inbound, outbound) = (image.next_inbound, image.next_outbound);
    session.restore(
        login,
        has(SESSION_IS_ALIVE),
        [inbound, outbound],
        UserRefNum(image.last_user_ref),
        image.last_cause,
    );
    let Some(first) = outbound.checked_sub(image.reports).filter(|first| *first > 0) else {
        return Err(ImageError::Wrong("more reports of a session than it was sent"));
    };
    store.begin_at(first);
    let mut message = [0; MESSAGE_LEN_MAX];
    for sequence in first..outbound {
        let ReportImage { cause, len, .. } = ReportImage::take(input)?;
        let Some(message) = message.get_mut(..usize::from(len)) else {
            return Err(ImageError::Wrong("a report that is longer than any"));
        };
        input.read_exact(message)?;
        store.push(cause, message);
        store.mark_sent(sequence + 1);
    }
    Ok(())
}
