//! The appliance as a library: a configuration and an open port in, a running exchange out.
//!
//! ```text
//!   recover ─► links ─► tiles ─► threads by topology ─► … ─► drain ─► stop
//! ```
//! Goal: the whole graph in one place. Non-goal: signals, terminals, files other than the journal; the command line has those.

mod endpoints;
mod error;
pub mod graph;
mod start;
mod stop;
mod threads;

pub use endpoints::endpoints;
pub use error::{StartError, StopError};
pub use start::Around;
pub use stop::Stopped;

use crate::admin::AdminThread;
use crate::answering::Answering;
use crate::journal::{HelperThreads, RecoveryReport, Watch};
use crate::log::HotRecords;
use crate::meter::Keeper;
use crate::retention::RetentionThread;
use crate::snapshot::{FollowerThread, SnapshotError, SnapshotName};
use crate::tile::{Control, Duty, Remains, TileKind, thread_name};
use crate::trace::{Off, Trace};
use crate::views::ViewsTold;
use std::sync::Arc;
use std::thread::JoinHandle;
use wire::Seq;

/// The room on the journal's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What may still be written, bytes; 0 when no floor is configured and nobody looks.
    pub free_bytes: u64,
    /// Less than the floor: new orders are rejected.
    pub is_low: bool,
}

/// A running appliance.
pub struct Appliance<T: Trace = Off> {
    threads: Vec<JoinHandle<Vec<Remains<T>>>>,
    control: Arc<Control>,
    helper: HelperThreads,
    watch: Watch,
    report: RecoveryReport,
    began_from: (Option<SnapshotName>, Vec<SnapshotError>),
    follower: Option<FollowerThread>,
    answering: Answering,
    admin: Option<AdminThread>,
    keys_missing: Vec<String>,
    retention: Option<RetentionThread>,
    views: ViewsTold,
    keeper: Option<Keeper>,
    /// The tiles of each thread.
    placement: Vec<Vec<TileKind>>,
    /// What each thread says.
    logs: Vec<HotRecords>,
}

impl<T: Trace> Appliance<T> {
    /// What its threads say, for whoever writes it down; once.
    pub fn take_records(&mut self) -> Vec<HotRecords> {
        std::mem::take(&mut self.logs)
    }

    /// What replay found.
    #[must_use]
    pub const fn report(&self) -> &RecoveryReport {
        &self.report
    }

    /// The snapshot that it began from, and the newer ones that could not be used, each with the reason.
    #[must_use]
    pub fn began_from(&self) -> (Option<&SnapshotName>, &[SnapshotError]) {
        (self.began_from.0.as_ref(), &self.began_from.1)
    }

    /// How many snapshots were taken since the start, and the command after which the last one was.
    #[must_use]
    pub fn snapshots(&self) -> (u64, Seq) {
        self.follower.as_ref().map_or((0, Seq(0)), FollowerThread::taken)
    }

    /// Why the last attempt to write a snapshot failed; told once. The venue goes on, and the next attempt follows.
    #[must_use]
    pub fn snapshot_warning(&self) -> Option<String> {
        self.follower.as_ref().and_then(FollowerThread::warning)
    }

    /// What the keeper of the views has to tell; told once. The venue is not concerned.
    #[must_use]
    pub fn views_told(&self) -> Vec<String> {
        self.views.take()
    }

    /// What subscribers ask for.
    #[must_use]
    pub const fn answering(&self) -> &Answering {
        &self.answering
    }

    /// Where operators log in, if anywhere.
    #[must_use]
    pub const fn admin(&self) -> Option<&AdminThread> {
        self.admin.as_ref()
    }

    /// Sessions that nobody can log in to, for the key that an operator gave them is not there: a sentence each.
    #[must_use]
    pub fn keys_missing(&self) -> &[String] {
        &self.keys_missing
    }

    /// How much room the journal's disk has.
    #[must_use]
    pub fn space(&self) -> Space {
        Space { free_bytes: self.watch.free_bytes(), is_low: self.watch.is_low_on_space() }
    }

    /// How many segments were pruned since the start.
    #[must_use]
    pub fn pruned_segments(&self) -> u64 {
        self.retention.as_ref().map_or(0, RetentionThread::pruned)
    }

    /// Why the last attempt to prune or archive a segment failed; told once. The venue goes on, and the next attempt follows.
    #[must_use]
    pub fn retention_warning(&self) -> Option<String> {
        self.retention.as_ref().and_then(RetentionThread::warning)
    }

    /// How far its journal is, for as long as one likes.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// The last command that is durable.
    #[must_use]
    pub fn durable_seq(&self) -> Seq {
        self.watch.durable_seq()
    }

    /// Whether it has stopped by itself; [`stop`](Self::stop) says why.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let follower_failed = self.follower.as_ref().is_some_and(|follower| follower.failure().is_some());
        follower_failed || self.control.failure().is_some() || self.threads.iter().any(JoinHandle::is_finished)
    }

    /// How much each thread has had to do since the start, up to some milliseconds ago.
    #[must_use]
    pub fn duty(&self) -> Vec<Duty> {
        let threads = self.placement.iter().enumerate();
        threads.map(|(index, tiles)| self.control.duty(index, &thread_name(tiles), tiles)).collect()
    }

    /// Ends the market day: entry is closed for good, also after a restart, the streams of market data say so and end. What is in the books
    /// stays in them. The command is on its way when this returns.
    pub fn close_market(&self) {
        self.control.close_market();
    }
}
