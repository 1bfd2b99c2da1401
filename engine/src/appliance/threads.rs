//! The tiles' threads: placed, named and pinned as the topology says.

use super::StartError;
use crate::config::Topology;
use crate::log::{HotRecords, hot};
use crate::meter::Meter;
use crate::tile::{Control, Remains, Tile, TileThread, thread_name};
use crate::trace::Trace;
use netio::clock::Clock;
use netio::port::Port;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A running thread, and what remains of its tiles.
type TileHandle<T> = JoinHandle<Vec<Remains<T>>>;

/// Puts the tiles on their threads, in data-flow order within each.
pub(super) fn spawn<P: Port + Send + 'static, T: Trace>(
    topology: &Topology,
    tiles: Vec<Tile<P, T>>,
    control: &Arc<Control>,
    clock: &Clock,
    meter: Option<&Meter>,
) -> Result<(Vec<TileHandle<T>>, Vec<HotRecords>), StartError> {
    let mut placed: Vec<Vec<Tile<P, T>>> = topology.threads.iter().map(|_| Vec::new()).collect();
    for tile in tiles {
        let kind = tile.kind();
        let thread = topology.threads.iter().position(|kinds| kinds.contains(&kind));
        placed[thread.expect("the configuration places every tile")].push(tile);
    }
    let (mut threads, mut logs) = (Vec::with_capacity(placed.len()), Vec::with_capacity(placed.len()));
    for (index, mut tiles) in placed.into_iter().enumerate() {
        let name = thread_name(&topology.threads[index]);
        let core = topology.pin.get(index).copied();
        let meter = meter.map(|meter| meter.thread(index, &mut tiles));
        let (log, records) = hot(&name);
        logs.push(records);
        let thread = TileThread { tiles, index, wait: topology.wait, log, meter };
        let (control, clock) = (Arc::clone(control), clock.clone());
        let (say, hear) = std::sync::mpsc::sync_channel(1);
        let failed = |reason: String| StartError::Thread { name: name.clone(), reason };
        let handle = thread::Builder::new()
            .name(name.clone())
            .spawn(move || {
                let pinned = core.map_or(Ok(()), netio::cpu::pin_current_thread);
                let go = pinned.is_ok();
                let _ = say.send(pinned);
                if go { thread.run(&control, clock) } else { Vec::new() }
            })
            .map_err(|error| failed(error.to_string()))?;
        threads.push(handle);
        match hear.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("it ended at once".to_owned())),
        }
    }
    Ok((threads, logs))
}
