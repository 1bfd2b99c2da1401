//! The two forms of an operator's command: as it travels and as the journal keeps it. Same fields at the same places, other byte order.

use super::{NewInstrument, OperatorCommand, OperatorName, Scope, Verb};
use crate::feed::ChannelIndex;
use crate::layout::{Reserved, layout};
use crate::{DecodeError, MemberId, Price, Qty, SessionIndex, Side, Symbol};

/// No scope, no side, in a byte.
const NONE: u8 = b' ';
/// [`Request::symbol`]: any.
const ANY_SYMBOL: Symbol = Symbol([b' '; 8]);
/// [`Request::market_protection`]: at any price.
const UNPROTECTED: i64 = -1;

layout! { Wire, "administration Request",
    /// A command as it travels to the appliance. A field that a verb does not have is written as nothing and not looked at.
    pub struct Request: 88 {
        /// Who gives the command.
        0 => operator: OperatorName,
        /// The operator's own number of it.
        16 => number: u64,
        /// `D` disconnect, `C` cancel orders, `H` halt, `R` resume, `L` lock, `U` unlock, `N` drain, `O` reopen, `E` close market,
        /// `A` add instrument, `K` key changed.
        24 => verb: u8,
        /// Of `C`, `L`, `U`: `S` a session, `M` a member, `V` the venue; else a space.
        25 => scope: u8,
        /// The session's index, of `D` and `K` too, or the member's number.
        26 => scope_id: u16,
        /// Of `C`: `B`, `S`, or a space for both.
        28 => side: u8,
        /// Of `A`: on which channel.
        29 => channel: u8,
        /// Zero.
        30 => reserved: Reserved<2>,
        /// Of `H`, `R`, `A`, and of `C` where it is not blank.
        32 => symbol: Symbol,
        /// Of `A`: the step between two prices, 1/10,000 units.
        40 => tick: i64,
        /// Of `A`: the lowest price, 1/10,000 units.
        48 => price_min: i64,
        /// Of `A`: the highest price, 1/10,000 units.
        56 => price_max: i64,
        /// Of `A`: how far a market order may go, 1/10,000 units; -1: any price.
        64 => market_protection: i64,
        /// Of `A`: the step between two quantities.
        72 => lot: u32,
        /// Of `A`: the largest quantity of an order.
        76 => quantity_max: Qty,
        /// Of `K`: of the new key.
        80 => fingerprint: u64,
    }
}

layout! { Disk, "journal Operator",
    /// A command as the journal keeps it. A field that a verb does not have is written as nothing and not looked at.
    pub struct OperatorBody: 88 {
        /// Who gives the command.
        0 => operator: OperatorName,
        /// The operator's own number of it.
        16 => number: u64,
        /// `D` disconnect, `C` cancel orders, `H` halt, `R` resume, `L` lock, `U` unlock, `N` drain, `O` reopen, `E` close market,
        /// `A` add instrument, `K` key changed.
        24 => verb: u8,
        /// Of `C`, `L`, `U`: `S` a session, `M` a member, `V` the venue; else a space.
        25 => scope: u8,
        /// The session's index, of `D` and `K` too, or the member's number.
        26 => scope_id: u16,
        /// Of `C`: `B`, `S`, or a space for both.
        28 => side: u8,
        /// Of `A`: on which channel.
        29 => channel: u8,
        /// Zero.
        30 => reserved: Reserved<2>,
        /// Of `H`, `R`, `A`, and of `C` where it is not blank.
        32 => symbol: Symbol,
        /// Of `A`: the step between two prices, 1/10,000 units.
        40 => tick: i64,
        /// Of `A`: the lowest price, 1/10,000 units.
        48 => price_min: i64,
        /// Of `A`: the highest price, 1/10,000 units.
        56 => price_max: i64,
        /// Of `A`: how far a market order may go, 1/10,000 units; -1: any price.
        64 => market_protection: i64,
        /// Of `A`: the step between two quantities.
        72 => lot: u32,
        /// Of `A`: the largest quantity of an order.
        76 => quantity_max: Qty,
        /// Of `K`: of the new key.
        80 => fingerprint: u64,
    }
}

