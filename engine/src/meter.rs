//! The meter: who writes the counters of a running appliance.
//!
//! ```text
//!   hot path ─► plain numbers of a tile ─► its housekeeping, every 10 ms ─► counters ◄─ keeper thread, every 10 ms ◄─ what has no tile
//! ```
//! Goal: what a tile counts costs it an addition, and what others can find out costs it nothing. Non-goal: what the file looks like; see
//! [`crate::counters`].

mod journeys;
mod keeper;
mod link;
mod matching;
mod operators;
mod plan;
mod tally;
mod tiles;

pub(crate) use keeper::{Keeper, Sources};
pub use matching::MatchingMeter;
pub use operators::OperatorsMeter;
pub(crate) use tally::Tally;
pub(crate) use tiles::{FeedMeter, JournalMeter, NetMeter, ThreadMeter, TileMeter, TileOwn};

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::SystemTime;

use netio::port::Port;
use wire::Nanos;

use crate::config::Config;
use crate::counters::schema;
use crate::counters::schema::{appliance, tile};
use crate::counters::{CountersError, Reader, Region, Row, path_of};
use crate::limits::COMMAND_LINK_SLOTS;
use crate::progress::{Progress, Seen};
use crate::tile::{Tile, TileKind};
use crate::trace::{Live, LiveTable, Trace};
use netio::clock::Clock;

/// What an appliance is at, as its counters say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Starting = 0,
    Running = 1,
    Draining = 2,
    Stopped = 3,
    Failed = 4,
}

/// The counters of one appliance, and how they are shared out among those who write them.
#[derive(Debug)]
pub struct Meter {
    pub(crate) region: Arc<Region>,
    row: Row,
    live: Option<Arc<LiveTable>>,
    /// It ended in order: the file may go.
    ended: bool,
}

impl Meter {
    /// Makes the file that the configuration asks for; `None` where it asks for none.
    ///
    /// # Errors
    /// It cannot be made there, or belongs to a process that is alive.
    pub fn create(config: &Config) -> Result<Option<Self>, CountersError> {
        path_of(config).map(|path| Self::at(config, Some(&path))).transpose()
    }

    /// The same in memory that nobody else sees.
    ///
    /// # Errors
    /// The system has no memory.
    pub fn unseen(config: &Config) -> Result<Self, CountersError> {
        Self::at(config, None)
    }

    fn at(config: &Config, path: Option<&Path>) -> Result<Self, CountersError> {
        if let Some(path) = path
            && let Ok(reader) = Reader::open(path)
            && reader.is_alive()
            && reader.owner().pid != std::process::id()
        {
            return Err(CountersError::InUse { path: path.to_owned(), pid: reader.owner().pid });
        }
        let now = system_now();
        let region = Region::create(path, &config.appliance.name, &plan::plan(config), now)?;
        let row = region.row(&appliance::GROUP, 0);
        row.set(appliance::heartbeat_ns, now.0);
        row.set(appliance::phase, Stage::Starting as u64);
        plan::fill(&region, config);
        let live = (config.stats.sample > 0).then(|| {
            let power = config.stats.sample.ilog2();
            Arc::new(LiveTable::new(power, COMMAND_LINK_SLOTS))
        });
        Ok(Self { region, row, live, ended: false })
    }

    /// The trace of the stages, for each tile a clone; `None` where nothing is followed. Who has it starts the appliance with it.
    #[must_use]
    pub fn live(&self) -> Option<Live> {
        self.live.as_ref().map(|table| Live::new(Arc::clone(table), &Clock::calibrate()))
    }

    /// Recovers, and meanwhile says how far `progress` is.
    pub(crate) fn while_recovering<R>(&self, progress: &Progress, recover: impl FnOnce() -> R) -> R {
        // Its sender going is the end, also where that is a panic.
        let (ends, ended) = mpsc::channel::<()>();
        let recovered = thread::scope(|scope| {
            scope.spawn(move || {
                while ended.recv_timeout(keeper::TURN) == Err(RecvTimeoutError::Timeout) {
                    self.row.set(appliance::heartbeat_ns, system_now().0);
                    let Seen { records, bytes, bytes_expected } = progress.seen();
                    let all = u128::from(records) * u128::from(bytes_expected) / u128::from(bytes.max(1));
                    self.row.set(appliance::recovery_records, u64::try_from(all).unwrap_or(u64::MAX).max(records));
                    self.row.set(appliance::recovery_done, records);
                }
            });
            let _ends = ends;
            recover()
        });
        let records = progress.seen().records;
        self.row.set(appliance::recovery_records, records);
        self.row.set(appliance::recovery_done, records);
        recovered
    }

    /// The row in which the journal's syncer counts.
    pub(crate) fn journal(&self) -> Row {
        self.region.row(&schema::journal::GROUP, 0)
    }

    /// Where the thread that hears operators counts its ends of their links.
    #[must_use]
    pub fn operators(&self) -> OperatorsMeter {
        OperatorsMeter::new(&self.region)
    }

    /// What a thread's tiles count in, and has them count.
    pub(crate) fn thread<P: Port, T: Trace>(&self, index: usize, tiles: &mut [Tile<P, T>]) -> ThreadMeter {
        let row = self.region.row(&schema::thread::GROUP, index);
        let of = |tile: &mut Tile<P, T>| {
            let place = TileKind::ALL.iter().position(|kind| *kind == tile.kind()).unwrap_or(0);
            let row = self.region.row(&tile::GROUP, place);
            row.set(tile::thread, index as u64);
            let own = match tile {
                Tile::Net(_) => TileOwn::Net(NetMeter::new(&self.region)),
                Tile::Matching(matching) => TileOwn::Matching(Box::new(matching.meter(self))),
                Tile::Journal(_) => TileOwn::Journal(JournalMeter::new(&self.region)),
                Tile::Feed(feed) => TileOwn::Feed(FeedMeter::new(&self.region, &feed.next_sequences())),
            };
            TileMeter { row, own }
        };
        ThreadMeter { row, tiles: tiles.iter_mut().map(of).collect() }
    }

    fn say(&self, stage: Stage) {
        self.row.set(appliance::phase, stage as u64);
    }

    fn end(&mut self, stage: Stage) {
        self.ended = true;
        self.say(stage);
        if stage != Stage::Stopped {
            self.region.stay();
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Stage::Failed);
        }
    }
}

fn system_now() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
