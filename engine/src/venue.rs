//! The matching tile without its links: datagrams and time in; commands, ticks and packets out.
//!
//! ```text
//!   datagram ─► Gateway ─► sequence ─► journal
//!                             └──────► Exchange ─► reports ─► Gateway's stores ─► packets, when durable
//!                                           └────► ticks
//! ```
//! Goal: one place where inputs get their order, live and in replay. Non-goal: threads, sockets, clocks, files.

mod outputs;
mod router;

pub use outputs::Outputs;

use self::router::Router;
use crate::command::{Action, Command};
use crate::exchange::Exchange;
use crate::gateway::{Endpoint, Gateway, Intake};
use wire::address::Addr;
use wire::admin::{OperatorBody, OperatorCommand, Verb};
use wire::login::Key;
use wire::{Nanos, Seq, SessionIndex};

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is done with.
    Done,
    /// There was no room for its consequences: offer it again later. What was done of it is not done again.
    Blocked,
}

/// Replay came to another state than the live run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "state after command {seq} has hash {found:016x}, the journal says {expected:016x}: the journal was written under other \
     rules or by another version; replay it with the binary and the configuration that wrote it"
)]
pub struct Divergence {
    /// The command after which the hashes differ.
    pub seq: Seq,
    /// What the journal recorded.
    pub expected: u64,
    /// What replay computed.
    pub found: u64,
}

/// Gateway, exchange and the sequence between them.
pub struct Venue {
    exchange: Exchange,
    gateway: Gateway,
    /// The last command's place and time.
    seq: Seq,
    time: Nanos,
    hash_interval: u64,
    /// Ended sessions whose orders are being canceled, slice by slice.
    cancels: Vec<SessionIndex>,
}

impl Venue {
    /// A venue that has seen no command. A state hash is journaled after every `hash_interval` commands; 0: never.
    #[must_use]
    pub fn new(exchange: Exchange, gateway: Gateway, hash_interval: u64) -> Self {
        let cancels = Vec::with_capacity(exchange.sessions().len());
        Self { exchange, gateway, seq: Seq(0), time: Nanos(0), hash_interval, cancels }
    }

    /// The exchange, for looking.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The gateway, for looking.
    #[must_use]
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Leaves the exchange.
    pub(crate) fn into_exchange(self) -> Exchange {
        self.exchange
    }

    /// Exchange and gateway, to be filled from an image.
    pub(crate) const fn parts_mut(&mut self) -> (&mut Exchange, &mut Gateway) {
        (&mut self.exchange, &mut self.gateway)
    }

    /// The state that was read into an empty venue stands after this command.
    pub fn stand_after(&mut self, seq: Seq, time: Nanos) {
        (self.seq, self.time) = (seq, time);
        self.cancels.clear();
        let sessions = (0..self.exchange.sessions().len()).filter_map(|index| u16::try_from(index).ok());
        self.cancels.extend(sessions.map(SessionIndex).filter(|&session| self.exchange.has_orders_to_cancel(session)));
    }

    /// The last command's place.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// The last command's time.
    #[must_use]
    pub const fn time(&self) -> Nanos {
        self.time
    }

    /// Applies a command from the journal. Ticks go to `outputs`; packets and journal records are not made.
    ///
    /// # Errors
    /// The command is a state hash and does not match.
    pub fn replay(&mut self, command: &Command<'_>, outputs: &mut impl Outputs) -> Result<(), Divergence> {
        if let Action::StateHash { hash } = command.action {
            let found = self.exchange.state_hash();
            if found != hash {
                return Err(Divergence { seq: self.seq, expected: hash, found });
            }
        }
        self.seq = command.seq;
        self.time = command.time;
        self.apply(command, outputs);
        Ok(())
    }

    /// Replay is over; from here on the venue is live.
    pub fn resume(&mut self, now: Nanos) {
        self.gateway.resume(now, self.seq, self.exchange.sessions());
        self.stand_after(self.seq, self.time);
    }

