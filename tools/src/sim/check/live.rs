//! `live`: when the troubles are over, everything is answered in time.

use super::super::trader::Trader;
use super::{Verdict, fail};
use crate::client::State;

/// Whether a client has nothing open with the venue any more.
///
/// # Errors
/// It has.
pub fn look(trader: &Trader) -> Verdict {
    let (session, client) = (trader.session.0, trader.client());
    match client.state() {
        State::Up if client.unanswered() == 0 => Ok(()),
        state => {
            fail("live", format!("client {session} is {state:?} with {} messages unanswered", client.unanswered()))
        }
    }
}
