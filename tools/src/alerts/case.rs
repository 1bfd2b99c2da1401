//! What a rule finds: for each subject, whether its condition holds.

use super::sight::{ClockPair, LineSight, Sight};
use crate::stats::look::{Look, ProcessState};
use crate::stats::{Health, Verdict};
use engine::config::{Alert, AlertWhat};
use feedhandler::handler::LineState;
use std::collections::HashMap;
use std::time::Duration;

/// One subject of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// Which session, thread, line; empty for the appliance.
    pub(super) of: String,
    pub(super) holds: bool,
    /// In the unit of the rule's limit.
    pub(super) value: u64,
    pub(super) text: String,
}

/// The share of commands that are no worse than the percentile that is watched.
const P99_PER_MILLION: u64 = 990_000;
/// How long an event counts that has no end: a step of the clock, messages that a line has lost.
pub(super) const EVENT: Duration = Duration::from_secs(5);
/// [`appliance`](engine::counters::schema) phase 3.
const STOPPED_IN_ORDER: u64 = 3;

/// What must be remembered from look to look, for each rule of its own.
#[derive(Debug, Default)]
pub(super) struct Memory {
    clocks: Option<ClockPair>,
    /// When the clock last stepped, and by how much, ms.
    step: Option<(Duration, u64)>,
    /// Of each line: how many messages it had lost, and when it last lost some.
    lines: HashMap<(String, String), (u64, Option<Duration>)>,
    /// Sessions that stood at the last look.
    alive: Vec<String>,
    /// Sessions that are lost.
    lost: Vec<String>,
    deaths: u64,
    pid: Option<u32>,
}

impl Memory {
    /// All cases of a rule that can be decided by what is seen.
    pub(super) fn cases(&mut self, rule: &Alert, sight: &Sight) -> Vec<Case> {
        let look = sight.look.as_ref();
        let is_of = |name: &str| rule.of.is_empty() || rule.of == name;
        match rule.what {
            AlertWhat::P99Above => look.and_then(|look| p99(rule, look)).into_iter().collect(),
            AlertWhat::DurableLagAbove => look.map(|look| durable(rule, look)).into_iter().collect(),
            AlertWhat::GapOnLine => {
                let lines = sight.lines.iter().flatten().filter(|line| is_of(&line.stream));
                lines.map(|line| self.line(line, sight.steady)).collect()
            }
            AlertWhat::SessionLost => look.map(|look| self.sessions(look, is_of)).unwrap_or_default(),
            AlertWhat::RateAbove => look.map(|look| rates(rule, look, is_of)).unwrap_or_default(),
            AlertWhat::DiskBelow => {
                let disk = sight.disk_free_bytes.map(|free| Case {
                    of: String::new(),
                    holds: free < rule.limit,
                    value: free,
                    text: format!(
                        "the journal's disk has {} MiB left; make room, or see journal.keep_bytes",
                        free >> 20
                    ),
                });
                disk.into_iter().collect()
            }
            AlertWhat::ClockStep => sight.clocks.map(|clocks| self.clock(rule, clocks)).into_iter().collect(),
            AlertWhat::HeartbeatMissing => look.map(|look| heartbeats(rule, look, is_of)).unwrap_or_default(),
            AlertWhat::Unhealthy => unhealthy(rule, sight).into_iter().collect(),
        }
    }

    fn clock(&mut self, rule: &Alert, now: ClockPair) -> Case {
        if let Some(before) = self.clocks.replace(now) {
            let steady = now.steady.saturating_sub(before.steady).as_millis();
            let wall = (i128::from(now.wall.0) - i128::from(before.wall.0)) / 1_000_000;
            let step = wall.abs_diff(i128::try_from(steady).unwrap_or(i128::MAX));
            let step_ms = u64::try_from(step).unwrap_or(u64::MAX);
            if step_ms > rule.limit {
                self.step = Some((now.steady, step_ms));
            }
        }
        let recent = self.step.filter(|(at, _)| now.steady.saturating_sub(*at) < EVENT);
        let value = recent.map_or(0, |(_, step_ms)| step_ms);
        let text = match recent {
            Some(_) => format!("the wall clock was set by {value} ms; let it be slewed, see chronyd's makestep"),
            None => "the wall clock goes on evenly".to_owned(),
        };
        Case { of: String::new(), holds: recent.is_some(), value, text }
    }

    fn line(&mut self, line: &LineSight, steady: Duration) -> Case {
        let key = (line.stream.clone(), line.line.clone());
        let (lost, last) = self.lines.entry(key).or_insert((line.lost, None));
        let grew = line.lost.saturating_sub(*lost);
        if grew > 0 {
            (*lost, *last) = (line.lost, Some(steady));
        }
        let has_gap = last.is_some_and(|last| steady.saturating_sub(last) < EVENT);
        let of = format!("{} {}", line.stream, line.line);
        let text = match line.state {
            LineState::Silent => {
                format!("nothing is heard on line {of}: look at its network and at the appliance's port")
            }
            LineState::Lagging => format!("line {of} is behind the other: look at its network"),
            LineState::Up if has_gap => {
                format!(
                    "line {of} has skipped {} messages so far: look at its network and at net.core.rmem_max",
                    line.lost
                )
            }
            LineState::Up => format!("line {of} is whole"),
        };
        Case { of, holds: has_gap || line.state != LineState::Up, value: line.lost, text }
    }

