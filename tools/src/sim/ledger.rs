//! The whole history as the journal has it, kept by somebody who only reads the journal.
//!
//! Goal: what every command led to, from a replay that begins with the first record and never stops; all checkers compare with it.
//! Non-goal: what is not durable yet: under `synced` it is in the appliance's memory only.

use std::collections::BTreeMap;
use std::path::Path;

use engine::command::Action;
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::exchange::Exchange;
use engine::instrument::{Instrument, InstrumentTable};
use engine::journal::{Anchor, JournalError, Reader, directory};
use engine::record;
use engine::sink::Sink;
use engine::snapshot::SnapshotError;
use engine::snapshot::tail::Tail;
use wire::admin::{OperatorName, Outcome};
use wire::itch::MESSAGE_LEN_MAX;
use wire::journal::RecordKind;
use wire::mold::SessionId;
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Nanos, Seq, SessionIndex};

/// A record, and the state after it.
#[derive(Clone, Debug)]
struct Entry {
    time: Nanos,
    kind: RecordKind,
    body: Vec<u8>,
    anchor: Anchor,
    hash: u64,
}

/// Something that a command led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The command.
    pub cause: Seq,
    /// The message.
    pub bytes: Vec<u8>,
}

/// A message of a client that was sequenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its place.
    pub seq: Seq,
    /// Whose.
    pub session: SessionIndex,
    /// Under which number of the client's.
    pub client_seq: u64,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// What became of an operator's command.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// Behind which command the answer stands.
    pub cause: Seq,
    /// Whose.
    pub operator: OperatorName,
    /// Which one.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// All effects so far.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// By session, the first with number 1.
    pub reports: Vec<Vec<Effect>>,
    /// The first with number 1.
    pub ticks: Vec<Effect>,
    /// The same of the depth stream.
    pub depth: Vec<Effect>,
    /// What became of operators' commands.
    pub done: Vec<Done>,
    /// A command that traded in a halted instrument.
    pub halted_trade: Option<Seq>,
    /// The instruments of the last command's trades.
    traded: Vec<InstrumentIndex>,
    /// For the names in them.
    instruments: Option<InstrumentTable>,
    /// Sessions and reports in the order in which they were made, as places in `reports`.
    pub order: Vec<(SessionIndex, usize)>,
    /// Messages of clients.
    pub taken: Vec<Taken>,
    /// Logins by their token.
    pub tokens: BTreeMap<SessionId, (SessionIndex, Seq)>,
}

/// The history so far.
pub struct Ledger {
    exchange: Exchange,
    entries: Vec<Entry>,
    effects: Effects,
    tail: Option<Tail>,
    /// The journal need not be whole before this record.
    floor: Option<Anchor>,
}

