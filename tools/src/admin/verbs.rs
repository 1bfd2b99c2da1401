//! From what was typed to a command.

use super::desk::{OperatorDesk, Unknown};
use super::options::{AddArgs, AdminCommand, InstrumentCommand, ScopeArgs, SessionCommand, Unusable};
use engine::config::{Config, DEPTH_PRICE_MAX};
use std::error::Error;
use wire::Price;
use wire::admin::{NewInstrument, Scope, Verb};
use wire::feed::ChannelIndex;

/// The command that was typed; names are looked up at the appliance.
pub(super) fn of(command: &AdminCommand, desk: &OperatorDesk, config: &Config) -> Result<Verb, Box<dyn Error>> {
    Ok(match command {
        AdminCommand::Session(SessionCommand::Disconnect { username }) => {
            Verb::Disconnect { session: desk.find_session(username)? }
        }
        AdminCommand::Instrument(InstrumentCommand::Halt { symbol }) => Verb::Halt { symbol: *symbol },
        AdminCommand::Instrument(InstrumentCommand::Resume { symbol }) => Verb::Resume { symbol: *symbol },
        AdminCommand::Instrument(InstrumentCommand::Add(args)) => Verb::AddInstrument(added(args, config)?),
        AdminCommand::Cancel(args) => Verb::CancelOrders {
            scope: scope(args.session.as_deref(), args.member.as_deref(), desk)?,
            symbol: args.symbol,
            side: args.side.map(Into::into),
        },
        AdminCommand::Kill(args) => Verb::Lock { scope: scope_of(args, desk)? },
        AdminCommand::Reset(args) => Verb::Unlock { scope: scope_of(args, desk)? },
        AdminCommand::Drain => Verb::Drain,
        AdminCommand::Reopen => Verb::Reopen,
        AdminCommand::Close => Verb::CloseMarket,
        AdminCommand::Status
        | AdminCommand::Log(_)
        | AdminCommand::Session(SessionCommand::List | SessionCommand::Key { .. })
        | AdminCommand::Instrument(InstrumentCommand::List) => {
            unreachable!("these give no command, or one of their own")
        }
    })
}

/// Whether somebody is to be asked before: it cannot be undone, or many are concerned.
pub(super) const fn hurts(verb: &Verb) -> bool {
    match verb {
        Verb::Disconnect { .. } | Verb::Lock { .. } | Verb::CloseMarket | Verb::KeyChanged { .. } => true,
        Verb::CancelOrders { scope, symbol, .. } => matches!(scope, Scope::Venue) && symbol.is_none(),
        _ => false,
    }
}

fn scope_of(args: &ScopeArgs, desk: &OperatorDesk) -> Result<Scope, Unknown> {
    scope(args.session.as_deref(), args.member.as_deref(), desk)
}

fn scope(session: Option<&str>, member: Option<&str>, desk: &OperatorDesk) -> Result<Scope, Unknown> {
    match (session, member) {
        (Some(name), _) => desk.find_session(name).map(Scope::Session),
        (None, Some(name)) => desk.find_member(name).map(Scope::Member),
        (None, None) => Ok(Scope::Venue),
    }
}

/// Terms, with what was not given as for a configured instrument.
fn added(args: &AddArgs, config: &Config) -> Result<NewInstrument, Unusable> {
    let terms = |text: String| Err(Unusable::Terms(text));
    if args.tick.get() <= 0 {
        return terms(format!("expected a tick above 0, found {}", args.tick));
    }
    let channel = match &args.channel {
        None => Some(0),
        Some(name) => config.channels.iter().position(|channel| channel.name == *name),
    };
    let Some((place, channel)) = channel.and_then(|at| Some((u8::try_from(at).ok()?, config.channels.get(at)?))) else {
        let known: Vec<_> = config.channels.iter().map(|channel| channel.name.as_str()).collect();
        let found = args.channel.as_deref().unwrap_or_default();
        return terms(format!("there is no channel '{found}' in the configuration; it has {}", known.join(", ")));
    };
    let limit = config.limits.price_max.min(if channel.has_depth() { DEPTH_PRICE_MAX } else { Price(i64::MAX) });
    Ok(NewInstrument {
        symbol: args.symbol,
        tick: args.tick.get(),
        lot: args.lot,
        price_min: args.price_min.unwrap_or(args.tick),
        price_max: args.price_max.unwrap_or(Price(limit.get() - limit.get() % args.tick.get())),
        quantity_max: config.limits.quantity_max,
        market_protection: args.market_protection.map(Price::get),
        channel: ChannelIndex(place),
    })
}
