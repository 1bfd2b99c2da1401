//! The market data beside a seat: one channel of it, followed as `pinion listen` does.
//!
//! Goal: whoever trades sees the book, and goes on trading where there is none to be seen. Non-goal: several channels at once.

use crate::listen::places::{PlaceArgs, PlaceError, Places};
use crate::listen::tape::Tape;
use feedhandler::handler::Handler;
use feedhandler::runner::Runner;
use netio::PortError;
use netio::host::{HostPort, PortKind};
use wire::feed::StreamKind;

/// A channel that is followed, or why none is.
pub struct Market {
    args: PlaceArgs,
    port: PortKind,
    followed: Option<(Places, Runner<HostPort>)>,
    /// What was heard.
    pub tape: Tape,
    /// Why nothing is followed.
    pub why_not: String,
}

impl Market {
    /// Nothing yet.
    #[must_use]
    pub fn new(args: PlaceArgs, port: PortKind) -> Self {
        Self { args, port, followed: None, tape: Tape::new(), why_not: "no channel".to_owned() }
    }

    /// Follows a channel, unless it does already, or the command line names lines of its own: its depth, or its ticks where it has no
    /// depth.
    pub fn follow(&mut self, channel: Option<&str>) {
        let is_fixed = !self.args.group.is_empty() || self.args.channel.is_some();
        if let Some((places, _)) = &self.followed
            && (is_fixed || Some(places.name.as_str()) == channel)
        {
            return;
        }
        let mut args = self.args.clone();
        if !is_fixed {
            args.channel = channel.map(str::to_owned);
        }
        self.tape = Tape::new();
        self.followed = match open(&args, self.port) {
            Ok(followed) => Some(followed),
            Err(why_not) => {
                self.why_not = why_not;
                None
            }
        };
    }

    /// Takes what has arrived; returns how many datagrams there were.
    ///
    /// # Errors
    /// The port cannot go on.
    pub fn turn(&mut self) -> Result<usize, PortError> {
        match &mut self.followed {
            Some((_, runner)) => runner.turn(&mut self.tape),
            None => Ok(0),
        }
    }

    /// What is known of the channel.
    #[must_use]
    pub fn handler(&self) -> Option<&Handler> {
        self.followed.as_ref().map(|(_, runner)| runner.handler())
    }

    /// What is followed, in words.
    #[must_use]
    pub fn name(&self) -> String {
        self.followed.as_ref().map_or_else(
            || "no market data".to_owned(),
            |(places, _)| format!("{} {}", places.name, crate::listen::tape::kind_name(places.kind)),
        )
    }
}

fn open(args: &PlaceArgs, port: PortKind) -> Result<(Places, Runner<HostPort>), String> {
    let places = match Places::find(args, StreamKind::Depth) {
        Err(PlaceError::NoLines { .. }) if args.stream.is_none() => Places::find(args, StreamKind::Tick),
        found => found,
    };
    let places = places.map_err(|error| error.to_string())?;
    let port = places.open_port(port).map_err(|error| error.to_string())?;
    let runner = Runner::new(port, places.addresses.clone(), places.handler_options());
    Ok((places, runner))
}
