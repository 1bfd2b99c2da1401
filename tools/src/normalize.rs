//! Other venues' market data in, 26-byte ticks out, live or from recordings.
//!
//! Goal: what [`feedhandler::normalize`] makes of bytes, with everything around it: lines to listen to, files, pace, lines to
//! publish on, and how long each stage takes. Non-goal: order flow (see [`crate::replay`]).

mod clock;
pub mod command;
pub mod input;
pub mod line;
pub mod names;
pub mod outcome;
pub mod outlet;
pub mod pace;
pub mod server;
pub mod stages;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use feedhandler::FlowError;
use feedhandler::normalize::{Date, Day, Framing, Inlet, Normalizer, Symbols, Zone};
use netio::{Outgoing, Port, PortError};
use wire::Nanos;
use wire::tick::Tick;

use clock::Clock;
pub use input::{Input, Step};
pub use names::{NamesError, NamesFile};
pub use outcome::NormalizeOutcome;
pub use outlet::{Outlet, OutletError};
pub use pace::Pace;
pub use server::{Asked, Server};
pub use stages::Stages;

/// What to make of the input.
#[derive(Clone, Copy, Debug)]
pub struct NormalizeOptions {
    /// The framing and so the protocol; `None`: told from the first datagram.
    pub framing: Option<Framing>,
    /// The day of an input that counts from midnight; `None`: that of the first datagram.
    pub date: Option<Date>,
    /// The venue's clock.
    pub zone: Zone,
    /// How fast recordings are played.
    pub pace: Pace,
    /// Heartbeats before the first tick, so that subscribers can join.
    pub lead: Duration,
    /// Who is asked for what all lines lost, live.
    pub asked: Option<Asked>,
    /// End after so many messages.
    pub limit: Option<u64>,
    /// End after so long, live.
    pub duration: Option<Duration>,
}

/// Why normalising ended early. What had been made until then has left.
#[derive(Debug, thiserror::Error)]
pub enum NormalizeError {
    /// The recording cannot be read on.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// Ticks cannot leave.
    #[error(transparent)]
    Outlet(#[from] OutletError),
    /// The lines cannot be listened to any more.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The directory of names cannot be kept.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// Give the date.
    #[error(
        "expected a date for times that count from midnight, found none in the file or its name; give --date YYYY-MM-DD"
    )]
    NoDate,
}

/// Datagrams received in one turn.
const BURST: usize = 64;
/// How long to wait for a datagram before looking at clocks and signals.
const WAIT: Duration = Duration::from_millis(5);
/// The same while a message is missing.
const WAIT_MISSING: Duration = Duration::from_millis(1);
/// Losses are told at most so often.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// A sleeping thread may wake so much too late; what is left is waited for awake.
const OVERSLEEP: Duration = Duration::from_micros(150);
/// How often the directory is looked at.
const NAMES_EVERY: Duration = Duration::from_secs(1);

/// A normaliser at work: in from one side, out on the other.
pub struct Works<P> {
    options: NormalizeOptions,
    inlet: Inlet,
    /// Made with the first input, which may tell the protocol and the date.
    normalizer: Option<Normalizer>,
    symbols: Option<Symbols>,
    names: Option<NamesFile>,
    names_looked: Instant,
    outlet: Outlet<P>,
    /// Packets that came to where answers come to, from somebody else than the server.
    strangers: u64,
    told: Told,
    stages: Stages,
    clock: Clock,
    ready: Vec<Tick>,
    /// What the last datagram of a capture without times is taken to be of.
    last_time: Nanos,
}

/// Losses that were told.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    messages: u64,
    at: Option<Instant>,
}

impl<P: Port> Works<P> {
    /// Ready to begin; `names` with the directory in it.
    #[must_use]
    pub fn new(options: NormalizeOptions, symbols: Symbols, names: Option<NamesFile>, outlet: Outlet<P>) -> Self {
        let inlet = match options.asked {
            Some(_) => Inlet::asking(options.framing, Server::OPTIONS),
            None => Inlet::new(options.framing),
        };
        Self {
            options,
            inlet,
            normalizer: None,
            symbols: Some(symbols),
            names,
            names_looked: Instant::now(),
            outlet,
            strangers: 0,
            told: Told::default(),
            stages: Stages::new(),
            clock: Clock::new(),
            ready: Vec::with_capacity(1 << 12),
            last_time: Nanos::default(),
        }
    }

