//! The exchange: a function from commands to reports and ticks.
//!
//! ```text
//!   Command ─► session numbering ─► entry checks ─► Book ─► events ─► reports (OUCH 5.0) and ticks ─► Sink
//! ```
//! Goal: everything that decides an outcome is in here and follows from the commands alone, so that replay, recovery and simulation are
//! the same function. Non-goal: transport (see [`crate::gateway`]), durability (see [`crate::journal`]).

mod entry;
mod market_data;
mod reporter;

use crate::book::{Book, BookCommand, BookLimits, CancelReason};
use crate::command::{Action, Command};
use crate::instrument::{Instrument, InstrumentTable};
use crate::limits::{CANCELS_PER_SLICE_MAX, FILLS_PER_COMMAND_MAX, INSTRUMENTS_MAX};
use crate::milestone::Milestone;
use crate::rules::{ChannelRules, MemberRules, Rules};
use crate::session::{Session, mix};
use crate::sink::Sink;
pub(crate) use market_data::{STATUS_CLOSED, STATUS_TRADING};
use reporter::{Reporter, Request};
use wire::feed::{CHANNELS_MAX, ChannelIndex, Stream, StreamKind};
use wire::mold::SessionId;
use wire::snapshot::{ChannelImage, StateImage};
use wire::{InstrumentIndex, MatchNumber, OrderRef, SessionIndex};

/// What numbers the exchange gives out next. Part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The next accepted or replacing order.
    pub order_ref: OrderRef,
    /// The next trade.
    pub match_number: MatchNumber,
    /// The next tick's place on the tick stream of each channel.
    pub tick: [u64; CHANNELS_MAX],
    /// The next message's place on the depth stream of each channel; 1 for ever on a channel without one.
    pub depth: [u64; CHANNELS_MAX],
}

impl Numbers {
    /// Of an exchange that has done nothing.
    pub const FIRST: Self = Self {
        order_ref: OrderRef(1),
        match_number: MatchNumber(1),
        tick: [1; CHANNELS_MAX],
        depth: [1; CHANNELS_MAX],
    };

    /// What comes next on a stream.
    #[must_use]
    pub fn next(&self, stream: Stream) -> u64 {
        let channel = usize::from(stream.channel.0);
        match stream.kind {
            StreamKind::Tick => self.tick[channel],
            StreamKind::Depth => self.depth[channel],
        }
    }
}

/// Books, sessions and rules.
pub struct Exchange {
    instruments: InstrumentTable,
    channels: Vec<ChannelRules>,
    members: Vec<MemberRules>,
    sessions: Vec<Session>,
    book: Book,
    numbers: Numbers,
    feed_session: SessionId,
    ignored: u64,
    entry_closed: bool,
    market_closed: bool,
}

