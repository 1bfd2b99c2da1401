//! What an operator's command does.

use super::Exchange;
use super::controls::{Answered, Controls};
use super::market_data::{STATUS_HALTED, STATUS_TRADING};
use super::mass_cancel::MassCancel;
use crate::command::Command;
use crate::instrument::Instrument;
use crate::sink::Sink;
use wire::admin::{NewInstrument, OperatorBody, OperatorCommand, Outcome, Refusal, Scope, Verb};
use wire::feed::locate;
use wire::itch::Price4;
use wire::{InstrumentIndex, MemberId, Seq, SessionIndex, Side, Symbol};

/// What is known of an outcome when a command has had its turn.
enum Turn {
    /// So much changed.
    Done(u64),
    /// There are orders to be canceled, slice by slice.
    Cancel(MassCancel),
}

impl Exchange {
    /// What operators have set.
    #[must_use]
    pub const fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Does what an operator asked for, or begins to.
    pub(super) fn operate(&mut self, command: &Command<'_>, bytes: &[u8], sink: &mut impl Sink) {
        // Whoever sequenced or read the record has refused one that cannot be read, and one that was answered before.
        let Ok(asked) = OperatorBody::decode(bytes).and_then(|body| body.command()) else { return };
        if self.controls.answer_at_once(&asked).is_some() {
            return;
        }
        match self.take_turn(command, &asked, sink) {
            Ok(Turn::Done(changed)) => self.answer(command, &asked, Outcome::Done { seq: command.seq, changed }, sink),
            Ok(Turn::Cancel(cancel)) => self.go_on_canceling(command, cancel, sink),
            Err(refusal) => self.answer(command, &asked, Outcome::Refused(refusal), sink),
        }
    }

    /// The next slice of what an operator had canceled.
    pub(super) fn operator_slice(&mut self, command: &Command<'_>, sink: &mut impl Sink) {
        if let Some(cancel) = self.controls.canceling.take() {
            self.go_on_canceling(command, cancel, sink);
        }
    }

    fn go_on_canceling(&mut self, command: &Command<'_>, cancel: MassCancel, sink: &mut impl Sink) {
        match self.cancel_slice(command, cancel, sink) {
            Ok(changed) => {
                let MassCancel { operator, number, seq, .. } = cancel;
                let outcome = Outcome::Done { seq, changed };
                let answered = Answered { operator, number, cause: command.seq, outcome };
                self.controls.remember(answered);
                sink.operator_done(command.seq, operator, number, outcome);
            }
            Err(rest) => self.controls.canceling = Some(rest),
        }
    }

    fn answer(&mut self, command: &Command<'_>, asked: &OperatorCommand, outcome: Outcome, sink: &mut impl Sink) {
        let OperatorCommand { operator, number, .. } = *asked;
        self.controls.remember(Answered { operator, number, cause: command.seq, outcome });
        sink.operator_done(command.seq, operator, number, outcome);
    }

    fn take_turn(
        &mut self,
        command: &Command<'_>,
        asked: &OperatorCommand,
        sink: &mut impl Sink,
    ) -> Result<Turn, Refusal> {
        let done = |changed: bool| Ok(Turn::Done(u64::from(changed)));
        match asked.verb {
            Verb::Disconnect { session } => {
                self.check_session(session)?;
                let state = &mut self.sessions[usize::from(session.0)];
                let ends = state.is_alive();
                if ends {
                    state.end(command.seq);
                }
                done(ends)
            }
            Verb::CancelOrders { scope, symbol, side } => {
                self.check_market_open()?;
                let instrument = symbol.map(|symbol| self.find(symbol)).transpose()?;
                self.cancel_all(command, asked, scope, instrument, side)
            }
            Verb::Lock { scope } => {
                self.check_market_open()?;
                let cancel = self.cancel_all(command, asked, scope, None, None)?;
                self.controls.set_lock(scope, true);
                Ok(cancel)
            }
            Verb::Unlock { scope } => {
                self.check_scope(scope)?;
                done(self.controls.set_lock(scope, false))
            }
            Verb::Halt { symbol } => self.turn_halt(command, symbol, true, sink),
            Verb::Resume { symbol } => self.turn_halt(command, symbol, false, sink),
            Verb::Drain => done(self.controls.set_draining(true)),
            Verb::Reopen => done(self.controls.set_draining(false)),
            Verb::CloseMarket => done(self.close(command, sink)),
            Verb::AddInstrument(added) => {
                self.check_market_open()?;
                self.add_instrument(command, &added, sink)?;
                done(true)
            }
            Verb::KeyChanged { session, fingerprint } => {
                self.check_session(session)?;
                done(self.controls.set_key(session, fingerprint))
            }
        }
    }

