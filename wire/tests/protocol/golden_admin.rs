//! What operators and the appliance say to each other, against the bytes in docs/protocol.md.

use crate::vectors::{bytes_of, get};
use wire::admin::{Answer, OperatorCommand, OperatorName, Outcome, Request, Scope, Verb};
use wire::{MemberId, Seq, Side, Symbol};

/// The command of the vectors.
pub fn operator_command() -> OperatorCommand {
    OperatorCommand {
        operator: OperatorName::new("ann").expect("short"),
        number: 9,
        verb: Verb::CancelOrders {
            scope: Scope::Member(MemberId(3)),
            symbol: Symbol::new("ACME"),
            side: Some(Side::Sell),
        },
    }
}

#[test]
fn what_operators_say() {
    let command = operator_command();
    let request = Request::from(&command);
    assert_eq!(bytes_of(|out| request.encode(out)), get("admin-cancel-orders"));
    assert_eq!(Request::decode(&get("admin-cancel-orders")).and_then(|request| request.command()), Ok(command));
    let answer = Answer::new(command.operator, command.number, Outcome::Done { seq: Seq(0x58), changed: 2 });
    assert_eq!(bytes_of(|out| answer.encode(out)), get("admin-answer-done"));
    assert_eq!(Answer::decode(&get("admin-answer-done")), Ok(answer));
}
