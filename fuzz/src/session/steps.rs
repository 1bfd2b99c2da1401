//! The program's language: what the bytes of an input make happen.

use super::floor::Floor;
use super::site::{SYMBOLS, USERS, address};
use engine::gateway::Endpoint;
use wire::login::Key;
use wire::mold::{END_OF_SESSION, HEARTBEAT, Header, PacketBuilder, Request};
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, SelfMatchCode, TimeInForce, YesNo};
use wire::ouch::options::{PostOnly, ReEnter};
use wire::ouch::{
    AccountQuery, AppendageBuffer, CancelOrder, EnterOrder, MARKET_PRICE, ModifyOrder, OptionValue, ReplaceOrder,
};
use wire::{Price, Qty, Side, Symbol, UserRefNum};

/// The longest packet that a step makes.
const PACKET_MAX: usize = 1_400;
/// Steps in time go up to a multiple of every timer.
const ADVANCE_MAX_LOG2: u8 = 34;

/// Reads an input as steps.
pub struct Steps<'a> {
    bytes: &'a [u8],
}

impl<'a> Steps<'a> {
    /// From the first byte on.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next byte; zero behind the end.
    pub fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        byte
    }

    /// Takes one step; false at the end of the program.
    pub fn take(&mut self, floor: &mut Floor) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let (step, how) = (self.byte(), self.byte());
        let user = usize::from(how) % USERS;
        match step % 16 {
            0..=6 => self.packet(floor, user, how),
            7 => floor.advance(1 << (how % (ADVANCE_MAX_LOG2 + 1))),
            8 | 9 => floor.sync(u64::from(how % 4)),
            10 => floor.work(),
            11 => {
                let (first, count) = (u64::from(self.byte()), u16::from(self.byte()));
                let request = Request { session: floor.token(user), sequence: first, count };
                send(floor, Endpoint::Rerequest, user, how, |out| request.encode(out));
            }
            12 => {
                let sequence = near(floor.session(user).next_inbound(), self.byte());
                let count = if how & 8 == 0 { HEARTBEAT } else { END_OF_SESSION };
                let header = Header { session: floor.token(user), sequence, count };
                let endpoint = if how & 16 == 0 { Endpoint::OrderEntry } else { Endpoint::Rerequest };
                send(floor, endpoint, user, how, |out| header.encode(out));
            }
            13 => match how / 2 % 8 {
                0 => floor.hello(user, how >> 6),
                1 => floor.log_in_by_challenge(user, 0, &Key([how; 32]), true),
                2 => floor.log_in_by_challenge(1 - user, 0, &Key([0x51; 32]), false),
                _ => floor.log_in(user, how & 32 != 0),
            },
            14 if how < 128 => {
                let len = usize::from(how).min(self.bytes.len());
                let (bytes, rest) = self.bytes.split_at(len);
                self.bytes = rest;
                let endpoint = if how & 2 == 0 { Endpoint::OrderEntry } else { Endpoint::Rerequest };
                floor.receive(endpoint, address(user, 0), bytes);
            }
            14 => floor.crash(),
            _ => floor.narrow(usize::from(how % 8), usize::from(how / 8 % 8)),
        }
        true
    }

    /// A packet of one to ten messages, numbered as it should be or not quite.
    fn packet(&mut self, floor: &mut Floor, user: usize, how: u8) {
        let next = floor.session(user).next_inbound();
        let sequence = if how & 0x30 == 0x30 { near(next, self.byte()) } else { next };
        // In a quarter of the packets the first order has the number of the one before.
        let again = u32::from(how & 0xC0 == 0x40);
        let last_ref = floor.session(user).last_user_ref().get().wrapping_sub(again);
        let token = floor.token(user);
        send(floor, Endpoint::OrderEntry, user, how, |out| {
            let mut packet = PacketBuilder::new(&mut out[..PACKET_MAX], token, sequence)?;
            for place in 1..=[1, 2, 4, 10][usize::from(how >> 2 & 3)] {
                let mut message = [0; wire::ouch::INBOUND_LEN_MAX];
                let mut len = self.message(last_ref.wrapping_add(place), &mut message)?;
                let harm = self.byte();
                if harm >= 0xE0 {
                    message[usize::from(self.byte()) % len] ^= harm;
                } else if harm >= 0xD8 {
                    len = len.min(usize::from(self.byte()));
                }
                if !packet.push(&message[..len]) {
                    break;
                }
            }
            Some(packet.finish())
        });
    }

    /// A message whose fields are whole and whose values are near those that matter.
    fn message(&mut self, user_ref: u32, out: &mut [u8]) -> Option<usize> {
        let (kind, terms, flags) = (self.byte(), self.byte(), self.byte());
        let older = UserRefNum(user_ref.wrapping_sub(1 + u32::from(terms >> 4)));
        let user_ref = UserRefNum(user_ref);
        let qty = Qty(u32::from(flags % 6));
        let price = if terms == 0xFF { MARKET_PRICE } else { Price(100 + i64::from(terms % 8)) };
        let side = if kind & 0x80 == 0 { OrderSide::Buy } else { OrderSide::Sell };
        let time_in_force = TimeInForce::ALL[usize::from(flags >> 4) % TimeInForce::ALL.len()];
        let display = if flags & 0x0C == 0x0C { Display::Hidden } else { Display::Visible };
        let mut options = AppendageBuffer::new();
        for option in self.options(kind) {
            let _ = options.push(option);
        }
        match kind % 16 {
            0..8 => EnterOrder {
                user_ref,
                side,
                qty,
                symbol: Symbol::new(SYMBOLS[usize::from(kind >> 6 & 1)]).expect("short"),
                price,
                time_in_force,
                display,
                capacity: Capacity::Agency,
                sweep: YesNo::No,
                cross_type: CrossType::Continuous,
                cl_ord_id: ClOrdId::BLANK,
                appendage: options.view(),
            }
            .encode(out),
            8..11 => CancelOrder { user_ref: older, qty: Qty(u32::from(flags % 4)) }.encode(out),
            11..14 => ReplaceOrder {
                orig_user_ref: older,
                user_ref,
                qty,
                price,
                time_in_force,
                display,
                sweep: YesNo::No,
                cl_ord_id: ClOrdId::BLANK,
                appendage: options.view(),
            }
            .encode(out),
            14 => ModifyOrder { user_ref: older, side, qty }.encode(out),
            _ => AccountQuery {}.encode(out),
        }
    }

    /// Options for a quarter of the messages, and a stop price alone for another quarter.
    fn options(&mut self, kind: u8) -> impl Iterator<Item = OptionValue> {
        let (which, near_stop) = match kind & 0x30 {
            0x30 => (self.byte(), self.byte()),
            0x20 => (64, self.byte()),
            _ => (0, 0),
        };
        let small = Qty(u32::from(which >> 6) + 1);
        [
            (1, OptionValue::PostOnly(PostOnly::Yes)),
            (2, OptionValue::MinQty(small)),
            (4, OptionValue::MaxFloor(small)),
            (8, OptionValue::SelfMatch(SelfMatchCode::ALL[usize::from(which >> 6) % SelfMatchCode::ALL.len()])),
            (16, OptionValue::ReEnter(ReEnter::Yes)),
            (32, OptionValue::Side(Side::Sell)),
            (64, OptionValue::StopPrice(Price(100 + i64::from(near_stop % 8)))),
        ]
        .into_iter()
        .filter(move |(bit, _)| which & bit != 0)
        .map(|(_, option)| option)
    }
}

/// A number near another, or far away.
fn near(number: u64, offset: u8) -> u64 {
    match offset {
        0xFF => u64::MAX,
        0xFE => number.wrapping_add(1 << 33),
        _ => number.wrapping_add(u64::from(offset % 8)).wrapping_sub(3),
    }
}

/// Sends what `fill` writes, from the user's address or, for an eighth of them, from another.
fn send(floor: &mut Floor, endpoint: Endpoint, user: usize, how: u8, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
    let mut bytes = [0; PACKET_MAX];
    let Some(len) = fill(&mut bytes) else { return };
    if how >= 0xE0 {
        floor.receive_from_stranger(endpoint, address(user, 1), &bytes[..len]);
    } else {
        floor.receive(endpoint, address(user, 0), &bytes[..len]);
    }
}
