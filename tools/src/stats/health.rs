//! Healthy or not, why, and what to do.
//!
//! Goal: a pure function of a [`Look`]: the same for whoever looks, a screen, a script, `pinion doctor` or an alert. Non-goal: thresholds of
//! one's own; those are alerts.

mod parts;
mod venue;

use super::look::{Look, ProcessState};
use super::number::Lasted;
use std::fmt;
use std::time::Duration;

/// A heartbeat that stands still for so long is late: tiles publish every 10 ms.
pub const HEARTBEAT_LATE: Duration = Duration::from_millis(500);
/// A record that waits so long to be durable is late …
pub const DURABLE_LATE: Duration = Duration::from_millis(100);
/// … and then nothing leaves any more.
pub const DURABLE_STUCK: Duration = Duration::from_secs(1);
/// A thread that is so busy for three seconds has no reserve, of a thousand.
pub const BUSY_PERMILLE: u64 = 950;
/// A link that is full for so long, or a client that is behind, is no burst.
pub const LASTING: Duration = Duration::from_millis(900);
/// So many of a thousand messages rejected …
pub const REJECTS_PERMILLE: u64 = 500;
/// … of at least so many a second.
pub const REJECTS_FROM: u64 = 100;
/// So much of a limit in use, of a thousand.
pub const FULL_PERMILLE: u64 = 900;
/// So many useless datagrams a second.
pub const GARBAGE_FROM: u64 = 100;
/// The interval of heartbeats on a stream where the counters do not say it.
const FEED_HEARTBEAT_MS: u64 = 1_000;
/// What the publishing itself takes.
const FEED_SLACK: Duration = Duration::from_millis(200);

/// How it is, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Everything does what it should.
    Healthy,
    /// It recovers, and will serve.
    Starting,
    /// It serves, and something is not as it should be.
    Degraded,
    /// Something that everybody needs does not work.
    Broken,
    /// There is no such appliance any more.
    Gone,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Healthy, Self::Starting, Self::Degraded, Self::Broken, Self::Gone];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Broken => "broken",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much a reason counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Worth knowing, and somebody's intention.
    Note,
    /// See [`Verdict::Starting`].
    Starting,
    /// See [`Verdict::Degraded`].
    Degraded,
    /// See [`Verdict::Broken`].
    Broken,
    /// See [`Verdict::Gone`].
    Gone,
}

impl Grade {
    const fn verdict(self) -> Verdict {
        match self {
            Self::Note => Verdict::Healthy,
            Self::Starting => Verdict::Starting,
            Self::Degraded => Verdict::Degraded,
            Self::Broken => Verdict::Broken,
            Self::Gone => Verdict::Gone,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            other => other.verdict().name(),
        }
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident $name:literal,)*) => {
        /// What was found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// Its name, which never changes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)*
                }
            }
        }
    };
}

rules! {
    /// The process has ended, or is held.
    Process "process",
    /// The appliance, a thread or a tile has not published in time.
    Heartbeat "heartbeat",
    /// The appliance has failed.
    Failed "failed",
    /// It recovers.
    Recovery "recovery",
    /// Records wait to be durable.
    Durable "durable",
    /// The journal has failed.
    Journal "journal",
    /// The journal's disk is full, or nearly.
    Disk "disk",
    /// A link stays full.
    Link "link",
    /// A link dropped something.
    Drops "drops",
    /// A thread has no reserve.
    Busy "busy",
    /// A stream of market data is silent.
    Feed "feed",
    /// The port lost or could not send something.
    Port "port",
    /// What arrives is not for us, or no message.
    Garbage "garbage",
    /// Most messages are rejected.
    Rejects "rejects",
    /// A session died, is locked, or does not take its reports.
    Session "session",
    /// A limit is nearly reached.
    Capacity "capacity",
    /// The wall clock stepped.
    Clock "clock",
    /// The market day is over.
    Market "market",
    /// The operator drains it.
    Drain "drain",
    /// The kill switch is on.
    Lock "lock",
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which rule found it.
    pub rule: Rule,
    /// How much it counts.
    pub grade: Grade,
    /// Whose fault or trouble it is: a tile, a link, a session; empty for the appliance.
    pub subject: String,
    /// What is so.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// The verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How it is.
    pub verdict: Verdict,
    /// Why, the worst first; empty when all is well.
    pub reasons: Vec<Reason>,
}

impl Health {
    /// Judges a look.
    #[must_use]
    pub fn of(look: &Look) -> Self {
        let mut found = Found(Vec::new());
        if process(look, &mut found) {
            venue::judge(look, &mut found);
            parts::judge(look, &mut found);
        }
        let Found(mut reasons) = found;
        // Of the same grade in the order in which they were found.
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.grade));
        let verdict = reasons.first().map_or(Verdict::Healthy, |reason| reason.grade.verdict());
        Self { verdict, reasons }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.verdict == Verdict::Healthy
    }

    /// The worst reason.
    #[must_use]
    pub fn first(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}

/// What was found so far.
struct Found(Vec<Reason>);

impl Found {
    fn add(&mut self, rule: Rule, grade: Grade, subject: &str, what: String, remedy: impl Into<String>) {
        self.0.push(Reason { rule, grade, subject: subject.to_owned(), what, remedy: remedy.into() });
    }
}

/// What the appliance is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Running,
    Stopped,
    Failed,
}

fn phase(look: &Look) -> Phase {
    match look.get("appliance", "phase") {
        Some(0) => Phase::Starting,
        Some(3) => Phase::Stopped,
        Some(4) => Phase::Failed,
        _ => Phase::Running,
    }
}

/// Whether it is there at all; if not, or if it does not run, nothing else is worth saying.
fn process(look: &Look, found: &mut Found) -> bool {
    let pid = look.owner.pid;
    match (look.process, phase(look)) {
        (ProcessState::Gone, Phase::Stopped) => {
            let what = format!("process {pid} has stopped in order");
            found.add(Rule::Process, Grade::Gone, "", what, "start it again with `pinion run`");
        }
        (ProcessState::Gone, at) => {
            let how = if at == Phase::Failed { "has failed and ended" } else { "ended without being told to" };
            let what = format!("process {pid} {how}");
            let remedy = "see its last lines on stderr or in the log, then start it again with `pinion run`: nothing acknowledged is lost";
            found.add(Rule::Process, Grade::Gone, "", what, remedy);
        }
        (ProcessState::Stopped, _) => {
            let what = format!("process {pid} is held by a signal or a debugger");
            found.add(Rule::Process, Grade::Broken, "", what, format!("let it go on: kill -CONT {pid}"));
        }
        (ProcessState::Runs, Phase::Failed) => {
            let what = format!("process {pid} has failed and is about to end");
            found.add(Rule::Failed, Grade::Broken, "", what, "see its last lines on stderr or in the log");
            return true;
        }
        (ProcessState::Runs, _) => return true,
    }
    false
}

/// A duration in words.
fn lasted(duration: Duration) -> Lasted {
    duration.into()
}
