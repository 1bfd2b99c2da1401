//! A bad network: it loses, doubles, delays and reorders, each for a while as the weather has it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use feedhandler::handler::Source;
use wire::mold::Request;

use crate::venue_model::Random;

pub const US: u64 = 1_000;
pub const MS: u64 = 1_000 * US;
/// The longest that a packet is under way.
pub const DELAY_MAX: u64 = 700 * US;

/// Something under way.
pub enum What {
    Packet(Source, Vec<u8>),
    /// Bytes over the connection with this number; none: it is closed.
    Snapshot(u64, Vec<u8>),
    /// A snapshot is asked for over this connection.
    Connect(u64),
    /// A request arrives at its server.
    Ask(Request),
}

/// What the network does to a stretch of time.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub until: u64,
    /// Percent of the packets of each line that are lost.
    pub loss: [u64; 2],
    pub doubled: u64,
    pub request_loss: u64,
    pub refused: u64,
    pub snapshot_cut: u64,
    /// Time between pieces of a snapshot.
    pub snapshot_pace: u64,
}

/// Everything under way, by the time of its arrival.
pub struct Network {
    pub random: Random,
    pub queue: BinaryHeap<Reverse<(u64, u64)>>,
    pub whats: Vec<Option<What>>,
    pub weather: Weather,
    pub connection: u64,
}

impl Network {
    pub fn at(&mut self, time: u64, what: What) {
        self.queue.push(Reverse((time, self.whats.len() as u64)));
        self.whats.push(Some(what));
    }

    pub fn delay(&mut self) -> u64 {
        // Now and then one is overtaken by many.
        if self.random.chance(3) { self.random.below(DELAY_MAX) } else { 20 * US + self.random.below(30 * US) }
    }

    pub fn multicast(&mut self, now: u64, bytes: &[u8]) {
        for line in 0..2 {
            if self.random.chance(self.weather.loss[line]) {
                continue;
            }
            let copies = 1 + u64::from(self.random.chance(self.weather.doubled));
            for _ in 0..copies {
                let delay = self.delay();
                self.at(now + delay, What::Packet(Source::Line(line), bytes.to_vec()));
            }
        }
    }

    pub fn change_weather(&mut self, now: u64, calm: bool) {
        let random = &mut self.random;
        let line = |random: &mut Random| match random.below(6) {
            0 => 100,
            1 => 40,
            2 => 5,
            _ => 0,
        };
        self.weather = Weather {
            until: now + MS + random.below(12 * MS),
            loss: if calm { [0, 0] } else { [line(random), line(random)] },
            doubled: random.below(10),
            request_loss: if calm { 0 } else { [0, 0, 20, 100][usize::try_from(random.below(4)).unwrap()] },
            refused: if calm { 0 } else { random.below(40) },
            snapshot_cut: if calm { 0 } else { random.below(50) },
            snapshot_pace: if random.chance(30) { 900 * US } else { 20 * US },
        };
    }
}