    /// Keeps new orders out of the books or lets them in again, by a command, when that is not so already and there is room for the command.
    /// To be called at every poll.
    #[inline]
    pub fn hold_entry(&mut self, now: Nanos, closed: bool, outputs: &mut impl Outputs) {
        if closed != self.exchange.is_entry_closed() {
            self.turn_entry(now, closed, outputs);
        }
    }

    #[cold]
    fn turn_entry(&mut self, now: Nanos, closed: bool, outputs: &mut impl Outputs) {
        if self.is_clear(now, outputs) {
            self.sequence(now, Action::EntryGate { closed }, outputs);
        }
    }

    /// Ends the market day, by a command, when it has not ended and there is room for the command. To be called at every poll from then on.
    pub fn close_market(&mut self, now: Nanos, outputs: &mut impl Outputs) {
        if !self.exchange.is_market_closed() && self.is_clear(now, outputs) {
            self.sequence(now, Action::CloseMarket, outputs);
        }
    }

    /// Has a command of an operator done, and answers it: at once where it was answered before or cannot be remembered, or else when its
    /// last slice has been sequenced.
    pub fn on_operator(&mut self, now: Nanos, asked: &OperatorCommand, outputs: &mut impl Outputs) -> Progress {
        if !self.is_clear(now, outputs) {
            return Progress::Blocked;
        }
        if let Some((cause, outcome)) = self.exchange.controls().answer_at_once(asked) {
            outputs.operator_done(cause, asked.operator, asked.number, outcome);
            return Progress::Done;
        }
        let mut bytes = [0; OperatorBody::SIZE];
        let written = OperatorBody::from(asked).encode(&mut bytes);
        debug_assert_eq!(written, Some(OperatorBody::SIZE));
        self.sequence(now, Action::Operator { bytes: &bytes }, outputs);
        Progress::Done
    }

    /// Gives a session another key, which its next login must prove. Keys are no part of the journal; that one was changed is, see
    /// [`Verb::KeyChanged`].
    pub fn change_key(&mut self, session: SessionIndex, key: Key) {
        self.gateway.change_key(session, key);
    }

    /// Takes in one datagram.
    pub fn on_datagram(
        &mut self,
        now: Nanos,
        endpoint: Endpoint,
        from: Addr,
        payload: &[u8],
        outputs: &mut impl Outputs,
    ) -> Progress {
        if !self.is_clear(now, outputs) {
            return Progress::Blocked;
        }
        let sessions = self.exchange.sessions();
        match self.gateway.on_datagram(now, sessions, endpoint, from, payload, outputs) {
            Intake::Done => Progress::Done,
            Intake::Login { session, login } => {
                // The orders of the session's last life go before its next one begins.
                while self.cancels.contains(&session) {
                    if !self.cancel_slice(now, outputs) {
                        return Progress::Blocked;
                    }
                }
                if !self.is_ready(outputs) {
                    return Progress::Blocked;
                }
                self.sequence(now, Action::Login { session, login }, outputs);
                Progress::Done
            }
            Intake::Logout { session } => {
                self.sequence(now, Action::Logout { session }, outputs);
                Progress::Done
            }
            Intake::Skip { session, next_inbound } => {
                self.sequence(now, Action::Skip { session, next_inbound }, outputs);
                Progress::Done
            }
            Intake::Messages { session, packet } => {
                let mut expected = self.exchange.sessions()[usize::from(session.0)].next_inbound();
                for (client_seq, bytes) in packet.messages() {
                    if client_seq < expected {
                        continue;
                    }
                    if !self.is_clear(now, outputs) {
                        return Progress::Blocked;
                    }
                    // Longer than any message: journaled as nothing, answered as malformed.
                    let bytes = if bytes.len() > wire::ouch::INBOUND_LEN_MAX { &[] } else { bytes };
                    self.sequence(now, Action::Message { session, client_seq, bytes }, outputs);
                    expected = client_seq + 1;
                }
                Progress::Done
            }
        }
    }

