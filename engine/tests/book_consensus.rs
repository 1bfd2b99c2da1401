//! The book against published answers: the order flow and report streams of a public matching-engine benchmark, which many
//! independent engines reproduce byte for byte.
//!
//! The flow stands in `shared/data/consensus` beside the project; without it these tests say so and pass, except in CI.

#[path = "consensus/flow.rs"]
mod flow;

use std::fmt::Write as _;

use engine::book::{Book, BookCommand, BookEvent, BookLimits, CancelReason, NewOrder, OrderKey, Replace, ReplaceKind};
use engine::limits::FILLS_PER_COMMAND_MAX;
use flow::{Ask, Message, Terms};
use sha2::{Digest, Sha256};
use wire::{InstrumentIndex, OrderRef, SessionIndex, Side, UserRefNum};

const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);

/// Drives a book with the flow's messages. A message names an order by the flow's id; the book gets a new key for every order and
/// replacement, as it does from the protocol.
struct Player {
    book: Book,
    /// The newest key number of each id, by id.
    newest: Vec<u32>,
    /// The id of each key number.
    ids: Vec<u32>,
    /// The reports of the message in hand: type and text.
    reports: Vec<(u8, String)>,
}

impl Player {
    fn new(orders: u32) -> Self {
        let limits = BookLimits {
            instruments: 1,
            sessions: 1,
            orders,
            levels: 1 << 16,
            stops: 0,
            fills_per_command: FILLS_PER_COMMAND_MAX,
        };
        Self { book: Book::new(&limits), newest: Vec::new(), ids: vec![0], reports: Vec::new() }
    }

    fn key_of(&self, id: u32) -> OrderKey {
        let user_ref = self.newest.get(id as usize).copied().unwrap_or(0);
        OrderKey::new(SessionIndex(0), UserRefNum(user_ref))
    }

    fn next_key(&self) -> (OrderKey, OrderRef) {
        let number = u32::try_from(self.ids.len()).expect("fewer orders than keys");
        (OrderKey::new(SessionIndex(0), UserRefNum(number)), OrderRef(u64::from(number)))
    }

    fn command(&self, message: &Message) -> BookCommand {
        let (key, order_ref) = self.next_key();
        match message.ask {
            Ask::Cancel => BookCommand::Cancel { key: self.key_of(message.id), reason: CancelReason::User },
            Ask::Enter(Terms { side, price, qty, tif }) => {
                BookCommand::New(NewOrder { key, order_ref, side, price, qty, tif, ..NewOrder::PLAIN })
            }
            Ask::Modify(Terms { side, price, qty, tif }) => BookCommand::Replace(Replace {
                key: self.key_of(message.id),
                new_key: key,
                order_ref,
                price,
                qty,
                kind: ReplaceKind::ReEnter { side: Some(side) },
                tif,
                ..Replace::PLAIN
            }),
        }
    }

    /// Plays one message and appends its reports to `stream`, sorted by type, trades in the order of matching.
    fn play(&mut self, seq: usize, line: &str, stream: &mut String) {
        let message = Message::parse(line);
        let (id, command) = (message.id, self.command(&message));
        if let BookCommand::New(NewOrder { key, .. }) | BookCommand::Replace(Replace { new_key: key, .. }) = command {
            self.ids.push(id);
            let live = match command {
                BookCommand::Replace(Replace { key, .. }) => self.book.order(key).is_some(),
                _ => true,
            };
            if live {
                self.newest.resize(self.newest.len().max(id as usize + 1), 0);
                self.newest[id as usize] = key.user_ref().get();
            }
        }
        let (ids, reports) = (&self.ids, &mut self.reports);
        let id_of = |key: OrderKey| ids[key.user_ref().get() as usize];
        reports.clear();
        self.book.apply(&command, &mut |event| {
            let (kind, text) = match event {
                BookEvent::Accepted { key, side, price, qty, .. } => {
                    (0, format!("0,{seq},{},{},{},{qty}", side.index(), id_of(key), price.get()))
                }
                BookEvent::Trade { maker, taker, price, qty, .. } => {
                    (1, format!("1,{seq},{},{qty},{},{}", price.get(), id_of(maker), id_of(taker)))
                }
                BookEvent::Canceled { key, side, price, .. } => {
                    (2, format!("2,{seq},{},{},{}", side.index(), id_of(key), price.get()))
                }
                BookEvent::Replaced { key, side, price, qty, .. } => {
                    (3, format!("3,{seq},{},{},{},{qty}", side.index(), id_of(key), price.get()))
                }
                BookEvent::Rejected { .. } if matches!(command, BookCommand::Cancel { .. }) => {
                    (4, format!("4,{seq},{id}"))
                }
                BookEvent::Rejected { .. } => (5, format!("5,{seq},{id}")),
                BookEvent::Elected { .. }
                | BookEvent::Rested { .. }
                | BookEvent::Refreshed { .. }
                | BookEvent::Level { .. } => return,
            };
            reports.push((kind, text));
        });
        reports.sort_by_key(|&(kind, _)| kind);
        for (_, text) in reports {
            if !stream.is_empty() {
                stream.push('\n');
            }
            stream.push_str(text);
        }
    }

    fn best(&self, side: Side) -> i64 {
        let empty = if side == Side::Buy { i64::MIN } else { i64::MAX };
        self.book.best(INSTRUMENT, side).map_or(empty, |(price, _)| price.get())
    }
}

fn assert_same_lines(found: &str, expected: &str, what: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{what}, line {}", number + 1);
    }
    assert_eq!(found.trim_end(), expected.trim_end(), "{what}: one is longer");
}

fn reproduces(flow: &str) {
    let (Some(messages), Some(reports), Some(quotes)) = (
        flow::file(&format!("{flow}.txt.xz")),
        flow::file(&format!("{flow}.reports.txt.xz")),
        flow::file(&format!("{flow}.bbo.txt.xz")),
    ) else {
        return;
    };
    let mut player = Player::new(1 << 15);
    let (mut stream, mut bests) = (String::new(), String::new());
    for (seq, line) in messages.lines().enumerate() {
        player.play(seq, line, &mut stream);
        if (seq + 1) % 100 == 0 {
            let (bid, ask) = (player.best(Side::Buy), player.best(Side::Sell));
            writeln!(bests, "{} {bid} {ask}", seq + 1).expect("memory");
        }
        if seq % 5_000 == 0 {
            player.book.audit().expect("a consistent book");
        }
    }
    assert_same_lines(&stream, &reports, "reports");
    assert_same_lines(&bests, &quotes, "best bid and offer");
    player.book.audit().expect("a consistent book");
}

#[test]
fn normal_flow_gives_the_published_reports() {
    reproduces("normal_s23_n20000");
}

#[test]
fn static_flow_gives_the_published_reports() {
    reproduces("static_s23_n20000");
}

/// Two million messages, of which the hash of the report stream is published.
#[test]
fn the_full_normal_flow_gives_the_published_hash() {
    const PUBLISHED: &str = "e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e";
    let Some(messages) = flow::file("normal_s23_n1000000.txt.xz") else { return };
    let mut player = Player::new(1 << 20);
    let (mut hash, mut part) = (Sha256::new(), String::new());
    for (seq, line) in messages.lines().enumerate() {
        part.clear();
        player.play(seq, line, &mut part);
        if seq > 0 && !part.is_empty() {
            hash.update(b"\n");
        }
        hash.update(&part);
    }
    let digest = hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(digest, PUBLISHED);
}
