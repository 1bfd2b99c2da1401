//! Orders in words: what is printed is read as the same, and a mistake is told with what was expected.

use proptest::prelude::*;
use tools::hand::instruction::{Entry, Instruction, Replacement, Terms};
use tools::hand::words::{CAPACITIES, DISPLAYS, SELF_MATCHES, SIDES, TIMES_IN_FORCE, Words};
use wire::ouch::{
    ClOrdId, Display, Firm, INBOUND_LEN_MAX, Inbound, MARKET_PRICE, OrderSide, SelfMatchCode, TimeInForce,
};
use wire::{Price, Qty, Side, Symbol, UserRefNum};

fn read(line: &str) -> Instruction {
    line.parse().unwrap_or_else(|mistake| panic!("{line}: {mistake}"))
}

fn mistake(line: &str) -> String {
    match line.parse::<Instruction>() {
        Ok(instruction) => panic!("expected a mistake in '{line}', found {instruction:?}"),
        Err(mistake) => mistake.to_string(),
    }
}

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a symbol")
}

#[test]
fn every_form_is_read() {
    let plain = Entry {
        side: OrderSide::Buy,
        qty: Qty(100),
        symbol: symbol("PINION"),
        price: Price(100_500),
        terms: Terms::PLAIN,
    };
    assert_eq!(read("buy 100 PINION @ 10.05"), Instruction::Enter(plain.clone()));
    assert_eq!(read("  buy 100 PINION @10.05 "), Instruction::Enter(plain.clone()));
    let all = Terms {
        user_ref: Some(UserRefNum(9)),
        time_in_force: Some(TimeInForce::ImmediateOrCancel),
        display: Some(Display::Hidden),
        slice: Some(Qty(50)),
        min: Some(Qty(10)),
        post_only: true,
        stop: Some(Price(101_000)),
        self_match: Some(SelfMatchCode::CancelNewest),
        expire_s: None,
        capacity: None,
        firm: Firm::new("ACME"),
        tag: ClOrdId::new("mine").expect("short"),
    };
    assert_eq!(
        read(
            "buy 100 PINION @ 10.05 --tif ioc --post-only --display 50 --stop 10.10 --min 10 --hidden --self-match newest --firm ACME \
             --tag mine --ref 9"
        ),
        Instruction::Enter(Entry { terms: all, ..plain.clone() })
    );
    assert_eq!(
        read("--tif fok short 7 B @ market"),
        Instruction::Enter(Entry {
            side: OrderSide::SellShort,
            qty: Qty(7),
            symbol: symbol("B"),
            price: MARKET_PRICE,
            terms: Terms { time_in_force: Some(TimeInForce::FillOrKill), ..Terms::PLAIN },
        })
    );
    let order = UserRefNum(17);
    assert_eq!(read("cancel 17"), Instruction::Cancel { order });
    assert_eq!(read("reduce 17 60"), Instruction::Reduce { order, total: Qty(60) });
    assert_eq!(
        read("modify 17 exempt 60"),
        Instruction::Modify { order, side: OrderSide::SellShortExempt, total: Qty(60) }
    );
    assert_eq!(read("query"), Instruction::Query);
    let replacement = Replacement {
        order,
        qty: Qty(50),
        price: Some(Price(100_600)),
        re_enter: false,
        side: None,
        terms: Terms::PLAIN,
    };
    assert_eq!(read("replace 17 50 @ 10.06"), Instruction::Replace(replacement.clone()));
    let stays = Replacement { price: None, ..replacement.clone() };
    assert_eq!(read("replace 17 50"), Instruction::Replace(stays));
    let anew = Replacement { re_enter: true, side: Some(Side::Sell), ..replacement };
    assert_eq!(read("replace 17 50 @ 10.06 --re-enter --side sell"), Instruction::Replace(anew));
}