impl Exchange {
    /// An exchange with empty books under these rules. Allocates everything it will ever need.
    ///
    /// # Panics
    /// The rules contradict themselves: more instruments than [`INSTRUMENTS_MAX`], a session of a member or an instrument of a
    /// channel that is not there, no channel. The configuration has checked all of it.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        assert!(rules.instruments.len() <= INSTRUMENTS_MAX, "at most {INSTRUMENTS_MAX} instruments");
        assert!((1..=CHANNELS_MAX).contains(&rules.channels.len()), "1 to {CHANNELS_MAX} channels");
        let known = |instrument: &Instrument| usize::from(instrument.channel.0) < rules.channels.len();
        assert!(rules.instruments.iter().all(known), "every instrument has a configured channel");
        let sessions: Vec<Session> =
            rules.sessions.iter().map(|session| Session::new(session.member, session.open_orders_max)).collect();
        assert!(
            sessions.iter().all(|session| usize::from(session.member().0) < rules.members.len()),
            "every session belongs to a configured member"
        );
        let mut book = Book::new(&BookLimits {
            instruments: u32::try_from(rules.instruments.len()).expect("bounded above"),
            orders: rules.orders_max,
            levels: rules.levels_max,
            stops: rules.stops_max,
            sessions: u16::try_from(sessions.len()).expect("a session index has 16 bits"),
            fills_per_command: FILLS_PER_COMMAND_MAX,
        });
        for (number, instrument) in (0..).zip(&rules.instruments) {
            book.set_tick(InstrumentIndex(number), instrument.tick);
        }
        Self {
            instruments: InstrumentTable::new(rules.instruments.clone()),
            channels: rules.channels.clone(),
            members: rules.members.clone(),
            sessions,
            book,
            numbers: Numbers::FIRST,
            feed_session: SessionId([b' '; 10]),
            ignored: 0,
            entry_closed: false,
            market_closed: false,
        }
    }

    /// The books.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// What is traded.
    #[must_use]
    pub const fn instruments(&self) -> &InstrumentTable {
        &self.instruments
    }

    /// The market-data channels by index.
    #[must_use]
    pub fn channels(&self) -> &[ChannelRules] {
        &self.channels
    }

    /// The channel on which an instrument is published.
    ///
    /// # Panics
    /// There is no such instrument.
    #[must_use]
    pub fn channel_of(&self, instrument: InstrumentIndex) -> ChannelIndex {
        self.instruments.get(instrument).channel
    }

    /// All streams of market data: the ticks of each channel, and its depth where it has that.
    pub fn streams(&self) -> impl Iterator<Item = Stream> {
        (0..).map(ChannelIndex).zip(&self.channels).flat_map(|(channel, rules)| {
            let depth = rules.depth.then_some(Stream::new(channel, StreamKind::Depth));
            std::iter::once(Stream::new(channel, StreamKind::Tick)).chain(depth)
        })
    }

    /// The sessions by index.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// What is given out next.
    #[must_use]
    pub const fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// The session name of the market-data channels, from the first command on.
    #[must_use]
    pub const fn feed_session(&self) -> SessionId {
        self.feed_session
    }

    /// Messages that were ignored as retransmissions because their `UserRefNum` had been passed (OUCH 5.0 §1.2).
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Whether new orders are rejected.
    #[must_use]
    pub const fn is_entry_closed(&self) -> bool {
        self.entry_closed
    }

    /// Whether the market day is over: the books stay as they are, and nothing follows on any stream of market data.
    #[must_use]
    pub const fn is_market_closed(&self) -> bool {
        self.market_closed
    }

    /// Books and sessions, to be filled from an image.
    pub(crate) fn parts_mut(&mut self) -> (&mut Book, &mut [Session]) {
        (&mut self.book, &mut self.sessions)
    }

    /// Takes over the numbers of an image.
    pub(crate) const fn restore(&mut self, state: &StateImage) {
        self.numbers.order_ref = OrderRef(state.order_ref);
        self.numbers.match_number = MatchNumber(state.match_number);
        self.feed_session = SessionId(state.feed_session);
        self.ignored = state.ignored;
        self.entry_closed = state.entry_closed != 0;
        self.market_closed = state.market_closed != 0;
    }

    /// Takes over what comes next on a channel's streams.
    pub(crate) fn restore_channel(&mut self, channel: usize, image: &ChannelImage) {
        (self.numbers.tick[channel], self.numbers.depth[channel]) = (image.tick, image.depth);
    }

    /// Whether an ended session still has orders that its disconnect is to cancel. When the market is closed, no order changes any more.
    #[must_use]
    pub fn has_orders_to_cancel(&self, session: SessionIndex) -> bool {
        let state = &self.sessions[usize::from(session.0)];
        let cancels = state.login().is_some_and(|login| login.cancel_on_disconnect);
        !self.market_closed && !state.is_alive() && cancels && self.book.first_of_session(session).is_some()
    }

    /// Whether an order's stop price was reached and the order has not entered yet: then the next command is an
    /// [`Action::Elect`].
    #[must_use]
    pub const fn has_elected(&self) -> bool {
        self.book.has_elected()
    }

    /// A hash of everything that influences later outcomes. Equal states have equal hashes on every machine.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut hash = mix(0, self.book.state_hash());
        for number in [self.numbers.order_ref.0, self.numbers.match_number.0] {
            hash = mix(hash, number);
        }
        for (&tick, &depth) in self.numbers.tick.iter().zip(&self.numbers.depth).take(self.channels.len()) {
            hash = mix(mix(hash, tick), depth);
        }
        // An open entry leaves the hash as it was before there was a gate, and journals of that time as they are.
        if self.entry_closed {
            hash = mix(hash, 1);
        }
        if self.market_closed {
            hash = mix(hash, 2);
        }
        self.sessions.iter().fold(hash, |hash, session| session.fold(hash))
    }

    /// Does what a command says. Everything it causes goes to `sink`, in order.
    pub fn apply(&mut self, command: &Command<'_>, sink: &mut impl Sink) {
        match command.action {
            Action::Genesis { feed_session, .. } => {
                self.feed_session = feed_session;
                self.reporter(command, sink).1.open();
            }
            Action::Message { session, client_seq, bytes } => {
                self.sessions[usize::from(session.0)].take_inbound(command.seq, client_seq);
                self.enter(command, session, bytes, sink);
                sink.reached(command.seq, Milestone::Match);
            }
            Action::Login { session, login } => self.sessions[usize::from(session.0)].log_in(command.seq, login),
            Action::Death { session } | Action::Logout { session } => {
                self.sessions[usize::from(session.0)].end(command.seq);
            }
            Action::Skip { session, next_inbound } => {
                self.sessions[usize::from(session.0)].skip_to(command.seq, next_inbound);
            }
            Action::CancelSlice { session } => {
                let (book, mut reporter) = self.reporter(command, sink);
                for _ in 0..CANCELS_PER_SLICE_MAX {
                    let Some(key) = book.first_of_session(session) else { break };
                    let cancel = BookCommand::Cancel { key, reason: CancelReason::Disconnect };
                    book.apply(&cancel, &mut |event| reporter.on(&event, &Request::Unsolicited));
                }
            }
            Action::Elect => {
                let (book, mut reporter) = self.reporter(command, sink);
                let next_ref = reporter.numbers.order_ref;
                book.elect(next_ref, &mut |event| reporter.on(&event, &Request::Unsolicited));
            }
            Action::EntryGate { closed } => self.entry_closed = closed,
            Action::CloseMarket => {
                if !self.market_closed {
                    self.reporter(command, sink).1.close();
                    sink.market_closed(command.seq);
                    self.market_closed = true;
                }
            }
            Action::StateHash { .. } => {}
        }
    }

    /// The book, and beside it what turns its events into output.
    fn reporter<'a, S: Sink>(&'a mut self, command: &Command<'_>, sink: &'a mut S) -> (&'a mut Book, Reporter<'a, S>) {
        let reporter = Reporter {
            cause: command.seq,
            time: command.time,
            sessions: &mut self.sessions,
            instruments: &self.instruments,
            channels: &self.channels,
            numbers: &mut self.numbers,
            sink,
        };
        (&mut self.book, reporter)
    }
}