impl Ledger {
    /// An empty history under these rules.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let exchange = Exchange::new(&config.rules());
        let effects = Effects {
            reports: vec![Vec::new(); exchange.sessions().len()],
            instruments: Some(exchange.instruments().clone()),
            ..Effects::default()
        };
        Self { exchange, entries: Vec::new(), effects, tail: None, floor: None }
    }

    /// The last command.
    #[must_use]
    pub fn last(&self) -> Seq {
        Seq(self.entries.len() as u64)
    }

    /// What was done.
    #[must_use]
    pub const fn effects(&self) -> &Effects {
        &self.effects
    }

    /// The state after the last command.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The hash of the state after a command; `None` when it is not known yet, or before the first.
    #[must_use]
    pub fn hash_after(&self, seq: Seq) -> Option<u64> {
        let place = usize::try_from(seq.0.checked_sub(1)?).ok()?;
        self.entries.get(place).map(|entry| entry.hash)
    }

    /// Where a command's record lies.
    #[must_use]
    pub fn place_of(&self, seq: Seq) -> Option<Anchor> {
        let place = usize::try_from(seq.0.checked_sub(1)?).ok()?;
        self.entries.get(place).map(|entry| entry.anchor)
    }

    /// Reads on, up to a record that is known to be there.
    ///
    /// # Errors
    /// The journal is not one that can be read so far, or a record cannot be.
    pub fn follow(&mut self, dir: &Path, until: Seq) -> Result<(), String> {
        if self.last() >= until {
            return Ok(());
        }
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => self.open(dir).map_err(|error| error.to_string())?,
        };
        while self.last() < until {
            let record = tail.next(until).map_err(|error| error.to_string())?;
            let Some(record) = record else { return Err(format!("record {until} was appended, and is not there")) };
            let entry = Entry {
                time: record.receive_time,
                kind: record.kind,
                body: record.body.to_vec(),
                anchor: Anchor { position: record.position, seq: record.seq, chain: 0 },
                hash: 0,
            };
            let anchor = tail.last();
            self.apply(Entry { anchor, ..entry })?;
        }
        self.tail = Some(tail);
        Ok(())
    }

    /// The journal was opened anew and ends here: compares what it holds with the history, of which the rest is no more.
    ///
    /// # Errors
    /// It holds something else, or less than it should.
    pub fn reconcile(&mut self, dir: &Path, last: Seq) -> Result<(), String> {
        self.tail = None;
        let mut reader = self.reader(dir).map_err(|error| error.to_string())?;
        let mut seen = self.floor.map_or(Seq(0), |floor| floor.seq);
        while let Some(record) = reader.next().map_err(|error| error.to_string())? {
            seen = record.seq;
            let place = usize::try_from(record.seq.0 - 1).unwrap_or(usize::MAX);
            // What was written and not known durable before the end is new here.
            let Some(entry) = self.entries.get(place) else { continue };
            if (record.receive_time, record.kind, record.body) != (entry.time, entry.kind, entry.body.as_slice()) {
                return Err(format!("record {} is not the one that was appended", record.seq));
            }
        }
        if seen != last {
            return Err(format!("the journal ends with record {seen}, the appliance stands after {last}"));
        }
        self.entries.truncate(usize::try_from(last.0).unwrap_or(usize::MAX));
        Ok(())
    }

    /// A loss of power took records that nothing depended on any more: before this one, which a snapshot stands behind, the journal need not
    /// be whole.
    pub fn begin_behind(&mut self, seq: Seq) {
        self.floor = self.place_of(seq);
    }

    /// After the history was cut short: does it all again.
    ///
    /// # Errors
    /// A record cannot be done again, which is a bug.
    pub fn redo(&mut self, config: &Config) -> Result<(), String> {
        let entries = std::mem::take(&mut self.entries);
        let mut fresh = Self::new(config);
        for entry in entries {
            fresh.apply(entry)?;
        }
        fresh.floor = self.floor;
        *self = fresh;
        Ok(())
    }

    /// Makes a history that is wrong, for a canary.
    pub fn spoil(&mut self) {
        if let Some(entry) = self.entries.last_mut() {
            entry.time = Nanos(entry.time.0 + 1);
        }
    }

    fn open(&self, dir: &Path) -> Result<Tail, SnapshotError> {
        let epoch = directory::epoch(dir)?.unwrap_or_default();
        match self.entries.last() {
            Some(entry) => Tail::behind(dir, epoch, entry.anchor),
            None => Tail::at_start(dir, epoch),
        }
    }

    /// From the first record that is still there.
    fn reader(&self, dir: &Path) -> Result<Reader, JournalError> {
        let first = directory::segments(dir)?.first().map_or(0, |segment| segment.index);
        if let Some(floor) = self.floor.filter(|floor| floor.position.segment >= first) {
            return Reader::open_behind(dir, &floor);
        }
        let anchor = self.entries.iter().map(|entry| entry.anchor).find(|anchor| anchor.position.segment == first);
        match anchor.filter(|_| first > 0) {
            Some(anchor) => Reader::open_behind(dir, &anchor),
            None => Reader::open(dir),
        }
    }

    fn apply(&mut self, mut entry: Entry) -> Result<(), String> {
        let seq = Seq(self.last().0 + 1);
        if entry.anchor.seq != seq {
            return Err(format!("expected record {seq}, found {}", entry.anchor.seq));
        }
        let command = record::decode(seq, entry.time, entry.kind, &entry.body).map_err(|error| error.to_string())?;
        match command.action {
            Action::Message { session, client_seq, bytes } => {
                self.effects.taken.push(Taken { seq, session, client_seq, bytes: bytes.to_vec() });
            }
            Action::Login { session, login } => {
                self.effects.tokens.insert(login.token, (session, seq));
            }
            Action::StateHash { hash } if hash != self.exchange.state_hash() => {
                return Err(format!(
                    "record {seq} says another state hash than a replay from the first record comes to"
                ));
            }
            _ => {}
        }
        self.exchange.apply(&command, &mut self.effects);
        let controls = self.exchange.controls();
        if self.effects.traded.drain(..).any(|instrument| controls.is_halted(instrument)) {
            self.effects.halted_trade.get_or_insert(seq);
        }
        entry.hash = self.exchange.state_hash();
        self.entries.push(entry);
        Ok(())
    }
}

impl Sink for Effects {
    fn report(&mut self, cause: Seq, session: SessionIndex, message: &[u8]) {
        let reports = &mut self.reports[usize::from(session.0)];
        self.order.push((session, reports.len()));
        reports.push(Effect { cause, bytes: message.to_vec() });
    }

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        if tick.kind == TickKind::Trade {
            self.traded.push(tick.symbol_id);
        }
        let mut bytes = vec![0; Tick::SIZE];
        // A tick has one size.
        let _ = tick.encode(&mut bytes);
        self.ticks.push(Effect { cause, bytes });
    }

    fn instrument_added(&mut self, _cause: Seq, _index: InstrumentIndex, terms: &Instrument) {
        if let Some(instruments) = &mut self.instruments {
            instruments.add(terms.clone());
        }
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        self.done.push(Done { cause, operator, number, outcome });
    }

    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        let mut bytes = vec![0; MESSAGE_LEN_MAX];
        let len = self.instruments.as_ref().and_then(|instruments| event.encode(instruments, &mut bytes));
        bytes.truncate(len.unwrap_or(0));
        self.depth.push(Effect { cause, bytes });
    }
}
