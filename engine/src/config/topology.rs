//! `[topology]`: which tiles share a thread, on which cores the threads run, how they wait.
//!
//! Goal: placement as data; the graph of tiles is code. Non-goal: starting threads.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, integer, text};
use super::tree::{Node, Value};
use crate::journal::HelperPlacement;
use crate::tile::{TileKind, Wait};
use netio::cpu::allowed_cores;

/// All tiles in data-flow order.
const TILES: [TileKind; 4] = TileKind::ALL;

/// Placement of the tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The tiles of each thread, in data-flow order. Every tile stands exactly once.
    pub threads: Vec<Vec<TileKind>>,
    /// The core of each thread; empty: the scheduler's choice.
    pub pin: Vec<usize>,
    /// The cores of the journal's helper threads: the one that syncs, the one that prepares segments; one core is both's. Empty: the
    /// scheduler's choice.
    pub helpers: Vec<usize>,
    /// What idle threads do.
    pub wait: Wait,
}

impl Default for Topology {
    fn default() -> Self {
        let threads = Self::preset(2).expect("2 is a preset");
        Self { threads, pin: Vec::new(), helpers: Vec::new(), wait: Wait::Yield }
    }
}

/// The core numbers for which there is a preset.
const PRESETS: &str = "1, 2 or 4 (or a placement of your own in topology.threads)";
/// More cores than any machine has that this will run on.
const CORE_MAX: usize = 4_095;

impl Topology {
    /// The placement on 1, 2 or 4 cores.
    #[must_use]
    pub fn preset(cores: usize) -> Option<Vec<Vec<TileKind>>> {
        let [net, matching, journal, feed] = TILES;
        match cores {
            1 => Some(vec![vec![net, matching, journal, feed]]),
            2 => Some(vec![vec![net, feed], vec![matching, journal]]),
            4 => Some(vec![vec![net], vec![matching], vec![journal], vec![feed]]),
            _ => None,
        }
    }

    /// Where the journal's helper threads run. The one that syncs spins where the tiles do, if its core is nobody else's.
    #[must_use]
    pub fn helper_placement(&self) -> HelperPlacement {
        let (sync, prepare) = (self.helpers.first().copied(), self.helpers.last().copied());
        let has_its_own = sync.is_some_and(|core| Some(core) != prepare && !self.pin.contains(&core));
        let spare_core = sync.is_none() && allowed_cores().len() > self.threads.len();
        HelperPlacement { sync, prepare, sync_spins: has_its_own && self.wait == Wait::Spin, spare_core }
    }

    /// The cores whose threads never leave them, ascending; none where threads wait otherwise.
    #[must_use]
    pub fn spinning_cores(&self) -> Vec<usize> {
        if self.wait != Wait::Spin {
            return Vec::new();
        }
        let helpers = self.helper_placement();
        let sync = helpers.sync.filter(|_| helpers.sync_spins);
        let mut cores: Vec<usize> = self.pin.iter().copied().chain(sync).collect();
        cores.sort_unstable();
        cores
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        let (cores, threads) = (reader.get("cores"), reader.get("threads"));
        match (cores, threads) {
            (Some(_), Some(node)) => {
                let path = reader.path_of("threads");
                return Err(bad_value(node, &path, "either topology.cores or topology.threads".to_owned()));
            }
            (Some(node), None) => {
                let path = reader.path_of("cores");
                self.threads = integer(node, &path, &(0..=CORE_MAX))
                    .ok()
                    .and_then(Self::preset)
                    .ok_or_else(|| bad_value(node, &path, PRESETS.to_owned()))?;
            }
            (None, Some(node)) => self.threads = placement(node, &reader.path_of("threads"))?,
            (None, None) => {}
        }
        let core = |node: &Node, path: &str| integer(node, path, &(0..=CORE_MAX));
        reader.list(
            "pin",
            "a list of core numbers, one a thread, or [] to leave them unpinned",
            core,
            &mut self.pin,
        )?;
        reader.list(
            "helpers",
            "a list of one or two core numbers, journal-sync's and journal-prepare's, or [] to leave them unpinned",
            core,
            &mut self.helpers,
        )?;
        let waits = [("spin", Wait::Spin), ("yield", Wait::Yield), ("park", Wait::Park)];
        reader.choice("wait", &waits, &mut self.wait)?;
        reader.finish()
    }
}

/// Reads a list of threads, each a list of tile names.
fn placement(node: &Node, path: &str) -> Result<Vec<Vec<TileKind>>, ConfigError> {
    let expected =
        || "a list of threads, each a list of tiles, such as [[\"net\", \"feed\"], [\"matching\", \"journal\"]]";
    let list = |node: &Node, path: &str| match &node.value {
        Value::List(items) if !items.is_empty() => Ok(items.clone()),
        _ => Err(bad_value(node, path, expected().to_owned())),
    };
    let mut threads: Vec<Vec<TileKind>> = Vec::new();
    for (index, thread) in list(node, path)?.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let mut tiles = Vec::new();
        for item in list(thread, &path)? {
            let tile = text(&item).and_then(|text| TILES.into_iter().find(|tile| tile.name() == text));
            let tile = tile.ok_or_else(|| bad_value(&item, &path, names(&TILES)))?;
            if threads.iter().flatten().chain(&tiles).any(|placed| *placed == tile) {
                return Err(bad_value(&item, &path, format!("every tile once, '{}' is placed twice", tile.name())));
            }
            tiles.push(tile);
        }
        // The poll loop goes through a thread's tiles in data-flow order, however they were written.
        tiles.sort_unstable();
        threads.push(tiles);
    }
    let missing: Vec<TileKind> =
        TILES.into_iter().filter(|tile| !threads.iter().flatten().any(|placed| placed == tile)).collect();
    if missing.is_empty() {
        return Ok(threads);
    }
    Err(ConfigError::BadValue {
        place: node.place.clone(),
        key: path.to_owned(),
        expected: format!("every tile once: {}", names(&TILES)),
        found: format!("no {}", names(&missing)),
    })
}

fn names(tiles: &[TileKind]) -> String {
    tiles.iter().map(|tile| tile.name()).collect::<Vec<_>>().join(", ")
}
