//! What operators did, from a journal itself.

use super::options::AdminArgs;
use super::{DONE, show};
use engine::admin::words::Names;
use engine::config::Config;
use engine::past::Walk;
use std::error::Error;
use std::path::Path;
use wire::admin::{LogRow, OperatorBody};
use wire::journal::RecordKind;
use wire::{MemberId, SessionIndex};

/// Prints the newest `last` commands of a journal; 0: all of them. It is replayed from its first record, for what became of them.
pub(super) fn of_journal(args: &AdminArgs, dir: &Path, last: u32) -> Result<u8, Box<dyn Error>> {
    let config = args.config()?;
    let mut walk = Walk::open(&config, dir)?;
    let mut rows: Vec<LogRow> = Vec::new();
    // The first that has no outcome yet.
    let mut open = 0;
    while let Some(step) = walk.next()? {
        let (seq, time) = (step.record.seq, step.record.receive_time);
        if step.record.kind == RecordKind::Operator {
            let command = OperatorBody::decode(step.record.body).and_then(|body| body.command())?;
            rows.push(LogRow { seq, time, command, outcome: None });
        }
        if matches!(step.record.kind, RecordKind::Operator | RecordKind::OperatorSlice) {
            for row in &mut rows[open..] {
                let (operator, number) = (row.command.operator, row.command.number);
                let answered = step.exchange.controls().answered();
                let this = answered.iter().find(|known| known.operator == operator && known.number == number);
                row.outcome = this.map(|known| known.outcome);
            }
            open += rows[open..].iter().take_while(|row| row.outcome.is_some()).count();
        }
    }
    let skipped = match last {
        0 => 0,
        last => rows.len().saturating_sub(usize::try_from(last)?),
    };
    show::log_rows(&rows[skipped..], &ConfiguredNames(&config), args.json)?;
    Ok(DONE)
}

/// Names as a configuration has them.
struct ConfiguredNames<'a>(&'a Config);

impl Names for ConfiguredNames<'_> {
    fn session(&self, session: SessionIndex) -> String {
        let known = self.0.sessions.get(usize::from(session.0));
        known.map_or_else(|| session.to_string(), |session| session.username.clone())
    }

    fn member(&self, member: MemberId) -> String {
        let known = self.0.members.get(usize::from(member.0));
        known.map_or_else(|| member.to_string(), |member| member.name.clone())
    }
}
