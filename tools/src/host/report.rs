//! How findings and changes are told: a table for people, or one JSON object a line.

use super::finding::{Finding, State};
use super::step::Action;
use crate::json::Text;
use std::io::{self, Write};

/// Tells on an output.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    json: bool,
}

impl<W: Write> Report<W> {
    /// For people, or as JSON.
    pub const fn new(out: W, json: bool) -> Self {
        Self { out, json }
    }

    /// Tells what a stage has found; the worst of it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn findings(&mut self, stage: &str, findings: &[Finding]) -> io::Result<State> {
        for finding in findings {
            if self.json { self.object(stage, finding)? } else { self.row(stage, finding)? }
        }
        Ok(findings.iter().map(|finding| finding.state).max().unwrap_or(State::Good))
    }

    /// Shows a change before it is made.
    ///
    /// # Errors
    /// As above.
    pub fn action(&mut self, stage: &str, action: &Action) -> io::Result<()> {
        let command = action.to_string();
        if self.json {
            return writeln!(self.out, "{{\"stage\":{},\"command\":{}}}", Text(stage), Text(&command));
        }
        writeln!(self.out, "{stage:9} + {command}")?;
        // It must be seen even when the machine does not come back from it.
        self.out.flush()
    }

    /// Tells that a change was refused.
    ///
    /// # Errors
    /// As above.
    pub fn refusal(&mut self, stage: &str, error: &io::Error) -> io::Result<()> {
        let hint = if error.kind() == io::ErrorKind::PermissionDenied { " (it takes root)" } else { "" };
        let reason = format!("refused: {error}{hint}");
        if self.json {
            return writeln!(self.out, "{{\"stage\":{},\"error\":{}}}", Text(stage), Text(&reason));
        }
        writeln!(self.out, "{stage:9}   {reason}")
    }

    fn row(&mut self, stage: &str, finding: &Finding) -> io::Result<()> {
        let Finding { what, needed, found, state, steps, by_hand } = finding;
        writeln!(self.out, "{stage:9} {:6} {what}: needed {needed}; found {found}", state.name())?;
        for step in steps {
            writeln!(self.out, "{:17}init: {}", "", step.action)?;
        }
        if let Some(remedy) = by_hand {
            writeln!(self.out, "{:17}{}{remedy}", "", if steps.is_empty() { "" } else { "or " })?;
        }
        Ok(())
    }

    fn object(&mut self, stage: &str, finding: &Finding) -> io::Result<()> {
        let Finding { what, needed, found, state, steps, by_hand } = finding;
        let init: Vec<String> = steps.iter().map(|step| Text(&step.action.to_string()).to_string()).collect();
        let remedy = by_hand.as_ref().map_or_else(|| "null".to_owned(), |remedy| Text(remedy).to_string());
        writeln!(
            self.out,
            "{{\"stage\":{},\"what\":{},\"state\":{},\"needed\":{},\"found\":{},\"init\":[{}],\"remedy\":{remedy}}}",
            Text(stage),
            Text(what),
            Text(state.name()),
            Text(needed),
            Text(found),
            init.join(","),
        )
    }
}
