//! Which appliance is looked at, and looking at it again and again.
//!
//! Goal: whoever follows it survives its restarts. Non-goal: what is seen.

use super::history::{History, Moment};
use super::look::{Look, ProcessState};
use crate::options::ConfigOptions;
use clap::Args;
use engine::config::{Config, ConfigError};
use engine::counters::{CountersError, Found, Reader, find, path_of};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use wire::Nanos;

/// Which appliance to look at.
#[derive(Clone, Debug, Default, Args)]
pub struct Which {
    /// The one of this configuration
    #[command(flatten)]
    pub config: ConfigOptions,
    /// The one that keeps its counters in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "topology", "overrides"])]
    pub file: Option<PathBuf>,
}

/// It is not clear which appliance is meant, or there is none.
#[derive(Debug, thiserror::Error)]
pub enum WhichError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration keeps no counters.
    #[error("this configuration keeps no counters: stats.dir is \"\"")]
    Off,
    /// None is there.
    #[error("expected the counters of an appliance in {}, found none: start one with `pinion run`, or say where by --config or --file", .dir.display())]
    None {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// Several are there.
    #[error("expected one appliance in {}, found {}; choose one by --file:\n{list}", .dir.display(), .count)]
    Several {
        /// Where.
        dir: PathBuf,
        /// How many.
        count: usize,
        /// A line for each.
        list: String,
    },
}

impl Which {
    /// Whether it says which, or means the only one.
    #[must_use]
    pub fn is_named(&self) -> bool {
        let ConfigOptions { config, topology, overrides } = &self.config;
        self.file.is_some() || config.is_some() || topology.is_some() || !overrides.is_empty()
    }

    /// The file of counters that is meant; it need not be there when it is named.
    ///
    /// # Errors
    /// See [`WhichError`].
    pub fn path(&self) -> Result<PathBuf, WhichError> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        if self.is_named() {
            return path_of(&self.config.load()?).ok_or(WhichError::Off);
        }
        let dir = Config::default().stats.dir.ok_or(WhichError::Off)?;
        only(dir)
    }
}

/// The one that lives in a directory; if none does, the only one that has left its counters there.
pub(super) fn only(dir: PathBuf) -> Result<PathBuf, WhichError> {
    let mut found = find(&dir);
    let is_alive = |found: &Found| found.reader.as_ref().is_ok_and(Reader::is_alive);
    if found.iter().any(is_alive) {
        found.retain(is_alive);
    }
    match found.as_slice() {
        [] => Err(WhichError::None { dir }),
        [one] => Ok(one.path.clone()),
        several => {
            let line = |found: &Found| {
                let about = match &found.reader {
                    Ok(reader) => {
                        let owner = reader.owner();
                        let state = if reader.is_alive() { "runs" } else { "has ended" };
                        format!("{}, process {}, {state}", owner.name, owner.pid)
                    }
                    Err(error) => error.to_string(),
                };
                format!("  --file {}    {about}", found.path.display())
            };
            let list = several.iter().map(line).collect::<Vec<_>>().join("\n");
            Err(WhichError::Several { dir, count: several.len(), list })
        }
    }
}

/// Looks at one file of counters again and again, also when another process has made it anew.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    open: Option<Open>,
    history: History,
    begin: Instant,
}

#[derive(Debug)]
struct Open {
    reader: Reader,
    /// The file system and the number of the file that is mapped.
    identity: (u64, u64),
}