/// From a command to one of its forms, and back.
macro_rules! form {
    ($what:literal, $name:ident) => {
        impl From<&OperatorCommand> for $name {
            fn from(command: &OperatorCommand) -> Self {
                let nothing = Self {
                    operator: command.operator,
                    number: command.number,
                    verb: 0,
                    scope: NONE,
                    scope_id: 0,
                    side: NONE,
                    channel: 0,
                    reserved: Reserved,
                    symbol: ANY_SYMBOL,
                    tick: 0,
                    price_min: 0,
                    price_max: 0,
                    market_protection: 0,
                    lot: 0,
                    quantity_max: Qty(0),
                    fingerprint: 0,
                };
                let scoped = |verb, scope: Scope| {
                    let (scope, scope_id) = match scope {
                        Scope::Session(session) => (b'S', session.0),
                        Scope::Member(member) => (b'M', member.0),
                        Scope::Venue => (b'V', 0),
                    };
                    Self { verb, scope, scope_id, ..nothing }
                };
                match command.verb {
                    Verb::Disconnect { session } => Self { verb: b'D', scope_id: session.0, ..nothing },
                    Verb::CancelOrders { scope, symbol, side } => Self {
                        symbol: symbol.unwrap_or(ANY_SYMBOL),
                        side: side.map_or(NONE, Side::byte),
                        ..scoped(b'C', scope)
                    },
                    Verb::Halt { symbol } => Self { verb: b'H', symbol, ..nothing },
                    Verb::Resume { symbol } => Self { verb: b'R', symbol, ..nothing },
                    Verb::Lock { scope } => scoped(b'L', scope),
                    Verb::Unlock { scope } => scoped(b'U', scope),
                    Verb::Drain => Self { verb: b'N', ..nothing },
                    Verb::Reopen => Self { verb: b'O', ..nothing },
                    Verb::CloseMarket => Self { verb: b'E', ..nothing },
                    Verb::AddInstrument(added) => Self {
                        verb: b'A',
                        symbol: added.symbol,
                        channel: added.channel.0,
                        tick: added.tick,
                        price_min: added.price_min.0,
                        price_max: added.price_max.0,
                        market_protection: added.market_protection.unwrap_or(UNPROTECTED),
                        lot: added.lot,
                        quantity_max: added.quantity_max,
                        ..nothing
                    },
                    Verb::KeyChanged { session, fingerprint } => {
                        Self { verb: b'K', scope_id: session.0, fingerprint, ..nothing }
                    }
                }
            }
        }

        impl $name {
            /// The command that it says.
            ///
            /// # Errors
            /// Verb, scope or side are none of those known.
            pub fn command(&self) -> Result<OperatorCommand, DecodeError> {
                let unknown = |field, expected, found: u8| Err(DecodeError::value($what, field, expected, &[found]));
                let scope = || match self.scope {
                    b'S' => Ok(Scope::Session(SessionIndex(self.scope_id))),
                    b'M' => Ok(Scope::Member(MemberId(self.scope_id))),
                    b'V' => Ok(Scope::Venue),
                    other => unknown("scope", "one of S M V", other).map(|()| Scope::Venue),
                };
                let symbol = self.symbol;
                let session = SessionIndex(self.scope_id);
                let verb = match self.verb {
                    b'D' => Verb::Disconnect { session },
                    b'C' => Verb::CancelOrders {
                        scope: scope()?,
                        symbol: (symbol != ANY_SYMBOL).then_some(symbol),
                        side: match (self.side, Side::from_byte(self.side)) {
                            (NONE, _) => None,
                            (_, Some(side)) => Some(side),
                            (other, None) => {
                                unknown("side", "one of B S and space", other)?;
                                None
                            }
                        },
                    },
                    b'H' => Verb::Halt { symbol },
                    b'R' => Verb::Resume { symbol },
                    b'L' => Verb::Lock { scope: scope()? },
                    b'U' => Verb::Unlock { scope: scope()? },
                    b'N' => Verb::Drain,
                    b'O' => Verb::Reopen,
                    b'E' => Verb::CloseMarket,
                    b'A' => Verb::AddInstrument(NewInstrument {
                        symbol,
                        tick: self.tick,
                        lot: self.lot,
                        price_min: Price(self.price_min),
                        price_max: Price(self.price_max),
                        quantity_max: self.quantity_max,
                        market_protection: (self.market_protection != UNPROTECTED).then_some(self.market_protection),
                        channel: ChannelIndex(self.channel),
                    }),
                    b'K' => Verb::KeyChanged { session, fingerprint: self.fingerprint },
                    other => {
                        return Err(DecodeError::value($what, "verb", "one of D C H R L U N O E A K", &[other]));
                    }
                };
                Ok(OperatorCommand { operator: self.operator, number: self.number, verb })
            }
        }
    };
}

