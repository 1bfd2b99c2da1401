//! The exchange: OUCH messages in, OUCH reports and ticks out.

use super::login::{LOGIN, START};
use super::{Ear, Subject};
use crate::flow::Flow;
use crate::stream::numbering::SESSION;
use engine::command::{Action, Command};
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::exchange::Exchange;
use engine::sink::{NoSink, Sink};
use wire::tick::Tick;
use wire::{Nanos, Seq, SessionIndex};

/// An exchange that is fed the flow's messages as sequenced commands.
pub struct ExchangeSubject<'a, E> {
    flow: &'a Flow,
    exchange: Exchange,
    seq: u64,
    out: Reports<E>,
}

/// An ear for what the exchange says.
struct Reports<E>(E);

impl<E: Ear> Sink for Reports<E> {
    #[inline]
    fn report(&mut self, _cause: Seq, _session: SessionIndex, message: &[u8]) {
        self.0.report(message);
    }

    #[inline]
    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.0.tick(tick);
    }

    #[inline]
    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.0.depth(event);
    }
}

impl<'a, E: Ear> ExchangeSubject<'a, E> {
    /// An empty exchange of the configured size, its first session logged in.
    pub fn new(flow: &'a Flow, config: &Config, ear: E) -> Self {
        let mut exchange = Exchange::new(&config.rules());
        let action = Action::Login { session: SESSION, login: LOGIN };
        exchange.apply(&Command { seq: Seq(1), time: START, action }, &mut NoSink);
        Self { flow, exchange, seq: 1, out: Reports(ear) }
    }

    /// Where it stands.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Who heard it.
    pub fn into_ear(self) -> E {
        self.out.0
    }
}

impl<E: Ear> Subject for ExchangeSubject<'_, E> {
    #[inline]
    fn step(&mut self, line: usize) {
        self.out.0.begin(line);
        self.seq += 1;
        let client_seq = line as u64 + 1;
        let bytes = &self.flow.messages()[line];
        let command = Command {
            seq: Seq(self.seq),
            time: Nanos(START.0 + self.seq),
            action: Action::Message { session: SESSION, client_seq, bytes },
        };
        self.exchange.apply(&command, &mut self.out);
    }

    fn state_hash(&self) -> u64 {
        self.exchange.state_hash()
    }
}
