//! Why a measurement gives no figures.

use std::io;
use std::path::PathBuf;

use engine::config::ConfigError;
use engine::journal::JournalError;
use feedhandler::FlowError;

/// No figures, or none that count.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The flow cannot be read.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The flow can be read and is of no use here.
    #[error("message {line} of the flow: expected {expected}; give a flow in the consensus text format")]
    Unusable {
        /// Which message, from 0.
        line: u64,
        /// What can be measured.
        expected: &'static str,
    },
    /// A subject's answer is not the published one: its speed is of no interest.
    #[error("{subject}: expected the report stream with SHA-256 {expected}, found {reports} reports with {found}")]
    Wrong {
        /// Who answered.
        subject: &'static str,
        /// What was published, or what the first subject said.
        expected: String,
        /// How many reports there were.
        reports: u64,
        /// Their hash.
        found: String,
    },
    /// A measured pass did something else than the pass that was checked.
    #[error(
        "{subject}, a measured pass: expected {expected}, as in the checked pass, found {found}; report it as a bug"
    )]
    Unequal {
        /// Who answered.
        subject: &'static str,
        /// What the checked pass came to.
        expected: String,
        /// What the measured pass came to.
        found: String,
    },
    /// The built-in login was refused.
    #[error("the venue: expected {expected} in the login, found something else; report it as a bug")]
    Login {
        /// Which step.
        expected: &'static str,
    },
    /// A tile cannot go on.
    #[error("a tile that is measured: {0}")]
    Tile(String),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A ring lost or changed something.
    #[error("rings: expected every slot once, in order and whole, found {wrong} that were not; report it as a bug")]
    Ring {
        /// How many slots were wrong.
        wrong: u64,
    },
    /// The journal cannot go on.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be followed, or a snapshot not be used.
    #[error(transparent)]
    Snapshot(#[from] engine::snapshot::SnapshotError),
    /// A record was not taken.
    #[error("the journal took no further record: {0}")]
    Append(#[from] engine::journal::AppendError),
    /// The disk or the system refused.
    #[error("cannot {what}: {source}; with --dir another directory can be used")]
    Io {
        /// What was to be done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// There is no callgrind, or it failed.
    #[error("expected valgrind to count instructions, found: {found}; install valgrind, or leave this part out")]
    Valgrind {
        /// What there is instead.
        found: String,
    },
    /// The table of instructions is none.
    #[error("the table of instructions: expected 'operation,number' with one decimal, found '{line}'; write it anew")]
    Table {
        /// The line.
        line: String,
    },
    /// Something needs more instructions than it did.
    #[error(
        "expected at most 5% more instructions than in the table, found: {grown}; make it smaller, or write the table anew \
         and say why"
    )]
    Grown {
        /// What.
        grown: String,
    },
    /// The book contradicts itself.
    #[error("the book is not sound: {0}; report it as a bug")]
    Audit(#[from] engine::book::AuditError),
    /// The appliance does not begin.
    #[error("the appliance in this process: {0}")]
    Start(#[from] engine::appliance::StartError),
    /// The appliance does not end as it should.
    #[error("the appliance in this process: {0}")]
    Stop(#[from] engine::appliance::StopError),
    /// The client takes no message.
    #[error("the client of the appliance in this process: {0}")]
    Submit(#[from] tools::client::SubmitError),
    /// The arguments fit nothing.
    #[error("expected {expected}, found '{found}'; see --help")]
    Usage {
        /// What would do.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// A file refuses.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else than a run.
    #[error("{}: expected what 'pinion-bench --out FILE' writes, found: {source}", path.display())]
    NoRun {
        /// Which.
        path: PathBuf,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// The page has no place for the numbers.
    #[error("{}: expected the line '{begin}' and later '{end}', found not both; put them where the numbers belong", path.display())]
    NoMarkers {
        /// Which file.
        path: PathBuf,
        /// Where they begin.
        begin: &'static str,
        /// Where they end.
        end: &'static str,
    },
    /// A program that was to be compared gave no figures.
    #[error("{} {arguments}: expected figures, found {found}", path.display())]
    Child {
        /// The program.
        path: PathBuf,
        /// What it was asked for.
        arguments: String,
        /// What there was instead.
        found: String,
    },
    /// What was to be compared is slower, and that was not to be.
    #[error("slower: {slower}")]
    Slower {
        /// Which figures.
        slower: String,
    },
    /// A plot cannot be drawn.
    #[error("the plot of {plot}: {reason}; report it as a bug")]
    Plot {
        /// Which.
        plot: String,
        /// What the plotter said.
        reason: String,
    },
    /// The report cannot be written.
    #[error("cannot write the result: {0}")]
    Output(#[source] io::Error),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// A process on the far side ended instead of serving.
    #[error("the far side, {name}: expected it to serve, found that it ended: {said}")]
    Peer {
        /// Which one.
        name: String,
        /// What it wrote before.
        said: String,
    },
    /// A message was answered otherwise than it must be.
    #[error("{subject}: expected {expected}, found {found}; report it as a bug")]
    Answer {
        /// Who answered.
        subject: &'static str,
        /// What must come.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// SIGINT or SIGTERM came.
    #[error("stopped by a signal; nothing is left behind")]
    Interrupted,
    /// The network cannot be reached that way.
    #[error(transparent)]
    Port(#[from] netio::PortError),
    /// The session cannot go on.
    #[error(transparent)]
    Client(#[from] tools::client::ClientError),
    /// The core cannot be had.
    #[error(transparent)]
    Pin(#[from] netio::cpu::PinError),
}

impl BenchError {
    /// For `map_err`: says what was to be done.
    pub fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}