form! { "administration Request", Request }
form! { "journal Operator", OperatorBody }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_survives_both_forms() {
        let symbol = Symbol::new("ACME").expect("short");
        let session = SessionIndex(0x0102);
        let scopes = [Scope::Session(session), Scope::Member(MemberId(3)), Scope::Venue];
        let added = NewInstrument {
            symbol,
            tick: 100,
            lot: 10,
            price_min: Price(-5),
            price_max: Price(i64::MAX),
            quantity_max: Qty(u32::MAX),
            market_protection: Some(7),
            channel: ChannelIndex(2),
        };
        let mut verbs = vec![
            Verb::Disconnect { session },
            Verb::CancelOrders { scope: Scope::Venue, symbol: Some(symbol), side: Some(Side::Sell) },
            Verb::CancelOrders { scope: Scope::Session(session), symbol: None, side: Some(Side::Buy) },
            Verb::Halt { symbol },
            Verb::Resume { symbol },
            Verb::Drain,
            Verb::Reopen,
            Verb::CloseMarket,
            Verb::AddInstrument(added),
            Verb::AddInstrument(NewInstrument { market_protection: None, ..added }),
            Verb::KeyChanged { session, fingerprint: u64::MAX - 1 },
        ];
        for scope in scopes {
            verbs.push(Verb::CancelOrders { scope, symbol: None, side: None });
            verbs.extend([Verb::Lock { scope }, Verb::Unlock { scope }]);
        }
        for verb in verbs {
            let command = OperatorCommand { operator: OperatorName::new("ann").expect("short"), number: 1 << 40, verb };
            let mut bytes = [0; Request::SIZE];
            assert_eq!(Request::from(&command).encode(&mut bytes), Some(Request::SIZE));
            assert_eq!(Request::decode(&bytes).and_then(|request| request.command()), Ok(command));
            assert_eq!(bytes[16..24], (1_u64 << 40).to_be_bytes());
            assert_eq!(OperatorBody::from(&command).encode(&mut bytes), Some(OperatorBody::SIZE));
            assert_eq!(OperatorBody::decode(&bytes).and_then(|body| body.command()), Ok(command));
            assert_eq!(bytes[16..24], (1_u64 << 40).to_le_bytes());
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let command = OperatorCommand {
            operator: OperatorName::BLANK,
            number: 1,
            verb: Verb::CancelOrders { scope: Scope::Venue, symbol: None, side: None },
        };
        let request = Request::from(&command);
        assert!(Request { verb: b'?', ..request }.command().is_err());
        assert!(Request { scope: NONE, ..request }.command().is_err());
        assert!(Request { side: b'?', ..request }.command().is_err());
    }
}
