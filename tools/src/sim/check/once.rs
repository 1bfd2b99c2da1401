//! `once`: what a client said was taken once, and as it was said.

use super::super::ledger::Ledger;
use super::super::trader::Trader;
use super::{Verdict, fail};

/// How far it has looked.
#[derive(Debug, Default)]
pub struct Once {
    taken: usize,
    next: Vec<u64>,
}

impl Once {
    /// Looks at what was taken since the last time.
    ///
    /// # Errors
    /// A message that was taken twice, out of order, or that nobody has sent.
    pub fn look(&mut self, ledger: &Ledger, traders: &[Trader]) -> Verdict {
        self.next.resize(traders.len(), 1);
        for taken in &ledger.effects().taken[self.taken..] {
            let index = usize::from(taken.session.0);
            let number = taken.client_seq;
            if number < self.next[index] {
                return fail(
                    "once",
                    format!("message {number} of session {index} was taken again, as command {}", taken.seq),
                );
            }
            self.next[index] = number + 1;
            match traders[index].submitted.get(&number) {
                Some(bytes) if *bytes == taken.bytes => {}
                // The fence before a logout is the client's own, in the place of what a process before it never got through.
                _ if taken.bytes == [wire::ouch::AccountQuery::TYPE] => {}
                said => {
                    let taken = &taken.bytes;
                    return fail(
                        "once",
                        format!("message {number} of session {index} was taken as {taken:02x?}, sent as {said:02x?}"),
                    );
                }
            }
        }
        self.taken = ledger.effects().taken.len();
        Ok(())
    }

    /// The history was cut short.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
