use super::*;

/// Messages are their own numbers; `!` a session, `-` what was lost.
struct Heard {
    sequencer: Sequencer,
    said: String,
}

impl Heard {
    fn new() -> Self {
        Self { sequencer: Sequencer::new(), said: String::new() }
    }

    fn packet(&mut self, now: u64, session: u128, sequences: std::ops::Range<u64>) -> &mut Self {
        let bytes: Vec<Vec<u8>> = sequences.clone().map(|sequence| sequence.to_string().into_bytes()).collect();
        let messages = sequences.clone().zip(bytes.iter().map(Vec::as_slice));
        let (sequence, heartbeat) = (sequences.start, sequences.is_empty());
        let Self { sequencer, said } = self;
        let packet = Numbered { session, sequence, heartbeat, messages };
        sequencer.packet(Nanos(now), packet, &mut |event| tell(said, event));
        self
    }

    fn finish(&mut self) -> &str {
        let Self { sequencer, said } = self;
        sequencer.finish(&mut |event| tell(said, event));
        self.said.trim_start()
    }
}

fn tell(said: &mut String, event: Sequenced<'_>) {
    said.push_str(&match event {
        Sequenced::Message(bytes) => format!(" {}", String::from_utf8_lossy(bytes)),
        Sequenced::Lost { from, to } => format!(" -{from}..{to}"),
        Sequenced::Session => " !".to_owned(),
    });
}

#[test]
fn two_lines_in_any_order_come_to_one() {
    let mut heard = Heard::new();
    for range in [4..6, 4..6, 8..9, 6..7, 5..6, 8..9, 7..8] {
        heard.packet(0, 1, range);
    }
    assert_eq!(heard.finish(), "! 4 5 6 7 8");
    let counters = heard.sequencer.counters();
    let SequencerCounters { messages, duplicates, early, gaps, lost, .. } = *counters;
    assert_eq!((messages, duplicates, early, gaps, lost), (5, 4, 1, 1, 0));
}

#[test]
fn a_hole_is_given_up_when_waiting_is_over() {
    let mut heard = Heard::new();
    heard.packet(0, 1, 1..2).packet(10, 1, 3..4).packet(HOLD_NS + 10, 1, 4..5);
    assert_eq!(heard.said, " ! 1");
    heard.packet(HOLD_NS + 11, 1, 2..2).packet(HOLD_NS + 12, 1, 2..3);
    assert_eq!(heard.finish(), "! 1 -2..3 3 4");
    assert_eq!((heard.sequencer.counters().lost, heard.sequencer.counters().duplicates), (1, 1));
}

#[test]
fn each_hole_waits_for_itself() {
    let mut heard = Heard::new();
    heard.packet(0, 1, 1..2).packet(0, 1, 3..4).packet(0, 1, 5..6);
    heard.packet(HOLD_NS, 1, 2..3).packet(HOLD_NS + 1, 1, 5..6);
    assert_eq!(heard.said, " ! 1 2 3", "the second hole is waited for from when the first closed");
    heard.packet(2 * HOLD_NS + 1, 1, 5..6);
    assert_eq!(heard.said, " ! 1 2 3 -4..5 5");
}

#[test]
fn a_heartbeat_shows_a_hole_at_the_end() {
    let mut heard = Heard::new();
    heard.packet(0, 1, 1..2).packet(0, 1, 4..4);
    assert!(heard.sequencer.is_waiting());
    heard.packet(HOLD_NS + 1, 1, 4..4);
    assert_eq!(heard.said, " ! 1 -2..4");
    assert_eq!(heard.packet(HOLD_NS + 2, 1, 4..6).finish(), "! 1 -2..4 4 5");
}

#[test]
fn no_more_is_held_than_may_be() {
    let mut heard = Heard::new();
    let held = u64::try_from(HELD_MAX).expect("small");
    heard.packet(0, 1, 1..2).packet(0, 1, 3..3 + held);
    assert_eq!(heard.said, " ! 1");
    heard.packet(0, 1, 3 + held..4 + held);
    assert!(heard.said.starts_with(" ! 1 -2..3 3 4 "), "everything came out");
    assert_eq!(heard.sequencer.counters().messages, held + 2);
}

#[test]
fn another_session_begins_anew_and_the_former_is_stale() {
    let mut heard = Heard::new();
    heard.packet(0, 1, 7..8).packet(0, 1, 9..10).packet(0, 2, 1..2).packet(0, 1, 10..11);
    assert_eq!(heard.finish(), "! 7 -8..9 9 ! 1");
    assert_eq!((heard.sequencer.counters().stale, heard.sequencer.counters().sessions), (1, 2));
}

#[test]
fn a_publisher_that_counts_anew_is_believed_after_some_time() {
    let mut heard = Heard::new();
    heard.packet(0, 1, 100..102);
    for _ in 1..REGRESSES_MAX {
        heard.packet(0, 1, 1..1);
    }
    // The number that stands ends the doubt.
    heard.packet(0, 1, 102..102);
    for _ in 0..REGRESSES_MAX {
        heard.packet(0, 1, 1..1);
    }
    assert_eq!(heard.packet(0, 1, 1..3).finish(), "! 100 101 ! 1 2");
}
