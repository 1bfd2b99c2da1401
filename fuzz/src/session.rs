//! Target: order entry, from datagrams to reports.
//!
//! The input is a program: one byte that says who is logged in at the start, then steps. A step is a datagram (a packet of orders, a
//! login, a request, rubbish; from the right address or another, with the right session name or another), time passing, the journal
//! becoming durable, links becoming short, or a crash that forgets what was not durable. [`floor::Floor`] demands what must hold
//! whatever the steps are.

mod floor;
mod outbox;
mod site;
mod steps;

use floor::Floor;
use std::collections::BTreeMap;
use steps::Steps;

/// Steps of a program; what is behind them is ignored.
const STEPS_MAX: usize = 96;
/// Programs to begin from, and their length in bytes.
const PROGRAMS: usize = 48;
const PROGRAM_LEN: usize = 800;

/// Programs to begin from: any bytes are one, so these are random, and long enough to get somewhere.
#[must_use]
pub fn programs() -> Vec<Vec<u8>> {
    let mut state = 0x5E55_1015_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..PROGRAMS).map(|_| (0..PROGRAM_LEN).map(|_| byte()).collect()).collect()
}

/// How often things happened in a run, by name: the gateway's counters, and what else a program can reach.
pub type Reached = BTreeMap<&'static str, u64>;

/// Runs a program. Accepted means that a report was released to a client.
///
/// # Panics
/// Something that must hold did not.
#[must_use]
pub fn session(data: &[u8]) -> bool {
    run(data)["reports_seen"] > 0
}

/// Runs a program and says what it reached.
///
/// # Panics
/// Something that must hold did not.
#[must_use]
pub fn run(data: &[u8]) -> Reached {
    let mut steps = Steps::new(data);
    let mut floor = Floor::new();
    let start = steps.byte();
    for user in 0..site::USERS {
        if start >> user & 1 == 1 {
            floor.log_in(user, start & 4 != 0);
        }
    }
    for _ in 0..STEPS_MAX {
        if !steps.take(&mut floor) {
            break;
        }
    }
    floor.end()
}