    /// Does what time and durability allow. Returns how much work was done.
    pub fn poll(&mut self, now: Nanos, durable: Seq, outputs: &mut impl Outputs) -> usize {
        let before = self.seq.0;
        self.is_clear(now, outputs);
        let mut work = usize::try_from(self.seq.0 - before).unwrap_or(usize::MAX);
        while !self.cancels.is_empty() && self.cancel_slice(now, outputs) {
            work += 1;
        }
        while self.is_clear(now, outputs) {
            let Some(session) = self.gateway.sweep(now, self.exchange.sessions(), outputs) else { break };
            self.sequence(now, Action::Death { session }, outputs);
            work += 1;
        }
        work + self.gateway.flush(now, durable, self.exchange.sessions(), outputs)
    }

    /// Whether the next input may come: every order whose stop price was reached has entered, what an operator had canceled is gone, and
    /// there is room. Elections and slices are commands of their own, so that each does bounded work, and nothing comes between them.
    fn is_clear(&mut self, now: Nanos, outputs: &mut impl Outputs) -> bool {
        while self.is_ready(outputs) {
            if self.exchange.has_elected() {
                self.sequence(now, Action::Elect, outputs);
            } else if self.exchange.controls().is_canceling() {
                self.sequence(now, Action::OperatorSlice, outputs);
            } else {
                return true;
            }
        }
        false
    }

    fn is_ready(&self, outputs: &mut impl Outputs) -> bool {
        self.gateway.has_room() && outputs.ready()
    }

    /// Cancels one slice of the first session's orders. Returns false when there was no room.
    fn cancel_slice(&mut self, now: Nanos, outputs: &mut impl Outputs) -> bool {
        let Some(&session) = self.cancels.first() else { return false };
        if !self.exchange.has_orders_to_cancel(session) {
            self.cancels.remove(0);
            self.gateway.log_out(self.seq, session);
            return true;
        }
        if !self.is_clear(now, outputs) {
            return false;
        }
        self.sequence(now, Action::CancelSlice { session }, outputs);
        true
    }

    fn sequence(&mut self, now: Nanos, action: Action<'_>, outputs: &mut impl Outputs) {
        self.number(now, action, outputs);
        if self.hash_interval > 0 && self.seq.0.is_multiple_of(self.hash_interval) {
            let hash = self.exchange.state_hash();
            self.number(now, Action::StateHash { hash }, outputs);
        }
    }

    fn number(&mut self, now: Nanos, action: Action<'_>, outputs: &mut impl Outputs) {
        self.seq.0 += 1;
        self.time = self.time.max(now);
        let command = Command { seq: self.seq, time: self.time, action };
        outputs.journal(&command);
        self.apply(&command, outputs);
    }

    fn apply(&mut self, command: &Command<'_>, outputs: &mut impl Outputs) {
        let mut sink = Router { gateway: &mut self.gateway, outputs };
        self.exchange.apply(command, &mut sink);
        match command.action {
            Action::Login { session, .. } => self.gateway.log_in(command.time, command.seq, session),
            Action::Death { session } | Action::Logout { session } => self.bid_farewell(command.seq, session),
            Action::Operator { bytes } => {
                let asked = OperatorBody::decode(bytes).and_then(|body| body.command());
                if let Ok(OperatorCommand { verb: Verb::Disconnect { session }, .. }) = asked
                    && self.exchange.was_ended_by(session, command.seq)
                {
                    self.bid_farewell(command.seq, session);
                }
            }
            _ => {}
        }
    }

    /// A login has ended: what it asked for on disconnect follows, and then the client is told.
    fn bid_farewell(&mut self, cause: Seq, session: SessionIndex) {
        if !self.exchange.has_orders_to_cancel(session) {
            self.gateway.log_out(cause, session);
        } else if !self.cancels.contains(&session) {
            self.cancels.push(session);
        }
    }
}
