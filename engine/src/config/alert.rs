//! `[[alert]]`: one rule: what is watched, from which limit on it is told, and to whom.
//!
//! Goal: a rule that makes no sense is refused when it is read. Non-goal: watching.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, text};
use super::webhook::Webhook;
use std::path::Path;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// What it watches.
    pub what: AlertWhat,
    /// Of what: a stage, a session, a thread; empty: of any, or the one that is meant by default.
    pub of: String,
    /// The limit, in the unit that `what` goes by.
    pub limit: u64,
    /// How long it must hold before it fires, ms.
    pub for_ms: u32,
    /// How often it is told again while it fires, s; 0: once.
    pub repeat_s: u32,
    /// A program and its arguments; empty: none.
    pub exec: Vec<String>,
    /// Where it is posted; `None`: nowhere.
    pub webhook: Option<Webhook>,
}

macro_rules! whats {
    ($($(#[$doc:meta])* $what:ident = $name:literal, $limit:expr;)*) => {
        /// What a rule watches.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum AlertWhat {
            $($(#[$doc])* $what,)*
        }

        impl AlertWhat {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$what,)*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$what => $name,)* }
            }

            /// The key of its limit, whose last word is the unit; `None`: it has no limit.
            #[must_use]
            pub const fn limit_key(self) -> Option<&'static str> {
                match self { $(Self::$what => $limit,)* }
            }
        }
    };
}

whats! {
    /// What one of a hundred commands exceeded on the way that `of` names, in the last window.
    P99Above = "p99_above", Some("limit_ns");
    /// The oldest command that is not durable waits for longer.
    DurableLagAbove = "durable_lag_above", Some("limit_ms");
    /// Messages are missing on a line of market data, or it is silent. Seen by `pinion watch`, which hears the lines.
    GapOnLine = "gap_on_line", None;
    /// A session that stood has died of silence.
    SessionLost = "session_lost", None;
    /// A session sends more messages a second.
    RateAbove = "rate_above", Some("limit_per_s");
    /// The journal's disk has less room.
    DiskBelow = "disk_below", Some("limit_bytes");
    /// The wall clock was set by more.
    ClockStep = "clock_step", Some("limit_ms");
    /// A thread, a tile or the appliance gave no sign of life for longer.
    HeartbeatMissing = "heartbeat_missing", Some("limit_ms");
    /// The verdict on the whole is this bad, or worse.
    Unhealthy = "unhealthy", None;
}

/// All keys of limits.
const LIMIT_KEYS: [&str; 4] = ["limit_ns", "limit_ms", "limit_bytes", "limit_per_s"];
/// The longest path and the longest argument.
const ARGUMENT_LEN_MAX: usize = 4_096;

impl Alert {
    /// The rules of the built-in configuration.
    pub(super) fn defaults() -> Vec<Self> {
        let rule = |name: &str, what, limit| Self { name: name.to_owned(), what, limit, ..Self::template() };
        vec![
            Self { of: "broken".to_owned(), ..rule("broken", AlertWhat::Unhealthy, 0) },
            rule("heartbeat", AlertWhat::HeartbeatMissing, 500),
            rule("durable_lag", AlertWhat::DurableLagAbove, 1_000),
            rule("disk_room", AlertWhat::DiskBelow, 1 << 30),
            rule("session", AlertWhat::SessionLost, 0),
            rule("clock", AlertWhat::ClockStep, 100),
            rule("line", AlertWhat::GapOnLine, 0),
        ]
    }

    /// What an entry is before its keys are read. Name and what have no default.
    pub(super) const fn template() -> Self {
        Self {
            name: String::new(),
            what: AlertWhat::Unhealthy,
            of: String::new(),
            limit: 0,
            for_ms: 0,
            repeat_s: 0,
            exec: Vec::new(),
            webhook: None,
        }
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        let word = |text: &str| {
            let fits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            fits.then(|| text.to_owned())
        };
        reader.checked("name", "1 to 32 printable ASCII characters without spaces", word, &mut self.name)?;
        let names: Vec<_> = AlertWhat::ALL.iter().map(|what| (what.name(), *what)).collect();
        reader.choice("what", &names, &mut self.what)?;
        let of = |text: &str| if text.is_empty() { Some(String::new()) } else { word(text) };
        reader.checked("of", "up to 32 printable ASCII characters without spaces", of, &mut self.of)?;
        if let Some(node) = reader.get("of")
            && self.what == AlertWhat::Unhealthy
            && !["", "degraded", "broken"].contains(&self.of.as_str())
        {
            let expected = "\"degraded\" or \"broken\", for what = \"unhealthy\"".to_owned();
            return Err(bad_value(node, &reader.path_of("of"), expected));
        }
        self.read_limit(&mut reader)?;
        reader.integer("for_ms", 0..=3_600_000, &mut self.for_ms)?;
        reader.integer("repeat_s", 0..=86_400, &mut self.repeat_s)?;
        let argument = |node: &super::tree::Node, path: &str| {
            let argument = text(node).filter(|text| text.len() <= ARGUMENT_LEN_MAX && !text.contains('\0'));
            argument.map(str::to_owned).ok_or_else(|| bad_value(node, path, "a text without zero bytes".to_owned()))
        };
        let expected = "a list: the path of a program, and its arguments";
        reader.list("exec", expected, argument, &mut self.exec)?;
        if let Some(node) = reader.get("exec")
            && self.exec.first().is_some_and(|program| !Path::new(program).is_absolute())
        {
            let expected = "a path from the root, such as \"/usr/local/bin/page\": no shell looks for it".to_owned();
            return Err(bad_value(node, &reader.path_of("exec"), expected));
        }
        reader.optional("webhook", Webhook::EXPECTED, |text| text.parse().ok(), &mut self.webhook)?;
        reader.finish()
    }

    /// One limit, under the key with the right unit.
    fn read_limit(&mut self, reader: &mut Reader<'_>) -> Result<(), ConfigError> {
        let wanted = self.what.limit_key();
        for key in LIMIT_KEYS {
            if let Some(node) = reader.get(key)
                && wanted != Some(key)
            {
                let what = self.what.name();
                let expected = wanted.map_or_else(
                    || format!("no limit, for what = \"{what}\" has none"),
                    |wanted| format!("{wanted} instead, for what = \"{what}\""),
                );
                return Err(bad_value(node, &reader.path_of(key), expected));
            }
        }
        match wanted {
            Some(key) => reader.integer(key, 1..=1 << 60, &mut self.limit),
            None => Ok(()),
        }
    }
}
