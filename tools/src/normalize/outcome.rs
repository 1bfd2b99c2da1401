//! What normalising came to, as one screen or as JSON.
//!
//! Goal: every count of every stage, so that "complete" can be checked from outside. Non-goal: judging it.

use std::fmt::{self, Write as _};

use feedhandler::capture::CaptureCounters;
use feedhandler::flow::lobster::LobsterCounters;
use feedhandler::normalize::inlet::InletCounters;
use feedhandler::normalize::sequencer::SequencerCounters;
use feedhandler::normalize::{AskingCounters, NormalizeCounters, Symbols};

use super::outlet::OutletCounters;
use super::stages::Stages;
use crate::json::Text;

/// The sum of a run.
#[derive(Clone, Debug)]
pub struct NormalizeOutcome {
    /// From the beginning to the end, ns.
    pub elapsed_ns: u64,
    /// Frames of a capture, and datagrams that were sent elsewhere than to those wanted.
    pub capture: Option<(CaptureCounters, u64)>,
    /// Rows of a LOBSTER recording.
    pub lobster: Option<LobsterCounters>,
    /// Datagrams.
    pub inlet: InletCounters,
    /// Messages in order.
    pub sequencer: SequencerCounters,
    /// What was asked for again, and packets of strangers that came to where answers come to; where somebody was asked.
    pub asking: Option<(AskingCounters, u64)>,
    /// Messages and ticks.
    pub normalize: NormalizeCounters,
    /// Ticks that left.
    pub outlet: OutletCounters,
    /// How long each stage took.
    pub stages: Stages,
    /// The directory.
    pub symbols: Symbols,
}

/// Messages of the input are missing.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected every message of the input, missed {missed} in {gaps} gaps; books may be wrong. A second line may help, --rerequest, or a larger receive buffer (net.core.rmem_max)"
)]
pub struct InputIncomplete {
    /// How many.
    pub missed: u64,
    /// In how many holes.
    pub gaps: u64,
}

type Section = (&'static str, Vec<(&'static str, u64)>);

impl NormalizeOutcome {
    /// Whether every message of the input came.
    ///
    /// # Errors
    /// Some did not.
    pub fn complete(&self) -> Result<(), InputIncomplete> {
        let SequencerCounters { lost: missed, gaps, .. } = self.sequencer;
        if missed > 0 { Err(InputIncomplete { missed, gaps }) } else { Ok(()) }
    }

    /// The counts by section and name.
    fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        if let Some((capture, elsewhere)) = &self.capture {
            let mut counts: Vec<_> = capture.iter().collect();
            counts.push(("elsewhere", *elsewhere));
            sections.push(("capture", counts));
        }
        if let Some(lobster) = &self.lobster {
            let counts = vec![
                ("messages", lobster.messages),
                ("skipped", lobster.skipped),
                ("onto_seeds", lobster.onto_seeds),
                ("unknown", lobster.unknown),
                ("overruns", lobster.overruns),
                ("slides", lobster.slides),
                ("vanished", lobster.vanished),
                ("contradictions", lobster.contradictions),
            ];
            sections.push(("lobster", counts));
        }
        let (inlet, sequencer) = (&self.inlet, &self.sequencer);
        if inlet.datagrams > 0 {
            let counts = vec![
                ("datagrams", inlet.datagrams),
                ("malformed", inlet.malformed),
                ("foreign", inlet.foreign),
                ("offsets", inlet.offsets),
                ("heartbeats", sequencer.heartbeats),
                ("duplicates", sequencer.duplicates),
                ("early", sequencer.early),
                ("gaps", sequencer.gaps),
                ("lost", sequencer.lost),
                ("sessions", sequencer.sessions),
                ("stale", sequencer.stale),
            ];
            sections.push(("input", counts));
        }
        if let Some((asking, strangers)) = &self.asking {
            let counts = vec![
                ("requests", asking.requests),
                ("requested", asking.requested),
                ("answers", asking.answers),
                ("repaired", asking.repaired),
                ("malformed", asking.malformed),
                ("wrong_session", asking.wrong_session),
                ("strangers", *strangers),
                ("beyond", asking.beyond),
                ("unanswered", asking.unanswered),
                ("silences", asking.silences),
            ];
            sections.push(("rerequest", counts));
        }
        sections.push(("normalise", self.normalize.iter().collect()));
        let outlet = &self.outlet;
        let counts = vec![("ticks", outlet.ticks), ("packets", outlet.packets), ("heartbeats", outlet.heartbeats)];
        sections.push(("output", counts));
        sections
    }

    /// One JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = format!("{{\"elapsed_ns\":{}", self.elapsed_ns);
        // Writing into a String does not fail.
        for (section, counts) in self.sections() {
            let _ = write!(json, ",\"{section}\":{{");
            for (at, (name, count)) in counts.iter().enumerate() {
                let _ = write!(json, "{}\"{name}\":{count}", if at > 0 { "," } else { "" });
            }
            json.push('}');
        }
        let _ = write!(json, ",\"stages\":{},\"symbols\":[", self.stages.to_json());
        for (at, (number, name)) in self.symbols.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(json, "{comma}{{\"symbol_id\":{number},\"symbol\":{}}}", Text(&name.to_string()));
        }
        json.push_str("]}");
        json
    }
}

impl fmt::Display for NormalizeOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.normalize.messages;
        let rate = u128::from(messages) * 1_000_000_000 / u128::from(self.elapsed_ns.max(1));
        writeln!(f, "elapsed       {} ms, {rate} messages a second", self.elapsed_ns / 1_000_000)?;
        for (section, counts) in self.sections() {
            // The first count of a section is shown always, others when there is something to see.
            let shown = counts.iter().enumerate().filter(|(at, (_, count))| *at == 0 || *count > 0);
            let shown: Vec<String> = shown.map(|(_, (name, count))| format!("{count} {name}")).collect();
            writeln!(f, "{section:<13} {}", shown.join(", "))?;
        }
        let names: Vec<String> =
            self.symbols.iter().take(NAMES_SHOWN).map(|(number, name)| format!("{number} {name}")).collect();
        let more = self.symbols.len().saturating_sub(NAMES_SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(f, "symbols       {} ({} new): {}{more}", self.symbols.len(), self.symbols.added(), names.join(", "))?;
        write!(f, "{}", self.stages)
    }
}

/// Names in the summary.
const NAMES_SHOWN: usize = 8;
