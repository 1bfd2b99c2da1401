//! What a role permits.

use wire::admin::login::Role;
use wire::admin::{Scope, Verb};

/// Whether an operator of this role may give this command.
#[must_use]
pub const fn permits(role: Role, verb: &Verb) -> bool {
    let needed = match verb {
        Verb::Disconnect { .. } | Verb::CancelOrders { .. } | Verb::Halt { .. } | Verb::Resume { .. } => Role::Trade,
        Verb::Lock { scope } | Verb::Unlock { scope } => match scope {
            Scope::Session(_) | Scope::Member(_) => Role::Trade,
            Scope::Venue => Role::Operator,
        },
        Verb::Drain | Verb::Reopen | Verb::CloseMarket | Verb::AddInstrument(_) | Verb::KeyChanged { .. } => {
            Role::Operator
        }
    };
    role.rank() >= needed.rank()
}