    fn sessions(&mut self, look: &Look, is_of: impl Fn(&str) -> bool) -> Vec<Case> {
        let deaths = look.get("gateway", "deaths").unwrap_or(0);
        let is_new = self.pid.replace(look.owner.pid) != Some(look.owner.pid);
        // Of an appliance that has begun anew nobody knows how its sessions ended.
        let died = is_new || deaths > self.deaths;
        self.deaths = deaths;
        let mut cases = Vec::new();
        for row in look.rows("session").iter().filter(|row| is_of(&row.label)) {
            let alive = row.get("alive") == Some(1);
            let stood = self.alive.contains(&row.label);
            if alive {
                self.lost.retain(|lost| *lost != row.label);
            } else if stood && died && !self.lost.contains(&row.label) {
                self.lost.push(row.label.clone());
            }
            if alive != stood {
                self.alive.retain(|known| *known != row.label);
                self.alive.extend(alive.then(|| row.label.clone()));
            }
            let holds = self.lost.contains(&row.label);
            let text = if holds {
                format!("session {} is lost: nothing was heard of it for session_rules.timeout_ms", row.label)
            } else {
                format!("session {} is there", row.label)
            };
            cases.push(Case { of: row.label.clone(), holds, value: u64::from(holds), text });
        }
        cases
    }
}

fn p99(rule: &Alert, look: &Look) -> Option<Case> {
    let stage = if rule.of.is_empty() { "whole" } else { &rule.of };
    let before = look.second.as_ref()?.snapshot.row("stage", stage)?.histogram("duration")?;
    let lately = look.now.row("stage", stage)?.histogram("duration")?.since(&before);
    let value = lately.percentile_ns(P99_PER_MILLION).unwrap_or(0);
    let text = format!("p99 of {stage} is {value} ns, of {} commands in the last second", lately.count());
    Some(Case { of: stage.to_owned(), holds: value > rule.limit, value, text })
}

fn durable(rule: &Alert, look: &Look) -> Case {
    let wait = look.durable_wait().filter(|_| look.process != ProcessState::Gone).unwrap_or_default();
    let value = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let text = format!("the oldest command that is not durable waits for {value} ms: look at the journal's disk");
    Case { of: String::new(), holds: value > rule.limit, value, text }
}

fn rates(rule: &Alert, look: &Look, is_of: impl Fn(&str) -> bool) -> Vec<Case> {
    let rows = look.rows("session").iter().enumerate().filter(|(_, row)| is_of(&row.label));
    let case = |(index, row): (usize, &engine::counters::SnapshotRow)| {
        let value = look.per_second("session", index, "messages")?;
        let of = row.label.clone();
        let text = format!("session {of} sends {value} messages a second; `pinion admin` can disconnect or lock it");
        Some(Case { of, holds: value > rule.limit, value, text })
    };
    rows.filter_map(case).collect()
}

fn stopped_in_order(look: &Look) -> bool {
    look.get("appliance", "phase") == Some(STOPPED_IN_ORDER)
}

fn heartbeats(rule: &Alert, look: &Look, is_of: impl Fn(&str) -> bool) -> Vec<Case> {
    let is_over = look.process == ProcessState::Gone || stopped_in_order(look);
    let mut cases = Vec::new();
    // Tiles beat with their threads; a rule may still name one.
    let groups: &[&'static str] =
        if rule.of.is_empty() { &["appliance", "thread"] } else { &["appliance", "thread", "tile"] };
    for group in groups {
        for row in look.rows(group) {
            let name = if *group == "appliance" { "appliance" } else { row.label.as_str() };
            let Some(still) = look.still(group, &row.label).filter(|_| is_of(name)) else { continue };
            let value = if is_over { 0 } else { u64::try_from(still.as_millis()).unwrap_or(u64::MAX) };
            let text = format!("no sign of life of {group} {name} for {value} ms: see top -H, and `pinion doctor`");
            cases.push(Case { of: name.to_owned(), holds: value > rule.limit, value, text });
        }
    }
    cases
}

fn unhealthy(rule: &Alert, sight: &Sight) -> Option<Case> {
    let from = if rule.of == "broken" { Verdict::Broken } else { Verdict::Degraded };
    let case = |verdict: Verdict, text: String| Case {
        of: String::new(),
        holds: verdict >= from,
        value: u64::from(verdict >= from),
        text,
    };
    let Some(look) = &sight.look else {
        let why = sight.no_counters.as_ref()?;
        return Some(case(Verdict::Gone, format!("no appliance runs under this configuration: {why}")));
    };
    if look.process == ProcessState::Gone && stopped_in_order(look) {
        return Some(case(Verdict::Healthy, "it was stopped in order".to_owned()));
    }
    let health = Health::of(look);
    let text = match health.first() {
        Some(reason) => format!("{}: {}; {}", health.verdict, reason.what, reason.remedy),
        None => health.verdict.to_string(),
    };
    Some(case(health.verdict, text))
}