    fn cancel_all(
        &self,
        command: &Command<'_>,
        asked: &OperatorCommand,
        scope: Scope,
        instrument: Option<InstrumentIndex>,
        side: Option<Side>,
    ) -> Result<Turn, Refusal> {
        self.check_scope(scope)?;
        let OperatorCommand { operator, number, .. } = *asked;
        let (seq, canceled, list, next) = (command.seq, 0, 0, None);
        let cancel = MassCancel { operator, number, seq, scope, instrument, side, canceled, list, next };
        Ok(Turn::Cancel(self.at_first_list(cancel)))
    }

    fn turn_halt(
        &mut self,
        command: &Command<'_>,
        symbol: Symbol,
        halted: bool,
        sink: &mut impl Sink,
    ) -> Result<Turn, Refusal> {
        self.check_market_open()?;
        let instrument = self.find(symbol)?;
        let changed = self.controls.set_halted(instrument, halted);
        if changed {
            let status = if halted { STATUS_HALTED } else { STATUS_TRADING };
            self.reporter(command, sink).1.trading_status(instrument, status);
        }
        Ok(Turn::Done(u64::from(changed)))
    }

    fn add_instrument(
        &mut self,
        command: &Command<'_>,
        added: &NewInstrument,
        sink: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let NewInstrument { symbol, tick, lot, price_min, price_max, quantity_max, market_protection, channel } =
            *added;
        let terms = Instrument { symbol, tick, lot, price_min, price_max, quantity_max, market_protection, channel };
        let index = self.place_for(&terms)?;
        sink.instrument_added(command.seq, index, &terms);
        self.place(index, terms);
        self.reporter(command, sink).1.list(index);
        Ok(())
    }

    /// Adds an instrument from an image.
    pub(crate) fn restore_instrument(&mut self, terms: Instrument) -> Result<(), Refusal> {
        let index = self.place_for(&terms)?;
        self.place(index, terms);
        Ok(())
    }

    /// The index that an instrument would get.
    fn place_for(&self, terms: &Instrument) -> Result<InstrumentIndex, Refusal> {
        let rules = self.channels.get(usize::from(terms.channel.0)).ok_or(Refusal::UNKNOWN_CHANNEL)?;
        if self.instruments.find(terms.symbol).is_some() {
            return Err(Refusal::ALREADY_EXISTS);
        }
        if !terms.are_sound() {
            return Err(Refusal::BAD_TERMS);
        }
        let index = self.instruments.next_index().ok_or(Refusal::NO_ROOM)?;
        // What ITCH 5.0 cannot say, a stream of depth cannot carry.
        let sayable = |price| Price4::try_from(price).is_ok();
        if rules.depth && !(locate(index).is_some() && sayable(terms.price_min) && sayable(terms.price_max)) {
            return Err(Refusal::BAD_TERMS);
        }
        Ok(index)
    }

    fn place(&mut self, index: InstrumentIndex, terms: Instrument) {
        self.book.set_tick(index, terms.tick);
        self.instruments.add(terms);
    }

    fn find(&self, symbol: Symbol) -> Result<InstrumentIndex, Refusal> {
        self.instruments.find(symbol).ok_or(Refusal::UNKNOWN_SYMBOL)
    }

    const fn check_market_open(&self) -> Result<(), Refusal> {
        if self.market_closed { Err(Refusal::MARKET_CLOSED) } else { Ok(()) }
    }

    fn check_session(&self, session: SessionIndex) -> Result<(), Refusal> {
        if usize::from(session.0) < self.sessions.len() { Ok(()) } else { Err(Refusal::UNKNOWN_SESSION) }
    }

    fn check_scope(&self, scope: Scope) -> Result<(), Refusal> {
        match scope {
            Scope::Session(session) => self.check_session(session),
            Scope::Member(MemberId(member)) if usize::from(member) >= self.members.len() => {
                Err(Refusal::UNKNOWN_MEMBER)
            }
            Scope::Member(_) | Scope::Venue => Ok(()),
        }
    }

    /// Whether a session's login was ended by this command.
    #[must_use]
    pub(crate) fn was_ended_by(&self, session: SessionIndex, seq: Seq) -> bool {
        self.sessions.get(usize::from(session.0)).is_some_and(|state| !state.is_alive() && state.last_cause() == seq)
    }
}