    /// Plays a recording to its end, or until `stop`.
    ///
    /// # Errors
    /// The recording cannot be read on, or ticks cannot leave. Either way, end with [`Self::finish`].
    pub fn play(&mut self, input: &mut Input, stop: &AtomicBool) -> Result<(), NormalizeError> {
        self.lead(stop)?;
        let begin = Instant::now();
        let mut first = None;
        while !stop.load(Ordering::Relaxed) && !self.is_enough() {
            let asked_ns = self.clock.now_ns();
            let Some((time, step)) = input.next_step()? else { break };
            let time = time.unwrap_or(self.last_time);
            self.last_time = time;
            let mut arrival_ns = asked_ns;
            if self.options.pace != Pace::Flat {
                let due = begin + self.options.pace.due(*first.get_or_insert(time), time);
                if due > Instant::now() {
                    // Nothing more to send for now: what waits leaves.
                    self.outlet.flush()?;
                    self.wait_until(due, stop)?;
                }
                arrival_ns = self.clock.ns_of(due);
            }
            self.take(arrival_ns, time, step)?;
        }
        Ok(())
    }

    /// Listens until `stop`, until the venue ends its session, or for as long as the options say.
    ///
    /// # Errors
    /// The lines cannot be listened to, or ticks cannot leave. Either way, end with [`Self::finish`].
    pub fn listen(&mut self, lines: &mut impl Port, stop: &AtomicBool) -> Result<(), NormalizeError> {
        self.lead(stop)?;
        let begin = Instant::now();
        let over = |duration: Option<Duration>| duration.is_some_and(|duration| begin.elapsed() >= duration);
        while !stop.load(Ordering::Relaxed) && !self.is_enough() && !over(self.options.duration) {
            let asked_ns = self.clock.now_ns();
            let mut taken = Ok(());
            let moved = lines.receive(BURST, |received| {
                if taken.is_ok() {
                    let arrival_ns = received.timestamp.unwrap_or(asked_ns);
                    let step = match self.options.asked {
                        Some(Asked { address, endpoint }) if received.endpoint == endpoint => {
                            if received.from != address {
                                self.strangers += 1;
                                return;
                            }
                            Step::Answer(received.payload)
                        }
                        _ => Step::Datagram(received.payload),
                    };
                    taken = self.take(arrival_ns, Nanos(arrival_ns), step);
                }
            })?;
            taken?;
            // The queue is empty, or a turn is over: nothing waits for what may come.
            self.look()?;
            self.ask(lines)?;
            self.outlet.flush()?;
            if moved == 0 {
                if self.inlet.has_ended() || self.normalizer.as_ref().is_some_and(Normalizer::has_ended) {
                    break;
                }
                self.outlet.keep_alive()?;
                lines.wait(if self.inlet.is_waiting() { WAIT_MISSING } else { WAIT });
            }
        }
        Ok(())
    }

    /// Lets out what is held, ends the session and sums up.
    ///
    /// # Errors
    /// It cannot leave, or the directory cannot be written.
    pub fn finish(mut self, input: Option<&Input>) -> Result<NormalizeOutcome, NormalizeError> {
        if let Some(normalizer) = &mut self.normalizer {
            let ready = &mut self.ready;
            self.inlet.finish(&mut |event| normalizer.sequenced(event, &mut |tick| ready.push(*tick)));
            for tick in self.ready.drain(..) {
                self.outlet.tick(&tick, normalizer.symbols())?;
            }
        }
        self.outlet.finish()?;
        let symbols = match &self.normalizer {
            Some(normalizer) => normalizer.symbols().clone(),
            None => self.symbols.take().unwrap_or_default(),
        };
        if let Some(names) = &mut self.names {
            names.save(&symbols)?;
        }
        Ok(NormalizeOutcome {
            elapsed_ns: self.clock.elapsed_ns(),
            capture: input.and_then(Input::capture_counters).map(|(counters, elsewhere)| (*counters, elsewhere)),
            lobster: input.and_then(Input::lobster_counters),
            inlet: *self.inlet.counters(),
            sequencer: *self.inlet.sequencer_counters(),
            asking: self.inlet.asking_counters().map(|counters| (counters, self.strangers)),
            normalize: self.normalizer.as_ref().map(|normalizer| *normalizer.counters()).unwrap_or_default(),
            outlet: self.outlet.counters(),
            stages: self.stages,
            symbols,
        })
    }

    fn take(&mut self, arrival_ns: u64, time: Nanos, step: Step<'_>) -> Result<(), NormalizeError> {
        let in_hand_ns = self.clock.now_ns();
        if matches!(step, Step::Elsewhere) || !self.begin(time, step)? {
            return Ok(());
        }
        let Self { inlet, normalizer: Some(normalizer), outlet, ready, .. } = self else { return Ok(()) };
        let mut sink = |tick: &Tick| ready.push(*tick);
        match step {
            Step::Datagram(datagram) => {
                inlet.datagram(time, datagram, &mut |event| normalizer.sequenced(event, &mut sink));
            }
            Step::Answer(datagram) => {
                inlet.answer(time, datagram, &mut |event| normalizer.sequenced(event, &mut sink));
            }
            Step::Message(message) => normalizer.message(message, &mut sink),
            Step::Lobster(event) => normalizer.lobster(&event, &mut sink),
            Step::Elsewhere => {}
        }
        let made_ns = self.clock.now_ns();
        for tick in ready.drain(..) {
            outlet.tick(&tick, normalizer.symbols())?;
        }
        self.stages.record([arrival_ns, in_hand_ns, made_ns, self.clock.now_ns()]);
        Ok(())
    }