#[test]
fn every_mistake_says_what_was_expected() {
    for (line, words) in [
        ("bye 100 PINION @ 10", "expected buy, sell, short, exempt, cancel"),
        ("buy 100 PINION 10", "expected buy QTY SYMBOL @ PRICE, found 'buy 100 PINION 10'"),
        ("buy 1.5 PINION @ 10", "expected a quantity"),
        ("buy 4294967296 PINION @ 10", "expected a quantity"),
        ("buy 1 PINIONPIN @ 10", "1 to 8 characters"),
        ("buy 1 PINION @ 10.00001", "at most 4 decimals"),
        ("buy 1 PINION @ 214748.3647", "say market"),
        ("buy 1 PINION @ 10 --tif never", "never"),
        ("buy 1 PINION @ 10 --post-onyl", "--post-onyl"),
        ("buy 1 PINION @ 10 --hidden --show visible", "cannot be used with"),
        ("buy 1 PINION @ 10 --re-enter", "with replace only"),
        ("buy 1 PINION @ 10 --side sell", "--re-enter"),
        ("buy 1 PINION @ 10 --tag", "a value is required"),
        ("cancel", "expected cancel REF"),
        ("cancel 1 2", "expected cancel REF"),
        ("cancel x", "expected the number of an order, found 'x'"),
        ("cancel 1 --hidden", "expected no options of an order with cancel"),
        ("reduce 1", "expected reduce REF QTY"),
        ("replace 1", "expected replace REF QTY @ PRICE"),
        ("replace 1 2 3", "expected replace REF QTY @ PRICE"),
        ("replace 1 2 @ 3 --re-enter --side short", "cannot change to a short sale"),
        ("modify 1 long 5", "expected a marking"),
        ("query 1", "expected query"),
        ("", "required"),
    ] {
        let found = mistake(line);
        assert!(found.contains(words), "'{line}': expected '{words}', found '{found}'");
    }
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(words: Words<T>) -> impl Strategy<Value = T> {
    (0..words.len()).prop_map(move |at| words[at].1)
}

fn prices() -> impl Strategy<Value = Price> {
    any::<i64>().prop_map(|raw| Price(raw % 100_000_000_000)).prop_filter("no market", |price| *price != MARKET_PRICE)
}

fn terms() -> impl Strategy<Value = Terms> {
    use proptest::option::of;
    let first = (
        of(any::<u32>().prop_map(UserRefNum)),
        of(one_of(TIMES_IN_FORCE)),
        of(one_of(DISPLAYS)),
        of(any::<u32>().prop_map(Qty)),
        of(any::<u32>().prop_map(Qty)),
        any::<bool>(),
    );
    let second = (
        of(prices()),
        of(one_of(SELF_MATCHES)),
        of(any::<u32>()),
        of(one_of(CAPACITIES)),
        of("[!-~]{1,4}".prop_map(|text| Firm::new(&text).expect("short"))),
        of("[!-~]{1,14}".prop_map(|text| ClOrdId::new(&text).expect("short"))),
    );
    (first, second).prop_map(|(first, second)| Terms {
        user_ref: first.0,
        time_in_force: first.1,
        display: first.2,
        slice: first.3,
        min: first.4,
        post_only: first.5,
        stop: second.0,
        self_match: second.1,
        expire_s: second.2,
        capacity: second.3,
        firm: second.4,
        tag: second.5.unwrap_or(ClOrdId::BLANK),
    })
}

fn instructions() -> impl Strategy<Value = Instruction> {
    let order = any::<u32>().prop_map(UserRefNum);
    let qty = any::<u32>().prop_map(Qty);
    let at = prop_oneof![4 => prices(), 1 => Just(MARKET_PRICE)];
    let name = "[A-Za-z][A-Za-z0-9.]{0,7}".prop_map(|name| Symbol::new(&name).expect("a symbol"));
    let sides = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        4 => (one_of(SIDES), qty.clone(), name, at.clone(), terms())
            .prop_map(|(side, qty, symbol, price, terms)| Instruction::Enter(Entry { side, qty, symbol, price, terms })),
        4 => (order.clone(), qty.clone(), proptest::option::of(at), proptest::option::of(proptest::option::of(sides)), terms())
            .prop_map(|(order, qty, price, again, terms)| {
                let (re_enter, side) = (again.is_some(), again.flatten());
                Instruction::Replace(Replacement { order, qty, price, re_enter, side, terms })
            }),
        1 => (order.clone(), qty.clone()).prop_map(|(order, total)| Instruction::Reduce { order, total }),
        1 => order.clone().prop_map(|order| Instruction::Cancel { order }),
        1 => (order, one_of(SIDES), qty).prop_map(|(order, side, total)| Instruction::Modify { order, side, total }),
        1 => Just(Instruction::Query),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_as_the_same(instruction in instructions()) {
        let text = instruction.to_string();
        prop_assert_eq!(text.parse::<Instruction>(), Ok(instruction), "{}", text);
    }

    /// Whatever can be said fits into a message, or is refused; what is encoded says the same.
    #[test]
    fn what_is_encoded_says_the_same(instruction in instructions()) {
        let mut bytes = [0; INBOUND_LEN_MAX];
        let Some(len) = instruction.encode(UserRefNum(5), &mut bytes) else {
            let lacks = matches!(&instruction, Instruction::Replace(Replacement { price: None, .. }));
            prop_assert!(lacks, "{} does not fit", instruction);
            return Ok(());
        };
        let message = Inbound::decode(&bytes[..len]).expect("a message");
        match (&instruction, message) {
            (Instruction::Enter(entry), Inbound::EnterOrder(order)) => {
                let options = order.appendage.options();
                prop_assert_eq!((entry.qty, entry.price, entry.symbol), (order.qty, order.price, order.symbol));
                prop_assert_eq!(entry.terms.stop, options.stop_price);
                prop_assert_eq!(entry.terms.slice, options.max_floor);
                prop_assert_eq!(entry.terms.post_only, options.post_only);
                prop_assert_eq!((entry.side, UserRefNum(5)), (order.side, order.user_ref));
            }
            (Instruction::Replace(replacement), Inbound::ReplaceOrder(order)) => {
                let options = order.appendage.options();
                prop_assert_eq!((replacement.order, replacement.qty), (order.orig_user_ref, order.qty));
                prop_assert_eq!((replacement.re_enter, replacement.side), (options.re_enter, options.side));
                prop_assert_eq!(order.user_ref, UserRefNum(5));
            }
            (Instruction::Reduce { order, total }, Inbound::CancelOrder(cancel)) => {
                prop_assert_eq!((*order, *total), (cancel.user_ref, cancel.qty));
            }
            (Instruction::Cancel { order }, Inbound::CancelOrder(cancel)) => {
                prop_assert_eq!((*order, Qty(0)), (cancel.user_ref, cancel.qty));
            }
            (Instruction::Modify { order, side, total }, Inbound::ModifyOrder(modify)) => {
                prop_assert_eq!((*order, *side, *total), (modify.user_ref, modify.side, modify.qty));
            }
            (Instruction::Query, Inbound::AccountQuery(_)) => {}
            (_, message) => prop_assert!(false, "{} became {:?}", instruction, message),
        }
    }
}