impl Follower {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, open: None, history: History::default(), begin: Instant::now() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks. After the appliance's end, the file may be gone and its last numbers are seen on, until there is another one.
    ///
    /// # Errors
    /// There never was such a file, or it cannot be read.
    pub fn look(&mut self) -> Result<Look, CountersError> {
        let identity = fs::metadata(&self.path).map(|file| (file.dev(), file.ino()));
        let is_new = match (&self.open, &identity) {
            (None, _) => true,
            (Some(open), Ok(identity)) => open.identity != *identity,
            (Some(_), Err(_)) => false,
        };
        if is_new {
            let identity = identity.map_err(|source| CountersError::Open { path: self.path.clone(), source })?;
            // An appliance of another version may have come: then what is known is not what is there.
            self.open = None;
            self.open = Some(Open { reader: Reader::open(&self.path)?, identity });
        }
        let Some(Open { reader, .. }) = &self.open else {
            let source = io::ErrorKind::NotFound.into();
            return Err(CountersError::Open { path: self.path.clone(), source });
        };
        // The process first: what it says last comes before its end.
        let process = process_state(reader);
        let at = Moment { wall: wall(), steady: self.begin.elapsed() };
        let snapshot = reader.snapshot(at.wall);
        Ok(self.history.see(at, &self.path, reader.owner(), process, snapshot))
    }
}

fn wall() -> Nanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
}

fn process_state(reader: &Reader) -> ProcessState {
    if !reader.is_alive() {
        return ProcessState::Gone;
    }
    let stat = fs::read_to_string(format!("/proc/{}/stat", reader.owner().pid)).unwrap_or_default();
    // Behind the name in parentheses, which may hold anything.
    match stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next()) {
        Some("T" | "t") => ProcessState::Stopped,
        // Dead, and only its parent has not asked yet.
        Some("Z" | "X") => ProcessState::Gone,
        _ => ProcessState::Runs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::counters::schema::thread;
    use engine::counters::{Plan, Region};
    use std::mem;
    use std::sync::Arc;

    fn region(path: &Path) -> Arc<Region> {
        let plan = Plan::default().with(thread::GROUP, ["net"]);
        Region::create(Some(path), "pinion", &plan, Nanos(5)).expect("a file")
    }

    /// A file of a process that is no more: that of this one, with another beginning.
    fn dead(path: &Path) {
        let region = region(path);
        let mut bytes = fs::read(path).expect("a file");
        bytes[96] ^= 1;
        let crc = crc32c(&bytes[..252]);
        bytes[252..256].copy_from_slice(&crc.to_le_bytes());
        mem::drop(region);
        fs::write(path, bytes).expect("the test's own file");
    }

    /// Bit by bit, for the one header that is forged here.
    fn crc32c(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| (crc >> 1) ^ (0x82F6_3B78 & 0_u32.wrapping_sub(crc & 1)))
        })
    }

    #[test]
    fn the_only_one_is_meant_and_several_are_listed() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str| dir.path().join(format!("pinion-{name}.counters"));
        let found = || only(dir.path().to_owned());
        assert!(matches!(found(), Err(WhichError::None { .. })));
        dead(&file("old"));
        assert_eq!(found().expect("one, though dead"), file("old"));
        let one = region(&file("one"));
        assert_eq!(found().expect("one lives"), file("one"));
        let two = region(&file("two"));
        let error = found().expect_err("two live").to_string();
        assert!(error.contains("found 2") && error.contains(&format!("--file {}", file("two").display())), "{error}");
        mem::drop((one, two));
        dead(&file("older"));
        let error = found().expect_err("two dead ones").to_string();
        assert!(error.contains("has ended"), "{error}");
    }

    #[test]
    fn another_file_under_the_same_name_is_opened_and_the_last_words_of_the_old_one_stay() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("pinion-x.counters");
        let mut follower = Follower::new(path.clone());
        assert!(follower.look().is_err());
        let first = region(&path);
        first.row(&thread::GROUP, 0).set(thread::turns, 7);
        assert_eq!(follower.look().expect("a look").get("thread", "turns"), Some(7));
        mem::drop(first);
        assert_eq!(follower.look().expect("its last words").get("thread", "turns"), Some(7));
        let second = region(&path);
        second.row(&thread::GROUP, 0).set(thread::turns, 3);
        assert_eq!(follower.look().expect("a look").get("thread", "turns"), Some(3));
        fs::write(dir.path().join("other"), "something else").expect("the test's own file");
        fs::rename(dir.path().join("other"), &path).expect("the test's own file");
        assert!(matches!(follower.look(), Err(CountersError::Format { .. })));
    }
}
