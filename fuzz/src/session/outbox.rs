//! What leaves the venue, with as much room as the program gives it.

use engine::command::Command;
use engine::depth::DepthEvent;
use engine::gateway::{Endpoint, Replies};
use engine::limits::{COMMAND_BODY_MAX, PACKET_LEN_MAX};
use engine::record;
use engine::venue::Outputs;
use wire::address::Addr;
use wire::journal::RecordKind;
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// A command as the journal holds it.
pub type JournalRecord = (Seq, Nanos, RecordKind, Vec<u8>);

/// Everything that left, and the room that is left.
#[derive(Default)]
pub struct Outbox {
    pub sent: Vec<(Endpoint, Addr, Vec<u8>)>,
    pub journal: Vec<JournalRecord>,
    pub ticks: Vec<(Seq, Tick)>,
    pub commands_left: usize,
    pub datagrams_left: usize,
}

impl Outbox {
    /// As much room as anybody could want.
    pub const fn widen(&mut self) {
        self.commands_left = 1 << 20;
        self.datagrams_left = 1 << 20;
    }
}

impl Replies for Outbox {
    fn room(&mut self) -> usize {
        self.datagrams_left
    }

    fn send(&mut self, endpoint: Endpoint, to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        assert!(self.datagrams_left > 0, "sent without room");
        let mut buffer = vec![0xEE; PACKET_LEN_MAX];
        if let Some(len) = fill(&mut buffer) {
            buffer.truncate(len);
            self.datagrams_left -= 1;
            self.sent.push((endpoint, to, buffer));
        }
    }
}

impl Outputs for Outbox {
    fn ready(&mut self) -> bool {
        // A command may be followed by a state hash.
        self.commands_left >= 2
    }

    fn journal(&mut self, command: &Command<'_>) {
        assert!(self.commands_left > 0, "a command without room for it");
        self.commands_left -= 1;
        if let Some((seq, time, ..)) = self.journal.last() {
            assert!(seq.get() + 1 == command.seq.get() && *time <= command.time, "commands are in one order");
        }
        let mut body = [0; COMMAND_BODY_MAX];
        let (kind, len) = record::encode(command.time, &command.action, &mut body);
        self.journal.push((command.seq, command.time, kind, body[..len].to_vec()));
    }

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        self.ticks.push((cause, *tick));
    }

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}
}