    /// Makes the normaliser, once the input has told what it needs; `false` while it has not.
    fn begin(&mut self, time: Nanos, step: Step<'_>) -> Result<bool, NormalizeError> {
        if self.normalizer.is_some() {
            return Ok(true);
        }
        let (framing, dated) = match step {
            Step::Datagram(datagram) => {
                let Some(framing) = self.options.framing.or_else(|| Framing::detect(datagram)) else {
                    // Counted as malformed; the protocol stays unknown.
                    self.inlet.datagram(time, datagram, &mut |_| {});
                    return Ok(false);
                };
                (framing, (time != Nanos::default()).then(|| Date::at(time, self.options.zone)))
            }
            // Nothing was asked for.
            Step::Answer(_) => return Ok(false),
            Step::Message(_) | Step::Lobster(_) | Step::Elsewhere => (Framing::Mold, None),
        };
        let symbols = self.symbols.take().unwrap_or_default();
        self.normalizer = Some(match framing {
            Framing::IexTp => {
                if self.options.asked.is_some() {
                    eprintln!("--rerequest: the lines are IEX-TP, whose gap fill is not supported; nobody is asked");
                }
                Normalizer::deep(symbols)
            }
            Framing::Mold => {
                let date = self.options.date.or(dated).ok_or(NormalizeError::NoDate)?;
                eprintln!("date: {date}");
                Normalizer::itch(Day::new(date, self.options.zone), symbols)
            }
        });
        Ok(true)
    }

    /// Sends the requests that are due.
    fn ask(&mut self, port: &mut impl Port) -> Result<(), PortError> {
        let Some(Asked { address: to, endpoint }) = self.options.asked else { return Ok(()) };
        let mut request = self.inlet.next_request();
        if request.is_none() {
            return Ok(());
        }
        while request.is_some() {
            // A request that finds no room is made again, like one that is lost.
            port.send(1, |out| {
                let len = request.take()?.encode(out)?;
                Some(Outgoing { endpoint, to, len })
            })?;
            request = self.inlet.next_request();
        }
        port.flush()
    }

    /// Gives up old holes and keeps the directory, now and then.
    fn look(&mut self) -> Result<(), NormalizeError> {
        let Some(normalizer) = &mut self.normalizer else { return Ok(()) };
        let ready = &mut self.ready;
        let now = Nanos(self.clock.now_ns());
        self.inlet.look(now, &mut |event| normalizer.sequenced(event, &mut |tick| ready.push(*tick)));
        for tick in self.ready.drain(..) {
            self.outlet.tick(&tick, normalizer.symbols())?;
        }
        self.told.look(self.inlet.sequencer_counters().lost);
        if let Some(names) = &mut self.names
            && self.names_looked.elapsed() >= NAMES_EVERY
        {
            self.names_looked = Instant::now();
            names.save(normalizer.symbols())?;
        }
        Ok(())
    }

    fn is_enough(&self) -> bool {
        let messages = self.normalizer.as_ref().map_or(0, |normalizer| normalizer.counters().messages);
        self.options.limit.is_some_and(|limit| messages >= limit)
    }

    /// Heartbeats before the first tick.
    fn lead(&mut self, stop: &AtomicBool) -> Result<(), NormalizeError> {
        if self.outlet.is_live() {
            self.outlet.heartbeat()?;
            let until = Instant::now() + self.options.lead;
            while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                thread::sleep(until.saturating_duration_since(Instant::now()).min(LEAD_HEARTBEAT));
                self.outlet.heartbeat()?;
            }
        }
        Ok(())
    }

    fn wait_until(&mut self, due: Instant, stop: &AtomicBool) -> Result<(), NormalizeError> {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.outlet.keep_alive()?;
            if left > OVERSLEEP {
                thread::sleep((left - OVERSLEEP).min(WAIT));
            } else {
                std::hint::spin_loop();
            }
        }
    }
}

impl Told {
    /// Says on standard error when more messages are lost than before.
    fn look(&mut self, lost: u64) {
        if lost > self.messages && self.at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            let more = lost - self.messages;
            eprintln!("lost {more} messages that nobody brought ({lost} since the beginning); books may be wrong");
            (self.messages, self.at) = (lost, Some(Instant::now()));
        }
    }
}

/// Between the heartbeats before the first tick.
const LEAD_HEARTBEAT: Duration = Duration::from_millis(50);
